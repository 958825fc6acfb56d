//! Tests of the simulator from outside: files are created, changed and then read with plain SQL.

mod changing;
mod creating;
mod refusing;

use std::path::{Path, PathBuf};

use rusqlite::types::{FromSql, ValueRef};
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use wmshost_sample::{CreateOptions, create};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const TABLES: [&str; 5] = ["allocation", "order_hdr", "order_dtl", "item_master", "location"];
/// The incremental tables, with their keys.
const INCREMENTAL: [(&str, &str); 3] =
    [("allocation", "allocation_id"), ("order_hdr", "order_id"), ("order_dtl", "order_detail_id")];

/// A sample in a folder that exists as long as the test runs.
struct Sample {
    _folder: TempDir,
    file: PathBuf,
}

impl Sample {
    fn new(allocations: u64, seed: u64) -> Result<Self, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("wms.sqlite");
        create(&CreateOptions::new(&file, allocations, seed), |_, _, _| ())?;
        Ok(Self { _folder: folder, file })
    }

    fn open(&self) -> Result<Connection, rusqlite::Error> {
        Connection::open_with_flags(&self.file, OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    fn one<T: FromSql>(&self, query: &str) -> Result<T, rusqlite::Error> {
        self.open()?.query_row(query, [], |row| row.get(0))
    }

    /// Returns the percentage of a table's rows that meet a condition.
    fn percent(&self, table: &str, condition: &str) -> Result<f64, rusqlite::Error> {
        self.one(&format!("SELECT 100.0 * count(*) FILTER (WHERE {condition}) / count(*) FROM {table}"))
    }
}

/// Returns a fingerprint of all tables' contents, value for value.
fn digest(file: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut hasher = blake3::Hasher::new();
    for table in TABLES {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table} ORDER BY 1"))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                match row.get_ref(column)? {
                    ValueRef::Null => hasher.update(b"n"),
                    ValueRef::Integer(value) => hasher.update(b"i").update(&value.to_le_bytes()),
                    ValueRef::Real(value) => hasher.update(b"r").update(&value.to_bits().to_le_bytes()),
                    ValueRef::Text(value) | ValueRef::Blob(value) => {
                        hasher.update(b"t").update(&(value.len() as u64).to_le_bytes()).update(value)
                    }
                };
            }
        }
    }
    Ok(hasher.finalize().to_hex()[..16].to_owned())
}

#[track_caller]
fn assert_between(what: &str, low: f64, value: f64, high: f64) {
    assert!((low..=high).contains(&value), "{what}: {value} is not from {low} to {high}");
}
