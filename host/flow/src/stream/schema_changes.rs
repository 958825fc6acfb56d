//! The changes that a run makes to the columns of a target's table, in words.

use arrow_schema::SchemaRef;

use crate::definition::{Definition, column, columns_of};
use crate::ports::target::TableDefinition;

/// Returns the changes of a table that existed before, in words, and its columns that are no longer in the source.
pub(crate) fn schema_changes(
    before: Option<&TableDefinition>,
    after: &TableDefinition,
    coming: &SchemaRef,
    known: Option<&Definition>,
) -> Vec<String> {
    let Some(before) = before else { return Vec::new() };
    let (old, new, coming) = (columns_of(&before.columns), columns_of(&after.columns), columns_of(coming));
    let mut changes = Vec::new();
    for now in &new {
        match column(&old, &now.name) {
            None => changes.push(format!("{} was added ({})", now.name, now.kind)),
            Some(was) if was.kind != now.kind => {
                changes.push(format!("{} changed from {} to {}", now.name, was.kind, now.kind));
            }
            Some(_) => {}
        }
    }
    let was_written = |name: &str| known.is_none_or(|known| column(&known.columns, name).is_some());
    for was in &old {
        let is_there = column(&new, &was.name).is_some();
        match (column(&coming, &was.name).is_some(), is_there, was_written(&was.name)) {
            (true, ..) => {}
            (false, true, true) => changes.push(format!("{} is no longer in the source", was.name)),
            (false, false, true) => {
                changes.push(format!("{} is no longer in the source and was dropped with the old table", was.name));
            }
            (false, false, false) => {
                changes.push(format!("{} was not written by the stream and was dropped with the old table", was.name));
            }
            (false, true, false) => {}
        }
    }
    for column_coming in &coming {
        if column(&new, &column_coming.name).is_none() {
            changes.push(format!("{} is left out ({})", column_coming.name, column_coming.kind));
        }
    }
    changes
}
