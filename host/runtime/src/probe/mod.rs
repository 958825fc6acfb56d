//! Trying each connection by itself, before any stream.

mod measurements;
mod tenant;

use std::collections::{BTreeMap, BTreeSet};

pub use wmshost_databases::oracle::{Missing, Probe};
use wmshost_databases::oracle::{Purpose, probe_source, probe_target};
use wmshost_flow::{Failure, Micros, Setting, StatementLimit};
use wmshost_pipeline::{Checked, Connection, Stream, WebService};

use crate::assembly::connect;
pub use measurements::Finding;
use measurements::MeasurementsFile;

/// The name of the extractor whose service is measured.
const WMS_CLOUD: &str = "wms-cloud";

/// The circumstances of a test of connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contact {
    /// The present time by this machine's clock.
    pub now: Micros,
    /// True if web services are measured although an earlier check did so.
    pub measures_again: bool,
}

/// A connection that was tested.
pub struct Probed {
    /// Its label.
    pub label: String,
    /// The reason why it cannot be used, if it cannot be reached at all.
    pub failure: Option<Failure>,
    /// `source` or `target`.
    pub role: &'static str,
    /// The server's answers; `None` for a file or a web service.
    pub probe: Option<Probe>,
    /// The measurements of a web service; empty for a database.
    pub measured: Vec<Finding>,
    /// The time of an earlier check, in microseconds since 1970-01-01 in UTC, if most of `measured` comes from it.
    pub measured_at: Option<Micros>,
}

/// Tests each connection that these streams use, as a source or as a target.
pub(crate) fn probe(pipeline: &Checked, plans: &[&Stream], contact: Contact) -> Vec<Probed> {
    let mut sources: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut targets: BTreeSet<&str> = BTreeSet::new();
    for stream in plans {
        sources.entry(&stream.plan.source).or_default().insert(&stream.plan.table);
        targets.insert(&stream.plan.target);
    }
    targets.extend(pipeline.models.iter().map(|models| models.target.as_str()));
    let of = |label: &str, role, probed: Result<Option<Probe>, Failure>| {
        let (probe, failure) = probed.map_or_else(|failure| (None, Some(failure)), |probe| (probe, None));
        Probed { label: label.to_owned(), failure, role, probe, measured: Vec::new(), measured_at: None }
    };
    let as_source = sources.into_iter().map(|(label, tables)| match &pipeline.connections[label] {
        Connection::Http(service) => measured(label, service, plans, contact),
        Connection::Oracle(server) => {
            let tables: Vec<&str> = tables.into_iter().collect();
            of(label, "source", probe_source(connect::remembering(server), &tables, label).map(Some))
        }
        file @ Connection::Sqlite(_) => {
            let session_tags = connect::SessionTags { pipeline: &pipeline.name, run_id: "check" };
            of(
                label,
                "source",
                connect::source(label, file, 1, &session_tags, &StatementLimit::default()).map(|_| None),
            )
        }
    });
    let as_target = targets.into_iter().map(|label| {
        let probed = match &pipeline.connections[label] {
            Connection::Oracle(server) => {
                let models = pipeline.models.as_ref().is_some_and(|models| models.target == label);
                probe_target(connect::remembering(server), Purpose { models }, label).map(Some)
            }
            file @ (Connection::Sqlite(_) | Connection::Http(_)) => connect::reader(label, file).map(|_| None),
        };
        of(label, "target", probed)
    });
    as_source.chain(as_target).collect()
}

/// Measures a web service with the entities of the streams that read it, if its extractor is one that can be measured.
fn measured(label: &str, service: &WebService, plans: &[&Stream], contact: Contact) -> Probed {
    let streams = plans.iter().filter(|stream| stream.plan.source == label && stream.extractor.name == WMS_CLOUD);
    let entities: BTreeSet<&str> = streams.clone().map(|stream| stream.plan.table.as_str()).collect();
    let version = streams.clone().find_map(|stream| match stream.extractor.settings.get("version") {
        Some(Setting::Text(version)) => Some(version.as_str()),
        _ => None,
    });
    let found = wmshost_http::open(label, service).and_then(|open| {
        let Some(version) = version else { return Ok((Vec::new(), None)) };
        let mut session = open.session("check");
        let mut found = tenant::contact(session.as_mut(), version, &entities, contact.now)?;
        let file = MeasurementsFile::of(label, service.to_string(), version, &entities);
        let kept = if contact.measures_again { None } else { file.read() };
        let measured_at = kept.as_ref().map(|kept| kept.taken_at);
        found.extend(match kept {
            Some(kept) => kept.findings,
            None => file.write(contact.now, tenant::measure(session.as_mut(), version, &entities)?).findings,
        });
        Ok((found, measured_at))
    });
    let ((measured, measured_at), failure) =
        found.map_or_else(|failure| ((Vec::new(), None), Some(failure)), |found| (found, None));
    Probed { label: label.to_owned(), failure, role: "source", probe: None, measured, measured_at }
}

impl Probed {
    /// The failures that keep the streams from running.
    pub fn failures(&self) -> Vec<String> {
        let missing = self.probe.iter().flat_map(|probe| &probe.missing);
        let missing = missing.map(|missing| format!("connection {}: {}", self.label, advice(missing)));
        self.failure.iter().map(ToString::to_string).chain(missing).collect()
    }
}

/// A right or a feature that is missing, and the statement that grants it, if one does.
pub fn advice(missing: &Missing) -> String {
    match &missing.grant {
        Some(grant) => format!("{}; ask for: {grant}", missing.what),
        None => missing.what.clone(),
    }
}
