//! Changing the checkpoint of a stream. Nothing of the history is lost: each change is a new row at its end. A stream
//! that a run holds is left alone.

use std::path::Path;
use std::sync::Arc;

use wmshost_flow::{
    Action, Bookmark, Checkpoint, Definition, Failure, Lease, Ledger, LoadMode, Position, Sql, SqlSession, Value,
    bookmark_from_json, timestamp_from_text,
};
use wmshost_pipeline::{Method, Resolved, StreamPlan};

use super::{StoredStream, connection, entry_of};
use crate::commands::{App, confirmed};
use crate::data_dir::{is_dead, new_run_id, this_process};
use crate::exit::Exit;
use crate::stream_factory::StreamFactory;
use crate::{connect, report};

/// Adds a row to a stream's history, under its lease.
pub(super) fn append(
    app: &App,
    pipeline: &Resolved,
    plan: &StreamPlan,
    action: Action,
    note: &str,
    checkpoint: Option<&Checkpoint>,
) -> Result<(), Failure> {
    act(app, pipeline, plan, |ledger, sql, run_id| {
        ledger.append(sql, &plan.name, action, Some(note), run_id, checkpoint).map(drop)
    })
}

/// Changes a stream's history under its lease.
fn act(
    app: &App,
    pipeline: &Resolved,
    plan: &StreamPlan,
    change: impl FnOnce(&Ledger<'_>, &mut dyn Sql, &str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let target = connect::target(&plan.target, connection(pipeline, plan)?, 1, Arc::clone(&app.clock))?;
    let run_id = new_run_id(app.clock.as_ref());
    let lease = Lease {
        pipeline: pipeline.name.clone(),
        stream: plan.name.clone(),
        run_id: run_id.clone(),
        holder: this_process(),
    };
    let ledger = Ledger { pipeline: &pipeline.name };
    let mut session = target.sql()?;
    let act = |session: &mut dyn SqlSession| change(&ledger, session, &run_id);
    lease.act(session.as_mut(), &is_dead, act).map_err(|failure| failure.within(format_args!("stream {}", plan.name)))
}

/// The current definition of the stream; an error if its plugins cannot be asked.
fn present(app: &App, pipeline: &Resolved, plan: &StreamPlan) -> anyhow::Result<Definition> {
    let registry = app.registry()?;
    let checked = pipeline.check(&registry)?;
    let streams = checked.select(std::slice::from_ref(&plan.name))?;
    let stream = streams.first().ok_or_else(|| Failure::invalid_config("there is no such stream"))?;
    let factory = StreamFactory::new(&checked, &registry, &app.clock, String::new());
    Ok(factory.definition(stream)?)
}

/// Prints a note if a checkpoint that is put in place depends on another definition than the present one.
pub(super) fn warn_other_definition(app: &App, pipeline: &Resolved, plan: &StreamPlan, checkpoint: &Checkpoint) {
    let (Some(before), Ok(now)) = (&checkpoint.definition, present(app, pipeline, plan)) else { return };
    let (stream, changes) = (&plan.name, before.changes_to(&now));
    if changes.is_empty() {
        return;
    }
    let all = changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    report::note(&format!(
        "stream {stream}: this checkpoint rests on another definition: {all}. The next run does about it what the \
         stream's `on_change` says; `wmshost plan` shows that"
    ));
}

pub(super) fn reset(app: &App, file: &Path, streams: &[String], yes: bool) -> anyhow::Result<Exit> {
    let mut to_reset = Vec::new();
    for stream in streams {
        let mut kept = StoredStream::of(file, stream)?;
        let rows = kept.all_rows()?;
        for damaged in rows.iter().filter_map(|row| row.as_ref().err()) {
            report::note(&damaged.to_string());
        }
        let is_damaged = rows.iter().any(|row| row.as_ref().is_err_and(|row| row.sequence.is_none()));
        if is_damaged || rows.last().is_some_and(|row| !matches!(row, Ok(entry) if entry.checkpoint.is_none())) {
            to_reset.push(kept);
        }
    }
    if to_reset.is_empty() {
        report::print("there is no checkpoint to reset");
        return Ok(Exit::Success);
    }
    let names = to_reset.iter().map(|kept| kept.plan.name.as_str()).collect::<Vec<_>>().join(", ");
    report::note(&format!(
        "the checkpoint of {names} is forgotten: the next run reads everything again and merges it; rows in the target \
         stay, other streams are not touched"
    ));
    if !confirmed(yes)? {
        report::print("nothing was reset");
        return Ok(Exit::Failed);
    }
    for kept in &to_reset {
        act(app, &kept.pipeline, &kept.plan, |ledger, sql, run_id| {
            ledger.reset(sql, &kept.plan.name, "by wmshost state reset", run_id).map(drop)
        })?;
    }
    report::print(&format!("reset: {names}"));
    Ok(Exit::Success)
}

pub(super) fn rollback(app: &App, file: &Path, stream: &str, to: &str, yes: bool) -> anyhow::Result<Exit> {
    let mut kept = StoredStream::of(file, stream)?;
    let history = kept.history()?;
    let entry = entry_of(&history, stream, to)?;
    let Some(checkpoint) = &entry.checkpoint else {
        return Err(
            Failure::invalid_config(format!("stream {stream}: after {to} it had no checkpoint; reset it")).into()
        );
    };
    report::note(&format!(
        "stream {stream} goes back to {}. The next run reads what changed since then again and merges it: rows of the \
         target that are newer stay as they are, for the target keeps no older versions; nothing is lost or doubled. \
         Other streams are not touched",
        checkpoint.bookmark
    ));
    warn_other_definition(app, &kept.pipeline, &kept.plan, checkpoint);
    if !confirmed(yes)? {
        report::print("nothing was rolled back");
        return Ok(Exit::Failed);
    }
    let note = format!("to row {} of run {}", entry.sequence, entry.run_id);
    append(app, &kept.pipeline, &kept.plan, Action::Rollback, &note, Some(checkpoint))?;
    report::print(&format!("rolled back: {stream}"));
    Ok(Exit::Success)
}

/// Sets a stream's bookmark: JSON in the form of `state show --output json` and `export`, or a moment for a stream that
/// is read by its change key.
pub(super) fn set(app: &App, file: &Path, stream: &str, bookmark: &str, yes: bool) -> anyhow::Result<Exit> {
    let mut kept = StoredStream::of(file, stream)?;
    let bookmark = bookmark_for(&kept.plan, bookmark)?;
    let previous = kept.checkpoint()?;
    let present = present(app, &kept.pipeline, &kept.plan).ok();
    // The existing rows keep their definition, whatever the bookmark.
    let definition = match (previous.as_ref().and_then(|previous| previous.definition.clone()), present) {
        (Some(before), Some(now)) => Some(Definition {
            method: now.method,
            change_key: now.change_key,
            lookback_micros: now.lookback_micros,
            null_keys: now.null_keys,
            ..before
        }),
        (before, now) => before.or(now),
    };
    report::note(&format!(
        "stream {stream} is set to {bookmark}: the next run goes on from there. Rows that changed before are not looked \
         at; `wmshost verify` finds what is missing"
    ));
    if !confirmed(yes)? {
        report::print("nothing was set");
        return Ok(Exit::Failed);
    }
    let checkpoint = Checkpoint {
        bookmark,
        mode: LoadMode::Merge,
        complete: true,
        source_version: None,
        definition,
        state: previous.map(|checkpoint| checkpoint.state).unwrap_or_default(),
        run_id: String::new(),
        batch: 0,
        committed_at: app.clock.now(),
    };
    append(app, &kept.pipeline, &kept.plan, Action::Set, "by wmshost state set", Some(&checkpoint))?;
    report::print(&format!("set: {stream}"));
    Ok(Exit::Success)
}

/// A bookmark from which the stream can go on.
fn bookmark_for(plan: &StreamPlan, text: &str) -> Result<Bookmark, Failure> {
    let refused = |why: &str| Failure::invalid_config(format!("stream {}: {why}; nothing was set", plan.name));
    let is_moment = timestamp_from_text(text).is_some();
    match plan.method {
        Method::Full => Err(refused(
            "it is read as a whole in every run (method \"full\"), so that a bookmark means nothing; run it, or set \
             `method = \"incremental\"` first",
        )),
        Method::Append if is_moment => Err(refused(
            "it goes on after the highest key that was read (method \"append\"), not from a moment; give the \
             positions of a bookmark, as `wmshost state export` writes them",
        )),
        _ => parsed(text).ok_or_else(|| {
            refused(
                "this is not a bookmark: give a moment such as \"2026-01-31 06:00:00\", or a list of positions as \
                 `wmshost state export` writes it",
            )
        }),
    }
}

fn parsed(text: &str) -> Option<Bookmark> {
    if let Some(moment) = timestamp_from_text(text) {
        let position = |name: &str, value| Position { name: name.to_owned(), value };
        let phase = position("phase", Value::Text("changes".to_owned()));
        return Some(Bookmark(vec![phase, position("watermark", Value::Timestamp(moment))]));
    }
    bookmark_from_json(&serde_json::from_str(text).ok()?)
}
