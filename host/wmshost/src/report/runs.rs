//! The reports of `wmshost runs`: the history.

use std::path::Path;

use wmshost_flow::{Failure, Value};
use wmshost_runtime::history::{PluginRecord, RunRecord, StreamRecord};

use super::documents::runs::{RunRecordDocument, ShownRunDocument};
use super::{failure, json, section, table};
use crate::cli::Output;

/// Reports a list of runs.
pub(crate) fn list(runs: &[RunRecord], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&runs.iter().map(Into::into).collect::<Vec<RunRecordDocument>>());
    }
    let rows = runs.iter().map(|run| {
        vec![
            run.run_id.clone(),
            run.pipeline.clone(),
            Value::Timestamp(run.started_at).to_string(),
            run.status.name().to_owned(),
            format!("{:.2}", run.seconds),
        ]
    });
    table(&["run", "pipeline", "started (UTC)", "status", "seconds"], &[4], rows.collect());
    Ok(())
}

/// Reports one run with its streams and plugins, and the file of its log.
pub(crate) fn show(
    run: &RunRecord,
    (streams, plugins): (&[StreamRecord], &[PluginRecord]),
    log: &Path,
    output: Output,
) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&ShownRunDocument::of(run, streams, plugins));
    }
    section(
        &run.run_id,
        &[
            ("pipeline", format!("{} ({})", run.pipeline, run.file)),
            ("started", format!("{} UTC", Value::Timestamp(run.started_at))),
            ("status", format!("{} after {:.2} s", run.status.name(), run.seconds)),
            ("log", log.display().to_string()),
        ],
    );
    let rows = streams.iter().map(|stream| {
        vec![
            stream.stream.clone(),
            stream.status.clone(),
            stream.rows_read.to_string(),
            stream.rows_written.to_string(),
            stream.rows_unchanged.to_string(),
            stream.rows_rejected.to_string(),
            format!("{:.2}", stream.seconds),
            stream.bookmark.clone().unwrap_or_default(),
        ]
    });
    let head = ["stream", "status", "read", "written", "unchanged", "rejected", "seconds", "bookmark"];
    table(&head, &[2, 3, 4, 5, 6], rows.collect());
    let rows = plugins
        .iter()
        .map(|used| vec![used.stream.clone(), used.plugin.clone(), used.version.clone(), used.digest.clone()]);
    table(&["stream", "plugin", "version", "digest"], &[], rows.collect());
    for why in streams.iter().filter_map(|stream| stream.failure.as_ref()) {
        failure(why);
    }
    Ok(())
}
