//! Making a stream ready: everything that can be wrong with it before the first row moves is found here, for all
//! streams of a run, before any of them writes.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::change::{check_stable_columns, hold_to_promise, type_name};
use crate::checkpoint::{Checkpoint, LoadMode};
use crate::extract::{Method, Opened};
use crate::failure::{Failure, Stage};
use crate::house::{Lease, Ledger};
use crate::load::LoadRequest;
use crate::policy::{Deletes, OnTrap};
use crate::stream::{StageFailure, Stream, StreamContext, in_transaction, lock};
use crate::target::TableDefinition;
use crate::transform::{Call, Transform};

/// What a look at both ends of a stream found.
pub(crate) enum Readiness {
    /// The target holds already what this snapshot of the source would give.
    Unchanged(Checkpoint),
    /// There may be something to do.
    Ready(Box<Ready>),
}

/// A stream that was opened, well or not, and the lease that it took.
pub(crate) struct Opening {
    pub(crate) ready: Result<Readiness, StageFailure>,
    pub(crate) lease: Option<Lease>,
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
    /// Opens the stream: for a run, which takes its lease, or only to see what is wrong with it.
    pub(crate) fn open(&mut self, context: &StreamContext, for_run: bool) -> Opening {
        let mut lease = None;
        let ready = self.make_ready(context, for_run.then_some(&mut lease));
        Opening { ready, lease }
    }

    /// Opens the source, asks every transform for its columns, and has the loader try the table.
    fn make_ready(
        &mut self,
        context: &StreamContext,
        lease: Option<&mut Option<Lease>>,
    ) -> Result<Readiness, StageFailure> {
        let at_load = StageFailure::before(Stage::Load);
        let mut plan = self.plan(context).map_err(&at_load)?;
        if let Some(checkpoint) = self.unchanged(&plan, context).map_err(&at_load)? {
            return Ok(Readiness::Unchanged(checkpoint));
        }
        if let Some(lease) = lease {
            *lease = Some(self.take_lease(context).map_err(&at_load)?);
            let before = plan.previous;
            plan = self.plan(context).map_err(&at_load)?;
            if plan.previous != before {
                // Another run has ended in between: its rows may be newer than this run's snapshot of the source, and
                // would look like rows that are gone. The comparison stays due.
                self.reconcile = None;
            }
        }
        self.check_table_is_there(&plan).map_err(&at_load)?;
        self.fill_request(&plan);
        let opened = self.extractor.open(&self.request).map_err(StageFailure::before(Stage::Extract))?;
        let request = LoadRequest {
            stream: self.name.clone(),
            table: self.target_table.clone(),
            mode: plan.mode,
            columns: self.columns_after_transforms(&opened)?,
            key: opened.key,
            version: self.request.change_key.clone(),
            schema: self.policy.schema,
            resume: plan.resume,
        };
        let ready = Ready { request, previous: plan.previous };
        self.prepare(&ready.request, None, false).map_err(at_load)?;
        Ok(Readiness::Ready(Box::new(ready)))
    }

    pub(crate) fn take_lease(&self, context: &StreamContext) -> Result<Lease, Failure> {
        let lease = Lease {
            pipeline: context.pipeline.clone(),
            stream: self.name.clone(),
            run_id: context.run_id.clone(),
            holder: context.holder.clone(),
        };
        in_transaction(&self.target, None, || lease.acquire(lock(&self.target).sql(), &context.is_gone))?;
        Ok(lease)
    }

    /// What the checkpoint means for this run. A load that replaces the table goes on where it was
    /// interrupted only if the source is provably the same; a load that merges always can.
    fn plan(&mut self, context: &StreamContext) -> Result<Plan, Failure> {
        let ledger = Ledger { pipeline: &context.pipeline };
        let previous = ledger.checkpoint(lock(&self.target).sql(), &self.kept_as)?;
        let interrupted_replace = previous.as_ref().is_some_and(|c| !c.complete && c.mode == LoadMode::Replace);
        let is_window = self.request.window.is_some();
        let whole = self.policy.full_refresh || self.request.method == Method::Full || interrupted_replace;
        let replace = whole && !is_window;
        if !replace {
            let resume = previous.is_some();
            return Ok(Plan { mode: LoadMode::Merge, resume, previous });
        }
        let resume = interrupted_replace && previous.as_ref().is_some_and(|c| self.is_same_snapshot(c));
        Ok(Plan { mode: LoadMode::Replace, resume, previous })
    }

    /// Whether the target already holds what this snapshot of the source would give.
    fn unchanged(&mut self, plan: &Plan, context: &StreamContext) -> Result<Option<Checkpoint>, Failure> {
        let done = plan.previous.as_ref().filter(|c| c.complete && self.is_same_snapshot(c));
        if self.policy.full_refresh || done.is_none() {
            return Ok(None);
        }
        let has_comparison_left = self.has_comparison_left(context)?;
        let table = lock(&self.target).describe(&self.target_table)?;
        // A comparison that broke off is made up for, also where nothing has changed since.
        Ok(table.and(done.cloned()).filter(|_| !has_comparison_left))
    }

    /// Whether a checkpoint is of the very snapshot that is open now, through the same plugins.
    fn is_same_snapshot(&self, checkpoint: &Checkpoint) -> bool {
        checkpoint.source_version.is_some()
            && checkpoint.source_version == self.source_version
            && checkpoint.shape == self.shape
    }

    /// A table that is gone takes with it what the checkpoint says is there: going on would lose it silently.
    fn check_table_is_there(&self, plan: &Plan) -> Result<(), Failure> {
        if plan.mode != LoadMode::Merge || plan.previous.is_none() {
            return Ok(());
        }
        match lock(&self.target).describe(&self.target_table)? {
            Some(_) => Ok(()),
            None => Err(Failure::invalid_config(format!(
                "the table {} is gone, and the stream's checkpoint says that it was loaded: put the table back, or load \
                 it anew after `wmshost state reset`",
                self.target_table
            ))),
        }
    }

    fn fill_request(&mut self, plan: &Plan) {
        let goes_on = plan.mode == LoadMode::Merge || plan.resume;
        if let Some(checkpoint) = plan.previous.as_ref().filter(|_| goes_on) {
            self.request.bookmark = Some(checkpoint.bookmark.clone());
            self.request.state = checkpoint.state.clone();
        }
    }

    /// The columns behind all transforms. Each transform is tried on a batch without rows, so that what it makes of the
    /// columns is seen before the first row moves.
    pub(crate) fn columns_after_transforms(&mut self, opened: &Opened) -> Result<SchemaRef, StageFailure> {
        let mut columns = Arc::clone(&opened.schema);
        let version = self.request.change_key.as_deref();
        for transform in &mut self.transforms {
            let made = try_transform(transform.as_mut(), &columns, &opened.key, version);
            let made = made.and_then(|made| refuse_state(transform.as_ref(), self.policy.on_trap).map(|()| made));
            columns = made.map_err(StageFailure::before(Stage::Transform))?;
        }
        Ok(columns)
    }

    /// Refuses what takes rows out of the order of the stream, where a transform remembers what came before.
    pub(crate) fn check_stateless(&self, done: &str) -> Result<(), StageFailure> {
        let Some(transform) = self.transforms.iter().find(|transform| transform.keeps_state()) else { return Ok(()) };
        Err(StageFailure::before(Stage::Transform)(Failure::invalid_config(format!(
            "plugin {} keeps state from batch to batch, so that its rows cannot be {done}: it would not make the same of \
             them. Load the stream again by `wmshost run --full-refresh`",
            transform.plugin()
        ))))
    }

    /// Lets the loader make the table ready, for good or only to see that it can; tells what changes of the table's
    /// columns.
    pub(crate) fn prepare(
        &mut self,
        request: &LoadRequest,
        lease: Option<&Lease>,
        for_good: bool,
    ) -> Result<Vec<String>, Failure> {
        lock(&self.target).begin()?;
        let prepared = self.prepare_within(request, lease);
        let mut target = lock(&self.target);
        if prepared.is_ok() && for_good {
            target.commit()?;
        } else {
            target.rollback()?;
        }
        prepared
    }

    fn prepare_within(&mut self, request: &LoadRequest, lease: Option<&Lease>) -> Result<Vec<String>, Failure> {
        let target = |stream: &Self| lock(&stream.target).describe(&request.table);
        if let Some(lease) = lease {
            lease.renew(lock(&self.target).sql())?;
        }
        let before = target(self)?;
        self.loader.prepare(request)?;
        if self.policy.deletes == Deletes::Mark {
            lock(&self.target).keep_deleted(&request.table)?;
        }
        let after = target(self)?;
        Ok(schema_changes(before.as_ref(), after.as_ref(), &request.columns))
    }
}

/// The columns that a transform makes of these: it promises them, and keeps that promise for a batch without rows.
fn try_transform(
    transform: &mut dyn Transform,
    columns: &SchemaRef,
    key: &[String],
    version: Option<&str>,
) -> Result<SchemaRef, Failure> {
    let promised = transform.output_schema(columns)?;
    let plugin = transform.plugin().to_owned();
    check_stable_columns(columns, &promised, key, version).map_err(|failure| failure.at(&plugin, "output-schema"))?;
    let call = Call { batch: 0, time: transform.call_time(), is_probe: false };
    let made = transform.process(RecordBatch::new_empty(Arc::clone(columns)), &call);
    made.and_then(|made| hold_to_promise(&promised, made.rows, key))
        .map_err(|failure| failure.at(&plugin, "process").within("a batch without rows"))?;
    // It remembers no batch that was none.
    transform.renew()?;
    Ok(promised)
}

/// A transform that remembers batches cannot be replaced in the midst of a stream, which `retry` and `quarantine` do.
fn refuse_state(transform: &dyn Transform, on_trap: OnTrap) -> Result<(), Failure> {
    if on_trap == OnTrap::Fail || !transform.keeps_state() {
        return Ok(());
    }
    Err(Failure::invalid_config(
        "the plugin keeps state from batch to batch, so that no fresh instance can go on in its place: on_trap must be \
         \"fail_run\"",
    )
    .at(transform.plugin(), "keeps-state"))
}

/// What changed of a table that was there, in words, and what it has that no longer comes.
fn schema_changes(
    before: Option<&TableDefinition>,
    after: Option<&TableDefinition>,
    coming: &SchemaRef,
) -> Vec<String> {
    let (Some(before), Some(after)) = (before, after) else { return Vec::new() };
    let mut changes = Vec::new();
    for field in after.columns.fields() {
        match before.columns.field_with_name(field.name()) {
            Err(_) => changes.push(format!("{} was added ({})", field.name(), type_name(field.data_type()))),
            Ok(old) if old.data_type() != field.data_type() => {
                let (old, new) = (type_name(old.data_type()), type_name(field.data_type()));
                changes.push(format!("{} went from {old} to {new}", field.name()));
            }
            Ok(_) if coming.field_with_name(field.name()).is_err() => {
                changes.push(format!("{} no longer comes from the source", field.name()));
            }
            Ok(_) => {}
        }
    }
    for field in coming.fields() {
        if after.columns.field_with_name(field.name()).is_err() {
            changes.push(format!("{} is left out ({})", field.name(), type_name(field.data_type())));
        }
    }
    changes
}
