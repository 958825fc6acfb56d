//! Changing the checkpoint of a stream. Nothing of the history is lost: each change is a new row at its end. A stream
//! that a run holds is left alone.

use std::path::Path;
use std::sync::Arc;

use wmshost_flow::{
    Action, Bookmark, Checkpoint, DamagedRow, Definition, DefinitionChange, Failure, Lease, Ledger, LoadMode, Sql,
    SqlSession, Value, bookmark_from_json, timestamp_from_text,
};
use wmshost_pipeline::{Connection, Method, Resolved, StreamPlan, bookmark_at};

use super::stored_stream::{StoredStream, entry_of};
use crate::assembly::{StreamFactory, connect};
use crate::error::Result;
use crate::process::{is_dead, this_process};
use crate::runtime::Runtime;

/// Adds a row to a stream's history, under its lease.
pub(super) fn append(
    runtime: &Runtime,
    pipeline: &Resolved,
    plan: &StreamPlan,
    action: Action,
    note: &str,
    checkpoint: Option<&Checkpoint>,
) -> Result<(), Failure> {
    act(runtime, pipeline, plan, |ledger, sql, run_id| {
        ledger.append(sql, &plan.name, action, Some(note), run_id, checkpoint).map(drop)
    })
}

/// Changes a stream's history under its lease.
fn act(
    runtime: &Runtime,
    pipeline: &Resolved,
    plan: &StreamPlan,
    change: impl FnOnce(&Ledger<'_>, &mut dyn Sql, &str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let target = connect::target(&plan.target, connect::stream_target(pipeline, plan)?, 1, Arc::clone(&runtime.clock))?;
    let run_id = runtime.new_run_id();
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
fn present(runtime: &Runtime, pipeline: &Resolved, plan: &StreamPlan) -> Result<Definition> {
    let registry = runtime.registry()?;
    let checked = runtime.checked(pipeline, &registry)?;
    let streams = checked.select(std::slice::from_ref(&plan.name))?;
    let stream = streams.first().ok_or_else(|| Failure::invalid_config("there is no such stream"))?;
    let factory = StreamFactory::new(&checked, &registry, &runtime.clock, String::new());
    Ok(factory.definition(stream)?)
}

/// The differences between a checkpoint's definition and the stream's present one; none if one of them is unknown.
pub(super) fn other_definition(
    runtime: &Runtime,
    pipeline: &Resolved,
    plan: &StreamPlan,
    checkpoint: &Checkpoint,
) -> Vec<DefinitionChange> {
    match (&checkpoint.definition, present(runtime, pipeline, plan)) {
        (Some(before), Ok(now)) => before.changes_to(&now),
        _ => Vec::new(),
    }
}

/// The streams whose checkpoints are to be reset.
pub struct ResetPlan {
    /// The streams that have a checkpoint, or rows that cannot be read.
    streams: Vec<StoredStream>,
    /// The rows that cannot be read.
    pub damaged: Vec<DamagedRow>,
}

impl ResetPlan {
    /// Looks which of these streams have something to reset. Nothing is changed.
    pub fn prepare(runtime: &Runtime, file: &Path, streams: &[String]) -> Result<Self> {
        let mut plan = Self { streams: Vec::new(), damaged: Vec::new() };
        for stream in streams {
            let mut stored = StoredStream::open(runtime, file, stream)?;
            let rows = stored.all_rows()?;
            plan.damaged.extend(rows.iter().filter_map(|row| row.as_ref().err().cloned()));
            let is_damaged = rows.iter().any(|row| row.as_ref().is_err_and(|row| row.sequence.is_none()));
            if is_damaged || rows.last().is_some_and(|row| !matches!(row, Ok(entry) if entry.checkpoint.is_none())) {
                plan.streams.push(stored);
            }
        }
        Ok(plan)
    }

    /// The names of the streams.
    pub fn names(&self) -> Vec<&str> {
        self.streams.iter().map(|stored| stored.plan.name.as_str()).collect()
    }

    /// Resets the checkpoints.
    pub fn apply(&self, runtime: &Runtime) -> Result<()> {
        for stored in &self.streams {
            act(runtime, &stored.pipeline, &stored.plan, |ledger, sql, run_id| {
                ledger.reset(sql, &stored.plan.name, "by wmshost state reset", run_id).map(drop)
            })?;
        }
        Ok(())
    }
}

/// A checkpoint that is to be put in place by hand.
pub struct CheckpointChange {
    stored: StoredStream,
    action: Action,
    note: String,
    checkpoint: Checkpoint,
}

impl CheckpointChange {
    /// Puts the checkpoint that a run made back, by the id of the run or the beginning of it.
    pub fn rollback(runtime: &Runtime, file: &Path, stream: &str, to: &str) -> Result<Self> {
        let mut stored = StoredStream::open(runtime, file, stream)?;
        let history = stored.history()?;
        let entry = entry_of(&history, stream, to)?;
        let Some(checkpoint) = entry.checkpoint.clone() else {
            return Err(Failure::invalid_config(format!("stream {stream}: after {to} it had no checkpoint"))
                .advise("reset it")
                .into());
        };
        let note = format!("to row {} of run {}", entry.sequence, entry.run_id);
        Ok(Self { stored, action: Action::Rollback, note, checkpoint })
    }

    /// Sets a stream's bookmark: JSON in the form of `state show --output json` and `export`, or a moment for a stream
    /// that is read by its change key.
    pub fn set(runtime: &Runtime, file: &Path, stream: &str, bookmark: &str) -> Result<Self> {
        let mut stored = StoredStream::open(runtime, file, stream)?;
        let bookmark = bookmark_for(&stored, bookmark)?;
        let previous = stored.checkpoint()?;
        let present = present(runtime, &stored.pipeline, &stored.plan).ok();
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
        let checkpoint = Checkpoint {
            bookmark,
            mode: LoadMode::Merge,
            complete: true,
            source_version: None,
            definition,
            state: previous.map(|checkpoint| checkpoint.state).unwrap_or_default(),
            run_id: String::new(),
            batch: 0,
            committed_at: runtime.clock.now(),
        };
        Ok(Self { stored, action: Action::Set, note: "by wmshost state set".to_owned(), checkpoint })
    }

    /// The bookmark from which the next run goes on.
    pub fn bookmark(&self) -> &Bookmark {
        &self.checkpoint.bookmark
    }

    /// The differences between the checkpoint's definition and the stream's present one.
    pub fn other_definition(&self, runtime: &Runtime) -> Vec<DefinitionChange> {
        other_definition(runtime, &self.stored.pipeline, &self.stored.plan, &self.checkpoint)
    }

    /// Adds the checkpoint to the stream's history.
    pub fn apply(&self, runtime: &Runtime) -> Result<()> {
        let StoredStream { pipeline, plan, .. } = &self.stored;
        let committed_at = match self.action {
            Action::Set => runtime.clock.now(),
            _ => self.checkpoint.committed_at,
        };
        let checkpoint = Checkpoint { committed_at, ..self.checkpoint.clone() };
        Ok(append(runtime, pipeline, plan, self.action, &self.note, Some(&checkpoint))?)
    }
}

/// A bookmark from which the stream can go on.
fn bookmark_for(stored: &StoredStream, text: &str) -> Result<Bookmark, Failure> {
    let plan = &stored.plan;
    let is_service = matches!(stored.pipeline.connections.get(&plan.source), Some(Connection::Http(_)));
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
        _ => parsed(text, is_service).ok_or_else(|| {
            refused(
                "this is not a bookmark: give a moment such as \"2026-01-31 06:00:00\", or a list of positions as \
                 `wmshost state export` writes it",
            )
        }),
    }
}

/// Reads a bookmark, or makes one of a moment as the standard extractors of databases and of services have it.
fn parsed(text: &str, is_service: bool) -> Option<Bookmark> {
    match timestamp_from_text(text) {
        Some(moment) => Some(bookmark_at(Value::Timestamp(moment), is_service)),
        None => bookmark_from_json(&serde_json::from_str(text).ok()?),
    }
}
