//! Finding the mistakes in a pipeline, without writing anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use wmshost_flow::{Cancel, Failure, NoObserver, StreamSummary, check_streams};
use wmshost_pipeline::{Checked, Connection, Method, NullKeys, Stream};

use crate::assembly::{StreamFactory, connect};
use crate::certificate::{Certificate, certificate};
use crate::discover::measures;
use crate::error::{Error, Result};
use crate::models::declared_models;
use crate::ownership;
use crate::plugin_registry::PluginRegistry;
use crate::probe::{Contact, Probed, probe};
use crate::runtime::Runtime;

/// The depth of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Files and plugins only.
    Offline,
    /// Every stream is opened.
    Streams,
    /// Every connection is tested first.
    Connections {
        /// True if web services are measured although an earlier check did so.
        measures_again: bool,
    },
}

/// The outcome of a check of a pipeline whose file has no mistakes.
pub struct CheckOutcome {
    /// The connections that were not tested, by label, with the reason.
    pub untested: BTreeMap<String, &'static str>,
    /// The connections that were tested by themselves.
    pub probes: Vec<Probed>,
    /// All that keeps the streams from running.
    pub failures: Vec<String>,
    /// The streams that were opened.
    pub opened: Vec<StreamSummary>,
    /// The type certificates of the opened streams, if they were asked for.
    pub certificates: Vec<Certificate>,
    /// Remarks about the data of streams that run nevertheless.
    pub notes: Vec<String>,
    /// Keys that no longer have an effect.
    pub spent: Vec<String>,
}

/// Checks these streams of a pipeline as deep as `reach`, and certifies the types of their columns if `certifies`.
pub fn check(
    runtime: &Runtime,
    (pipeline, registry): (&Checked, &PluginRegistry),
    streams: &[String],
    (reach, certifies): (Reach, bool),
) -> Result<CheckOutcome> {
    let models = declared_models(pipeline, registry)?;
    let plans = pipeline.select(streams)?;
    let unusable = unusable_connections(pipeline, &plans);
    let mut untested = untested_connections(&plans, reach);
    untested.extend(unusable.keys().map(|label| (*label, "not usable")));
    let probes = match reach {
        Reach::Connections { measures_again } if unusable.is_empty() => {
            probe(pipeline, &plans, Contact { now: runtime.clock.now(), measures_again })
        }
        _ => Vec::new(),
    };
    let is_reachable = |label: &str| {
        let is_unreachable = |probe: &Probed| probe.label == label && probe.failure.is_some();
        !untested.contains_key(label) && !probes.iter().any(is_unreachable)
    };
    let is_open = |plan: &&Stream| is_reachable(&plan.plan.source) && is_reachable(&plan.plan.target);
    let reachable: Vec<&Stream> = plans.iter().copied().filter(is_open).collect();
    let models = models.filter(|_| reach != Reach::Offline);
    let owners = ownership::inspect(pipeline, &reachable, models.as_ref());
    let scratch = scratch_targets(pipeline)?;
    let factory = StreamFactory::new(&scratch.0, registry, &runtime.clock, "check".to_owned());
    let openable: Vec<&Stream> =
        reachable.into_iter().filter(|plan| !owners.occupied.contains(&plan.plan.target)).collect();
    let opened = open_streams(&factory, &openable)?;
    let mut failures: Vec<String> = unusable.iter().map(|(label, why)| format!("connection {label}: {why}")).collect();
    failures.extend(probes.iter().flat_map(Probed::failures));
    // A stream whose table belongs to another owner is reported once.
    let is_reported = |end: &&StreamSummary| {
        let key = format!(": streams.{}.", end.stream);
        owners.objections.iter().any(|objection| objection.contains(&key))
    };
    let failed = opened.iter().filter(|end| !is_reported(end)).filter_map(|end| end.failure.as_ref());
    let failed: Vec<String> = failed.map(ToString::to_string).collect();
    failures.extend(owners.objections.into_iter().chain(failed));
    let mut certificates = Vec::new();
    for end in opened.iter().filter(|_| certifies) {
        let stream = openable.iter().find(|stream| stream.plan.name == end.stream);
        if let Some(stream) = stream {
            certificates.extend(certificate(&factory, stream, end)?);
        }
    }
    let is_opened = |stream: &&Stream| opened.iter().any(|end| end.stream == stream.plan.name && end.failure.is_none());
    let notes = match reach {
        Reach::Connections { .. } => {
            let opened = openable.iter().copied().filter(is_opened);
            opened.filter_map(|stream| null_share(&factory, stream)).collect()
        }
        Reach::Offline | Reach::Streams => Vec::new(),
    };
    let untested = untested.into_iter().map(|(label, why)| (label.to_owned(), why)).collect();
    Ok(CheckOutcome { untested, probes, failures, opened, certificates, notes, spent: owners.spent })
}

/// Returns a remark about the change key of a stream, if it is NULL in some of the first rows.
fn null_share(factory: &StreamFactory<'_>, stream: &Stream) -> Option<String> {
    let plan = &stream.plan;
    let change_key = plan.change_key.as_ref().filter(|_| plan.method == Method::Incremental)?;
    if matches!(factory.pipeline.connections[&plan.source], Connection::Http(_)) {
        return None;
    }
    // A table whose rows cannot be selected as they are has no sample; its stream was opened nevertheless.
    let mut session = factory.source_session(stream).ok()?;
    let sample = measures(session.as_mut(), &plan.table, [change_key].into_iter()).ok()?;
    let percent = sample.columns.get(change_key)?.null_percent().filter(|percent| *percent > 0.0)?;
    let consequence = match plan.null_keys {
        NullKeys::Include => "every run reads these rows again",
        NullKeys::Ignore => "only the first run reads these rows",
        NullKeys::Reject => "these rows go to quarantine",
        NullKeys::Fail => "a run ends at the first of these rows",
    };
    Some(format!(
        "stream {}: its change key {change_key} is NULL in {percent:.1} % of the first {} rows; by `null_keys` {consequence}",
        plan.name, sample.rows
    ))
}

/// Connections that this program cannot use where it runs, with the reasons.
fn unusable_connections<'a>(pipeline: &Checked, plans: &[&'a Stream]) -> BTreeMap<&'a str, String> {
    let labels = plans.iter().flat_map(|plan| [&plan.plan.source, &plan.plan.target]);
    let unusable = |label: &'a String| Some((label.as_str(), connect::unusable(pipeline.connections.get(label)?)?));
    labels.filter_map(unusable).collect()
}

/// Connections that this check leaves alone, with the reasons.
fn untested_connections<'a>(plans: &[&'a Stream], reach: Reach) -> BTreeMap<&'a str, &'static str> {
    let labels = plans.iter().flat_map(|plan| [&plan.plan.source, &plan.plan.target]);
    let offline = reach == Reach::Offline;
    labels.filter(|_| offline).map(|label| (label.as_str(), "--offline")).collect()
}

/// Puts an empty database into the place of every target that does not exist yet, so that looking at it does not
/// make it.
pub(crate) fn scratch_targets(pipeline: &Checked) -> Result<(Checked, Vec<tempfile::TempDir>)> {
    let mut pipeline = pipeline.clone();
    let mut folders = Vec::new();
    let targets: Vec<String> = pipeline.streams.iter().map(|stream| stream.plan.target.clone()).collect();
    for label in targets {
        if let Some(Connection::Sqlite(file)) = pipeline.connections.get_mut(&label)
            && !file.path.exists()
        {
            let folder = tempfile::tempdir().map_err(Error::file(&std::env::temp_dir(), "cannot be written"))?;
            file.path = folder.path().join("target.db");
            folders.push(folder);
        }
    }
    Ok((pipeline, folders))
}

/// Opens streams as a run would.
pub(crate) fn open_streams(factory: &StreamFactory<'_>, plans: &[&Stream]) -> Result<Vec<StreamSummary>, Failure> {
    if plans.is_empty() {
        return Ok(Vec::new());
    }
    let streams = factory.streams(plans)?;
    let context = factory.context(Arc::new(NoObserver), Cancel::default());
    Ok(check_streams(streams, factory.pipeline.run.concurrency, &context))
}
