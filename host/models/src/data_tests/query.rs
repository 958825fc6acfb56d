//! The SELECT of the rows that fail a test, of all rows or of new rows alone; for a measuring test, the SELECT of its
//! number.

use wmshost_flow::model::Assertion;
use wmshost_sql::{Dialect, Value};

use crate::project::{ParsedTest, Project, SqlRenderer};
use crate::template::{Mode, Placeholder, Template};

impl ParsedTest {
    /// The other nodes that the test reads.
    pub(crate) fn relations<'t>(&'t self, project: &'t Project) -> impl Iterator<Item = usize> + 't {
        let named =
            self.sql.iter().chain(&self.only_where).flat_map(Template::uses).filter_map(|used| match used.word {
                Placeholder::Relation(name) => Some(name.as_str()),
                _ => None,
            });
        let to = match &self.test.assertion {
            Assertion::Relationship { to, .. } => Some(to.as_str()),
            _ => None,
        };
        named.chain(to).filter_map(|name| project.by_name.get(name).copied())
    }
}

/// The SELECT of a test.
pub(crate) fn query_of(renderer: &SqlRenderer<'_>, at: usize, parsed: &ParsedTest) -> String {
    let dialect = renderer.project.dialect;
    let from = tested_rows(renderer, at, parsed);
    let sql = parsed.sql.as_ref().map(|sql| renderer.write(sql, at, Mode::Full)).unwrap_or_default();
    if let Some(fails) = row_condition(renderer, at, parsed) {
        return format!("SELECT * FROM {from} wms_tested WHERE {fails}");
    }
    match &parsed.test.assertion {
        Assertion::Unique(columns) => {
            let filled: Vec<String> =
                columns.iter().map(|column| format!("{} IS NOT NULL", dialect.quoted(column))).collect();
            twice(dialect, columns, &from, &filled.join(" AND "))
        }
        Assertion::Relationship { column, to, to_column } => {
            let there = dialect.quoted(to_column);
            missing(renderer, &from, (column, to, to_column), &format!("{there} IS NOT NULL"))
        }
        Assertion::Recency { column, .. } => {
            let newest = format!("MAX({})", dialect.quoted(column));
            format!("SELECT {} FROM {from} wms_tested", age(dialect, &newest, renderer.now))
        }
        Assertion::RowCount(_) => format!("SELECT COUNT(*) FROM {from} wms_tested"),
        Assertion::Distribution { .. } => format!("SELECT {sql} FROM {from} wms_tested"),
        _ => sql,
    }
}

/// The SELECT of the failing rows among those for which `newer` is true; for uniqueness, of the duplicate keys among
/// those that such rows have. `None` if new rows alone cannot decide the test.
pub(super) fn new_failures(renderer: &SqlRenderer<'_>, at: usize, parsed: &ParsedTest, newer: &str) -> Option<String> {
    let dialect = renderer.project.dialect;
    let from = tested_rows(renderer, at, parsed);
    if let Some(fails) = row_condition(renderer, at, parsed) {
        return Some(format!("SELECT * FROM {from} wms_tested WHERE {newer} AND {fails}"));
    }
    match &parsed.test.assertion {
        Assertion::Unique(columns) => {
            let names = dialect.quoted_list("", columns);
            let key = if columns.len() == 1 { names.clone() } else { format!("({names})") };
            let is_new = format!("{key} IN (SELECT {names} FROM {from} wms_new WHERE {newer})");
            Some(twice(dialect, columns, &from, &is_new))
        }
        Assertion::Relationship { column, to, to_column } => {
            // Only the values in new rows are looked up there, by an index if there is one.
            let (name, there) = (dialect.quoted(column), dialect.quoted(to_column));
            let is_meant = format!("{there} IN (SELECT {name} FROM {from} wms_new WHERE {newer})");
            Some(format!("{} AND {newer}", missing(renderer, &from, (column, to, to_column), &is_meant)))
        }
        _ => None,
    }
}

/// The SELECT of the duplicate keys among rows for which a condition is true.
fn twice(dialect: Dialect, columns: &[String], from: &str, condition: &str) -> String {
    let names = dialect.quoted_list("", columns);
    format!(
        "SELECT {names}, COUNT(*) AS times FROM {from} wms_tested WHERE {condition} GROUP BY {names} HAVING COUNT(*) > 1"
    )
}

/// The SELECT of the rows whose value is missing among the rows there, for which a condition is true.
fn missing(
    renderer: &SqlRenderer<'_>,
    from: &str,
    (column, to, to_column): (&str, &str, &str),
    condition: &str,
) -> String {
    let dialect = renderer.project.dialect;
    let (column, there) = (dialect.quoted(column), dialect.quoted(to_column));
    let to = renderer.project.by_name.get(to).map(|&to| renderer.relation(to)).unwrap_or_default();
    format!(
        "SELECT * FROM {from} wms_tested WHERE {column} IS NOT NULL AND {column} NOT IN \
         (SELECT {there} FROM {to} wms_there WHERE {condition})"
    )
}

/// The rows that a test reads.
pub(crate) fn tested_rows(renderer: &SqlRenderer<'_>, at: usize, parsed: &ParsedTest) -> String {
    let relation = renderer.relation(at);
    match condition(renderer, at, parsed) {
        Some(condition) => format!("(SELECT * FROM {relation} wms_all WHERE {condition})"),
        None => relation,
    }
}

/// The test's `only_where`.
pub(crate) fn condition(renderer: &SqlRenderer<'_>, at: usize, parsed: &ParsedTest) -> Option<String> {
    parsed.only_where.as_ref().map(|condition| format!("({})", renderer.write(condition, at, Mode::Full)))
}

/// The condition under which a row fails, of a test that can be decided from the row alone.
pub(crate) fn row_condition(renderer: &SqlRenderer<'_>, at: usize, parsed: &ParsedTest) -> Option<String> {
    let dialect = renderer.project.dialect;
    Some(match &parsed.test.assertion {
        Assertion::NotNull(columns) => {
            let nulls = columns.iter().map(|column| format!("{} IS NULL", dialect.quoted(column)));
            format!("({})", nulls.collect::<Vec<_>>().join(" OR "))
        }
        Assertion::AcceptedValues { column, values } => {
            let column = dialect.quoted(column);
            let values: Vec<String> = values.iter().map(|value| dialect.literal(value)).collect();
            match values.as_slice() {
                [] => format!("{column} IS NOT NULL"),
                values => format!("{column} NOT IN ({})", values.join(", ")),
            }
        }
        Assertion::Range { column, least, most } => {
            let column = dialect.quoted(column);
            let beyond = |sign: &str, bound: &Option<Value>| {
                bound.as_ref().map(|bound| format!("{column} {sign} {}", dialect.literal(bound)))
            };
            let sides: Vec<String> = beyond("<", least).into_iter().chain(beyond(">", most)).collect();
            if sides.is_empty() { "1 = 0".to_owned() } else { format!("({})", sides.join(" OR ")) }
        }
        Assertion::Expression(_) => {
            let sql = parsed.sql.as_ref().map(|sql| renderer.write(sql, at, Mode::Full)).unwrap_or_default();
            format!("CASE WHEN {sql} THEN 0 ELSE 1 END = 1")
        }
        _ => return None,
    })
}

/// The age of a timestamp at a moment, in seconds.
pub(crate) fn age(dialect: Dialect, moment: &str, now: i64) -> String {
    let now = dialect.literal(&Value::Timestamp(now));
    dialect.whole_seconds_between(moment, &now)
}
