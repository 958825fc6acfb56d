//! Parts of statements for which each database has a form of its own.

use arrow_schema::DataType;

use crate::{CURRENT_SCHEMA, ColumnPurpose, Dialect, stored_decimal, text_literal};

/// Returns the PL/SQL block that renews Oracle's statistics of a table of the session's schema, by its exact name.
pub fn gather_statistics(table: &str) -> String {
    let table = text_literal(table);
    format!("BEGIN DBMS_STATS.GATHER_TABLE_STATS({CURRENT_SCHEMA}, {table}); END;")
}

/// The longest chain of conditions: SQLite refuses an expression of more than 1,000 operators in a row, and a table may
/// have 2,000 columns.
const LONGEST_CHAIN: usize = 400;

/// Returns the condition that all of these hold.
pub fn all_of(conditions: &[String]) -> String {
    chain(conditions, " AND ")
}

/// Returns the condition that at least one of these holds.
pub fn any_of(conditions: &[String]) -> String {
    chain(conditions, " OR ")
}

fn chain(conditions: &[String], operator: &str) -> String {
    if conditions.len() <= LONGEST_CHAIN {
        return conditions.join(operator);
    }
    let links = conditions.chunks(LONGEST_CHAIN).map(|links| format!("({})", links.join(operator)));
    links.collect::<Vec<_>>().join(operator)
}

impl Dialect {
    /// Returns a parameter of a statement, by its number from 1.
    pub fn parameter(self, number: usize) -> String {
        match self {
            Self::Sqlite => format!("?{number}"),
            Self::Oracle => format!(":{number}"),
        }
    }

    /// Returns a statement with parameters `?1` … in the syntax of the dialect. No text in it may contain a question
    /// mark.
    pub fn with_parameters(self, statement: &str) -> String {
        match self {
            Self::Sqlite => statement.to_owned(),
            Self::Oracle => statement.replace('?', ":"),
        }
    }

    /// Returns the greatest of several values that is not NULL; the databases' own function is NULL if one of them is.
    pub fn greatest(self, values: &[String]) -> String {
        if let [one] = values {
            return one.clone();
        }
        let rotated = (0..values.len()).map(|from| {
            let (last, first) = values.split_at(from);
            format!("COALESCE({})", [first, last].concat().join(", "))
        });
        let rotated = rotated.collect::<Vec<_>>().join(", ");
        match self {
            Self::Sqlite => format!("max({rotated})"),
            Self::Oracle => format!("GREATEST({rotated})"),
        }
    }

    /// Returns the FROM of a SELECT without a table, after a blank: ` FROM dual` where a table is required.
    pub fn dummy_table(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Oracle => " FROM dual",
        }
    }

    /// Returns the clause that limits a SELECT to its first rows.
    pub fn first_rows(self, rows: usize) -> String {
        match self {
            Self::Sqlite => format!("LIMIT {rows}"),
            Self::Oracle => format!("FETCH FIRST {rows} ROWS ONLY"),
        }
    }

    /// Returns the condition that two values are the same, where NULL is the same as NULL.
    pub fn same(self, a: &str, b: &str) -> String {
        match self {
            Self::Sqlite => format!("{a} IS {b}"),
            Self::Oracle => format!("DECODE({a}, {b}, 1, 0) = 1"),
        }
    }

    /// Returns the operator between two SELECTs for the rows of the first that the second lacks.
    pub fn except(self) -> &'static str {
        match self {
            Self::Sqlite => "EXCEPT",
            Self::Oracle => "MINUS",
        }
    }

    /// Returns the direction with which NULL comes first in an ORDER BY, after a blank: SQLite's default is that, and
    /// without the words it need not sort if an index has the order.
    pub fn nulls_first(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Oracle => " NULLS FIRST",
        }
    }

    /// Returns the time of the statement, UTC, without a zone.
    pub fn current_timestamp(self) -> &'static str {
        match self {
            Self::Sqlite => "strftime('%Y-%m-%d %H:%M:%f000', 'now')",
            Self::Oracle => "CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS TIMESTAMP)",
        }
    }

    /// Returns the date of the statement, UTC.
    pub fn current_date(self) -> &'static str {
        match self {
            Self::Sqlite => "date('now')",
            Self::Oracle => "TRUNC(CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS DATE))",
        }
    }

    /// Returns the time of the statement in seconds since 1970-01-01T00:00:00 UTC.
    pub fn current_second(self) -> &'static str {
        match self {
            Self::Sqlite => "unixepoch()",
            Self::Oracle => "ROUND((CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS DATE) - DATE '1970-01-01') * 86400)",
        }
    }

    /// Returns a timestamp as text, `2026-01-31 23:59:59.999999`, whatever type the database has for it.
    pub fn timestamp_as_text(self, expression: &str) -> String {
        match self {
            Self::Sqlite => expression.to_owned(),
            // A DATE has no fraction.
            Self::Oracle => format!("TO_CHAR(CAST({expression} AS TIMESTAMP(6)), 'YYYY-MM-DD HH24:MI:SS.FF6')"),
        }
    }

    /// Returns the date of a timestamp as text, `2026-01-31`.
    pub fn date_as_text(self, expression: &str) -> String {
        match self {
            Self::Sqlite => format!("substr({expression}, 1, 10)"),
            Self::Oracle => format!("TO_CHAR({expression}, 'YYYY-MM-DD')"),
        }
    }

    /// Returns the seconds from one timestamp to another, without the fractions of both.
    pub fn whole_seconds_between(self, from: &str, to: &str) -> String {
        match self {
            Self::Sqlite => format!("unixepoch(substr({to}, 1, 19)) - unixepoch(substr({from}, 1, 19))"),
            Self::Oracle => format!("(CAST({to} AS DATE) - CAST({from} AS DATE)) * 86400"),
        }
    }

    /// Returns a column of a model as a value of its declared type: Oracle computes with more digits than it stores,
    /// SQLite keeps long decimals as text, and compared rows must be as stored.
    pub fn as_stored(self, before: &str, name: &str, kind: &DataType) -> String {
        let name = self.quoted(name);
        let value = format!("{before}{name}");
        let stored = match self {
            Self::Oracle => {
                let declared = self.declared_type(kind, ColumnPurpose::Modelled);
                declared.map(|declared| format!("CAST({value} AS {declared})"))
            }
            Self::Sqlite => stored_decimal(&value, kind),
        };
        stored.map_or(value, |stored| format!("{stored} AS {name}"))
    }

    /// Returns an empty relation with these columns, for SQL that is compiled but not run.
    pub fn empty_relation<S: AsRef<str>>(self, columns: impl IntoIterator<Item = (S, Option<DataType>)>) -> String {
        let columns = columns.into_iter().map(|(name, kind)| {
            let name = self.quoted(name.as_ref());
            match kind.and_then(|kind| self.declared_type(&kind, ColumnPurpose::Modelled)) {
                // On SQLite a text compares as a text, whatever it is compared with.
                Some(kind) if self == Self::Oracle || kind == "TEXT" => format!("CAST(NULL AS {kind}) AS {name}"),
                _ => format!("NULL AS {name}"),
            }
        });
        let columns = columns.collect::<Vec<_>>().join(", ");
        format!("(SELECT {columns}{} WHERE 1 = 0)", self.dummy_table())
    }

    /// Returns the statement that updates the rows of a table from the rows of another relation, each with its alias:
    /// those that `on` pairs and for which `condition` holds. `sets` are columns of the table with their values.
    pub fn update_from(
        self,
        (table, alias): (&str, &str),
        (relation, other): (&str, &str),
        sets: &[(String, String)],
        (on, condition): (&str, &str),
    ) -> String {
        // SQLite refuses an alias before the column that is set; Oracle needs it where both have the column.
        let before = if self == Self::Oracle { format!("{alias}.") } else { String::new() };
        let sets: Vec<String> = sets.iter().map(|(column, value)| format!("{before}{column} = {value}")).collect();
        let sets = sets.join(", ");
        match self {
            Self::Sqlite => {
                format!("UPDATE {table} AS {alias} SET {sets} FROM {relation} AS {other} WHERE {on} AND {condition}")
            }
            Self::Oracle => format!(
                "MERGE INTO {table} {alias} USING {relation} {other} ON ({on}) \
                 WHEN MATCHED THEN UPDATE SET {sets} WHERE {condition}"
            ),
        }
    }

    /// Returns the alias of the table of an UPDATE, after a blank.
    pub fn updated_as(self, alias: &str) -> String {
        match self {
            Self::Sqlite => format!(" AS {alias}"),
            Self::Oracle => format!(" {alias}"),
        }
    }

    /// Returns the hint after INSERT, after a blank, with which many rows are written after the last block of a table.
    pub fn direct_path(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Oracle => " /*+ APPEND */",
        }
    }

    /// Returns an expression that SQLite does not look up by an index, so that it reads the other side of a comparison
    /// first. Oracle's optimizer decides by its statistics.
    pub fn read_first(self, expression: &str) -> String {
        match self {
            Self::Sqlite => format!("+{expression}"),
            Self::Oracle => expression.to_owned(),
        }
    }

    /// Returns the words of an ALTER TABLE that add a column.
    pub fn add_column(self, name: &str, declared: &str) -> String {
        match self {
            Self::Sqlite => format!("ADD COLUMN {name} {declared}"),
            Self::Oracle => format!("ADD ({name} {declared})"),
        }
    }

    /// Returns the clause after a DROP TABLE, after a blank, with which Oracle does not keep the table in its recycle bin.
    pub fn purge(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Oracle => " PURGE",
        }
    }

    /// Returns the name of a table that only the session sees, for staged rows.
    pub fn work_table(self, name: &str) -> String {
        match self {
            Self::Sqlite => format!("temp.\"wmshost_{name}\""),
            Self::Oracle => format!("ORA$PTT_WMSHOST_{}", name.to_ascii_uppercase()),
        }
    }

    /// Returns the statement that creates such a table from a SELECT.
    pub fn create_work_table(self, name: &str, select: &str) -> String {
        let table = self.work_table(name);
        match self {
            Self::Sqlite => format!("CREATE TABLE {table} AS {select}"),
            Self::Oracle => {
                format!("CREATE PRIVATE TEMPORARY TABLE {table} ON COMMIT PRESERVE DEFINITION AS {select}")
            }
        }
    }
}
