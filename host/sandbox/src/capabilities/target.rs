//! Writing the table of the stream. The session knows which table is granted and refuses any other; the flow
//! has begun the transaction and will commit it.

use std::sync::PoisonError;
use std::time::Instant;

use wasmtime::component::Resource;
use wmshost_flow::{Counts, Failure, MergeRule, TableDefinition, TargetSession};

use super::{Answer, answer};
use crate::bindings::target::{self as wit, Host};
use crate::bindings::types::Column;
use crate::columns::PluginBatch;
use crate::convert::{columns_from_wit, columns_to_wit};
use crate::guest::Guest;

impl Guest {
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

    fn count(&mut self, counts: Result<Counts, Failure>) -> Answer<()> {
        answer(counts.map(|counts| self.counts += counts))
    }
}

fn definition(table: wit::Definition) -> Result<TableDefinition, Failure> {
    Ok(TableDefinition { name: table.name, columns: columns_from_wit(table.columns)?, key: table.key })
}

impl Host for Guest {
    fn describe(&mut self, table: String) -> Answer<Option<wit::Definition>> {
        let found = self.with_target(|target| target.describe(&table));
        answer(found.and_then(|table| {
            let Some(table) = table else { return Ok(None) };
            let columns = columns_to_wit(table.columns.fields())?;
            Ok(Some(wit::Definition { name: table.name, columns, key: table.key }))
        }))
    }

    fn create(&mut self, table: wit::Definition) -> Answer<()> {
        let table = definition(table);
        answer(table.and_then(|table| self.with_target(|target| target.create(&table))))
    }

    fn add_columns(&mut self, table: String, columns: Vec<Column>) -> Answer<()> {
        let columns = columns_from_wit(columns);
        answer(columns.and_then(|c| self.with_target(|target| target.add_columns(&table, &c))))
    }

    fn widen_columns(&mut self, table: String, columns: Vec<Column>) -> Answer<()> {
        let columns = columns_from_wit(columns);
        answer(columns.and_then(|c| self.with_target(|target| target.widen_columns(&table, &c))))
    }

    fn insert(&mut self, table: String, rows: Resource<PluginBatch>) -> Answer<()> {
        let rows = self.table.get(&rows)?.record_batch();
        let counts = rows.and_then(|rows| self.with_target(|target| target.insert(&table, &rows)));
        self.count(counts)
    }

    fn merge(&mut self, table: String, rows: Resource<PluginBatch>, rule: wit::MergeRule) -> Answer<()> {
        let rows = self.table.get(&rows)?.record_batch();
        let rule = MergeRule { key: rule.key, version: rule.version };
        let counts = rows.and_then(|rows| self.with_target(|target| target.merge(&table, &rows, &rule)));
        self.count(counts)
    }

    fn stage(&mut self, table: wit::Definition, resume: bool) -> Answer<String> {
        let table = definition(table);
        answer(table.and_then(|table| self.with_target(|target| target.stage(&table, resume))))
    }

    fn swap(&mut self, table: String) -> Answer<()> {
        let counts = self.with_target(|target| target.swap(&table));
        self.count(counts)
    }
}
