//! A database of random tables, its pipeline, its changes, and what source and target store.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, ValueRef};
use serde_json::Value as Json;
use wmshost_tests::TestProject;

use crate::expected::{Expected, Rows, compare};
use crate::kinds::Cell;
use crate::spec::TableSpec;
use crate::table::{Table, quoted};

/// A database with its project.
pub(crate) struct Database {
    project: TestProject,
    pub(crate) tables: Vec<Table>,
}

/// The outcome of each stream: its status, and the message of its failure.
pub(crate) type Outcomes = BTreeMap<String, (String, String)>;

impl Database {
    /// Makes the tables with their rows, and the pipeline; `is_wide` keeps text in UTF-16.
    pub(crate) fn new(specs: Vec<TableSpec>, is_wide: bool) -> Self {
        let tables: Vec<Table> = specs.into_iter().enumerate().map(|(at, spec)| Table::new(spec, at)).collect();
        let streams: String = tables.iter().map(Table::toml).collect();
        let encoding = if is_wide { "PRAGMA encoding = 'UTF-16le';" } else { "" };
        let project = TestProject::with_pipeline(encoding, |project| {
            let (source, target) = (project.source_path(), project.target_path());
            format!(
                "name = \"lab\"\n[connections.wms]\ndriver = \"sqlite\"\npath = {source:?}\n\
                 [connections.ana]\ndriver = \"sqlite\"\npath = {target:?}\n\
                 [run]\nextract_batch_rows = 7\nload_batch_rows = 11\nretries = 0\n\
                 [stream_defaults]\nsource = \"wms\"\ntarget = \"ana\"\nextractor = \"wms-tables\"\nloader = \"table\"\n\
                 max_rejected_percent = 100\nrequired = false\n{streams}"
            )
        });
        let database = Self { project, tables };
        let connection = database.project.source();
        for table in &database.tables {
            connection.execute_batch(&table.ddl()).unwrap_or_else(|error| panic!("{error}: {}", database.text()));
            for row in 0..table.rows() {
                put(&connection, table, row, 0);
            }
        }
        database
    }

    /// Changes some rows, adds some and, where the stream reads the whole table, deletes some.
    pub(crate) fn change(&self) {
        let connection = self.project.source();
        for table in &self.tables {
            for row in 0..table.rows() + 3 {
                if row < table.rows() && (row % 3 != 0 || table.has_null_key(row)) {
                    continue;
                }
                put(&connection, table, row, 1);
            }
            if !table.spec.is_incremental && table.written().any(|column| column.name == "row_no") {
                let delete = format!("DELETE FROM {} WHERE row_no % 5 = 2", quoted(&table.base()));
                connection.execute_batch(&delete).expect("a statement");
            }
        }
    }

    /// Runs the streams.
    pub(crate) fn run(&self, options: &[&str]) -> Result<Outcomes, String> {
        let run = self.project.wmshost("run", &[options, &["--output", "json"]].concat());
        let document = serde_json::from_str::<Json>(&run.out()).unwrap_or_default();
        let Some(streams) = document["streams"].as_array().filter(|_| !run.err().contains("panicked")) else {
            return Err(run.err());
        };
        let word = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let outcome =
            |stream: &Json| (word(&stream["stream"]), (word(&stream["status"]), word(&stream["error"]["message"])));
        Ok(streams.iter().map(outcome).collect())
    }

    /// Compares each stream's target and quarantine with what is expected.
    pub(crate) fn check(&self, outcomes: &Outcomes, expected: &Expected) -> Result<(), String> {
        let connection = self.project.target();
        for table in &self.tables {
            let (status, message) = outcomes.get(&table.stream).cloned().unwrap_or_default();
            let found = stored(&connection, &format!("WMS_{}", table.stream.to_uppercase()));
            let wrong = |why: String| format!("stream {}: {why} (status {status}, {message})", table.stream);
            let refusals = table.refusals();
            if !refusals.is_empty() {
                if status != "failed" || !refusals.iter().any(|words| message.contains(words.as_str())) {
                    return Err(wrong(format!("is not refused by a message with one of {refusals:?}")));
                }
                if found.is_some() {
                    return Err(wrong("is refused, and written all the same".to_owned()));
                }
                continue;
            }
            let expected = expected.of(&table.stream);
            let status_is_right = match status.as_str() {
                "succeeded" | "unchanged" => true,
                "rejected" => expected.may_be_rejected(),
                _ => false,
            };
            if !status_is_right {
                return Err(wrong("did not succeed".to_owned()));
            }
            compare(table, expected, found.as_ref()).map_err(&wrong)?;
            self.check_quarantine(&connection, table, expected).map_err(&wrong)?;
        }
        Ok(())
    }

    fn check_quarantine(
        &self,
        connection: &Connection,
        table: &Table,
        expected: &crate::expected::Stream,
    ) -> Result<(), String> {
        let query = "SELECT row_json, reason FROM wmshost_quarantine WHERE stream = ?1";
        // The table is created for the first row that goes into it.
        let rows = connection.prepare(query).map_or_else(
            |_| Vec::new(),
            |mut statement| {
                let rows = statement.query_map([&table.stream], |row| Ok((row.get(0)?, row.get(1)?)));
                rows.expect("rows").collect::<rusqlite::Result<Vec<(String, String)>>>().expect("rows")
            },
        );
        expected.check_quarantine(table, &rows)
    }

    /// Runs `verify`, and checks that it finds each stream equal, but for rows whose new versions do not fit.
    pub(crate) fn verify(&self, expected: &Expected) -> Result<(), String> {
        let verified = self.project.wmshost("verify", &["--output", "json"]);
        let document = verified.json();
        for table in self.tables.iter().filter(|table| table.refusals().is_empty()) {
            let streams = document["streams"].as_array().expect("streams");
            let found =
                streams.iter().find(|found| found["stream"] == table.stream.as_str()).cloned().unwrap_or_default();
            let Some(outdated) = expected.of(&table.stream).outdated() else { continue };
            let is_right = |name: &str, count: usize| found[name] == count;
            let counts = [("outdated", outdated), ("missing", 0), ("extra", 0), ("different", 0), ("unclear", 0)];
            if found["equal"] != (outdated == 0) || !counts.iter().all(|(name, count)| is_right(name, *count)) {
                return Err(format!("stream {} has {outdated} outdated rows: {found}", table.stream));
            }
        }
        Ok(())
    }

    /// The rows that the source stores in a table: the cells of each row by the columns of the table.
    pub(crate) fn source_rows(&self, table: &Table) -> Rows {
        stored(&self.project.source(), &table.name).unwrap_or_default()
    }

    /// The database and its pipeline, for a person.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for table in &self.tables {
            let ddl = table.ddl();
            let shown: String = ddl.chars().take(1_500).collect();
            let _ = writeln!(text, "{shown}");
            let rows = self.source_rows(table);
            for row in rows.cells.iter().take(6) {
                let row = format!("{row:?}");
                let _ = writeln!(text, "  {}", row.chars().take(300).collect::<String>());
            }
        }
        let pipeline = std::fs::read_to_string(self.project.pipeline()).unwrap_or_default();
        text + &pipeline.chars().take(6_000).collect::<String>()
    }
}

/// Inserts a row, or replaces it; a row that the table refuses stays as it was.
fn put(connection: &Connection, table: &Table, row: i64, version: i64) {
    let columns: Vec<String> = table.written().map(|column| quoted(&column.name)).collect();
    let marks = vec!["?"; columns.len()].join(", ");
    let sql = format!("INSERT OR REPLACE INTO {} ({}) VALUES ({marks})", quoted(&table.base()), columns.join(", "));
    let cells = table.row(row, version);
    let values = cells.iter().map(|cell| {
        ToSqlOutput::Borrowed(match cell {
            Cell::Null => ValueRef::Null,
            Cell::Whole(value) => ValueRef::Integer(*value),
            Cell::Real(value) => ValueRef::Real(*value),
            Cell::Text(text) => ValueRef::Text(text),
            Cell::Bytes(bytes) => ValueRef::Blob(bytes),
        })
    });
    let mut statement = connection.prepare(&sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    let _ = statement.execute(rusqlite::params_from_iter(values));
}

/// All rows of a table as they are stored, with the names and declared types of its columns; `None` if there is none.
fn stored(connection: &Connection, table: &str) -> Option<Rows> {
    let mut statement = connection.prepare(&format!("SELECT * FROM {}", quoted(table))).ok()?;
    let names = statement.column_names().map(str::to_owned).collect::<Vec<_>>();
    let declared = {
        let mut declared = connection.prepare("SELECT type FROM pragma_table_xinfo(?1)").ok()?;
        declared.query_map([table], |row| row.get(0)).ok()?.collect::<rusqlite::Result<Vec<String>>>().ok()?
    };
    let count = names.len();
    let cell = |value: ValueRef<'_>| match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Whole(value),
        ValueRef::Real(value) => Cell::Real(value),
        ValueRef::Text(text) => Cell::Text(text.to_vec()),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
    };
    let rows = statement.query_map([], |row| (0..count).map(|at| row.get_ref(at).map(cell)).collect());
    let cells = rows.ok()?.collect::<rusqlite::Result<Vec<Vec<Cell>>>>().expect("rows");
    Some(Rows { names, declared, cells })
}
