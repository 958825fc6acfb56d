//! `wmshost check`: finds the mistakes in a pipeline, without writing anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use wmshost_flow::{Cancel, Event, Observer, StreamSummary, check_streams};
use wmshost_pipeline::{Checked, Connection, Stream};

use super::{App, ownership, probe};
use crate::cli::{Output, Selection};
use crate::exit::Exit;
use crate::stream_factory::StreamFactory;
use crate::{connect, report};

/// Ignores the events of streams that are only opened.
struct NoObserver;

impl Observer for NoObserver {
    fn event(&self, _: &Event<'_>) {}
}

/// The depth of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Files and plugins only.
    Offline,
    /// Every stream is opened.
    Streams,
    /// Every connection is tested first.
    Connections,
}

pub(super) fn check(app: &App, selection: &Selection, reach: Reach, output: Output) -> anyhow::Result<Exit> {
    let registry = app.registry()?;
    let pipeline = match app.pipeline(&selection.pipeline, &registry) {
        Ok(pipeline) => pipeline,
        Err(diagnostics) if output == Output::Json => {
            report::json(&json!({ "ok": false, "mistakes": diagnostics.list() }));
            return Ok(Exit::Configuration);
        }
        Err(diagnostics) => return Err(diagnostics.into()),
    };
    let models = super::models::check(&pipeline, &registry)?;
    let plans = pipeline.select(&selection.streams)?;
    let unusable = unusable_connections(&pipeline, &plans);
    let mut untested = untested_connections(&plans, reach);
    untested.extend(unusable.keys().map(|label| (*label, "not usable")));
    let probes =
        if reach == Reach::Connections && unusable.is_empty() { probe::probe(&pipeline, &plans) } else { Vec::new() };
    let reachable: Vec<&Stream> = plans
        .iter()
        .copied()
        .filter(|plan| {
            let untested = |label: &str| untested.contains_key(label);
            let unreachable = |label: &str| probes.iter().any(|probe| probe.label == label && probe.failure.is_some());
            ![&plan.plan.source, &plan.plan.target].into_iter().any(|label| untested(label) || unreachable(label))
        })
        .collect();
    let scratch = scratch_targets(&pipeline)?;
    let factory = StreamFactory::new(&scratch.0, &registry, &app.clock, "check".to_owned());
    let ends = open(&factory, &reachable)?;
    let mut failures: Vec<String> = unusable.iter().map(|(label, why)| format!("connection {label}: {why}")).collect();
    failures.extend(probes.iter().flat_map(probe::Probed::failures));
    let models = models.filter(|_| reach != Reach::Offline);
    let owners = ownership::look(&pipeline, &reachable, models.as_ref());
    // A stream whose table belongs to another owner is reported once.
    let is_told = |end: &&StreamSummary| {
        let key = format!(": streams.{}.", end.stream);
        owners.objections.iter().any(|objection| objection.contains(&key))
    };
    failures.extend(owners.objections.iter().cloned());
    failures.extend(
        ends.iter().filter(|end| !is_told(end)).filter_map(|end| end.failure.as_ref()).map(ToString::to_string),
    );
    for spent in &owners.spent {
        report::note(spent);
    }
    if output == Output::Text {
        probes.iter().for_each(probe::Probed::print_report);
    }
    print_report(&pipeline, &plans, &untested, &probes, &Found { failures: &failures, ends: &ends }, output);
    Ok(if failures.is_empty() { Exit::Success } else { Exit::Configuration })
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
pub(super) fn scratch_targets(pipeline: &Checked) -> anyhow::Result<(Checked, Vec<tempfile::TempDir>)> {
    let mut pipeline = pipeline.clone();
    let mut folders = Vec::new();
    let targets: Vec<String> = pipeline.streams.iter().map(|stream| stream.plan.target.clone()).collect();
    for label in targets {
        if let Some(Connection::Sqlite(file)) = pipeline.connections.get_mut(&label)
            && !file.path.exists()
        {
            let folder = tempfile::tempdir()?;
            file.path = folder.path().join("target.db");
            folders.push(folder);
        }
    }
    Ok((pipeline, folders))
}

/// Opens streams as a run would.
pub(super) fn open(factory: &StreamFactory<'_>, plans: &[&Stream]) -> anyhow::Result<Vec<StreamSummary>> {
    if plans.is_empty() {
        return Ok(Vec::new());
    }
    let streams = factory.streams(plans)?;
    let context = factory.context(Arc::new(NoObserver), Cancel::default());
    Ok(check_streams(streams, factory.pipeline.run.concurrency, &context))
}

/// The result of opening the streams.
struct Found<'a> {
    failures: &'a [String],
    ends: &'a [StreamSummary],
}

fn print_report(
    pipeline: &Checked,
    plans: &[&Stream],
    untested: &BTreeMap<&str, &str>,
    probes: &[probe::Probed],
    found: &Found<'_>,
    output: Output,
) {
    let Found { failures, ends } = found;
    if output == Output::Json {
        report::json(&json!({
            "ok": failures.is_empty(),
            "pipeline": pipeline.name,
            "streams": plans.iter().map(|plan| &plan.plan.name).collect::<Vec<_>>(),
            "untested_connections": untested,
            "connections": probes.iter().map(probe::Probed::as_json).collect::<Vec<_>>(),
            "failures": failures,
            "definition_changes": ends
                .iter()
                .map(|end| (end.stream.clone(), report::definition_changes(&end.definition_changes)))
                .collect::<serde_json::Map<_, _>>(),
            "warnings": pipeline.warnings,
        }));
        return;
    }
    ends.iter().for_each(report::print_definition_changes);
    for failure in *failures {
        report::failure(failure);
    }
    for (label, why) in untested {
        report::note(&format!("connection {label} ({}) was not tested: {why}", pipeline.connections[*label]));
    }
    if failures.is_empty() {
        report::print(&format!(
            "{}: pipeline {} is in order: {} streams",
            pipeline.file.display(),
            pipeline.name,
            plans.len()
        ));
    }
}
