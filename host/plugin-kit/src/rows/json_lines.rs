//! Rows as lines of JSON. The first line is the head, a list of columns: `["id:int64!", "name:utf8"]`; each further line is a
//! row, an object. A column that a row does not have is NULL.

use std::sync::Arc;

use arrow_schema::{Field, Schema};
use serde_json::{Map, Value as Json};

use super::{Parsed, parse_column};

/// Parses rows; adds all mistakes to the list.
pub(super) fn parse(text: &str, mistakes: &mut Vec<String>) -> Option<Parsed> {
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let head = lines.next().and_then(|(_, line)| serde_json::from_str::<Vec<String>>(line).ok());
    let Some(head) = head else {
        mistakes.push("line 1: the head is a list of columns: `[\"id:int64!\", \"name:utf8\"]`".to_owned());
        return None;
    };
    let columns: Vec<_> = head.iter().map(|heading| parse_column(heading)).collect();
    mistakes.extend(columns.iter().filter_map(|column| Some(format!("line 1: {}", column.as_ref().err()?))));
    let columns: Vec<Field> = columns.into_iter().collect::<Result<_, _>>().ok()?;
    let mut rows = Vec::new();
    for (line, text) in lines {
        let row: Map<String, Json> = match serde_json::from_str(text) {
            Ok(row) => row,
            Err(error) => {
                mistakes.push(format!("line {line}: it is no JSON object: {error}"));
                continue;
            }
        };
        let unknown = row.keys().filter(|name| columns.iter().all(|column| column.name() != *name));
        mistakes.extend(unknown.map(|name| format!("line {line}: the head has no column {name}")));
        rows.push((line, row));
    }
    Some(Parsed { columns: Arc::new(Schema::new(columns)), rows })
}
