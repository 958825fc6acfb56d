//! Staged tables. A load that replaces a table writes beside it and swaps at the end. Here the rows are swapped,
//! not the tables: in one transaction, with the checkpoint, what is gone is deleted, what differs updated, what is
//! new inserted. Renaming would commit by itself, before the checkpoint or after it, and would leave a moment
//! without a table; this way readers see the old rows or the new, and indexes, grants, synonyms and statistics
//! stay. Equal rows are not touched.

use wmshost_flow::{Counts, Failure, Value};

use super::merge::{matched_text, on_text};
use super::names::{quoted, quoted_list, spelled};
use super::plain::{execute, query};
use super::table::Table;
use super::writer::{DELETED, MARKS, OWN_COLUMNS, Writer, Written};

impl Writer {
    /// Makes the granted table's rows those of the staged one.
    pub(super) fn swap_rows(&mut self, table: &str) -> Result<Counts, Failure> {
        if self.written(table)? != Written::Table {
            return Err(Failure::denied(format!("{}: a staged table is not swapped", self.place)));
        }
        let doing = format!("{}, swapping the table {table}", self.place);
        self.forget_tables();
        let staged = self
            .find(Written::Staged)?
            .ok_or_else(|| Failure::permanent(format!("{doing}: nothing is staged; stage it first")))?;
        let old = self.found(Written::Table, table)?;
        let swap = Swap {
            table: quoted(table),
            staged_table: quoted(&self.staged_name()),
            columns: staged.schema(&OWN_COLUMNS).fields().iter().map(|field| field.name().clone()).collect(),
            old: &old,
            key: &staged.key,
        };
        let counts = if !staged.key.is_empty() && same_key(&staged.key, &old.key) {
            self.swap_by_key(&swap)
        } else {
            self.swap_all(&swap)
        };
        self.staged_is_done = true;
        counts.map_err(|failure| failure.within(&doing))
    }

    fn swap_by_key(&mut self, swap: &Swap<'_>) -> Result<Counts, Failure> {
        let total = self.count(&format!("SELECT COUNT(*) FROM {}", swap.staged_table))?;
        let missing = format!("NOT EXISTS (SELECT 1 FROM {} s WHERE {})", swap.staged_table, on_text(swap.key));
        let deleted = if swap.old.column(DELETED).is_some() {
            let statement = format!(
                "UPDATE {} t SET {} = :1, {} = :2, {deleted} = :3 WHERE t.{deleted} IS NULL AND {missing}",
                swap.table,
                quoted(MARKS[0]),
                quoted(MARKS[1]),
                deleted = quoted(DELETED),
            );
            let at = Value::Timestamp(self.loaded_at);
            let marks = [Value::Text(self.grant.run_id.clone()), at.clone(), at];
            self.run(&statement, &marks)?
        } else {
            self.run(&format!("DELETE FROM {} t WHERE {missing}", swap.table), &[])?
        };
        let updated = match matched_text(swap.old, &swap.columns, swap.key, None) {
            Some(matched) => self.run(
                &format!(
                    "MERGE INTO {} t USING {} s ON ({}) {matched}",
                    swap.table,
                    swap.staged_table,
                    on_text(swap.key)
                ),
                &[],
            )?,
            None => 0,
        };
        let there = format!("NOT EXISTS (SELECT 1 FROM {} t WHERE {})", swap.table, on_text(swap.key));
        let inserted = self.run(&format!("{} WHERE {there}", swap.insert_text()), &[])?;
        let unchanged = total.saturating_sub(inserted + updated);
        Ok(Counts { inserted, updated, unchanged, deleted, ..Counts::default() })
    }

    /// Without a common key every row is replaced, unless the rows are the same, each as often as it is there.
    fn swap_all(&mut self, swap: &Swap<'_>) -> Result<Counts, Failure> {
        let columns = quoted_list("", swap.columns.iter().map(String::as_str));
        let bags = format!(
            "SELECT SUM(GREATEST(is_new - is_old, 0)), SUM(LEAST(is_new, is_old)), SUM(GREATEST(is_old - is_new, 0)) \
             FROM (SELECT {columns}, SUM(new_row) is_new, SUM(old_row) is_old FROM \
             (SELECT {columns}, 1 new_row, 0 old_row FROM {} UNION ALL SELECT {columns}, 0, 1 FROM {}) b \
             GROUP BY {columns}) c",
            swap.staged_table, swap.table
        );
        let row = query(&mut self.link, &self.place, &bags, &[])?.into_iter().next().unwrap_or_default();
        let number = |at: usize| match row.get(at) {
            Some(Value::Int64(number)) => number.unsigned_abs(),
            _ => 0,
        };
        let counts = Counts { inserted: number(0), unchanged: number(1), deleted: number(2), ..Counts::default() };
        if counts.inserted + counts.deleted > 0 {
            self.run(&format!("DELETE FROM {}", swap.table), &[])?;
            self.run(&swap.insert_text(), &[])?;
        }
        Ok(counts)
    }

    pub(super) fn run(&mut self, statement: &str, values: &[Value]) -> Result<u64, Failure> {
        execute(&mut self.link, &self.place, statement, values)
    }

    fn count(&mut self, statement: &str) -> Result<u64, Failure> {
        let rows = query(&mut self.link, &self.place, statement, &[])?;
        match rows.first().and_then(|row| row.first()) {
            Some(Value::Int64(count)) => Ok(count.unsigned_abs()),
            _ => Ok(0),
        }
    }
}

/// What is swapped; names are quoted.
struct Swap<'a> {
    table: String,
    staged_table: String,
    columns: Vec<String>,
    old: &'a Table,
    key: &'a [String],
}

impl Swap<'_> {
    /// The insertion of staged rows `s`, without a condition.
    fn insert_text(&self) -> String {
        let names = || self.columns.iter().map(String::as_str).chain(MARKS);
        format!(
            "INSERT INTO {} ({}) SELECT {} FROM {} s",
            self.table,
            quoted_list("", names()),
            quoted_list("s.", names()),
            self.staged_table
        )
    }
}

fn same_key(a: &[String], b: &[String]) -> bool {
    a.len() == b.len() && a.iter().all(|name| b.iter().any(|other| spelled(name) == spelled(other)))
}
