//! Inserting new rows, and updating rows that differ and are not older. Oracle's MERGE reports only the number of rows
//! it touched, not whether it updated or inserted them; so there are two of them, one that updates and one that
//! inserts, each bound to all rows at once. Rows with the same key are written one after another, in batches in which
//! every key occurs once: each version meets the one before, and the counts are those of writing row by row.

use std::collections::HashMap;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::SchemaRef;
use arrow_select::filter::filter_record_batch;
use wmshost_flow::{Failure, MergeRule, WriteStats};

use super::encode::key_bytes;
use super::insert::{Load, Statements, position_of};
use super::session::{AUDIT_COLUMNS, DELETED_AT, OracleTargetSession, WriteTable};
use super::table::{Comparison, Table};
use crate::oracle::failure::OracleError;
use crate::oracle::names::{quoted, quoted_list, spelled};

/// The outcome of merging a batch at once.
pub(crate) enum Bulk {
    /// Its rows are merged.
    Merged(WriteStats),
    /// One of them cannot be written, for this reason; none is.
    RowRefused(OracleError),
    /// The temporary table cannot be created.
    NoTable,
}

impl OracleTargetSession {
    /// Merges a batch into the table.
    pub(crate) fn merge_rows(
        &mut self,
        table: &str,
        rows: &RecordBatch,
        rule: &MergeRule,
    ) -> Result<WriteStats, Failure> {
        if self.resolve_table(table)? != WriteTable::Table {
            return Err(Failure::denied(format!("{}: rows are merged into the table itself only", self.place)));
        }
        let found = self.found(WriteTable::Table, table)?;
        self.check_rule(&found, table, rule)?;
        self.check_columns(&found, table, &rows.schema(), rule)?;
        let load = self.load(&found, table, rows, &rule.key)?;
        let texts = vec![update_text(table, &found, &rows.schema(), rule), merge_text(table, &rows.schema(), rule)];
        let statements = Statements { texts };
        let rejected = (rows.num_rows() - load.rows.num_rows()) as u64;
        let mut counts = WriteStats { rejected, ..WriteStats::default() };
        for unique_batch in unique_key_batches(&load, &rows.schema(), rule)? {
            counts += self.merge_unique_batch(table, &found, &statements, &unique_batch, rule)?;
        }
        Ok(counts)
    }

    /// Merges rows of which no two have the same key.
    fn merge_unique_batch(
        &mut self,
        table: &str,
        found: &Table,
        statements: &Statements,
        unique_batch: &Load,
        rule: &MergeRule,
    ) -> Result<WriteStats, Failure> {
        let count = unique_batch.rows.num_rows();
        if self.has_lob(found, unique_batch) {
            return self.merge_lobs(table, found, unique_batch, rule);
        }
        if count >= self.connections.manager().settings.bulk_merge_rows
            && let Bulk::Merged(counts) = self.merge_bulk(table, found, unique_batch, rule)?
        {
            return Ok(counts);
        }
        let (touched, rejected) = self.write_carefully(statements, unique_batch)?;
        let (updated, inserted) = (touched[0], touched[1]);
        let unchanged = (count as u64).saturating_sub(updated + inserted + rejected);
        Ok(WriteStats { inserted, updated, unchanged, rejected, ..WriteStats::default() })
    }

    /// Fails unless the rule's key distinguishes the table's rows, and its version column their versions.
    pub(crate) fn check_rule(&mut self, table: &Table, name: &str, rule: &MergeRule) -> Result<(), Failure> {
        if !table.is_unique(&mut self.connection, &self.place, name, &rule.key)? {
            return Err(Failure::invalid_config(format!(
                "{}, table {name}: rows cannot be merged by {}: the table has no primary key or unique index on just \
                 that",
                self.place,
                rule.key.join(", ")
            ))
            .advise("create one"));
        }
        Ok(())
    }

    /// Fails unless all columns of a batch can be merged.
    fn check_columns(&self, table: &Table, name: &str, columns: &SchemaRef, rule: &MergeRule) -> Result<(), Failure> {
        let place = format!("{}, table {name}", self.place);
        if let Some(version) = rule.version.as_ref().filter(|version| position_of(columns, version).is_none()) {
            return Err(Failure::permanent(format!("{place}: the batch lacks the version column {version}")));
        }
        for field in columns.fields() {
            if table.column(field.name()).is_some_and(|column| column.comparison == Comparison::Impossible) {
                return Err(Failure::invalid_config(format!(
                    "{place}: the column {} is a LONG, which cannot be compared with the incoming value",
                    field.name()
                ))
                .advise("declare it CLOB or BLOB, or load the stream whole"));
            }
        }
        Ok(())
    }
}

/// Splits rows into batches in which every key occurs once, in the order of the rows.
fn unique_key_batches(load: &Load, columns: &SchemaRef, rule: &MergeRule) -> Result<Vec<Load>, Failure> {
    let key: Vec<usize> = rule.key.iter().filter_map(|name| position_of(columns, name)).collect();
    let mut seen: HashMap<Vec<u8>, usize> = HashMap::with_capacity(load.rows.num_rows());
    let mut bytes = Vec::new();
    let turns: Vec<usize> = (0..load.rows.num_rows())
        .map(|row| {
            bytes.clear();
            key_bytes(&load.wire, &key, row, &mut bytes);
            let times = seen.entry(bytes.clone()).or_default();
            *times += 1;
            *times - 1
        })
        .collect();
    let last = turns.iter().copied().max().unwrap_or(0);
    if last == 0 {
        return Ok(vec![load.clone()]);
    }
    let part = |turn: usize| {
        let mask: BooleanArray = turns.iter().map(|other| Some(*other == turn)).collect();
        let of = |rows: &RecordBatch| {
            filter_record_batch(rows, &mask).map_err(|error| Failure::permanent(format!("splitting a batch: {error}")))
        };
        let places = load.places.iter().zip(&turns).filter(|(_, other)| **other == turn).map(|(place, _)| *place);
        Ok(Load { rows: of(&load.rows)?, wire: of(&load.wire)?, places: places.collect() })
    };
    (0..=last).map(part).collect()
}

/// The rows that are bound, as a table `s`.
fn source_text(columns: &SchemaRef) -> String {
    let names = columns.fields().iter().map(|field| field.name().as_str()).chain(AUDIT_COLUMNS);
    let bound: Vec<_> = names.enumerate().map(|(at, name)| format!(":{} {}", at + 1, quoted(name))).collect();
    format!("(SELECT {} FROM dual) s", bound.join(", "))
}

pub(crate) fn on_text<'a>(key: impl IntoIterator<Item = &'a String>) -> String {
    key.into_iter().map(|name| format!("t.{0} = s.{0}", quoted(name))).collect::<Vec<_>>().join(" AND ")
}

/// Returns whether a column differs between `t` and `s`.
fn differs(table: &Table, name: &str) -> String {
    let is_lob = table.column(name).is_some_and(|column| column.comparison == Comparison::Lob);
    let name = quoted(name);
    let unequal =
        if is_lob { format!("DBMS_LOB.COMPARE(t.{name}, s.{name}) <> 0") } else { format!("t.{name} <> s.{name}") };
    format!("{unequal} OR (t.{name} IS NULL AND s.{name} IS NOT NULL) OR (t.{name} IS NOT NULL AND s.{name} IS NULL)")
}

/// The part of a MERGE for a row of `t` that has one in `s`: it changes nothing if that is equal in all columns or
/// older. `None` if there are no columns but the key.
pub(crate) fn matched_text(table: &Table, columns: &[String], key: &[String], version: Option<&str>) -> Option<String> {
    let is_key = |name: &str| key.iter().any(|key| spelled(key) == spelled(name));
    let mut differences: Vec<_> =
        columns.iter().filter(|name| !is_key(name)).map(|name| differs(table, name)).collect();
    let mut sets: Vec<_> = columns
        .iter()
        .map(String::as_str)
        .filter(|name| !is_key(name))
        .chain(AUDIT_COLUMNS)
        .map(|name| format!("t.{0} = s.{0}", quoted(name)))
        .collect();
    let deleted = quoted(DELETED_AT);
    let keeps_deleted = table.column(DELETED_AT).is_some();
    if keeps_deleted {
        // A row that the source has again is no longer deleted, whatever its version.
        differences.push(format!("t.{deleted} IS NOT NULL"));
        sets.push(format!("t.{deleted} = NULL"));
    }
    if differences.is_empty() {
        return None;
    }
    let newer = version.map(|version| {
        let version = quoted(version);
        let again = if keeps_deleted { format!(" OR t.{deleted} IS NOT NULL") } else { String::new() };
        format!("(s.{version} >= t.{version} OR s.{version} IS NULL OR t.{version} IS NULL{again}) AND ")
    });
    Some(format!(
        "WHEN MATCHED THEN UPDATE SET {} WHERE {}({})",
        sets.join(", "),
        newer.unwrap_or_default(),
        differences.join(" OR ")
    ))
}

fn update_text(name: &str, table: &Table, columns: &SchemaRef, rule: &MergeRule) -> String {
    let names: Vec<String> = columns.fields().iter().map(|field| field.name().clone()).collect();
    let matched = matched_text(table, &names, &rule.key, rule.version.as_deref());
    let matched = matched.unwrap_or_else(|| {
        // Every row must be bound; this changes no row.
        let run_id = quoted(AUDIT_COLUMNS[0]);
        format!("WHEN MATCHED THEN UPDATE SET t.{run_id} = s.{run_id} WHERE 1 = 0")
    });
    format!("MERGE INTO {} t USING {} ON ({}) {matched}", quoted(name), source_text(columns), on_text(&rule.key))
}

fn merge_text(name: &str, columns: &SchemaRef, rule: &MergeRule) -> String {
    format!(
        "MERGE INTO {} t USING {} ON ({}) {}",
        quoted(name),
        source_text(columns),
        on_text(&rule.key),
        insert_clause(columns)
    )
}

/// The part of a MERGE for a row of `s` that has none in `t`.
pub(crate) fn insert_clause(columns: &SchemaRef) -> String {
    let names = || columns.fields().iter().map(|field| field.name().as_str()).chain(AUDIT_COLUMNS);
    format!("WHEN NOT MATCHED THEN INSERT ({}) VALUES ({})", quoted_list("", names()), quoted_list("s.", names()))
}
