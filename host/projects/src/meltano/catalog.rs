//! Catalogs: the streams that a tap offers.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value as Json};
use wmshost_singer::is_selected;

use super::bookmark::ChangeForm;
use super::plugins::Layers;
use crate::problem::Problem;

/// The largest catalog.
const MOST_BYTES: u64 = 64 << 20;

/// A stream in a catalog.
#[derive(Debug, Default)]
pub(super) struct Offered {
    pub(super) id: String,
    /// The table and its schema, where the catalog names them.
    pub(super) table: Option<String>,
    pub(super) schema: Option<String>,
    pub(super) key: Vec<String>,
    /// The columns, each with its form as a change key and whether the catalog selects it.
    pub(super) columns: Vec<(String, Option<ChangeForm>, bool)>,
    pub(super) method: Option<String>,
    pub(super) change_key: Option<String>,
    /// True if the catalog selects it.
    pub(super) is_selected: bool,
}

/// A catalog.
#[derive(Debug)]
pub(super) struct Catalog {
    pub(super) streams: Vec<Offered>,
    /// True if it is the project's own, beside which Meltano looks at no rules.
    pub(super) is_own: bool,
}

impl Catalog {
    /// Reads the catalog of a tap: the project's own, or the one that Meltano kept of the last run.
    pub(super) fn read(layers: &Layers<'_>, folder: &Path) -> Result<Option<Self>, Problem> {
        let own = layers.extra("catalog").and_then(|at| Some((at, at.node.text()?)));
        let path = match own {
            Some((_, path)) => path.to_owned(),
            None => format!(".meltano/run/{}/tap.properties.json", layers.name),
        };
        let wrong = |what: String| Problem { file: path.clone(), line: 0, what };
        let file = folder.join(&path);
        if own.is_none() && !file.is_file() {
            return Ok(None);
        }
        let is_large = fs::metadata(&file).is_ok_and(|facts| facts.len() > MOST_BYTES);
        if is_large {
            return Err(wrong(format!("the catalog is larger than {} MiB", MOST_BYTES >> 20)));
        }
        let text = fs::read_to_string(&file).map_err(|error| wrong(format!("the catalog cannot be read: {error}")))?;
        let json: Json = serde_json::from_str(&text)
            .map_err(|error| Problem { line: error.line(), ..wrong("the catalog is not JSON".to_owned()) })?;
        let streams =
            json.get("streams").and_then(Json::as_array).ok_or_else(|| wrong("it has no list `streams`".to_owned()))?;
        Ok(Some(Self { streams: streams.iter().filter_map(offered).collect(), is_own: own.is_some() }))
    }

    /// The stream of this id.
    pub(super) fn stream(&self, id: &str) -> Option<&Offered> {
        self.streams.iter().find(|stream| stream.id == id)
    }
}

fn offered(stream: &Json) -> Option<Offered> {
    let text = |json: &Json, key: &str| json.get(key).and_then(Json::as_str).map(str::to_owned);
    let texts = |json: Option<&Json>| -> Vec<String> {
        json.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
    };
    let id = text(stream, "tap_stream_id").or_else(|| text(stream, "stream"))?;
    let entries = stream.get("metadata").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let metadata = |breadcrumb: &[&str]| -> Map<String, Json> {
        let is_there =
            |entry: &&Json| texts(entry.get("breadcrumb")).iter().map(String::as_str).eq(breadcrumb.iter().copied());
        let found = entries.iter().find(is_there).and_then(|entry| entry.get("metadata")?.as_object());
        found.cloned().unwrap_or_default()
    };
    let own = metadata(&[]);
    let of_own = Json::Object(own.clone());
    let properties = stream.get("schema").and_then(|schema| schema.get("properties")).and_then(Json::as_object);
    let columns = properties
        .into_iter()
        .flatten()
        .map(|(name, schema)| (name.clone(), form(schema), is_selected(&metadata(&["properties", name]), true)));
    let keys = [stream.get("key_properties"), own.get("table-key-properties"), own.get("view-key-properties")];
    Some(Offered {
        table: text(stream, "table_name").or_else(|| text(&of_own, "table-name")),
        schema: text(&of_own, "schema-name"),
        key: keys.into_iter().map(texts).find(|key| !key.is_empty()).unwrap_or_default(),
        columns: columns.collect(),
        method: text(&of_own, "replication-method").or_else(|| text(stream, "replication_method")),
        change_key: text(&of_own, "replication-key").or_else(|| text(stream, "replication_key")),
        is_selected: is_selected(&own, false),
        id,
    })
}

/// The form of a column's values as a change key.
fn form(schema: &Json) -> Option<ChangeForm> {
    let has_type = |word: &str| match schema.get("type") {
        Some(Json::Array(types)) => types.iter().any(|kind| kind == word),
        Some(kind) => kind == word,
        None => false,
    };
    match schema.get("format").and_then(Json::as_str) {
        Some("date-time") => Some(ChangeForm::Moment),
        Some("date") => Some(ChangeForm::Date),
        _ if has_type("integer") => Some(ChangeForm::Version),
        _ => None,
    }
}
