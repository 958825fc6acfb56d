//! Copies of whole databases by SQLite's online backup, while others read and write them.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, Error, OpenFlags, ffi};
use wmshost_flow::Failure;

use super::failure::failure;
use super::read::read_connection::open_read_only;

/// The tries to begin while another connection has the database to itself, and the pause between them.
const TRIES: usize = 300;
const PAUSE: Duration = Duration::from_millis(100);

/// Copies the database in this file, as it is at one moment, into a file that is not there yet. The copy is one file, without
/// a log beside it.
pub fn copy_database(from: &Path, to: &Path) -> Result<(), Failure> {
    if to.exists() {
        return Err(Failure::invalid_config(format!("{}: it is there already", to.display())));
    }
    let place = format!("copying {} to {}", from.display(), to.display());
    let copy = || {
        let source = open_read_only(from)?;
        // One snapshot, whatever is committed meanwhile.
        source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")?;
        let mut copy = Connection::open(to)?;
        copied(&source, &mut copy)?;
        copy.execute_batch("PRAGMA journal_mode = DELETE")
    };
    copy().map_err(|error| failure(&place, error))
}

/// Puts the content of a copy in the place of a database's. Others see either the old content or the new, also those that
/// have the database open.
pub fn replace_database(by: &Path, database: &Path) -> Result<(), Failure> {
    let place = format!("putting {} in the place of {}", by.display(), database.display());
    let replace = || {
        let source = open_read_only(by)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut replaced = Connection::open_with_flags(database, flags)?;
        copied(&source, &mut replaced)
    };
    replace().map_err(|error| failure(&place, error))
}

/// Copies all pages in one step, which is all or nothing.
fn copied(from: &Connection, to: &mut Connection) -> Result<(), Error> {
    let backup = Backup::new(from, to)?;
    for _ in 0..TRIES {
        match backup.step(-1)? {
            StepResult::Done => return Ok(()),
            _ => sleep(PAUSE),
        }
    }
    Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None))
}
