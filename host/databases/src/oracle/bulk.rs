//! Merging a large batch at once: its rows go into a temporary table beside the table, where only this session sees
//! them, and one MERGE takes them over. A statement that is bound to every row is run for every row; this one is
//! run once, and the server may read the table whole rather than look every row up. The temporary table is kept for
//! the next time; it is made on a connection of its own, since making it commits. Where that may not be, and where
//! one of the rows cannot go in, rows are merged as in `merge`.

use arrow_schema::SchemaRef;
use wmshost_flow::{Counts, Failure, MERGE_SUFFIX, MergeRule};

use super::failure::Class;
use super::merge::{insert_clause, matched_text, on_text};
use super::names::{quoted, quoted_list, spelled};
use super::plain::{apart, on};
use super::table::Table;
use super::write::{Load, Statements, insert_text};
use super::writer::Writer;

/// Where to go back to if the rows cannot be taken over together.
const SAVEPOINT: &str = "wms_merge";

/// What is known of the temporary table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bulk {
    /// Nothing yet.
    Unknown,
    /// It is there, with the table's columns, and empty.
    Empty,
    /// It has rows of this transaction.
    Used,
    /// It cannot be had.
    Refused,
}

impl Writer {
    /// Merges rows of which no two have the same key; `None` if that has to be done row by row.
    pub(super) fn merge_bulk(
        &mut self,
        name: &str,
        found: &Table,
        load: &Load,
        rule: &MergeRule,
    ) -> Result<Option<Counts>, Failure> {
        let bulk = format!("{name}{MERGE_SUFFIX}");
        if self.bulk == Bulk::Unknown {
            self.bulk = self.find_bulk(name, found, &bulk)?;
        }
        if self.bulk == Bulk::Refused {
            return Ok(None);
        }
        let place = format!("{}, table {name}", self.place);
        on(&mut self.link, &place, |client| client.execute(&format!("SAVEPOINT {SAVEPOINT}"), &[]))?;
        if self.bulk == Bulk::Used {
            self.run(&format!("DELETE FROM {}", quoted(&bulk)), &[])?;
        }
        self.bulk = Bulk::Used;
        let statements = Statements { texts: vec![insert_text(&bulk, &load.rows.schema())] };
        let refused = self.refused.len();
        let (touched, rejected) = self.write_carefully(&statements, load)?;
        let staged = touched.iter().sum::<u64>();
        let (table, staged_table, is_same) = (quoted(name), quoted(&bulk), on_text(&rule.key));
        let matched = self.count(&format!(
            "SELECT COUNT(*) FROM {staged_table} s WHERE EXISTS (SELECT 1 FROM {table} t WHERE {is_same})"
        ))?;
        let merge = merge_text(name, found, &bulk, &load.rows.schema(), rule);
        match self.link.client().and_then(|client| client.execute(&merge, &[])) {
            Ok(written) => {
                let inserted = staged.saturating_sub(matched);
                let updated = written.saturating_sub(inserted);
                let unchanged = staged.saturating_sub(written);
                Ok(Some(Counts { inserted, updated, unchanged, rejected, ..Counts::default() }))
            }
            Err(trouble) if trouble.class == Class::Row => {
                let back = format!("ROLLBACK TO SAVEPOINT {SAVEPOINT}");
                on(&mut self.link, &place, |client| client.execute(&back, &[]))?;
                // They are met again one by one.
                self.refused.truncate(refused);
                Ok(None)
            }
            Err(trouble) => {
                if trouble.class.is_gone() {
                    self.link.mark_broken();
                }
                Err(trouble.failure(place))
            }
        }
    }

    /// Looks for the temporary table, and makes it if it is not there or is not like the table any more.
    fn find_bulk(&mut self, name: &str, found: &Table, bulk: &str) -> Result<Bulk, Failure> {
        if self.check_name(bulk).is_err() {
            tracing::info!(
                "{}, table {name}: its name is too long to have {MERGE_SUFFIX} behind it: large batches are merged row by row",
                self.place
            );
            return Ok(Bulk::Refused);
        }
        if let Err(failure) = self.secure_apart(bulk) {
            tracing::warn!("{failure}: rows are merged one by one");
            return Ok(Bulk::Refused);
        }
        let known = self.find_now(bulk)?;
        if known.as_ref().is_some_and(|known| is_like(known, found)) {
            return Ok(Bulk::Empty);
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
            if let Err(failure) = apart(&self.links, &statement, &[]) {
                tracing::warn!(
                    "{failure}; the temporary table {bulk} would make large merges quicker: rows are merged one by one"
                );
                return Ok(Bulk::Refused);
            }
        }
        Ok(Bulk::Empty)
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

/// Whether a table has the columns of another, of the same types.
fn is_like(table: &Table, other: &Table) -> bool {
    let shape = |table: &Table| {
        table.columns.iter().map(|column| (spelled(&column.name), column.declared.clone())).collect::<Vec<_>>()
    };
    shape(table) == shape(other)
}
