//! The file of the history and its format.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use wmshost_flow::Failure;

use crate::data_dir::DataDir;
use crate::own_database::unusable;

/// The format of the file, kept in its `user_version`.
const FORMAT: i64 = 5;

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
    CREATE INDEX runs_by_time ON runs (started_at);
    PRAGMA user_version = 2;";

/// The changes from format 2, which had no digests of type certificates.
const FORMAT_3: &str = "
    CREATE TABLE run_types (
        run_id TEXT NOT NULL REFERENCES runs, stream TEXT NOT NULL, hash TEXT NOT NULL,
        PRIMARY KEY (run_id, stream)) STRICT, WITHOUT ROWID;
    PRAGMA user_version = 3;";

/// The changes from format 3, which had failures of streams in words only.
const FORMAT_4: &str = "
    CREATE TABLE run_failures (
        run_id TEXT NOT NULL REFERENCES runs, stream TEXT NOT NULL, kind TEXT NOT NULL, class TEXT, code INTEGER,
        stage TEXT NOT NULL, batch INTEGER, plugin TEXT, function TEXT,
        PRIMARY KEY (run_id, stream)) STRICT, WITHOUT ROWID;
    PRAGMA user_version = 4;";

/// The changes from format 4, in which the runs that go on, and those of one stream, were searched for among all.
const FORMAT_5: &str = "
    CREATE INDEX runs_going_on ON runs (status) WHERE status = 'running';
    CREATE INDEX run_streams_by_stream ON run_streams (stream, run_id);
    PRAGMA user_version = 5;";

/// Opens the history in this file, and creates it if it does not exist.
pub(super) fn open(file: &Path) -> Result<Connection, Failure> {
    if let Some(folder) = file.parent() {
        DataDir::make_private(folder).map_err(|error| {
            Failure::invalid_config(format!("{}: the host's own folder cannot be created: {error}", folder.display()))
                .advise("Set WMSHOST_HOME to a folder that can be written")
        })?;
    }
    let place = |error: rusqlite::Error| unusable(file, "run history", &error);
    let mut connection = Connection::open(file).map_err(place)?;
    connection.busy_timeout(Duration::from_secs(10)).map_err(place)?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(place)?;
    if version > FORMAT {
        return Err(Failure::invalid_config(format!(
            "{}: the run history has format {version}, this host knows {FORMAT}",
            file.display()
        ))
        .advise("use the newer host"));
    }
    if version < FORMAT {
        connection.pragma_update(None, "journal_mode", "WAL").map_err(place)?;
        migrate(&mut connection).map_err(place)?;
    }
    connection.pragma_update(None, "synchronous", "NORMAL").map_err(place)?;
    Ok(connection)
}

/// Brings the file to the present format. Another process may have done it meanwhile.
fn migrate(connection: &mut Connection) -> Result<(), rusqlite::Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version < 2 {
        transaction.execute_batch(SCHEMA)?;
        transaction.execute_batch(FORMAT_2)?;
    }
    if version < 3 {
        transaction.execute_batch(FORMAT_3)?;
    }
    if version < 4 {
        transaction.execute_batch(FORMAT_4)?;
    }
    if version < FORMAT {
        transaction.execute_batch(FORMAT_5)?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_of_a_newer_host_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.db");
        Connection::open(&file).unwrap().pragma_update(None, "user_version", 9).unwrap();
        let refused = open(&file).err().unwrap();
        assert!(refused.to_string().contains("format 9"), "{refused}");
    }

    #[test]
    fn a_history_of_an_older_host_keeps_its_runs() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.db");
        let old = Connection::open(&file).unwrap();
        old.execute_batch(SCHEMA).unwrap();
        old.execute_batch(
            "INSERT INTO runs VALUES ('a1', 'wms', 'dev.toml', 1, 5, 'succeeded', 0.5); PRAGMA user_version = 1",
        )
        .unwrap();
        for _ in 0..2 {
            let run = open(&file).unwrap().query_row("SELECT run_id, kind, exit_code FROM runs", [], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<u8>>(2)?))
            });
            assert_eq!(run.unwrap(), ("a1".to_owned(), "run".to_owned(), None));
        }
    }
}
