//! `wmshost check --connect`: each connection by itself, before any stream.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use wmshost_databases::oracle::{Missing, Probe, probe_source, probe_target};
use wmshost_flow::Failure;
use wmshost_pipeline::{Checked, Connection, Stream};

use crate::{connect, report};

/// A connection that was tested.
pub(super) struct Probed {
    /// Its label.
    pub(super) label: String,
    /// The reason why it cannot be used, if it cannot be reached at all.
    pub(super) failure: Option<Failure>,
    role: &'static str,
    /// The server's answers; `None` for a file.
    probe: Option<Probe>,
}

/// Tests each connection that these streams use, as a source or as a target.
pub(super) fn probe(pipeline: &Checked, plans: &[&Stream]) -> Vec<Probed> {
    let mut sources: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut targets: BTreeSet<&str> = BTreeSet::new();
    for stream in plans {
        sources.entry(&stream.plan.source).or_default().insert(&stream.plan.table);
        targets.insert(&stream.plan.target);
    }
    let of = |label: &str, role, probed: Result<Option<Probe>, Failure>| {
        let (probe, failure) = probed.map_or_else(|failure| (None, Some(failure)), |probe| (probe, None));
        Probed { label: label.to_owned(), failure, role, probe }
    };
    let as_source = sources.into_iter().map(|(label, tables)| {
        let tables: Vec<&str> = tables.into_iter().collect();
        let probed = match &pipeline.connections[label] {
            Connection::Oracle(server) => probe_source(server.clone(), &tables, label).map(Some),
            file @ Connection::Sqlite(_) => {
                let session_tags = connect::SessionTags { pipeline: &pipeline.name, run_id: "check" };
                connect::source(label, file, 1, &session_tags).map(|_| None)
            }
        };
        of(label, "source", probed)
    });
    let as_target = targets.into_iter().map(|label| {
        let probed = match &pipeline.connections[label] {
            Connection::Oracle(server) => probe_target(server.clone(), label).map(Some),
            file @ Connection::Sqlite(_) => connect::reader(label, file).map(|_| None),
        };
        of(label, "target", probed)
    });
    as_source.chain(as_target).collect()
}

impl Probed {
    /// The failures that keep the streams from running.
    pub(super) fn failures(&self) -> Vec<String> {
        let missing = self.probe.iter().flat_map(|probe| &probe.missing);
        let missing = missing.map(|missing| format!("connection {}: {}", self.label, advice(missing)));
        self.failure.iter().map(ToString::to_string).chain(missing).collect()
    }

    /// Prints the result for people.
    pub(super) fn print_report(&self) {
        let Self { label, role, .. } = self;
        match (&self.failure, &self.probe) {
            (Some(_), _) => report::print(&format!("{role} {label}: not reached")),
            (None, None) => report::print(&format!("{role} {label}: a file that can be opened")),
            (None, Some(probe)) => {
                let millis = probe.round_trip.as_secs_f64() * 1_000.0;
                report::print(&format!(
                    "{role} {label}: Oracle {}, round trip {millis:.2} ms, database time zone {}",
                    probe.version, probe.database_zone
                ));
                for wanted in &probe.wanted {
                    report::note(&format!("connection {label}: {}", advice(wanted)));
                }
            }
        }
    }

    /// The result for programs.
    pub(super) fn as_json(&self) -> Json {
        let rights = |rights: &[Missing]| -> Vec<Json> {
            rights.iter().map(|missing| json!({ "what": missing.what, "grant": missing.grant })).collect()
        };
        json!({
            "label": self.label,
            "role": self.role,
            "reached": self.failure.is_none(),
            "failure": self.failure.as_ref().map(ToString::to_string),
            "version": self.probe.as_ref().map(|probe| &probe.version),
            "round_trip_ms": self.probe.as_ref().map(|probe| probe.round_trip.as_secs_f64() * 1_000.0),
            "database_zone": self.probe.as_ref().map(|probe| &probe.database_zone),
            "missing": self.probe.as_ref().map(|probe| rights(&probe.missing)),
            "wanted": self.probe.as_ref().map(|probe| rights(&probe.wanted)),
        })
    }
}

fn advice(missing: &Missing) -> String {
    format!("{}; ask for: {}", missing.what, missing.grant)
}
