//! A run over models as OpenLineage events, for tools that draw lineage over many systems: for each model that was
//! built, an event when it starts and one when it ends, with the tables it reads and the one it writes.

use serde_json::{Value as Json, json};

use crate::manifest::moment;
use crate::project::Project;
use crate::run::{NodeResult, NodeStatus, Report};

const SCHEMA: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
const PRODUCER: &str = concat!("https://wmshost.invalid/wmshost-models/", env!("CARGO_PKG_VERSION"));

impl Project {
    /// The events of a run.
    pub fn lineage_events(&self, pipeline: &str, report: &Report) -> Vec<Json> {
        let built = report
            .nodes
            .iter()
            .filter(|node| node.is_model && !matches!(node.status, NodeStatus::Skipped | NodeStatus::LeftOut));
        built
            .filter(|node| node.action.is_some_and(|action| action.name() != "unchanged") || node.action.is_none())
            .flat_map(|node| self.events_of(pipeline, report, node))
            .collect()
    }

    fn events_of(&self, pipeline: &str, report: &Report, result: &NodeResult) -> Vec<Json> {
        let Some(&at) = self.by_name.get(&result.name) else { return Vec::new() };
        let namespace = format!("wmshost:{pipeline}");
        let dataset = |at: usize| json!({ "namespace": namespace, "name": self.nodes[at].table });
        let inputs: Vec<Json> = self.nodes[at].reads.iter().map(|&read| dataset(read)).collect();
        let mut output = dataset(at);
        let fields: Vec<Json> = self.nodes[at]
            .columns()
            .iter()
            .map(
                |column| json!({ "name": column.name, "type": column.kind.to_string(), "description": column.summary }),
            )
            .collect();
        output["facets"]["schema"] = json!({
            "_producer": PRODUCER,
            "_schemaURL": "https://openlineage.io/spec/facets/1-1-1/SchemaDatasetFacet.json",
            "fields": fields,
        });
        if let Some(rows) = result.rows {
            output["outputFacets"]["outputStatistics"] = json!({
                "_producer": PRODUCER,
                "_schemaURL": "https://openlineage.io/spec/facets/1-0-2/OutputStatisticsOutputDatasetFacet.json",
                "rowCount": rows,
            });
        }
        let seconds = |after: f64| report.began_at + (after * 1e6) as i64;
        let event = |kind: &str, at: i64, outputs: Vec<Json>| {
            let mut run = json!({ "runId": run_uuid(&report.run_id, &result.name) });
            if kind == "FAIL" {
                run["facets"]["errorMessage"] = json!({
                    "_producer": PRODUCER,
                    "_schemaURL": "https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json",
                    "message": result.message,
                    "programmingLanguage": "SQL",
                });
            }
            json!({
                "eventType": kind,
                "eventTime": moment(at),
                "run": run,
                "job": { "namespace": namespace, "name": result.name },
                "inputs": inputs,
                "outputs": outputs,
                "producer": PRODUCER,
                "schemaURL": SCHEMA,
            })
        };
        let end = if result.status == NodeStatus::Errored { "FAIL" } else { "COMPLETE" };
        vec![
            event("START", seconds(result.started), Vec::new()),
            event(end, seconds(result.started + result.seconds), vec![output]),
        ]
    }
}

/// A UUID (version 8, of our own scheme) that is the same for the same run and model.
fn run_uuid(run_id: &str, model: &str) -> String {
    let digest = blake3::hash(format!("{run_id} {model}").as_bytes());
    let hex = digest.to_hex();
    let variant = ["8", "9", "a", "b"][usize::from(digest.as_bytes()[8] % 4)];
    format!("{}-{}-8{}-{variant}{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}
