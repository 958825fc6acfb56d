//! How SQL is written for a kind of database: names, literals, types. The host writes all DDL and DML of models
//! with it.

use arrow_schema::{DataType, TimeUnit};
use wmshost_flow::{ColumnPurpose, Dialect, Value, declared_type, stored_decimal};

/// What the host adds to the rows of a model, as to those of a stream.
pub(crate) const AUDIT_COLUMNS: [&str; 2] = ["wms_run_id", "wms_loaded_at"];
/// When a before image was replaced or went.
pub(crate) const REPLACED_AT: &str = "wms_replaced_at";
/// The column in which a stream's table marks rows that the source no longer has.
pub(crate) const DELETED_AT: &str = "wms_deleted_at";
/// What a history has after its columns.
pub(crate) const VERSION: [&str; 3] = ["wms_valid_from", "wms_valid_to", "wms_is_current"];

/// The types of the marks.
pub(crate) fn audit_types() -> [DataType; 2] {
    [DataType::Utf8, DataType::Timestamp(TimeUnit::Microsecond, None)]
}

/// The types of what a history has after its columns.
pub(crate) fn version_types() -> [DataType; 3] {
    let moment = DataType::Timestamp(TimeUnit::Microsecond, None);
    [moment.clone(), moment, DataType::Boolean]
}

/// Writes SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SqlWriter(pub(crate) Dialect);

impl SqlWriter {
    /// A column's or table's name. Oracle keeps names in capitals.
    pub(crate) fn name(self, name: &str) -> String {
        let name = match self.0 {
            Dialect::Sqlite => name.replace('"', "\"\""),
            Dialect::Oracle => name.to_ascii_uppercase().replace('"', ""),
        };
        format!("\"{name}\"")
    }

    /// Names with commas between, each with this before it.
    pub(crate) fn names<S: AsRef<str>>(self, before: &str, names: impl IntoIterator<Item = S>) -> String {
        let names = names.into_iter().map(|name| format!("{before}{}", self.name(name.as_ref())));
        names.collect::<Vec<_>>().join(", ")
    }

    /// A text literal.
    pub(crate) fn text(self, text: &str) -> String {
        format!("'{}'", text.replace('\'', "''"))
    }

    /// A value as a literal.
    pub(crate) fn literal(self, value: &Value) -> String {
        match value {
            Value::Null => "NULL".to_owned(),
            Value::Boolean(value) => u8::from(*value).to_string(),
            Value::Int64(value) => value.to_string(),
            Value::Float64(value) if value.is_finite() => format!("{value:?}"),
            Value::Float64(_) => "NULL".to_owned(),
            Value::Decimal(digits) => digits.clone(),
            Value::Text(text) => self.text(text),
            Value::Binary(_) => match self.0 {
                Dialect::Sqlite => format!("x'{value}'"),
                Dialect::Oracle => format!("HEXTORAW('{value}')"),
            },
            Value::Date(_) => match self.0 {
                Dialect::Sqlite => format!("'{value}'"),
                Dialect::Oracle => format!("DATE '{value}'"),
            },
            Value::Timestamp(_) => match self.0 {
                Dialect::Sqlite => format!("'{value}'"),
                Dialect::Oracle => format!("TIMESTAMP '{value}'"),
            },
        }
    }

    /// The moment of a statement, for views, which live longer than a run.
    pub(crate) fn live_now(self) -> &'static str {
        match self.0 {
            Dialect::Sqlite => "strftime('%Y-%m-%d %H:%M:%f000', 'now')",
            Dialect::Oracle => "CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS TIMESTAMP)",
        }
    }

    /// Its date.
    pub(crate) fn live_today(self) -> &'static str {
        match self.0 {
            Dialect::Sqlite => "date('now')",
            Dialect::Oracle => "TRUNC(CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS DATE))",
        }
    }

    /// The type to declare a column with; `None` for a type that no plugin can name.
    pub(crate) fn declared(self, kind: &DataType) -> Option<String> {
        declared_type(self.0, kind, ColumnPurpose::Modelled)
    }

    /// The same for a column that is in an index with this many texts in all: Oracle's entries hold some 6,000 bytes.
    pub(crate) fn declared_in_index(self, kind: &DataType, texts: usize) -> Option<String> {
        let share = 6_000 / texts.max(1);
        match (self.0, kind) {
            (Dialect::Oracle, DataType::Utf8) => Some(format!("VARCHAR2({} BYTE)", share.min(4_000))),
            (Dialect::Oracle, DataType::Binary) => Some(format!("RAW({})", share.min(2_000))),
            _ => self.declared(kind),
        }
    }

    /// The marks of rows with their types, as columns of a table.
    pub(crate) fn declared_audit_columns(self) -> [String; 2] {
        let run_id = match self.0 {
            Dialect::Sqlite => "TEXT",
            Dialect::Oracle => "VARCHAR2(128)",
        };
        [(AUDIT_COLUMNS[0], run_id), (AUDIT_COLUMNS[1], "TIMESTAMP(6)")]
            .map(|(mark, kind)| format!("{} {kind}", self.name(mark)))
    }

    /// A column as a value of the type that it is declared with: Oracle computes with more digits than it stores, SQLite
    /// keeps long decimals as text, and rows that are compared must be as stored.
    pub(crate) fn as_stored(self, before: &str, name: &str, kind: &DataType) -> String {
        let name = self.name(name);
        let value = format!("{before}{name}");
        let stored = match self.0 {
            Dialect::Oracle => self.declared(kind).map(|declared| format!("CAST({value} AS {declared})")),
            Dialect::Sqlite => stored_decimal(&value, kind),
        };
        stored.map_or(value, |stored| format!("{stored} AS {name}"))
    }

    /// The most bytes of a text in the host's own tables.
    pub(crate) fn longest_text(self) -> usize {
        match self.0 {
            Dialect::Sqlite => usize::MAX,
            Dialect::Oracle => 4_000,
        }
    }

    /// What follows a DROP TABLE, so that Oracle does not keep the table in its recycle bin.
    pub(crate) fn for_good(self) -> &'static str {
        match self.0 {
            Dialect::Sqlite => "",
            Dialect::Oracle => " PURGE",
        }
    }

    /// The condition that an owner is the one whose tables have no need to be named with it.
    pub(crate) fn is_own_schema(self) -> &'static str {
        "owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')"
    }

    /// What represents a SELECT of nothing: `FROM dual` where there must be a table.
    pub(crate) fn dummy_table(self) -> &'static str {
        match self.0 {
            Dialect::Sqlite => "",
            Dialect::Oracle => " FROM dual",
        }
    }

    /// The first rows of a SELECT.
    pub(crate) fn first_rows(self, rows: usize) -> String {
        match self.0 {
            Dialect::Sqlite => format!("LIMIT {rows}"),
            Dialect::Oracle => format!("FETCH FIRST {rows} ROWS ONLY"),
        }
    }

    /// A condition: two values are the same, NULL and NULL too.
    pub(crate) fn same(self, a: &str, b: &str) -> String {
        match self.0 {
            Dialect::Sqlite => format!("{a} IS {b}"),
            Dialect::Oracle => format!("DECODE({a}, {b}, 1, 0) = 1"),
        }
    }

    /// A parameter of a statement.
    pub(crate) fn parameter(self, number: usize) -> String {
        match self.0 {
            Dialect::Sqlite => format!("?{number}"),
            Dialect::Oracle => format!(":{number}"),
        }
    }

    /// The name of a table that only this session sees, for rows on their way.
    pub(crate) fn work_table(self, name: &str) -> String {
        match self.0 {
            Dialect::Sqlite => format!("temp.\"wmshost_{name}\""),
            Dialect::Oracle => format!("ORA$PTT_WMSHOST_{}", name.to_ascii_uppercase()),
        }
    }

    /// Makes such a table of a SELECT.
    pub(crate) fn create_work_table(self, name: &str, select: &str) -> String {
        let table = self.work_table(name);
        match self.0 {
            Dialect::Sqlite => format!("CREATE TABLE {table} AS {select}"),
            Dialect::Oracle => {
                format!("CREATE PRIVATE TEMPORARY TABLE {table} ON COMMIT PRESERVE DEFINITION AS {select}")
            }
        }
    }

    /// An empty relation with these columns, for SQL that is only looked at.
    pub(crate) fn empty<S: AsRef<str>>(self, columns: impl IntoIterator<Item = (S, Option<DataType>)>) -> String {
        let columns = columns.into_iter().map(|(name, kind)| {
            let name = self.name(name.as_ref());
            match kind.and_then(|kind| self.declared(&kind)) {
                Some(kind) if self.0 == Dialect::Oracle => format!("CAST(NULL AS {kind}) AS {name}"),
                _ => format!("NULL AS {name}"),
            }
        });
        let columns = columns.collect::<Vec<_>>().join(", ");
        format!("(SELECT {columns}{} WHERE 1 = 0)", self.dummy_table())
    }
}
