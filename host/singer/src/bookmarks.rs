//! The state of a tap: the bookmark of each stream beside the pair that other tools read.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use wmshost_flow::{
    Bookmark, Definition, bookmark_from_json, bookmark_to_json, extractor_state_from_json, extractor_state_to_json,
};

/// The member with what only this program reads.
const OWN: &str = "wmshost";
/// The version of that member.
const FORMAT: u64 = 1;

/// The position in a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct TapPosition {
    /// The bookmark; empty for a stream that is always read as a whole.
    pub bookmark: Bookmark,
    /// The extractor's own state.
    pub state: BTreeMap<String, Vec<u8>>,
    /// The definition that both rest on.
    pub definition: Definition,
    /// The version of the last whole table.
    pub version: Option<i64>,
}

/// The state of a tap, with everything in it that others have put there.
#[derive(Debug, Clone, Default)]
pub struct TapState(Map<String, Json>);

impl TapState {
    /// Reads a state.
    pub fn parse(text: &str) -> Result<Self, String> {
        match serde_json::from_str(text) {
            Ok(Json::Object(state)) if state.get("bookmarks").is_none_or(Json::is_object) => Ok(Self(state)),
            Ok(Json::Null) => Ok(Self::default()),
            Ok(_) => Err("it is not an object with an object `bookmarks`".to_owned()),
            Err(error) => Err(format!("line {}, column {}: it is not JSON", error.line(), error.column())),
        }
    }

    /// Returns the position in a stream; `None` if it was not read yet. The error says why it cannot be read.
    pub fn position(&self, stream: &str) -> Result<Option<TapPosition>, String> {
        let Some(entry) = self.0.get("bookmarks").and_then(|bookmarks| bookmarks.get(stream)) else { return Ok(None) };
        let Some(own) = entry.get(OWN) else {
            // An empty entry is a stream that another tool has met, and not read.
            return if entry.as_object().is_some_and(Map::is_empty) || entry.is_null() {
                Ok(None)
            } else {
                Err("it was written by another tap".to_owned())
            };
        };
        let read = || {
            own.get("version")?.as_u64().filter(|version| *version == FORMAT)?;
            Some(TapPosition {
                bookmark: bookmark_from_json(own.get("bookmark")?)?,
                state: extractor_state_from_json(own.get("state")?)?,
                definition: Definition::from_json(own.get("definition")?)?,
                version: match own.get("table_version") {
                    None | Some(Json::Null) => None,
                    Some(version) => Some(version.as_i64()?),
                },
            })
        };
        read().map(Some).ok_or_else(|| "it is damaged, or of a later version of this program".to_owned())
    }

    /// Notes the position in a stream, and for other tools the greatest value of its change key.
    pub fn set(&mut self, stream: &str, position: &TapPosition, greatest: Option<(&str, &str)>) {
        let bookmarks = self.0.entry("bookmarks").or_insert_with(|| json!({}));
        let Some(bookmarks) = bookmarks.as_object_mut() else { return };
        let entry = bookmarks.entry(stream).or_insert_with(|| json!({}));
        if !entry.is_object() {
            *entry = json!({});
        }
        entry[OWN] = json!({
            "version": FORMAT,
            "bookmark": bookmark_to_json(&position.bookmark),
            "state": extractor_state_to_json(&position.state),
            "definition": position.definition.to_json(),
            "table_version": position.version,
        });
        if let Some((name, value)) = greatest {
            entry["replication_key"] = json!(name);
            entry["replication_key_value"] = json!(value);
        }
    }

    /// The STATE message.
    pub fn message(&self) -> String {
        format!("{}\n", json!({"type": "STATE", "value": self.0}))
    }
}

#[cfg(test)]
mod tests {
    use wmshost_flow::{ExtractRequest, Method, Position, Value};

    use super::*;

    fn position() -> TapPosition {
        let request = ExtractRequest::of_table("s", ("wms", "item"), Method::Incremental, 10);
        TapPosition {
            bookmark: Bookmark(vec![Position { name: "at".to_owned(), value: Value::Timestamp(7) }]),
            state: BTreeMap::from([("k".to_owned(), vec![0, 255])]),
            definition: Definition::of(&request, ""),
            version: Some(3),
        }
    }

    #[test]
    fn a_position_comes_back_and_what_others_wrote_stays() {
        let text = r#"{"currently_syncing":"x","bookmarks":{"s":{"note":1},"other":{"replication_key_value":9}}}"#;
        let mut state = TapState::parse(text).expect("a state");
        state.set("s", &position(), Some(("at", "1970-01-01")));
        let message: Json = serde_json::from_str(&state.message()).expect("JSON");
        let value = &message["value"];
        assert_eq!((&value["currently_syncing"], &value["bookmarks"]["s"]["note"]), (&json!("x"), &json!(1)));
        assert_eq!(value["bookmarks"]["s"]["replication_key_value"], "1970-01-01");
        assert_eq!(value["bookmarks"]["other"]["replication_key_value"], 9);
        let again = TapState::parse(&value.to_string()).expect("a state");
        assert_eq!(again.position("s"), Ok(Some(position())));
    }

    #[test]
    fn a_state_from_elsewhere_is_not_guessed_at() {
        let state = |entry: &str| {
            TapState::parse(&format!("{{\"bookmarks\":{{\"s\":{entry}}}}}")).expect("a state").position("s")
        };
        assert_eq!(state("{}"), Ok(None));
        assert!(state(r#"{"replication_key":"at","replication_key_value":"2026"}"#).is_err());
        assert!(state(r#"{"wmshost":{"version":2}}"#).is_err() && state(r#"{"wmshost":{"version":1}}"#).is_err());
        assert_eq!(TapState::parse("{}").expect("a state").position("s"), Ok(None));
        assert!(TapState::parse("[]").is_err() && TapState::parse("{").is_err());
    }
}
