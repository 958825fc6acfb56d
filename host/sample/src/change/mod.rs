//! A day of changes in a sample warehouse, in one transaction: what fails leaves the file as it was. The day
//! begins at the youngest change key of the file, so that days can follow one another.
//!
//! | module | what it is for |
//! |---|---|
//! | `options` | the options of a day of changes |
//! | `day` | the day: how much of each table it touches, and the change keys it hands out |
//! | `pick` | the rows to touch |
//! | `masters` | items and locations |
//! | `orders` | orders and their lines |
//! | `allocations` | allocations |

mod allocations;
mod day;
mod masters;
pub(crate) mod options;
mod orders;
mod pick;

use std::path::Path;
use std::time::{Duration, Instant};

use day::Day;
use options::ChangeOptions;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::error::SampleError;
use crate::schema;
use crate::summary::{Progress, Summary, TableSummary, database_bytes};

/// The longest wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Changes a sample warehouse as a day of work would. Three in ten changes of an incremental table are new rows. Of new
/// and changed rows alike, one in twenty has a change key that all of these share (a tie), one in twenty-five is late,
/// and one in five hundred has no change key. Rows of the masters are updated, inserted and deleted; the other tables
/// lose no row. `progress` is called now and then and at the end of each table, with the table, the rows touched, and
/// the rows to touch.
pub fn change(options: &ChangeOptions, mut progress: impl FnMut(&str, u64, u64)) -> Result<Summary, SampleError> {
    let began = Instant::now();
    let file = options.file.as_path();
    if !(options.percent > 0.0 && options.percent <= 100.0) {
        return Err(SampleError::Percent { asked: options.percent });
    }
    let mut connection = open(file)?;
    let failed = |source| refused(file, source);
    let tables = apply(&mut connection, options, &mut progress).map_err(failed)?;
    let bytes = database_bytes(&connection).map_err(failed)?;
    connection.close().map_err(|(_, source)| failed(source))?;
    Ok(Summary { file: file.to_path_buf(), tables, bytes, seconds: began.elapsed().as_secs_f64() })
}

fn open(file: &Path) -> Result<Connection, SampleError> {
    let path = file.to_path_buf();
    match file.metadata() {
        Ok(found) if found.is_dir() => return Err(SampleError::NotAFile { file: path }),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
            return Err(SampleError::Missing { file: path });
        }
        Err(source) => return Err(SampleError::file(file, "read the sample warehouse", source)),
        Ok(_) => {}
    }
    let failed = |source| SampleError::database(file, "open the sample warehouse", source);
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    match schema::missing(&connection).map_err(failed)? {
        Some(reason) => Err(SampleError::NotASample { file: path, reason }),
        None => Ok(connection),
    }
}

fn refused(file: &Path, source: rusqlite::Error) -> SampleError {
    match &source {
        rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..) => {
            SampleError::NotASample { file: file.to_path_buf(), reason: format!("a value was altered: {source}") }
        }
        _ => SampleError::database(file, "change the sample warehouse", source),
    }
}

fn apply(
    connection: &mut Connection,
    options: &ChangeOptions,
    progress: Progress<'_>,
) -> rusqlite::Result<Vec<TableSummary>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let day = Day::after(&transaction, options)?;
    let (items, items_summary) = masters::items(&transaction, &day, progress)?;
    let (places, locations_summary) = masters::locations(&transaction, &day, progress)?;
    let (lines, orders_summary) = orders::orders(&transaction, &day, &items, progress)?;
    let lines_summary = orders::lines(&transaction, &day, &items, &lines, progress)?;
    let allocations_summary = allocations::allocations(&transaction, &day, &lines, &places, progress)?;
    transaction.commit()?;
    Ok(vec![items_summary, locations_summary, orders_summary, lines_summary, allocations_summary])
}
