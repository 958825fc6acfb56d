//! Changing how far a stream has come. Nothing of the history is lost: each change is a row behind the others. A
//! stream that a run holds is left alone.

use std::path::Path;
use std::sync::Arc;

use wmshost_flow::{
    Action, Bookmark, Checkpoint, Failure, Lease, Ledger, LoadMode, Position, SqlSession, Value, bookmark_from_json,
    timestamp_from_text,
};
use wmshost_pipeline::{Resolved, StreamPlan};

use super::{Kept, connection, entry_of};
use crate::commands::{Edge, confirmed};
use crate::exit::Exit;
use crate::home::{is_gone, new_run_id, this_process};
use crate::{connect, report};

/// Adds a row to a stream's history, under its lease.
pub(super) fn append(
    edge: &Edge,
    pipeline: &Resolved,
    plan: &StreamPlan,
    action: Action,
    note: &str,
    checkpoint: Option<&Checkpoint>,
) -> Result<(), Failure> {
    let target = connect::target(&plan.target, connection(pipeline, plan)?, 1, Arc::clone(&edge.clock))?;
    let run_id = new_run_id(edge.clock.as_ref());
    let lease = Lease {
        pipeline: pipeline.name.clone(),
        stream: plan.name.clone(),
        run_id: run_id.clone(),
        holder: this_process(),
    };
    let ledger = Ledger { pipeline: &pipeline.name };
    let mut session = target.sql()?;
    let act = |session: &mut dyn SqlSession| {
        ledger.append(session, &plan.name, action, Some(note), &run_id, checkpoint).map(drop)
    };
    lease.act(session.as_mut(), &is_gone, act).map_err(|failure| failure.within(format_args!("stream {}", plan.name)))
}

pub(super) fn reset(edge: &Edge, file: &Path, streams: &[String], yes: bool) -> anyhow::Result<Exit> {
    let mut with_checkpoint = Vec::new();
    for stream in streams {
        let mut kept = Kept::of(file, stream)?;
        if kept.history()?.last().is_some_and(|entry| entry.checkpoint.is_some()) {
            with_checkpoint.push(kept);
        }
    }
    if with_checkpoint.is_empty() {
        report::print("there is no checkpoint to reset");
        return Ok(Exit::Success);
    }
    let names = with_checkpoint.iter().map(|kept| kept.plan.name.as_str()).collect::<Vec<_>>().join(", ");
    report::note(&format!(
        "the checkpoint of {names} is forgotten: the next run reads everything again and merges it; rows in the target \
         stay, other streams are not touched"
    ));
    if !confirmed(yes)? {
        report::print("nothing was reset");
        return Ok(Exit::Failed);
    }
    for kept in &with_checkpoint {
        append(edge, &kept.pipeline, &kept.plan, Action::Reset, "by wmshost state reset", None)?;
    }
    report::print(&format!("reset: {names}"));
    Ok(Exit::Success)
}

pub(super) fn rollback(edge: &Edge, file: &Path, stream: &str, to: &str, yes: bool) -> anyhow::Result<Exit> {
    let mut kept = Kept::of(file, stream)?;
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
    if !confirmed(yes)? {
        report::print("nothing was rolled back");
        return Ok(Exit::Failed);
    }
    let note = format!("to row {} of run {}", entry.sequence, entry.run_id);
    append(edge, &kept.pipeline, &kept.plan, Action::Rollback, &note, Some(checkpoint))?;
    report::print(&format!("rolled back: {stream}"));
    Ok(Exit::Success)
}

/// Sets a stream's bookmark: JSON as `state show --output json` and `export` give it, or a moment for a stream that is
/// read by its change key.
pub(super) fn set(edge: &Edge, file: &Path, stream: &str, bookmark: &str, yes: bool) -> anyhow::Result<Exit> {
    let mut kept = Kept::of(file, stream)?;
    let previous = kept.history()?.pop().and_then(|entry| entry.checkpoint);
    let bookmark = parsed(bookmark).ok_or_else(|| {
        Failure::invalid_config(
            "this is no bookmark: give a moment such as \"2026-01-31 06:00:00\", or a list of positions as \
             `wmshost state export` writes it",
        )
    })?;
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
        shape: "by-hand".to_owned(),
        state: previous.map(|checkpoint| checkpoint.state).unwrap_or_default(),
        run_id: String::new(),
        batch: 0,
        committed_at: edge.clock.now(),
    };
    append(edge, &kept.pipeline, &kept.plan, Action::Set, "by wmshost state set", Some(&checkpoint))?;
    report::print(&format!("set: {stream}"));
    Ok(Exit::Success)
}

fn parsed(text: &str) -> Option<Bookmark> {
    if let Some(moment) = timestamp_from_text(text) {
        let position = |name: &str, value| Position { name: name.to_owned(), value };
        let phase = position("phase", Value::Text("changes".to_owned()));
        return Some(Bookmark(vec![phase, position("watermark", Value::Timestamp(moment))]));
    }
    bookmark_from_json(&serde_json::from_str(text).ok()?)
}
