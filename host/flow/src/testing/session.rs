//! A session of a target in memory: plain SQL, and the rows of a stream.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use wmshost_sql::{Dialect, Value};

use super::clock::FakeClock;
use super::database::{Database, Given, MemoryTable, Row, compare};
use super::statement::parse;
use crate::failure::Failure;
use crate::metadata::STAGED_SUFFIX;
use crate::ports::clock::{Clock as _, Micros};
use crate::ports::sql::{Sql, SqlSession, StatementLimit};
use crate::ports::target::{MergeRule, Refused, Removal, TableDefinition, TargetSession, WriteStats};
use crate::rows::cell_json::plain_value;

/// The state that all sessions share.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) database: Database,
    /// The database as it was before the open transaction.
    before: Option<Database>,
    /// The operations to come that fail.
    pub(super) faults: Vec<Fault>,
    /// The ids of rows that the target refuses.
    pub(super) refuses: BTreeSet<i64>,
    /// The operations so far.
    pub(super) operations: Vec<String>,
}

/// An operation that fails.
pub(super) struct Fault {
    /// The beginning of its text.
    pub(super) beginning: String,
    /// The number of such operations that succeed before it.
    pub(super) after: usize,
    pub(super) failure: Failure,
}

impl Shared {
    /// Records an operation, and fails if a fault is waiting for it.
    fn operate(&mut self, operation: &str) -> Result<(), Failure> {
        self.operations.push(operation.to_owned());
        match self.faults.iter().position(|fault| operation.starts_with(fault.beginning.as_str())) {
            Some(at) if self.faults[at].after == 0 => Err(self.faults.remove(at).failure),
            Some(at) => {
                self.faults[at].after -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// A session. One transaction is open at a time; a second session that begins one fails instead of waiting.
pub(crate) struct MemorySession {
    shared: Arc<Mutex<Shared>>,
    clock: Arc<FakeClock>,
    is_open: bool,
    refused: Vec<Refused>,
}

impl MemorySession {
    /// Returns a session over this state.
    pub(super) fn new(shared: Arc<Mutex<Shared>>, clock: Arc<FakeClock>) -> Self {
        Self { shared, clock, is_open: false, refused: Vec::new() }
    }

    /// Begins an operation: it is recorded, and fails if a fault is waiting for it.
    fn operate(&self, operation: &str) -> Result<MutexGuard<'_, Shared>, Failure> {
        let mut shared = self.shared.lock().expect("a target");
        shared.operate(operation).map(|()| shared)
    }

    /// Returns the time in seconds.
    fn now(&self) -> i64 {
        self.clock.now() / 1_000_000
    }

    fn start(&mut self) -> Result<(), Failure> {
        let mut shared = self.operate("begin")?;
        if shared.before.is_some() {
            return Err(Failure::transient("another transaction is open"));
        }
        shared.before = Some(shared.database.clone());
        drop(shared);
        self.is_open = true;
        Ok(())
    }

    fn end(&mut self) -> Result<(), Failure> {
        assert!(self.is_open, "a commit without a transaction");
        let committed = self.operate("commit").map(|mut shared| shared.before = None);
        match &committed {
            Ok(()) => self.is_open = false,
            Err(_) => self.undo()?,
        }
        committed
    }

    fn undo(&mut self) -> Result<(), Failure> {
        assert!(self.is_open, "a rollback without a transaction");
        let mut shared = self.operate("rollback")?;
        shared.database = shared.before.take().expect("the state before the transaction");
        drop(shared);
        self.is_open = false;
        Ok(())
    }

    fn run(&self, statement: &str, parameters: &[Value]) -> Result<(Vec<Row>, u64), Failure> {
        let mut shared = self.operate(statement)?;
        let now = self.now();
        shared.database.run(&parse(statement), Given { parameters, now })
    }

    /// Writes rows one by one, by `write`; those that the target refuses are recorded and left out.
    fn write(
        &mut self,
        operation: &str,
        table: &str,
        rows: &RecordBatch,
        write: impl Fn(&mut MemoryTable, Row, &mut WriteStats) -> Result<(), Failure>,
    ) -> Result<WriteStats, Failure> {
        assert!(self.is_open, "rows are written without a transaction");
        let mut refused = Vec::new();
        let mut shared = self.operate(operation)?;
        let refuses = shared.refuses.clone();
        let table = shared.database.table_mut(table)?;
        let mut stats = WriteStats::default();
        for at in 0..rows.num_rows() {
            let row = row_for(table, rows, at);
            if matches!(row[table.place("id")], Value::Int64(id) if refuses.contains(&id)) {
                stats.rejected += 1;
                refused.push(Refused { row: at, rule: "refused".to_owned(), reason: "as the test says".to_owned() });
            } else {
                write(table, row, &mut stats)?;
            }
        }
        drop(shared);
        self.refused.extend(refused);
        Ok(stats)
    }
}

impl Drop for MemorySession {
    fn drop(&mut self) {
        if self.is_open {
            // A panic of a test must not become an abort.
            let _ = self.undo();
        }
    }
}

/// Returns a row of a batch in the order of a table's columns; columns that the batch lacks are NULL.
fn row_for(table: &MemoryTable, rows: &RecordBatch, at: usize) -> Row {
    let value = |name: &String| {
        let Some(column) = rows.column_by_name(name) else { return Value::Null };
        match column.data_type() {
            DataType::Int64 if column.is_valid(at) => Value::Int64(column.as_primitive::<Int64Type>().value(at)),
            _ => plain_value(column.as_ref(), at).map_or(Value::Null, Value::Text),
        }
    };
    table.columns.iter().map(value).collect()
}

impl Sql for MemorySession {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, Failure> {
        self.run(statement, parameters).map(|(_, changed)| changed)
    }

    fn execute_many(&mut self, statement: &str, rows: &[Vec<Value>]) -> Result<u64, Failure> {
        let mut shared = self.operate(statement)?;
        let (now, parsed) = (self.now(), parse(statement));
        let mut changed = 0;
        for parameters in rows {
            changed += shared.database.run(&parsed, Given { parameters, now })?.1;
        }
        Ok(changed)
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Vec<Row>, Failure> {
        // The database in memory has no triggers.
        if statement.contains("'trigger'") {
            return Ok(Vec::new());
        }
        self.run(statement, parameters).map(|(rows, _)| rows)
    }

    fn columns(&mut self, _: &str) -> Result<Vec<(String, String)>, Failure> {
        Err(Failure::permanent("the database in memory does not know the columns of a query"))
    }
}

impl SqlSession for MemorySession {
    fn begin(&mut self) -> Result<(), Failure> {
        self.start()
    }

    fn commit(&mut self) -> Result<(), Failure> {
        self.end()
    }

    fn rollback(&mut self) -> Result<(), Failure> {
        self.undo()
    }

    fn limit_statements(&mut self, _limit: &StatementLimit) -> Result<(), Failure> {
        Ok(())
    }
}

impl TargetSession for MemorySession {
    fn begin(&mut self) -> Result<(), Failure> {
        self.start()
    }

    fn commit(&mut self) -> Result<(), Failure> {
        self.end()
    }

    fn rollback(&mut self) -> Result<(), Failure> {
        self.undo()
    }

    fn spell_as(&mut self, _columns: &SchemaRef) {
        // The database in memory keeps the case of names.
    }

    fn describe(&mut self, table: &str) -> Result<Option<TableDefinition>, Failure> {
        let shared = self.operate("describe")?;
        let Ok(there) = shared.database.table(table) else { return Ok(None) };
        let columns = there.schema.clone().expect("a stream's table");
        Ok(Some(TableDefinition { name: table.to_owned(), columns, key: there.key.clone() }))
    }

    fn create(&mut self, table: &TableDefinition) -> Result<(), Failure> {
        let columns = table.columns.fields().iter().map(|field| field.name().clone()).collect();
        let schema = Some(SchemaRef::clone(&table.columns));
        let made = MemoryTable { columns, key: table.key.clone(), rows: Vec::new(), schema };
        self.operate("create")?.database.0.insert(table.name.to_uppercase(), made);
        Ok(())
    }

    fn add_columns(&mut self, table: &str, columns: &SchemaRef) -> Result<(), Failure> {
        let mut shared = self.operate("add-columns")?;
        let table = shared.database.table_mut(table)?;
        let there = table.schema.take().expect("a stream's table");
        let all = there.fields().iter().chain(columns.fields()).map(|field| Field::clone(field));
        table.schema = Some(Arc::new(Schema::new(all.collect::<Vec<_>>())));
        table.columns.extend(columns.fields().iter().map(|field| field.name().clone()));
        table.rows.iter_mut().for_each(|row| row.extend(columns.fields().iter().map(|_| Value::Null)));
        Ok(())
    }

    fn widen_columns(&mut self, _: &str, _: &SchemaRef) -> Result<(), Failure> {
        Err(Failure::permanent("the target in memory widens no column"))
    }

    fn take_refused(&mut self) -> Vec<Refused> {
        std::mem::take(&mut self.refused)
    }

    fn insert(&mut self, table: &str, rows: &RecordBatch) -> Result<WriteStats, Failure> {
        let is_staged = table.ends_with(STAGED_SUFFIX);
        self.write("insert", table, rows, |table, row, stats| {
            *(if is_staged { &mut stats.staged } else { &mut stats.inserted }) += 1;
            table.insert(row)
        })
    }

    fn merge(&mut self, table: &str, rows: &RecordBatch, rule: &MergeRule) -> Result<WriteStats, Failure> {
        self.write("merge", table, rows, |table, row, stats| {
            let key: Vec<_> = rule.key.iter().map(|name| table.place(name)).collect();
            let version = rule.version.as_ref().map(|name| table.place(name));
            let is_same = |old: &&mut Row| key.iter().all(|place| old[*place] == row[*place]);
            match table.rows.iter_mut().find(is_same) {
                None => {
                    stats.inserted += 1;
                    table.rows.push(row);
                }
                Some(old) => {
                    let is_older = version.is_some_and(|at| compare(&row[at], &old[at]).is_some_and(|is| is.is_lt()));
                    let changes = !is_older && *old != row;
                    *(if changes { &mut stats.updated } else { &mut stats.unchanged }) += 1;
                    if changes {
                        *old = row;
                    }
                }
            }
            Ok(())
        })
    }

    fn check_merge(&mut self, _: &str, _: &MergeRule) -> Result<(), Failure> {
        Ok(())
    }

    fn stage(&mut self, table: &TableDefinition, resume: bool) -> Result<String, Failure> {
        let name = format!("{}{STAGED_SUFFIX}", table.name);
        if !resume || self.operate("stage")?.database.table(&name).is_err() {
            self.create(&TableDefinition { name: name.clone(), ..table.clone() })?;
        }
        Ok(name)
    }

    fn swap(&mut self, table: &str) -> Result<WriteStats, Failure> {
        let mut shared = self.operate("swap")?;
        let staged = format!("{}{STAGED_SUFFIX}", table.to_uppercase());
        let new = shared.database.0.remove(&staged).expect("a staging table");
        let old = shared.database.0.insert(table.to_uppercase(), new.clone()).unwrap_or_default();
        let mut stats = WriteStats::default();
        let old_rows: Vec<_> = old.rows.iter().map(|row| (old.key_of(row), row)).collect();
        for row in &new.rows {
            let key = new.key_of(row);
            match old_rows.iter().find(|(old, _)| *old == key) {
                None => stats.inserted += 1,
                Some((_, old)) if *old == row => stats.unchanged += 1,
                Some(_) => stats.updated += 1,
            }
        }
        let is_gone = |(key, _): &&(Vec<&Value>, &Row)| !new.rows.iter().any(|row| new.key_of(row) == *key);
        stats.deleted = old_rows.iter().filter(is_gone).count() as u64;
        Ok(stats)
    }

    fn keep_deleted(&mut self, _: &str) -> Result<(), Failure> {
        Ok(())
    }

    fn remove(&mut self, table: &str, keys: &RecordBatch, _: Removal) -> Result<u64, Failure> {
        let mut shared = self.operate("remove")?;
        let table = shared.database.table_mut(table)?;
        let gone: Vec<_> = (0..keys.num_rows()).map(|at| row_for(table, keys, at)).collect();
        let gone: Vec<_> = gone.iter().map(|row| table.key_of(row)).collect();
        let before = table.rows.len();
        let kept = table.rows.iter().filter(|row| !gone.contains(&table.key_of(row))).cloned().collect();
        table.rows = kept;
        Ok((before - table.rows.len()) as u64)
    }

    fn loaded_at(&mut self, _: &str, keys: &RecordBatch) -> Result<Vec<Option<Micros>>, Failure> {
        Ok(vec![None; keys.num_rows()])
    }

    fn sql(&mut self) -> &mut dyn Sql {
        self
    }
}
