//! The settings of one model, from all places where they can be: the project's tree, the properties, and `config(…)` in the
//! SQL; the later wins, and tags add up.

use std::collections::BTreeMap;

use minijinja::value::{Value, ValueKind};

use super::jinja::{Jinja, JinjaError, TARGET};
use super::written::{Written, is_plain};
use crate::yaml::{Node, Value as Yaml};

/// The settings that mean the same in a SQL project.
const TAKEN: [&str; 9] = [
    "materialized",
    "unique_key",
    "incremental_strategy",
    "on_schema_change",
    "tags",
    "enabled",
    "indexes",
    "lookback",
    "meta",
];
/// The settings that are without a meaning here, and change no rows.
const WITHOUT_MEANING: [&str; 20] = [
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
];

/// The settings of a model, as they are written.
#[derive(Debug, Default)]
pub(super) struct Settings {
    values: BTreeMap<String, Written>,
    tags: Vec<String>,
}

impl Settings {
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
        let materialized = self.text("materialized").unwrap_or_default();
        if !["", "view", "table", "incremental", "ephemeral", "seed"].contains(&materialized.as_str()) {
            return Some(format!("the materialization {materialized} is not known here"));
        }
        let strategy = self.text("incremental_strategy").unwrap_or_default();
        let is_incremental = materialized == "incremental";
        (is_incremental && !["", "default", "append", "merge", "delete+insert"].contains(&strategy.as_str()))
            .then(|| format!("the strategy {strategy} is not known here"))
    }

    /// The work that is left to do by hand: settings that run SQL, or that name something else.
    pub(super) fn remarks(&self, name: &str) -> Vec<String> {
        let mut remarks = Vec::new();
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
        for key in ["materialized", "unique_key", "on_schema_change", "indexes", "enabled"] {
            let value = self.values.get(key).filter(|value| **value != Written::Null);
            match (key, value) {
                // Columns that are gone stay in dbt's table; here the table is built again.
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
