//! Catalogs: the streams that a tap offers, with their columns, and those that are chosen of them.

use std::collections::BTreeMap;

use arrow_schema::SchemaRef;
use serde_json::{Map, Value as Json, json};
use wmshost_flow::Method;

use crate::outgoing::{Decimals, schema_json};

/// A stream that a tap offers.
#[derive(Debug)]
pub struct Offered {
    /// Its name.
    pub name: String,
    /// The table that it reads.
    pub table: String,
    /// Its columns.
    pub columns: SchemaRef,
    /// The columns that identify a row.
    pub key: Vec<String>,
    /// The column with the time or version of a row's last change.
    pub change_key: Option<String>,
    /// The replication method.
    pub method: Method,
}

impl Offered {
    /// True if a record always has this column.
    fn is_automatic(&self, column: &str) -> bool {
        self.key.iter().any(|key| key == column) || self.change_key.as_deref() == Some(column)
    }

    fn to_json(&self, decimals: Decimals) -> Json {
        let method = method_word(self.method);
        let mut of_stream = json!({
            "inclusion": "available",
            "selected-by-default": true,
            "replication-method": method,
            "table-key-properties": self.key,
        });
        if let Some(change_key) = &self.change_key {
            of_stream["replication-key"] = json!(change_key);
            of_stream["valid-replication-keys"] = json!([change_key]);
        }
        let of_column = |name: &String| {
            let inclusion = if self.is_automatic(name) { "automatic" } else { "available" };
            json!({
                "breadcrumb": ["properties", name],
                "metadata": {"inclusion": inclusion, "selected-by-default": true},
            })
        };
        let mut metadata = vec![json!({"breadcrumb": [], "metadata": of_stream})];
        metadata.extend(self.columns.fields().iter().map(|field| of_column(field.name())));
        json!({
            "tap_stream_id": self.name,
            "stream": self.name,
            "table_name": self.table,
            "key_properties": self.key,
            "replication_key": self.change_key,
            "replication_method": method,
            "schema": schema_json(&self.columns, &self.key, decimals),
            "metadata": metadata,
        })
    }
}

/// Returns the catalog of these streams.
pub fn catalog(streams: &[Offered], decimals: Decimals) -> Json {
    json!({"streams": streams.iter().map(|stream| stream.to_json(decimals)).collect::<Vec<_>>()})
}

/// The word of catalogs for a replication method.
fn method_word(method: Method) -> &'static str {
    match method {
        Method::Full => "FULL_TABLE",
        Method::Incremental | Method::Append => "INCREMENTAL",
    }
}

/// A stream that a catalog chooses.
#[derive(Debug, PartialEq)]
pub struct Choice {
    /// Its name.
    pub name: String,
    /// True to read the whole table, false to read what changed; `None` to read as the stream does by itself.
    pub reads_all: Option<bool>,
    /// The column with the time or version of a row's last change, if the catalog names one.
    pub change_key: Option<String>,
    /// The catalog's word on each column.
    columns: BTreeMap<String, bool>,
}

impl Choice {
    /// The choice of a whole stream, as it is by itself.
    pub fn of(name: &str) -> Self {
        Self { name: name.to_owned(), reads_all: None, change_key: None, columns: BTreeMap::new() }
    }

    /// True unless the catalog leaves this column out.
    pub fn has(&self, column: &str) -> bool {
        self.columns.get(column).copied().unwrap_or(true)
    }
}

/// Returns the streams that a catalog chooses; the errors are all its mistakes.
pub fn choices(catalog: &str) -> Result<Vec<Choice>, Vec<String>> {
    let catalog: Json = serde_json::from_str(catalog)
        .map_err(|error| vec![format!("line {}, column {}: it is not JSON", error.line(), error.column())])?;
    let Some(streams) = catalog.get("streams").and_then(Json::as_array) else {
        return Err(vec!["it has no list `streams`".to_owned()]);
    };
    let (mut choices, mut mistakes) = (Vec::new(), Vec::new());
    for (at, stream) in streams.iter().enumerate() {
        match choice(stream) {
            Ok(choice) => choices.extend(choice),
            Err(what) => mistakes.push(format!("stream {}: {what}", at + 1)),
        }
    }
    if mistakes.is_empty() { Ok(choices) } else { Err(mistakes) }
}

/// The choice of a stream; `None` if it is not selected.
fn choice(stream: &Json) -> Result<Option<Choice>, String> {
    let name = ["tap_stream_id", "stream"].into_iter().find_map(|key| stream.get(key)?.as_str());
    let name = name.ok_or("it has no tap_stream_id")?;
    let none = Vec::new();
    let entries = stream.get("metadata").and_then(Json::as_array).unwrap_or(&none);
    let (mut of_stream, mut of_columns) = (Map::new(), BTreeMap::new());
    for entry in entries {
        let breadcrumb: Vec<&str> = match entry.get("breadcrumb").and_then(Json::as_array) {
            Some(parts) => parts.iter().filter_map(Json::as_str).collect(),
            None => return Err(format!("{name}: an entry of its metadata has no breadcrumb")),
        };
        let metadata = entry.get("metadata").and_then(Json::as_object).cloned().unwrap_or_default();
        match breadcrumb.as_slice() {
            [] => of_stream = metadata,
            ["properties", column] => _ = of_columns.insert((*column).to_owned(), metadata),
            _ => {}
        }
    }
    // Older catalogs select a stream beside its metadata.
    if let Some(selected @ Json::Bool(_)) = stream.get("selected") {
        of_stream.entry("selected").or_insert_with(|| selected.clone());
    }
    if !(is_selected(&of_stream, false) || entries.is_empty() && of_stream.is_empty()) {
        return Ok(None);
    }
    let text = |key: &str, older: &str| {
        let value = of_stream.get(key).or_else(|| stream.get(older)).and_then(Json::as_str);
        value.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let reads_all = match text("replication-method", "replication_method").as_deref() {
        None => None,
        Some("FULL_TABLE") => Some(true),
        Some("INCREMENTAL") => Some(false),
        Some(other) => {
            return Err(format!("{name}: its replication-method is {other}; it can be FULL_TABLE or INCREMENTAL"));
        }
    };
    let change_key = text("replication-key", "replication_key");
    let columns = of_columns.into_iter().map(|(column, metadata)| (column, is_selected(&metadata, true))).collect();
    Ok(Some(Choice { name: name.to_owned(), reads_all, change_key, columns }))
}

/// True if metadata selects a thing, whose parent is selected or not.
pub fn is_selected(metadata: &Map<String, Json>, parent: bool) -> bool {
    match metadata.get("inclusion").and_then(Json::as_str) {
        Some("unsupported") => return false,
        Some("automatic") => return true,
        _ => {}
    }
    let flag = |key: &str| metadata.get(key).and_then(Json::as_bool);
    flag("selected").or_else(|| flag("selected-by-default")).unwrap_or(parent)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_schema::{DataType, Field, Schema};

    use super::*;

    fn offered() -> Offered {
        let columns = ["id", "note", "at"].map(|name| Field::new(name, DataType::Int64, true));
        Offered {
            name: "orders".to_owned(),
            table: "order_hdr".to_owned(),
            columns: Arc::new(Schema::new(columns.to_vec())),
            key: vec!["id".to_owned()],
            change_key: Some("at".to_owned()),
            method: Method::Incremental,
        }
    }

    #[test]
    fn a_catalog_chooses_all_that_it_offers() {
        let catalog = catalog(&[offered()], Decimals::Numbers);
        let chosen = choices(&catalog.to_string()).expect("a catalog");
        let [choice] = chosen.as_slice() else { panic!("one stream: {chosen:?}") };
        assert_eq!(
            (choice.name.as_str(), choice.reads_all, choice.change_key.as_deref()),
            ("orders", Some(false), Some("at"))
        );
        assert!(["id", "note", "at"].iter().all(|column| choice.has(column)));
        assert_eq!(catalog["streams"][0]["metadata"][1]["metadata"]["inclusion"], "automatic");
    }

    #[test]
    fn metadata_selects_as_taps_of_the_sdk_do() {
        let stream = |of_stream: &str, of_column: &str| {
            let text = format!(
                r#"{{"streams":[{{"tap_stream_id":"s","metadata":[{{"breadcrumb":[],"metadata":{of_stream}}},
                    {{"breadcrumb":["properties","c"],"metadata":{of_column}}}]}}]}}"#
            );
            choices(&text).expect("a catalog").first().map(|choice| choice.has("c"))
        };
        for (of_stream, of_column, expected) in [
            ("{}", "{}", None),
            (r#"{"selected":false}"#, r#"{"selected":true}"#, None),
            (r#"{"selected":true}"#, "{}", Some(true)),
            (r#"{"selected":true}"#, r#"{"selected":false}"#, Some(false)),
            (r#"{"selected":true}"#, r#"{"selected":false,"inclusion":"automatic"}"#, Some(true)),
            (r#"{"selected":true}"#, r#"{"selected":true,"inclusion":"unsupported"}"#, Some(false)),
            (r#"{"selected-by-default":true}"#, r#"{"selected-by-default":false}"#, Some(false)),
            (r#"{"selected-by-default":true,"selected":false}"#, "{}", None),
        ] {
            assert_eq!(stream(of_stream, of_column), expected, "{of_stream} {of_column}");
        }
        let old = r#"{"streams":[{"stream":"a","selected":true},{"stream":"b"},{"stream":"c","selected":false}]}"#;
        let names: Vec<_> = choices(old).expect("a catalog").into_iter().map(|choice| choice.name).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn all_mistakes_of_a_catalog_are_reported() {
        let wrong = r#"{"streams":[{"schema":{}},{"stream":"a","selected":true,"replication_method":"LOG_BASED"}]}"#;
        let mistakes = choices(wrong).expect_err("mistakes").join("\n");
        assert!(mistakes.contains("stream 1: it has no tap_stream_id"), "{mistakes}");
        assert!(mistakes.contains("stream 2: a: its replication-method is LOG_BASED"), "{mistakes}");
        assert_eq!(choices("{").expect_err("no JSON").len(), 1);
    }
}
