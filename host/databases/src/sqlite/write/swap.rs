//! Staged tables. A load that replaces a table writes into a staged one and swaps at the end, so that readers see the
//! old rows or the new and nothing between. If the content is the same, the old table stays untouched.

use rusqlite::{Connection, ErrorCode, Row};
use wmshost_flow::{Failure, WriteStats};
use wmshost_sql::{BELONGINGS, any_of};

use super::session::{AUDIT_COLUMNS, DELETED_AT, SYSTEM_COLUMNS, SqliteTargetSession, WriteTable};
use super::unique::{advice, drop_copies};
use crate::clash::Clash;
use crate::sqlite::failure::failure;
use crate::sqlite::statement::lock;
use crate::sqlite::table::{Table, quoted};
use crate::sqlite::types::same_type;
use crate::write_session::{DELETED_CONFLICTS, advice_on_deleted};

impl SqliteTargetSession {
    /// Replaces the granted table by the staged one.
    pub(crate) fn swap_tables(&mut self, table: &str) -> Result<WriteStats, Failure> {
        if self.resolve_table(table)? != WriteTable::Table {
            return Err(Failure::denied(format!("{}: a staged table is not swapped", self.place)));
        }
        self.plans.clear();
        let doing = format!("{}, swapping the table {table}", self.place);
        let staged = self
            .find(&self.staged_name())?
            .ok_or_else(|| Failure::permanent(format!("{doing}: nothing is staged")).advise("stage it first"))?;
        let old = self.find(table)?;
        let keeps_deleted = old.as_ref().is_some_and(|old| old.column(DELETED_AT).is_some());
        let (kept, staged) = match &old {
            Some(old) if keeps_deleted && !staged.key().is_empty() => {
                let loaded_at = self.load_time()?;
                let kept = self.keep_missing(old, &staged, &loaded_at);
                let kept = kept.map_err(|error| self.refused_at_swap(&doing, old, &staged, error))?;
                (kept, self.find(&self.staged_name())?.unwrap_or(staged))
            }
            _ => (Kept::default(), staged),
        };
        let connection = lock(&self.database);
        let counts = replace(&connection, old.as_ref(), &staged, &self.grant.table);
        drop(connection);
        let counts = counts.map_err(|error| match &old {
            Some(old) => self.refused_at_swap(&doing, old, &staged, error),
            None => failure(&doing, error),
        })?;
        Ok(WriteStats {
            updated: counts.updated.saturating_sub(kept.marked_now),
            deleted: counts.deleted + kept.marked_now,
            // These rows did not come from the source.
            unchanged: counts.unchanged.saturating_sub(kept.marked_before),
            ..counts
        })
    }

    /// A failure of the swap. The staged rows were checked against the table's unique indexes one by one, so that only a
    /// row that is kept as deleted, or an index that was added meanwhile, can conflict.
    fn refused_at_swap(&self, doing: &str, old: &Table, staged: &Table, error: rusqlite::Error) -> Failure {
        let is_constraint = error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation);
        let failure = failure(doing, error);
        if !is_constraint {
            return failure;
        }
        match Clash::find(&lock(&self.database), old, staged) {
            Ok(Some(clash)) => Failure { message: format!("{doing}: {clash}"), ..failure }.advise(advice()),
            _ => Failure {
                message: format!(
                    "{}: {DELETED_CONFLICTS}, or the index was added during the load. Nothing was changed",
                    failure.message
                ),
                ..failure
            }
            .advise(advice_on_deleted()),
        }
    }

    /// Puts a table in the place of another.
    pub(crate) fn put_in_place(&self, old: &Table, beside: &str) -> Result<(), Failure> {
        let placed = put_in_place(&lock(&self.database), old, beside);
        placed.map_err(|error| failure(format_args!("{}, replacing the table {}", self.place, old.name), error))
    }

    /// Puts the rows that are not staged into the staged table, marked as deleted.
    fn keep_missing(&self, old: &Table, staged: &Table, loaded_at: &str) -> rusqlite::Result<Kept> {
        let connection = lock(&self.database);
        let (from, to) = (quoted(&old.name), quoted(&staged.name));
        if staged.column(DELETED_AT).is_none() {
            connection.execute_batch(&format!("ALTER TABLE main.{to} ADD COLUMN {DELETED_AT} TIMESTAMP(6)"))?;
        }
        let on: Vec<_> = staged.key().iter().map(|name| quote_pair(name)).collect();
        let missing = format!("NOT EXISTS (SELECT 1 FROM main.{to} AS n WHERE {})", on.join(" AND "));
        let count = format!("SELECT count(*) FROM main.{from} AS o WHERE o.{DELETED_AT} IS NULL AND {missing}");
        let marked_now = connection.query_row(&count, [], |row| number(row, 0))?;
        let mut common = Vec::new();
        for column in &old.schema(&SYSTEM_COLUMNS).fields {
            let name = quoted(column.name());
            let has_values = || {
                let exists =
                    format!("SELECT EXISTS (SELECT 1 FROM main.{from} AS o WHERE o.{name} IS NOT NULL AND {missing})");
                connection.query_row(&exists, [], |row| row.get(0))
            };
            if staged.column(column.name()).is_some() {
                common.push(name);
            } else if has_values()? {
                // The source no longer has the column, and these rows are kept as they were.
                let declared = old.column(column.name()).map_or("", |column| column.declared.as_str());
                connection.execute_batch(&format!("ALTER TABLE main.{to} ADD COLUMN {name} {declared}"))?;
                common.push(name);
            }
        }
        let common = common.join(", ");
        // Rows that were marked before keep their earlier marks.
        let keep_earlier =
            |own: &str, parameter: u8| format!("CASE WHEN o.{DELETED_AT} IS NULL THEN ?{parameter} ELSE o.{own} END");
        let insert = format!(
            "INSERT INTO main.{to} ({common}, {}, {DELETED_AT}) SELECT {common}, {}, {}, {} FROM main.{from} AS o WHERE {missing}",
            AUDIT_COLUMNS.join(", "),
            keep_earlier(AUDIT_COLUMNS[0], 1),
            keep_earlier(AUDIT_COLUMNS[1], 2),
            keep_earlier(DELETED_AT, 2),
        );
        let all = connection.execute(&insert, [&self.grant.run_id, loaded_at])? as u64;
        Ok(Kept { marked_now, marked_before: all.saturating_sub(marked_now) })
    }
}

/// Rows that the source no longer has and that stay, marked as deleted.
#[derive(Debug, Clone, Copy, Default)]
struct Kept {
    marked_now: u64,
    marked_before: u64,
}

fn replace(connection: &Connection, old: Option<&Table>, staged: &Table, name: &str) -> rusqlite::Result<WriteStats> {
    let Some(old) = old else {
        let inserted = count_rows(connection, &staged.name)?;
        rename(connection, &staged.name, name)?;
        return Ok(WriteStats { inserted, ..WriteStats::default() });
    };
    let (counts, same_columns) = compare(connection, old, staged)?;
    let changed = counts.inserted + counts.updated + counts.deleted > 0 || !same_columns;
    if !changed {
        connection.execute_batch(&format!("DROP TABLE main.{}", quoted(&staged.name)))?;
        return Ok(counts);
    }
    put_in_place(connection, old, &staged.name)?;
    Ok(counts)
}

/// Puts a table in the place of another, with the indexes and triggers that were added to that.
fn put_in_place(connection: &Connection, old: &Table, beside: &str) -> rusqlite::Result<()> {
    let belongings = belongings(connection, &old.name)?;
    drop_copies(connection, beside)?;
    connection.execute_batch(&format!("DROP TABLE main.{}", quoted(&old.name)))?;
    rename(connection, beside, &old.name)?;
    belongings.iter().try_for_each(|belonging| connection.execute_batch(belonging))
}

fn rename(connection: &Connection, from: &str, to: &str) -> rusqlite::Result<()> {
    connection.execute_batch(&format!("ALTER TABLE main.{} RENAME TO {}", quoted(from), quoted(to)))
}

fn count_rows(connection: &Connection, table: &str) -> rusqlite::Result<u64> {
    let count = format!("SELECT count(*) FROM main.{}", quoted(table));
    connection.query_row(&count, [], |row| number(row, 0))
}

/// A count, which is never negative.
fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::unsigned_abs)
}

/// The statements that created the indexes and triggers which were added to a table.
fn belongings(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(BELONGINGS)?;
    let statements = statement.query_map([table], |row| row.get(1))?;
    statements.collect()
}

/// The changes that the swap will make to the rows that readers see, and whether the columns stay the same.
fn compare(connection: &Connection, old: &Table, staged: &Table) -> rusqlite::Result<(WriteStats, bool)> {
    let same_columns = has_same_columns(old, staged);
    let key = staged.key();
    let counts = match key.is_empty() {
        _ if key != old.key() || key.is_empty() && !same_columns => WriteStats {
            inserted: count_rows(connection, &staged.name)?,
            deleted: count_rows(connection, &old.name)?,
            ..WriteStats::default()
        },
        true => compare_bags(connection, old, staged)?,
        false => compare_by_key(connection, old, staged, &key, same_columns)?,
    };
    Ok((counts, same_columns))
}

fn has_same_columns(old: &Table, staged: &Table) -> bool {
    let (old_columns, new_columns) = (old.schema(&AUDIT_COLUMNS), staged.schema(&AUDIT_COLUMNS));
    old_columns.fields().len() == new_columns.fields().len()
        && new_columns
            .fields()
            .iter()
            .all(|field| old.column(field.name()).is_some_and(|column| same_type(&column.arrow, field.data_type())))
}

fn compare_by_key(
    connection: &Connection,
    old: &Table,
    staged: &Table,
    key: &[String],
    same_columns: bool,
) -> rusqlite::Result<WriteStats> {
    let columns = staged.schema(&AUDIT_COLUMNS);
    let names = columns.fields().iter().map(|field| quoted(field.name()));
    let differences: Vec<_> = names.map(|name| format!("n.{name} IS NOT o.{name} COLLATE BINARY")).collect();
    let differs = if same_columns { any_of(&differences) } else { "true".to_owned() };
    let on: Vec<_> = key.iter().map(|name| quote_pair(name)).collect();
    let first = quoted(&key[0]);
    let (total, matched, updated) = connection.query_row(
        &format!(
            "SELECT count(*), count(o.{first}), count(CASE WHEN o.{first} IS NOT NULL AND ({differs}) THEN 1 END) \
             FROM main.{} AS n LEFT JOIN main.{} AS o ON {}",
            quoted(&staged.name),
            quoted(&old.name),
            on.join(" AND ")
        ),
        [],
        |row| Ok((number(row, 0)?, number(row, 1)?, number(row, 2)?)),
    )?;
    Ok(WriteStats {
        inserted: total - matched,
        updated,
        unchanged: matched - updated,
        deleted: count_rows(connection, &old.name)?.saturating_sub(matched),
        staged: 0,
        rejected: 0,
    })
}

/// The left side's collation counts: the staged table compares texts by their bytes.
fn quote_pair(name: &str) -> String {
    format!("n.{0} = o.{0}", quoted(name))
}

/// Without a key, rows are the same if they are equal in all columns, each as often as it occurs.
fn compare_bags(connection: &Connection, old: &Table, staged: &Table) -> rusqlite::Result<WriteStats> {
    let columns = staged.schema(&AUDIT_COLUMNS);
    let names: Vec<_> = columns.fields().iter().map(|field| quoted(field.name())).collect();
    let numbers: Vec<_> = (1..=names.len()).map(|number| number.to_string()).collect();
    let names = names.join(", ");
    connection.query_row(
        &format!(
            "SELECT coalesce(sum(max(new - old, 0)), 0), coalesce(sum(min(new, old)), 0), \
                    coalesce(sum(max(old - new, 0)), 0) \
             FROM (SELECT {names}, sum(is_new) AS new, sum(1 - is_new) AS old \
                   FROM (SELECT {names}, 1 AS is_new FROM main.{} \
                         UNION ALL SELECT {names}, 0 FROM main.{}) \
                   GROUP BY {})",
            quoted(&staged.name),
            quoted(&old.name),
            numbers.join(", ")
        ),
        [],
        |row| {
            Ok(WriteStats {
                inserted: number(row, 0)?,
                unchanged: number(row, 1)?,
                deleted: number(row, 2)?,
                ..WriteStats::default()
            })
        },
    )
}
