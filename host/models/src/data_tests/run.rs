//! Running the tests of a node. Tests that can be decided from a row alone share one pass over the table; some rows of
//! failing tests are kept.

use std::collections::BTreeMap;
use std::time::Duration;

use wmshost_flow::model::{Assertion, Test};
use wmshost_flow::{Failure, Sql, SqlSession};
use wmshost_sql::Value;

use super::counts::{Testing, shared_counts};
use super::evaluate::{TestResult, TestStatus, beyond, over_number, over_rows};
use super::failure_bounds::{Counted, decided_by_new_rows};
use super::query::{query_of, tested_rows};
use super::scope::{Extent, TestScope};
use crate::project::ParsedTest;
use crate::record::TestRecord;
use crate::store::{KEPT_FAILURES, kind_of, real, rows_of};

/// Runs the tests of a node that are due, and keeps their results. Tests that need no reading are reported as
/// unchanged.
pub(crate) fn test_node(
    testing: &Testing<'_>,
    at: usize,
    due: &[(&ParsedTest, TestScope)],
    sql: &mut dyn SqlSession,
) -> Result<Vec<TestResult>, Failure> {
    let node = &testing.renderer.project.nodes[at];
    let mut results: Vec<TestResult> =
        due.iter().filter(|(_, due)| due.extent == Extent::Nothing).map(|(parsed, _)| blank(&parsed.test)).collect();
    let due: Vec<&(&ParsedTest, TestScope)> = due.iter().filter(|(_, due)| due.extent != Extent::Nothing).collect();
    if due.is_empty() {
        return Ok(results);
    }
    let started = testing.clock.elapsed();
    let shared = counts(testing, at, &due, sql);
    let share = seconds(testing.clock.elapsed() - started) / shared.len().max(1) as f64;
    let mut ended = Vec::new();
    for (parsed, due) in due {
        let started = testing.clock.elapsed();
        let counted = shared.get(parsed.test.name.as_str());
        let (mut result, rows) = one(testing, at, parsed, counted, sql);
        result.seconds = seconds(testing.clock.elapsed() - started) + counted.map_or(0.0, |_| share);
        ended.push((result, rows, due));
    }
    sql.begin()?;
    match write(testing, &node.name, &ended, sql) {
        Ok(()) => sql.commit()?,
        Err(failure) => {
            let _ = sql.rollback();
            return Err(failure);
        }
    }
    results.extend(ended.into_iter().map(|(result, _, _)| result));
    Ok(results)
}

/// The counts that need no query per test: those from new rows alone, and those of one pass over the table.
fn counts<'t>(
    testing: &Testing<'_>,
    at: usize,
    due: &[&(&'t ParsedTest, TestScope)],
    sql: &mut dyn Sql,
) -> BTreeMap<&'t str, Counted> {
    let mut counted = decided_by_new_rows(testing, at, due, sql);
    let rest: Vec<&ParsedTest> = due
        .iter()
        .map(|(parsed, _)| *parsed)
        .filter(|parsed| !counted.contains_key(parsed.test.name.as_str()))
        .collect();
    let all = shared_counts(testing, at, &rest, None, sql);
    counted.extend(all.into_iter().map(|(name, (failing, tested))| (name, Counted::of_all(failing, tested))));
    counted
}

fn blank(test: &Test) -> TestResult {
    TestResult {
        name: test.name.clone(),
        assertion: test.assertion.name().to_owned(),
        status: TestStatus::Unchanged,
        failing: 0,
        at_most: false,
        measured: None,
        message: String::new(),
        seconds: 0.0,
    }
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

fn write(
    testing: &Testing<'_>,
    node: &str,
    ended: &[(TestResult, Option<Vec<String>>, &TestScope)],
    sql: &mut dyn SqlSession,
) -> Result<(), Failure> {
    for (result, rows, due) in ended {
        let before = testing.before.get(&(node.to_owned(), result.name.clone()));
        let is_better = matches!(result.status, TestStatus::Passed | TestStatus::Warned);
        let measured = if is_better { result.measured } else { before.and_then(|before| before.measured) };
        let tested = TestRecord {
            status: result.status.name().to_owned(),
            failing: result.failing,
            at_most: result.at_most,
            measured,
            at: testing.clock.now(),
            seen: Some(due.seen.clone()),
        };
        let key = (node, result.name.as_str());
        testing.store.write_tested(sql, key, &tested, rows.as_deref(), testing.renderer.run_id)?;
    }
    Ok(())
}

/// Runs one test; returns its result and some of the failing rows as JSON, or no rows where the kept ones are to stay.
fn one(
    testing: &Testing<'_>,
    at: usize,
    parsed: &ParsedTest,
    counted: Option<&Counted>,
    sql: &mut dyn Sql,
) -> (TestResult, Option<Vec<String>>) {
    let test = &parsed.test;
    let mut result = TestResult { status: TestStatus::Errored, ..blank(test) };
    let outcome = match measures(testing, at, parsed, sql) {
        Some(measured) => measured.map(|(status, message, measured)| {
            result.measured = measured;
            (status, message, Some(Vec::new()))
        }),
        None => count(testing, at, parsed, counted, sql).and_then(|counted| {
            (result.failing, result.at_most) = (counted.failing, counted.at_most());
            let (status, message) = over_rows(test, counted.failing, counted.tested);
            if counted.at_most() {
                return Ok((status, format!("at most {} rows fail", counted.failing), None));
            }
            let rows = if counted.failing > 0 { failing_rows(testing, at, parsed, &counted, sql)? } else { Vec::new() };
            Ok((status, message, Some(rows)))
        }),
    };
    match outcome {
        Ok((status, message, rows)) => {
            (result.status, result.message) = (status, message);
            (result, rows)
        }
        Err(failure) => {
            result.message = absent_table(testing, at, parsed, sql).unwrap_or_else(|| failure.to_string());
            (result, Some(Vec::new()))
        }
    }
}

/// The reason why a test failed to run, if a table that it looks at is not there.
fn absent_table(testing: &Testing<'_>, at: usize, parsed: &ParsedTest, sql: &mut dyn Sql) -> Option<String> {
    let project = testing.renderer.project;
    let mut looked_at = [at].into_iter().chain(parsed.relations(project)).map(|other| &project.nodes[other]);
    let node = looked_at.find(|node| matches!(kind_of(sql, project.dialect, &node.table), Ok(None)))?;
    let why = match node.model() {
        Some(_) => "the model was not built: `wmshost models build` builds it",
        None => "the stream was never loaded: `wmshost run` loads it",
    };
    Some(format!("there is no table {} of {}; {why}", node.table, node.name))
}

type Measured = Result<(TestStatus, String, Option<f64>), Failure>;

/// The result of a test that measures; `None` for one that looks for rows.
fn measures(testing: &Testing<'_>, at: usize, parsed: &ParsedTest, sql: &mut dyn Sql) -> Option<Measured> {
    let test = &parsed.test;
    let node = &testing.renderer.project.nodes[at];
    let mut number = || -> Result<Option<f64>, Failure> {
        let rows = sql.query(&query_of(&testing.renderer, at, parsed), &[])?;
        Ok(rows.first().and_then(|row| row.first()).and_then(real))
    };
    Some(match &test.assertion {
        Assertion::RowCount(bounds) | Assertion::Distribution { bounds, .. } => number().map(|measured| {
            let key = (node.name.clone(), test.name.clone());
            let before = testing.before.get(&key).and_then(|before| before.measured);
            let (status, message) = over_number(test, bounds, measured, before);
            (status, message, measured)
        }),
        Assertion::Recency { seconds, column } => number().map(|age| match age {
            Some(age) if age <= *seconds as f64 => (TestStatus::Passed, String::new(), Some(age)),
            Some(age) => {
                (beyond(test), format!("the newest {column} is {age:.0} s old; the limit is {seconds} s"), Some(age))
            }
            None => (beyond(test), format!("no row has a {column}"), None),
        }),
        _ => return None,
    })
}

fn count(
    testing: &Testing<'_>,
    at: usize,
    parsed: &ParsedTest,
    counted: Option<&Counted>,
    sql: &mut dyn Sql,
) -> Result<Counted, Failure> {
    if let Some(counted) = counted {
        return Ok(counted.clone());
    }
    let failing = rows_of(&format!("({}\n)", query_of(&testing.renderer, at, parsed)), sql)?;
    let tested = match failing > 0 && parsed.has_share() {
        true => rows_of(&tested_rows(&testing.renderer, at, parsed), sql)?,
        false => 0,
    };
    Ok(Counted::of_all(failing, tested))
}

/// Some of the failing rows, each as a JSON object.
fn failing_rows(
    testing: &Testing<'_>,
    at: usize,
    parsed: &ParsedTest,
    counted: &Counted,
    sql: &mut dyn Sql,
) -> Result<Vec<String>, Failure> {
    let dialect = testing.renderer.project.dialect;
    let select = counted.failures().map_or_else(|| query_of(&testing.renderer, at, parsed), str::to_owned);
    let columns: Vec<String> = sql.columns(&select)?.into_iter().map(|(name, _)| name).collect();
    let rows =
        sql.query(&format!("SELECT * FROM ({select}\n) wms_failing {}", dialect.first_rows(KEPT_FAILURES)), &[])?;
    Ok(rows.iter().map(|row| as_json(&columns, row, dialect.longest_text())).collect())
}

/// A row as a JSON object of at most `most` bytes: columns that do not fit are left out.
fn as_json(columns: &[String], row: &[Value], most: usize) -> String {
    let value = |value: &Value| match value {
        Value::Null => serde_json::Value::Null,
        Value::Boolean(value) => (*value).into(),
        Value::Int64(value) => (*value).into(),
        Value::Float64(value) => (*value).into(),
        value => value.to_string().into(),
    };
    let mut left = most.saturating_sub(2);
    let mut object = serde_json::Map::new();
    for (column, cell) in columns.iter().zip(row) {
        let cell = value(cell);
        // Quotes, colon and comma take four bytes.
        let taken = column.len() + cell.to_string().len() + 4;
        let Some(rest) = left.checked_sub(taken) else { continue };
        left = rest;
        object.insert(column.clone(), cell);
    }
    serde_json::Value::Object(object).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_row_is_kept_as_far_as_it_fits() {
        let columns = ["a", "long", "b"].map(str::to_owned);
        let row = [Value::Int64(1), Value::Text("x".repeat(50)), Value::Text("y\"".into())];
        assert_eq!(as_json(&columns, &row, 40), r#"{"a":1,"b":"y\""}"#);
        assert_eq!(as_json(&columns, &row, usize::MAX).len(), 77);
    }
}
