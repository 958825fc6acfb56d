//! Rows in files: CSV or lines of JSON, with a head that names each column and its type.
//!
//! | module | what it is for |
//! |---|---|
//! | `column_type` | the types of columns, as a head names them |
//! | `csv` | rows as comma-separated values |
//! | `json_lines` | rows as lines of JSON |

mod column_type;
mod csv;
mod json_lines;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{Schema, SchemaRef};
use arrow_select::concat::concat_batches;
use serde_json::{Map, Value as Json};
use wmshost_flow::row_from_json;

use crate::error::{Error, Result};

pub(crate) use column_type::{column_heading, parse_column};
pub(crate) use csv::{cells as csv_cells, write as to_csv};

/// The columns of a file, and each row as a JSON object, with the line that it is in.
struct Parsed {
    columns: SchemaRef,
    rows: Vec<(usize, Map<String, Json>)>,
}

/// Reads the rows in a file. All its mistakes are reported at once.
pub(crate) fn read(file: &Path) -> Result<RecordBatch> {
    let text = fs::read_to_string(file).map_err(|error| Error::file(file, &error))?;
    let is_json = file.extension().is_some_and(|ending| ending == "jsonl");
    let mut mistakes = Vec::new();
    let parsed = if is_json { json_lines::parse(&text, &mut mistakes) } else { csv::parse(&text, &mut mistakes) };
    let batch = parsed.and_then(|parsed| batch_of(&parsed, &mut mistakes));
    match batch {
        Some(batch) if mistakes.is_empty() => Ok(batch),
        _ => Err(Error::mistakes(file, mistakes)),
    }
}

/// Returns the columns of a head.
pub(crate) fn parse_head(head: &str) -> std::result::Result<SchemaRef, String> {
    let mut mistakes = Vec::new();
    let columns = csv::parse(head, &mut mistakes).map(|parsed| parsed.columns);
    columns.ok_or_else(|| mistakes.join("; "))
}

fn batch_of(parsed: &Parsed, mistakes: &mut Vec<String>) -> Option<RecordBatch> {
    let mut parts = Vec::new();
    for (line, row) in &parsed.rows {
        for field in parsed.columns.fields() {
            if !field.is_nullable() && row.get(field.name()).is_none_or(Json::is_null) {
                mistakes
                    .push(format!("line {line}: column {} is NULL, and its head says that it never is", field.name()));
            }
        }
        match row_from_json(&Json::Object(row.clone()).to_string(), &parsed.columns) {
            Ok(part) => parts.push(part),
            Err(failure) => mistakes.push(format!("line {line}: {failure}")),
        }
    }
    if !mistakes.is_empty() {
        return None;
    }
    with_columns(&parsed.columns, &parts).map_err(|why| mistakes.push(why)).ok()
}

/// The parts as one batch with exactly these columns.
pub(crate) fn with_columns(columns: &SchemaRef, parts: &[RecordBatch]) -> std::result::Result<RecordBatch, String> {
    let loose: Vec<_> = columns.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    let loose: SchemaRef = Arc::new(Schema::new(loose));
    let all = concat_batches(&loose, parts).map_err(|error| error.to_string())?;
    let options = RecordBatchOptions::new().with_row_count(Some(all.num_rows()));
    RecordBatch::try_new_with_options(SchemaRef::clone(columns), all.columns().to_vec(), &options)
        .map_err(|error| error.to_string())
}
