//! A prepared statement that keeps its connection, and the cells of its current row. The statements of the SQL crate
//! borrow their connection, so a cursor that lives on its own cannot hold one; and reading a cell through them costs
//! several times as much as SQLite's own value functions. This module and `batch_table` are the only ones with unsafe
//! code.

#![expect(unsafe_code, reason = "SQLite's C interface for statements; see the rules at Statement")]

use std::ffi::{CStr, c_char, c_int};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Error, ffi};
use wmshost_sql::Value;

use super::moment::MomentText;
use crate::forms::Stored;

/// A connection that statements share. It may have been opened with SQLite's own mutex or without it; either way, only
/// the holder of this mutex uses it.
pub(crate) type Database = Arc<Mutex<Connection>>;

/// Locks the connection.
pub(crate) fn lock(database: &Database) -> MutexGuard<'_, Connection> {
    database.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One cell of the current row, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell<'a> {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A binary fraction.
    Real(f64),
    /// Text; not checked to be UTF-8.
    Text(&'a [u8]),
    /// Bytes.
    Blob(&'a [u8]),
}

impl<'a> Cell<'a> {
    /// The cell as a value that a form can have; `None` for NULL and bytes.
    #[inline]
    pub(crate) fn stored(self) -> Option<Stored<'a>> {
        match self {
            Self::Integer(value) => Some(Stored::Integer(value)),
            Self::Real(value) => Some(Stored::Real(value)),
            Self::Text(text) => Some(Stored::Text(text)),
            Self::Null | Self::Blob(_) => None,
        }
    }
}

/// A prepared statement and its connection.
///
/// The unsafe code here is sound for these reasons: `raw` is made by `prepare` from the connection in `database`, is
/// never returned to a caller, and is finalised exactly once, in `drop`, before the connection is let go of. SQLite is
/// called with it only while the connection's lock is held: in `prepare`, in `drop`, and through `Running`, which holds
/// the lock. A cell borrows from `Running`, and everything that could move the cell's memory (a step, a reset) takes
/// `Running` mutably.
pub(crate) struct Statement {
    database: Database,
    raw: NonNull<ffi::sqlite3_stmt>,
}

// SAFETY: a statement may move between threads with its connection; its use is under the connection's lock.
unsafe impl Send for Statement {}

impl Statement {
    /// Prepares the one statement of this text; a second one is `MultipleStatement`, and no statement is an error.
    pub(crate) fn prepare(database: &Database, sql: &str) -> Result<Self, Error> {
        let connection = lock(database);
        let (raw, rest) = compile(&connection, sql)?;
        let Some(raw) = raw else { return Err(Error::InvalidQuery) };
        // From here on `drop` finalises it, and takes the lock itself.
        let statement = Self { database: Arc::clone(database), raw };
        let more = has_statement(&connection, rest);
        drop(connection);
        if more { Err(Error::MultipleStatement) } else { Ok(statement) }
    }

    /// The statement, ready to be used: the connection is locked until this is dropped.
    pub(crate) fn run(&mut self) -> Running<'_> {
        Running { connection: lock(&self.database), raw: self.raw }
    }
}

impl Drop for Statement {
    fn drop(&mut self) {
        let _connection = lock(&self.database);
        // SAFETY: see Statement. It returns the code of the last step, which was reported already.
        unsafe { ffi::sqlite3_finalize(self.raw.as_ptr()) };
    }
}

/// Compiles the first statement of a text, if there is one, and returns what follows it.
fn compile<'s>(connection: &Connection, sql: &'s str) -> Result<(Option<NonNull<ffi::sqlite3_stmt>>, &'s str), Error> {
    let length =
        c_int::try_from(sql.len()).map_err(|_| Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_TOOBIG), None))?;
    let mut raw = ptr::null_mut();
    let mut tail: *const c_char = ptr::null();
    // SAFETY: the connection is open and borrowed; the text is `length` bytes long; both outputs are written.
    let code = unsafe {
        ffi::sqlite3_prepare_v3(
            connection.handle(),
            sql.as_ptr().cast(),
            length,
            ffi::SQLITE_PREPARE_PERSISTENT,
            &raw mut raw,
            &raw mut tail,
        )
    };
    if code != ffi::SQLITE_OK {
        return Err(last_error(connection, code));
    }
    let used = tail.addr().saturating_sub(sql.as_ptr().addr());
    Ok((NonNull::new(raw), sql.get(used..).unwrap_or_default()))
}

/// Returns whether a text contains anything but blanks and comments.
fn has_statement(connection: &Connection, mut sql: &str) -> bool {
    while !sql.is_empty() {
        match compile(connection, sql) {
            Ok((None, rest)) if rest.len() < sql.len() => sql = rest,
            Ok((None, _)) => return false,
            Ok((Some(raw), _)) => {
                // SAFETY: just made, and used nowhere else.
                unsafe { ffi::sqlite3_finalize(raw.as_ptr()) };
                return true;
            }
            Err(_) => return true,
        }
    }
    false
}

fn last_error(connection: &Connection, code: c_int) -> Error {
    // SAFETY: the connection is open and borrowed; the message is copied before anything else is called.
    let message = unsafe {
        let text = ffi::sqlite3_errmsg(connection.handle());
        (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
    };
    Error::SqliteFailure(ffi::Error::new(code), message)
}

/// A statement in use.
pub(crate) struct Running<'s> {
    connection: MutexGuard<'s, Connection>,
    raw: NonNull<ffi::sqlite3_stmt>,
}

impl Running<'_> {
    /// Goes to the next row; `false` at the end.
    #[inline]
    pub(crate) fn step(&mut self) -> Result<bool, Error> {
        // SAFETY: see Statement.
        match unsafe { ffi::sqlite3_step(self.raw.as_ptr()) } {
            ffi::SQLITE_ROW => Ok(true),
            ffi::SQLITE_DONE => Ok(false),
            code => Err(last_error(&self.connection, code)),
        }
    }

    /// Makes the statement ready to run from its start; bound values stay.
    pub(crate) fn reset(&mut self) {
        // SAFETY: see Statement. It returns the code of the last step, which was reported already.
        unsafe { ffi::sqlite3_reset(self.raw.as_ptr()) };
    }

    /// Rows that the last INSERT, UPDATE or DELETE of the connection touched.
    pub(crate) fn changes(&self) -> u64 {
        self.connection.changes()
    }

    /// Rows that all statements of the connection have touched so far.
    pub(crate) fn total_changes(&self) -> u64 {
        self.connection.total_changes()
    }

    /// The number of columns of its rows; 0 if it returns none.
    pub(crate) fn column_count(&self) -> usize {
        // SAFETY: see Statement.
        unsafe { ffi::sqlite3_column_count(self.raw.as_ptr()) as usize }
    }

    /// Returns whether it only reads and is not an EXPLAIN.
    pub(crate) fn is_plain_read(&self) -> bool {
        let raw = self.raw.as_ptr();
        // SAFETY: see Statement.
        unsafe { ffi::sqlite3_stmt_readonly(raw) != 0 && ffi::sqlite3_stmt_isexplain(raw) == 0 }
    }

    /// A column's name.
    pub(crate) fn column_name(&self, column: usize) -> String {
        // SAFETY: see Statement; for a column that does not exist it returns null.
        unsafe { text_of(ffi::sqlite3_column_name(self.raw.as_ptr(), column as c_int)) }.unwrap_or_default()
    }

    /// The declared type of the table column that this column comes from; `None` if it is an expression.
    pub(crate) fn declared(&self, column: usize) -> Option<String> {
        let raw = self.raw.as_ptr();
        let column = column as c_int;
        // SAFETY: see Statement; for a column that does not exist it returns null. A table column without a type
        // returns null as well, but has an origin.
        unsafe {
            text_of(ffi::sqlite3_column_decltype(raw, column))
                .or_else(|| text_of(ffi::sqlite3_column_origin_name(raw, column)).map(|_| String::new()))
        }
    }

    /// The table and the column that this column comes from, as they were created; `None` if it is an expression.
    pub(crate) fn origin(&self, column: usize) -> Option<(String, String)> {
        let raw = self.raw.as_ptr();
        let column = column as c_int;
        // SAFETY: see Statement; for a column that does not exist it returns null.
        unsafe {
            let table = text_of(ffi::sqlite3_column_table_name(raw, column))?;
            Some((table, text_of(ffi::sqlite3_column_origin_name(raw, column))?))
        }
    }

    /// A cell of the current row; NULL if there is no row or no such column.
    #[inline]
    pub(crate) fn cell(&self, column: usize) -> Cell<'_> {
        // SAFETY: see Statement. The value is unprotected, but the value functions may still be used on it while nobody
        // else uses the connection, and its lock is held. Text and bytes stay where they are until the value is
        // converted to another type or the row is left; neither happens while the cell borrows `self`, because nothing
        // here asks a value for a type that it does not have.
        unsafe {
            let value = ffi::sqlite3_column_value(self.raw.as_ptr(), column as c_int);
            match ffi::sqlite3_value_type(value) {
                ffi::SQLITE_INTEGER => Cell::Integer(ffi::sqlite3_value_int64(value)),
                ffi::SQLITE_FLOAT => Cell::Real(ffi::sqlite3_value_double(value)),
                ffi::SQLITE_TEXT => match ffi::sqlite3_value_text(value) {
                    // Without memory to turn UTF-16 into UTF-8 there is no text: it becomes a bad value and not an
                    // empty one.
                    text if text.is_null() => Cell::Blob(&[]),
                    text => Cell::Text(bytes_at(text, ffi::sqlite3_value_bytes(value))),
                },
                ffi::SQLITE_BLOB => {
                    let bytes = ffi::sqlite3_value_blob(value).cast();
                    Cell::Blob(bytes_at(bytes, ffi::sqlite3_value_bytes(value)))
                }
                _ => Cell::Null,
            }
        }
    }

    /// Binds a parameter, counted from 1. `false` if the value cannot be bound: there is no such parameter, or
    /// a moment lies outside of the years that text can hold.
    pub(crate) fn bind(&mut self, parameter: usize, value: &Value) -> bool {
        let mut text = Vec::new();
        let code = match value {
            Value::Null => self.bind_null(parameter),
            Value::Boolean(value) => self.bind_integer(parameter, i64::from(*value)),
            Value::Int64(value) => self.bind_integer(parameter, *value),
            Value::Float64(value) => self.bind_real(parameter, *value),
            Value::Decimal(value) | Value::Text(value) => self.bind_text(parameter, value.as_bytes()),
            Value::Binary(value) => self.bind_blob(parameter, value),
            Value::Date(days) => match MomentText::default().date(i64::from(*days), &mut text) {
                Some(()) => self.bind_text(parameter, &text),
                None => ffi::SQLITE_RANGE,
            },
            Value::Timestamp(at) => match MomentText::default().timestamp(*at, false, &mut text) {
                Some(()) => self.bind_text(parameter, &text),
                None => ffi::SQLITE_RANGE,
            },
        };
        code == ffi::SQLITE_OK
    }

    /// The number of parameters of the statement.
    pub(crate) fn parameter_count(&self) -> usize {
        // SAFETY: see Statement.
        unsafe { ffi::sqlite3_bind_parameter_count(self.raw.as_ptr()) as usize }
    }

    fn bind_null(&mut self, parameter: usize) -> c_int {
        // SAFETY: see Statement; a parameter that does not exist is an error code. The same for those below,
        // which have SQLite copy what they point to.
        unsafe { ffi::sqlite3_bind_null(self.raw.as_ptr(), parameter as c_int) }
    }

    fn bind_integer(&mut self, parameter: usize, value: i64) -> c_int {
        // SAFETY: as in bind_null.
        unsafe { ffi::sqlite3_bind_int64(self.raw.as_ptr(), parameter as c_int, value) }
    }

    fn bind_real(&mut self, parameter: usize, value: f64) -> c_int {
        // SAFETY: as in bind_null.
        unsafe { ffi::sqlite3_bind_double(self.raw.as_ptr(), parameter as c_int, value) }
    }

    fn bind_text(&mut self, parameter: usize, text: &[u8]) -> c_int {
        // SAFETY: as in bind_null.
        unsafe {
            ffi::sqlite3_bind_text64(
                self.raw.as_ptr(),
                parameter as c_int,
                text.as_ptr().cast(),
                text.len() as u64,
                ffi::SQLITE_TRANSIENT(),
                ffi::SQLITE_UTF8 as u8,
            )
        }
    }

    fn bind_blob(&mut self, parameter: usize, bytes: &[u8]) -> c_int {
        // SAFETY: as in bind_null. An empty slice has no memory but its pointer is not null, so it is not bound as
        // NULL.
        unsafe {
            ffi::sqlite3_bind_blob64(
                self.raw.as_ptr(),
                parameter as c_int,
                bytes.as_ptr().cast(),
                bytes.len() as u64,
                ffi::SQLITE_TRANSIENT(),
            )
        }
    }
}

/// A copy of a text that SQLite owns; `None` if there is none.
///
/// # Safety
/// `text` is null or points to text that ends with a zero byte.
unsafe fn text_of(text: *const c_char) -> Option<String> {
    // SAFETY: the caller guarantees it.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

/// The bytes at an address; none if it is null, which is allowed for no bytes.
///
/// # Safety
/// `start` is null or points to `length` bytes that stay as they are while `'a` lasts.
#[inline]
unsafe fn bytes_at<'a>(start: *const u8, length: c_int) -> &'a [u8] {
    if start.is_null() {
        return &[];
    }
    // SAFETY: the caller guarantees it.
    unsafe { slice::from_raw_parts(start, length as usize) }
}
