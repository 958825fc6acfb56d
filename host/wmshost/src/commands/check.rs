//! `wmshost check`: what is wrong with a pipeline, without writing anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use wmshost_flow::{Cancel, Event, Observer, StreamContext, StreamSummary, check_streams};
use wmshost_pipeline::{Checked, Connection, Stream};

use super::Edge;
use crate::assemble::Assembly;
use crate::cli::{Output, Selection};
use crate::exit::Exit;
use crate::report;

/// Nobody listens while streams are only opened.
struct Silent;

impl Observer for Silent {
    fn event(&self, _: &Event<'_>) {}
}

pub(super) fn check(edge: &Edge, selection: &Selection, offline: bool, output: Output) -> anyhow::Result<Exit> {
    let catalog = edge.catalog()?;
    let pipeline = match edge.pipeline(&selection.pipeline, &catalog) {
        Ok(pipeline) => pipeline,
        Err(mistakes) if output == Output::Json => {
            report::json(&json!({ "ok": false, "mistakes": mistakes.list() }));
            return Ok(Exit::Configuration);
        }
        Err(mistakes) => return Err(mistakes.into()),
    };
    super::models::check(&pipeline, &catalog)?;
    let plans = pipeline.select(&selection.streams)?;
    let untested = untested_connections(&pipeline, &plans, offline);
    let reachable: Vec<&Stream> = plans
        .iter()
        .copied()
        .filter(|plan| {
            !untested.contains_key(plan.plan.source.as_str()) && !untested.contains_key(plan.plan.target.as_str())
        })
        .collect();
    let assembly = Assembly {
        pipeline: &scratch_targets(&pipeline)?.0,
        catalog: &catalog,
        clock: Arc::clone(&edge.clock),
        run_id: "check".to_owned(),
        full_refresh: false,
    };
    let ends = open(&assembly, &reachable, edge)?;
    let failures: Vec<String> = ends.iter().filter_map(|end| end.failure.as_ref()).map(ToString::to_string).collect();
    tell(&pipeline, &plans, &untested, &failures, output);
    Ok(if failures.is_empty() { Exit::Success } else { Exit::Configuration })
}

/// Connections that this check leaves alone, and why.
fn untested_connections<'a>(
    pipeline: &'a Checked,
    plans: &[&'a Stream],
    offline: bool,
) -> BTreeMap<&'a str, &'static str> {
    let labels = plans.iter().flat_map(|plan| [&plan.plan.source, &plan.plan.target]);
    labels
        .filter_map(|label| {
            let why = match &pipeline.connections[label] {
                _ if offline => "--offline",
                Connection::Oracle(_) => "this version has no Oracle driver yet",
                Connection::Sqlite(_) => return None,
            };
            Some((label.as_str(), why))
        })
        .collect()
}

/// Puts an empty database into the place of every target that does not exist yet, so that looking at it does not
/// make it.
fn scratch_targets(pipeline: &Checked) -> anyhow::Result<(Checked, Vec<tempfile::TempDir>)> {
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

fn open(assembly: &Assembly<'_>, plans: &[&Stream], edge: &Edge) -> anyhow::Result<Vec<StreamSummary>> {
    if plans.is_empty() {
        return Ok(Vec::new());
    }
    let streams = assembly.streams(plans)?;
    let context = StreamContext {
        run_id: assembly.run_id.clone(),
        clock: Arc::clone(&edge.clock),
        observer: Arc::new(Silent),
        cancel: Cancel::default(),
    };
    Ok(check_streams(streams, assembly.pipeline.run.concurrency, &context))
}

fn tell(pipeline: &Checked, plans: &[&Stream], untested: &BTreeMap<&str, &str>, failures: &[String], output: Output) {
    if output == Output::Json {
        report::json(&json!({
            "ok": failures.is_empty(),
            "pipeline": pipeline.name,
            "streams": plans.iter().map(|plan| &plan.plan.name).collect::<Vec<_>>(),
            "untested_connections": untested,
            "failures": failures,
            "warnings": pipeline.warnings,
        }));
        return;
    }
    for failure in failures {
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
