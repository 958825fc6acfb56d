//! The JSON Schema of pipeline files, made from the table of keys, so that editors complete and check them. It allows
//! everything that one file may hold; what is required, and what belongs together, depends on the files that it
//! extends, and only `check` knows that.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::diagnostics::join;
use crate::documentation::Documented;
use crate::duration::duration_text;
use crate::key_type::{Key, KeyDefault, KeyType};
use crate::keys::{documented, file};
use crate::policies::Record;

/// The pattern of a name of the pipeline's own.
const NAME: &str = "^[a-z][a-z0-9_-]{0,62}$";

/// The JSON Schema of pipeline files, draft 7.
pub fn schema() -> Value {
    let documentation = documented();
    let mut schema = Sections { documentation: &documentation }.object(file::ALL, "");
    schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    schema["title"] = "A pipeline file of wmshost".into();
    schema
}

/// The schemas of tables and keys, each with its documentation.
struct Sections<'d> {
    documentation: &'d BTreeMap<String, Documented>,
}

impl Sections<'_> {
    /// A table of these keys.
    fn object(&self, keys: &[Key], path: &str) -> Value {
        let properties: Map<String, Value> =
            keys.iter().map(|key| (key.name.to_owned(), self.key(key, &join(path, key.name)))).collect();
        json!({ "type": "object", "properties": properties, "additionalProperties": false })
    }

    fn key(&self, key: &Key, path: &str) -> Value {
        let mut schema = match key.kind {
            KeyType::Table(keys) => self.object(keys, path),
            KeyType::Named(keys) => named(&self.object(keys, &format!("{path}.*"))),
            KeyType::Grants(keys) => {
                json!({ "type": "object", "additionalProperties": self.object(keys, &format!("{path}.*")) })
            }
            KeyType::Columns(keys) => self.columns(keys, &format!("{path}.*")),
            KeyType::Settings => named(&self.values(&format!("{path}.*.*"))),
            KeyType::Values => self.values(&format!("{path}.*")),
            KeyType::Secret => any_of(references(None)),
            KeyType::Record => {
                let words: Vec<&str> = Record::WORDS.iter().map(|(word, _)| *word).collect();
                let words = json!({ "type": "string", "enum": words });
                let share = json!({
                    "type": "object", "additionalProperties": false, "required": [Record::SAMPLE],
                    "properties": { Record::SAMPLE: { "type": "number", "exclusiveMinimum": 0, "maximum": 1 } },
                });
                any_of([words.clone(), share].into_iter().chain(references(Some(words))))
            }
            kind if key.takes_reference() => {
                let value = value(kind);
                any_of([value.clone()].into_iter().chain(references(Some(value))))
            }
            kind => value(kind),
        };
        if let Some(found) = self.documentation.get(path) {
            schema["description"] = found.description.as_str().into();
        }
        if let Some(fallback) = fallback(key) {
            schema["default"] = fallback;
        }
        schema
    }

    /// A table of columns; `path` is that of a column.
    fn columns(&self, keys: &[Key], path: &str) -> Value {
        let mut column = self.object(keys, path);
        column["type"] = json!(["string", "object"]);
        column["minLength"] = 1.into();
        if let Some(found) = self.documentation.get(path) {
            column["description"] = found.description.as_str().into();
        }
        json!({ "type": "object", "additionalProperties": column })
    }

    /// A table of values under names of one's own; `path` is that of a value.
    fn values(&self, path: &str) -> Value {
        let value = json!({ "anyOf": [
            { "type": ["string", "number", "boolean"] },
            { "type": "array", "items": { "type": "string" } },
        ] });
        let mut value = any_of([value.clone()].into_iter().chain(references(Some(value))));
        if let Some(found) = self.documentation.get(path) {
            value["description"] = found.description.as_str().into();
        }
        json!({ "type": "object", "additionalProperties": value })
    }
}

/// A table of tables, each under a name of its own.
fn named(table: &Value) -> Value {
    json!({ "type": "object", "propertyNames": { "pattern": NAME }, "additionalProperties": table })
}

fn any_of(schemas: impl IntoIterator<Item = Value>) -> Value {
    json!({ "anyOf": schemas.into_iter().collect::<Vec<_>>() })
}

/// References to a variable, with a value for when it is not set, and to a file. A secret has no such value.
fn references(default: Option<Value>) -> [Value; 2] {
    let text = json!({ "type": "string", "minLength": 1 });
    let mut variable = json!({ "env": text });
    if let Some(default) = default {
        variable["default"] = default;
    }
    [
        json!({ "type": "object", "properties": variable, "required": ["env"], "additionalProperties": false }),
        json!({
            "type": "object", "properties": { "file": text }, "required": ["file"], "additionalProperties": false,
        }),
    ]
}

/// A value that is written in the file itself.
fn value(kind: KeyType) -> Value {
    let name = json!({ "type": "string", "pattern": NAME });
    let text = json!({ "type": "string", "minLength": 1 });
    match kind {
        KeyType::Name => name,
        KeyType::Names => json!({ "type": "array", "items": name }),
        KeyType::SourceNames | KeyType::Texts | KeyType::TakeOvers | KeyType::PublicKeys => {
            json!({ "type": "array", "items": text })
        }
        KeyType::Digest => json!({ "type": "string", "pattern": "^blake3:[0-9a-f]{64}$" }),
        KeyType::Choice(words) => json!({ "type": "string", "enum": words }),
        KeyType::Count { least, most, .. } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        KeyType::Hours => json!({ "type": "string", "pattern": "^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$" }),
        KeyType::Span { .. } => json!({ "type": "string", "pattern": "^[0-9]+[smhd]$" }),
        KeyType::Flag => json!({ "type": "boolean" }),
        _ => text,
    }
}

/// The value of a key that is not given, as it would be written.
fn fallback(key: &Key) -> Option<Value> {
    Some(match (key.fallback, key.kind) {
        (KeyDefault::None, _) => return None,
        (KeyDefault::Text(text), _) => text.into(),
        (KeyDefault::Number(seconds), KeyType::Span { .. }) => duration_text(Duration::from_secs(seconds)).into(),
        (KeyDefault::Number(number), _) => number.into(),
        (KeyDefault::Flag(flag), _) => flag.into(),
        (KeyDefault::Empty, _) => Value::Array(Vec::new()),
    })
}
