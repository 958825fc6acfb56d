//! `wmshost state`: the checkpoints of streams, and changing them by hand.
//!
//! | module | what it is for |
//! |---|---|
//! | `inspect` | list, show, log, diff |
//! | `change` | reset, rollback, set: each a new row of the ledger |
//! | `transfer` | export and import |

mod change;
mod inspect;
mod transfer;

use std::path::Path;

use serde_json::{Value as Json, json};
use wmshost_flow::{Checkpoint, DamagedRow, Definition, Entry, Failure, Ledger, SqlSession};
use wmshost_pipeline::{Resolved, StreamPlan, load};

use super::App;
use crate::cli::StateCommand;
use crate::data_dir::variable;
use crate::exit::Exit;
use crate::{connect, report};

pub(super) fn state(app: &App, command: StateCommand) -> anyhow::Result<Exit> {
    match command {
        StateCommand::List { selection, output } => inspect::list(&selection, output.output),
        StateCommand::Show { pipeline, stream, output } => inspect::show(&pipeline, &stream, output.output),
        StateCommand::Log { pipeline, stream, output } => inspect::log(&pipeline, &stream, output.output),
        StateCommand::Diff { pipeline, stream, from, to, output } => {
            inspect::diff(&pipeline, &stream, &from, to.as_deref(), output.output)
        }
        StateCommand::Reset { pipeline, streams, yes } => change::reset(app, &pipeline, &streams, yes),
        StateCommand::Rollback { pipeline, stream, to, yes } => change::rollback(app, &pipeline, &stream, &to, yes),
        StateCommand::Set { pipeline, stream, bookmark, yes } => change::set(app, &pipeline, &stream, &bookmark, yes),
        StateCommand::Export { selection, file } => transfer::export(&selection, file.as_deref()),
        StateCommand::Import { pipeline, file, yes } => transfer::import(app, &pipeline, &file, yes),
    }
}

/// One stream of a pipeline and its rows in the target's ledger.
struct StoredStream {
    pipeline: Resolved,
    plan: StreamPlan,
    /// `None` if the target does not exist yet.
    reader: Option<Box<dyn SqlSession>>,
}

impl StoredStream {
    fn of(file: &Path, stream: &str) -> anyhow::Result<Self> {
        let pipeline = load(file, &variable)?;
        let plans = pipeline.select(&[stream.to_owned()])?;
        let plan =
            plans.into_iter().next().cloned().ok_or_else(|| Failure::invalid_config("there is no such stream"))?;
        let reader = reader(&pipeline, &plan)?;
        Ok(Self { pipeline, plan, reader })
    }

    /// The stream's rows in the ledger, also those that cannot be read.
    fn all_rows(&mut self) -> Result<Vec<Result<Entry, DamagedRow>>, Failure> {
        match &mut self.reader {
            Some(reader) => Ledger { pipeline: &self.pipeline.name }.history(reader.as_mut(), &self.plan.name),
            None => Ok(Vec::new()),
        }
    }

    /// The stream's rows in the ledger, without those that cannot be read.
    fn history(&mut self) -> Result<Vec<Entry>, Failure> {
        Ok(self.all_rows()?.into_iter().filter_map(Result::ok).collect())
    }

    /// The stream's checkpoint. Fails if the last row cannot be read.
    fn checkpoint(&mut self) -> Result<Option<Checkpoint>, Failure> {
        let last = self.all_rows()?.pop().transpose()?;
        Ok(last.and_then(|entry| entry.checkpoint))
    }
}

fn reader(pipeline: &Resolved, plan: &StreamPlan) -> Result<Option<Box<dyn SqlSession>>, Failure> {
    connect::reader(&plan.target, connection(pipeline, plan)?)
}

fn connection<'a>(pipeline: &'a Resolved, plan: &StreamPlan) -> Result<&'a wmshost_pipeline::Connection, Failure> {
    let missing = || Failure::invalid_config(format!("there is no connection {}", plan.target));
    pipeline.connections.get(&plan.target).ok_or_else(missing)
}

/// The row of a stream's history that a run or a command made, by the id or the beginning of it.
fn entry_of<'a>(history: &'a [Entry], stream: &str, run: &str) -> Result<&'a Entry, Failure> {
    let found: Vec<&Entry> = history.iter().filter(|entry| entry.run_id.starts_with(run)).collect();
    match found.as_slice() {
        [.., last] if found.iter().all(|entry| entry.run_id == last.run_id) => Ok(last),
        [] => Err(Failure::invalid_config(format!(
            "stream {stream}: no run {run:?} is in its history; `wmshost state log` shows those that are"
        ))),
        many => Err(Failure::invalid_config(format!(
            "stream {stream}: {} rows of its history begin with {run:?}; give more of the id",
            many.len()
        ))),
    }
}

fn checkpoint_json(checkpoint: &Checkpoint) -> Json {
    json!({
        "bookmark": report::bookmark_json(&checkpoint.bookmark),
        "mode": checkpoint.mode.name(),
        "complete": checkpoint.complete,
        "run_id": checkpoint.run_id,
        "batch": checkpoint.batch,
        "definition_hash": checkpoint.definition.as_ref().map(Definition::hash),
        "definition": checkpoint.definition.as_ref().map(Definition::to_json),
        "source_version": checkpoint.source_version,
        "committed_at": moment(checkpoint.committed_at),
    })
}

fn moment(micros: i64) -> String {
    wmshost_flow::Value::Timestamp(micros).to_string()
}
