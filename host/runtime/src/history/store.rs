//! The history of runs, with the outcome of each of their streams and models.

use std::path::Path;

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, ErrorCode, Row, params, params_from_iter};
use wmshost_flow::{ErrorClass, Failure, FailureKind, Micros};

use super::format::HISTORY;
use super::records::{FailureReason, ModelRecord, PluginRecord, RunKind, RunRecord, RunStatus, StreamRecord};
use crate::own_database;

/// The history of runs.
pub struct History(Connection);

/// The selection of runs in a list.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Only runs of the pipeline with this name.
    pub pipeline: Option<String>,
    /// Only runs of this kind.
    pub kind: Option<RunKind>,
    /// Only runs that failed, were interrupted, or in which every row of a stream was rejected.
    pub failed: bool,
    /// Only runs that began at this time or later, UTC.
    pub since: Option<Micros>,
    /// At most this number of runs, the newest.
    pub limit: Option<u32>,
}

fn failed(what: &'static str) -> impl Fn(rusqlite::Error) -> Failure {
    own_database::failed("run history", what)
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl History {
    /// Opens the history in this file, and creates it if it does not exist.
    pub fn open(file: &Path) -> Result<Self, Failure> {
        HISTORY.open(file).map(Self)
    }

    /// Records the start of a run. Fails and changes nothing if the history has a run with this id.
    pub fn begin(&mut self, run: &RunRecord) -> Result<(), Failure> {
        let at = failed("recording a run");
        let noted = self.0.execute(
            "INSERT INTO runs (run_id, kind, pipeline, file, pid, started_at, status, seconds) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                run.run_id,
                run.kind.name(),
                run.pipeline,
                run.file,
                run.pid,
                run.started_at,
                run.status.name(),
                run.seconds
            ],
        );
        noted.map(drop).map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => Failure::transient(format!(
                "the run history has a run {} already; nothing was written, run again",
                run.run_id
            )),
            _ => at(error),
        })
    }

    /// Records the plugins that move the rows of a run's streams, each stream's in the order of its stages.
    pub fn add_plugins(&mut self, run_id: &str, plugins: &[PluginRecord]) -> Result<(), Failure> {
        let at = failed("recording a run's plugins");
        let transaction = self.0.transaction().map_err(&at)?;
        for (place, plugin) in (0_i64..).zip(plugins) {
            let PluginRecord { stream, plugin, version, digest } = plugin;
            transaction
                .execute(
                    "INSERT INTO run_plugins VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![run_id, stream, place, plugin, version, digest],
                )
                .map_err(&at)?;
        }
        transaction.commit().map_err(at)
    }

    /// Returns the plugins that moved the rows of a run, by stream and in the order of its stages.
    pub fn plugins(&self, run_id: &str) -> Result<Vec<PluginRecord>, Failure> {
        let statement =
            "SELECT stream, plugin, version, digest FROM run_plugins WHERE run_id = ?1 ORDER BY stream, place";
        self.rows("reading a run's plugins", statement, [run_id], |row| {
            Ok(PluginRecord { stream: row.get(0)?, plugin: row.get(1)?, version: row.get(2)?, digest: row.get(3)? })
        })
    }

    /// Records the outcomes of streams.
    pub fn add_streams(&mut self, run_id: &str, streams: &[StreamRecord]) -> Result<(), Failure> {
        let at = failed("recording a run's streams");
        let transaction = self.0.transaction().map_err(&at)?;
        for end in streams {
            transaction
                .execute(
                    "INSERT OR REPLACE INTO run_streams VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                    params![
                        run_id,
                        end.stream,
                        end.status,
                        count(end.rows_read),
                        count(end.rows_written),
                        count(end.rows_unchanged),
                        count(end.rows_rejected),
                        end.seconds,
                        end.bookmark,
                        end.failure,
                    ],
                )
                .map_err(&at)?;
        }
        for (stream, hash) in streams.iter().filter_map(|end| Some((&end.stream, end.types.as_ref()?))) {
            transaction
                .execute("INSERT OR REPLACE INTO run_types VALUES (?1, ?2, ?3)", params![run_id, stream, hash])
                .map_err(&at)?;
        }
        for (stream, reason) in streams.iter().filter_map(|end| Some((&end.stream, end.reason.as_ref()?))) {
            let site = reason.site.as_ref();
            transaction
                .execute(
                    "INSERT OR REPLACE INTO run_failures VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                    params![
                        run_id,
                        stream,
                        reason.kind.name(),
                        reason.class.map(ErrorClass::name),
                        reason.code,
                        reason.stage,
                        reason.batch.map(count),
                        site.map(|(plugin, _)| plugin),
                        site.map(|(_, function)| function),
                    ],
                )
                .map_err(&at)?;
        }
        transaction.commit().map_err(at)
    }

    /// Records the outcomes of models.
    pub fn add_models(&mut self, run_id: &str, models: &[ModelRecord]) -> Result<(), Failure> {
        let at = failed("recording a run's models");
        let transaction = self.0.transaction().map_err(&at)?;
        for end in models {
            transaction
                .execute(
                    "INSERT OR REPLACE INTO run_models VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                    params![
                        run_id,
                        end.model,
                        end.status,
                        end.action,
                        end.rows.map(count),
                        count(end.rows_changed),
                        end.seconds,
                        end.message,
                    ],
                )
                .map_err(&at)?;
        }
        transaction.commit().map_err(at)
    }

    /// Records the end of a run.
    pub fn end(
        &mut self,
        run_id: &str,
        status: RunStatus,
        seconds: f64,
        exit_code: u8,
        message: Option<&str>,
    ) -> Result<(), Failure> {
        self.0
            .execute(
                "UPDATE runs SET status = ?2, seconds = ?3, exit_code = ?4, message = ?5 WHERE run_id = ?1",
                params![run_id, status.name(), seconds, exit_code, message],
            )
            .map(drop)
            .map_err(failed("recording the end of a run"))
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

    /// Returns the selected runs, the newest first.
    pub fn list(&self, filter: &RunFilter) -> Result<Vec<RunRecord>, Failure> {
        let mut conditions: Vec<&str> = Vec::new();
        let mut values: Vec<SqlValue> = Vec::new();
        if let Some(pipeline) = &filter.pipeline {
            conditions.push("pipeline = ?");
            values.push(pipeline.clone().into());
        }
        if let Some(kind) = filter.kind {
            conditions.push("kind = ?");
            values.push(kind.name().to_owned().into());
        }
        if filter.failed {
            conditions.push("status IN ('failed', 'rejected', 'interrupted')");
        }
        if let Some(since) = filter.since {
            conditions.push("started_at >= ?");
            values.push(since.into());
        }
        values.push(filter.limit.map_or(-1, i64::from).into());
        let condition = match conditions.is_empty() {
            true => String::new(),
            false => format!("WHERE {} ", conditions.join(" AND ")),
        };
        self.select(&format!("{condition}ORDER BY started_at DESC, run_id DESC LIMIT ?"), params_from_iter(values))
    }

    /// Returns the runs whose id begins with a prefix.
    pub fn find(&self, prefix: &str) -> Result<Vec<RunRecord>, Failure> {
        self.select("WHERE substr(run_id, 1, length(?1)) = ?1 ORDER BY started_at", [prefix])
    }

    /// Returns the run with an id; `None` if there is none.
    pub fn run(&self, run_id: &str) -> Result<Option<RunRecord>, Failure> {
        Ok(self.select("WHERE run_id = ?1", [run_id])?.pop())
    }

    /// Returns the outcome of each stream of a run.
    pub fn streams(&self, run_id: &str) -> Result<Vec<StreamRecord>, Failure> {
        let statement = format!("SELECT {STREAM} WHERE run_id = ?1 ORDER BY stream");
        self.rows("reading a run", &statement, [run_id], stream)
    }

    /// Returns the outcomes of a stream in the last runs of its pipeline that had it, each with the run, the newest first.
    pub fn of_stream(&self, pipeline: &str, name: &str, count: u32) -> Result<Vec<(RunRecord, StreamRecord)>, Failure> {
        self.of_stream_in(pipeline, name, count, None)
    }

    /// The same, of runs of one kind or of all.
    pub fn of_stream_in(
        &self,
        pipeline: &str,
        name: &str,
        count: u32,
        kind: Option<RunKind>,
    ) -> Result<Vec<(RunRecord, StreamRecord)>, Failure> {
        let statement = format!(
            "SELECT {STREAM} WHERE stream = ?2 AND EXISTS (SELECT 1 FROM runs WHERE runs.run_id = run_streams.run_id AND \
             pipeline = ?1 AND kind = coalesce(?4, kind)) ORDER BY run_id DESC LIMIT ?3"
        );
        let kind = kind.map(RunKind::name);
        let found = self.rows("reading a stream's runs", &statement, params![pipeline, name, count, kind], |row| {
            Ok((row.get::<_, String>(17)?, stream(row)?))
        })?;
        let with_run = |(run_id, end): (String, StreamRecord)| Ok(self.run(&run_id)?.map(|run| (run, end)));
        found.into_iter().map(with_run).filter_map(Result::transpose).collect()
    }

    /// Returns the outcome of each model of a run.
    pub fn models(&self, run_id: &str) -> Result<Vec<ModelRecord>, Failure> {
        let statement = "SELECT model, status, action, row_count, rows_changed, seconds, message FROM run_models \
                         WHERE run_id = ?1 ORDER BY model";
        self.rows("reading a run's models", statement, [run_id], |row| {
            Ok(ModelRecord {
                model: row.get(0)?,
                status: row.get(1)?,
                action: row.get(2)?,
                rows: row.get::<_, Option<i64>>(3)?.map(i64::unsigned_abs),
                rows_changed: row.get::<_, i64>(4)?.unsigned_abs(),
                seconds: row.get(5)?,
                message: row.get(6)?,
            })
        })
    }

    /// Returns the digests of the plugins that runs since this time have used, in hex.
    pub fn digests_since(&self, since: Micros) -> Result<Vec<String>, Failure> {
        let statement =
            "SELECT DISTINCT digest FROM run_plugins WHERE run_id IN (SELECT run_id FROM runs WHERE started_at >= ?1)";
        let digests = self.rows("reading plugins", statement, [since], |row| row.get::<_, String>(0))?;
        Ok(digests.into_iter().map(|digest| digest.trim_start_matches("blake3:").to_owned()).collect())
    }

    /// Forgets the runs that began before this time, but those that go on, the last of each kind of a pipeline, and the last of
    /// each of its streams. With `is_trial` none is. Returns their number.
    pub fn clean(&mut self, before: Micros, is_trial: bool) -> Result<u64, Failure> {
        const OLD: &str = "SELECT run_id FROM runs WHERE started_at < ?1 AND status <> 'running' \
            AND run_id NOT IN (SELECT max(run_id) FROM runs GROUP BY pipeline, kind) AND run_id NOT IN \
            (SELECT max(run_id) FROM run_streams JOIN runs USING (run_id) GROUP BY pipeline, stream)";
        let old = self.rows("reading old runs", OLD, [before], |row| row.get::<_, String>(0))?;
        if is_trial || old.is_empty() {
            return Ok(old.len() as u64);
        }
        let at = failed("forgetting old runs");
        let transaction = self.0.transaction().map_err(&at)?;
        for table in ["run_failures", "run_types", "run_plugins", "run_models", "run_streams", "runs"] {
            let mut delete = transaction.prepare(&format!("DELETE FROM {table} WHERE run_id = ?1")).map_err(&at)?;
            for run_id in &old {
                delete.execute([run_id]).map_err(&at)?;
            }
        }
        transaction.commit().map_err(&at)?;
        // The file shrinks when nobody else reads it; otherwise the room is used again.
        let _ = self.0.execute_batch("VACUUM");
        Ok(old.len() as u64)
    }

    pub(super) fn select(&self, rest: &str, with: impl rusqlite::Params) -> Result<Vec<RunRecord>, Failure> {
        let columns = "run_id, kind, pipeline, file, pid, started_at, status, seconds, exit_code, message";
        self.rows("reading runs", &format!("SELECT {columns} FROM runs {rest}"), with, |row| {
            Ok(RunRecord {
                run_id: row.get(0)?,
                kind: RunKind::named(&row.get::<_, String>(1)?).unwrap_or(RunKind::Run),
                pipeline: row.get(2)?,
                file: row.get(3)?,
                pid: row.get(4)?,
                started_at: row.get(5)?,
                status: RunStatus::named(&row.get::<_, String>(6)?),
                seconds: row.get(7)?,
                exit_code: row.get(8)?,
                message: row.get(9)?,
            })
        })
    }

    /// The rows of a query; `what` is said in its failure.
    pub(super) fn rows<T>(
        &self,
        what: &'static str,
        statement: &str,
        with: impl rusqlite::Params,
        row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Failure> {
        let at = failed(what);
        let mut statement = self.0.prepare(statement).map_err(&at)?;
        let rows = statement.query_map(with, row).map_err(&at)?;
        rows.collect::<Result<_, _>>().map_err(at)
    }
}

/// The columns and tables of a stream's outcome; the last column is the run.
const STREAM: &str = "stream, status, rows_read, rows_written, rows_unchanged, rows_rejected, run_streams.seconds, bookmark, failure, \
                      hash, kind, class, code, stage, batch, plugin, function, run_id FROM run_streams \
                      LEFT JOIN run_types USING (run_id, stream) LEFT JOIN run_failures USING (run_id, stream)";

fn stream(row: &Row<'_>) -> rusqlite::Result<StreamRecord> {
    let count = |at| row.get::<_, i64>(at).map(i64::unsigned_abs);
    Ok(StreamRecord {
        stream: row.get(0)?,
        status: row.get(1)?,
        rows_read: count(2)?,
        rows_written: count(3)?,
        rows_unchanged: count(4)?,
        rows_rejected: count(5)?,
        seconds: row.get(6)?,
        bookmark: row.get(7)?,
        failure: row.get(8)?,
        types: row.get(9)?,
        reason: reason(row)?,
    })
}

/// The reason in a row of a stream's outcome; `None` if there is none, or a newer host wrote a kind that this one does not know.
fn reason(row: &Row<'_>) -> rusqlite::Result<Option<FailureReason>> {
    let kind: Option<String> = row.get(10)?;
    let Some(kind) = kind.as_deref().and_then(FailureKind::named) else { return Ok(None) };
    let class: Option<String> = row.get(11)?;
    let (plugin, function): (Option<String>, Option<String>) = (row.get(15)?, row.get(16)?);
    Ok(Some(FailureReason {
        kind,
        class: class.as_deref().and_then(ErrorClass::named),
        code: row.get(12)?,
        stage: row.get(13)?,
        batch: row.get::<_, Option<i64>>(14)?.map(i64::unsigned_abs),
        site: plugin.zip(function),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: &str, started_at: Micros) -> RunRecord {
        RunRecord {
            run_id: id.into(),
            kind: RunKind::Run,
            pipeline: "wms".into(),
            file: "dev.toml".into(),
            pid: 1,
            started_at,
            status: RunStatus::Running,
            seconds: 0.0,
            exit_code: None,
            message: None,
        }
    }

    #[test]
    fn a_run_is_remembered_with_its_streams_models_and_plugins() {
        let folder = tempfile::tempdir().unwrap();
        let mut history = History::open(&folder.path().join("new/state.db")).unwrap();
        let plugin = |plugin: &str| PluginRecord {
            stream: "allocation".into(),
            plugin: plugin.into(),
            version: "0.1.0".into(),
            digest: format!("blake3:{plugin}"),
        };
        history.begin(&run("a1", 1)).unwrap();
        history.add_plugins("a1", &[plugin("wms-tables"), plugin("allocation"), plugin("table")]).unwrap();
        let plugins = history.plugins("a1").unwrap();
        assert_eq!(
            plugins.iter().map(|found| found.plugin.as_str()).collect::<Vec<_>>(),
            ["wms-tables", "allocation", "table"]
        );
        let twice = history.begin(&run("a1", 2)).unwrap_err();
        assert!(twice.to_string().contains("a1 already"), "{twice}");
        let stream = StreamRecord {
            stream: "allocation".into(),
            status: "succeeded".into(),
            rows_read: 7,
            rows_written: 5,
            rows_unchanged: 1,
            rows_rejected: 1,
            seconds: 0.5,
            bookmark: None,
            failure: None,
            types: Some("c0ffee".into()),
            reason: Some(FailureReason {
                kind: FailureKind::Denied,
                class: Some(ErrorClass::Login),
                code: Some(1_017),
                stage: "load".into(),
                batch: Some(3),
                site: Some(("table".into(), "load".into())),
            }),
        };
        let model = ModelRecord {
            model: "fact_orders".into(),
            status: "errored".into(),
            action: None,
            rows: Some(3),
            rows_changed: 2,
            seconds: 0.25,
            message: "the disk is full".into(),
        };
        history.add_streams("a1", std::slice::from_ref(&stream)).unwrap();
        history.add_models("a1", std::slice::from_ref(&model)).unwrap();
        history.end("a1", RunStatus::Failed, 1.5, 1, Some("why")).unwrap();
        let runs = history.find("a").unwrap();
        assert_eq!((runs[0].status, runs[0].seconds, runs[0].exit_code), (RunStatus::Failed, 1.5, Some(1)));
        assert_eq!(runs[0].message.as_deref(), Some("why"));
        assert_eq!(history.streams("a1").unwrap(), [stream]);
        assert_eq!(history.models("a1").unwrap(), [model]);
        let mut later = runs[0].clone();
        for (id, pipeline) in [("b2", "wms"), ("c3", "other")] {
            later = RunRecord { run_id: id.into(), pipeline: pipeline.into(), ..later };
            history.begin(&later).unwrap();
            history.add_streams(id, &history.streams("a1").unwrap()).unwrap();
        }
        let of = |name, count| history.of_stream("wms", name, count).unwrap();
        let ids =
            |found: Vec<(RunRecord, StreamRecord)>| found.into_iter().map(|(run, _)| run.run_id).collect::<Vec<_>>();
        assert_eq!(
            (ids(of("allocation", 9)), ids(of("allocation", 1))),
            (vec!["b2".into(), "a1".into()], vec!["b2".into()])
        );
        assert!(of("item", 9).is_empty());
    }

    #[test]
    fn old_runs_are_forgotten_but_those_that_go_on_and_the_last_of_each_kind_and_stream() {
        let folder = tempfile::tempdir().unwrap();
        let mut history = History::open(&folder.path().join("state.db")).unwrap();
        for (at, id) in ["a1", "b2", "c3", "d4", "e5", "f6"].into_iter().enumerate() {
            history.begin(&run(id, at as Micros)).unwrap();
        }
        let end = |stream: &str| StreamRecord {
            stream: stream.into(),
            status: "succeeded".into(),
            rows_read: 0,
            rows_written: 0,
            rows_unchanged: 0,
            rows_rejected: 0,
            seconds: 0.0,
            bookmark: None,
            failure: None,
            types: None,
            reason: None,
        };
        // b2 is the last of the stream `item`, c3 goes on, f6 is the last of its kind.
        history.add_streams("a1", &[end("item"), end("order")]).unwrap();
        history.add_streams("b2", &[end("item"), end("order")]).unwrap();
        history.add_streams("e5", &[end("order")]).unwrap();
        for id in ["a1", "b2", "d4", "e5", "f6"] {
            history.end(id, RunStatus::Succeeded, 1.0, 0, None).unwrap();
        }
        let ids = |history: &History| {
            history.list(&RunFilter::default()).unwrap().into_iter().map(|run| run.run_id).collect::<Vec<_>>().join(" ")
        };
        assert_eq!((history.clean(4, true).unwrap(), ids(&history).as_str()), (2, "f6 e5 d4 c3 b2 a1"));
        assert_eq!((history.clean(4, false).unwrap(), ids(&history).as_str()), (2, "f6 e5 c3 b2"));
        assert!(history.streams("a1").unwrap().is_empty());
        assert_eq!((history.clean(99, false).unwrap(), ids(&history).as_str()), (0, "f6 e5 c3 b2"));
    }

    #[test]
    fn a_run_whose_host_is_gone_was_interrupted() {
        let folder = tempfile::tempdir().unwrap();
        let mut history = History::open(&folder.path().join("state.db")).unwrap();
        history.begin(&run("a1", 1)).unwrap();
        history.begin(&RunRecord { pid: 2, ..run("b2", 2) }).unwrap();
        history.mark_interrupted(|pid| pid == 2).unwrap();
        let statuses: Vec<_> = history.list(&RunFilter::default()).unwrap().iter().map(|run| run.status).collect();
        assert_eq!(statuses, [RunStatus::Running, RunStatus::Interrupted]);
    }

    #[test]
    fn a_list_has_the_runs_that_match_every_condition_the_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let mut history = History::open(&folder.path().join("state.db")).unwrap();
        history.begin(&run("a1", 1)).unwrap();
        history.begin(&RunRecord { kind: RunKind::Verify, ..run("b2", 2) }).unwrap();
        history.begin(&RunRecord { pipeline: "other".into(), ..run("c3", 3) }).unwrap();
        history.end("a1", RunStatus::Failed, 1.0, 1, None).unwrap();
        history.end("b2", RunStatus::Succeeded, 1.0, 0, None).unwrap();
        let ids = |filter: RunFilter| {
            history.list(&filter).unwrap().into_iter().map(|run| run.run_id).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(ids(RunFilter::default()), "c3 b2 a1");
        assert_eq!(ids(RunFilter { limit: Some(2), ..RunFilter::default() }), "c3 b2");
        assert_eq!(ids(RunFilter { failed: true, ..RunFilter::default() }), "a1");
        assert_eq!(ids(RunFilter { kind: Some(RunKind::Verify), ..RunFilter::default() }), "b2");
        assert_eq!(ids(RunFilter { pipeline: Some("wms".into()), since: Some(2), ..RunFilter::default() }), "b2");
    }
}
