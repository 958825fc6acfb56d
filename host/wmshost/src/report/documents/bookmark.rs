//! Bookmarks, checkpoints and changed definitions.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use wmshost_flow::{Bookmark, Checkpoint, Definition, DefinitionChange, Value};

use super::moment;

/// A bookmark: the values of its positions, by name.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct BookmarkDocument(BTreeMap<String, PositionValue>);

/// The value of a position.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum PositionValue {
    /// No value.
    Null(()),
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Number(f64),
    /// Any other value as text; a time in UTC.
    Text(String),
}

impl From<&Bookmark> for BookmarkDocument {
    fn from(bookmark: &Bookmark) -> Self {
        let value = |value: &Value| match value {
            Value::Null => PositionValue::Null(()),
            Value::Boolean(v) => PositionValue::Boolean(*v),
            Value::Int64(v) => PositionValue::Integer(*v),
            Value::Float64(v) => PositionValue::Number(*v),
            other => PositionValue::Text(other.to_string()),
        };
        Self(bookmark.0.iter().map(|position| (position.name.clone(), value(&position.value))).collect())
    }
}

/// A checkpoint: a bookmark that was committed together with the rows before it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CheckpointDocument {
    /// The bookmark.
    bookmark: BookmarkDocument,
    /// The load mode: `merge`, `append` or `replace`.
    mode: String,
    /// False if the load that made it was interrupted.
    complete: bool,
    /// The run that made it.
    run_id: String,
    /// The number of the load batch that made it.
    batch: u64,
    /// The digest of the definition that it rests on; null if that is unknown.
    definition_hash: Option<String>,
    /// The definition that it rests on; null if it is unknown.
    definition: Option<Json>,
    /// The version of the source that was read, if the source has one.
    source_version: Option<String>,
    /// The time when it was committed, UTC.
    committed_at: String,
}

impl From<&Checkpoint> for CheckpointDocument {
    fn from(checkpoint: &Checkpoint) -> Self {
        Self {
            bookmark: (&checkpoint.bookmark).into(),
            mode: checkpoint.mode.name().to_owned(),
            complete: checkpoint.complete,
            run_id: checkpoint.run_id.clone(),
            batch: checkpoint.batch,
            definition_hash: checkpoint.definition.as_ref().map(Definition::hash),
            definition: checkpoint.definition.as_ref().map(Definition::to_json),
            source_version: checkpoint.source_version.clone(),
            committed_at: moment(checkpoint.committed_at),
        }
    }
}

/// A difference between a stream's definition and the one that its checkpoint rests on.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DefinitionChangeDocument {
    /// The difference in words.
    text: String,
    /// The thing that differs, in words.
    what: String,
    /// Its state in the checkpoint's definition; empty if it did not exist, or if it is not shown.
    before: String,
    /// Its present state; empty likewise.
    after: String,
    /// The effect on the rows in the target.
    impact: &'static str,
    /// The reaction of a run.
    reaction: &'static str,
    /// The consequence for the rows in the target, in words.
    consequence: String,
}

impl From<&DefinitionChange> for DefinitionChangeDocument {
    fn from(change: &DefinitionChange) -> Self {
        Self {
            text: change.to_string(),
            what: change.subject.clone(),
            before: change.before.clone(),
            after: change.after.clone(),
            impact: change.impact.name(),
            reaction: change.reaction.name(),
            consequence: change.consequence.clone(),
        }
    }
}

/// The differences between a stream's definition and the one that its checkpoint rests on.
pub(crate) fn definition_changes(changes: &[DefinitionChange]) -> Vec<DefinitionChangeDocument> {
    changes.iter().map(Into::into).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wmshost_flow::Position;

    use super::*;

    #[test]
    fn a_bookmark_is_an_object_of_plain_values() {
        let values = [
            ("none", Value::Null),
            ("flag", Value::Boolean(true)),
            ("id", Value::Int64(i64::MAX)),
            ("share", Value::Float64(0.5)),
            ("moment", Value::Timestamp(0)),
        ];
        let positions = values.map(|(name, value)| Position { name: name.into(), value });
        let document = serde_json::to_value(BookmarkDocument::from(&Bookmark(positions.into()))).unwrap();
        let expected = json!({
            "none": null, "flag": true, "id": i64::MAX, "share": 0.5, "moment": Value::Timestamp(0).to_string(),
        });
        assert_eq!(document, expected);
    }
}
