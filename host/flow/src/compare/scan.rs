//! The target's rows, read once in the order of their key and cut where the source's ranges end.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use wmshost_sql::Dialect;

use super::normalize::like_source;
use crate::failure::Failure;
use crate::metadata::DELETED_AT;
use crate::ports::source::{Cursor, SourceSession, TableDescription};
use crate::values::key::{Bound, InOrder, Keys};

/// The number of rows to fetch at once.
const MOST_ROWS: usize = 8_192;

/// The part of the target's table to read.
pub(crate) struct Wanted {
    /// The columns to read, in the source's spelling.
    pub(crate) columns: Vec<String>,
    /// The columns that identify a row, in the source's order; empty if rows have no key and may come in any order.
    pub(crate) key: Vec<String>,
    /// The columns of the source.
    pub(crate) source: SchemaRef,
    /// True if the table may have rows that are marked as deleted; such rows are left out.
    pub(crate) keeps_deleted: bool,
}

impl Wanted {
    /// Returns what to read of a table: these columns of the rows that are not marked as deleted.
    pub(crate) fn of(table: &TableDescription, columns: &[String], key: &[String], source: &SchemaRef) -> Self {
        let source = SchemaRef::clone(source);
        Self { columns: columns.to_vec(), key: key.to_vec(), source, keeps_deleted: table.has(DELETED_AT) }
    }

    /// Returns the beginning of a query for the columns.
    pub(crate) fn select(&self, dialect: Dialect, table: &str) -> String {
        let columns: Vec<_> = self.columns.iter().map(|name| dialect.quoted(name)).collect();
        format!("SELECT {} FROM {}", columns.join(", "), dialect.quoted(table))
    }

    /// Returns a query for the columns of the rows that are not marked as deleted, in whatever order.
    pub(crate) fn select_all(&self, dialect: Dialect, table: &str) -> String {
        let select = self.select(dialect, table);
        match self.keeps_deleted {
            true => format!("{select} WHERE {} IS NULL", dialect.quoted(DELETED_AT)),
            false => select,
        }
    }
}

/// A scan of the target's table, from its first key to its last.
pub(crate) struct TargetScan {
    cursor: Box<dyn Cursor>,
    table: String,
    wanted: Wanted,
    /// Rows that were fetched but not returned yet.
    held: Option<(RecordBatch, Keys)>,
    seen: InOrder,
    has_ended: bool,
}

impl TargetScan {
    /// Begins the scan.
    pub(crate) fn begin(
        session: &mut dyn SourceSession,
        table: &TableDescription,
        wanted: Wanted,
    ) -> Result<Self, Failure> {
        let cursor = session.query(&statement(session.dialect(), table, &wanted)?, &[])?;
        let table = table.name.clone();
        Ok(Self { cursor, table, wanted, held: None, seen: InOrder::default(), has_ended: false })
    }

    /// Returns the number of rows that have the key of the row before them.
    pub(super) fn duplicates(&self) -> u64 {
        self.seen.duplicates
    }

    /// Returns whether the table may have rows that are marked as deleted.
    pub(super) fn keeps_deleted(&self) -> bool {
        self.wanted.keeps_deleted
    }

    /// Returns whether the last row was read.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended && self.held.is_none()
    }

    /// Returns the next rows whose keys are before the bound, in order and in the source's terms; `None` if there are
    /// no more of them. Calls `twice` for each row that has the key of the row before it.
    pub(crate) fn next(
        &mut self,
        before: Option<&Bound>,
        twice: &mut dyn FnMut(&Keys, usize),
    ) -> Result<Option<RecordBatch>, Failure> {
        let (rows, keys) = match self.held.take() {
            Some(held) => held,
            None => match self.fetch(twice)? {
                Some(fetched) => fetched,
                None => return Ok(None),
            },
        };
        let cut = before.map_or(Ok(keys.len()), |bound| keys.first_not_before(bound))?;
        let all = rows.num_rows();
        if cut < all {
            let rest = rows.slice(cut, all - cut);
            let keys = Keys::of(&rest, &self.wanted.key)?;
            self.held = Some((rest, keys));
        }
        Ok((cut > 0).then(|| rows.slice(0, cut)))
    }

    fn fetch(&mut self, twice: &mut dyn FnMut(&Keys, usize)) -> Result<Option<(RecordBatch, Keys)>, Failure> {
        while !self.has_ended {
            let Some(batch) = self.cursor.next(MOST_ROWS)? else {
                self.has_ended = true;
                break;
            };
            if let Some(bad) = batch.rejected.first() {
                return Err(Failure::permanent(format!(
                    "the target's table {} has rows that do not fit its own columns ({}); they were changed outside of \
                     wmshost: load the stream again with --full-refresh",
                    self.table, bad.reason
                )));
            }
            let rows = like_source(&batch.rows, &self.wanted.columns, &self.wanted.key, &self.wanted.source)?;
            let keys = Keys::of(&rows, &self.wanted.key)?;
            let followed = self.seen.follow(&keys, |row| twice(&keys, row));
            followed.map_err(|failure| {
                failure.within(format_args!(
                    "the target's table {} cannot be compared with the source, which has another order",
                    self.table
                ))
            })?;
            if rows.num_rows() > 0 {
                return Ok(Some((rows, keys)));
            }
        }
        Ok(None)
    }
}

/// Returns the query for the rows that are not marked as deleted, in the host's order of their keys.
fn statement(dialect: Dialect, table: &TableDescription, wanted: &Wanted) -> Result<String, Failure> {
    let text = wanted.select_all(dialect, &table.name);
    if wanted.key.is_empty() {
        return Ok(text);
    }
    let mut order = Vec::new();
    for name in &wanted.key {
        let by = table
            .order_of(name)
            .map_err(|why| Failure::invalid_config(format!("{why}; so it cannot be compared with its source")))?;
        let field = table.columns.fields().iter().find(|field| field.name().eq_ignore_ascii_case(name));
        let nulls = if field.is_none_or(|field| field.is_nullable()) { dialect.nulls_first() } else { "" };
        order.push(format!("{}{nulls}", by.expression));
    }
    Ok(format!("{text} ORDER BY {}", order.join(", ")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_schema::{DataType, Field, Schema};

    use super::*;
    use crate::values::order::ColumnOrder;

    #[test]
    fn the_target_is_read_in_the_order_of_its_key() {
        let columns = Arc::new(Schema::new(vec![
            Field::new("A", DataType::Int64, false),
            Field::new("B", DataType::Utf8, true),
            Field::new("C", DataType::Utf8, true),
        ]));
        let order = [
            Ok(ColumnOrder::of("\"A\"")),
            Ok(ColumnOrder::of("NLSSORT(\"B\", 'NLS_SORT=BINARY')")),
            Err("its type has no order".to_owned()),
        ];
        let table = TableDescription {
            name: "T".to_owned(),
            columns: Arc::clone(&columns),
            key: Vec::new(),
            order: order.to_vec(),
            sources: Vec::new(),
        };
        let wanted = |keeps_deleted| Wanted {
            columns: ["a", "b", "c"].map(str::to_owned).to_vec(),
            key: ["a", "b"].map(str::to_owned).to_vec(),
            source: Arc::clone(&columns),
            keeps_deleted,
        };
        assert_eq!(
            statement(Dialect::Oracle, &table, &wanted(true)).expect("an order"),
            "SELECT \"A\", \"B\", \"C\" FROM \"T\" WHERE \"WMS_DELETED_AT\" IS NULL \
             ORDER BY \"A\", NLSSORT(\"B\", 'NLS_SORT=BINARY') NULLS FIRST"
        );
        let by_c = Wanted { key: vec!["c".to_owned()], ..wanted(false) };
        let refused = statement(Dialect::Sqlite, &table, &by_c).expect_err("no order");
        assert!(refused.to_string().contains("T cannot be ordered by c: its type has no order"), "{refused}");
    }
}
