//! Declarations and the results of a run as JSON for other programs. The fields are part of the interface: new ones may
//! be added, none changes its meaning; if one must, `format` increases.

use serde_json::{Value as Json, json};
use wmshost_flow::Value;
use wmshost_flow::model::{Freshness, Goal, Metric, ModelColumn};

use crate::data_tests::{TestResult, TestStatus};
use crate::lineage::ColumnSources;
use crate::project::{Node, Project};
use crate::run::{NodeResult, NodeStatus, Report};

/// The format of both files.
const FORMAT: u32 = 1;

impl Project {
    /// All declarations: streams, models, columns with their lineage, tests, metrics and exposures.
    pub fn manifest(&self, pipeline: &str, now: i64) -> Json {
        let lineage = self.column_lineage();
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        order.sort_by_key(|&at| (self.nodes[at].level, self.nodes[at].name.clone()));
        let nodes: Vec<Json> = order.iter().map(|&at| self.node_json(at, &lineage, now)).collect();
        let exposures: Vec<Json> = self
            .exposures
            .iter()
            .map(|(plugin, exposure)| {
                json!({
                    "name": exposure.name, "plugin": plugin, "summary": exposure.summary, "reads": exposure.depends_on,
                    "owner": exposure.owner, "url": exposure.url,
                })
            })
            .collect();
        json!({
            "format": FORMAT,
            "pipeline": pipeline,
            "plugins": self.digests,
            "made_at": moment(now),
            "nodes": nodes,
            "metrics": self.metrics.iter().map(metric).collect::<Vec<_>>(),
            "exposures": exposures,
        })
    }

    fn node_json(&self, at: usize, lineage: &ColumnSources, now: i64) -> Json {
        let node = &self.nodes[at];
        let names = |nodes: &[usize]| nodes.iter().map(|&at| self.nodes[at].name.clone()).collect::<Vec<_>>();
        let tests: Vec<Json> = node
            .tests
            .iter()
            .map(|parsed| {
                let test = &parsed.test;
                let severity = match test.severity {
                    wmshost_flow::model::Severity::Error => "error",
                    wmshost_flow::model::Severity::Warn => "warn",
                };
                json!({
                    "name": test.name, "assertion": test.assertion.name(), "severity": severity,
                    "columns": crate::check::test_columns(&test.assertion), "summary": test.summary,
                    "sql": crate::data_tests::query_of(&self.renderer(), at, parsed),
                })
            })
            .collect();
        let columns: Vec<Json> = node.columns().iter().map(|column| self.column_json(at, column, lineage)).collect();
        let mut json = json!({
            "name": node.name,
            "kind": if node.model().is_some() { "model" } else { "stream" },
            "plugin": node.plugin,
            "plugin_digest": self.digests.get(&node.plugin),
            "table": node.table,
            "level": node.level,
            "reads": names(&node.reads),
            "read_by": names(&node.read_by),
            "columns": columns,
            "tests": tests,
        });
        let more = self.details(node, now);
        if let (Some(json), Json::Object(more)) = (json.as_object_mut(), more) {
            json.extend(more);
        }
        json
    }

    fn details(&self, node: &Node, now: i64) -> Json {
        match &node.kind {
            crate::project::Kind::Model(parsed) => {
                let model = &parsed.model;
                let compiled = self.compiled(&node.name, now).unwrap_or_default();
                json!({
                    "layer": model.layer.name(),
                    "materialized": model.materialization.name(),
                    "summary": model.summary,
                    "tags": model.tags,
                    "owner": model.owner,
                    "fingerprint": parsed.fingerprint,
                    "sql": model.statement,
                    "changes_sql": parsed.changes.as_ref().map(|changes| changes.source.clone()),
                    "compiled": compiled.full,
                    "compiled_changes": compiled.changes,
                    "compiled_incremental": compiled.incremental,
                    "unit_tests": model.unit_tests.iter().map(|test| test.name.clone()).collect::<Vec<_>>(),
                    "freshness": model.freshness.as_ref().map(freshness),
                })
            }
            crate::project::Kind::Stream(Some(source)) => json!({
                "summary": source.summary,
                "tags": source.tags,
                "owner": source.owner,
                "freshness": source.freshness.as_ref().map(freshness),
            }),
            crate::project::Kind::Stream(None) => json!({ "summary": "", "tags": [] }),
        }
    }

    fn column_json(&self, at: usize, column: &ModelColumn, lineage: &ColumnSources) -> Json {
        let from: Vec<String> = lineage
            .get(&(at, column.name.to_ascii_lowercase()))
            .into_iter()
            .flatten()
            .map(|(node, column)| format!("{}.{column}", self.nodes[*node].name))
            .collect();
        json!({
            "name": column.name, "type": type_name(&column.kind), "summary": column.summary, "from": from,
        })
    }
}

/// A type as people write it.
fn type_name(kind: &arrow_schema::DataType) -> String {
    use arrow_schema::DataType;
    match kind {
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int64 => "int64".to_owned(),
        DataType::Float64 => "float64".to_owned(),
        DataType::Utf8 => "text".to_owned(),
        DataType::Binary => "binary".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision}, {scale})"),
        DataType::Timestamp(_, None) => "timestamp".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamp in UTC".to_owned(),
        other => other.to_string(),
    }
}

fn freshness(freshness: &Freshness) -> Json {
    json!({ "warn_after": freshness.warn_after, "error_after": freshness.error_after, "by": freshness.by })
}

fn metric(metric: &Metric) -> Json {
    let goal = metric.goal.map(|goal| match goal {
        Goal::AtLeast(goal) => json!({ "at_least": goal }),
        Goal::AtMost(goal) => json!({ "at_most": goal }),
    });
    json!({
        "name": metric.name, "summary": metric.summary, "model": metric.model, "day": metric.day,
        "column": metric.column, "unit": metric.unit, "goal": goal,
    })
}

/// A timestamp in JSON: ISO 8601 in UTC.
pub(crate) fn moment(micros: i64) -> String {
    Value::Timestamp(micros).to_string().replace(' ', "T") + "Z"
}

impl Report {
    /// The results of the run.
    pub fn to_json(&self, pipeline: &str) -> Json {
        json!({
            "format": FORMAT,
            "pipeline": pipeline,
            "run_id": self.run_id,
            "began_at": moment(self.began_at),
            "seconds": self.seconds,
            "status": if self.has_failed() { "failed" } else { "succeeded" },
            "nodes": self.nodes.iter().map(node_result).collect::<Vec<_>>(),
        })
    }
}

fn node_result(node: &NodeResult) -> Json {
    let units: Vec<Json> = node
        .unit_tests
        .iter()
        .map(|test| json!({ "name": test.name, "passed": test.passed, "difference": test.difference }))
        .collect();
    json!({
        "name": node.name,
        "kind": if node.is_model { "model" } else { "stream" },
        "status": node.status.name(),
        "result": result_word(node),
        "action": node.action.map(crate::run::Action::name),
        "rows": node.rows,
        "changed": node.changed,
        "message": node.message,
        "started": node.started,
        "seconds": node.seconds,
        "tests": node.tests.iter().map(test_result).collect::<Vec<_>>(),
        "unit_tests": units,
    })
}

fn test_result(test: &TestResult) -> Json {
    json!({
        "name": test.name, "assertion": test.assertion, "status": test.status.name(), "failing": test.failing,
        "at_most": test.at_most, "measured": test.measured, "message": test.message, "seconds": test.seconds,
    })
}

/// The result of a node, in the words of `result:`.
fn result_word(node: &NodeResult) -> &'static str {
    match node.status {
        NodeStatus::Errored => "error",
        NodeStatus::Failed => "fail",
        NodeStatus::Skipped => "skipped",
        NodeStatus::LeftOut => "left_out",
        NodeStatus::Succeeded if node.tests.iter().any(|test| test.status == TestStatus::Warned) => "warn",
        NodeStatus::Succeeded => "success",
    }
}

/// The results of the nodes of a run, from its JSON: by name, in the words of `result:`.
pub fn previous_results(results: &Json) -> std::collections::BTreeMap<String, String> {
    let nodes = results["nodes"].as_array().into_iter().flatten();
    nodes.filter_map(|node| Some((node["name"].as_str()?.to_owned(), node["result"].as_str()?.to_owned()))).collect()
}
