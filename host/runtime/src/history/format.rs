//! The file of the history and its format.

use crate::own_database::OwnDatabase;

const FORMAT_1: &str = "
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
        version TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (run_id, stream, place)) STRICT, WITHOUT ROWID;";

/// The changes from format 1, in which only runs of streams were recorded.
const FORMAT_2: &str = "
    ALTER TABLE runs ADD COLUMN kind TEXT NOT NULL DEFAULT 'run';
    ALTER TABLE runs ADD COLUMN exit_code INTEGER;
    ALTER TABLE runs ADD COLUMN message TEXT;
    CREATE TABLE run_models (
        run_id TEXT NOT NULL REFERENCES runs, model TEXT NOT NULL, status TEXT NOT NULL, action TEXT,
        row_count INTEGER, rows_changed INTEGER NOT NULL, seconds REAL NOT NULL, message TEXT NOT NULL,
        PRIMARY KEY (run_id, model)) STRICT, WITHOUT ROWID;
    CREATE INDEX runs_by_time ON runs (started_at);";

/// The changes from format 2, which had no digests of type certificates.
const FORMAT_3: &str = "
    CREATE TABLE run_types (
        run_id TEXT NOT NULL REFERENCES runs, stream TEXT NOT NULL, hash TEXT NOT NULL,
        PRIMARY KEY (run_id, stream)) STRICT, WITHOUT ROWID;";

/// The changes from format 3, which had failures of streams in words only.
const FORMAT_4: &str = "
    CREATE TABLE run_failures (
        run_id TEXT NOT NULL REFERENCES runs, stream TEXT NOT NULL, kind TEXT NOT NULL, class TEXT, code INTEGER,
        stage TEXT NOT NULL, batch INTEGER, plugin TEXT, function TEXT,
        PRIMARY KEY (run_id, stream)) STRICT, WITHOUT ROWID;";

/// The changes from format 4, in which the runs that go on, and those of one stream, were searched for among all.
const FORMAT_5: &str = "
    CREATE INDEX runs_going_on ON runs (status) WHERE status = 'running';
    CREATE INDEX run_streams_by_stream ON run_streams (stream, run_id);";

/// The history.
pub(super) const HISTORY: OwnDatabase = OwnDatabase {
    what: "run history",
    formats: &[FORMAT_1, FORMAT_2, FORMAT_3, FORMAT_4, FORMAT_5],
    is_durable: false,
};

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn a_history_of_an_older_host_keeps_its_runs() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.db");
        let old = Connection::open(&file).unwrap();
        old.execute_batch(FORMAT_1).unwrap();
        old.execute_batch(
            "INSERT INTO runs VALUES ('a1', 'wms', 'dev.toml', 1, 5, 'succeeded', 0.5); PRAGMA user_version = 1",
        )
        .unwrap();
        for _ in 0..2 {
            let run = HISTORY.open(&file).unwrap().query_row("SELECT run_id, kind, exit_code FROM runs", [], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<u8>>(2)?))
            });
            assert_eq!(run.unwrap(), ("a1".to_owned(), "run".to_owned(), None));
        }
    }
}
