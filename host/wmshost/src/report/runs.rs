//! The reports of `wmshost runs`: the history.

use wmshost_flow::{Failure, Value};
use wmshost_runtime::history::{ModelRecord, PluginRecord, RunParts, RunRecord, StreamRecord};
use wmshost_runtime::receipts::RunReceipt;

use super::documents::runs::{RunRecordDocument, ShownRunDocument};
use super::receipt::{link, results};
use super::{count, failure, json, note, plain, section, table};
use crate::cli::Output;

/// Reports a list of runs.
pub(crate) fn list(runs: &[RunRecord], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&runs.iter().map(Into::into).collect::<Vec<RunRecordDocument>>());
    }
    let rows = runs.iter().map(|run| {
        vec![
            run.run_id.clone(),
            run.kind.name().to_owned(),
            run.pipeline.clone(),
            Value::Timestamp(run.started_at).to_string(),
            run.status.name().to_owned(),
            run.exit_code.map(|code| code.to_string()).unwrap_or_default(),
            format!("{:.2}", run.seconds),
        ]
    });
    table(&["run", "kind", "pipeline", "started (UTC)", "status", "exit", "seconds"], &[5, 6], rows.collect());
    Ok(())
}

/// Reports one run with its parts.
pub(crate) fn show(
    run: &RunRecord,
    shown: &RunParts,
    receipt: Option<&RunReceipt>,
    output: Output,
) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&ShownRunDocument::of(run, shown, receipt));
    }
    let exit = run.exit_code.map(|code| format!(", exit code {code}")).unwrap_or_default();
    let mut lines = vec![
        ("kind", run.kind.name().to_owned()),
        ("pipeline", format!("{} ({})", run.pipeline, run.file)),
        ("started", format!("{} UTC", Value::Timestamp(run.started_at))),
        ("status", format!("{} after {:.2} s{exit}", run.status.name(), run.seconds)),
    ];
    lines.extend(shown.log.as_ref().map(|log| ("log", log.display().to_string())));
    lines.extend(receipt.map(|receipt| ("receipt", in_words(receipt))));
    section(&run.run_id, &lines);
    if !shown.streams.is_empty() {
        streams(&shown.streams);
    }
    if !shown.models.is_empty() {
        models(&shown.models);
    }
    if !shown.plugins.is_empty() {
        let row = |used: &PluginRecord| {
            vec![used.stream.clone(), used.plugin.clone(), used.version.clone(), used.digest.clone()]
        };
        table(&["stream", "plugin", "version", "digest"], &[], shown.plugins.iter().map(row).collect());
    }
    shown.streams.iter().filter_map(|stream| stream.failure.as_deref()).for_each(failure);
    for model in shown.models.iter().filter(|model| !model.message.is_empty()) {
        note(&format!("{} {}: {}", model.model, model.status, model.message));
    }
    if let Some(RunReceipt { checked: Ok(checked), .. }) = receipt {
        checked.faults.iter().for_each(|fault| failure(&plain(fault)));
    }
    match &run.message {
        Some(message) if run.exit_code == Some(0) => note(message),
        Some(message) => failure(message),
        None => {}
    }
    Ok(())
}

/// A receipt in a line.
fn in_words(receipt: &RunReceipt) -> String {
    let file = receipt.file.display();
    match &receipt.checked {
        Ok(checked) => format!("{file}: {}; {}", results(&checked.receipt), link(checked.link)),
        Err(why) => why.clone(),
    }
}

fn streams(streams: &[StreamRecord]) {
    let rows = streams.iter().map(|stream| {
        vec![
            stream.stream.clone(),
            stream.status.clone(),
            stream.rows_read.to_string(),
            stream.rows_written.to_string(),
            stream.rows_unchanged.to_string(),
            stream.rows_rejected.to_string(),
            format!("{:.2}", stream.seconds),
            stream.types.clone().unwrap_or_default(),
            stream.bookmark.clone().unwrap_or_default(),
        ]
    });
    let head = ["stream", "status", "read", "written", "unchanged", "rejected", "seconds", "types", "bookmark"];
    table(&head, &[2, 3, 4, 5, 6], rows.collect());
}

fn models(models: &[ModelRecord]) {
    let rows = models.iter().map(|model| {
        vec![
            model.model.clone(),
            model.status.clone(),
            model.action.clone().unwrap_or_default(),
            model.rows.map(count).unwrap_or_default(),
            count(model.rows_changed),
            format!("{:.2}", model.seconds),
        ]
    });
    table(&["model", "status", "action", "rows", "changed", "seconds"], &[3, 4, 5], rows.collect());
}
