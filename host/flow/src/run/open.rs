//! Opens a stream: every mistake that can be found before the first row is moved is found here, for all streams of a
//! run, before any of them writes.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, SchemaRef};

use crate::columns::MovedColumns;
use crate::definition::reaction::{reaction, refuse};
use crate::definition::{Definition, Impact, Reaction, column, columns_of, lost_columns};
use crate::failure::{Failure, Stage};
use crate::metadata::checkpoint::{Checkpoint, LoadMode};
use crate::metadata::{Lease, Ledger};
use crate::ports::extractor::{Method, Opened};
use crate::ports::loader::LoadRequest;
use crate::ports::target::TableDefinition;
use crate::ports::transform::{Call, Transform};
use crate::stages::transform::{check_stable_columns, hold_to_promise};
use crate::stream::Stream;
use crate::stream::context::{StageFailure, StreamContext};
use crate::stream::opened::{LoadPlan, OpenOutcome, OpenedStream, ReadyStream};
use crate::stream::policy::{Deletes, OnTrap};
use crate::stream::transaction::{in_transaction, lock};

impl Stream {
    /// Opens the stream: for a run, which takes its lease, or only to find its mistakes.
    pub(crate) fn open(&mut self, context: &StreamContext, for_run: bool) -> OpenOutcome {
        let ready = Err(StageFailure::before(Stage::Load)(Failure::permanent("the stream was not opened")));
        let mut outcome = OpenOutcome {
            ready,
            lease: None,
            columns: None,
            definition_changes: Vec::new(),
            schema_changes: Vec::new(),
        };
        outcome.ready = self.try_open(context, for_run, &mut outcome);
        outcome
    }

    /// Opens the source, asks every transform for its columns, and lets the loader try to prepare the table.
    fn try_open(
        &mut self,
        context: &StreamContext,
        for_run: bool,
        outcome: &mut OpenOutcome,
    ) -> Result<OpenedStream, StageFailure> {
        let at_load = StageFailure::before(Stage::Load);
        let mut plan = self.plan(context).map_err(&at_load)?;
        if let Some(checkpoint) = self.unchanged(&plan, context).map_err(&at_load)? {
            return Ok(OpenedStream::Unchanged(Box::new(checkpoint)));
        }
        if for_run {
            outcome.lease = Some(self.take_lease(context).map_err(&at_load)?);
            // Another run may have ended in the meantime.
            plan = self.plan(context).map_err(&at_load)?;
            if plan.damaged {
                self.skip_damaged(context, outcome.lease.as_ref()).map_err(&at_load)?;
            }
        }
        let table = lock(&self.target).describe(&self.target_table).map_err(&at_load)?;
        // A bookmark that has lost its meaning is not passed to the extractor.
        self.apply_definition_changes(&mut plan, None, outcome).map_err(&at_load)?;
        self.check_table_is_there(&plan, table.as_ref()).map_err(&at_load)?;
        let mut opened = self.open_source(&plan)?;
        if opened.key.is_empty() && self.policy.deletes == Deletes::Soft {
            let message = "rows without a key cannot be marked as deleted, for none can be found again";
            let failure = Failure::invalid_config(message);
            return Err(at_load(failure.advise("name columns that identify a row in `key`, or set another `deletes`")));
        }
        let columns = self.columns_after_transforms(&opened)?;
        (self.definition.key, self.definition.columns) = (opened.key.clone(), columns_of(&columns));
        if self.apply_definition_changes(&mut plan, table.as_ref(), outcome).map_err(&at_load)? {
            opened = self.open_source(&plan)?;
        }
        if self.request.window.is_some() {
            self.check_definition(context, &self.definition.columns).map_err(&at_load)?;
        }
        self.check_added_columns(context, &plan, table.as_ref()).map_err(&at_load)?;
        outcome.columns = Some(MovedColumns {
            read: opened.schema,
            written: Arc::clone(&columns),
            target: table.as_ref().map(|table| Arc::clone(&table.columns)),
            key: opened.key.clone(),
            options: self.definition.options.clone(),
        });
        let request = LoadRequest {
            stream: self.name.clone(),
            table: self.target_table.clone(),
            mode: plan.mode,
            columns,
            key: opened.key,
            // When rows are read again, they are the source's present ones, whatever their version.
            version: self.version().filter(|_| plan.mode != LoadMode::Reload),
            schema: self.policy.schema,
            resume: plan.resume,
        };
        let ready = ReadyStream { request, previous: plan.previous, table };
        outcome.schema_changes = self.prepare(&ready, None, false).map_err(at_load)?.schema_changes;
        Ok(OpenedStream::Ready(Box::new(ready)))
    }

    /// The column that says which of two versions of a row is newer, if not the one that is read later.
    pub(crate) fn version(&self) -> Option<String> {
        self.request.change_key.clone().filter(|_| !self.policy.later_read_wins)
    }

    pub(crate) fn take_lease(&self, context: &StreamContext) -> Result<Lease, Failure> {
        let lease = Lease {
            pipeline: context.pipeline.clone(),
            stream: self.name.clone(),
            run_id: context.run_id.clone(),
            holder: context.holder.clone(),
        };
        in_transaction(&self.target, None, || lease.acquire(lock(&self.target).sql(), &context.is_dead))?;
        Ok(lease)
    }

    /// Plans the load from the checkpoint. A load that replaces the table continues an interrupted one only if the
    /// source is provably the same, and if the extractor has a position to continue from; a load that merges always can.
    fn plan(&mut self, context: &StreamContext) -> Result<LoadPlan, Failure> {
        let ledger = Ledger { pipeline: &context.pipeline };
        let last = ledger.last_readable(lock(&self.target).sql(), &self.checkpoint_name)?;
        let (previous, damaged, was_reset) = match last {
            None => (None, false, false),
            Some(Ok(entry)) => (entry.checkpoint.clone(), false, entry.checkpoint.is_none()),
            // A full refresh needs no checkpoint.
            Some(Err(_)) if self.policy.full_refresh => (None, true, false),
            Some(Err(damaged)) => return Err(damaged.into()),
        };
        let interrupted = |mode| previous.as_ref().is_some_and(|c| !c.complete && c.mode == mode);
        let is_window = self.request.window.is_some();
        let whole = self.policy.full_refresh || self.request.method == Method::Full || interrupted(LoadMode::Replace);
        if whole && !is_window {
            let can_go_on = |c: &Checkpoint| !c.bookmark.0.is_empty() && self.is_same_snapshot(c);
            let resume = interrupted(LoadMode::Replace) && previous.as_ref().is_some_and(can_go_on);
            return Ok(LoadPlan { mode: LoadMode::Replace, resume, previous, damaged });
        }
        let reload = interrupted(LoadMode::Reload)
            || was_reset && !is_window && lock(&self.target).describe(&self.target_table)?.is_some();
        let mode = if reload { LoadMode::Reload } else { LoadMode::Merge };
        Ok(LoadPlan { mode, resume: previous.is_some(), previous, damaged })
    }

    /// Compares the stream with the definition that its checkpoint rests on, and adapts the plan to the differences.
    /// Returns true if the source must be opened again in another way. Fails if the run must not continue.
    fn apply_definition_changes(
        &self,
        plan: &mut LoadPlan,
        table: Option<&TableDefinition>,
        outcome: &mut OpenOutcome,
    ) -> Result<bool, Failure> {
        let Some(previous) = &plan.previous else { return Ok(false) };
        let changes = self.definition_changes(previous, table)?;
        if self.request.window.is_some() {
            // A window has no rows of its own to keep: it is read from its start.
            let again = plan.resume && changes.iter().any(|change| change.impact != Impact::None);
            if again {
                (plan.previous, plan.resume) = (None, false);
            }
            return Ok(again);
        }
        outcome.definition_changes.clone_from(&changes);
        let (mode, resume) = (plan.mode, plan.resume);
        match reaction(&changes) {
            Reaction::Tell => {}
            Reaction::Reload if plan.mode == LoadMode::Replace => plan.resume = false,
            Reaction::Reload => (plan.mode, plan.resume) = (LoadMode::Reload, false),
            Reaction::Replace => (plan.mode, plan.resume) = (LoadMode::Replace, false),
            Reaction::Fail => {
                let failing: Vec<_> = changes.into_iter().filter(|change| change.reaction == Reaction::Fail).collect();
                refuse(&self.name, &failing)?;
            }
        }
        Ok((plan.mode, plan.resume) != (mode, resume))
    }

    /// Returns the checkpoint if the target already holds the result of this snapshot of the source.
    fn unchanged(&mut self, plan: &LoadPlan, context: &StreamContext) -> Result<Option<Checkpoint>, Failure> {
        let done = plan.previous.as_ref().filter(|c| c.complete && self.is_same_snapshot(c));
        let Some(done) = done.filter(|_| !self.policy.full_refresh) else { return Ok(None) };
        let table = lock(&self.target).describe(&self.target_table)?;
        let has_all = |table: TableDefinition| {
            let definition = done.definition.as_ref();
            definition.is_none_or(|before| lost_columns(before, &before.columns, &table).is_empty())
        };
        // A comparison that broke off is done now, even if nothing has changed since.
        let is_done = table.is_some_and(has_all) && !self.has_comparison_left(context)?;
        Ok(is_done.then(|| done.clone()))
    }

    /// Returns whether a checkpoint is from the same snapshot that is open now, through the same plugins.
    fn is_same_snapshot(&self, checkpoint: &Checkpoint) -> bool {
        let same_definition = |definition: &Definition| definition.makes_same_rows(&self.definition);
        checkpoint.source_version.is_some()
            && checkpoint.source_version == self.source_version
            && checkpoint.definition.as_ref().is_some_and(same_definition)
    }

    /// Fails if the table was dropped: its rows up to the checkpoint would be missing without notice.
    fn check_table_is_there(&self, plan: &LoadPlan, table: Option<&TableDefinition>) -> Result<(), Failure> {
        if plan.mode == LoadMode::Replace || plan.previous.is_none() || table.is_some() {
            return Ok(());
        }
        Err(Failure::invalid_config(format!(
            "the table {} no longer exists, although the stream's checkpoint says that it was loaded: restore the \
             table, or load it again after `wmshost state reset`",
            self.target_table
        )))
    }

    /// Fails if the load would replace a table in which somebody has a column that the stream never wrote.
    fn check_added_columns(
        &self,
        context: &StreamContext,
        plan: &LoadPlan,
        table: Option<&TableDefinition>,
    ) -> Result<(), Failure> {
        let Some(table) = table.filter(|_| plan.mode == LoadMode::Replace) else { return Ok(()) };
        let names = table.columns.fields().iter().map(|field| field.name().as_str());
        let others: Vec<_> = names.filter(|name| column(&self.definition.columns, name).is_none()).collect();
        if others.is_empty() {
            return Ok(());
        }
        let ledger = Ledger { pipeline: &context.pipeline };
        let history = ledger.history(lock(&self.target).sql(), &self.name)?;
        let checkpoints = history.into_iter().filter_map(|entry| entry.ok()?.checkpoint);
        let known = checkpoints.filter_map(|checkpoint| checkpoint.definition);
        let known: Vec<_> = known.filter(|known| known.target_table == self.definition.target_table).collect();
        let was_ours = |name: &str| known.iter().any(|known| column(&known.columns, name).is_some());
        let added: Vec<_> = others.into_iter().filter(|name| !was_ours(name)).collect();
        if added.is_empty() || known.is_empty() {
            return Ok(());
        }
        Err(Failure::invalid_config(format!(
            "the stream never wrote the columns {} of the table {}, and replacing the table would lose their values; \
             nothing was changed",
            added.join(", "),
            self.target_table
        ))
        .advise("Keep them in a table of your own with the same key, or in a view, and drop them from this one"))
    }

    /// Adds a reset after a row of the ledger that cannot be read.
    fn skip_damaged(&self, context: &StreamContext, lease: Option<&Lease>) -> Result<(), Failure> {
        let ledger = Ledger { pipeline: &context.pipeline };
        in_transaction(&self.target, lease, || {
            let note = "the previous row cannot be read; a full refresh does not need it";
            ledger.reset(lock(&self.target).sql(), &self.checkpoint_name, note, &context.run_id).map(drop)
        })
    }

    /// Opens the source at the position where the load starts.
    fn open_source(&mut self, plan: &LoadPlan) -> Result<Opened, StageFailure> {
        let goes_on = plan.resume || plan.mode == LoadMode::Merge;
        let checkpoint = plan.previous.as_ref().filter(|_| goes_on);
        // The checkpoint at the start of a reload has no bookmark yet.
        let checkpoint = checkpoint.filter(|checkpoint| !checkpoint.bookmark.0.is_empty());
        self.request.bookmark = checkpoint.map(|checkpoint| checkpoint.bookmark.clone());
        self.request.state = checkpoint.map(|checkpoint| checkpoint.state.clone()).unwrap_or_default();
        let opened = self.open_extractor();
        let opened = opened.and_then(|opened| self.check_lookback(&opened).map(|()| opened));
        opened.map_err(StageFailure::before(Stage::Extract))
    }

    /// Opens the extractor. From then on the change key is spelled as the source spells it: databases do not distinguish
    /// the case of most names, and everything after the source does.
    pub(crate) fn open_extractor(&mut self) -> Result<Opened, Failure> {
        let opened = self.extractor.open(&self.request)?;
        let spelled = |name: String| {
            let mut fields = opened.schema.fields().iter();
            fields.find(|field| field.name().eq_ignore_ascii_case(&name)).map_or(name, |field| field.name().clone())
        };
        self.request.change_key = self.request.change_key.take().map(spelled);
        self.definition.change_key = self.definition.change_key.take().map(spelled);
        Ok(opened)
    }

    /// Fails unless the lookback is counted as the change key is: in time, or in versions.
    fn check_lookback(&self, opened: &Opened) -> Result<(), Failure> {
        let incremental = self.request.method == Method::Incremental && self.request.window.is_none();
        let Some(name) = self.request.change_key.as_ref().filter(|_| incremental) else { return Ok(()) };
        let Ok(field) = opened.schema.field_with_name(name) else { return Ok(()) };
        let is_version = *field.data_type() == DataType::Int64;
        let (kind, advice) = match (is_version, self.request.lookback_versions) {
            (true, None) => (
                "whole numbers, before which no time can be looked back",
                "set `lookback_versions`: how many versions before the last one may still be committed late; 0 for none",
            ),
            (false, Some(_)) => ("no whole numbers", "set `lookback`, a time, instead of `lookback_versions`"),
            _ => return Ok(()),
        };
        Err(Failure::invalid_config(format!("the change key {name} has {kind}")).advise(advice))
    }

    /// Returns the columns after all transforms. Each transform is tried on a batch without rows, so that its output
    /// columns are known before the first row is moved.
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

    /// Refuses an operation that processes rows out of order if a transform keeps state between batches.
    pub(crate) fn check_stateless(&self, done: &str) -> Result<(), StageFailure> {
        let Some(transform) = self.transforms.iter().find(|transform| transform.keeps_state()) else { return Ok(()) };
        let failure = Failure::invalid_config(format!(
            "plugin {} keeps state from batch to batch, so that its rows cannot be {done}: the result would differ",
            transform.plugin()
        ));
        let advice = "Load the stream again by `wmshost run --full-refresh`";
        Err(StageFailure::before(Stage::Transform)(failure.advise(advice)))
    }
}

/// Returns the output columns of a transform for these columns: it promises them, and keeps its promise for a batch
/// without rows.
pub(super) fn try_transform(
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
    // The new instance has not seen the empty batch.
    transform.renew()?;
    Ok(promised)
}

/// Refuses `retry` and `quarantine` for a transform that keeps state: its instance cannot be replaced within a stream.
pub(super) fn refuse_state(transform: &dyn Transform, on_trap: OnTrap) -> Result<(), Failure> {
    if on_trap == OnTrap::Fail || !transform.keeps_state() {
        return Ok(());
    }
    Err(Failure::invalid_config(
        "the plugin keeps state from batch to batch, so that a fresh instance cannot replace it: on_trap must be \
         \"fail_run\"",
    )
    .at(transform.plugin(), "keeps-state"))
}
