//! The host's tables about models in the target: the last build of each model, the last result of each test, and rows
//! that failed. They are written in the transaction of the rows that they describe.

use std::collections::{BTreeMap, BTreeSet};

use arrow_schema::DataType;
use serde::{Deserialize, Serialize};
use wmshost_flow::{Failure, Sql, SqlSession, own_table_objection};
use wmshost_sql::{ColumnPurpose, Dialect, Value};

use crate::host_columns::audit_types;
use crate::record::{BuildRecord, Inputs, Moment, OwnState, TestRecord};

/// The table of the last builds.
pub const MODEL_TABLE: &str = "WMSHOST_MODEL";
/// The table of the last test results.
pub const TEST_TABLE: &str = "WMSHOST_TEST";
/// The table of rows that failed tests.
pub const FAILURES_TABLE: &str = "WMSHOST_TEST_FAILURES";

/// The columns that each of these tables has had since its first version.
const COLUMNS: [(&str, &[&str]); 3] = [
    (MODEL_TABLE, &["pipeline", "model", "fingerprint", "inputs", "changed_at", "checked_at", "row_count", "run_id"]),
    (TEST_TABLE, &["pipeline", "node", "test", "status", "failing", "measured", "tested_at", "run_id"]),
    (FAILURES_TABLE, &["pipeline", "node", "test", "row_number", "failing_row", "run_id"]),
];

/// Returns the reasons why objects with the names of the host's tables about models are not such tables, for a person.
pub fn store_objections(sql: &mut dyn Sql) -> Result<Vec<String>, Failure> {
    COLUMNS.iter().filter_map(|(name, columns)| own_table_objection(sql, name, columns).transpose()).collect()
}

/// The maximum of failing rows that are kept per test.
pub(crate) const KEPT_FAILURES: usize = 100;

/// The text of the column `inputs`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedInputs {
    read: Option<Inputs>,
    own: OwnState,
}

/// The host's own tables, for one pipeline.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Store<'p> {
    pub(crate) pipeline: &'p str,
    pub(crate) dialect: Dialect,
}

impl Store<'_> {
    /// Creates the tables that do not exist yet.
    pub(crate) fn prepare(self, sql: &mut dyn SqlSession) -> Result<(), Failure> {
        let [text, _] = self.dialect.declared_audit_types();
        let kinds = [DataType::Utf8, audit_types()[1].clone(), DataType::Int64, DataType::Float64];
        let [long, moment, number, real] =
            kinds.map(|kind| self.dialect.declared_type(&kind, ColumnPurpose::Modelled).unwrap_or_default());
        let tables = [
            (
                MODEL_TABLE,
                format!(
                    "pipeline {text} NOT NULL, model {text} NOT NULL, fingerprint {text} NOT NULL, \
                     inputs {long} NOT NULL, changed_at {text} NOT NULL, checked_at {moment} NOT NULL, \
                     row_count {number}, run_id {text} NOT NULL, plugin_digest {text}, PRIMARY KEY (pipeline, model)"
                ),
            ),
            (
                TEST_TABLE,
                format!(
                    "pipeline {text} NOT NULL, node {text} NOT NULL, test {text} NOT NULL, status {text} NOT NULL, \
                     failing {number} NOT NULL, measured {real}, tested_at {moment} NOT NULL, \
                     run_id {text} NOT NULL, seen {long}, at_most {number}, PRIMARY KEY (pipeline, node, test)"
                ),
            ),
            (
                FAILURES_TABLE,
                format!(
                    "pipeline {text} NOT NULL, node {text} NOT NULL, test {text} NOT NULL, \
                     row_number {number} NOT NULL, failing_row {long} NOT NULL, run_id {text} NOT NULL, \
                     PRIMARY KEY (pipeline, node, test, row_number)"
                ),
            ),
        ];
        for (name, columns) in tables {
            if kind_of(sql, self.dialect, name)?.is_some() {
                continue;
            }
            let made = sql.execute(&format!("CREATE TABLE {} ({columns})", self.dialect.quoted(name)), &[]);
            // Another process may have created it meanwhile.
            if let Err(failure) = made
                && kind_of(sql, self.dialect, name)?.is_none()
            {
                return Err(failure);
            }
        }
        self.add_to_tested(&[("seen", &long), ("at_most", &number)], sql)
    }

    /// Adds columns that a table of an earlier version lacks.
    fn add_to_tested(self, columns: &[(&str, &str)], sql: &mut dyn SqlSession) -> Result<(), Failure> {
        let there = self.columns_of_tested(sql)?;
        for (name, kind) in columns.iter().filter(|(name, _)| !there.contains(*name)) {
            let words = self.dialect.add_column(name, kind);
            sql.execute(&format!("ALTER TABLE {} {words}", self.dialect.quoted(TEST_TABLE)), &[])?;
        }
        Ok(())
    }

    fn columns_of_tested(self, sql: &mut dyn Sql) -> Result<BTreeSet<String>, Failure> {
        let columns = sql.columns(&format!("SELECT * FROM {}", self.dialect.quoted(TEST_TABLE)))?;
        Ok(columns.into_iter().map(|(name, _)| name.to_ascii_lowercase()).collect())
    }

    /// The last build of every model of the pipeline.
    pub(crate) fn built(self, sql: &mut dyn Sql) -> Result<BTreeMap<String, BuildRecord>, Failure> {
        if kind_of(sql, self.dialect, MODEL_TABLE)?.is_none() {
            return Ok(BTreeMap::new());
        }
        let statement = format!(
            "SELECT model, fingerprint, inputs, changed_at, {}, row_count, run_id, plugin_digest FROM {MODEL_TABLE} \
             WHERE pipeline = {}",
            self.dialect.timestamp_as_text("checked_at"),
            self.dialect.parameter(1)
        );
        let rows = sql.query(&statement, &[Value::Text(self.pipeline.to_owned())])?;
        Ok(rows.into_iter().filter_map(|row| built(&row)).collect())
    }

    /// Records the build of a model.
    pub(crate) fn write_built(self, sql: &mut dyn Sql, model: &str, built: &BuildRecord) -> Result<(), Failure> {
        self.forget(sql, model)?;
        let inputs = RecordedInputs { read: built.inputs.clone(), own: built.own.clone() };
        let inputs = serde_json::to_string(&inputs)
            .map_err(|error| Failure::permanent(format!("recording the inputs of {model}: {error}")))?;
        let values = [
            Value::Text(self.pipeline.to_owned()),
            Value::Text(model.to_owned()),
            Value::Text(built.fingerprint.clone()),
            Value::Text(inputs),
            Value::Text(built.changed_at.to_string()),
            self.dialect.timestamp_parameter(built.checked_at),
            built.rows.map_or(Value::Null, count),
            Value::Text(built.run_id.clone()),
            Value::Text(built.plugin_digest.clone()),
        ];
        let columns = "pipeline, model, fingerprint, inputs, changed_at, checked_at, row_count, run_id, plugin_digest";
        self.insert(sql, MODEL_TABLE, columns, &values)
    }

    /// Forgets the build of a model: it is built in full next time.
    pub(crate) fn forget(self, sql: &mut dyn Sql, model: &str) -> Result<(), Failure> {
        let [one, two] = [1, 2].map(|number| self.dialect.parameter(number));
        let delete = format!("DELETE FROM {MODEL_TABLE} WHERE pipeline = {one} AND model = {two}");
        sql.execute(&delete, &[Value::Text(self.pipeline.to_owned()), Value::Text(model.to_owned())]).map(drop)
    }

    /// The last results of all tests of the pipeline, by node and test.
    pub(crate) fn tested(self, sql: &mut dyn Sql) -> Result<BTreeMap<(String, String), TestRecord>, Failure> {
        if kind_of(sql, self.dialect, TEST_TABLE)?.is_none() {
            return Ok(BTreeMap::new());
        }
        let there = self.columns_of_tested(sql)?;
        let [seen, at_most] = ["seen", "at_most"].map(|name| if there.contains(name) { name } else { "NULL" });
        let statement = format!(
            "SELECT node, test, status, failing, measured, {}, {seen}, {at_most} FROM {TEST_TABLE} WHERE pipeline = {}",
            self.dialect.timestamp_as_text("tested_at"),
            self.dialect.parameter(1)
        );
        let rows = sql.query(&statement, &[Value::Text(self.pipeline.to_owned())])?;
        Ok(rows.into_iter().filter_map(|row| tested(&row)).collect())
    }

    /// Records a test's result and some of the rows that failed; if no rows are passed, those that were kept before
    /// stay.
    pub(crate) fn write_tested(
        self,
        sql: &mut dyn Sql,
        (node, test): (&str, &str),
        tested: &TestRecord,
        failing_rows: Option<&[String]>,
        run_id: &str,
    ) -> Result<(), Failure> {
        let text = |text: &str| Value::Text(text.to_owned());
        let key = [text(self.pipeline), text(node), text(test)];
        let [one, two, three] = [1, 2, 3].map(|number| self.dialect.parameter(number));
        for table in [Some(TEST_TABLE), failing_rows.map(|_| FAILURES_TABLE)].into_iter().flatten() {
            let which = format!("pipeline = {one} AND node = {two} AND test = {three}");
            sql.execute(&format!("DELETE FROM {table} WHERE {which}"), &key)?;
        }
        let measured = tested.measured.map_or(Value::Null, Value::Float64);
        let mut values = key.to_vec();
        let seen = serde_json::to_string(&tested.seen)
            .map_err(|error| Failure::permanent(format!("noting what {test} looked at: {error}")))?;
        values.extend([
            text(&tested.status),
            count(tested.failing),
            measured,
            self.dialect.timestamp_parameter(tested.at),
            text(run_id),
        ]);
        values.extend([text(&seen), count(u64::from(tested.at_most))]);
        let columns = "pipeline, node, test, status, failing, measured, tested_at, run_id, seen, at_most";
        self.insert(sql, TEST_TABLE, columns, &values)?;
        for (number, row) in (1..).zip(failing_rows.unwrap_or_default()) {
            let mut values = key.to_vec();
            values.extend([Value::Int64(number), text(row), text(run_id)]);
            self.insert(sql, FAILURES_TABLE, "pipeline, node, test, row_number, failing_row, run_id", &values)?;
        }
        Ok(())
    }

    /// The kept failing rows of tests, as JSON: node, test, row.
    pub(crate) fn failing_rows(self, sql: &mut dyn Sql) -> Result<Vec<(String, String, String)>, Failure> {
        if kind_of(sql, self.dialect, FAILURES_TABLE)?.is_none() {
            return Ok(Vec::new());
        }
        let statement = format!(
            "SELECT node, test, failing_row FROM {FAILURES_TABLE} WHERE pipeline = {} ORDER BY node, test, row_number",
            self.dialect.parameter(1)
        );
        let rows = sql.query(&statement, &[Value::Text(self.pipeline.to_owned())])?;
        Ok(rows.into_iter().map(|row| (text_of(&row, 0), text_of(&row, 1), text_of(&row, 2))).collect())
    }

    fn insert(self, sql: &mut dyn Sql, table: &str, columns: &str, values: &[Value]) -> Result<(), Failure> {
        let places: Vec<String> = (1..=values.len()).map(|number| self.dialect.parameter(number)).collect();
        sql.execute(&format!("INSERT INTO {table} ({columns}) VALUES ({})", places.join(", ")), values).map(drop)
    }
}

/// The kind of the object that has a name in the database: `table` or `view`.
pub(crate) fn kind_of(sql: &mut dyn Sql, dialect: Dialect, name: &str) -> Result<Option<String>, Failure> {
    let rows = sql.query(&dialect.relation_kind(), &[Value::Text(dialect.spelled(name))])?;
    Ok(rows.first().map(|row| text_of(row, 0)))
}

/// A digest of the text of a view, as the database has it.
pub(crate) fn view_digest(sql: &mut dyn Sql, dialect: Dialect, name: &str) -> Result<String, Failure> {
    let rows = sql.query(&dialect.view_text(), &[Value::Text(dialect.spelled(name))])?;
    let text = rows.first().map(|row| text_of(row, 0)).unwrap_or_default();
    Ok(blake3::hash(text.as_bytes()).to_hex()[..16].to_owned())
}

fn built(row: &[Value]) -> Option<(String, BuildRecord)> {
    // Inputs in the form of an earlier version are unknown inputs; the rest of the record still counts.
    let (inputs, own) = match serde_json::from_str(&text_of(row, 2)) {
        Ok(RecordedInputs { read, own }) => (read, own),
        Err(_) => (None, OwnState::default()),
    };
    let built = BuildRecord {
        fingerprint: text_of(row, 1),
        inputs,
        own,
        changed_at: Moment::parse(&text_of(row, 3))?,
        checked_at: Moment::parse(&text_of(row, 4))?.0,
        rows: whole(row.get(5)?),
        run_id: text_of(row, 6),
        plugin_digest: text_of(row, 7),
    };
    Some((text_of(row, 0), built))
}

fn tested(row: &[Value]) -> Option<((String, String), TestRecord)> {
    let tested = TestRecord {
        status: text_of(row, 2),
        failing: whole(row.get(3)?)?,
        measured: real(row.get(4)?),
        at: Moment::parse(&text_of(row, 5))?.0,
        seen: serde_json::from_str(&text_of(row, 6)).ok(),
        at_most: whole(row.get(7)?) == Some(1),
    };
    Some(((text_of(row, 0), text_of(row, 1)), tested))
}

/// The value of a column as text; empty for NULL.
pub(crate) fn text_of(row: &[Value], at: usize) -> String {
    match row.get(at) {
        None | Some(Value::Null) => String::new(),
        Some(value) => value.to_string(),
    }
}

/// The number of rows a relation has.
pub(crate) fn rows_of(relation: &str, sql: &mut dyn Sql) -> Result<u64, Failure> {
    let rows = sql.query(&format!("SELECT COUNT(*) FROM {relation} wms_counted"), &[])?;
    Ok(rows.first().and_then(|row| row.first()).and_then(whole).unwrap_or(0))
}

/// A value as a count. Numbers may be returned as decimals.
pub(crate) fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Int64(value) => u64::try_from(*value).ok(),
        Value::Null => None,
        value => real(value).filter(|value| *value >= 0.0).map(|value| value as u64),
    }
}

/// A value as a number.
pub(crate) fn real(value: &Value) -> Option<f64> {
    match value {
        Value::Int64(value) => Some(*value as f64),
        Value::Float64(value) => Some(*value),
        Value::Decimal(digits) => digits.parse().ok(),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn count(count: u64) -> Value {
    Value::Int64(i64::try_from(count).unwrap_or(i64::MAX))
}
