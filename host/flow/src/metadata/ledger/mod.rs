//! The progress of each stream. Rows are only added to the ledger: a run has one row, which its checkpoints advance
//! until it is complete, and every change by hand is a row of its own. Only the last row counts.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use wmshost_sql::{Dialect, MetadataType, Value, timestamp_from_text, timestamp_text};

use super::checkpoint::{Checkpoint, LoadMode};
use super::json::{bookmark_from_json, bookmark_to_json, state_from_json, state_to_json};
use super::table::{Cells, DamagedCell, Table, optional};
use crate::definition::Definition;
use crate::failure::Failure;
use crate::ports::sql::Sql;

/// The version of the format that is written. A host reads this one and older ones.
const FORMAT: i64 = 1;

pub(super) const TABLE: Table = Table {
    name: "WMSHOST_CHECKPOINT",
    columns: &[
        ("pipeline", MetadataType::Name),
        ("stream", MetadataType::Name),
        ("sequence", MetadataType::Integer),
        ("action", MetadataType::Name),
        ("run_id", MetadataType::Name),
        ("note", MetadataType::Text),
        ("format", MetadataType::Integer),
        ("bookmark", MetadataType::Long),
        ("mode", MetadataType::Name),
        ("complete", MetadataType::Integer),
        ("source_version", MetadataType::Text),
        ("definition_hash", MetadataType::Name),
        ("definition", MetadataType::Long),
        ("state", MetadataType::Long),
        ("batch", MetadataType::Integer),
        ("committed_at", MetadataType::Name),
    ],
    key: 3,
};

/// The origin of a row of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A run: the checkpoint was committed together with the rows before it.
    Run,
    /// The checkpoint was deleted by hand.
    Reset,
    /// An earlier checkpoint was restored by hand.
    Rollback,
    /// A bookmark was set by hand.
    Set,
    /// The checkpoint was imported from an export.
    Import,
}

impl Action {
    const ALL: [Self; 5] = [Self::Run, Self::Reset, Self::Rollback, Self::Set, Self::Import];

    /// The action's name in the ledger and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Reset => "reset",
            Self::Rollback => "rollback",
            Self::Set => "set",
            Self::Import => "import",
        }
    }
}

/// A row of the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number in the stream's history, from 1.
    pub sequence: i64,
    /// Its origin.
    pub action: Action,
    /// The run that made it, or the id of the command.
    pub run_id: String,
    /// The reason, in words.
    pub note: Option<String>,
    /// The checkpoint; `None` after a reset.
    pub checkpoint: Option<Checkpoint>,
}

/// A row of the ledger that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedRow {
    /// Its stream.
    pub stream: String,
    /// Its number in the stream's history; `None` if the number itself is damaged.
    pub sequence: Option<i64>,
    /// The damage, in words.
    pub why: String,
}

impl std::fmt::Display for DamagedRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { stream, sequence, why } = self;
        let row = sequence.map_or("a row".to_owned(), |sequence| format!("row {sequence}"));
        write!(f, "table {}: {row} of the stream {stream} cannot be read: {why}", TABLE.name)
    }
}

impl From<DamagedRow> for Failure {
    fn from(row: DamagedRow) -> Self {
        Self::permanent(row.to_string()).advise(format_args!(
            "`wmshost state log` shows the stream's other rows, and `wmshost state rollback` goes back to one of them; \
             `wmshost state reset --stream {}` forgets them all, and the next run reads the whole table again",
            row.stream
        ))
    }
}

/// The state of other runs in the ledger at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace(Vec<String>);

/// The history of one pipeline's streams.
pub struct Ledger<'a> {
    /// The pipeline.
    pub pipeline: &'a str,
}

/// The name of a stream, and a row of it, which may be damaged.
type StreamEntry = (String, Result<Entry, DamagedRow>);

impl Ledger<'_> {
    /// Returns the last row of a stream, whose checkpoint is the valid one; `None` if the stream never ran.
    pub fn last(&self, sql: &mut dyn Sql, stream: &str) -> Result<Option<Entry>, Failure> {
        self.last_readable(sql, stream)?.transpose().map_err(Failure::from)
    }

    /// Returns the last row of a stream, or the damage if it cannot be read.
    pub fn last_readable(&self, sql: &mut dyn Sql, stream: &str) -> Result<Option<Result<Entry, DamagedRow>>, Failure> {
        let condition = "stream = ?2 AND sequence = (SELECT max(sequence) FROM WMSHOST_CHECKPOINT \
                         WHERE pipeline = ?3 AND stream = ?4)";
        Ok(self.select(sql, condition, &[stream, self.pipeline, stream])?.into_iter().next().map(|(_, entry)| entry))
    }

    /// Returns a stream's checkpoint.
    pub fn checkpoint(&self, sql: &mut dyn Sql, stream: &str) -> Result<Option<Checkpoint>, Failure> {
        Ok(self.last(sql, stream)?.and_then(|entry| entry.checkpoint))
    }

    /// Returns all rows of a stream, the oldest first, damaged ones included.
    pub fn history(&self, sql: &mut dyn Sql, stream: &str) -> Result<Vec<Result<Entry, DamagedRow>>, Failure> {
        Ok(self.select(sql, "stream = ?2", &[stream])?.into_iter().map(|(_, entry)| entry).collect())
    }

    /// Returns the streams in the ledger, with their last rows.
    pub fn streams(&self, sql: &mut dyn Sql) -> Result<BTreeMap<String, Result<Entry, DamagedRow>>, Failure> {
        // Rows are ordered, so that the last one of a stream overwrites the others.
        Ok(self.select(sql, "1 = 1", &[])?.into_iter().collect())
    }

    /// Deletes a stream's checkpoint by adding a row. Rows without a readable number are removed: no row could be added
    /// after them.
    pub fn reset(&self, sql: &mut dyn Sql, stream: &str, note: &str, run_id: &str) -> Result<i64, Failure> {
        if sql.dialect() == Dialect::Sqlite && TABLE.exists(sql)? {
            let unnumbered = "DELETE FROM WMSHOST_CHECKPOINT WHERE pipeline = ?1 AND stream = ?2 \
                              AND typeof(sequence) <> 'integer'";
            sql.execute(unnumbered, &[Value::Text(self.pipeline.to_owned()), Value::Text(stream.to_owned())])?;
        }
        self.append(sql, stream, Action::Reset, Some(note), run_id, None)
    }

    /// Adds a row after the last one; returns its number.
    pub fn append(
        &self,
        sql: &mut dyn Sql,
        stream: &str,
        action: Action,
        note: Option<&str>,
        run_id: &str,
        checkpoint: Option<&Checkpoint>,
    ) -> Result<i64, Failure> {
        TABLE.make(sql)?;
        let sequence = self.last_sequence(sql, stream)? + 1;
        let mut row = vec![
            Value::Text(self.pipeline.to_owned()),
            Value::Text(stream.to_owned()),
            Value::Int64(sequence),
            Value::Text(action.name().to_owned()),
            Value::Text(run_id.to_owned()),
            optional(note),
        ];
        row.extend(cells(checkpoint));
        sql.carries_checkpoint();
        sql.execute(&TABLE.insert_statement(sql.dialect()), &row)?;
        Ok(sequence)
    }

    /// Updates a run's row to a later checkpoint.
    pub(crate) fn advance(
        &self,
        sql: &mut dyn Sql,
        stream: &str,
        sequence: i64,
        checkpoint: &Checkpoint,
    ) -> Result<(), Failure> {
        let statement = sql.dialect().with_parameters(
            "UPDATE WMSHOST_CHECKPOINT SET format = ?1, bookmark = ?2, mode = ?3, complete = ?4, \
             source_version = ?5, definition_hash = ?6, definition = ?7, state = ?8, batch = ?9, committed_at = ?10 \
             WHERE pipeline = ?11 AND stream = ?12 AND sequence = ?13",
        );
        let mut parameters = cells(Some(checkpoint));
        parameters.extend([
            Value::Text(self.pipeline.to_owned()),
            Value::Text(stream.to_owned()),
            Value::Int64(sequence),
        ]);
        sql.carries_checkpoint();
        match sql.execute(&statement, &parameters)? {
            1 => Ok(()),
            _ => Err(Failure::permanent(format!(
                "table {}: the row of this run was deleted; another process writes the stream",
                TABLE.name
            ))),
        }
    }

    /// Returns the state of the other runs that wrote the stream, including its windows: it is equal as long as none of
    /// them commits anything.
    pub fn trace_of_others(&self, sql: &mut dyn Sql, stream: &str, run_id: &str) -> Result<Trace, Failure> {
        if !TABLE.exists(sql)? {
            return Ok(Trace::default());
        }
        let statement = sql.dialect().with_parameters(
            "SELECT COUNT(*), SUM(batch), SUM(complete), MAX(committed_at) FROM WMSHOST_CHECKPOINT \
             WHERE pipeline = ?1 AND (stream = ?2 OR stream LIKE ?3) AND run_id <> ?4",
        );
        let parts = format!("{stream}/%");
        let parameters = [self.pipeline, stream, &parts, run_id].map(|text| Value::Text(text.to_owned()));
        let rows = sql.query(&statement, &parameters).map_err(|failure| TABLE.explain(sql, failure))?;
        let row = rows.into_iter().next().unwrap_or_default();
        let is_empty = row.first().is_none_or(|count| count.to_string() == "0");
        Ok(Trace(if is_empty { Vec::new() } else { row.iter().map(ToString::to_string).collect() }))
    }

    fn last_sequence(&self, sql: &mut dyn Sql, stream: &str) -> Result<i64, Failure> {
        let statement = sql
            .dialect()
            .with_parameters("SELECT max(sequence) FROM WMSHOST_CHECKPOINT WHERE pipeline = ?1 AND stream = ?2");
        let rows = sql.query(&statement, &[Value::Text(self.pipeline.to_owned()), Value::Text(stream.to_owned())])?;
        match rows.into_iter().next() {
            Some(row) => Ok(Cells::of(&TABLE, row).optional_integer()?.unwrap_or(0)),
            None => Ok(0),
        }
    }

    fn select(&self, sql: &mut dyn Sql, condition: &str, parameters: &[&str]) -> Result<Vec<StreamEntry>, Failure> {
        if !TABLE.exists(sql)? {
            return Ok(Vec::new());
        }
        let statement = format!(
            "SELECT {} FROM {} WHERE pipeline = ?1 AND {condition} ORDER BY stream, sequence",
            TABLE.column_list(),
            TABLE.name
        );
        let all = [self.pipeline].into_iter().chain(parameters.iter().copied());
        let parameters: Vec<_> = all.map(|text| Value::Text(text.to_owned())).collect();
        let rows = sql
            .query(&sql.dialect().with_parameters(&statement), &parameters)
            .map_err(|failure| TABLE.explain(sql, failure))?;
        rows.into_iter().map(readable).collect()
    }
}

/// Returns a row with its stream. A row that cannot be read does not hide the others.
fn readable(row: Vec<Value>) -> Result<(String, Result<Entry, DamagedRow>), Failure> {
    let mut cells = Cells::of(&TABLE, row);
    let _pipeline = cells.text()?;
    let stream = cells.text()?;
    let sequence = cells.integer();
    let number = sequence.as_ref().ok().copied();
    let entry = sequence.map_err(String::from).and_then(|sequence| entry(sequence, &mut cells));
    let damaged = |why| DamagedRow { stream: stream.clone(), sequence: number, why };
    Ok((stream.clone(), entry.map_err(damaged)))
}

/// Returns the values of the columns after `note`.
fn cells(checkpoint: Option<&Checkpoint>) -> Vec<Value> {
    let Some(checkpoint) = checkpoint else {
        return [vec![Value::Int64(FORMAT)], vec![Value::Null; TABLE.columns.len() - 7]].concat();
    };
    vec![
        Value::Int64(FORMAT),
        Value::Text(bookmark_to_json(&checkpoint.bookmark).to_string()),
        Value::Text(checkpoint.mode.name().to_owned()),
        Value::Int64(i64::from(checkpoint.complete)),
        optional(checkpoint.source_version.as_deref()),
        optional(checkpoint.definition.as_ref().map(Definition::hash).as_deref()),
        optional(checkpoint.definition.as_ref().map(|definition| definition.to_json().to_string()).as_deref()),
        Value::Text(state_to_json(&checkpoint.state).to_string()),
        Value::Int64(i64::try_from(checkpoint.batch).unwrap_or(i64::MAX)),
        Value::Text(timestamp_text(checkpoint.committed_at)),
    ]
}

/// Reads the row's columns after its number; an error says why they cannot be read.
fn entry(sequence: i64, cells: &mut Cells<'_>) -> Result<Entry, String> {
    let action = cells.text()?;
    let action = Action::ALL.into_iter().find(|known| known.name() == action).ok_or_else(|| cells.damaged())?;
    let run_id = cells.text()?;
    let note = cells.optional_text()?;
    let format = cells.integer()?;
    if format > FORMAT {
        return Err(format!(
            "the checkpoint has format {format}, this host knows formats up to {FORMAT}; use the host that wrote it"
        ));
    }
    let checkpoint = match cells.optional_text()? {
        Some(bookmark) => Some(checkpoint(&bookmark, &run_id, cells)?),
        // Only a reset has no checkpoint.
        None if action == Action::Reset => None,
        None => return Err(cells.damaged().into()),
    };
    Ok(Entry { sequence, action, run_id, note, checkpoint })
}

/// Reads the checkpoint in the columns after `bookmark`.
fn checkpoint(bookmark: &str, run_id: &str, cells: &mut Cells<'_>) -> Result<Checkpoint, DamagedCell> {
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    let bookmark = json(bookmark).and_then(|json| bookmark_from_json(&json)).ok_or_else(|| cells.damaged())?;
    let mode = cells.text()?;
    let mode = LoadMode::named(&mode).ok_or_else(|| cells.damaged())?;
    let complete = match cells.integer()? {
        0 => false,
        1 => true,
        _ => return Err(cells.damaged()),
    };
    let source_version = cells.optional_text()?;
    let hash = cells.optional_text()?;
    let definition = match (cells.optional_text()?, hash) {
        (Some(text), Some(hash)) => {
            let definition = json(&text).and_then(|json| Definition::from_json(&json));
            // The hash reveals a definition that was truncated or edited.
            Some(definition.filter(|definition| definition.hash() == hash).ok_or_else(|| cells.damaged())?)
        }
        (None, None) => None,
        _ => return Err(cells.damaged()),
    };
    let state = cells.text()?;
    let state = json(&state).and_then(|json| state_from_json(&json)).ok_or_else(|| cells.damaged())?;
    let batch = u64::try_from(cells.integer()?).map_err(|_| cells.damaged())?;
    let committed_at = timestamp_from_text(&cells.text()?).ok_or_else(|| cells.damaged())?;
    let run_id = run_id.to_owned();
    Ok(Checkpoint { bookmark, mode, complete, source_version, definition, state, run_id, batch, committed_at })
}
