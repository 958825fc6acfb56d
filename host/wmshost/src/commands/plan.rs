//! `wmshost plan`: the reads and writes of a run, and the bookmark it would begin from.

use serde_json::{Value, json};
use wmshost_flow::{Checkpoint, DefinitionChange, Failure, Ledger, LoadMode, Reaction, StreamSummary};
use wmshost_pipeline::{
    Checked, Deletes, LateRows, Method, NullKeys, OnBadValue, OnChange, OnTrap, Stage, Stream, StreamPlan,
    duration_text,
};

use super::App;
use super::check::{open, scratch_targets};
use crate::cli::{Output, Selection};
use crate::exit::Exit;
use crate::stream_factory::StreamFactory;
use crate::{connect, report};

/// A stream with its checkpoint, and the result of opening it as a run would.
struct Outlook<'a> {
    pipeline: &'a Checked,
    stream: &'a Stream,
    checkpoint: Option<Checkpoint>,
    /// `None` if the databases could not be opened for it.
    opened: Option<StreamSummary>,
    /// The reason why a run could not begin.
    failure: Option<String>,
}

pub(super) fn plan(app: &App, selection: &Selection, output: Output) -> anyhow::Result<Exit> {
    let registry = app.registry()?;
    let pipeline = app.pipeline(&selection.pipeline, &registry)?;
    let plans = pipeline.select(&selection.streams)?;
    let scratch = scratch_targets(&pipeline)?;
    let factory = StreamFactory::new(&scratch.0, &registry, &app.clock, "plan".to_owned());
    let mut outlooks = Vec::new();
    for stream in plans {
        // Each by itself, so that a mistake in one does not hide the others.
        let (opened, failure) = match open(&factory, &[stream]) {
            Ok(mut ends) => (ends.pop(), None),
            Err(error) => (None, Some(format!("{error:#}"))),
        };
        let failed = opened.as_ref().and_then(|end| end.failure.as_ref());
        let failure = failure.or_else(|| failed.map(|at| at.failure.to_string()));
        // A checkpoint that cannot be read is among the failures.
        let checkpoint = match &failure {
            None => checkpoint(&pipeline, stream)?,
            Some(_) => checkpoint(&pipeline, stream).unwrap_or_default(),
        };
        outlooks.push(Outlook { pipeline: &pipeline, stream, checkpoint, opened, failure });
    }
    if output == Output::Json {
        let streams: Vec<Value> = outlooks.iter().map(Outlook::as_json).collect();
        report::json(&json!({ "pipeline": pipeline.name, "streams": streams }));
    } else {
        outlooks.iter().for_each(Outlook::show);
    }
    let can_run = outlooks.iter().all(|outlook| outlook.failure.is_none());
    Ok(if can_run { Exit::Success } else { Exit::Configuration })
}

/// The stream's checkpoint; `None` also if the target does not exist yet.
fn checkpoint(pipeline: &Checked, stream: &Stream) -> Result<Option<Checkpoint>, Failure> {
    let label = &stream.plan.target;
    match connect::reader(label, &pipeline.connections[label]) {
        Ok(Some(mut reader)) => Ledger { pipeline: &pipeline.name }.checkpoint(reader.as_mut(), &stream.plan.name),
        Ok(None) => Ok(None),
        Err(failure) => Err(failure),
    }
}

impl Outlook<'_> {
    fn changes(&self) -> &[DefinitionChange] {
        self.opened.as_ref().map(|end| end.definition_changes.as_slice()).unwrap_or_default()
    }

    /// The next run's work, in one sentence.
    fn next_step(&self) -> String {
        if let Some(failure) = &self.failure {
            return format!("fails before a row moves: {failure}");
        }
        match self.changes().iter().map(|change| change.reaction).max() {
            Some(Reaction::Reload) => return "read the whole table again and merge it, then only changes".to_owned(),
            Some(Reaction::Replace) => {
                return "read the whole table again, put it in the place of the target, then only changes".to_owned();
            }
            _ => {}
        }
        self.next_from_checkpoint()
    }

    fn next_from_checkpoint(&self) -> String {
        let lookback = duration_text(self.stream.plan.lookback);
        match (self.stream.plan.method, &self.checkpoint) {
            (Method::Full, _) => "read the whole table, put it in the place of the target".to_owned(),
            (_, None) => "read the whole table by key, then only changes".to_owned(),
            (_, Some(c)) if !c.complete && c.mode == LoadMode::Replace => {
                "go on with an interrupted full refresh, or begin it again if the source has changed".to_owned()
            }
            (_, Some(c)) if !c.complete => format!("go on with an interrupted load after {}", c.bookmark),
            (Method::Append, Some(c)) => format!("read rows after {}", c.bookmark),
            (_, Some(c)) => format!("read changes since {}, and {lookback} before", c.bookmark),
        }
    }
}

/// Characters of a digest that distinguish it for people: `blake3:` and 12 digits.
const SHORT_DIGEST: usize = 19;

fn plugin(stage: &Stage) -> String {
    let digest = stage.digest.get(..SHORT_DIGEST).unwrap_or(&stage.digest);
    format!("{} {} ({digest})", stage.plugin, stage.version)
}

impl Outlook<'_> {
    fn show(&self) {
        let mut lines = lines(self.pipeline, self.stream, self.next_step());
        lines.extend(self.changes().iter().map(|change| ("changed", format!("{change}: {}", change.consequence))));
        let columns = self.opened.iter().flat_map(|end| &end.schema_changes);
        lines.extend(columns.map(|change| ("columns", change.clone())));
        report::section(&self.stream.plan.name, &lines);
    }

    fn as_json(&self) -> Value {
        let mut json = as_json(self.pipeline, self.stream);
        json["next"] = Value::from(self.next_step());
        json["bookmark"] = self.checkpoint.as_ref().map_or(Value::Null, |c| report::bookmark_json(&c.bookmark));
        json["definition_changes"] = report::definition_changes(self.changes());
        json["schema_changes"] = self.opened.as_ref().map_or(Value::Null, |end| json!(end.schema_changes));
        json["failure"] = json!(self.failure);
        json
    }
}

fn lines(pipeline: &Checked, stream: &Stream, next: String) -> Vec<(&'static str, String)> {
    let plan = &stream.plan;
    let transforms: Vec<String> = stream.transforms.iter().map(plugin).collect();
    let stages = [vec![plugin(&stream.extractor)], transforms, vec![plugin(&stream.loader)]].concat().join(" → ");
    let change_key = plan.change_key.as_deref().map(|key| format!(" by {key}")).unwrap_or_default();
    let null_keys = match plan.null_keys {
        NullKeys::Include => "read again in every run",
        NullKeys::Ignore => "left out after the first load",
        NullKeys::Reject => "to quarantine",
        NullKeys::Fail => "fail the stream",
    };
    let bad_values = match plan.on_bad_value {
        OnBadValue::Reject => {
            "to quarantine, as rows with a NULL in the key, too large ones, and what the target refuses"
        }
        OnBadValue::Fail => {
            "fail the stream, naming the row; as NULLs in the key, too large rows, and what the target refuses"
        }
    };
    let on_trap = match plan.on_trap {
        OnTrap::Fail => "fail the stream, naming the row",
        OnTrap::Retry => "one more try in a fresh instance, then fail, naming the row",
        OnTrap::Quarantine => "the rows that do it go to quarantine",
    };
    let key = if plan.key.is_empty() { "the primary key".to_owned() } else { plan.key.join(", ") };
    let mut lines = vec![
        ("from", format!("{} {} ({})", plan.source, plan.table, pipeline.connections[&plan.source])),
        ("to", format!("{} {} ({})", plan.target, plan.target_table, pipeline.connections[&plan.target])),
        ("through", stages),
        ("method", format!("{}{change_key}, key {key}", plan.method.name())),
        ("next", next),
        ("bad values", bad_values.to_owned()),
        ("plugin fails", on_trap.to_owned()),
        ("rejected rows", budget(plan)),
        ("schema", format!("new columns: {}, new types: {}", plan.new_columns.name(), plan.new_types.name())),
        ("deletes", deletes(plan)),
        ("deleted rows", delete_guard(plan)),
        ("other definition", on_change(plan.on_change).to_owned()),
    ];
    if let Some(wish) = &plan.take_over {
        lines.push(("takes over", format!("the table {wish}, unless it is the stream's own already")));
    }
    if plan.method == Method::Incremental {
        lines.push(("null keys", null_keys.to_owned()));
        lines.push(("late rows", late_rows(plan)));
    }
    lines
}

/// The number of rows that may be rejected.
fn budget(plan: &StreamPlan) -> String {
    let rows = plan.max_rejected.map(|most| format!("at most {most}"));
    let from = match plan.rejected_floor {
        0 => String::new(),
        floor => format!(" from the {}th on", floor + 1),
    };
    let percent = format!("at most {} %{from}", plan.max_rejected_percent);
    rows.into_iter().chain([percent]).collect::<Vec<_>>().join(", ")
}

/// The number of rows that one run may delete from the target.
fn delete_guard(plan: &StreamPlan) -> String {
    let rows = plan.max_deleted.map(|most| format!("at most {most}"));
    let percent =
        (plan.max_deleted_percent < 100).then(|| format!("at most {} % of the target", plan.max_deleted_percent));
    let parts: Vec<_> = rows.into_iter().chain(percent).collect();
    if parts.is_empty() { "any number".to_owned() } else { format!("{}; more stop the stream", parts.join(", ")) }
}

/// The reaction of a run to a changed definition of the stream.
fn on_change(policy: OnChange) -> &'static str {
    match policy {
        OnChange::Tell => "go on where the bookmark still holds, and say what it means for the rows that are there",
        OnChange::Reload => "read the whole table again",
        OnChange::Fail => "fail the stream",
    }
}

fn late_rows(plan: &StreamPlan) -> String {
    let lookback = duration_text(plan.lookback);
    match plan.late_rows {
        LateRows::Lookback => format!("found up to {lookback} late"),
        LateRows::Reconcile => {
            format!(
                "found up to {lookback} late by every run, all by a comparison every {}",
                duration_text(plan.reconcile_every)
            )
        }
    }
}

fn deletes(plan: &StreamPlan) -> String {
    let every = duration_text(plan.reconcile_every);
    match (plan.deletes, plan.method) {
        (Deletes::Ignore, Method::Full) => "gone with the old table".to_owned(),
        (Deletes::Ignore, _) => "not looked for".to_owned(),
        (Deletes::Soft, Method::Full) => "marked in wms_deleted_at".to_owned(),
        (Deletes::Soft, _) => format!("marked in wms_deleted_at, keys are compared every {every}"),
        (Deletes::Delete, Method::Full) => "gone with the old table".to_owned(),
        (Deletes::Delete, _) => format!("deleted, keys are compared every {every}"),
    }
}

fn stage_json(stage: &Stage) -> Value {
    json!({ "plugin": stage.plugin, "version": stage.version, "digest": stage.digest })
}

fn as_json(pipeline: &Checked, stream: &Stream) -> Value {
    let plan = &stream.plan;
    json!({
        "stream": plan.name,
        "source": { "label": plan.source, "connection": pipeline.connections[&plan.source].to_string(), "table": plan.table },
        "target": { "label": plan.target, "connection": pipeline.connections[&plan.target].to_string(), "table": plan.target_table },
        "extractor": plugin(&stream.extractor),
        "transforms": stream.transforms.iter().map(plugin).collect::<Vec<_>>(),
        "loader": plugin(&stream.loader),
        "plugins": stream.stages().map(stage_json).collect::<Vec<_>>(),
        "take_over": plan.take_over,
        "method": plan.method.name(),
        "key": plan.key,
        "change_key": plan.change_key,
        "lookback_seconds": plan.lookback.as_secs(),
        "null_keys": plan.null_keys.name(),
        "late_rows": plan.late_rows.name(),
        "deletes": plan.deletes.name(),
        "reconcile_seconds": plan.reconcile_every.as_secs(),
        "new_columns": plan.new_columns.name(),
        "new_types": plan.new_types.name(),
        "on_change": plan.on_change.name(),
        "on_bad_value": plan.on_bad_value.name(),
        "on_trap": plan.on_trap.name(),
        "max_rejected": plan.max_rejected,
        "max_rejected_percent": plan.max_rejected_percent,
        "max_deleted": plan.max_deleted,
        "max_deleted_percent": plan.max_deleted_percent,
    })
}
