//! What the target remembers of models: for selections, reports and documentation.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use wmshost_flow::{Failure, Sql};

use crate::manifest::moment;
use crate::project::Project;
use crate::store::{Built, Store, kind_of, real, text_of, whole};

impl Project {
    /// How each model was last built.
    pub fn built(&self, pipeline: &str, sql: &mut dyn Sql) -> Result<BTreeMap<String, Built>, Failure> {
        Store { pipeline, writer: self.writer() }.built(sql)
    }

    /// How models and tests went last, and some rows that failed, as JSON by node.
    pub fn remembered(&self, pipeline: &str, sql: &mut dyn Sql) -> Result<Json, Failure> {
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
                "status": tested.status, "failing": tested.failing, "measured": tested.measured,
                "at": moment(tested.at), "rows": [],
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

    /// How well the declared columns of a node are filled: rows, non-null, distinct, least and most.
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

    /// The last days of a number: day, value.
    pub fn indicator_days(
        &self,
        indicator: &wmshost_flow::model::Indicator,
        days: usize,
        sql: &mut dyn Sql,
    ) -> Result<Vec<(String, Option<f64>)>, Failure> {
        let writer = self.writer();
        let Some(table) = self.table(&indicator.model) else { return Ok(Vec::new()) };
        if kind_of(sql, writer, table)?.is_none() {
            return Ok(Vec::new());
        }
        let (day, column) = (writer.name(&indicator.day), writer.name(&indicator.column));
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
