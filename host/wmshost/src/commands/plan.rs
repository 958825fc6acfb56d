//! `wmshost plan`: what a run would read and write, and from which bookmark.

use serde_json::{Value, json};
use wmshost_databases::sqlite;
use wmshost_flow::{Checkpoint, Failure, LoadMode};
use wmshost_pipeline::{Checked, Method, NullKeys, OnBadValue, Stage, Stream, duration_text};

use super::Edge;
use crate::cli::{Output, Selection};
use crate::exit::Exit;
use crate::{connect, report};

pub(super) fn plan(edge: &Edge, selection: &Selection, output: Output) -> anyhow::Result<Exit> {
    let catalog = edge.catalog()?;
    let pipeline = edge.pipeline(&selection.pipeline, &catalog)?;
    let plans = pipeline.select(&selection.streams)?;
    let mut streams = Vec::new();
    for plan in plans {
        streams.push((plan, checkpoint(&pipeline, plan)?));
    }
    if output == Output::Json {
        let streams: Vec<Value> =
            streams.iter().map(|(plan, found)| as_json(&pipeline, plan, found.as_ref())).collect();
        report::json(&json!({ "pipeline": pipeline.name, "streams": streams }));
    } else {
        for (plan, found) in &streams {
            show(&pipeline, plan, found.as_ref());
        }
    }
    Ok(Exit::Success)
}

/// The stream's checkpoint; `None` also where the target cannot be looked at by this version.
fn checkpoint(pipeline: &Checked, stream: &Stream) -> Result<Option<Checkpoint>, Failure> {
    let label = &stream.plan.target;
    let Ok(file) = connect::sqlite_file(label, &pipeline.connections[label]) else {
        return Ok(None);
    };
    if !file.exists() {
        return Ok(None);
    }
    let found = sqlite::checkpoints(file, &pipeline.name)?;
    Ok(found.into_iter().find(|(name, _)| *name == stream.plan.name).map(|(_, found)| found))
}

/// What the next run does, in one sentence.
fn next_step(stream: &Stream, checkpoint: Option<&Checkpoint>) -> String {
    let lookback = duration_text(stream.plan.lookback);
    match (stream.plan.method, checkpoint) {
        (Method::Full, _) => "read the whole table, put it in the place of the target".to_owned(),
        (_, None) => "read the whole table by key, then only changes".to_owned(),
        (_, Some(c)) if !c.complete && c.mode == LoadMode::Replace => {
            "go on with an interrupted full refresh, or begin it anew if the source has changed".to_owned()
        }
        (_, Some(c)) if !c.complete => format!("go on with an interrupted load behind {}", c.bookmark),
        (_, Some(c)) => format!("read changes since {}, and {lookback} before", c.bookmark),
    }
}

fn plugin(stage: &Stage) -> String {
    format!("{} {}", stage.plugin, stage.version)
}

fn show(pipeline: &Checked, stream: &Stream, checkpoint: Option<&Checkpoint>) {
    let plan = &stream.plan;
    let transforms: Vec<String> = stream.transforms.iter().map(plugin).collect();
    let stages = [vec![plugin(&stream.extractor)], transforms, vec![plugin(&stream.loader)]].concat().join(" → ");
    let change_key = plan.change_key.as_deref().map(|key| format!(" by {key}")).unwrap_or_default();
    let null_keys = match plan.null_keys {
        NullKeys::Include => "read again in every run",
        NullKeys::Ignore => "left out after the first load",
    };
    let bad_values = match plan.on_bad_value {
        OnBadValue::Reject => "to quarantine",
        OnBadValue::Fail => "fail the stream",
    };
    let budget = plan.max_rejected.map_or("any number".to_owned(), |most| most.to_string());
    let key = if plan.key.is_empty() { "the primary key".to_owned() } else { plan.key.join(", ") };
    let mut lines = vec![
        ("from", format!("{} {} ({})", plan.source, plan.table, pipeline.connections[&plan.source])),
        ("to", format!("{} {} ({})", plan.target, plan.target_table, pipeline.connections[&plan.target])),
        ("through", stages),
        ("method", format!("{}{change_key}, key {key}", method(plan.method))),
        ("next", next_step(stream, checkpoint)),
        ("bad values", format!("{bad_values}; rejected rows allowed: {budget}")),
    ];
    if plan.method == Method::Incremental {
        lines.push(("null keys", null_keys.to_owned()));
    }
    report::section(&plan.name, &lines);
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Full => "full",
        Method::Incremental => "incremental",
    }
}

fn as_json(pipeline: &Checked, stream: &Stream, checkpoint: Option<&Checkpoint>) -> Value {
    let plan = &stream.plan;
    json!({
        "stream": plan.name,
        "source": { "label": plan.source, "connection": pipeline.connections[&plan.source].to_string(), "table": plan.table },
        "target": { "label": plan.target, "connection": pipeline.connections[&plan.target].to_string(), "table": plan.target_table },
        "extractor": plugin(&stream.extractor),
        "transforms": stream.transforms.iter().map(plugin).collect::<Vec<_>>(),
        "loader": plugin(&stream.loader),
        "method": method(plan.method),
        "key": plan.key,
        "change_key": plan.change_key,
        "lookback_seconds": plan.lookback.as_secs(),
        "null_keys": if plan.null_keys == NullKeys::Include { "include" } else { "ignore" },
        "on_bad_value": if plan.on_bad_value == OnBadValue::Reject { "reject" } else { "fail" },
        "max_rejected": plan.max_rejected,
        "next": next_step(stream, checkpoint),
        "bookmark": checkpoint.map(|c| report::bookmark_json(&c.bookmark)),
    })
}
