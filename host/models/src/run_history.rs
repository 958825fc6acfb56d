//! The results of earlier runs, from the target: for selections, reports and documentation.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use wmshost_flow::{Failure, Micros, Sql};
use wmshost_sql::Value;

use crate::project::{Project, Selected};
use crate::record::{BuildRecord, Moment};
use crate::run::inputs_now;
use crate::store::{Store, kind_of, real, text_of, whole};

/// The last results of a node.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct NodeHistory {
    /// The last build of a model; its fields are beside `tests`.
    #[serde(flatten)]
    pub built: Option<LastBuild>,
    /// The last result of each test, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tests: BTreeMap<String, LastTest>,
}

/// The last build of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LastBuild {
    /// The time when it was last built or found unchanged, in ISO 8601.
    pub built_at: String,
    /// The load time of its newest rows.
    pub changed_at: Moment,
    /// The number of its rows, if it has any of its own.
    pub rows: Option<u64>,
    /// The run that built it.
    pub run_id: String,
    /// The fingerprint of the declaration that it was built from.
    pub fingerprint: String,
}

/// The last result of a test.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LastTest {
    /// `passed`, `warned`, `failed` or `errored`.
    pub status: String,
    /// The number of failing rows.
    pub failing: u64,
    /// True if fewer may fail.
    pub at_most: bool,
    /// The number that a measuring test measured when it last passed.
    pub measured: Option<f64>,
    /// The time of the test, in ISO 8601.
    pub at: String,
    /// The first failing rows: values by column.
    pub rows: Vec<Map<String, Json>>,
}

/// The profile of a node's declared columns.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Profile {
    /// The number of rows.
    pub rows: u64,
    /// The columns.
    pub columns: Vec<ColumnProfile>,
}

/// The profile of a column.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// The number of values that are not NULL.
    pub filled: u64,
    /// The percentage of NULL, with two decimals.
    pub null_pct: f64,
    /// The number of distinct values.
    pub distinct: Option<u64>,
    /// The minimum, as text.
    pub least: String,
    /// The maximum, as text.
    pub most: String,
}

impl Project {
    /// The last build of each model.
    pub fn built(&self, pipeline: &str, sql: &mut dyn Sql) -> Result<BTreeMap<String, BuildRecord>, Failure> {
        Store { pipeline, dialect: self.dialect }.built(sql)
    }

    /// True if a model was never built, or its declaration has changed since. `built` has the fingerprints of the last
    /// builds.
    pub fn has_news(&self, built: &BTreeMap<String, String>) -> bool {
        let is_news = |node: &crate::project::Node, fingerprint: &String| built.get(&node.name) != Some(fingerprint);
        let mut kept = self
            .models()
            .filter(|(_, model)| model.model.materialization != wmshost_flow::model::Materialization::Ephemeral);
        kept.any(|(node, model)| is_news(node, &model.fingerprint))
    }

    /// The last results of models and tests, and some rows that failed, as JSON by node.
    pub fn last_results(&self, pipeline: &str, sql: &mut dyn Sql) -> Result<BTreeMap<String, NodeHistory>, Failure> {
        let store = Store { pipeline, dialect: self.dialect };
        let mut nodes: BTreeMap<String, NodeHistory> = BTreeMap::new();
        for (name, built) in store.built(sql)? {
            let built = LastBuild {
                built_at: Moment(built.checked_at).iso_8601(),
                changed_at: built.changed_at,
                rows: built.rows,
                run_id: built.run_id,
                fingerprint: built.fingerprint,
            };
            nodes.entry(name).or_default().built = Some(built);
        }
        for ((node, test), tested) in store.tested(sql)? {
            let last = LastTest {
                status: tested.status,
                failing: tested.failing,
                at_most: tested.at_most,
                measured: tested.measured,
                at: Moment(tested.at).iso_8601(),
                rows: Vec::new(),
            };
            nodes.entry(node).or_default().tests.insert(test, last);
        }
        for (node, test, row) in store.failing_rows(sql)? {
            if let Some(last) = nodes.get_mut(&node).and_then(|node| node.tests.get_mut(&test))
                && let Ok(row) = serde_json::from_str(&row)
            {
                last.rows.push(row);
            }
        }
        Ok(nodes)
    }

    /// The profile of a node's declared columns: number of rows, of non-null and of distinct values, minimum and
    /// maximum.
    pub fn profile(&self, name: &str, sql: &mut dyn Sql) -> Result<Option<Profile>, Failure> {
        let Some(&at) = self.by_name.get(name) else { return Ok(None) };
        let (node, dialect) = (&self.nodes[at], self.dialect);
        if node.columns().is_empty() || kind_of(sql, dialect, &node.table)?.is_none() {
            return Ok(None);
        }
        let mut parts = vec!["COUNT(*)".to_owned()];
        for column in node.columns() {
            let column = dialect.quoted(&column.name);
            parts.push(format!("COUNT({column}), COUNT(DISTINCT {column}), MIN({column}), MAX({column})"));
        }
        let rows = sql.query(&format!("SELECT {} FROM {}", parts.join(", "), dialect.quoted(&node.table)), &[])?;
        let Some(row) = rows.first() else { return Ok(None) };
        let count = row.first().and_then(whole).unwrap_or(0);
        let column = |(number, column): (usize, &wmshost_flow::model::ModelColumn)| {
            let from = 1 + 4 * number;
            let filled = row.get(from).and_then(whole).unwrap_or(0);
            let null_pct = if count == 0 { 0.0 } else { 100.0 * (count - filled.min(count)) as f64 / count as f64 };
            ColumnProfile {
                name: column.name.clone(),
                filled,
                null_pct: (null_pct * 100.0).round() / 100.0,
                distinct: row.get(from + 1).and_then(whole),
                least: text_of(row, from + 2),
                most: text_of(row, from + 3),
            }
        };
        let columns = node.columns().iter().enumerate().map(column).collect();
        Ok(Some(Profile { rows: count, columns }))
    }

    /// The first rows of a node, as text, with the columns' names.
    pub fn sample(
        &self,
        name: &str,
        rows: usize,
        sql: &mut dyn Sql,
    ) -> Result<(Vec<String>, Vec<Vec<String>>), Failure> {
        let dialect = self.dialect;
        let Some(table) = self.table(name) else { return Ok(Default::default()) };
        if rows == 0 || kind_of(sql, dialect, table)?.is_none() {
            return Ok(Default::default());
        }
        let select = format!("SELECT * FROM {}", dialect.quoted(table));
        let columns = sql.columns(&select)?;
        let found = sql.query(&format!("{select} {}", dialect.first_rows(rows)), &[])?;
        let columns = columns.into_iter().map(|(name, _)| name).collect();
        let rows = found.iter().map(|row| (0..row.len()).map(|at| text_of(row, at)).collect()).collect();
        Ok((columns, rows))
    }

    /// The time when each stream was last loaded: from the checkpoint that the pipeline keeps beside the rows.
    pub fn last_loads(&self, pipeline: &str, sql: &mut dyn Sql) -> Result<BTreeMap<String, Micros>, Failure> {
        let dialect = self.dialect;
        if kind_of(sql, dialect, "WMSHOST_CHECKPOINT")?.is_none() {
            return Ok(BTreeMap::new());
        }
        // The ledger keeps timestamps as text, in all databases.
        let statement = format!(
            "SELECT stream, MAX(committed_at) FROM WMSHOST_CHECKPOINT WHERE pipeline = {} GROUP BY stream",
            dialect.parameter(1)
        );
        let rows = sql.query(&statement, &[Value::Text(pipeline.to_owned())])?;
        Ok(rows.iter().filter_map(|row| Some((text_of(row, 0), Moment::parse(&text_of(row, 1))?.0))).collect())
    }

    /// The action of a build for each selected model, and the reason: name, action, reason.
    pub fn plan(
        &self,
        pipeline: &str,
        selected: &Selected,
        now: Micros,
        sql: &mut dyn Sql,
    ) -> Result<Vec<(String, &'static str, String)>, Failure> {
        let built = Store { pipeline, dialect: self.dialect }.built(sql)?;
        let mut order: Vec<usize> = selected.0.iter().copied().filter(|&at| self.nodes[at].model().is_some()).collect();
        order.sort_by_key(|&at| (self.nodes[at].level, self.nodes[at].name.clone()));
        let mut touched: BTreeSet<usize> = BTreeSet::new();
        let mut plans = Vec::new();
        for at in order {
            let (plan, why) = self.plan_of(at, &built, &touched, now, sql)?;
            if plan != "unchanged" {
                touched.insert(at);
            }
            plans.push((self.nodes[at].name.clone(), plan, why));
        }
        Ok(plans)
    }

    fn plan_of(
        &self,
        at: usize,
        built: &BTreeMap<String, BuildRecord>,
        touched: &BTreeSet<usize>,
        now: Micros,
        sql: &mut dyn Sql,
    ) -> Result<(&'static str, String), Failure> {
        let node = &self.nodes[at];
        let Some(model) = node.model() else { return Ok(("unchanged", String::new())) };
        if model.model.materialization == wmshost_flow::model::Materialization::Ephemeral {
            return Ok(("unchanged", "it is part of what reads it".to_owned()));
        }
        let full = if model.is_live() { "view" } else { "full" };
        let Some(before) = built.get(&node.name) else { return Ok((full, "it was never built".to_owned())) };
        if before.fingerprint != model.fingerprint {
            return Ok((full, "its declaration has changed".to_owned()));
        }
        if let Some(read) = self.ancestors(at, usize::MAX).into_iter().find(|read| touched.contains(read)) {
            let plan = if model.increment().is_some() { "incremental" } else { full };
            return Ok((plan, format!("{} is built", self.nodes[read].name)));
        }
        let inputs = match inputs_now(self, at, built, now, sql) {
            Ok(inputs) => inputs,
            Err(failure) => return Ok(("failed", failure.to_string())),
        };
        let Some(seen) = &before.inputs else {
            return Ok((full, "another version of wmshost recorded what it read".to_owned()));
        };
        let changed = inputs.changed_since(seen);
        let why = format!("{} changed", changed.iter().copied().collect::<Vec<_>>().join(", "));
        Ok(match model.increment() {
            _ if changed.is_empty() => ("unchanged", String::new()),
            Some(_) if !inputs.views_differ(seen) => ("incremental", why),
            _ => (full, why),
        })
    }

    /// The values of a metric on the last days: day, value.
    pub fn metric_days(
        &self,
        metric: &wmshost_flow::model::Metric,
        days: usize,
        sql: &mut dyn Sql,
    ) -> Result<Vec<(String, Option<f64>)>, Failure> {
        let dialect = self.dialect;
        let Some(table) = self.table(&metric.model) else { return Ok(Vec::new()) };
        if kind_of(sql, dialect, table)?.is_none() {
            return Ok(Vec::new());
        }
        let (day, column) = (dialect.quoted(&metric.day), dialect.quoted(&metric.column));
        let query = format!(
            "SELECT {}, {column} FROM {} WHERE {day} IS NOT NULL ORDER BY {day} DESC {}",
            dialect.date_as_text(&day),
            dialect.quoted(table),
            dialect.first_rows(days)
        );
        let mut rows = sql.query(&query, &[])?;
        rows.reverse();
        Ok(rows.iter().map(|row| (text_of(row, 0), row.get(1).and_then(real))).collect())
    }
}
