//! A whole transform on a batch in memory, held to its word as the host holds it.

use super::{Batch, Rows};
use crate::about::{Setting, Settings};
use crate::contract::types::{Column, Schema, Value};
use crate::failure::{Result, permanent};
use crate::schema::type_name;
use crate::stage::Transform;

/// Runs a transform over one batch, with these settings and the fallbacks of the others. What it makes must be what its
/// `output_schema` says.
pub fn try_out<T: Transform>(given: &[(&str, Setting)], batch: &Batch) -> Result<()> {
    let mut transform = T::new(&Settings::given(&T::describe(), given))?;
    let promised = transform.output_schema(batch.schema())?;
    transform.process(Rows::of(batch))?;
    let broken = promises_broken(&promised, &batch.schema());
    if broken.is_empty() { Ok(()) } else { Err(permanent(broken.join("; "))) }
}

/// A column as people read it, row by row: for the assertions of tests.
pub fn shown(batch: &Batch, column: &str) -> Result<Vec<String>> {
    let rows = Rows::of(batch);
    let values = rows.any(column)?;
    Ok((0..rows.count()).map(|row| values.value(row).map_or("NULL".to_owned(), shown_value)).collect())
}

fn shown_value(value: Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(value) => value.to_string(),
        Value::Int64(value) | Value::Timestamp(value) => value.to_string(),
        Value::Float64(value) => value.to_string(),
        Value::Decimal(text) | Value::Text(text) => text,
        Value::Binary(bytes) => format!("{bytes:02x?}"),
        Value::Date(days) => days.to_string(),
    }
}

fn promises_broken(promised: &Schema, made: &Schema) -> Vec<String> {
    if promised.len() != made.len() {
        return vec![format!("{} columns were promised, {} were made", promised.len(), made.len())];
    }
    promised.iter().zip(made).filter_map(|(promised, made)| promise_broken(promised, made)).collect()
}

fn promise_broken(promised: &Column, made: &Column) -> Option<String> {
    let name = &promised.name;
    if made.name != *name {
        Some(format!("column {name} was promised, {} stands there", made.name))
    } else if made.kind != promised.kind {
        Some(format!("column {name} was promised as {}, it is {}", type_name(promised.kind), type_name(made.kind)))
    } else if made.nullable && !promised.nullable {
        Some(format!("column {name} was promised without NULL, and has it"))
    } else {
        None
    }
}
