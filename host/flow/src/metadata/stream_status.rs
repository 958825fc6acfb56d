//! The outcome of each stream's last run, so that a person on any machine sees the age and the last failure of a stream,
//! also where its last run had nothing to commit, and after a run that should have begun and did not.

use wmshost_sql::{MetadataType, Value};

use super::table::{Cells, Table, optional};
use super::{in_transaction, lease};
use crate::failure::Failure;
use crate::ports::clock::Micros;
use crate::ports::sql::{Sql, SqlSession};

pub(super) const TABLE: Table = Table {
    name: "WMSHOST_STATUS",
    columns: &[
        ("pipeline", MetadataType::Name),
        ("stream", MetadataType::Name),
        ("run_id", MetadataType::Name),
        ("status", MetadataType::Name),
        ("ended_at", MetadataType::Integer),
        ("succeeded_at", MetadataType::Integer),
        ("failure", MetadataType::Text),
    ],
    key: 2,
};

/// The longest text of a failure that is kept, in characters: 4,000 bytes, the most in a VARCHAR2, in any character set.
const FAILURE_CHARACTERS: usize = 1_000;

/// The outcome of a stream's last run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// The stream's name.
    pub stream: String,
    /// The run's id.
    pub run_id: String,
    /// The name of the stream's status.
    pub status: String,
    /// The time at which the run ended, UTC.
    pub ended_at: Micros,
    /// The time at which the last run ended that left the target up to date, UTC; `None` if none did yet.
    pub succeeded_at: Option<Micros>,
    /// The reason why it failed.
    pub failure: Option<String>,
}

/// The outcomes of one pipeline's streams.
pub struct LastRuns<'a> {
    /// The pipeline.
    pub pipeline: &'a str,
}

impl LastRuns<'_> {
    /// Records outcomes, in a transaction of its own; an outcome without `succeeded_at` keeps the one that is there. A run
    /// that failed before anything was written leaves no table.
    pub fn record(&self, session: &mut dyn SqlSession, outcomes: &[LastRun]) -> Result<(), Failure> {
        in_transaction(session, |session| {
            self.write(session, outcomes).map_err(|failure| TABLE.explain(session, failure))
        })
    }

    fn write(&self, sql: &mut dyn Sql, outcomes: &[LastRun]) -> Result<(), Failure> {
        if !TABLE.exists(sql)? {
            let has_success = outcomes.iter().any(|outcome| outcome.succeeded_at.is_some());
            if !has_success && !lease::TABLE.exists(sql)? {
                return Ok(());
            }
            TABLE.make(sql)?;
        }
        let update = sql.dialect().with_parameters(
            "UPDATE WMSHOST_STATUS SET run_id = ?1, status = ?2, ended_at = ?3, succeeded_at = COALESCE(?4, succeeded_at), \
             failure = ?5 WHERE pipeline = ?6 AND stream = ?7",
        );
        for outcome in outcomes {
            let name = |text: &str| Value::Text(text.to_owned());
            let failure: Option<String> =
                outcome.failure.as_ref().map(|text| text.chars().take(FAILURE_CHARACTERS).collect());
            let (run_id, status, ended_at) =
                (name(&outcome.run_id), name(&outcome.status), Value::Int64(outcome.ended_at));
            let succeeded_at = outcome.succeeded_at.map_or(Value::Null, Value::Int64);
            let (pipeline, stream) = (name(self.pipeline), name(&outcome.stream));
            let last = [run_id, status, ended_at, succeeded_at, optional(failure.as_deref())];
            let key = [pipeline, stream];
            if sql.execute(&update, &[last.as_slice(), &key].concat())? == 0 {
                sql.execute(&TABLE.insert_statement(sql.dialect()), &[key.as_slice(), &last].concat())?;
            }
        }
        Ok(())
    }

    /// Returns the outcomes of all streams that have one.
    pub fn read(&self, sql: &mut dyn Sql) -> Result<Vec<LastRun>, Failure> {
        if !TABLE.exists(sql)? {
            return Ok(Vec::new());
        }
        let statement =
            format!("SELECT {} FROM WMSHOST_STATUS WHERE pipeline = ?1 ORDER BY stream", TABLE.column_list());
        let rows = sql.query(&sql.dialect().with_parameters(&statement), &[Value::Text(self.pipeline.to_owned())]);
        rows.map_err(|failure| TABLE.explain(sql, failure))?.into_iter().map(last_run).collect()
    }
}

fn last_run(row: Vec<Value>) -> Result<LastRun, Failure> {
    let mut cells = Cells::of(&TABLE, row);
    let _pipeline = cells.text()?;
    Ok(LastRun {
        stream: cells.text()?,
        run_id: cells.text()?,
        status: cells.text()?,
        ended_at: cells.integer()?,
        succeeded_at: cells.optional_integer()?,
        failure: cells.optional_text()?,
    })
}
