//! Rows that the source no longer has: deleted, or marked as deleted.

use arrow_array::RecordBatch;
use wmshost_flow::{Failure, Removal};

use super::insert::Statements;
use super::merge::on_text;
use super::session::{AUDIT_COLUMNS, DELETED_AT, OracleTargetSession, WriteTable};
use crate::oracle::names::quoted;

impl OracleTargetSession {
    /// Deletes the rows with these keys, or marks them as deleted; returns their number.
    pub(crate) fn remove_rows(&mut self, table: &str, keys: &RecordBatch, removal: Removal) -> Result<u64, Failure> {
        if self.resolve_table(table)? != WriteTable::Table {
            return Err(Failure::denied(format!("{}: rows are taken from the table itself only", self.place)));
        }
        let found = self.found(WriteTable::Table, table)?;
        let columns: Vec<String> = keys.schema().fields().iter().map(|field| field.name().clone()).collect();
        let refused = self.refused.len();
        let mut load = self.load(&found, table, keys, &columns)?;
        let text = match removal {
            Removal::Delete => {
                // The bound columns have the audit columns after the key, which a deletion does not use.
                let key: Vec<usize> = (0..columns.len()).collect();
                load.wire = load
                    .wire
                    .project(&key)
                    .map_err(|error| Failure::permanent(format!("{}, table {table}: {error}", self.place)))?;
                delete_text(table, &columns)
            }
            Removal::Soft => mark_text(table, &columns),
        };
        let statements = Statements { texts: vec![text] };
        let (touched, _) = self.write_carefully(&statements, &load)?;
        for refused in self.refused.drain(refused..) {
            tracing::warn!(
                "{}, table {table}: a row that the source no longer has stays: {}",
                self.place,
                refused.reason
            );
        }
        Ok(touched.iter().sum())
    }
}

fn delete_text(table: &str, key: &[String]) -> String {
    let matches: Vec<_> = key.iter().enumerate().map(|(at, name)| format!("{} = :{}", quoted(name), at + 1)).collect();
    format!("DELETE FROM {} WHERE {}", quoted(table), matches.join(" AND "))
}

fn mark_text(table: &str, key: &[String]) -> String {
    let bound = key.iter().map(String::as_str).chain(AUDIT_COLUMNS);
    let bound: Vec<_> = bound.enumerate().map(|(at, name)| format!(":{} {}", at + 1, quoted(name))).collect();
    let (run_id, at, deleted) = (quoted(AUDIT_COLUMNS[0]), quoted(AUDIT_COLUMNS[1]), quoted(DELETED_AT));
    format!(
        "MERGE INTO {} t USING (SELECT {} FROM dual) s ON ({}) WHEN MATCHED THEN UPDATE SET t.{run_id} = s.{run_id}, \
         t.{at} = s.{at}, t.{deleted} = s.{at} WHERE t.{deleted} IS NULL",
        quoted(table),
        bound.join(", "),
        on_text(key)
    )
}
