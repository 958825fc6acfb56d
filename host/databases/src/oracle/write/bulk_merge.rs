//! Merging a large batch at once: its rows go into a temporary table beside the table, where only this session sees
//! them, and one MERGE takes them over. A statement that is bound to every row runs once per row; this one runs once,
//! and the server may scan the table instead of looking each row up. The temporary table is kept for the next batch; it
//! is created on a connection of its own, because creating it commits. Where it may not be created, and where one of
//! the rows cannot be written, rows are merged as in `merge`.

use arrow_schema::SchemaRef;
use wmshost_flow::{Failure, MERGE_SUFFIX, MergeRule, WriteStats};

use super::insert::{Load, Statements, insert_text, refusal};
use super::merge::{Bulk, insert_clause, matched_text, on_text};
use super::session::{OracleTargetSession, TempTable};
use super::table::{Comparison, Table};
use crate::oracle::failure::ErrorClass;
use crate::oracle::names::{quoted, quoted_list, spelled};
use crate::oracle::sql_session::{execute_autonomous, failed, with_client};

/// The savepoint to return to if the rows cannot be taken over together.
const SAVEPOINT: &str = "wms_merge";

impl OracleTargetSession {
    /// Returns whether one of the columns of a batch is a large object in the table.
    pub(crate) fn has_lob(&self, found: &Table, load: &Load) -> bool {
        let is_lob = |name: &str| found.column(name).is_some_and(|column| column.comparison == Comparison::Lob);
        load.rows.schema().fields().iter().any(|field| is_lob(field.name()))
    }

    /// Merges rows with large objects, which can be compared in a table only and not as they are bound: the batch is
    /// halved until a row that cannot be written is alone.
    pub(crate) fn merge_lobs(
        &mut self,
        name: &str,
        found: &Table,
        load: &Load,
        rule: &MergeRule,
    ) -> Result<WriteStats, Failure> {
        let rows = load.rows.num_rows();
        match self.merge_bulk(name, found, load, rule)? {
            Bulk::Merged(counts) => Ok(counts),
            Bulk::RowRefused(oracle_error) if rows == 1 => {
                self.refused.push(refusal(&oracle_error, load.places[0]));
                Ok(WriteStats { rejected: 1, ..WriteStats::default() })
            }
            Bulk::RowRefused(_) => {
                let mut counts = self.merge_lobs(name, found, &load.slice(0, rows / 2), rule)?;
                counts += self.merge_lobs(name, found, &load.slice(rows / 2, rows - rows / 2), rule)?;
                Ok(counts)
            }
            Bulk::NoTable => Err(Failure::denied(format!(
                "{}, table {name}: rows with large objects are merged through the temporary table {name}{MERGE_SUFFIX}, \
                 which cannot be created",
                self.place
            ))
            .advise("GRANT CREATE TABLE to the user, or load the stream whole")),
        }
    }

    /// Merges rows of which no two have the same key.
    pub(crate) fn merge_bulk(
        &mut self,
        name: &str,
        found: &Table,
        load: &Load,
        rule: &MergeRule,
    ) -> Result<Bulk, Failure> {
        let bulk = format!("{name}{MERGE_SUFFIX}");
        if self.bulk == TempTable::Unknown {
            self.bulk = self.find_temp_table(name, found, &bulk)?;
        }
        if self.bulk == TempTable::Refused {
            return Ok(Bulk::NoTable);
        }
        let place = format!("{}, table {name}", self.place);
        with_client(&mut self.connection, &place, |client| client.execute(&format!("SAVEPOINT {SAVEPOINT}"), &[]))?;
        if self.bulk == TempTable::Used {
            self.run(&format!("DELETE FROM {}", quoted(&bulk)), &[])?;
        }
        self.bulk = TempTable::Used;
        let statements = Statements { texts: vec![insert_text(&bulk, &load.rows.schema())] };
        let refused = self.refused.len();
        let (touched, rejected) = self.write_carefully(&statements, load)?;
        let staged = touched.iter().sum::<u64>();
        let (table, staged_table, is_same) = (quoted(name), quoted(&bulk), on_text(&rule.key));
        let matched = self.count(&format!(
            "SELECT COUNT(*) FROM {staged_table} s WHERE EXISTS (SELECT 1 FROM {table} t WHERE {is_same})"
        ))?;
        let merge = merge_text(name, found, &bulk, &load.rows.schema(), rule);
        match self.connection.client().and_then(|client| client.execute(&merge, &[])) {
            Ok(written) => {
                let inserted = staged.saturating_sub(matched);
                let updated = written.saturating_sub(inserted);
                let unchanged = staged.saturating_sub(written);
                Ok(Bulk::Merged(WriteStats { inserted, updated, unchanged, rejected, ..WriteStats::default() }))
            }
            Err(oracle_error) if oracle_error.class == ErrorClass::Row => {
                let back = format!("ROLLBACK TO SAVEPOINT {SAVEPOINT}");
                with_client(&mut self.connection, &place, |client| client.execute(&back, &[]))?;
                // Merging fewer rows meets the refused ones again.
                self.refused.truncate(refused);
                Ok(Bulk::RowRefused(oracle_error))
            }
            Err(oracle_error) => Err(failed(&mut self.connection, &oracle_error, place)),
        }
    }

    /// Finds the temporary table, and creates it if it is missing or no longer like the table.
    fn find_temp_table(&mut self, name: &str, found: &Table, bulk: &str) -> Result<TempTable, Failure> {
        if self.check_name(bulk).is_err() {
            tracing::info!(
                "{}, table {name}: its name is too long to have {MERGE_SUFFIX} after it: large batches are merged row by row",
                self.place
            );
            return Ok(TempTable::Refused);
        }
        if let Err(failure) = self.secure_autonomous(bulk) {
            tracing::warn!("{failure}: rows are merged one by one");
            return Ok(TempTable::Refused);
        }
        let known = self.find_now(bulk)?;
        if known.as_ref().is_some_and(|known| is_like(known, found)) {
            return Ok(TempTable::Empty);
        }
        let names = found.columns.iter().map(|column| column.name.as_str());
        let made = format!(
            "CREATE GLOBAL TEMPORARY TABLE {} ON COMMIT DELETE ROWS AS SELECT {} FROM {} WHERE 1 = 0",
            quoted(bulk),
            quoted_list("", names),
            quoted(name)
        );
        let gone = known.map(|_| format!("DROP TABLE {}", quoted(bulk)));
        for statement in gone.into_iter().chain([made]) {
            if let Err(failure) = execute_autonomous(&self.connections, &statement, &[]) {
                tracing::warn!(
                    "{failure}; the temporary table {bulk} would make large merges quicker: rows are merged one by one"
                );
                return Ok(TempTable::Refused);
            }
        }
        Ok(TempTable::Empty)
    }
}

/// The statement that takes the temporary table's rows over.
fn merge_text(name: &str, found: &Table, bulk: &str, columns: &SchemaRef, rule: &MergeRule) -> String {
    let names: Vec<String> = columns.fields().iter().map(|field| field.name().clone()).collect();
    let matched = matched_text(found, &names, &rule.key, rule.version.as_deref()).unwrap_or_default();
    format!(
        "MERGE INTO {} t USING {} s ON ({}) {matched} {}",
        quoted(name),
        quoted(bulk),
        on_text(&rule.key),
        insert_clause(columns)
    )
}

/// Returns whether a table has the columns of another, of the same types.
fn is_like(table: &Table, other: &Table) -> bool {
    let shape = |table: &Table| {
        table.columns.iter().map(|column| (spelled(&column.name), column.declared.clone())).collect::<Vec<_>>()
    };
    shape(table) == shape(other)
}
