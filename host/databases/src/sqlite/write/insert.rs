//! Inserting and merging: one statement per batch, prepared once for all batches of the same columns.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, SchemaRef};
use rusqlite::{Error, ErrorCode, ffi};
use wmshost_flow::{Failure, MergeRule, Refused, WriteStats};
use wmshost_sql::{Value, any_of};

use super::encode::StoredRows;
use super::plan::Plan;
use super::session::{AUDIT_COLUMNS, COUNT_UPDATE, DELETED_AT, SYSTEM_COLUMNS, SqliteTargetSession, WriteTable};
use super::storable::{Batch, Storable};
use super::unique::as_of_table;
use crate::sqlite::failure::failure;
use crate::sqlite::statement::{Statement, lock};
use crate::sqlite::table::{Column, Table, by_bytes, is_unique, quoted, quoted_list};
use crate::sqlite::types::{is_decimal_text, same_type};

/// The most shapes of batches for which statements are kept prepared.
const MOST_PLANS: usize = 8;
/// The rule of a row with the same key as one that was written before it.
const DUPLICATE_KEY: &str = "duplicate-key";
/// The rule of a row that has what another one has in a unique index.
const UNIQUE: &str = "unique";

impl SqliteTargetSession {
    /// Writes a batch into the table or its staged table: merges if there is a rule, and inserts otherwise. A row that
    /// the table refuses does not keep the others out.
    pub(crate) fn write_rows(
        &mut self,
        table: &str,
        rows: &RecordBatch,
        rule: Option<&MergeRule>,
    ) -> Result<WriteStats, Failure> {
        let written = self.resolve_table(table)?;
        let loaded_at = self.load_time()?;
        let at = self.plan_for(table, &rows.schema(), rule)?;
        let plan = &self.plans[at];
        let batch = Batch { rows, columns: &plan.columns, key: &plan.key, as_text: &plan.as_text };
        let storable = Storable::of(&batch).map_err(|failure| failure.within(format_args!("table {table}")))?;
        let Storable { rows: stored, places, mut refused } = storable;
        let mut done = Changed::default();
        let mut from = 0;
        while from < stored.rows {
            let Err(stopped) = self.write_part(at, &stored, from..stored.rows, &loaded_at, &mut done) else { break };
            if lock(&self.database).is_autocommit() {
                // What would follow were written without a transaction.
                let place = format!("{}, table {table}", self.place);
                return Err(Failure::invalid_config(format!(
                    "{place}: a trigger or a constraint of the table rolled the whole transaction back ({})",
                    stopped.error
                ))
                .advise("let it abort the row alone, by RAISE(ABORT, …)"));
            }
            let Some(rule) = rule_of(&stopped.error) else {
                return Err(failure(format_args!("{}, table {table}", self.place), stopped.error));
            };
            let place = places.as_ref().map_or(stopped.at, |places| places[stopped.at]);
            let mut reason = as_of_table(&reason_of(rule, &stopped.error), &self.grant.table, &self.staged_name());
            if rule == UNIQUE && self.plans[at].keeps_deleted {
                reason.push_str(&format!(
                    "; a row that is kept as deleted counts, unless the index leaves it out (WHERE {DELETED_AT} IS NULL)"
                ));
            }
            refused.push(Refused { row: place, rule: rule.to_owned(), reason });
            self.write_before(at, &stored, from..stopped.at, &loaded_at, &stopped, &mut done)?;
            from = stopped.at + 1;
        }
        let rejected = refused.len() as u64;
        self.refused.append(&mut refused);
        let count = rows.num_rows() as u64 - rejected;
        let Changed { changed, updated } = done;
        if rule.is_none() && changed != count {
            return Err(Failure::permanent(format!(
                "{}, table {table}: {changed} of {count} rows were inserted",
                self.place
            )));
        }
        Ok(match written {
            WriteTable::Staged => WriteStats { staged: count, rejected, ..WriteStats::default() },
            WriteTable::Table => {
                let inserted = changed - updated;
                WriteStats { inserted, updated, unchanged: count - changed, rejected, ..WriteStats::default() }
            }
        })
    }

    /// Writes rows until one is refused; the rows that were written before it count in any case.
    fn write_part(
        &mut self,
        at: usize,
        stored: &Arc<StoredRows>,
        part: Range<usize>,
        loaded_at: &str,
        done: &mut Changed,
    ) -> Result<(), Stopped> {
        self.batch_table.offer_part(Some((Arc::clone(stored), part)));
        let (run, changed) = run(&mut self.plans[at], &self.grant.run_id, loaded_at);
        let position = self.batch_table.position();
        self.batch_table.offer(None);
        let updated = self.take_updates();
        match run {
            Ok(()) => {
                done.changed += changed;
                done.updated += updated;
                Ok(())
            }
            Err(error) => {
                // An update that is refused undoes the whole statement: then nothing was changed, and its count is
                // undone as well.
                let kept = if changed > 0 { Changed { changed, updated } } else { Changed::default() };
                done.changed += kept.changed;
                done.updated += kept.updated;
                Err(Stopped { at: position, changed, error })
            }
        }
    }

    /// Makes sure that the rows before a refused one are written: SQLite has kept them, or undone them with it. Merging
    /// rows again that are already there changes nothing.
    fn write_before(
        &mut self,
        at: usize,
        stored: &Arc<StoredRows>,
        before: Range<usize>,
        loaded_at: &str,
        stopped: &Stopped,
        done: &mut Changed,
    ) -> Result<(), Failure> {
        let inserts = self.plans[at].rule.is_none();
        let are_kept = inserts && stopped.changed == before.len() as u64;
        if before.is_empty() || are_kept {
            return Ok(());
        }
        let table = self.plans[at].table.clone();
        let again = self.write_part(at, stored, before, loaded_at, done);
        again.map_err(|stopped| failure(format_args!("{}, table {table}", self.place), stopped.error))
    }

    /// The position of the plan for such batches; it is made if there is none.
    fn plan_for(&mut self, table: &str, columns: &SchemaRef, rule: Option<&MergeRule>) -> Result<usize, Failure> {
        if let Some(at) = self.plans.iter().position(|plan| plan.is_for(table, columns, rule)) {
            return Ok(at);
        }
        let plan = self.new_plan(table, columns, rule)?;
        if self.plans.len() >= MOST_PLANS {
            self.plans.remove(0);
        }
        self.plans.push(plan);
        Ok(self.plans.len() - 1)
    }

    fn new_plan(&mut self, name: &str, columns: &SchemaRef, rule: Option<&MergeRule>) -> Result<Plan, Failure> {
        let place = format!("{}, table {name}", self.place);
        let Some(table) = self.find(name)? else {
            return Err(Failure::permanent(format!("{place}: there is no such table")).advise("create it first"));
        };
        let as_text = check_columns(&table, columns).map_err(|failure| failure.within(&place))?;
        let mut key = table.key();
        if let Some(rule) = rule {
            self.check_rule(&table, rule).map_err(|failure| failure.within(&place))?;
            if let Some(version) = rule.version.as_ref().filter(|version| position_of(columns, version).is_none()) {
                return Err(Failure::permanent(format!("{place}: the batch lacks the version column {version}")));
            }
            key.extend(rule.key.iter().cloned());
        }
        let key = key.iter().map(|name| {
            position_of(columns, name)
                .ok_or_else(|| Failure::permanent(format!("{place}: the batch lacks the key column {name}")))
        });
        let key = key.collect::<Result<_, _>>()?;
        let prepared = self.batch_table.table(&lock(&self.database), columns.fields().len());
        let prepared = prepared.and_then(|batch_table| {
            Statement::prepare(&self.database, &statement_text(&table, columns, rule, &batch_table))
        });
        Ok(Plan {
            table: name.to_owned(),
            columns: SchemaRef::clone(columns),
            rule: rule.map(|rule| (rule.key.clone(), rule.version.clone())),
            statement: prepared.map_err(|error| failure(&place, error))?,
            as_text,
            key,
            keeps_deleted: table.column(DELETED_AT).is_some(),
        })
    }

    /// Fails unless the table can tell rows apart by the rule's key, and versions by its version column.
    pub(crate) fn check_rule(&self, table: &Table, rule: &MergeRule) -> Result<(), Failure> {
        let unique = is_unique(&lock(&self.database), table, &rule.key)
            .map_err(|error| failure("looking for a unique index", error))?;
        if !unique {
            return Err(Failure::invalid_config(format!(
                "rows cannot be merged by {}: the table has no primary key or unique index on just that which compares \
                 texts by their bytes",
                rule.key.join(", ")
            ))
            .advise("create one, for texts with COLLATE BINARY"));
        }
        let Some(version) = &rule.version else { return Ok(()) };
        match table.column(version) {
            Some(column) if is_decimal_text(&column.declared) => Err(Failure::invalid_config(format!(
                "the version column {version} is a decimal of more than 15 digits, which SQLite stores as text and \
                 cannot compare"
            ))
            .advise("use another one")),
            _ => Ok(()),
        }
    }
}

/// The number of rows inserted or updated, and the number of those updated.
#[derive(Default)]
struct Changed {
    changed: u64,
    updated: u64,
}

/// A row was refused.
struct Stopped {
    /// Its position among the stored rows.
    at: usize,
    /// The number of rows before it that were changed and stay so.
    changed: u64,
    error: Error,
}

/// Runs a plan over the offered rows; returns the number of rows inserted or updated, also where it stopped.
fn run(plan: &mut Plan, run_id: &str, loaded_at: &str) -> (Result<(), Error>, u64) {
    let mut running = plan.statement.run();
    for (parameter, text) in [(1, run_id), (2, loaded_at)] {
        if !running.bind(parameter, &Value::Text(text.to_owned())) {
            return (Err(Error::InvalidParameterCount(parameter, 2)), 0);
        }
    }
    let result = running.step();
    let changes = running.changes();
    running.reset();
    (result.map(drop), changes)
}

/// The rule that a row broke, by the error of its insertion; `None` if it is not the row's fault.
fn rule_of(error: &Error) -> Option<&'static str> {
    let Error::SqliteFailure(code, _) = error else { return None };
    Some(match (code.code, code.extended_code) {
        (_, ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID) => DUPLICATE_KEY,
        (_, ffi::SQLITE_CONSTRAINT_UNIQUE) => UNIQUE,
        (_, ffi::SQLITE_CONSTRAINT_NOTNULL) => "not-null",
        (_, ffi::SQLITE_CONSTRAINT_CHECK) => "check",
        (_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => "foreign-key",
        (ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch, _) => "refused",
        _ => return None,
    })
}

fn reason_of(rule: &str, error: &Error) -> String {
    let said = error.to_string();
    match rule {
        DUPLICATE_KEY => format!("a row with the same key was loaded before it ({said})"),
        _ => format!("the target refuses it: {said}"),
    }
}

/// Checks that every column of a batch is one of the table; returns for each whether its decimals are stored as text.
fn check_columns(table: &Table, columns: &SchemaRef) -> Result<Vec<bool>, Failure> {
    if let Some(column) = AUDIT_COLUMNS.iter().find(|column| table.column(column).is_none()) {
        return Err(Failure::invalid_config(format!("it lacks the host's own column {column}"))
            .advise(format_args!("add {} TEXT and {} TIMESTAMP(6)", AUDIT_COLUMNS[0], AUDIT_COLUMNS[1])));
    }
    let fields = columns.fields().iter().enumerate().map(|(at, field)| {
        let name = field.name();
        let own = SYSTEM_COLUMNS.iter().any(|column| name.eq_ignore_ascii_case(column));
        let twice = columns.fields()[..at].iter().any(|other| other.name().eq_ignore_ascii_case(name));
        match table.column(name) {
            _ if own => Err(format!("the column {name} is written by the host itself")),
            _ if twice => Err(format!("the batch has the column {name} twice")),
            None => Err(format!("it has no column {name}; add it first")),
            Some(column) if !accepts(column, field.data_type()) => Err(format!(
                "the column {name} is declared {}, which takes {}; the batch has {}",
                column.declared,
                column.arrow,
                field.data_type()
            )),
            Some(column) => Ok(is_decimal_text(&column.declared)),
        }
    });
    fields.collect::<Result<_, _>>().map_err(Failure::permanent)
}

/// Returns whether a column takes all values of a type. Decimals that are stored as text have all their digits after
/// the point, so that equal ones are equal texts; those need exactly the same scale.
fn accepts(column: &Column, batch: &DataType) -> bool {
    match (&column.arrow, batch) {
        (DataType::Decimal128(most, most_behind), DataType::Decimal128(digits, behind)) => {
            let whole_digits = |digits: u8, behind: i8| i16::from(digits) - i16::from(behind);
            let fits = behind <= most_behind && whole_digits(*digits, *behind) <= whole_digits(*most, *most_behind);
            fits && (behind == most_behind || !is_decimal_text(&column.declared))
        }
        (there, batch) => same_type(there, batch),
    }
}

fn position_of(columns: &SchemaRef, name: &str) -> Option<usize> {
    columns.fields().iter().position(|field| field.name().eq_ignore_ascii_case(name))
}

/// The statement. A row that breaks a constraint ends it at once (`OR FAIL`): the transaction is rolled back anyway, so
/// SQLite need not keep the pages as they were before the statement.
fn statement_text(table: &Table, columns: &SchemaRef, rule: Option<&MergeRule>, batch_table: &str) -> String {
    let names = columns.fields().iter().map(|field| field.name());
    let cells: Vec<_> = (0..columns.fields().len()).map(|at| format!("c{at}")).collect();
    let conflict = rule.map(|rule| conflict_text(table, columns, rule)).unwrap_or_default();
    format!(
        "INSERT OR FAIL INTO main.{} AS t ({}, {}) SELECT {}, ?1, ?2 FROM {batch_table} WHERE true{conflict}",
        quoted(&table.name),
        quoted_list(names),
        AUDIT_COLUMNS.join(", "),
        cells.join(", "),
    )
}

/// The clause for a row whose key exists: it changes nothing if the row is older or the same in all columns.
fn conflict_text(table: &Table, columns: &SchemaRef, rule: &MergeRule) -> String {
    let is_key = |name: &str| rule.key.iter().any(|key| key.eq_ignore_ascii_case(name));
    let fields = columns.fields().iter().filter(|field| !is_key(field.name()));
    let (mut sets, mut differences) = (Vec::new(), Vec::new());
    for field in fields {
        let name = quoted(field.name());
        // Texts that the table's collation treats as equal are still different values.
        differences.push(format!("excluded.{name} IS NOT t.{}", by_bytes(table, field.name())));
        sets.push(format!("{name} = excluded.{name}"));
    }
    // Of several unique indexes on the key, the one that compares texts by their bytes.
    let key = rule.key.iter().map(|name| by_bytes(table, name)).collect::<Vec<_>>().join(", ");
    let keeps_deleted = table.column(DELETED_AT).is_some();
    if keeps_deleted {
        // A row that the source has again is no longer deleted, whatever its version.
        differences.push(format!("t.{DELETED_AT} IS NOT NULL"));
        sets.push(format!("{DELETED_AT} = NULL"));
    }
    if sets.is_empty() {
        return format!(" ON CONFLICT ({key}) DO NOTHING");
    }
    sets.push(format!("{} = {COUNT_UPDATE}()", AUDIT_COLUMNS[0]));
    sets.push(format!("{0} = excluded.{0}", AUDIT_COLUMNS[1]));
    let newer = rule.version.as_ref().map(|version| {
        let version = quoted(version);
        let again = if keeps_deleted { format!(" OR t.{DELETED_AT} IS NOT NULL") } else { String::new() };
        format!("(excluded.{version} >= t.{version} OR excluded.{version} IS NULL OR t.{version} IS NULL{again}) AND ")
    });
    format!(
        " ON CONFLICT ({key}) DO UPDATE SET {} WHERE {}({})",
        sets.join(", "),
        newer.unwrap_or_default(),
        any_of(&differences)
    )
}
