//! The settings of one model, from all places where they can be: the project's tree, the properties, and `config(…)` in the
//! SQL; the later wins, and tags add up.

use std::collections::BTreeMap;

use minijinja::value::{Value, ValueKind};

use super::jinja::{Jinja, JinjaError, TARGET};
use super::report::ItemKind;
use super::snapshots::HISTORY;
use super::written::{Written, is_plain};
use crate::yaml::{Node, Value as Yaml};

/// The settings that mean the same in a SQL project.
const TAKEN: [&str; 14] = [
    "materialized",
    "unique_key",
    "incremental_strategy",
    "on_schema_change",
    "tags",
    "enabled",
    "indexes",
    "lookback",
    "meta",
    "strategy",
    "check_cols",
    "updated_at",
    "hard_deletes",
    "invalidate_hard_deletes",
];
/// The settings that are without a meaning here, and change no rows.
const WITHOUT_MEANING: [&str; 22] = [
    "docs",
    "persist_docs",
    "group",
    "access",
    "contract",
    "quoting",
    "quote_columns",
    "snowflake_warehouse",
    "cluster_by",
    "partition_by",
    "partitioned_by",
    "parallel",
    "partition_config",
    "bind",
    "file_format",
    "location_root",
    "dist",
    "sort",
    "freshness",
    "event_time",
    "target_schema",
    "target_database",
];

/// The settings of a model, as they are written.
#[derive(Debug, Default)]
pub(super) struct Settings {
    is_snapshot: bool,
    values: BTreeMap<String, Written>,
    tags: Vec<String>,
}

impl Settings {
    /// No settings yet, of a part of this kind.
    pub(super) fn of(kind: ItemKind) -> Self {
        Self { is_snapshot: kind == ItemKind::Snapshot, ..Self::default() }
    }

    /// Adds the settings of a node of the project's tree, or below `config`; `is_tree` for a node whose other keys are
    /// folders.
    pub(super) fn add_node(&mut self, node: &Node, is_tree: bool) {
        for (key, value) in node.map().unwrap_or_default() {
            let name = key.trim_start_matches('+');
            // A folder is a map.
            let is_setting = key.starts_with('+') || !is_tree || value.map().is_none() && !value.is_null();
            if is_setting {
                self.set(name, Written::of(value));
            }
        }
    }

    /// Adds a setting of `config(…)`.
    pub(super) fn add_value(&mut self, key: &str, value: &Value) {
        self.set(key, written(value));
    }

    /// Evaluates the Jinja in settings that have a meaning here.
    pub(super) fn evaluate(&mut self, jinja: &Jinja, file: &str) -> Result<(), JinjaError> {
        for (_, value) in self.values.iter_mut().filter(|(key, _)| TAKEN.contains(&key.as_str())) {
            *value = evaluated(value, jinja, file)?;
        }
        Ok(())
    }

    fn set(&mut self, key: &str, value: Written) {
        if key == "tags" {
            self.tags.extend(value.texts());
        } else {
            self.values.insert(key.replace('-', "_"), value);
        }
    }

    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.values.get(key).and_then(|value| value.texts().into_iter().next())
    }

    /// True if the model is disabled.
    pub(super) fn is_disabled(&self) -> bool {
        self.text("enabled").is_some_and(|enabled| enabled.eq_ignore_ascii_case("false"))
    }

    /// The reason why a model with these settings cannot be taken over.
    pub(super) fn objection(&self) -> Option<String> {
        if self.is_snapshot {
            return self.snapshot_objection();
        }
        let materialized = self.text("materialized").unwrap_or_default();
        if !["", "view", "table", "incremental", "ephemeral", "seed"].contains(&materialized.as_str()) {
            return Some(format!("the materialization {materialized} is not known here"));
        }
        let strategy = self.text("incremental_strategy").unwrap_or_default();
        let is_incremental = materialized == "incremental";
        (is_incremental && !["", "default", "append", "merge", "delete+insert"].contains(&strategy.as_str()))
            .then(|| format!("the strategy {strategy} is not known here"))
    }

    /// The reason why a snapshot with these settings cannot be taken over.
    fn snapshot_objection(&self) -> Option<String> {
        let columns = |key: &str| self.values.get(key).map(Written::texts).unwrap_or_default();
        let is_column = |name: &String| name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
        let (key, strategy, deletes) = (columns("unique_key"), self.text("strategy"), self.text("hard_deletes"));
        match (strategy.as_deref(), deletes.as_deref()) {
            _ if key.is_empty() => Some("it has no `unique_key`".to_owned()),
            _ if !key.iter().all(is_column) => {
                Some(format!("its `unique_key` is not a column: {}; select it under a name", key.join(", ")))
            }
            (_, Some(other)) if !["ignore", "invalidate"].contains(&other) => {
                Some(format!("hard_deletes {other} is not known here; there are ignore and invalidate"))
            }
            (Some("timestamp"), _) if columns("updated_at").iter().any(is_column) => None,
            (Some("timestamp"), _) => Some("the strategy timestamp needs a column as `updated_at`".to_owned()),
            (Some("check"), _) if columns("check_cols").is_empty() => {
                Some("the strategy check needs `check_cols`".to_owned())
            }
            (Some("check"), _) => None,
            (other, _) => Some(format!("the strategy {} is not known here", other.unwrap_or("that is missing"))),
        }
    }

    /// The work that is left to do by hand: settings that run SQL, or that name something else.
    pub(super) fn remarks(&self, name: &str) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.is_snapshot {
            remarks.push(HISTORY.to_owned());
        }
        for (key, value) in &self.values {
            let texts = value.texts();
            let has_value =
                texts.iter().any(|text| !text.is_empty()) || matches!(value, Written::Map(map) if !map.is_empty());
            match key.as_str() {
                "pre_hook" | "post_hook" | "grants" if has_value => remarks.push(format!("{key} is not run here")),
                TARGET => remarks.push(format!(
                    "its SQL depends on target.{}, which no environment sets here: look at what was left out",
                    texts.join(" ")
                )),
                "alias" if texts.first().is_some_and(|alias| !alias.eq_ignore_ascii_case(name)) => {
                    remarks.push(format!("its table is named {}, not {}", name.to_uppercase(), texts[0]));
                }
                "schema" | "database" if has_value => {
                    remarks.push(format!(
                        "{key} {}: all models are in the schema of the pipeline's target",
                        texts.join(" ")
                    ));
                }
                key if !TAKEN.contains(&key)
                    && !WITHOUT_MEANING.contains(&key)
                    && !["pre_hook", "post_hook", "grants", "alias", "schema", "database"].contains(&key) =>
                {
                    remarks.push(format!("the setting {key} is not known here"));
                }
                _ => {}
            }
        }
        remarks
    }

    /// The settings of a SQL project.
    pub(super) fn written(&self) -> Written {
        let mut map: Vec<(String, Written)> = Vec::new();
        if self.is_snapshot {
            map.extend(self.versions());
        }
        for key in ["materialized", "unique_key", "on_schema_change", "indexes", "enabled"] {
            let value = self.values.get(key).filter(|value| **value != Written::Null);
            match (key, value) {
                // Columns that are gone stay in dbt's table; here the table is built again.
                ("materialized" | "on_schema_change", _) if self.is_snapshot => {}
                ("on_schema_change", Some(value)) if value.texts() == ["ignore"] => {}
                (_, Some(value)) => map.push((key.to_owned(), value.clone())),
                _ => {}
            }
        }
        let has_key = self.values.get("unique_key").is_some_and(|key| *key != Written::Null);
        if let Some(strategy) = self.text("incremental_strategy").filter(|strategy| strategy != "default") {
            // Without a key dbt appends, whatever the strategy.
            let strategy = if has_key { strategy } else { "append".to_owned() };
            map.push(("incremental_strategy".to_owned(), Written::Text(strategy)));
        }
        if !self.tags.is_empty() {
            map.push(("tags".to_owned(), Written::List(self.tags.iter().cloned().map(Written::Text).collect())));
        }
        Written::Map(map)
    }
}

impl Settings {
    /// The settings of a snapshot. By dbt's timestamps a row has a new version when its time differs, whatever else does.
    fn versions(&self) -> Vec<(String, Written)> {
        let mut map = vec![("materialized".to_owned(), Written::Text("snapshot".to_owned()))];
        let updated_at = self.values.get("updated_at");
        let compared = match self.text("strategy").as_deref() {
            Some("timestamp") => updated_at.map(|column| Written::List(vec![column.clone()])),
            _ => self.values.get("check_cols").cloned(),
        };
        map.extend(compared.map(|columns| ("check_cols".to_owned(), columns)));
        map.extend(updated_at.map(|column| ("updated_at".to_owned(), column.clone())));
        let flag = |key: &str, value: &str| self.text(key).is_some_and(|text| text.eq_ignore_ascii_case(value));
        if flag("hard_deletes", "invalidate") || flag("invalidate_hard_deletes", "true") {
            map.push(("hard_deletes".to_owned(), Written::Text("invalidate".to_owned())));
        }
        map
    }
}

fn evaluated(value: &Written, jinja: &Jinja, file: &str) -> Result<Written, JinjaError> {
    Ok(match value {
        Written::Text(text) if text.contains("{{") => {
            let text = jinja.evaluate(file, text, false)?.0;
            if is_plain(&text) { Written::Plain(text) } else { Written::Text(text) }
        }
        Written::List(items) => {
            Written::List(items.iter().map(|item| evaluated(item, jinja, file)).collect::<Result<_, _>>()?)
        }
        other => other.clone(),
    })
}

/// A value of Jinja, as it is written.
fn written(value: &Value) -> Written {
    match value.kind() {
        ValueKind::None | ValueKind::Undefined => Written::Null,
        ValueKind::Bool | ValueKind::Number => Written::Plain(value.to_string()),
        ValueKind::Seq | ValueKind::Iterable => {
            Written::List(value.try_iter().map(|items| items.map(|item| written(&item)).collect()).unwrap_or_default())
        }
        ValueKind::Map => {
            let keys = value.try_iter().map(|keys| keys.collect::<Vec<_>>()).unwrap_or_default();
            let entry = |key: Value| {
                (key.to_string(), value.get_item(&key).map(|item| written(&item)).unwrap_or(Written::Null))
            };
            Written::Map(keys.into_iter().map(entry).collect())
        }
        _ => Written::Text(value.to_string()),
    }
}

/// A scalar or a list of YAML as a value of Jinja.
pub(super) fn value_of(node: &Node) -> Value {
    match &node.value {
        _ if node.is_null() => Value::from(()),
        Yaml::Scalar(text, true) => match (text.parse::<i64>(), text.parse::<f64>(), node.flag()) {
            (Ok(number), ..) => Value::from(number),
            (_, Ok(number), _) => Value::from(number),
            (_, _, Some(flag)) => Value::from(flag),
            _ => Value::from(text.clone()),
        },
        Yaml::Scalar(text, false) => Value::from(text.clone()),
        Yaml::List(nodes) => Value::from_iter(nodes.iter().map(value_of)),
        Yaml::Map(entries) => {
            let entries = entries.iter().map(|(key, node)| (key.clone(), value_of(node)));
            Value::from(entries.collect::<std::collections::BTreeMap<_, _>>())
        }
    }
}
