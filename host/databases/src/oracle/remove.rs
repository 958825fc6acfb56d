//! Rows that the source no longer has: deleted, or marked as deleted.

use arrow_array::RecordBatch;
use wmshost_flow::{Failure, Removal};

use super::merge::on_text;
use super::names::quoted;
use super::write::Statements;
use super::writer::{DELETED, MARKS, Writer, Written};

impl Writer {
    /// Takes away the rows with these keys.
    pub(super) fn remove_rows(&mut self, table: &str, keys: &RecordBatch, removal: Removal) -> Result<u64, Failure> {
        if self.written(table)? != Written::Table {
            return Err(Failure::denied(format!("{}: rows are taken from the table itself only", self.place)));
        }
        let found = self.found(Written::Table, table)?;
        let columns: Vec<String> = keys.schema().fields().iter().map(|field| field.name().clone()).collect();
        let mut load = self.load(&found, table, keys, &columns)?;
        let text = match removal {
            Removal::Delete => {
                // What is bound has the host's marks behind the key, which a deletion has no use for.
                let key: Vec<usize> = (0..columns.len()).collect();
                load.wire = load
                    .wire
                    .project(&key)
                    .map_err(|error| Failure::permanent(format!("{}, table {table}: {error}", self.place)))?;
                delete_text(table, &columns)
            }
            Removal::Mark => mark_text(table, &columns),
        };
        let statements = Statements { texts: vec![text] };
        let refused = self.refused.len();
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
    let is_meant: Vec<_> = key.iter().enumerate().map(|(at, name)| format!("{} = :{}", quoted(name), at + 1)).collect();
    format!("DELETE FROM {} WHERE {}", quoted(table), is_meant.join(" AND "))
}

fn mark_text(table: &str, key: &[String]) -> String {
    let bound = key.iter().map(String::as_str).chain(MARKS);
    let bound: Vec<_> = bound.enumerate().map(|(at, name)| format!(":{} {}", at + 1, quoted(name))).collect();
    let (mark, at, deleted) = (quoted(MARKS[0]), quoted(MARKS[1]), quoted(DELETED));
    format!(
        "MERGE INTO {} t USING (SELECT {} FROM dual) s ON ({}) WHEN MATCHED THEN UPDATE SET t.{mark} = s.{mark}, \
         t.{at} = s.{at}, t.{deleted} = s.{at} WHERE t.{deleted} IS NULL",
        quoted(table),
        bound.join(", "),
        on_text(key)
    )
}
