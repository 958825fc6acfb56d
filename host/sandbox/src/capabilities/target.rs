//! Writing the table of the stream. The session knows which table is granted and refuses any other; the flow has begun
//! the transaction and will commit it. The session does not know the mode and the key of this load, so [`LoadPolicy`]
//! enforces these.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use wasmtime::component::{HasData, Resource};
use wmshost_flow::{Failure, MergeRule, SharedTarget, TableDefinition, TargetSession, WriteStats};

use super::{HostResult, LogMeter, into_guest};
use crate::bindings::target::{self as wit, Host};
use crate::bindings::types::Column;
use crate::checks::check_key;
use crate::columns::PluginBatch;
use crate::convert::{columns_from_wit, columns_to_wit};
use crate::handles::Handles;
use crate::limits::CallTimer;
use crate::load_policy::{LoadPolicy, Phase};

/// The capability `target`. It sees a [`TargetView`] and nothing else.
pub(crate) struct Target;

impl HasData for Target {
    type Data<'a> = TargetView<'a>;
}

/// The capability's context in an instance.
pub(crate) struct TargetCtx {
    /// The granted target; `None` in other worlds than the loader's.
    pub(crate) session: Option<SharedTarget>,
    /// The counts of the current call.
    pub(crate) counts: WriteStats,
    /// The rules that the current load must follow.
    pub(crate) policy: Option<LoadPolicy>,
    /// The most columns of a table.
    most_columns: usize,
    meter: Arc<LogMeter>,
}

impl TargetCtx {
    /// Without a target yet.
    pub(crate) fn new(most_columns: usize, meter: Arc<LogMeter>) -> Self {
        Self { session: None, counts: WriteStats::default(), policy: None, most_columns, meter }
    }
}

/// The capability's context with the batches that it writes.
pub(crate) struct TargetView<'a> {
    pub(crate) ctx: &'a mut TargetCtx,
    pub(crate) handles: &'a mut Handles,
    pub(crate) timer: &'a mut CallTimer,
}

impl TargetView<'_> {
    /// Asks the rules of the current load; a refusal is audited.
    fn allowed(&self, check: impl FnOnce(&LoadPolicy) -> Result<(), Failure>) -> Result<(), Failure> {
        let policy = self.ctx.policy.as_ref().ok_or_else(|| Failure::denied("no load is under way"));
        self.ctx.meter.audited(policy.and_then(check))
    }

    /// Works on the target, and counts the time as the host's.
    fn with_target<T>(
        &mut self,
        work: impl FnOnce(&mut dyn TargetSession) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let from = Instant::now();
        let Some(session) = &self.ctx.session else {
            return Err(Failure::denied("no target is granted here"));
        };
        let done = work(session.lock().unwrap_or_else(PoisonError::into_inner).as_mut());
        self.timer.host_worked(from);
        self.ctx.meter.audited(done)
    }

    /// Writes rows and counts them.
    fn write_rows(
        &mut self,
        table: &str,
        write: impl FnOnce(&mut dyn TargetSession) -> Result<WriteStats, Failure>,
    ) -> Result<(), Failure> {
        self.allowed(|policy| policy.check_written(table))?;
        let counts = self.with_target(write)?;
        self.ctx.counts += counts;
        Ok(())
    }

    fn definition(&self, table: wit::Definition) -> Result<TableDefinition, Failure> {
        let columns = columns_from_wit(table.columns, self.ctx.most_columns)?;
        check_key(&table.key, &columns)?;
        Ok(TableDefinition { name: table.name, columns, key: table.key })
    }
}

impl Host for TargetView<'_> {
    fn describe(&mut self, table: String) -> HostResult<Option<wit::Definition>> {
        let found = self.with_target(|target| target.describe(&table));
        into_guest(found.and_then(|table| {
            let Some(table) = table else { return Ok(None) };
            let columns = columns_to_wit(table.columns.fields())?;
            Ok(Some(wit::Definition { name: table.name, columns, key: table.key }))
        }))
    }

    fn create(&mut self, table: wit::Definition) -> HostResult<()> {
        let table = self.definition(table);
        into_guest(table.and_then(|table| self.with_target(|target| target.create(&table))))
    }

    fn add_columns(&mut self, table: String, columns: Vec<Column>) -> HostResult<()> {
        let columns = columns_from_wit(columns, self.ctx.most_columns);
        into_guest(columns.and_then(|c| self.with_target(|target| target.add_columns(&table, &c))))
    }

    fn widen_columns(&mut self, table: String, columns: Vec<Column>) -> HostResult<()> {
        let columns = columns_from_wit(columns, self.ctx.most_columns);
        into_guest(columns.and_then(|c| self.with_target(|target| target.widen_columns(&table, &c))))
    }

    fn insert(&mut self, table: String, rows: Resource<PluginBatch>) -> HostResult<()> {
        let rows = self.handles.get(&rows)?.record_batch();
        into_guest(rows.and_then(|rows| self.write_rows(&table, |target| target.insert(&table, &rows))))
    }

    fn merge(&mut self, table: String, rows: Resource<PluginBatch>, rule: wit::MergeRule) -> HostResult<()> {
        let rows = self.handles.get(&rows)?.record_batch();
        let rule = MergeRule { key: rule.key, version: rule.version };
        let allowed = self.allowed(|policy| policy.check_merge(&rule));
        into_guest(
            allowed.and(rows).and_then(|rows| self.write_rows(&table, |target| target.merge(&table, &rows, &rule))),
        )
    }

    fn stage(&mut self, table: wit::Definition, resume: bool) -> HostResult<String> {
        let allowed = self.allowed(|policy| policy.check_step("staging", Phase::Prepare));
        let table = allowed.and_then(|()| self.definition(table));
        into_guest(table.and_then(|table| self.with_target(|target| target.stage(&table, resume))))
    }

    fn swap(&mut self, table: String) -> HostResult<()> {
        let allowed = self.allowed(|policy| policy.check_step("swapping", Phase::Finish));
        let counts = allowed.and_then(|()| self.with_target(|target| target.swap(&table)));
        into_guest(counts.map(|counts| {
            self.ctx.counts += counts;
            self.ctx.policy.as_mut().map(LoadPolicy::swap);
        }))
    }
}
