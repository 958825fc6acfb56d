//! `wmshost runs`: the history.

use serde_json::json;
use wmshost_flow::{Failure, Value};
use wmshost_state::{History, PluginRecord, RunRecord, StreamRecord};

use super::App;
use crate::cli::{Output, RunsCommand};
use crate::data_dir::is_alive;
use crate::exit::Exit;
use crate::report;

pub(super) fn runs(app: &App, command: RunsCommand) -> anyhow::Result<Exit> {
    let history = History::open(&app.data_dir.history())?;
    history.mark_interrupted(is_alive)?;
    match command {
        RunsCommand::List { limit, output } => list(&history, limit, output.output),
        RunsCommand::Show { run, output } => show(app, &history, &run, output.output),
    }
}

fn run_json(run: &RunRecord) -> serde_json::Value {
    json!({
        "run_id": run.run_id,
        "pipeline": run.pipeline,
        "file": run.file,
        "started_at": Value::Timestamp(run.started_at).to_string(),
        "status": run.status.name(),
        "seconds": run.seconds,
    })
}

fn list(history: &History, limit: u32, output: Output) -> anyhow::Result<Exit> {
    let runs = history.list(limit)?;
    if output == Output::Json {
        report::json(&json!(runs.iter().map(run_json).collect::<Vec<_>>()));
        return Ok(Exit::Success);
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
    report::table(&["run", "pipeline", "started (UTC)", "status", "seconds"], &[4], rows.collect());
    Ok(Exit::Success)
}

fn show(app: &App, history: &History, prefix: &str, output: Output) -> anyhow::Result<Exit> {
    let found = history.find(prefix)?;
    let [run] = found.as_slice() else {
        let message = match found.len() {
            0 => format!("no run begins with {prefix:?}; `wmshost runs list` shows those there are"),
            many => format!("{many} runs begin with {prefix:?}; give more of the id"),
        };
        return Err(Failure::invalid_config(message).into());
    };
    let streams = history.streams(&run.run_id)?;
    let plugins = history.plugins(&run.run_id)?;
    if output == Output::Json {
        let mut value = run_json(run);
        value["streams"] = json!(streams.iter().map(stream_json).collect::<Vec<_>>());
        value["plugins"] = json!(plugins.iter().map(plugin_json).collect::<Vec<_>>());
        report::json(&value);
        return Ok(Exit::Success);
    }
    report::section(
        &run.run_id,
        &[
            ("pipeline", format!("{} ({})", run.pipeline, run.file)),
            ("started", format!("{} UTC", Value::Timestamp(run.started_at))),
            ("status", format!("{} after {:.2} s", run.status.name(), run.seconds)),
            ("log", app.data_dir.log(&run.run_id).display().to_string()),
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
    report::table(&head, &[2, 3, 4, 5, 6], rows.collect());
    let rows = plugins
        .iter()
        .map(|used| vec![used.stream.clone(), used.plugin.clone(), used.version.clone(), used.digest.clone()]);
    report::table(&["stream", "plugin", "version", "digest"], &[], rows.collect());
    for failure in streams.iter().filter_map(|stream| stream.failure.as_ref()) {
        report::failure(failure);
    }
    Ok(Exit::Success)
}

fn plugin_json(used: &PluginRecord) -> serde_json::Value {
    json!({ "stream": used.stream, "plugin": used.plugin, "version": used.version, "digest": used.digest })
}

fn stream_json(stream: &StreamRecord) -> serde_json::Value {
    json!({
        "stream": stream.stream,
        "status": stream.status,
        "rows_read": stream.rows_read,
        "rows_written": stream.rows_written,
        "rows_unchanged": stream.rows_unchanged,
        "rows_rejected": stream.rows_rejected,
        "seconds": stream.seconds,
        "bookmark": stream.bookmark,
        "error": stream.failure,
    })
}
