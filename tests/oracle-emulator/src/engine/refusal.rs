//! PostgreSQL's errors as Oracle's numbers and messages.

use std::fmt;

/// An error as Oracle reports it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    /// The number after `ORA-`.
    pub(crate) code: u32,
    /// The words after the number.
    pub(crate) words: String,
}

impl Refusal {
    pub(crate) fn new(code: u32, words: impl Into<String>) -> Self {
        Self { code, words: words.into() }
    }

    /// PostgreSQL does not answer.
    pub(crate) fn engine_gone(error: impl fmt::Display) -> Self {
        Self::new(1034, format!("ORACLE not available (the emulator's PostgreSQL is gone: {error})"))
    }

    /// An operation that the emulator cannot do, named in the message.
    pub(crate) fn unsupported(what: impl fmt::Display) -> Self {
        Self::new(3001, format!("unimplemented feature (the emulator cannot do this: {what})"))
    }

    /// A fault of the emulator itself.
    pub(crate) fn internal(what: impl fmt::Display) -> Self {
        Self::new(600, format!("internal error code, arguments: [emulator], [{what}]"))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ORA-{:05}: {}", self.code, self.words)
    }
}

impl std::error::Error for Refusal {}

/// An error as PostgreSQL reports it.
#[derive(Debug, Default)]
pub(crate) struct Report {
    state: String,
    message: String,
    schema: String,
    table: String,
    column: String,
    constraint: String,
}

impl Report {
    pub(crate) fn read(body: &[u8]) -> Self {
        let mut report = Self::default();
        for field in body.split(|byte| *byte == 0) {
            let Some((kind, text)) = field.split_first() else { continue };
            let text = String::from_utf8_lossy(text).into_owned();
            match kind {
                b'C' => report.state = text,
                b'M' => report.message = text,
                b's' => report.schema = text,
                b't' => report.table = text,
                b'c' => report.column = text,
                b'n' => report.constraint = text,
                _ => {}
            }
        }
        report
    }

    /// Errors of the emulator's own functions already have Oracle's number.
    fn told(&self) -> Option<Refusal> {
        let rest = self.message.strip_prefix("ORA-")?;
        let (code, words) = rest.split_once(':')?;
        Some(Refusal::new(code.parse().ok()?, words.trim()))
    }

    fn constraint_name(&self) -> String {
        format!("{}.{}", shout(&self.schema), shout(&self.constraint))
    }

    fn column_name(&self) -> String {
        let quoted = |name: &str| format!("\"{}\"", shout(name));
        format!("{}.{}.{}", quoted(&self.schema), quoted(&self.table), quoted(&self.column))
    }

    /// The first name in quotes in the message.
    fn named(&self) -> String {
        shout(self.message.split('"').nth(1).unwrap_or("?"))
    }

    fn check(&self) -> Refusal {
        match self.constraint.strip_prefix(BYTES_CHECK) {
            Some(column) => {
                let report = Report { column: column.to_owned(), ..self.copy() };
                Refusal::new(12899, format!("value too large for column {}", report.column_name()))
            }
            None => Refusal::new(2290, format!("check constraint ({}) violated", self.constraint_name())),
        }
    }

    fn copy(&self) -> Self {
        Self { schema: self.schema.clone(), table: self.table.clone(), ..Self::default() }
    }

    fn foreign_key(&self) -> Refusal {
        let name = self.constraint_name();
        if self.message.starts_with("insert or update") {
            Refusal::new(2291, format!("integrity constraint ({name}) violated - parent key not found"))
        } else {
            Refusal::new(2292, format!("integrity constraint ({name}) violated - child record found"))
        }
    }
}

/// The prefix of constraints that count bytes. The column's name follows.
pub(crate) const BYTES_CHECK: &str = "ora$bytes$";

fn shout(name: &str) -> String {
    crate::sql::names::shown(name)
}

impl From<Report> for Refusal {
    fn from(report: Report) -> Self {
        if let Some(told) = report.told() {
            return told;
        }
        let said = |code: u32, words: &str| Refusal::new(code, format!("{words} ({})", report.message));
        match report.state.as_str() {
            // Two sessions created the same thing at once.
            "23505" if report.constraint_name().starts_with("PG_CATALOG.") => {
                said(955, "name is already used by an existing object")
            }
            "23505" => Refusal::new(1, format!("unique constraint ({}) violated", report.constraint_name())),
            "23502" => Refusal::new(1400, format!("cannot insert NULL into ({})", report.column_name())),
            "23514" => report.check(),
            "23503" => report.foreign_key(),
            "22001" => said(12899, "value too large for column"),
            "22003" => said(1438, "value larger than specified precision allowed for this column"),
            "22P02" if report.message.contains("timestamp") => said(1861, "literal does not match format string"),
            "22P02" => said(1722, "invalid number"),
            "22012" => Refusal::new(1476, "divisor is equal to zero"),
            "22007" => said(1861, "literal does not match format string"),
            "22008" => said(1843, "not a valid month, day or time"),
            "22023" if report.message.contains("snapshot") => said(8181, "specified number is not a valid SCN"),
            "21000" if report.message.contains("a second time") => {
                Refusal::new(30926, "unable to get a stable set of rows in the source tables")
            }
            "21000" => Refusal::new(1427, "single-row subquery returns more than one row"),
            "25006" => {
                Refusal::new(1456, "may not perform insert, delete, update operation inside a READ ONLY transaction")
            }
            "40001" => Refusal::new(8177, "can't serialize access for this transaction"),
            "40P01" => Refusal::new(60, "deadlock detected while waiting for resource"),
            "42501" if report.message.contains("must be owner") => Refusal::new(1031, "insufficient privileges"),
            "42501" if report.message.contains("permission denied for") => no_right(&report),
            "428C9" => said(32795, "cannot insert into a generated always identity column"),
            "42601" | "42P02" => syntax(&report),
            "42702" => Refusal::new(918, format!("{}: column ambiguously specified", report.named())),
            "42701" => Refusal::new(957, format!("duplicate column name ({})", report.named())),
            "42703" => Refusal::new(904, format!("{}: invalid identifier", missing_column(&report.message))),
            "42P10" => said(904, "invalid identifier"),
            "42883" => said(904, "invalid identifier"),
            "42804" | "42846" => said(932, "inconsistent datatypes"),
            "42803" => said(979, "not a GROUP BY expression"),
            "42P01" | "3F000" => no_table(),
            "42P07" | "42710" => Refusal::new(955, "name is already used by an existing object"),
            "42704" => said(2443, "Cannot drop constraint - nonexistent constraint, or no such object"),
            "42809" => said(942, "table or view does not exist"),
            "42P16" => said(922, "missing or invalid option"),
            "2BP01" => said(2449, "unique/primary keys in table referenced by foreign keys"),
            "3B001" => said(1086, "savepoint never established in this session or is invalid"),
            "53300" => Refusal::new(20, "maximum number of processes (200) exceeded"),
            "54001" => said(913, "too many values"),
            "55P03" => Refusal::new(54, "resource busy and acquire with NOWAIT specified or timeout expired"),
            "57014" => Refusal::new(1013, "user requested cancel of current operation"),
            "57P01" | "57P02" | "57P03" => {
                Refusal::new(1089, "immediate shutdown in progress - no operations are permitted")
            }
            state => said(3001, &format!("unimplemented feature (PostgreSQL refused it with {state})")),
        }
    }
}

fn no_table() -> Refusal {
    Refusal::new(942, "table or view does not exist")
}

/// A user without the right to read a table does not learn that it exists.
fn no_right(report: &Report) -> Refusal {
    if report.message.contains("permission denied for table") || report.message.contains("permission denied for view") {
        no_table()
    } else {
        Refusal::new(1031, "insufficient privileges")
    }
}

fn syntax(report: &Report) -> Refusal {
    let said = |code: u32, words: &str| Refusal::new(code, format!("{words} ({})", report.message));
    if report.message.contains("more expressions than target") {
        said(913, "too many values")
    } else if report.message.contains("more target columns than") {
        said(947, "not enough values")
    } else if report.message.starts_with("there is no parameter") {
        said(1008, "not all variables bound")
    } else {
        said(900, "invalid SQL statement")
    }
}

/// `column "a" does not exist`, `column t.a does not exist`, `column "a" of relation "t" does not exist`.
fn missing_column(message: &str) -> String {
    let name = message.strip_prefix("column ").unwrap_or(message);
    let name = name.split(" does not exist").next().unwrap_or(name).split(" of relation").next().unwrap_or(name);
    let parts = name.split('.').map(|part| format!("\"{}\"", shout(part.trim_matches('"'))));
    parts.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(fields: &[&str]) -> Refusal {
        Refusal::from(Report::read(fields.join("\0").as_bytes()))
    }

    #[test]
    fn names_are_told_as_oracle_spells_them() {
        let refusal = told(&["C23505", "Mduplicate key", "swms", "titem", "npk_item"]);
        assert_eq!(refusal.to_string(), "ORA-00001: unique constraint (WMS.PK_ITEM) violated");
        let refusal = told(&["C23505", "Mduplicate key", "spg_catalog", "tpg_type", "npg_type_typname_nsp_index"]);
        assert_eq!(refusal.code, 955);
        let refusal = told(&["C42703", "Mcolumn t.nope does not exist"]);
        assert_eq!(refusal.to_string(), r#"ORA-00904: "T"."NOPE": invalid identifier"#);
        let refusal = told(&["C23514", "Mcheck", "swms", "titem", "nora$bytes$name"]);
        assert_eq!(refusal.to_string(), r#"ORA-12899: value too large for column "WMS"."ITEM"."NAME""#);
    }

    #[test]
    fn what_carries_oracles_number_keeps_it() {
        assert_eq!(told(&["CP0001", "MORA-01830: date format picture ends"]).code, 1830);
    }
}
