//! The history of runs, with the outcome of each of their streams.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params};
use wmshost_flow::{Failure, Micros, StreamSummary};

/// The outcome of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatus {
    /// It is running, or the host died and this was not noticed yet.
    Running,
    /// Every stream succeeded.
    Succeeded,
    /// No stream failed, but in at least one every row was rejected.
    Rejected,
    /// At least one stream failed.
    Failed,
    /// It was stopped on request.
    Cancelled,
    /// The host died.
    Interrupted,
}

impl RunStatus {
    /// The status's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }

    fn named(name: &str) -> Self {
        [Self::Succeeded, Self::Rejected, Self::Failed, Self::Cancelled, Self::Interrupted]
            .into_iter()
            .find(|status| status.name() == name)
            .unwrap_or(Self::Running)
    }
}

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// Its id.
    pub run_id: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// The pipeline file.
    pub file: String,
    /// The host's process id.
    pub pid: u32,
    /// The time at which it began, UTC.
    pub started_at: Micros,
    /// The outcome.
    pub status: RunStatus,
    /// The duration in seconds; 0 while it is running.
    pub seconds: f64,
}

/// The outcome of a stream in a run.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamRecord {
    /// The stream's name.
    pub stream: String,
    /// The name of its status.
    pub status: String,
    /// Rows that were read from the source.
    pub rows_read: u64,
    /// Rows that are new or changed in the target.
    pub rows_written: u64,
    /// Rows that were in the target already.
    pub rows_unchanged: u64,
    /// Rows that went to quarantine.
    pub rows_rejected: u64,
    /// The duration in seconds.
    pub seconds: f64,
    /// The bookmark of its last checkpoint, in words.
    pub bookmark: Option<String>,
    /// The reason why it failed.
    pub failure: Option<String>,
}

/// A plugin that moved the rows of a stream in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginRecord {
    /// The stream's name.
    pub stream: String,
    /// Its label in the pipeline file.
    pub plugin: String,
    /// The version that it reports.
    pub version: String,
    /// The digest of its component.
    pub digest: String,
}

/// The history of runs.
pub struct History(Connection);

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS runs (
        run_id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, file TEXT NOT NULL, pid INTEGER NOT NULL,
        started_at INTEGER NOT NULL, status TEXT NOT NULL, seconds REAL NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS run_streams (
        run_id TEXT NOT NULL REFERENCES runs, stream TEXT NOT NULL, status TEXT NOT NULL,
        rows_read INTEGER NOT NULL, rows_written INTEGER NOT NULL, rows_unchanged INTEGER NOT NULL,
        rows_rejected INTEGER NOT NULL, seconds REAL NOT NULL, bookmark TEXT, failure TEXT,
        PRIMARY KEY (run_id, stream)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS run_plugins (
        run_id TEXT NOT NULL REFERENCES runs, stream TEXT NOT NULL, place INTEGER NOT NULL, plugin TEXT NOT NULL,
        version TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (run_id, stream, place)) STRICT, WITHOUT ROWID;
    PRAGMA user_version = 1;";

fn failed(what: &'static str) -> impl Fn(rusqlite::Error) -> Failure {
    move |error| Failure::permanent(format!("the run history: {what}: {error}"))
}

impl History {
    /// Opens the history in this file, and creates it if it does not exist.
    pub fn open(file: &Path) -> Result<Self, Failure> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|error| {
                Failure::invalid_config(format!(
                    "{}: the host's own folder cannot be created: {error}. Set WMSHOST_HOME to a folder that can be \
                     written",
                    folder.display()
                ))
            })?;
        }
        let place = |error: rusqlite::Error| {
            Failure::invalid_config(format!(
                "{}: the run history cannot be opened: {error}. Move the file away, or set WMSHOST_HOME",
                file.display()
            ))
        };
        let connection = Connection::open(file).map_err(place)?;
        connection.busy_timeout(Duration::from_secs(10)).map_err(place)?;
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(place)?;
        match version {
            0 | 1 => {
                connection.pragma_update(None, "journal_mode", "WAL").map_err(place)?;
                connection.execute_batch(SCHEMA).map_err(place)?;
            }
            newer => {
                return Err(Failure::invalid_config(format!(
                    "{}: the run history has format {newer}, this host knows 1; use the newer host",
                    file.display()
                )));
            }
        }
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(place)?;
        Ok(Self(connection))
    }

    /// Records the start of a run, and the plugins that move the rows of its streams, each stream's in the order of its
    /// stages. Fails and changes nothing if the history has a run with this id.
    pub fn begin(&mut self, run: &RunRecord, plugins: &[PluginRecord]) -> Result<(), Failure> {
        let at = failed("recording a run");
        let transaction = self.0.transaction().map_err(&at)?;
        let noted = transaction.execute(
            "INSERT INTO runs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![run.run_id, run.pipeline, run.file, run.pid, run.started_at, run.status.name(), run.seconds],
        );
        noted.map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => Failure::transient(format!(
                "the run history has a run {} already; nothing was written, run again",
                run.run_id
            )),
            _ => at(error),
        })?;
        for (place, plugin) in (0_i64..).zip(plugins) {
            let PluginRecord { stream, plugin, version, digest } = plugin;
            transaction
                .execute(
                    "INSERT INTO run_plugins VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![run.run_id, stream, place, plugin, version, digest],
                )
                .map_err(&at)?;
        }
        transaction.commit().map_err(at)
    }

    /// Returns the plugins that moved the rows of a run, by stream and in the order of its stages.
    pub fn plugins(&self, run_id: &str) -> Result<Vec<PluginRecord>, Failure> {
        let at = failed("reading a run's plugins");
        let mut statement = self
            .0
            .prepare("SELECT stream, plugin, version, digest FROM run_plugins WHERE run_id = ?1 ORDER BY stream, place")
            .map_err(&at)?;
        let rows = statement.query_map([run_id], |row| {
            Ok(PluginRecord { stream: row.get(0)?, plugin: row.get(1)?, version: row.get(2)?, digest: row.get(3)? })
        });
        rows.map_err(&at)?.collect::<Result<_, _>>().map_err(at)
    }

    /// Records the outcome of a run.
    pub fn end(
        &mut self,
        run_id: &str,
        status: RunStatus,
        seconds: f64,
        streams: &[StreamSummary],
    ) -> Result<(), Failure> {
        let at = failed("recording the end of a run");
        let transaction = self.0.transaction().map_err(&at)?;
        transaction
            .execute(
                "UPDATE runs SET status = ?2, seconds = ?3 WHERE run_id = ?1",
                params![run_id, status.name(), seconds],
            )
            .map_err(&at)?;
        for end in streams {
            let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            transaction
                .execute(
                    "INSERT OR REPLACE INTO run_streams VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                    params![
                        run_id,
                        end.stream,
                        end.status.name(),
                        count(end.stats.read),
                        count(end.stats.written),
                        count(end.stats.unchanged),
                        count(end.stats.rejected),
                        end.seconds,
                        end.bookmark.as_ref().map(ToString::to_string),
                        end.failure.as_ref().map(ToString::to_string),
                    ],
                )
                .map_err(&at)?;
        }
        transaction.commit().map_err(at)
    }

    /// Marks the running runs as interrupted whose host process has ended.
    pub fn mark_interrupted(&self, is_alive: impl Fn(u32) -> bool) -> Result<(), Failure> {
        for run in self.select("WHERE status = 'running'", [])? {
            if !is_alive(run.pid) {
                self.0
                    .execute("UPDATE runs SET status = 'interrupted' WHERE run_id = ?1", [&run.run_id])
                    .map_err(failed("marking an interrupted run"))?;
            }
        }
        Ok(())
    }

    /// Returns the last runs, the newest first.
    pub fn list(&self, most: u32) -> Result<Vec<RunRecord>, Failure> {
        self.select("ORDER BY started_at DESC, run_id DESC LIMIT ?1", [most])
    }

    /// Returns the runs whose id begins with a prefix.
    pub fn find(&self, prefix: &str) -> Result<Vec<RunRecord>, Failure> {
        self.select("WHERE substr(run_id, 1, length(?1)) = ?1 ORDER BY started_at", [prefix])
    }

    /// Returns the outcome of each stream of a run.
    pub fn streams(&self, run_id: &str) -> Result<Vec<StreamRecord>, Failure> {
        let at = failed("reading a run");
        let mut statement = self
            .0
            .prepare(
                "SELECT stream, status, rows_read, rows_written, rows_unchanged, rows_rejected, seconds, \
                 bookmark, failure FROM run_streams WHERE run_id = ?1 ORDER BY stream",
            )
            .map_err(&at)?;
        let count = |row: &Row<'_>, at| row.get::<_, i64>(at).map(i64::unsigned_abs);
        let rows = statement.query_map([run_id], |row| {
            Ok(StreamRecord {
                stream: row.get(0)?,
                status: row.get(1)?,
                rows_read: count(row, 2)?,
                rows_written: count(row, 3)?,
                rows_unchanged: count(row, 4)?,
                rows_rejected: count(row, 5)?,
                seconds: row.get(6)?,
                bookmark: row.get(7)?,
                failure: row.get(8)?,
            })
        });
        rows.map_err(&at)?.collect::<Result<_, _>>().map_err(at)
    }

    /// Returns the id of the last run of a pipeline; `None` if there was none.
    pub fn last(&self, pipeline: &str) -> Result<Option<String>, Failure> {
        self.0
            .query_row(
                "SELECT run_id FROM runs WHERE pipeline = ?1 ORDER BY started_at DESC LIMIT 1",
                [pipeline],
                |row| row.get(0),
            )
            .optional()
            .map_err(failed("reading the last run"))
    }

    fn select(&self, rest: &str, with: impl rusqlite::Params) -> Result<Vec<RunRecord>, Failure> {
        let at = failed("reading runs");
        let columns = "run_id, pipeline, file, pid, started_at, status, seconds";
        let mut statement = self.0.prepare(&format!("SELECT {columns} FROM runs {rest}")).map_err(&at)?;
        let rows = statement.query_map(with, |row| {
            Ok(RunRecord {
                run_id: row.get(0)?,
                pipeline: row.get(1)?,
                file: row.get(2)?,
                pid: row.get(3)?,
                started_at: row.get(4)?,
                status: RunStatus::named(&row.get::<_, String>(5)?),
                seconds: row.get(6)?,
            })
        });
        rows.map_err(&at)?.collect::<Result<_, _>>().map_err(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wmshost_flow::{StreamStats, StreamStatus};

    fn run(id: &str, started_at: Micros) -> RunRecord {
        RunRecord {
            run_id: id.into(),
            pipeline: "wms".into(),
            file: "dev.toml".into(),
            pid: 1,
            started_at,
            status: RunStatus::Running,
            seconds: 0.0,
        }
    }

    #[test]
    fn a_run_is_remembered_with_its_streams() {
        let folder = tempfile::tempdir().unwrap();
        let mut history = History::open(&folder.path().join("new/state.db")).unwrap();
        let plugin = |plugin: &str| PluginRecord {
            stream: "allocation".into(),
            plugin: plugin.into(),
            version: "0.1.0".into(),
            digest: format!("blake3:{plugin}"),
        };
        history.begin(&run("a1", 1), &[plugin("wms-tables"), plugin("allocation"), plugin("table")]).unwrap();
        let plugins = history.plugins("a1").unwrap();
        assert_eq!(
            plugins.iter().map(|found| found.plugin.as_str()).collect::<Vec<_>>(),
            ["wms-tables", "allocation", "table"]
        );
        let twice = history.begin(&run("a1", 2), &[]).unwrap_err();
        assert!(twice.message.contains("a1 already"), "{twice}");
        let end = StreamSummary {
            stream: "allocation".into(),
            status: StreamStatus::Succeeded,
            stats: StreamStats { read: 7, written: 5, unchanged: 1, rejected: 1, ..StreamStats::default() },
            seconds: 0.5,
            bookmark: None,
            schema_changes: Vec::new(),
            definition_changes: Vec::new(),
            comparison: None,
            failure: None,
        };
        history.end("a1", RunStatus::Succeeded, 1.5, &[end]).unwrap();
        let runs = history.find("a").unwrap();
        assert_eq!((runs[0].status, runs[0].seconds), (RunStatus::Succeeded, 1.5));
        let streams = history.streams("a1").unwrap();
        assert_eq!((streams[0].rows_read, streams[0].rows_written), (7, 5));
    }

    #[test]
    fn a_run_whose_host_is_gone_was_interrupted() {
        let folder = tempfile::tempdir().unwrap();
        let mut history = History::open(&folder.path().join("state.db")).unwrap();
        history.begin(&run("a1", 1), &[]).unwrap();
        history.begin(&RunRecord { pid: 2, ..run("b2", 2) }, &[]).unwrap();
        history.mark_interrupted(|pid| pid == 2).unwrap();
        let statuses: Vec<_> = history.list(10).unwrap().iter().map(|run| run.status).collect();
        assert_eq!(statuses, [RunStatus::Running, RunStatus::Interrupted]);
        assert_eq!(history.last("wms").unwrap().as_deref(), Some("b2"));
    }

    #[test]
    fn a_history_of_a_newer_host_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.db");
        Connection::open(&file).unwrap().pragma_update(None, "user_version", 9).unwrap();
        let refused = History::open(&file).err().unwrap();
        assert!(refused.message.contains("format 9"), "{refused}");
    }
}
