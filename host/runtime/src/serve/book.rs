//! The book of due runs: a file of the host's own folder, which every process that schedules or looks at schedules shares.
//! A due time has one row at most, so that no two processes begin it, and a process that comes after a crash finds the
//! runs that had begun.
//!
//! | the scheduler dies … | the next one |
//! |---|---|
//! | before the row is written | finds the time still due |
//! | after the row, before the run has begun | begins the run under the same id |
//! | while the run goes on | waits for the run |
//! | after the run has ended, before that is written | writes it, by the history |
//! | together with the run | begins it once more under another id, three times at most |

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};
use wmshost_flow::{Failure, Micros};

use crate::own_database::{self, OwnDatabase};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS units (
        pipeline TEXT NOT NULL, line TEXT NOT NULL, since INTEGER NOT NULL,
        PRIMARY KEY (pipeline, line)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS dues (
        pipeline TEXT NOT NULL, line TEXT NOT NULL, due INTEGER NOT NULL, status TEXT NOT NULL, run_id TEXT,
        attempt INTEGER NOT NULL, owner INTEGER NOT NULL, process INTEGER, begun_at INTEGER NOT NULL,
        ended_at INTEGER, exit_code INTEGER, note TEXT,
        PRIMARY KEY (pipeline, line, due)) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS dues_by_status ON dues (status);
    CREATE TABLE IF NOT EXISTS pauses (pipeline TEXT PRIMARY KEY, since INTEGER NOT NULL) STRICT, WITHOUT ROWID;";

/// A due time that was decided stays decided after a power cut.
const BOOK: OwnDatabase = OwnDatabase { what: "book of schedules", formats: &[SCHEMA], is_durable: true };

/// A part of a pipeline that is due by a line of its own: the streams with that line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitKey {
    /// The pipeline's name.
    pub pipeline: String,
    /// The cron line.
    pub line: String,
}

/// The fate of a due time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DueStatus {
    /// Its run goes on, or waits to begin.
    Running,
    /// Its run has ended.
    Ended,
    /// It was left out, as the schedule's `misfire` says.
    Skipped,
    /// A scheduler on another machine ran it.
    Elsewhere,
    /// Its run was lost with its process, and so were its repetitions.
    Lost,
}

impl DueStatus {
    const NAMES: [(Self, &str); 5] = [
        (Self::Running, "running"),
        (Self::Ended, "ended"),
        (Self::Skipped, "skipped"),
        (Self::Elsewhere, "elsewhere"),
        (Self::Lost, "lost"),
    ];

    /// The status's name in reports.
    pub fn name(self) -> &'static str {
        Self::NAMES.into_iter().find(|(status, _)| *status == self).map_or("running", |(_, name)| name)
    }

    fn named(name: &str) -> Self {
        Self::NAMES.into_iter().find(|(_, known)| *known == name).map_or(Self::Running, |(status, _)| status)
    }
}

/// A due time that was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The unit that was due.
    pub unit: UnitKey,
    /// The time at which it was due, without jitter, UTC.
    pub due: Micros,
    /// Its fate.
    pub status: DueStatus,
    /// The id of its run; empty if it has none.
    pub run_id: String,
    /// The number of the run for this time, from 1.
    pub attempt: u32,
    /// The process of the scheduler that has it.
    pub owner: u32,
    /// The process of the run; `None` before it has begun.
    pub process: Option<u32>,
    /// The time of the decision, UTC.
    pub begun_at: Micros,
    /// The time at which its run ended, UTC.
    pub ended_at: Option<Micros>,
    /// The exit code of its run.
    pub exit_code: Option<u8>,
    /// The reason why it has no run, or why the run failed.
    pub note: Option<String>,
}

/// The book.
pub struct Book(Connection);

fn failed(what: &'static str) -> impl Fn(rusqlite::Error) -> Failure {
    own_database::failed("book of schedules", what)
}

impl Book {
    /// Opens the book in this file, and creates it if it does not exist.
    pub fn open(file: &Path) -> Result<Self, Failure> {
        BOOK.open(file).map(Self)
    }

    /// A book that no other process sees.
    #[cfg(test)]
    pub(super) fn in_memory() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        Self(connection)
    }

    /// Makes several changes as one: if one of them fails, none is made.
    pub(super) fn at_once<T>(&self, changes: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        let at = failed("changing several entries");
        let transaction = Transaction::new_unchecked(&self.0, TransactionBehavior::Immediate).map_err(&at)?;
        let made = changes()?;
        transaction.commit().map_err(at)?;
        Ok(made)
    }

    /// From now on this line cannot be noted.
    #[cfg(test)]
    pub(super) fn fail_to_register(&self, line: &str) {
        let trigger =
            "CREATE TRIGGER t BEFORE INSERT ON units WHEN NEW.line = '{}' BEGIN SELECT RAISE(ABORT, 'no'); END";
        self.0.execute_batch(&trigger.replace("{}", line)).unwrap();
    }

    /// Returns the lines of a pipeline.
    #[cfg(test)]
    pub(super) fn lines(&self, pipeline: &str) -> Vec<String> {
        let mut lines = self.0.prepare("SELECT line FROM units WHERE pipeline = ?1 ORDER BY line").unwrap();
        lines.query_map([pipeline], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// Notes that a unit is scheduled, and returns the time since which it is: its due times before are not its own.
    pub fn register(&self, unit: &UnitKey, now: Micros) -> Result<Micros, Failure> {
        let at = failed("noting a schedule");
        // A clock that was ahead for a while does not keep the unit from being due.
        let statement = "INSERT INTO units VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET since = min(since, ?3)";
        self.0.execute(statement, params![unit.pipeline, unit.line, now]).map_err(&at)?;
        let statement = "SELECT since FROM units WHERE pipeline = ?1 AND line = ?2";
        self.0.query_row(statement, params![unit.pipeline, unit.line], |row| row.get(0)).map_err(at)
    }

    /// Forgets the units of a pipeline that have other lines than these.
    pub fn retain(&self, pipeline: &str, lines: &[&str]) -> Result<(), Failure> {
        let at = failed("forgetting a schedule");
        let mut known = self.0.prepare("SELECT line FROM units WHERE pipeline = ?1").map_err(&at)?;
        let known = known.query_map([pipeline], |row| row.get::<_, String>(0)).map_err(&at)?;
        for line in known.collect::<Result<Vec<_>, _>>().map_err(&at)? {
            if !lines.contains(&line.as_str()) {
                let statement = "DELETE FROM units WHERE pipeline = ?1 AND line = ?2";
                self.0.execute(statement, [pipeline, &line]).map_err(&at)?;
            }
        }
        Ok(())
    }

    /// Returns the newest due time up to now that was decided.
    pub fn newest_decided(&self, unit: &UnitKey, now: Micros) -> Result<Option<Micros>, Failure> {
        let statement = "SELECT max(due) FROM dues WHERE pipeline = ?1 AND line = ?2 AND due <= ?3";
        let at = failed("reading due times");
        let mut newest = self.0.prepare(statement).map_err(&at)?;
        newest.query_row(params![unit.pipeline, unit.line, now], |row| row.get(0)).map_err(at)
    }

    /// Writes that a run begins for this due time; returns false if the time was decided already.
    pub fn claim(&self, unit: &UnitKey, due: Micros, run_id: &str, owner: u32, now: Micros) -> Result<bool, Failure> {
        let row = params![unit.pipeline, unit.line, due, run_id, owner, now];
        let statement = "INSERT OR IGNORE INTO dues (pipeline, line, due, status, run_id, attempt, owner, begun_at) \
                         VALUES (?1, ?2, ?3, 'running', ?4, 1, ?5, ?6)";
        self.0.execute(statement, row).map(|rows| rows == 1).map_err(failed("writing a due time"))
    }

    /// Writes that a due time is left out; returns false if the time was decided already.
    pub fn skip(&self, unit: &UnitKey, due: Micros, owner: u32, now: Micros, why: &str) -> Result<bool, Failure> {
        let row = params![unit.pipeline, unit.line, due, owner, now, why];
        let statement = "INSERT OR IGNORE INTO dues (pipeline, line, due, status, attempt, owner, begun_at, ended_at, note) \
                         VALUES (?1, ?2, ?3, 'skipped', 0, ?4, ?5, ?5, ?6)";
        self.0.execute(statement, row).map(|rows| rows == 1).map_err(failed("writing a due time"))
    }

    /// Takes over a run from a scheduler that is gone, under this id; returns false if another one was faster.
    pub fn take_over(&self, lost: &Due, run_id: &str, attempt: u32, owner: u32) -> Result<bool, Failure> {
        let Due { unit, due, .. } = lost;
        let row = params![unit.pipeline, unit.line, due, run_id, attempt, owner, lost.owner, lost.run_id];
        let statement = "UPDATE dues SET run_id = ?4, attempt = ?5, owner = ?6, \
                         process = CASE WHEN run_id = ?4 THEN process END WHERE pipeline = ?1 AND line = ?2 AND \
                         due = ?3 AND status = 'running' AND owner = ?7 AND run_id = ?8";
        self.0.execute(statement, row).map(|rows| rows == 1).map_err(failed("taking over a run"))
    }

    /// Writes the process of a run.
    pub fn begun(&self, run_id: &str, process: u32) -> Result<(), Failure> {
        let statement = "UPDATE dues SET process = ?2 WHERE run_id = ?1 AND status = 'running'";
        self.0.execute(statement, params![run_id, process]).map(drop).map_err(failed("writing a process"))
    }

    /// Writes the end of a run.
    pub fn end(
        &self,
        run_id: &str,
        status: DueStatus,
        (exit_code, note): (Option<u8>, Option<&str>),
        now: Micros,
    ) -> Result<(), Failure> {
        let statement = "UPDATE dues SET status = ?2, exit_code = ?3, note = ?4, ended_at = ?5 WHERE run_id = ?1 AND \
                         status = 'running'";
        let row = params![run_id, status.name(), exit_code, note, now];
        self.0.execute(statement, row).map(drop).map_err(failed("writing the end of a run"))
    }

    /// Returns the due times whose runs have not ended.
    pub fn running(&self) -> Result<Vec<Due>, Failure> {
        self.dues("WHERE status = 'running' ORDER BY due", [])
    }

    /// Returns the newest due times of a unit up to now.
    pub fn newest(&self, unit: &UnitKey, now: Micros, count: u32) -> Result<Vec<Due>, Failure> {
        let rest = "WHERE pipeline = ?1 AND line = ?2 AND due <= ?3 ORDER BY due DESC LIMIT ?4";
        self.dues(rest, params![unit.pipeline, unit.line, now, count])
    }

    /// Deletes the due times before this one but the newest of each unit, and runs that have not ended.
    pub fn clean(&self, before: Micros) -> Result<usize, Failure> {
        let statement = "DELETE FROM dues WHERE due < ?1 AND status <> 'running' AND due < (SELECT max(due) FROM dues AS \
                         newer WHERE newer.pipeline = dues.pipeline AND newer.line = dues.line)";
        self.0.execute(statement, [before]).map_err(failed("deleting old due times"))
    }

    /// Has nothing of a pipeline begin until it is resumed.
    pub fn pause(&self, pipeline: &str, now: Micros) -> Result<(), Failure> {
        let statement = "INSERT OR IGNORE INTO pauses VALUES (?1, ?2)";
        self.0.execute(statement, params![pipeline, now]).map(drop).map_err(failed("pausing"))
    }

    /// Lets runs of a pipeline begin again.
    pub fn resume(&self, pipeline: &str) -> Result<(), Failure> {
        let statement = "DELETE FROM pauses WHERE pipeline = ?1";
        self.0.execute(statement, [pipeline]).map(drop).map_err(failed("resuming"))
    }

    /// Returns the time since which a pipeline is paused; `None` if it is not.
    pub fn paused_since(&self, pipeline: &str) -> Result<Option<Micros>, Failure> {
        let statement = "SELECT since FROM pauses WHERE pipeline = ?1";
        let since = self.0.query_row(statement, [pipeline], |row| row.get(0)).optional();
        since.map_err(failed("reading pauses"))
    }

    fn dues(&self, rest: &str, with: impl rusqlite::Params) -> Result<Vec<Due>, Failure> {
        let at = failed("reading due times");
        let columns =
            "pipeline, line, due, status, run_id, attempt, owner, process, begun_at, ended_at, exit_code, note";
        let mut statement = self.0.prepare(&format!("SELECT {columns} FROM dues {rest}")).map_err(&at)?;
        let rows = statement.query_map(with, due).map_err(&at)?;
        rows.collect::<Result<_, _>>().map_err(at)
    }
}

fn due(row: &Row<'_>) -> rusqlite::Result<Due> {
    Ok(Due {
        unit: UnitKey { pipeline: row.get(0)?, line: row.get(1)? },
        due: row.get(2)?,
        status: DueStatus::named(&row.get::<_, String>(3)?),
        run_id: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
        attempt: row.get(5)?,
        owner: row.get(6)?,
        process: row.get(7)?,
        begun_at: row.get(8)?,
        ended_at: row.get(9)?,
        exit_code: row.get(10)?,
        note: row.get(11)?,
    })
}
