//! Checkpoints in their table, one row per stream, written in the transaction of the rows before them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params};
use serde_json::{Value as Json, json};
use wmshost_flow::{Bookmark, Checkpoint, Failure, LoadMode, Position, Value};

use super::failure::failure;
use super::lane::open_read_only;
use super::moment::{MomentText, parse_timestamp};

/// The table's name.
pub(super) const TABLE: &str = "WMSHOST_CHECKPOINT";
/// The format that is written. A host reads this one and older ones.
const FORMAT: i64 = 1;
/// How long to wait for a writer before a checkpoint is reset.
const BUSY_WAIT: Duration = Duration::from_secs(30);

const CREATE: &str = "CREATE TABLE IF NOT EXISTS main.WMSHOST_CHECKPOINT (
    pipeline TEXT NOT NULL,
    stream TEXT NOT NULL,
    format INTEGER NOT NULL,
    bookmark TEXT NOT NULL,
    mode TEXT NOT NULL,
    complete BOOLEAN NOT NULL,
    source_version TEXT,
    shape TEXT NOT NULL,
    state TEXT NOT NULL,
    run_id TEXT NOT NULL,
    batch INTEGER NOT NULL,
    committed_at TIMESTAMP(6) NOT NULL,
    PRIMARY KEY (pipeline, stream)
)";

const WRITE: &str = "INSERT OR REPLACE INTO main.WMSHOST_CHECKPOINT
    (pipeline, stream, format, bookmark, mode, complete, source_version, shape, state, run_id, batch,
     committed_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

const READ: &str = "SELECT stream, format, bookmark, mode, complete, source_version, shape, state, run_id,
    batch, committed_at FROM main.WMSHOST_CHECKPOINT WHERE pipeline = ?1 ORDER BY stream";

/// The checkpoints of a pipeline's streams in a target; none if the file or the table is not there yet.
pub fn checkpoints(path: &Path, pipeline: &str) -> Result<Vec<(String, Checkpoint)>, Failure> {
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let doing = format!("checkpoints in {}", path.display());
    let connection = open_read_only(path).map_err(|error| failure(&doing, error))?;
    all(&connection, pipeline).map_err(|failure| failure.within(&doing))
}

/// Forgets a stream's checkpoint, so that it is loaded from the start; `false` if it had none.
pub fn reset_checkpoint(path: &Path, pipeline: &str, stream: &str) -> Result<bool, Failure> {
    if !path.is_file() {
        return Ok(false);
    }
    let reset = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_WAIT)?;
        if !exists(&connection)? {
            return Ok(false);
        }
        let delete = "DELETE FROM main.WMSHOST_CHECKPOINT WHERE pipeline = ?1 AND stream = ?2";
        Ok(connection.execute(delete, [pipeline, stream])? > 0)
    };
    reset().map_err(|error| failure(format_args!("checkpoints in {}", path.display()), error))
}

/// A stream's checkpoint.
pub(super) fn read(connection: &Connection, pipeline: &str, stream: &str) -> Result<Option<Checkpoint>, Failure> {
    let found = rows(connection, pipeline, Some(stream))?;
    Ok(found.into_iter().next().map(|(_, checkpoint)| checkpoint))
}

fn all(connection: &Connection, pipeline: &str) -> Result<Vec<(String, Checkpoint)>, Failure> {
    rows(connection, pipeline, None)
}

fn rows(connection: &Connection, pipeline: &str, stream: Option<&str>) -> Result<Vec<(String, Checkpoint)>, Failure> {
    let read = || -> rusqlite::Result<Vec<StoredCheckpoint>> {
        if !exists(connection)? {
            return Ok(Vec::new());
        }
        let mut statement = connection.prepare(READ)?;
        let rows = statement.query_map([pipeline], StoredCheckpoint::from_row)?;
        rows.collect()
    };
    let stored = read().map_err(|error| failure(format_args!("reading {TABLE}"), error))?;
    let wanted = stored.into_iter().filter(|row| stream.is_none_or(|stream| row.stream == stream));
    wanted.map(StoredCheckpoint::into_checkpoint).collect()
}

fn exists(connection: &Connection) -> rusqlite::Result<bool> {
    let found = connection
        .query_row("SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?1", [TABLE], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

/// Writes a stream's checkpoint over the one before.
pub(super) fn write(
    connection: &Connection,
    pipeline: &str,
    stream: &str,
    checkpoint: &Checkpoint,
) -> Result<(), Failure> {
    let mut committed_at = Vec::new();
    MomentText::default()
        .timestamp(checkpoint.committed_at, false, &mut committed_at)
        .ok_or_else(|| Failure::permanent("the clock is not between the years 0000 and 9999"))?;
    let write = || {
        connection.execute_batch(CREATE)?;
        connection.execute(
            WRITE,
            params![
                pipeline,
                stream,
                FORMAT,
                bookmark_json(&checkpoint.bookmark).to_string(),
                checkpoint.mode.name(),
                checkpoint.complete,
                checkpoint.source_version,
                checkpoint.shape,
                state_json(&checkpoint.state).to_string(),
                checkpoint.run_id,
                checkpoint.batch as i64,
                String::from_utf8_lossy(&committed_at),
            ],
        )
    };
    write().map(drop).map_err(|error| failure(format_args!("writing {TABLE}"), error))
}

/// A row of the table.
struct StoredCheckpoint {
    stream: String,
    format: i64,
    bookmark: String,
    mode: String,
    complete: bool,
    source_version: Option<String>,
    shape: String,
    state: String,
    run_id: String,
    batch: i64,
    committed_at: String,
}

impl StoredCheckpoint {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            stream: row.get(0)?,
            format: row.get(1)?,
            bookmark: row.get(2)?,
            mode: row.get(3)?,
            complete: row.get(4)?,
            source_version: row.get(5)?,
            shape: row.get(6)?,
            state: row.get(7)?,
            run_id: row.get(8)?,
            batch: row.get(9)?,
            committed_at: row.get(10)?,
        })
    }

    fn into_checkpoint(self) -> Result<(String, Checkpoint), Failure> {
        if self.format > FORMAT {
            return Err(Failure::permanent(format!(
                "{TABLE}, stream {}: the checkpoint has format {}, this host knows formats up to {FORMAT}; use \
                 the host that wrote it, or reset the checkpoint",
                self.stream, self.format
            )));
        }
        let damaged = |column: &str| {
            Failure::permanent(format!(
                "{TABLE}, stream {}: the column {column} is damaged; reset the checkpoint",
                self.stream
            ))
        };
        let json = |text: &str| serde_json::from_str::<Json>(text).ok();
        let checkpoint = Checkpoint {
            bookmark: json(&self.bookmark).and_then(|json| bookmark_of(&json)).ok_or_else(|| damaged("bookmark"))?,
            mode: [LoadMode::Merge, LoadMode::Replace]
                .into_iter()
                .find(|mode| mode.name() == self.mode)
                .ok_or_else(|| damaged("mode"))?,
            complete: self.complete,
            state: json(&self.state).and_then(|json| state_of(&json)).ok_or_else(|| damaged("state"))?,
            batch: u64::try_from(self.batch).map_err(|_| damaged("batch"))?,
            committed_at: parse_timestamp(self.committed_at.as_bytes(), false)
                .ok_or_else(|| damaged("committed_at"))?,
            source_version: self.source_version,
            shape: self.shape,
            run_id: self.run_id,
        };
        Ok((self.stream, checkpoint))
    }
}

fn bookmark_json(bookmark: &Bookmark) -> Json {
    bookmark.0.iter().map(position_json).collect()
}

/// Floating point numbers are text, so that NaN and every last bit come back.
fn position_json(Position { name, value }: &Position) -> Json {
    let (kind, value) = match value {
        Value::Null => ("null", Json::Null),
        Value::Boolean(value) => ("boolean", json!(value)),
        Value::Int64(value) => ("int64", json!(value)),
        Value::Float64(value) => ("float64", json!(format!("{value:?}"))),
        Value::Decimal(value) => ("decimal", json!(value)),
        Value::Text(value) => ("text", json!(value)),
        Value::Binary(value) => ("binary", json!(hex(value))),
        Value::Date(value) => ("date", json!(value)),
        Value::Timestamp(value) => ("timestamp", json!(value)),
    };
    json!({ "name": name, "type": kind, "value": value })
}

fn bookmark_of(json: &Json) -> Option<Bookmark> {
    json.as_array()?.iter().map(position_of).collect::<Option<_>>().map(Bookmark)
}

fn position_of(json: &Json) -> Option<Position> {
    let value = json.get("value")?;
    let text = || value.as_str().map(str::to_owned);
    let value = match json.get("type")?.as_str()? {
        "null" => Value::Null,
        "boolean" => Value::Boolean(value.as_bool()?),
        "int64" => Value::Int64(value.as_i64()?),
        "float64" => Value::Float64(value.as_str()?.parse().ok()?),
        "decimal" => Value::Decimal(text()?),
        "text" => Value::Text(text()?),
        "binary" => Value::Binary(unhex(value.as_str()?)?),
        "date" => Value::Date(value.as_i64()?.try_into().ok()?),
        "timestamp" => Value::Timestamp(value.as_i64()?),
        _ => return None,
    };
    Some(Position { name: json.get("name")?.as_str()?.to_owned(), value })
}

fn state_json(state: &BTreeMap<String, Vec<u8>>) -> Json {
    state.iter().map(|(key, value)| (key.clone(), json!(hex(value)))).collect()
}

fn state_of(json: &Json) -> Option<BTreeMap<String, Vec<u8>>> {
    let entries = json.as_object()?.iter();
    entries.map(|(key, value)| Some((key.clone(), unhex(value.as_str()?)?))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let pairs = bytes.chunks_exact(2).map(|pair| Some((digit(pair[0])? * 16 + digit(pair[1])?) as u8));
    (bytes.len() % 2 == 0).then(|| pairs.collect::<Option<_>>())?
}
