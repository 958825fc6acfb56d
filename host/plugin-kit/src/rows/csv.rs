//! Rows as comma-separated values. An empty field is NULL; `""` is the empty text. A field in quotes may contain commas,
//! quotes (doubled) and ends of lines.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::{Array as _, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use serde_json::{Map, Value as Json};
use wmshost_flow::{CsvCell, CsvRecord, cell_as_json, csv_records};

use super::{Parsed, column_heading, parse_column};

/// Returns the texts of all cells, by record; the headings are the first record. A cell that is NULL is empty.
pub(crate) fn cells(text: &str) -> Vec<Vec<String>> {
    let texts = |record: CsvRecord| record.cells.into_iter().map(|cell| cell.text).collect();
    csv_records(text).unwrap_or_default().into_iter().map(texts).collect()
}

/// Parses rows; adds all mistakes to the list.
pub(super) fn parse(text: &str, mistakes: &mut Vec<String>) -> Option<Parsed> {
    let records = csv_records(text);
    let records = records.map_err(|line| mistakes.push(format!("line {line}: a quote that begins here is not closed")));
    let mut records = records.ok()?.into_iter();
    let Some(CsvRecord { cells: head, .. }) = records.next() else {
        mistakes.push("line 1: the file is empty: begin with a head, `id:int64!,name:utf8`".to_owned());
        return None;
    };
    let columns: Vec<_> = headings(head).iter().map(|heading| parse_column(heading.trim())).collect();
    mistakes.extend(columns.iter().filter_map(|column| Some(format!("line 1: {}", column.as_ref().err()?))));
    let columns: Vec<Field> = columns.into_iter().collect::<Result<_, _>>().ok()?;
    for (at, field) in columns.iter().enumerate() {
        if columns[..at].iter().any(|before| before.name() == field.name()) {
            mistakes.push(format!("line 1: two columns are named {}", field.name()));
        }
    }
    let mut rows = Vec::new();
    for CsvRecord { line, cells } in records {
        if cells.len() != columns.len() {
            mistakes.push(format!("line {line}: {} fields for {} columns", cells.len(), columns.len()));
            continue;
        }
        let cell = |(field, cell): (&Field, &CsvCell)| (field.name().clone(), json_of(field.data_type(), cell));
        rows.push((line, columns.iter().zip(&cells).map(cell).collect::<Map<_, _>>()));
    }
    Some(Parsed { columns: Arc::new(Schema::new(columns)), rows })
}

/// The headings: the comma of `decimal(10,2)` needs no quotes.
fn headings(head: Vec<CsvCell>) -> Vec<String> {
    let mut headings: Vec<String> = Vec::new();
    for CsvCell { text: field, .. } in head {
        match headings.last_mut() {
            Some(open) if open.contains('(') && !open.contains(')') => *open += &format!(",{field}"),
            _ => headings.push(field),
        }
    }
    headings
}

/// The JSON of a field, in the form in which the host keeps values of the type.
fn json_of(data_type: &DataType, CsvCell { text, is_quoted }: &CsvCell) -> Json {
    if text.is_empty() && !is_quoted {
        return Json::Null;
    }
    match data_type {
        DataType::Boolean if text == "true" => Json::Bool(true),
        DataType::Boolean if text == "false" => Json::Bool(false),
        _ => Json::String(text.clone()),
    }
}

/// Writes rows, so that reading them returns the same.
pub(crate) fn write(rows: &RecordBatch) -> String {
    let head: Vec<_> = rows.schema().fields().iter().map(|field| heading(field)).collect();
    let mut text = head.join(",") + "\n";
    for row in 0..rows.num_rows() {
        let cell = |column: &arrow_array::ArrayRef| {
            if column.is_null(row) {
                return String::new();
            }
            match serde_json::from_str(&cell_as_json(column.as_ref(), row)) {
                Ok(Json::String(text)) => quoted_if_needed(&text),
                Ok(other) => other.to_string(),
                Err(error) => error.to_string(),
            }
        };
        let cells: Vec<_> = rows.columns().iter().map(cell).collect();
        let _ = writeln!(text, "{}", cells.join(","));
    }
    text
}

fn heading(field: &Field) -> String {
    let heading = column_heading(field);
    if matches!(field.data_type(), DataType::Decimal128(..)) && !field.name().contains(['(', ',', '"']) {
        return heading;
    }
    quoted_if_needed(&heading)
}

fn quoted_if_needed(text: &str) -> String {
    let needed = text.is_empty() || text.contains([',', '"', '\n', '\r']) || text.trim() != text;
    if needed { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_are_reported_with_their_lines() {
        let mut mistakes = Vec::new();
        let parsed = parse("a:utf8,d:decimal(10,2)\n1,2.50", &mut mistakes).expect("no mistake");
        assert_eq!(parsed.columns.fields().len(), 2);
        assert!(parse("a:utf8,b\n1,2", &mut mistakes).is_none());
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        mistakes.clear();
        parse("a:utf8,a:int64\n1\n1,2,3\n1,2\n", &mut mistakes);
        assert_eq!(
            mistakes,
            ["line 1: two columns are named a", "line 2: 1 fields for 2 columns", "line 3: 3 fields for 2 columns"]
        );
    }
}
