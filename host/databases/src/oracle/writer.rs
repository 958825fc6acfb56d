//! One stream's transactions. What is written in them is in the rooms beside: `define`, `write`, `merge`, `swap`,
//! `remove`.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use wmshost_flow::{
    Clock, Counts, Dialect, Failure, Marks, MergeRule, Micros, Refused, Removal, STAGED_SUFFIX, Sql, TableDefinition,
    TargetGrant, TargetSession, Value, is_reserved,
};

use super::bulk::Bulk;
use super::connect::{LentLink, Links};
use super::define::Change;
use super::names::{quoted, spelled};
use super::plain::{self, apart, is_definition, on};
use super::settings::Tags;
use super::table::Table;

/// The host's own columns: the run that wrote a row last, and when.
pub(super) const MARKS: [&str; 2] = ["wms_run_id", "wms_loaded_at"];
/// Another column of the host's own, in tables that keep what is deleted: when the source had the row no longer.
pub(super) const DELETED: &str = "wms_deleted_at";
/// All columns of the host's own.
pub(super) const OWN_COLUMNS: [&str; 3] = [MARKS[0], MARKS[1], DELETED];
/// The table whose rows tell whether a transaction took place.
const WITNESS: &str = "WMSHOST_CHECKPOINT";

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transaction {
    None,
    Open,
    /// A write failed half way: only a rollback is left.
    Broken,
}

/// Which of the two tables a name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// The granted table.
    Table,
    /// The one that is staged beside it.
    Staged,
}

/// A session.
pub(super) struct Writer {
    /// Where failures say they come from.
    pub(super) place: String,
    pub(super) grant: TargetGrant,
    pub(super) links: Arc<Links>,
    pub(super) link: LentLink,
    /// Changes of tables that were asked for and not carried out yet.
    pub(super) changes: Vec<Change>,
    /// Rows that were refused since somebody asked.
    pub(super) refused: Vec<Refused>,
    /// Whether rows were written in this transaction.
    pub(super) has_written: bool,
    /// The mark of the transaction's rows, in microseconds.
    pub(super) loaded_at: Micros,
    marks: Marks,
    /// Whether the staged table is of no use once the transaction is committed.
    pub(super) staged_is_done: bool,
    /// The temporary table for large merges.
    pub(super) bulk: Bulk,
    /// The tables as they were found last.
    found: Vec<(Written, Option<Arc<Table>>)>,
    /// Whether the ledger was written in this transaction.
    pub(super) has_witness: bool,
    pub(super) clock: Arc<dyn Clock>,
    transaction: Transaction,
    /// The tables that are known as the stream's own in this transaction.
    pub(super) owned: Vec<Written>,
}

impl Writer {
    pub(super) fn new(links: Arc<Links>, grant: TargetGrant, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let place = links.maker().place.clone();
        if is_reserved(&grant.table) {
            return Err(Failure::invalid_config(format!(
                "{place}: the name {} is kept for the host; give the table another one",
                grant.table
            )));
        }
        let link = take(&links, &grant)?;
        Ok(Self {
            place,
            grant,
            links,
            link,
            changes: Vec::new(),
            refused: Vec::new(),
            has_written: false,
            loaded_at: 0,
            marks: Marks::default(),
            staged_is_done: false,
            bulk: Bulk::Unknown,
            found: Vec::new(),
            has_witness: false,
            clock,
            transaction: Transaction::None,
            owned: Vec::new(),
        })
    }

    /// Which table a name means; any other is denied.
    pub(super) fn written(&self, table: &str) -> Result<Written, Failure> {
        if spelled(table) == spelled(&self.grant.table) {
            Ok(Written::Table)
        } else if spelled(table) == spelled(&self.staged_name()) {
            Ok(Written::Staged)
        } else {
            Err(Failure::denied(format!("{}: the table {table} is not granted, {} is", self.place, self.grant.table)))
        }
    }

    /// The name of the staged table.
    pub(super) fn staged_name(&self) -> String {
        format!("{}{STAGED_SUFFIX}", self.grant.table)
    }

    /// The most bytes that a name may have.
    pub(super) fn name_bytes(&self) -> usize {
        self.link.name_bytes
    }

    /// A table as the server has it now. Looked at beside the transaction, so that it holds nothing that a change of
    /// the table would have to wait for.
    pub(super) fn find_now(&self, table: &str) -> Result<Option<Table>, Failure> {
        Table::find(&mut plain::take(&self.links)?, &self.place, table)
    }

    /// A table as it was found last.
    pub(super) fn find(&mut self, which: Written) -> Result<Option<Arc<Table>>, Failure> {
        if let Some((_, known)) = self.found.iter().find(|(known, _)| *known == which) {
            return Ok(known.clone());
        }
        let name = self.name_of(which);
        let found = self.find_now(&name)?.map(Arc::new);
        self.found.push((which, found.clone()));
        Ok(found)
    }

    /// Has tables looked at anew.
    pub(super) fn forget_tables(&mut self) {
        self.found.clear();
        if self.bulk != Bulk::Refused {
            self.bulk = Bulk::Unknown;
        }
    }

    /// Does a write. If it fails, the transaction can only be rolled back: what was written half stays unseen.
    pub(super) fn write<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        match self.transaction {
            Transaction::Open => {}
            Transaction::None => return Err(Failure::permanent(format!("{}: no transaction was begun", self.place))),
            Transaction::Broken => {
                return Err(Failure::permanent(format!(
                    "{}: a write in this transaction failed; it can only be rolled back",
                    self.place
                )));
            }
        }
        let result = act(self);
        if result.is_err() {
            self.transaction = Transaction::Broken;
        }
        result
    }

    /// Does a write of rows, after the changes of tables that come before it, into tables that are the stream's own.
    fn write_rows<T>(&mut self, table: &str, act: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        self.write(|writer| {
            let which = writer.written(table)?;
            writer.carry_out()?;
            writer.secure(which)?;
            if !writer.has_written {
                writer.loaded_at = writer.mark()?;
            }
            writer.has_written = true;
            act(writer)
        })
    }

    /// A mark for the transaction's rows.
    fn mark(&mut self) -> Result<Micros, Failure> {
        let (table, now) = (spelled(&self.grant.table), self.clock.now());
        let mut marks = std::mem::take(&mut self.marks);
        let mark = marks.next(self, &table, now, Self::newest_mark);
        self.marks = marks;
        mark
    }

    /// The newest mark of the table's rows.
    fn newest_mark(&mut self) -> Result<Option<Micros>, Failure> {
        if self.find_now(&self.grant.table)?.is_none_or(|table| table.column(MARKS[1]).is_none()) {
            return Ok(None);
        }
        let newest = format!("SELECT MAX({}) FROM {}", quoted(MARKS[1]), quoted(&self.grant.table));
        Ok(match self.query(&newest, &[])?.first().and_then(|row| row.first()) {
            Some(Value::Timestamp(newest)) => Some(*newest),
            _ => None,
        })
    }

    fn end(&mut self) {
        self.transaction = Transaction::None;
        self.owned.clear();
        self.changes.clear();
        self.has_written = false;
        self.has_witness = false;
        self.staged_is_done = false;
        if self.bulk == Bulk::Used {
            self.bulk = Bulk::Empty;
        }
    }

    fn drop_staged(&mut self) {
        let drop = format!("DROP TABLE {} PURGE", quoted(&self.staged_name()));
        self.forget_tables();
        if let Err(failure) = apart(&self.links, &drop, &[]) {
            tracing::warn!("{}: the staged table stays until the next load: {failure}", self.place);
        }
    }
}

/// A connection that says whose work it does.
pub(super) fn take(links: &Arc<Links>, grant: &TargetGrant) -> Result<LentLink, Failure> {
    let link = plain::take(links)?;
    let (module, action, client_id) = (grant.pipeline.clone(), grant.stream.clone(), grant.run_id.clone());
    link.tag(&Tags { module, action, client_id });
    Ok(link)
}

impl TargetSession for Writer {
    fn begin(&mut self) -> Result<(), Failure> {
        if self.transaction != Transaction::None {
            return Err(Failure::permanent(format!("{}: a transaction is open already", self.place)));
        }
        if self.link.is_broken() {
            self.link = take(&self.links, &self.grant)?;
            self.forget_tables();
        }
        self.transaction = Transaction::Open;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Failure> {
        let committed = self.write(|writer| {
            writer.carry_out()?;
            writer.commit_for_sure()
        });
        let done = self.staged_is_done && committed.is_ok();
        if committed.is_err()
            && let Err(failure) = self.rollback()
        {
            tracing::warn!("{failure}");
        }
        self.end();
        if done {
            self.drop_staged();
        }
        committed
    }

    fn rollback(&mut self) -> Result<(), Failure> {
        let open = self.transaction != Transaction::None;
        self.end();
        // Of a connection that is gone the server has undone everything.
        if !open || self.link.is_broken() {
            return Ok(());
        }
        let undone = on(&mut self.link, &self.place, |client| client.rollback());
        if undone.is_err() {
            self.link.mark_broken();
        }
        undone.map_err(|failure| failure.within("rolling back"))
    }

    fn describe(&mut self, table: &str) -> Result<Option<TableDefinition>, Failure> {
        match self.written(table)? {
            Written::Table => self.foreseen(),
            Written::Staged => {
                let staged = self.find_now(table)?;
                Ok(staged.map(|found| TableDefinition {
                    columns: found.schema(&OWN_COLUMNS),
                    key: found.key,
                    name: table.to_owned(),
                }))
            }
        }
    }

    fn create(&mut self, table: &TableDefinition) -> Result<(), Failure> {
        self.ask_for(&table.name, |writer| writer.ask(&table.name, Change::Create(table.clone())))
    }

    fn add_columns(&mut self, table: &str, columns: &SchemaRef) -> Result<(), Failure> {
        self.ask_for(table, |writer| writer.ask(table, Change::Add(Arc::clone(columns))))
    }

    fn widen_columns(&mut self, table: &str, columns: &SchemaRef) -> Result<(), Failure> {
        self.ask_for(table, |writer| writer.ask(table, Change::Widen(Arc::clone(columns))))
    }

    fn take_refused(&mut self) -> Vec<Refused> {
        std::mem::take(&mut self.refused)
    }

    fn insert(&mut self, table: &str, rows: &RecordBatch) -> Result<Counts, Failure> {
        self.write_rows(table, |writer| writer.insert_rows(table, rows))
    }

    fn merge(&mut self, table: &str, rows: &RecordBatch, rule: &MergeRule) -> Result<Counts, Failure> {
        self.write_rows(table, |writer| writer.merge_rows(table, rows, rule))
    }

    fn stage(&mut self, table: &TableDefinition, resume: bool) -> Result<String, Failure> {
        self.ask_for(&table.name, |writer| {
            writer.check_own(Written::Staged)?;
            writer.stage_table(table, resume)
        })
    }

    fn swap(&mut self, table: &str) -> Result<Counts, Failure> {
        self.write_rows(table, |writer| {
            writer.secure(Written::Staged)?;
            writer.swap_rows(table)
        })
    }

    fn keep_deleted(&mut self, table: &str) -> Result<(), Failure> {
        self.ask_for(table, |writer| writer.ask(table, Change::KeepDeleted))
    }

    fn remove(&mut self, table: &str, keys: &RecordBatch, removal: Removal) -> Result<u64, Failure> {
        self.write_rows(table, |writer| writer.remove_rows(table, keys, removal))
    }

    fn loaded_at(&mut self, table: &str, keys: &RecordBatch) -> Result<Vec<Option<Micros>>, Failure> {
        self.rows_loaded_at(table, keys)
    }

    fn sql(&mut self) -> &mut dyn Sql {
        self
    }
}

impl Sql for Writer {
    fn dialect(&self) -> Dialect {
        Dialect::Oracle
    }

    fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, Failure> {
        if is_definition(statement) {
            return self.write(|writer| apart(&writer.links, statement, parameters));
        }
        self.has_witness |= statement.contains(WITNESS);
        self.write(|writer| plain::execute(&mut writer.link, &writer.place, statement, parameters))
    }

    fn execute_many(&mut self, statement: &str, rows: &[Vec<Value>]) -> Result<u64, Failure> {
        self.has_witness |= statement.contains(WITNESS);
        self.write(|writer| plain::execute_many(&mut writer.link, &writer.place, statement, rows))
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Failure> {
        plain::query(&mut self.link, &self.place, statement, parameters)
    }

    fn columns(&mut self, query: &str) -> Result<Vec<(String, String)>, Failure> {
        plain::columns(&mut self.link, &self.place, query)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Err(failure) = self.rollback() {
            tracing::warn!("{failure}");
        }
    }
}
