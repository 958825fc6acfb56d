//! Staged tables. A load that replaces a table writes into a staged one and swaps at the end. Here the rows are
//! swapped, not the tables: in one transaction with the checkpoint, missing rows are deleted, rows that differ updated,
//! and new rows inserted. Renaming would commit by itself, before the checkpoint or after it, and would leave a moment
//! without a table; this way readers see the old rows or the new, and indexes, grants, synonyms and statistics stay.
//! Equal rows are not touched. A column that the stream no longer has stays, but is emptied: it is NULL in old rows as
//! in new ones, unless it has a default or may not be NULL, since something else then fills it.

use wmshost_flow::{Failure, FailureCause, WriteStats};
use wmshost_sql::Value;

use super::merge::{matched_text, on_text};
use super::session::{AUDIT_COLUMNS, DELETED_AT, OracleTargetSession, SYSTEM_COLUMNS, WriteTable};
use super::table::{Comparison, Table, same_names};
use crate::oracle::names::{quoted, quoted_list, spelled};
use crate::oracle::sql_session::{execute, query};
use crate::write_session::{DELETED_CONFLICTS, advice_on_deleted};

/// The columns of a table that may be NULL and have no default.
const FREE: &str = "SELECT column_name FROM all_tab_columns \
     WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND table_name = :1 AND nullable = 'Y' \
     AND default_length IS NULL";

impl OracleTargetSession {
    /// Makes the granted table's rows those of the staged one.
    pub(crate) fn swap_rows(&mut self, table: &str) -> Result<WriteStats, Failure> {
        if self.resolve_table(table)? != WriteTable::Table {
            return Err(Failure::denied(format!("{}: a staged table is not swapped", self.place)));
        }
        let doing = format!("{}, swapping the table {table}", self.place);
        self.forget_tables();
        let staged = self
            .find(WriteTable::Staged)?
            .ok_or_else(|| Failure::permanent(format!("{doing}: nothing is staged")).advise("stage it first"))?;
        let old = self.found(WriteTable::Table, table)?;
        let columns: Vec<String> =
            staged.schema(&SYSTEM_COLUMNS).fields().iter().map(|field| field.name().clone()).collect();
        let swap = Swap {
            emptied: self.left_over(&old, &columns)?,
            table: quoted(table),
            staged_table: quoted(&self.staged_name()),
            columns,
            old: &old,
            key: &staged.key,
        };
        let counts = if same_names(&staged.key, &old.key) { self.swap_by_key(&swap) } else { self.swap_all(&swap) };
        self.staged_is_done = true;
        counts.map_err(|failure| self.refused_by(&failure, &old, &staged.key).unwrap_or(failure).within(&doing))
    }

    fn swap_by_key(&mut self, swap: &Swap<'_>) -> Result<WriteStats, Failure> {
        if self.count(&format!("SELECT COUNT(*) FROM {} WHERE ROWNUM = 1", swap.table))? == 0 {
            // Looking each row up in a table that grows meanwhile can take the server long.
            let inserted = self.run(&swap.insert_text(), &[])?;
            return Ok(WriteStats { inserted, ..WriteStats::default() });
        }
        let total = self.count(&format!("SELECT COUNT(*) FROM {}", swap.staged_table))?;
        let missing = format!("NOT EXISTS (SELECT 1 FROM {} s WHERE {})", swap.staged_table, on_text(swap.key));
        let deleted = if swap.old.column(DELETED_AT).is_some() {
            let statement = format!(
                "UPDATE {} t SET {} = :1, {} = :2, {deleted} = :3 WHERE t.{deleted} IS NULL AND {missing}",
                swap.table,
                quoted(AUDIT_COLUMNS[0]),
                quoted(AUDIT_COLUMNS[1]),
                deleted = quoted(DELETED_AT),
            );
            let at = Value::Timestamp(self.loaded_at);
            let values = [Value::Text(self.grant.run_id.clone()), at.clone(), at];
            self.run(&statement, &values)?
        } else {
            self.run(&format!("DELETE FROM {} t WHERE {missing}", swap.table), &[])?
        };
        let matched = matched_text(swap.old, &swap.columns, swap.key, None);
        let updated = match with_emptied(matched, &swap.emptied) {
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
        Ok(WriteStats { inserted, updated, unchanged, deleted, ..WriteStats::default() })
    }

    /// Without a common key every row is replaced, unless the rows are the same, each as often as it is there.
    fn swap_all(&mut self, swap: &Swap<'_>) -> Result<WriteStats, Failure> {
        if swap.columns.iter().any(|name| swap.old.column(name).is_some_and(|c| c.comparison != Comparison::Plain)) {
            // Rows with large objects cannot be grouped, so that equal ones are not found.
            let deleted = self.run(&format!("DELETE FROM {}", swap.table), &[])?;
            let inserted = self.run(&swap.insert_text(), &[])?;
            return Ok(WriteStats { inserted, deleted, ..WriteStats::default() });
        }
        let columns = quoted_list("", swap.columns.iter().map(String::as_str));
        let bags = format!(
            "SELECT SUM(GREATEST(is_new - is_old, 0)), SUM(LEAST(is_new, is_old)), SUM(GREATEST(is_old - is_new, 0)) \
             FROM (SELECT {columns}, SUM(new_row) is_new, SUM(old_row) is_old FROM \
             (SELECT {columns}, 1 new_row, 0 old_row FROM {} UNION ALL SELECT {columns}, 0, 1 FROM {}) b \
             GROUP BY {columns}) c",
            swap.staged_table, swap.table
        );
        let row = query(&mut self.connection, &self.place, &bags, &[])?.into_iter().next().unwrap_or_default();
        let number = |at: usize| match row.get(at) {
            // No row at all has no sum.
            Some(Value::Null) => Ok(0),
            other => counted(other),
        };
        let counts =
            WriteStats { inserted: number(0)?, unchanged: number(1)?, deleted: number(2)?, ..WriteStats::default() };
        if counts.inserted + counts.deleted > 0 {
            self.run(&format!("DELETE FROM {}", swap.table), &[])?;
            self.run(&swap.insert_text(), &[])?;
        } else if !swap.emptied.is_empty() {
            let (sets, lefts) = emptied_texts(&swap.emptied, "");
            self.run(&format!("UPDATE {} SET {sets} WHERE {lefts}", swap.table), &[])?;
        }
        Ok(counts)
    }

    /// A failure of the swap by a unique index. The staged rows were checked against the indexes one by one, so that only
    /// a row that is kept as deleted can conflict.
    fn refused_by(&mut self, failure: &Failure, old: &Table, key: &[String]) -> Option<Failure> {
        let is_unique = matches!(failure.cause, Some(FailureCause::Oracle { code: Some(1), .. }));
        old.column(DELETED_AT).filter(|_| is_unique)?;
        let clash = self.clash(old, key).ok().flatten().map(|clash| clash.to_string());
        let what = clash.unwrap_or_else(|| format!("{DELETED_CONFLICTS}. Nothing was changed"));
        Some(failure.clone().and(what).advise(advice_on_deleted()))
    }

    /// The columns of the old table that are to be emptied.
    fn left_over(&mut self, old: &Table, columns: &[String]) -> Result<Vec<String>, Failure> {
        let is_left = |name: &str| {
            columns.iter().map(String::as_str).chain(SYSTEM_COLUMNS).all(|other| spelled(other) != spelled(name))
        };
        let left: Vec<String> =
            old.columns.iter().map(|column| column.name.clone()).filter(|name| is_left(name)).collect();
        if left.is_empty() {
            return Ok(left);
        }
        let rows = query(&mut self.connection, &self.place, FREE, &[Value::Text(spelled(&self.grant.table))])?;
        let free = |name: &String| {
            rows.iter().any(|row| matches!(row.first(), Some(Value::Text(free)) if *free == spelled(name)))
        };
        let (emptied, kept): (Vec<_>, Vec<_>) = left.into_iter().partition(free);
        for (names, what) in
            [(&emptied, "is emptied"), (&kept, "is left alone, for it has a default or may not be NULL")]
        {
            for name in names {
                tracing::warn!("{}: the stream no longer has the column {name}; it {what}", self.place);
            }
        }
        Ok(emptied)
    }

    pub(crate) fn run(&mut self, statement: &str, values: &[Value]) -> Result<u64, Failure> {
        execute(&mut self.connection, &self.place, statement, values)
    }

    /// The number that a query returns.
    pub(crate) fn count(&mut self, statement: &str) -> Result<u64, Failure> {
        let rows = query(&mut self.connection, &self.place, statement, &[])?;
        counted(rows.first().and_then(|row| row.first()))
    }
}

/// A count that the server returned. Anything else is an error, not 0.
fn counted(value: Option<&Value>) -> Result<u64, Failure> {
    let counted = match value {
        Some(Value::Int64(count)) => Some(count.unsigned_abs()),
        Some(Value::Decimal(text)) => match text.split_once('.') {
            Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole.parse().ok(),
            Some(_) => None,
            None => text.parse().ok(),
        },
        _ => None,
    };
    counted.ok_or_else(|| Failure::permanent("the server answered a count with something else"))
}

/// The parameters of a swap; names are quoted.
struct Swap<'a> {
    /// Columns of the old table that the staged one lacks; not quoted.
    emptied: Vec<String>,
    table: String,
    staged_table: String,
    columns: Vec<String>,
    old: &'a Table,
    key: &'a [String],
}

impl Swap<'_> {
    /// The insertion of staged rows `s`, without a condition.
    fn insert_text(&self) -> String {
        let names = || self.columns.iter().map(String::as_str).chain(AUDIT_COLUMNS);
        format!(
            "INSERT INTO {} ({}) SELECT {} FROM {} s",
            self.table,
            quoted_list("", names()),
            quoted_list("s.", names()),
            self.staged_table
        )
    }
}

/// A MERGE's update that empties columns, too.
fn with_emptied(matched: Option<String>, emptied: &[String]) -> Option<String> {
    if emptied.is_empty() {
        return matched;
    }
    let (sets, lefts) = emptied_texts(emptied, "t.");
    let Some(matched) = matched else {
        return Some(format!("WHEN MATCHED THEN UPDATE SET {sets} WHERE {lefts}"));
    };
    let (before, condition) = matched.split_once(" WHERE ")?;
    Some(format!("{before}, {sets} WHERE {lefts} OR {condition}"))
}

/// The assignments that empty columns, and the condition that one of them is not empty.
fn emptied_texts(emptied: &[String], before: &str) -> (String, String) {
    let sets: Vec<_> = emptied.iter().map(|name| format!("{before}{} = NULL", quoted(name))).collect();
    let lefts: Vec<_> = emptied.iter().map(|name| format!("{before}{} IS NOT NULL", quoted(name))).collect();
    (sets.join(", "), lefts.join(" OR "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emptied_columns_join_what_differs() {
        let emptied = ["c".to_owned()];
        assert_eq!(
            with_emptied(Some("WHEN MATCHED THEN UPDATE SET t.\"A\" = s.\"A\" WHERE (x)".to_owned()), &emptied)
                .as_deref(),
            Some("WHEN MATCHED THEN UPDATE SET t.\"A\" = s.\"A\", t.\"C\" = NULL WHERE t.\"C\" IS NOT NULL OR (x)")
        );
        assert_eq!(
            with_emptied(None, &emptied).as_deref(),
            Some("WHEN MATCHED THEN UPDATE SET t.\"C\" = NULL WHERE t.\"C\" IS NOT NULL")
        );
        assert_eq!(with_emptied(None, &[]), None);
    }
}
