//! A definition as JSON. The keys are in a fixed order, so that equal definitions are equal texts.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::{ColumnUse, Definition, PluginUse};
use crate::failure::Stage;
use crate::ports::extractor::{Method, NullKeys};

/// The version of the format that is written.
const FORMAT: u64 = 1;

const STAGES: [(Stage, &str); 3] =
    [(Stage::Extract, "extract"), (Stage::Transform, "transform"), (Stage::Load, "load")];

impl Definition {
    /// Returns the definition as a JSON object.
    pub fn to_json(&self) -> Json {
        json!({
            "format": FORMAT,
            "source": self.source,
            "table": self.table,
            "target_table": self.target_table,
            "method": self.method.name(),
            "key": self.key,
            "change_key": self.change_key,
            "lookback_micros": self.lookback_micros,
            "null_keys": self.null_keys.name(),
            "renamed": self.renamed,
            "options": self.options,
            "plugins": self.plugins.iter().map(plugin_to_json).collect::<Vec<_>>(),
            "columns": columns_to_json(&self.columns),
            "target_columns": columns_to_json(&self.target_columns),
        })
    }

    /// Returns the definition in such an object; `None` if it is not one, or of a format that this host does not know.
    pub fn from_json(json: &Json) -> Option<Self> {
        json.get("format")?.as_u64().filter(|format| *format == FORMAT)?;
        let text = |key: &str| json.get(key)?.as_str().map(str::to_owned);
        Some(Self {
            source: text("source")?,
            table: text("table")?,
            target_table: text("target_table")?,
            method: Method::named(&text("method")?)?,
            key: texts(json.get("key")?)?,
            change_key: match json.get("change_key")? {
                Json::Null => None,
                name => Some(name.as_str()?.to_owned()),
            },
            lookback_micros: json.get("lookback_micros")?.as_u64()?,
            null_keys: NullKeys::named(&text("null_keys")?)?,
            // Earlier hosts did not record it.
            renamed: json.get("renamed").map_or_else(|| Some(BTreeMap::new()), pairs)?,
            options: pairs(json.get("options")?)?,
            plugins: json.get("plugins")?.as_array()?.iter().map(plugin_of).collect::<Option<_>>()?,
            columns: columns_of(json.get("columns")?)?,
            target_columns: columns_of(json.get("target_columns")?)?,
        })
    }
}

fn plugin_to_json(plugin: &PluginUse) -> Json {
    let stage = STAGES.iter().find(|(stage, _)| *stage == plugin.stage).map(|(_, name)| *name);
    json!({
        "stage": stage,
        "label": plugin.label,
        "name": plugin.name,
        "version": plugin.version,
        "digest": plugin.digest,
        "settings": plugin.settings,
    })
}

fn plugin_of(json: &Json) -> Option<PluginUse> {
    let text = |key: &str| json.get(key)?.as_str().map(str::to_owned);
    let stage = text("stage")?;
    Some(PluginUse {
        stage: STAGES.iter().find(|(_, name)| *name == stage).map(|(stage, _)| *stage)?,
        label: text("label")?,
        name: text("name")?,
        version: text("version")?,
        digest: text("digest")?,
        settings: pairs(json.get("settings")?)?,
    })
}

fn columns_to_json(columns: &[ColumnUse]) -> Json {
    columns.iter().map(|column| json!({ "name": column.name, "type": column.kind })).collect()
}

fn columns_of(json: &Json) -> Option<Vec<ColumnUse>> {
    let text = |json: &Json, key: &str| json.get(key)?.as_str().map(str::to_owned);
    let column = |json: &Json| Some(ColumnUse { name: text(json, "name")?, kind: text(json, "type")? });
    json.as_array()?.iter().map(column).collect()
}

fn texts(json: &Json) -> Option<Vec<String>> {
    json.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

fn pairs(json: &Json) -> Option<BTreeMap<String, String>> {
    json.as_object()?.iter().map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::definition;
    use super::*;

    #[test]
    fn a_definition_comes_back_from_its_json() {
        let mut one = definition();
        for change_key in [None, Some("changed".to_owned())] {
            one.change_key = change_key;
            let text = one.to_json().to_string();
            let back = Definition::from_json(&serde_json::from_str(&text).expect("valid JSON"));
            assert_eq!(back.as_ref(), Some(&one));
            assert_eq!(back.map(|back| back.hash()), Some(one.hash()));
        }
    }

    #[test]
    fn what_is_no_definition_is_not_read_as_one() {
        let whole = definition().to_json();
        for key in whole.as_object().expect("an object").keys() {
            let mut broken = whole.clone();
            broken[key] = json!({ "not": ["of", "this", 1] });
            assert_eq!(Definition::from_json(&broken), None, "{key}");
        }
        assert_eq!(Definition::from_json(&json!({})), None);
    }
}
