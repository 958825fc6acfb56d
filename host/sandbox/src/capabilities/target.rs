//! Writing the table of the stream. The session knows which table is granted and refuses any other; the flow has begun
//! the transaction and will commit it. The session does not know the mode and the key of this load, so these are
//! enforced here: a loader that merges by another key or bypasses the staged table would lose rows silently.

use std::sync::PoisonError;
use std::time::Instant;

use wasmtime::component::Resource;
use wmshost_flow::{
    Failure, LoadMode, LoadRequest, MergeRule, NewColumns, STAGED_SUFFIX, TableDefinition, TargetSession, WriteStats,
};

use super::{HostResult, into_guest};
use crate::bindings::target::{self as wit, Host};
use crate::bindings::types::Column;
use crate::columns::PluginBatch;
use crate::convert::{check_key, columns_from_wit, columns_to_wit};
use crate::instance_state::InstanceState;

/// The phase of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The table is made ready.
    Prepare,
    /// Batches are written.
    Load,
    /// The result is put in place.
    Finish,
}

/// The rules that a load must follow.
pub(crate) struct LoadPolicy {
    table: String,
    mode: LoadMode,
    key: Vec<String>,
    version: Option<String>,
    /// True if columns may be left out.
    pub(crate) may_drop: bool,
    pub(crate) phase: Phase,
    swapped: bool,
}

impl LoadPolicy {
    pub(crate) fn of(request: &LoadRequest) -> Self {
        let (table, key, version) = (request.table.clone(), request.key.clone(), request.version.clone());
        let may_drop = request.schema.new_columns == NewColumns::Discard;
        Self { table, mode: request.mode, key, version, may_drop, phase: Phase::Prepare, swapped: false }
    }

    fn check_merge(&self, rule: &MergeRule) -> Result<(), Failure> {
        if rule.key == self.key && rule.version == self.version {
            return Ok(());
        }
        let version = self.version.as_deref().unwrap_or("none");
        Err(Failure::permanent(format!(
            "the merge rule differs from the stream's: key ({}), version {version}",
            self.key.join(", ")
        )))
    }

    /// Staging is allowed in `prepare` only, swapping in `finish` only, and both only in loads that replace the table.
    fn check_step(&self, what: &str, phase: Phase) -> Result<(), Failure> {
        if self.mode == LoadMode::Replace && self.phase == phase {
            return Ok(());
        }
        let place = if phase == Phase::Prepare { "prepare" } else { "finish" };
        Err(Failure::denied(format!("{what} is for {place}, in a load that replaces the table")))
    }

    /// The rows of a load that replaces go into the staged table, those of others into the table. The session refuses
    /// any third table.
    fn check_written(&self, table: &str) -> Result<(), Failure> {
        let (wrong, wanted) = match self.mode {
            LoadMode::Replace => (self.table.clone(), "the staged table"),
            _ => (format!("{}{STAGED_SUFFIX}", self.table), "the table"),
        };
        if table.eq_ignore_ascii_case(&wrong) {
            return Err(Failure::permanent(format!("the rows of this load go into {wanted}")));
        }
        Ok(())
    }

    fn swap(&mut self) {
        self.swapped = true;
    }

    /// Fails if staged rows are not in place at the end.
    pub(crate) fn check_finished(&self) -> Result<(), Failure> {
        if self.mode == LoadMode::Replace && !self.swapped {
            return Err(Failure::permanent("it finished without a swap; the rows are still in the staged table"));
        }
        Ok(())
    }
}

impl InstanceState {
    fn rules(&self) -> Result<&LoadPolicy, Failure> {
        self.rules.as_ref().ok_or_else(|| Failure::denied("no load is under way"))
    }

    /// Works on the target, and counts the time as the host's.
    fn with_target<T>(
        &mut self,
        work: impl FnOnce(&mut dyn TargetSession) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let from = Instant::now();
        let Some(target) = &self.target else {
            return Err(Failure::denied("no target is granted here"));
        };
        let done = work(target.lock().unwrap_or_else(PoisonError::into_inner).as_mut());
        self.timer.host_worked(from);
        done
    }

    /// Writes rows and counts them.
    fn write_rows(
        &mut self,
        table: &str,
        write: impl FnOnce(&mut dyn TargetSession) -> Result<WriteStats, Failure>,
    ) -> Result<(), Failure> {
        self.rules()?.check_written(table)?;
        let counts = self.with_target(write)?;
        self.counts += counts;
        Ok(())
    }

    fn definition(&self, table: wit::Definition) -> Result<TableDefinition, Failure> {
        let columns = columns_from_wit(table.columns, self.limits.batch_columns)?;
        check_key(&table.key, &columns)?;
        Ok(TableDefinition { name: table.name, columns, key: table.key })
    }
}

impl Host for InstanceState {
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
        let columns = columns_from_wit(columns, self.limits.batch_columns);
        into_guest(columns.and_then(|c| self.with_target(|target| target.add_columns(&table, &c))))
    }

    fn widen_columns(&mut self, table: String, columns: Vec<Column>) -> HostResult<()> {
        let columns = columns_from_wit(columns, self.limits.batch_columns);
        into_guest(columns.and_then(|c| self.with_target(|target| target.widen_columns(&table, &c))))
    }

    fn insert(&mut self, table: String, rows: Resource<PluginBatch>) -> HostResult<()> {
        let rows = self.table.get(&rows)?.record_batch();
        into_guest(rows.and_then(|rows| self.write_rows(&table, |target| target.insert(&table, &rows))))
    }

    fn merge(&mut self, table: String, rows: Resource<PluginBatch>, rule: wit::MergeRule) -> HostResult<()> {
        let rows = self.table.get(&rows)?.record_batch();
        let rule = MergeRule { key: rule.key, version: rule.version };
        let allowed = self.rules().and_then(|rules| rules.check_merge(&rule));
        into_guest(
            allowed.and(rows).and_then(|rows| self.write_rows(&table, |target| target.merge(&table, &rows, &rule))),
        )
    }

    fn stage(&mut self, table: wit::Definition, resume: bool) -> HostResult<String> {
        let allowed = self.rules().and_then(|rules| rules.check_step("staging", Phase::Prepare));
        let table = allowed.and_then(|()| self.definition(table));
        into_guest(table.and_then(|table| self.with_target(|target| target.stage(&table, resume))))
    }

    fn swap(&mut self, table: String) -> HostResult<()> {
        let allowed = self.rules().and_then(|rules| rules.check_step("swapping", Phase::Finish));
        let counts = allowed.and_then(|()| self.with_target(|target| target.swap(&table)));
        into_guest(counts.map(|counts| {
            self.counts += counts;
            self.rules.as_mut().map(LoadPolicy::swap);
        }))
    }
}
