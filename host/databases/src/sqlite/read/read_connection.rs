//! A read-only connection with its guard and its limits.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};
use wmshost_flow::StatementLimit;

use super::order::add_functions;
use crate::sqlite::guard::Guard;
use crate::sqlite::statement::{Database, lock};
use crate::sqlite::watch::StatementWatch;

/// The longest wait for a writer that is just committing.
const BUSY_WAIT: Duration = Duration::from_secs(10);

/// The limits of a guest's statement.
pub(crate) mod limits {
    /// Bytes of one value, of one row, and of the statement's results while it computes, unless the settings say
    /// otherwise.
    pub(crate) const VALUE_BYTES: usize = 16 << 20;
    /// The largest limit that SQLite supports.
    pub(crate) const MOST_VALUE_BYTES: i32 = 1_000_000_000;
    /// Columns of the result of a guest's statement, and of a subquery in it.
    pub(crate) const COLUMNS: i32 = 1_000;
    /// Columns of a view that the driver looks at; SQLite knows no more.
    pub(crate) const VIEW_COLUMNS: i32 = 2_000;
    /// Bytes of all that SQLite holds in this process at once, beyond which it refuses.
    pub(crate) const HEAP_BYTES: i64 = 1 << 30;
    /// Bytes of a statement's text.
    pub(crate) const STATEMENT_BYTES: i32 = 256 << 10;
    /// Parameters of a statement.
    pub(crate) const PARAMETERS: i32 = 4_096;
    /// The deepest nesting of expressions.
    pub(crate) const EXPRESSION_DEPTH: i32 = 200;
    /// SELECTs that one statement may join by UNION and the like.
    pub(crate) const COMPOUND_SELECTS: i32 = 64;
    /// Bytes of a LIKE pattern, whose cost grows with their square.
    pub(crate) const PATTERN_BYTES: i32 = 1_000;
    /// Bytes of text and binary in one batch; the row that goes beyond is its last.
    pub(crate) const BATCH_BYTES: usize = 16 << 20;
    /// KiB of pages that a connection keeps in memory.
    pub(crate) const CACHE_KIB: i32 = 2_048;
}

/// A read-only connection with its guard. Clones share the same connection.
#[derive(Clone)]
pub(crate) struct ReadConnection {
    pub(crate) database: Database,
    pub(crate) guard: Arc<Guard>,
    /// The watch over its statements.
    pub(crate) watch: Arc<StatementWatch>,
    /// The most bytes of one value.
    value_bytes: i32,
}

impl ReadConnection {
    /// Opens a connection. Its guard is off.
    pub(crate) fn open(path: &Path, value_bytes: usize, limit: StatementLimit) -> rusqlite::Result<Self> {
        let value_bytes = i32::try_from(value_bytes).unwrap_or(i32::MAX).min(limits::MOST_VALUE_BYTES);
        let mut connection = open_read_only(path)?;
        for (limit, most) in [
            (Limit::SQLITE_LIMIT_LENGTH, value_bytes),
            (Limit::SQLITE_LIMIT_COLUMN, limits::COLUMNS),
            (Limit::SQLITE_LIMIT_SQL_LENGTH, limits::STATEMENT_BYTES),
            (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, limits::PARAMETERS),
            (Limit::SQLITE_LIMIT_EXPR_DEPTH, limits::EXPRESSION_DEPTH),
            (Limit::SQLITE_LIMIT_COMPOUND_SELECT, limits::COMPOUND_SELECTS),
            (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, limits::PATTERN_BYTES),
            (Limit::SQLITE_LIMIT_ATTACHED, 0),
            (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
        ] {
            connection.set_limit(limit, most)?;
        }
        add_functions(&connection)?;
        let guard = Arc::new(Guard::new());
        let authorizer = Arc::clone(&guard);
        connection.authorizer(Some(move |context: rusqlite::hooks::AuthContext<'_>| authorizer.authorize(&context)))?;
        let watch = StatementWatch::over(&mut connection, limit)?;
        let database = Database::new(connection.into());
        Ok(Self { database, guard, watch, value_bytes })
    }

    /// The most bytes of one value.
    pub(crate) fn value_bytes(&self) -> u64 {
        u64::from(self.value_bytes.unsigned_abs())
    }

    /// Allows rows as large as a batch, for a statement that returns no value above the limit.
    pub(crate) fn allow_rows_of(&self, bytes: usize) {
        let bytes = i32::try_from(bytes).unwrap_or(i32::MAX).saturating_add(self.value_bytes);
        self.set_length(bytes.min(limits::MOST_VALUE_BYTES));
    }

    /// Allows values up to the limit, and rows no larger.
    pub(crate) fn allow_values_only(&self) {
        self.set_length(self.value_bytes);
    }

    fn set_length(&self, bytes: i32) {
        self.set_limit(Limit::SQLITE_LIMIT_LENGTH, bytes);
    }

    fn set_limit(&self, limit: Limit, most: i32) {
        if let Err(error) = lock(&self.database).set_limit(limit, most) {
            tracing::warn!("a limit of SQLite's was not set: {error}");
        }
    }

    /// The driver's own work on the connection, unguarded.
    pub(crate) fn by_driver<T>(&self, act: impl FnOnce(&Connection) -> T) -> T {
        self.looking_at_views(|| act(&lock(&self.database)))
    }

    /// Work of the driver that compiles views: one that has more columns than a guest may read has to be named, too.
    pub(crate) fn looking_at_views<T>(&self, act: impl FnOnce() -> T) -> T {
        self.watch.begin();
        self.set_limit(Limit::SQLITE_LIMIT_COLUMN, limits::VIEW_COLUMNS);
        let done = act();
        self.set_limit(Limit::SQLITE_LIMIT_COLUMN, limits::COLUMNS);
        done
    }

    /// Returns whether only the pool holds it.
    pub(crate) fn is_free(&self) -> bool {
        Arc::strong_count(&self.database) == 1
    }
}

/// Opens a file for reading only.
pub(crate) fn open_read_only(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.execute_batch(&format!(
        "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -{}; PRAGMA hard_heap_limit = {};",
        limits::CACHE_KIB,
        limits::HEAP_BYTES
    ))?;
    Ok(connection)
}
