//! Making a stream ready: everything that can be wrong with it before the first row moves is found here, for all
//! streams of a run, before any of them writes.

use std::sync::Arc;

use arrow_schema::SchemaRef;

use crate::checkpoint::{Checkpoint, LoadMode};
use crate::extract::Method;
use crate::failure::{Failure, Stage};
use crate::load::LoadRequest;
use crate::stream::{StageFailure, Stream, lock};

/// What a look at both ends of a stream found.
pub(crate) enum Readiness {
    /// The target holds already what this snapshot of the source would give.
    Unchanged(Checkpoint),
    /// There may be something to do.
    Ready(Box<Ready>),
}

/// A stream that is open.
pub(crate) struct Ready {
    pub(crate) request: LoadRequest,
    pub(crate) previous: Option<Checkpoint>,
}

/// How the load that a run does is meant.
struct Plan {
    mode: LoadMode,
    resume: bool,
    previous: Option<Checkpoint>,
}

impl Stream {
    /// Opens the source, asks every transform for its columns, and has the loader try the table.
    pub(crate) fn make_ready(&mut self) -> Result<Readiness, StageFailure> {
        let plan = self.plan().map_err(StageFailure::before(Stage::Load))?;
        if let Some(checkpoint) = self.unchanged(&plan).map_err(StageFailure::before(Stage::Load))? {
            return Ok(Readiness::Unchanged(checkpoint));
        }
        self.fill_request(&plan);
        let opened = self.extractor.open(&self.request).map_err(StageFailure::before(Stage::Extract))?;
        let request = LoadRequest {
            stream: self.name.clone(),
            table: self.target_table.clone(),
            mode: plan.mode,
            columns: self.columns_after_transforms(&opened.schema)?,
            key: opened.key,
            version: self.request.change_key.clone(),
            resume: plan.resume,
        };
        let ready = Ready { request, previous: plan.previous };
        self.prepare(&ready, false).map_err(StageFailure::before(Stage::Load))?;
        Ok(Readiness::Ready(Box::new(ready)))
    }

    /// What the checkpoint means for this run. A load that replaces the table goes on where it was
    /// interrupted only if the source is provably the same; a load that merges always can.
    fn plan(&mut self) -> Result<Plan, Failure> {
        let previous = lock(&self.target).checkpoint()?;
        let interrupted_replace = previous.as_ref().is_some_and(|c| !c.complete && c.mode == LoadMode::Replace);
        let replace = self.policy.full_refresh || self.request.method == Method::Full || interrupted_replace;
        if !replace {
            let resume = previous.is_some();
            return Ok(Plan { mode: LoadMode::Merge, resume, previous });
        }
        let resume = interrupted_replace && previous.as_ref().is_some_and(|c| self.is_same_snapshot(c));
        Ok(Plan { mode: LoadMode::Replace, resume, previous })
    }

    /// Whether the target already holds what this snapshot of the source would give.
    fn unchanged(&mut self, plan: &Plan) -> Result<Option<Checkpoint>, Failure> {
        let done = plan.previous.as_ref().filter(|c| c.complete && self.is_same_snapshot(c));
        if self.policy.full_refresh || done.is_none() {
            return Ok(None);
        }
        let table = lock(&self.target).describe(&self.target_table)?;
        Ok(table.and(done.cloned()))
    }

    /// Whether a checkpoint is of the very snapshot that is open now, through the same plugins.
    fn is_same_snapshot(&self, checkpoint: &Checkpoint) -> bool {
        checkpoint.source_version.is_some()
            && checkpoint.source_version == self.source_version
            && checkpoint.shape == self.shape
    }

    fn fill_request(&mut self, plan: &Plan) {
        let goes_on = plan.mode == LoadMode::Merge || plan.resume;
        if let Some(checkpoint) = plan.previous.as_ref().filter(|_| goes_on) {
            self.request.bookmark = Some(checkpoint.bookmark.clone());
            self.request.state = checkpoint.state.clone();
        }
    }

    fn columns_after_transforms(&mut self, input: &SchemaRef) -> Result<SchemaRef, StageFailure> {
        let mut columns = Arc::clone(input);
        for transform in &mut self.transforms {
            columns = transform.output_schema(&columns).map_err(StageFailure::before(Stage::Transform))?;
        }
        Ok(columns)
    }

    /// Lets the loader make the table ready, for good or only to see that it can.
    pub(crate) fn prepare(&mut self, ready: &Ready, for_good: bool) -> Result<(), Failure> {
        lock(&self.target).begin()?;
        let prepared = self.loader.prepare(&ready.request);
        let mut target = lock(&self.target);
        match prepared {
            Ok(_) if for_good => target.commit(),
            Ok(_) => target.rollback(),
            Err(failure) => {
                target.rollback()?;
                Err(failure)
            }
        }
    }
}
