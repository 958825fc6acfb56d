//! Unit tests of models: the model's SQL over a few rows, in a database of its own that holds nothing else.

use std::fmt::Write as _;

use arrow_schema::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wmshost_flow::model::{Rows, UnitTest};
use wmshost_flow::{Failure, Sql, SqlSession};
use wmshost_sql::{ColumnPurpose, Value};

use crate::host_columns::VERSION;
use crate::project::{Node, ParsedModel, Project, SqlRenderer, before_image_table};
use crate::record::Moment;
use crate::store::real;
use crate::template::Mode;
use wmshost_flow::AUDIT_COLUMNS;

/// Port: empty, temporary databases. They accept SQLite's SQL.
pub trait Scratch: Sync {
    /// Opens a session on an empty database.
    fn session(&self) -> Result<Box<dyn SqlSession>, Failure>;
}

/// The result of a unit test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnitResult {
    /// The test's name.
    pub name: String,
    /// True if the model returned the expected rows.
    pub passed: bool,
    /// The difference, row by row: `-` expected and missing, `+` returned and not expected.
    pub difference: String,
}

/// The value of `{now}` where a test does not set it.
const NOW: i64 = 1_768_478_400_000_000;

/// Runs the unit tests of a model.
pub(crate) fn run_unit_tests(project: &Project, name: &str, scratch: &dyn Scratch) -> Result<Vec<UnitResult>, Failure> {
    let Some(&at) = project.by_name.get(name) else { return Ok(Vec::new()) };
    let Some(model) = project.nodes[at].model() else { return Ok(Vec::new()) };
    let mut results = Vec::new();
    for test in &model.model.unit_tests {
        let mut sql = scratch.session()?;
        let proof = UnitTestRun { project, at, model, test };
        let (passed, difference) = match proof.given(sql.as_mut()) {
            Ok(given) => compare(&test.expected, &given),
            Err(failure) => (false, failure.to_string()),
        };
        results.push(UnitResult { name: test.name.clone(), passed, difference });
    }
    Ok(results)
}

struct UnitTestRun<'p> {
    project: &'p Project,
    at: usize,
    model: &'p ParsedModel,
    test: &'p UnitTest,
}

impl UnitTestRun<'_> {
    /// The rows that the model returns over the fixtures.
    fn given(&self, sql: &mut dyn SqlSession) -> Result<Vec<Vec<Value>>, Failure> {
        let dialect = self.project.dialect;
        for &read in &self.project.nodes[self.at].reads {
            let node = &self.project.nodes[read];
            self.fixture(node, &node.name, &node.table, sql)?;
            if self.model.reads_before_images(&node.name) {
                self.fixture(node, &format!("before:{}", node.name), &before_image_table(&node.table), sql)?;
            }
        }
        let mode = if self.test.watermark.is_some() { Mode::Incremental } else { Mode::Full };
        if mode == Mode::Incremental {
            let node = &self.project.nodes[self.at];
            self.fixture(node, "this", &node.table, sql)?;
        }
        let renderer = SqlRenderer {
            now: self.test.now.unwrap_or(NOW),
            run_id: "unit test",
            watermark: self.test.watermark,
            ..self.project.renderer()
        };
        if let (Some(changes), Mode::Incremental) = (&self.model.changes, mode) {
            let changes = self.with_variables(renderer).write(changes, self.at, mode);
            sql.execute(&dialect.create_work_table("changes", &changes), &[])?;
        }
        let statement = self.with_variables(renderer).write(&self.model.statement, self.at, mode);
        let columns = dialect.quoted_list("wms_given.", &self.test.expected.columns);
        sql.query(&format!("SELECT {columns} FROM ({statement}\n) wms_given"), &[])
    }

    fn with_variables<'s>(&'s self, renderer: SqlRenderer<'s>) -> UnitTestRenderer<'s> {
        UnitTestRenderer { renderer, test: self.test }
    }

    /// Creates and fills the table of a dependency.
    fn fixture(&self, node: &Node, name: &str, table: &str, sql: &mut dyn Sql) -> Result<(), Failure> {
        let dialect = self.project.dialect;
        let empty = Rows::default();
        let given = self.test.given.iter().find(|(given, _)| given == name).map_or(&empty, |(_, rows)| rows);
        let mut columns: Vec<(String, Option<&DataType>)> =
            node.columns().iter().map(|column| (column.name.clone(), Some(&column.kind))).collect();
        let own = VERSION.iter().chain(&AUDIT_COLUMNS).map(|name| (*name).to_owned());
        for name in given.columns.iter().cloned().chain(own) {
            if !columns.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                columns.push((name, None));
            }
        }
        let declared = columns.iter().map(|(name, kind)| {
            let kind = kind.and_then(|kind| dialect.declared_type(kind, ColumnPurpose::Modelled)).unwrap_or_default();
            format!("{} {kind}", dialect.quoted(name))
        });
        let table = dialect.quoted(table);
        sql.execute(&format!("CREATE TABLE {table} ({})", declared.collect::<Vec<_>>().join(", ")), &[])?;
        if given.rows.is_empty() {
            return Ok(());
        }
        let rows = given.rows.iter().map(|row| {
            let values: Vec<String> = row.iter().map(|value| dialect.literal(value)).collect();
            format!("({})", values.join(", "))
        });
        let rows: Vec<String> = rows.collect();
        let names = dialect.quoted_list("", &given.columns);
        for rows in rows.chunks(500) {
            sql.execute(&format!("INSERT INTO {table} ({names}) VALUES {}", rows.join(", ")), &[])?;
        }
        Ok(())
    }
}

/// A renderer with the variables of a test, and dependencies as tables.
struct UnitTestRenderer<'s> {
    renderer: SqlRenderer<'s>,
    test: &'s UnitTest,
}

impl UnitTestRenderer<'_> {
    fn write(&self, template: &crate::template::Template, at: usize, mode: Mode) -> String {
        use crate::template::Placeholder;
        let project = self.renderer.project;
        let dialect = project.dialect;
        template.render(mode, |word| match word {
            Placeholder::Relation(name) => project.table(name).map(|table| dialect.quoted(table)).unwrap_or_default(),
            Placeholder::Before(name) => {
                project.table(name).map(|table| dialect.quoted(&before_image_table(table))).unwrap_or_default()
            }
            Placeholder::Variable(name, _) => match self.test.variables.iter().find(|(given, _)| given == name) {
                Some((_, literal)) => literal.clone(),
                None => self.renderer.render_placeholder(word, at),
            },
            word => self.renderer.render_placeholder(word, at),
        })
    }
}

/// True if the rows are the expected ones, in any order; otherwise the difference.
fn compare(expected: &Rows, given: &[Vec<Value>]) -> (bool, String) {
    let mut surplus: Vec<&Vec<Value>> = given.iter().collect();
    let mut missing = Vec::new();
    for row in &expected.rows {
        let found = surplus.iter().position(|given| row.iter().zip(*given).all(|(a, b)| is_same(a, b)));
        match found {
            Some(at) => drop(surplus.remove(at)),
            None => missing.push(row),
        }
    }
    if missing.is_empty() && surplus.is_empty() {
        return (true, String::new());
    }
    let mut difference = format!("  {}", expected.columns.join(" | "));
    for (sign, rows) in [("-", missing), ("+", surplus)] {
        for row in rows {
            let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
            let _ = write!(difference, "\n{sign} {}", cells.join(" | "));
        }
    }
    (false, difference)
}

/// True if the returned value is the expected one: numbers are compared by value, timestamps by their moment.
fn is_same(expected: &Value, given: &Value) -> bool {
    match (expected, given) {
        (Value::Null, Value::Null) => true,
        (Value::Null, _) | (_, Value::Null) => false,
        (Value::Boolean(a), b) => real(b) == Some(f64::from(u8::from(*a))),
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Timestamp(a), b) => Moment::parse(b.to_string().trim_end_matches('Z')) == Some(Moment(*a)),
        (Value::Date(_), b) => expected.to_string() == b.to_string(),
        (Value::Int64(_) | Value::Float64(_) | Value::Decimal(_), b) => match (real(expected), real(b)) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0),
            _ => false,
        },
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_compared_in_any_order_and_by_value() {
        let expected = Rows {
            columns: vec!["a".into(), "b".into()],
            rows: vec![vec![Value::Int64(1), Value::Text("x".into())], vec![Value::Boolean(true), Value::Null]],
        };
        let given = [vec![Value::Int64(1), Value::Null], vec![Value::Float64(1.0), Value::Text("x".into())]];
        assert_eq!(compare(&expected, &given), (true, String::new()));
        let (passed, difference) = compare(&expected, &given[..1]);
        assert!(!passed);
        assert_eq!(difference, "  a | b\n- 1 | x");
        assert!(is_same(&Value::Timestamp(500_000), &Value::Text("1970-01-01 00:00:00.500000".into())));
        assert!(!is_same(&Value::Int64(1), &Value::Text("one".into())));
    }
}
