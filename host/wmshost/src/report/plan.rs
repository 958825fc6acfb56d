//! The report of `wmshost plan`: the reads and writes of a run, and the bookmark it would begin from.

use wmshost_flow::{Failure, Limits, LoadMode, Reaction, TargetTriggers};
use wmshost_pipeline::{
    Checked, Deletes, LateRows, Method, NullKeys, OnBadValue, OnChange, OnTrap, Stream, StreamPlan, changed_limits,
    duration_text,
};
use wmshost_runtime::plan::Outlook;

use super::documents::plan::{PlanDocument, PlannedStream, plugin_text};
use super::section;
use super::types::certificate;
use crate::cli::Output;

/// Reports the outlooks of streams.
pub(crate) fn plan(pipeline: &Checked, outlooks: &[Outlook<'_>], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        let streams = outlooks.iter().map(|outlook| PlannedStream::of(outlook, next_step(outlook))).collect();
        return super::json(&PlanDocument { pipeline: pipeline.name.clone(), streams });
    }
    outlooks.iter().for_each(print);
    Ok(())
}

/// The next run's work, in one sentence.
fn next_step(outlook: &Outlook<'_>) -> String {
    if let Some(failure) = &outlook.failure {
        return format!("fails before a row moves: {failure}");
    }
    match outlook.definition_changes().iter().map(|change| change.reaction).max() {
        Some(Reaction::Reload) => return "read the whole table again and merge it, then only changes".to_owned(),
        Some(Reaction::Replace) => {
            return "read the whole table again, put it in the place of the target, then only changes".to_owned();
        }
        _ => {}
    }
    next_from_checkpoint(outlook)
}

fn next_from_checkpoint(outlook: &Outlook<'_>) -> String {
    let lookback = lookback_in_words(&outlook.stream.plan);
    match (outlook.stream.plan.method, &outlook.checkpoint) {
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

fn print(outlook: &Outlook<'_>) {
    let mut lines = lines(outlook.pipeline, outlook.stream, next_step(outlook));
    let changes = outlook.definition_changes().iter();
    lines.extend(changes.map(|change| ("changed", format!("{change}: {}", change.consequence))));
    let columns = outlook.opened.iter().flat_map(|end| &end.schema_changes);
    lines.extend(columns.map(|change| ("columns", change.clone())));
    section(&outlook.stream.plan.name, &lines);
    if let Some(found) = &outlook.certificate {
        certificate(found);
    }
}

fn lines(pipeline: &Checked, stream: &Stream, next: String) -> Vec<(&'static str, String)> {
    let plan = &stream.plan;
    let transforms: Vec<String> = stream.transforms.iter().map(plugin_text).collect();
    let stages =
        [vec![plugin_text(&stream.extractor)], transforms, vec![plugin_text(&stream.loader)]].concat().join(" → ");
    let mut lines = vec![
        ("from", format!("{} {} ({})", plan.source, plan.table, pipeline.connections[&plan.source])),
        ("to", format!("{} {} ({})", plan.target, plan.target_table, pipeline.connections[&plan.target])),
        ("through", stages),
        ("limits", limits(stream)),
    ];
    lines.extend(policies(plan));
    // After the method, which it follows from.
    lines.insert(5, ("next", next));
    lines
}

/// The time, or the number of versions, before the bookmark at which changes are read.
fn lookback_in_words(plan: &StreamPlan) -> String {
    match plan.lookback_versions {
        Some(versions) => format!("{versions} versions"),
        None => duration_text(plan.lookback),
    }
}

/// The limits of a stream's plugins that differ from the defaults.
fn limits(stream: &Stream) -> String {
    let changed = stream.stages().filter_map(|stage| {
        let changed = changed_limits(&stage.limits);
        (!changed.is_empty()).then(|| format!("{}: {}", stage.plugin, changed.join(", ")))
    });
    let changed: Vec<String> = changed.collect();
    if changed.is_empty() {
        let default = Limits::default();
        let (memory, time) = (default.memory_bytes >> 20, duration_text(default.call_time));
        return format!("the defaults: {memory} MiB of memory, {time} of computing for a call, and others");
    }
    changed.join("; ")
}

/// The policies of a stream: names and words.
pub(crate) fn policies(plan: &StreamPlan) -> Vec<(&'static str, String)> {
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
    let key = if plan.key.is_empty() { "the primary key, if there is one".to_owned() } else { plan.key.join(", ") };
    let mut lines = vec![
        ("method", format!("{}{change_key}, key {key}", plan.method.name())),
        ("bad values", bad_values.to_owned()),
        ("plugin fails", on_trap.to_owned()),
        ("rejected rows", budget(plan)),
        ("schema", format!("new columns: {}, new types: {}", plan.new_columns.name(), plan.new_types.name())),
        ("deletes", deletes(plan)),
        ("deleted rows", delete_guard(plan)),
        ("other definition", on_change(plan.on_change).to_owned()),
    ];
    if let Some(entry) = &plan.take_over {
        lines.push(("takes over", format!("the table {entry}, unless it is the stream's own already")));
    }
    if plan.target_triggers == TargetTriggers::Allow {
        lines.push(("triggers", "of the target's table may change, drop or add rows".to_owned()));
    }
    if plan.method == Method::Append {
        let words = "read if their key comes after the last one, and texts in the order of their bytes, which has capitals \
                     first; only `verify` finds others";
        lines.push(("added rows", words.to_owned()));
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
    let lookback = lookback_in_words(plan);
    match plan.late_rows {
        LateRows::Lookback => {
            format!(
                "found up to {lookback} late; later ones, and those whose change key went back, by `wmshost verify`"
            )
        }
        LateRows::Reconcile => format!(
            "found up to {lookback} late by every run; all, and those whose change key went back, by a comparison every {}",
            duration_text(plan.reconcile_every)
        ),
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
