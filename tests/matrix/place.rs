//! The two databases of a cell, SQLite files in a folder of its own, and their contents.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use tempfile::TempDir;

use crate::cell::Cell;
use crate::expected::Found;
use crate::faults::Trap;
use crate::source::Source;
use crate::test_bed::pipeline;
use crate::values::Stored;

/// The tables of others in the target.
const STRANGERS: &str = "
    CREATE TABLE canary (id INTEGER PRIMARY KEY, word TEXT, amount NUMBER(12,2));
    INSERT INTO canary VALUES (1, 'sings', 1.25), (2, NULL, 7);
    CREATE INDEX canary_word ON canary (word);
    CREATE TABLE T_OLD (k1, v);
    INSERT INTO T_OLD VALUES ('kept', 1);
    CREATE VIEW canary_view AS SELECT word FROM canary;";

/// A folder with a pipeline, a source and a target.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new(cell: &Cell) -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let place = Self { folder: folder.expect("a folder") };
        std::fs::write(place.file(), place.text(cell)).expect("a pipeline file");
        place.target().execute_batch(&format!("PRAGMA journal_mode = WAL; {STRANGERS}")).expect("a target");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The pipeline file.
    pub(crate) fn file(&self) -> PathBuf {
        self.path("pipeline.toml")
    }

    /// The source, which changes between runs.
    pub(crate) fn source(&self) -> Source {
        Source(Connection::open(self.path("source.db")).expect("the source"))
    }

    fn target(&self) -> Connection {
        Connection::open(self.path("target.db")).expect("the target")
    }

    /// The text of the pipeline file.
    pub(crate) fn text(&self, cell: &Cell) -> String {
        let connection = |name: &str| format!("driver = \"sqlite\"\npath = {:?}", self.path(name));
        pipeline(cell, &connection("source.db"), &connection("target.db"), "T")
    }

    /// Runs `act` while the databases may fail as the trap says: these do not fail by themselves.
    pub(crate) fn harmed<T>(&self, _: &Arc<Trap>, act: impl FnOnce() -> T) -> T {
        act()
    }

    /// The rows in quarantine, as JSON.
    pub(crate) fn quarantined(&self) -> Vec<String> {
        let target = self.target();
        let table = "SELECT 1 FROM sqlite_schema WHERE name = 'WMSHOST_QUARANTINE'";
        if rows(&target, table).is_empty() {
            return Vec::new();
        }
        let mut statement = target.prepare("SELECT row_json FROM WMSHOST_QUARANTINE").expect("the quarantine");
        let texts = statement.query_map([], |row| row.get(0)).expect("rows").collect::<rusqlite::Result<_>>();
        texts.expect("rows of text")
    }

    /// The rows of the ledger, for a reproduction.
    pub(crate) fn ledger(&self) -> Vec<String> {
        let target = self.target();
        match rows(&target, "SELECT 1 FROM sqlite_schema WHERE name = 'WMSHOST_CHECKPOINT'").is_empty() {
            true => Vec::new(),
            false => rows(&target, "SELECT * FROM WMSHOST_CHECKPOINT"),
        }
    }

    /// The contents of the strangers' tables.
    pub(crate) fn strangers(&self) -> Vec<String> {
        let target = self.target();
        let schema = "SELECT sql FROM sqlite_schema WHERE tbl_name IN ('canary', 'T_OLD', 'canary_view') ORDER BY name";
        let mut all = rows(&target, schema);
        for table in ["canary", "T_OLD", "canary_view"] {
            all.extend(rows(&target, &format!("SELECT * FROM {table}")));
        }
        all
    }

    /// The tables of the target other than those of the strangers and of the host.
    pub(crate) fn tables(&self) -> Vec<String> {
        let others = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('canary', 'T_OLD') \
                      AND name NOT LIKE 'WMSHOST\\_%' ESCAPE '\\'";
        rows(&self.target(), others)
    }

    /// The rows of the target's table; none if there is no table.
    pub(crate) fn found(&self, cell: &Cell) -> Vec<Found> {
        if !self.tables().iter().any(|table| table.contains("\"T\"")) {
            return Vec::new();
        }
        let target = self.target();
        let mut statement = target.prepare("SELECT * FROM T").expect("the table");
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([]).expect("rows");
        let mut all = Vec::new();
        while let Some(row) = rows.next().expect("a row") {
            let column = |name: &str| {
                let at = names.iter().position(|found| found == name)?;
                row.get::<_, Stored>(at).ok()
            };
            let kinds = cell.kinds().enumerate();
            all.push(Found {
                key: kinds.map(|(at, kind)| kind.family.meaning(&column(&format!("k{}", at + 1))?)).collect(),
                label: match column("v") {
                    Some(Stored::Text(text)) => text,
                    other => format!("{other:?}"),
                },
                q: match column("q") {
                    Some(Stored::Integer(value)) => Some(value),
                    _ => None,
                },
                is_marked: !matches!(column("wms_deleted_at"), None | Some(Stored::Null)),
            });
        }
        all
    }
}

/// Rows as text.
fn rows(connection: &Connection, query: &str) -> Vec<String> {
    let mut statement = connection.prepare(query).expect("a query");
    let columns = statement.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        (0..columns).map(|at| row.get::<_, Stored>(at).map(|value| format!("{value:?}"))).collect()
    };
    let rows = statement.query_map([], row).expect("rows").collect::<rusqlite::Result<Vec<Vec<String>>>>();
    rows.expect("rows").into_iter().map(|row| row.join(" ")).collect()
}
