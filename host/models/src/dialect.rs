//! SQL for each kind of database: names, literals, types. The host writes all DDL and DML of models with it.

use arrow_schema::{DataType, TimeUnit};
pub(crate) use wmshost_flow::{AUDIT_COLUMNS, DELETED_AT};
use wmshost_flow::{ColumnPurpose, Dialect, Value, declared_type, stored_decimal};

/// The time when a row was replaced or deleted, in its before image.
pub(crate) const REPLACED_AT: &str = "wms_replaced_at";
/// The columns that a snapshot has after those of the model.
pub(crate) const VERSION: [&str; 3] = ["wms_valid_from", "wms_valid_to", "wms_is_current"];

/// The types of the audit columns.
pub(crate) fn audit_types() -> [DataType; 2] {
    [DataType::Utf8, DataType::Timestamp(TimeUnit::Microsecond, None)]
}

/// The types of the columns that a snapshot has after those of the model.
pub(crate) fn version_types() -> [DataType; 3] {
    let moment = DataType::Timestamp(TimeUnit::Microsecond, None);
    [moment.clone(), moment, DataType::Boolean]
}

/// Writes SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SqlWriter(pub(crate) Dialect);

impl SqlWriter {
    /// A column's or table's name. Oracle keeps names in upper case.
    pub(crate) fn name(self, name: &str) -> String {
        let name = match self.0 {
            Dialect::Sqlite => name.replace('"', "\"\""),
            Dialect::Oracle => name.to_ascii_uppercase().replace('"', ""),
        };
        format!("\"{name}\"")
    }

    /// Names separated by commas, each after the prefix `before`.
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

    /// The time of the statement, for views, which outlive a run.
    pub(crate) fn live_now(self) -> &'static str {
        match self.0 {
            Dialect::Sqlite => "strftime('%Y-%m-%d %H:%M:%f000', 'now')",
            Dialect::Oracle => "CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS TIMESTAMP)",
        }
    }

    /// The date of the statement.
    pub(crate) fn live_today(self) -> &'static str {
        match self.0 {
            Dialect::Sqlite => "date('now')",
            Dialect::Oracle => "TRUNC(CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS DATE))",
        }
    }

    /// The type to declare a column with; `None` for a type that plugins cannot name.
    pub(crate) fn declared(self, kind: &DataType) -> Option<String> {
        declared_type(self.0, kind, ColumnPurpose::Modelled)
    }

    /// The same for a column in an index that has this number of texts: an Oracle index entry holds some 6,000 bytes.
    pub(crate) fn declared_in_index(self, kind: &DataType, texts: usize) -> Option<String> {
        let share = 6_000 / texts.max(1);
        match (self.0, kind) {
            (Dialect::Oracle, DataType::Utf8) => Some(format!("VARCHAR2({} BYTE)", share.min(4_000))),
            (Dialect::Oracle, DataType::Binary) => Some(format!("RAW({})", share.min(2_000))),
            _ => self.declared(kind),
        }
    }

    /// The audit columns with their types, as columns of a table.
    pub(crate) fn declared_audit_columns(self) -> [String; 2] {
        let run_id = match self.0 {
            Dialect::Sqlite => "TEXT",
            Dialect::Oracle => "VARCHAR2(128)",
        };
        [(AUDIT_COLUMNS[0], run_id), (AUDIT_COLUMNS[1], "TIMESTAMP(6)")]
            .map(|(column, kind)| format!("{} {kind}", self.name(column)))
    }

    /// A column as a value of its declared type: Oracle computes with more digits than it stores, SQLite keeps long
    /// decimals as text, and compared rows must be as stored.
    pub(crate) fn as_stored(self, before: &str, name: &str, kind: &DataType) -> String {
        let name = self.name(name);
        let value = format!("{before}{name}");
        let stored = match self.0 {
            Dialect::Oracle => self.declared(kind).map(|declared| format!("CAST({value} AS {declared})")),
            Dialect::Sqlite => stored_decimal(&value, kind),
        };
        stored.map_or(value, |stored| format!("{stored} AS {name}"))
    }

    /// The maximum of bytes of a text in the host's own tables.
    pub(crate) fn longest_text(self) -> usize {
        match self.0 {
            Dialect::Sqlite => usize::MAX,
            Dialect::Oracle => 4_000,
        }
    }

    /// The clause after a DROP TABLE with which Oracle does not keep the table in its recycle bin.
    pub(crate) fn for_good(self) -> &'static str {
        match self.0 {
            Dialect::Sqlite => "",
            Dialect::Oracle => " PURGE",
        }
    }

    /// The condition that an owner is the one whose tables need no schema name.
    pub(crate) fn is_own_schema(self) -> &'static str {
        "owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')"
    }

    /// The FROM of a SELECT without a table: `FROM dual` where a table is required.
    fn dummy_table(self) -> &'static str {
        match self.0 {
            Dialect::Sqlite => "",
            Dialect::Oracle => " FROM dual",
        }
    }

    /// The clause that limits a SELECT to its first rows.
    pub(crate) fn first_rows(self, rows: usize) -> String {
        match self.0 {
            Dialect::Sqlite => format!("LIMIT {rows}"),
            Dialect::Oracle => format!("FETCH FIRST {rows} ROWS ONLY"),
        }
    }

    /// The condition that two values are the same, where NULL is the same as NULL.
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

    /// The name of a table that only this session sees, for staged rows.
    pub(crate) fn work_table(self, name: &str) -> String {
        match self.0 {
            Dialect::Sqlite => format!("temp.\"wmshost_{name}\""),
            Dialect::Oracle => format!("ORA$PTT_WMSHOST_{}", name.to_ascii_uppercase()),
        }
    }

    /// Creates such a table from a SELECT.
    pub(crate) fn create_work_table(self, name: &str, select: &str) -> String {
        let table = self.work_table(name);
        match self.0 {
            Dialect::Sqlite => format!("CREATE TABLE {table} AS {select}"),
            Dialect::Oracle => {
                format!("CREATE PRIVATE TEMPORARY TABLE {table} ON COMMIT PRESERVE DEFINITION AS {select}")
            }
        }
    }

    /// An empty relation with these columns, for SQL that is compiled but not run.
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
