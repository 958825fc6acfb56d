//! A stream with its rows in the target's ledger.

use std::path::Path;

use wmshost_flow::{Checkpoint, DamagedRow, Entry, Failure, Ledger, SqlSession};
use wmshost_pipeline::{Resolved, StreamPlan};

use crate::assembly::connect;
use crate::error::Result;
use crate::runtime::Runtime;

/// One stream of a pipeline and its rows in the target's ledger.
pub struct StoredStream {
    /// The pipeline.
    pub pipeline: Resolved,
    /// The stream's settings.
    pub plan: StreamPlan,
    /// `None` if the target does not exist yet.
    reader: Option<Box<dyn SqlSession>>,
}

impl StoredStream {
    /// Opens a stream of the pipeline in this file.
    pub fn open(runtime: &Runtime, file: &Path, stream: &str) -> Result<Self> {
        let pipeline = runtime.resolved(file)?;
        let plans = pipeline.select(&[stream.to_owned()])?;
        let plan =
            plans.into_iter().next().cloned().ok_or_else(|| Failure::invalid_config("there is no such stream"))?;
        let reader = connect::stream_reader(&pipeline, &plan)?;
        Ok(Self { pipeline, plan, reader })
    }

    /// The stream's rows in the ledger, also those that cannot be read.
    pub fn all_rows(&mut self) -> Result<Vec<Result<Entry, DamagedRow>>, Failure> {
        match &mut self.reader {
            Some(reader) => Ledger { pipeline: &self.pipeline.name }.history(reader.as_mut(), &self.plan.name),
            None => Ok(Vec::new()),
        }
    }

    /// The stream's rows in the ledger, without those that cannot be read.
    pub fn history(&mut self) -> Result<Vec<Entry>, Failure> {
        Ok(self.all_rows()?.into_iter().filter_map(Result::ok).collect())
    }

    /// The stream's checkpoint. Fails if the last row cannot be read.
    pub fn checkpoint(&mut self) -> Result<Option<Checkpoint>, Failure> {
        let last = self.all_rows()?.pop().transpose()?;
        Ok(last.and_then(|entry| entry.checkpoint))
    }
}

/// The last checkpoint of a stream; `None` if it has none, an error if the last row cannot be read.
pub type LastCheckpoint = Result<Option<Checkpoint>, DamagedRow>;

/// The last checkpoints of these streams, or of all if none is named.
pub fn last_checkpoints(pipeline: &Resolved, streams: &[String]) -> Result<Vec<(String, LastCheckpoint)>> {
    let last = |plan: &StreamPlan| -> Result<(String, LastCheckpoint)> {
        let last = match connect::stream_reader(pipeline, plan)? {
            Some(mut reader) => Ledger { pipeline: &pipeline.name }.last_readable(reader.as_mut(), &plan.name)?,
            None => None,
        };
        Ok((plan.name.clone(), last.transpose().map(|entry| entry.and_then(|entry| entry.checkpoint))))
    };
    pipeline.select(streams)?.into_iter().map(last).collect()
}

/// The row of a stream's history that a run or a command made, by the id or the beginning of it.
pub fn entry_of<'a>(history: &'a [Entry], stream: &str, run: &str) -> Result<&'a Entry, Failure> {
    let found: Vec<&Entry> = history.iter().filter(|entry| entry.run_id.starts_with(run)).collect();
    match found.as_slice() {
        [.., last] if found.iter().all(|entry| entry.run_id == last.run_id) => Ok(last),
        [] => Err(Failure::invalid_config(format!("stream {stream}: no run {run:?} is in its history"))
            .advise("`wmshost state log` shows those that are")),
        many => Err(Failure::invalid_config(format!(
            "stream {stream}: {} rows of its history begin with {run:?}",
            many.len()
        ))
        .advise("give more of the id")),
    }
}
