//! Creates a new sample warehouse. It is written to a temporary file beside the requested one, which is renamed when it
//! is complete; after a failure, no file is left.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use rusqlite::Connection;

use crate::error::SampleError;
use crate::limits::MAX_ALLOCATIONS;
use crate::moment::Moment;
use crate::rows::{allocation, item, location, order, order_line};
use crate::schema;
use crate::schema::{ALLOCATION, ITEM_MASTER, LOCATION, ORDER_DTL, ORDER_HDR};
use crate::summary::{Meter, Progress, Summary, TableSummary, database_bytes};
use crate::world::World;

/// The options of a new sample warehouse.
#[derive(Debug, Clone)]
pub struct CreateOptions {
    /// The file to create; its folder is created too.
    pub file: PathBuf,
    /// The number of allocations, at most [`MAX_ALLOCATIONS`]. The sizes of the other tables follow from it: a quarter
    /// as many orders, 0.8 times as many order lines, one item per 50 (at least 20), one location per 100 (at least
    /// 10). With 0, the two masters have their minimum and the other tables are empty.
    pub allocations: u64,
    /// The seed: the same seed, number and end produce the same contents on any machine.
    pub seed: u64,
    /// The end of the sample: no row is later; all orders were placed in the [`SPAN_DAYS`](crate::SPAN_DAYS) before.
    pub until: Moment,
    /// True to replace an existing file. No process may have it open.
    pub force: bool,
}

impl CreateOptions {
    /// Returns the options for a sample that ends at [`Moment::DEFAULT_UNTIL`] and replaces nothing.
    pub fn new(file: impl Into<PathBuf>, allocations: u64, seed: u64) -> Self {
        Self { file: file.into(), allocations, seed, until: Moment::DEFAULT_UNTIL, force: false }
    }
}

/// Creates a sample warehouse. `progress` is called now and then and at the end of each table, with the table, the rows
/// written, and the total number of rows.
pub fn create(options: &CreateOptions, mut progress: impl FnMut(&str, u64, u64)) -> Result<Summary, SampleError> {
    let began = Instant::now();
    let file = options.file.as_path();
    check(options)?;
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|source| SampleError::file(folder, "create the folder", source))?;
    }
    let unfinished = Unfinished::new(file)?;
    let world = World::new(options.seed, options.allocations, options.until);
    let failed = |source| SampleError::database(&unfinished.path, "write the sample warehouse", source);
    let (tables, bytes) = write(&unfinished.path, &world, &mut progress).map_err(failed)?;
    unfinished.publish(file)?;
    Ok(Summary { file: file.to_path_buf(), tables, bytes, seconds: began.elapsed().as_secs_f64() })
}

fn check(options: &CreateOptions) -> Result<(), SampleError> {
    let file = options.file.clone();
    if options.allocations > MAX_ALLOCATIONS {
        return Err(SampleError::TooMany { asked: options.allocations });
    }
    if file.file_name().is_none() || file.is_dir() {
        return Err(SampleError::NotAFile { file });
    }
    // A dangling symbolic link counts as a file: the rename would replace it.
    if !options.force && file.symlink_metadata().is_ok() {
        return Err(SampleError::Exists { file });
    }
    Ok(())
}

/// The temporary file. It is removed if it is dropped before it is published.
struct Unfinished {
    path: PathBuf,
}

impl Unfinished {
    fn new(file: &Path) -> Result<Self, SampleError> {
        let path = with_suffix(file, ".tmp");
        // The files of an earlier call that was killed.
        for leftover in [path.clone(), with_suffix(&path, "-wal"), with_suffix(&path, "-shm")] {
            remove(&leftover)?;
        }
        Ok(Self { path })
    }

    /// Renames the file. A write-ahead log of the old file must be removed first: SQLite would take it for the new
    /// one's.
    fn publish(self, file: &Path) -> Result<(), SampleError> {
        File::open(&self.path)
            .and_then(|unfinished| unfinished.sync_all())
            .map_err(|source| SampleError::file(&self.path, "write the file to disk", source))?;
        for leftover in [with_suffix(file, "-wal"), with_suffix(file, "-shm")] {
            remove(&leftover)?;
        }
        fs::rename(&self.path, file).map_err(|source| SampleError::file(file, "give the new file its name", source))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        for leftover in [self.path.clone(), with_suffix(&self.path, "-wal"), with_suffix(&self.path, "-shm")] {
            // There is nothing to report a failure to, and the next call tries again.
            let _ = remove(&leftover);
        }
    }
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(suffix);
    PathBuf::from(path)
}

fn remove(file: &Path) -> Result<(), SampleError> {
    match fs::remove_file(file) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(SampleError::file(file, "remove a file of an earlier call", source))
        }
        _ => Ok(()),
    }
}

/// Writes all tables in one transaction; returns their summaries and the size of the database in bytes.
fn write(file: &Path, world: &World, progress: Progress<'_>) -> rusqlite::Result<(Vec<TableSummary>, u64)> {
    let mut connection = Connection::open(file)?;
    // A half-written file is of no value, so it needs no protection.
    connection.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA cache_size = -32768;",
    )?;
    let transaction = connection.transaction()?;
    schema::create(&transaction)?;
    let tables = vec![
        items(&transaction, world, progress)?,
        locations(&transaction, world, progress)?,
        orders(&transaction, world, progress)?,
        order_lines(&transaction, world, progress)?,
        allocations(&transaction, world, progress)?,
    ];
    transaction.commit()?;
    let bytes = database_bytes(&connection)?;
    // From now on, readers and a writer can share the file.
    connection.execute_batch("PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL;")?;
    connection.close().map_err(|(_, source)| source)?;
    Ok((tables, bytes))
}

fn items(connection: &Connection, world: &World, progress: Progress<'_>) -> rusqlite::Result<TableSummary> {
    let mut meter = Meter::start(connection, ITEM_MASTER, world.items, progress)?;
    let mut insert = connection.prepare(item::INSERT)?;
    for index in 0..world.items {
        item::Item::of(world.seed, index).insert(&mut insert)?;
        meter.inserted();
    }
    meter.finish(connection, 0)
}

fn locations(connection: &Connection, world: &World, progress: Progress<'_>) -> rusqlite::Result<TableSummary> {
    let mut meter = Meter::start(connection, LOCATION, world.locations, progress)?;
    let mut insert = connection.prepare(location::INSERT)?;
    for index in 0..world.locations {
        location::Location::of(world.seed, index).insert(&mut insert)?;
        meter.inserted();
    }
    meter.finish(connection, 0)
}

fn orders(connection: &Connection, world: &World, progress: Progress<'_>) -> rusqlite::Result<TableSummary> {
    let mut meter = Meter::start(connection, ORDER_HDR, world.orders, progress)?;
    let mut insert = connection.prepare(order::INSERT)?;
    let bulks = world.bulks(world.orders);
    for index in 0..world.orders {
        order::Order::of(world, &bulks, index).insert(&mut insert)?;
        meter.inserted();
    }
    schema::create_index(connection, ORDER_HDR)?;
    meter.finish(connection, 0)
}

fn order_lines(connection: &Connection, world: &World, progress: Progress<'_>) -> rusqlite::Result<TableSummary> {
    let total = world.line_total();
    let mut meter = Meter::start(connection, ORDER_DTL, total, progress)?;
    let mut insert = connection.prepare(order_line::INSERT)?;
    let bulks = world.bulks(total);
    let mut index = 0;
    for order in 0..world.orders {
        index += order_line::lines_of(world, &bulks, order, index, |line| {
            line.insert(&mut insert)?;
            meter.inserted();
            Ok(())
        })?;
    }
    schema::create_index(connection, ORDER_DTL)?;
    meter.finish(connection, 0)
}

fn allocations(connection: &Connection, world: &World, progress: Progress<'_>) -> rusqlite::Result<TableSummary> {
    let mut meter = Meter::start(connection, ALLOCATION, world.allocations, progress)?;
    let mut insert = connection.prepare(allocation::INSERT)?;
    for row in allocation::Allocations::new(world) {
        row.insert(&mut insert)?;
        meter.inserted();
    }
    schema::create_index(connection, ALLOCATION)?;
    meter.finish(connection, 0)
}
