//! A sample warehouse in the database of a connection: its tables are created there, and their rows copied from the SQLite
//! file that the sample is made in. Nothing that exists is touched.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection as Sqlite, Row};
use tempfile::TempDir;
use wmshost_flow::{Failure, SqlSession, Value, timestamp_from_text};
use wmshost_pipeline::Resolved;

use crate::assembly::connect;
use crate::runtime::Runtime;

/// The rows that are sent and committed together.
const ROWS: usize = 5_000;

/// A table of the sample.
pub struct SampleTable<'a> {
    /// Its name.
    pub name: &'a str,
    /// The statement that creates it in Oracle.
    pub create: &'a str,
}

/// A folder for the file of a sample, which is removed when it is dropped.
pub fn scratch_folder() -> Result<TempDir, Failure> {
    tempfile::tempdir()
        .map_err(|error| Failure::permanent(format!("no temporary folder can be made: {}", error.kind())))
}

/// Copies the tables of a sample in a SQLite file into the database of a connection, and reports the rows copied so far of
/// each. Fails before anything is created if one of the tables exists there.
pub fn copy_sample(
    runtime: &Runtime,
    pipeline: &Resolved,
    label: &str,
    (file, tables): (&Path, &[SampleTable<'_>]),
    mut progress: impl FnMut(&str, u64),
) -> Result<(), Failure> {
    let connection = pipeline.connections.get(label).ok_or_else(|| {
        let known: Vec<_> = pipeline.connections.keys().map(String::as_str).collect();
        Failure::invalid_config(format!("there is no connection {label}"))
            .advise(format_args!("name one of these: {}", known.join(", ")))
    })?;
    let target = connect::target(label, connection, 1, std::sync::Arc::clone(&runtime.clock))?;
    let mut sql = target.sql()?;
    for table in tables {
        if sql.columns(&format!("SELECT * FROM {}", table.name)).is_ok() {
            return Err(Failure::invalid_config(format!(
                "connection {label}: the table {} exists already; a sample replaces nothing",
                table.name
            ))
            .advise("choose a schema of its own for the sample, or drop its tables"));
        }
    }
    let sample = Sqlite::open(file).map_err(|error| broken(&error))?;
    for table in tables {
        sql.execute(table.create, &[])?;
        copy(&sample, sql.as_mut(), table.name, &mut progress)?;
    }
    Ok(())
}

fn broken(error: &rusqlite::Error) -> Failure {
    Failure::permanent(format!("the sample cannot be read: {error}"))
}

fn copy(
    sample: &Sqlite,
    sql: &mut dyn SqlSession,
    table: &str,
    progress: &mut impl FnMut(&str, u64),
) -> Result<(), Failure> {
    let mut statement = sample.prepare(&format!("SELECT * FROM {table}")).map_err(|error| broken(&error))?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let marks: Vec<String> = (1..=names.len()).map(|number| format!(":{number}")).collect();
    let insert = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), marks.join(", "));
    let mut rows = statement.query([]).map_err(|error| broken(&error))?;
    let (mut part, mut copied) = (Vec::with_capacity(ROWS), 0);
    loop {
        let row = rows.next().map_err(|error| broken(&error))?;
        let is_last = row.is_none();
        if let Some(row) = row {
            part.push(values(row, &names).map_err(|error| broken(&error))?);
        }
        if part.len() == ROWS || is_last && !part.is_empty() {
            sql.begin()?;
            sql.execute_many(&insert, &part)?;
            sql.commit()?;
            copied += part.len() as u64;
            progress(table, copied);
            part.clear();
        }
        if is_last {
            return Ok(());
        }
    }
}

/// A row as it is bound. Moments are text in the sample; a dirty one, which no column of moments can hold, is NULL.
fn values(row: &Row<'_>, names: &[String]) -> rusqlite::Result<Vec<Value>> {
    let value = |(at, name): (usize, &String)| {
        let is_moment = name.ends_with("_date") || name == "last_updated";
        Ok(match row.get_ref(at)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(value) => Value::Decimal(value.to_string()),
            ValueRef::Real(value) => Value::Decimal(value.to_string()),
            ValueRef::Text(text) => {
                let text = String::from_utf8_lossy(text).into_owned();
                if is_moment {
                    timestamp_from_text(&text).map_or(Value::Null, Value::Timestamp)
                } else {
                    Value::Text(text)
                }
            }
            ValueRef::Blob(bytes) => Value::Binary(bytes.to_vec()),
        })
    };
    names.iter().enumerate().map(value).collect()
}
