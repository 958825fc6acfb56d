//! The results of earlier runs, from the target: for selections, reports and documentation.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use wmshost_flow::{Failure, Micros, Sql, Value};

use crate::manifest::moment;
use crate::project::Project;
use crate::run::{inputs_now, views_changed};
use crate::select::Selected;
use crate::store::{BuildRecord, Store, kind_of, parse_moment, real, text_of, whole};

impl Project {
    /// The last build of each model.
    pub fn built(&self, pipeline: &str, sql: &mut dyn Sql) -> Result<BTreeMap<String, BuildRecord>, Failure> {
        Store { pipeline, writer: self.writer() }.built(sql)
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
    pub fn last_results(&self, pipeline: &str, sql: &mut dyn Sql) -> Result<Json, Failure> {
        let store = Store { pipeline, writer: self.writer() };
        let mut nodes: BTreeMap<String, Json> = BTreeMap::new();
        for (name, built) in store.built(sql)? {
            let json = json!({
                "built_at": moment(built.checked_at), "changed_at": built.changed_at, "rows": built.rows,
                "run_id": built.run_id, "fingerprint": built.fingerprint,
            });
            nodes.insert(name, json);
        }
        let mut tests: BTreeMap<(String, String), Json> = BTreeMap::new();
        for (key, tested) in store.tested(sql)? {
            let json = json!({
                "status": tested.status, "failing": tested.failing, "at_most": tested.at_most,
                "measured": tested.measured, "at": moment(tested.at), "rows": [],
            });
            tests.insert(key, json);
        }
        for (node, test, row) in store.failing_rows(sql)? {
            if let Some(rows) = tests.get_mut(&(node, test)).and_then(|test| test["rows"].as_array_mut())
                && let Ok(row) = serde_json::from_str(&row)
            {
                rows.push(row);
            }
        }
        for ((node, test), json) in tests {
            let entry = nodes.entry(node).or_insert_with(|| json!({}));
            entry["tests"][test] = json;
        }
        Ok(nodes.into_iter().collect())
    }

    /// The profile of a node's declared columns: number of rows, of non-null and of distinct values, minimum and
    /// maximum.
    pub fn profile(&self, name: &str, sql: &mut dyn Sql) -> Result<Option<Json>, Failure> {
        let Some(&at) = self.by_name.get(name) else { return Ok(None) };
        let (node, writer) = (&self.nodes[at], self.writer());
        if node.columns().is_empty() || kind_of(sql, writer, &node.table)?.is_none() {
            return Ok(None);
        }
        let mut parts = vec!["COUNT(*)".to_owned()];
        for column in node.columns() {
            let column = writer.name(&column.name);
            parts.push(format!("COUNT({column}), COUNT(DISTINCT {column}), MIN({column}), MAX({column})"));
        }
        let rows = sql.query(&format!("SELECT {} FROM {}", parts.join(", "), writer.name(&node.table)), &[])?;
        let Some(row) = rows.first() else { return Ok(None) };
        let count = row.first().and_then(whole).unwrap_or(0);
        let column = |(number, column): (usize, &wmshost_flow::model::ModelColumn)| {
            let from = 1 + 4 * number;
            let filled = row.get(from).and_then(whole).unwrap_or(0);
            let null_pct = if count == 0 { 0.0 } else { 100.0 * (count - filled.min(count)) as f64 / count as f64 };
            json!({
                "name": column.name, "filled": filled, "null_pct": (null_pct * 100.0).round() / 100.0,
                "distinct": row.get(from + 1).and_then(whole), "least": text_of(row, from + 2),
                "most": text_of(row, from + 3),
            })
        };
        let columns: Vec<Json> = node.columns().iter().enumerate().map(column).collect();
        Ok(Some(json!({ "rows": count, "columns": columns })))
    }

    /// The first rows of a node, as text, with the columns' names.
    pub fn sample(
        &self,
        name: &str,
        rows: usize,
        sql: &mut dyn Sql,
    ) -> Result<(Vec<String>, Vec<Vec<String>>), Failure> {
        let writer = self.writer();
        let Some(table) = self.table(name) else { return Ok(Default::default()) };
        if rows == 0 || kind_of(sql, writer, table)?.is_none() {
            return Ok(Default::default());
        }
        let select = format!("SELECT * FROM {}", writer.name(table));
        let columns = sql.columns(&select)?;
        let found = sql.query(&format!("{select} {}", writer.first_rows(rows)), &[])?;
        let columns = columns.into_iter().map(|(name, _)| name).collect();
        let rows = found.iter().map(|row| (0..row.len()).map(|at| text_of(row, at)).collect()).collect();
        Ok((columns, rows))
    }

    /// The time when each stream was last loaded: from the checkpoint that the pipeline keeps beside the rows.
    pub fn last_loads(&self, pipeline: &str, sql: &mut dyn Sql) -> Result<BTreeMap<String, Micros>, Failure> {
        let writer = self.writer();
        if kind_of(sql, writer, "WMSHOST_CHECKPOINT")?.is_none() {
            return Ok(BTreeMap::new());
        }
        // The ledger keeps timestamps as text, in all databases.
        let statement = format!(
            "SELECT stream, MAX(committed_at) FROM WMSHOST_CHECKPOINT WHERE pipeline = {} GROUP BY stream",
            writer.parameter(1)
        );
        let rows = sql.query(&statement, &[Value::Text(pipeline.to_owned())])?;
        Ok(rows.iter().filter_map(|row| Some((text_of(row, 0), parse_moment(&text_of(row, 1))?))).collect())
    }

    /// The action of a build for each selected model, and the reason: name, action, reason.
    pub fn plan(
        &self,
        pipeline: &str,
        selected: &Selected,
        now: Micros,
        sql: &mut dyn Sql,
    ) -> Result<Vec<(String, &'static str, String)>, Failure> {
        let built = Store { pipeline, writer: self.writer() }.built(sql)?;
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
        let changed: BTreeSet<&str> = inputs
            .iter()
            .filter(|(name, mark)| before.inputs.get(*name) != Some(mark))
            .map(|(name, _)| name.trim_end_matches(" before#").trim_matches(['{', '}', '#']))
            .collect();
        let why = format!("{} changed", changed.iter().copied().collect::<Vec<_>>().join(", "));
        Ok(match model.increment() {
            _ if changed.is_empty() => ("unchanged", String::new()),
            Some(_) if !views_changed(&before.inputs, &inputs) => ("incremental", why),
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
        let writer = self.writer();
        let Some(table) = self.table(&metric.model) else { return Ok(Vec::new()) };
        if kind_of(sql, writer, table)?.is_none() {
            return Ok(Vec::new());
        }
        let (day, column) = (writer.name(&metric.day), writer.name(&metric.column));
        let query = format!(
            "SELECT {}, {column} FROM {} WHERE {day} IS NOT NULL ORDER BY {day} DESC {}",
            self.day_text(&day),
            writer.name(table),
            writer.first_rows(days)
        );
        let mut rows = sql.query(&query, &[])?;
        rows.reverse();
        Ok(rows.iter().map(|row| (text_of(row, 0), row.get(1).and_then(real))).collect())
    }

    fn day_text(&self, day: &str) -> String {
        match self.dialect {
            wmshost_flow::Dialect::Sqlite => format!("substr({day}, 1, 10)"),
            wmshost_flow::Dialect::Oracle => format!("TO_CHAR({day}, 'YYYY-MM-DD')"),
        }
    }
}
