//! Ranges of keys, and reading one of the target.

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, SchemaRef};

use super::alike::like_source;
use crate::failure::Failure;
use crate::source::{Dialect, SourceSession};
use crate::value::Value;

/// Keys from behind one up to another.
#[derive(Debug, Clone, Default)]
pub(super) struct Range {
    /// The key before the first; `None`: from the start.
    pub(super) behind: Option<Vec<Value>>,
    /// The last key; `None`: to the end.
    pub(super) up_to: Option<Vec<Value>>,
}

/// The key of a row; `None` if a part of it is NULL.
pub(super) fn key_at(rows: &RecordBatch, key: &[String], row: usize) -> Option<Vec<Value>> {
    key.iter().map(|name| value_at(rows.column_by_name(name)?, row)).collect()
}

fn value_at(column: &ArrayRef, row: usize) -> Option<Value> {
    if column.is_null(row) {
        return None;
    }
    Some(match column.data_type() {
        DataType::Boolean => Value::Boolean(column.as_boolean().value(row)),
        DataType::Int64 => Value::Int64(column.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => Value::Float64(column.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(..) => Value::Decimal(column.as_primitive::<Decimal128Type>().value_as_string(row)),
        DataType::Utf8 => Value::Text(column.as_string::<i32>().value(row).to_owned()),
        DataType::Binary => Value::Binary(column.as_binary::<i32>().value(row).to_vec()),
        DataType::Date32 => Value::Date(column.as_primitive::<Date32Type>().value(row)),
        DataType::Timestamp(..) => Value::Timestamp(column.as_primitive::<TimestampMicrosecondType>().value(row)),
        _ => return None,
    })
}

/// The table of a target as it is read back.
pub(super) struct TargetTable {
    pub(super) session: Box<dyn SourceSession>,
    /// The table.
    pub(super) table: String,
    /// The columns to read.
    pub(super) columns: Vec<String>,
    /// The columns that identify a row, in the source's order.
    pub(super) key: Vec<String>,
    /// The columns as the source has them.
    pub(super) source: SchemaRef,
    /// Whether rows may be marked as deleted.
    pub(super) keeps_deleted: bool,
}

impl TargetTable {
    /// The rows of a range that are not marked as deleted, as the source has them.
    pub(super) fn read(&mut self, range: &Range) -> Result<Vec<RecordBatch>, Failure> {
        let mut statement = Statement { dialect: self.session.dialect(), text: String::new(), parameters: Vec::new() };
        let columns: Vec<_> = self.columns.iter().map(|name| statement.name(name)).collect();
        statement.text = format!("SELECT {} FROM {} WHERE 1 = 1", columns.join(", "), statement.name(&self.table));
        if self.keeps_deleted {
            let deleted = statement.name("wms_deleted_at");
            statement.text.push_str(&format!(" AND {deleted} IS NULL"));
        }
        if let Some(behind) = &range.behind {
            statement.text.push_str(" AND ");
            statement.compare(&self.key, ">", ">", behind);
        }
        if let Some(up_to) = &range.up_to {
            statement.text.push_str(" AND ");
            statement.compare(&self.key, "<", "<=", up_to);
        }
        let mut cursor = self.session.query(&statement.text, &statement.parameters)?;
        let mut batches = Vec::new();
        while let Some(batch) = cursor.next(MOST_ROWS)? {
            if let Some(bad) = batch.rejected.first() {
                return Err(Failure::permanent(format!(
                    "the target's table {} has rows that do not fit its own columns ({}); somebody altered them: load \
                     the stream anew with --full-refresh",
                    self.table, bad.reason
                )));
            }
            batches.push(like_source(&batch.rows, &self.columns, &self.key, &self.source)?);
        }
        Ok(batches)
    }
}

/// Rows to fetch at once.
const MOST_ROWS: usize = 16_384;

struct Statement {
    dialect: Dialect,
    text: String,
    parameters: Vec<Value>,
}

impl Statement {
    /// A name as an identifier: Oracle keeps names in upper case.
    fn name(&self, name: &str) -> String {
        let name = name.replace('"', "\"\"");
        if self.dialect == Dialect::Oracle { format!("\"{}\"", name.to_uppercase()) } else { format!("\"{name}\"") }
    }

    fn parameter(&mut self, value: &Value) {
        self.parameters.push(value.clone());
        let mark = if self.dialect == Dialect::Oracle { ':' } else { '?' };
        self.text.push_str(&format!("{mark}{}", self.parameters.len()));
    }

    /// Adds the comparison of a key, column by column: `strictly` for all columns but the last, which is compared by
    /// `at_last`.
    fn compare(&mut self, columns: &[String], strictly: &str, at_last: &str, key: &[Value]) {
        let ([column, rest @ ..], [value, values @ ..]) = (columns, key) else { return };
        let name = self.name(column);
        if rest.is_empty() {
            self.text.push_str(&format!("{name} {at_last} "));
            self.parameter(value);
            return;
        }
        self.text.push_str(&format!("({name} {strictly} "));
        self.parameter(value);
        self.text.push_str(&format!(" OR ({name} = "));
        self.parameter(value);
        self.text.push_str(" AND ");
        self.compare(rest, strictly, at_last, values);
        self.text.push_str("))");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_several_columns_is_compared_in_order() {
        let mut statement = Statement { dialect: Dialect::Oracle, text: String::new(), parameters: Vec::new() };
        let key = [Value::Int64(1), Value::Int64(2)];
        statement.compare(&["a".to_owned(), "b".to_owned()], "<", "<=", &key);
        assert_eq!(statement.text, r#"("A" < :1 OR ("A" = :2 AND "B" <= :3))"#);
        assert_eq!(statement.parameters, [Value::Int64(1), Value::Int64(1), Value::Int64(2)]);
    }
}
