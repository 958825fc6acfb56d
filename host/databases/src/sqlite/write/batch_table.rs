//! Encoded rows as a table that a statement can select from. One `INSERT … SELECT` from it writes a whole batch inside
//! SQLite's machine: no statement is begun and ended per row, and nothing is bound or copied on the way. This module
//! and `statement` are the only ones with unsafe code.

#![expect(unsafe_code, reason = "SQLite's C interface for virtual tables; see the rules at Feed")]

use std::ffi::{CString, c_char, c_int, c_void};
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, Error, ffi};

use super::encode::{Stored, StoredRows};

/// The rows to feed, and how far they were taken.
#[derive(Default)]
struct Slot {
    rows: Mutex<Option<(Arc<StoredRows>, Range<usize>)>>,
    taken: AtomicUsize,
}

/// The rows that the statements of one connection can select from.
///
/// SQLite calls the functions below with pointers that they returned to it themselves, and with a zero code for success
/// only after they filled the output. The code is sound because SQLite frees the module's data (`Columns`) through
/// `free_columns` when the connection is closed, and a table (`VirtualTable`) and a cursor (`VirtualCursor`) are freed
/// where SQLite says that it is done with them. A cursor holds the rows by a counted reference of its own, so the text
/// that it returns without a copy lives at least until the cursor is closed, which SQLite does only after the last use
/// of the row. None of the functions can panic except when memory runs out.
pub(crate) struct BatchTable {
    slot: Arc<Slot>,
    /// The numbers of columns for which the connection has a table.
    known: Vec<usize>,
}

impl BatchTable {
    /// A table without rows.
    pub(crate) fn new() -> Self {
        Self { slot: Arc::default(), known: Vec::new() }
    }

    /// The table's name for rows with this number of columns, which are `c0`, `c1` ….
    pub(crate) fn table(&mut self, connection: &Connection, columns: usize) -> Result<String, Error> {
        let name = format!("wms_feed_{columns}");
        if self.known.contains(&columns) {
            return Ok(name);
        }
        let c_name = CString::new(name.as_str())?;
        let data = Box::new(Columns { slot: Arc::clone(&self.slot), columns });
        // SAFETY: the connection is open and borrowed; MODULE is static; `free_columns` frees the data,
        // also if this fails.
        let code = unsafe {
            ffi::sqlite3_create_module_v2(
                connection.handle(),
                c_name.as_ptr(),
                &raw const MODULE,
                Box::into_raw(data).cast(),
                Some(free_columns),
            )
        };
        if code != ffi::SQLITE_OK {
            return Err(Error::SqliteFailure(ffi::Error::new(code), None));
        }
        self.known.push(columns);
        Ok(name)
    }

    /// Offers these rows to the next statement.
    pub(crate) fn offer(&self, rows: Option<Arc<StoredRows>>) {
        self.offer_part(rows.map(|rows| (Arc::clone(&rows), 0..rows.rows)));
    }

    /// Offers a part of rows, which lies within them.
    pub(crate) fn offer_part(&self, rows: Option<(Arc<StoredRows>, Range<usize>)>) {
        self.slot.taken.store(rows.as_ref().map_or(0, |(_, part)| part.start), Ordering::Relaxed);
        *self.slot.rows.lock().unwrap_or_else(PoisonError::into_inner) = rows;
    }

    /// The position of the row that was taken last.
    pub(crate) fn position(&self) -> usize {
        self.slot.taken.load(Ordering::Relaxed)
    }
}

/// The module's data.
struct Columns {
    slot: Arc<Slot>,
    columns: usize,
}

/// The table; SQLite accesses its first field only.
#[repr(C)]
struct VirtualTable {
    base: ffi::sqlite3_vtab,
    slot: Arc<Slot>,
    columns: usize,
}

/// A cursor in the table; SQLite accesses its first field only.
#[repr(C)]
struct VirtualCursor {
    base: ffi::sqlite3_vtab_cursor,
    slot: Arc<Slot>,
    rows: Option<Arc<StoredRows>>,
    row: usize,
    count: usize,
    columns: usize,
}

static MODULE: ffi::sqlite3_module = ffi::sqlite3_module {
    iVersion: 1,
    // Without a create function the table exists from the start, under the module's name.
    xCreate: None,
    xConnect: Some(connect),
    xBestIndex: Some(best_index),
    xDisconnect: Some(disconnect),
    xDestroy: None,
    xOpen: Some(open),
    xClose: Some(close),
    xFilter: Some(filter),
    xNext: Some(next),
    xEof: Some(at_end),
    xColumn: Some(column),
    xRowid: Some(row_number),
    xUpdate: None,
    xBegin: None,
    xSync: None,
    xCommit: None,
    xRollback: None,
    xFindFunction: None,
    xRename: None,
    xSavepoint: None,
    xRelease: None,
    xRollbackTo: None,
    xShadowName: None,
    xIntegrity: None,
};

unsafe extern "C" fn free_columns(data: *mut c_void) {
    // SAFETY: made by Box::into_raw in `table`; SQLite calls this once.
    drop(unsafe { Box::from_raw(data.cast::<Columns>()) });
}

unsafe extern "C" fn connect(
    connection: *mut ffi::sqlite3,
    data: *mut c_void,
    _count: c_int,
    _arguments: *const *const c_char,
    table: *mut *mut ffi::sqlite3_vtab,
    _message: *mut *mut c_char,
) -> c_int {
    // SAFETY: the data is that of `table` and lives as long as the connection.
    let data = unsafe { &*data.cast::<Columns>() };
    let names: Vec<_> = (0..data.columns).map(|column| format!("c{column}")).collect();
    let Ok(declaration) = CString::new(format!("CREATE TABLE feed ({})", names.join(", "))) else {
        return ffi::SQLITE_ERROR;
    };
    // SAFETY: the connection is the one that asks; the text ends with a zero byte.
    let code = unsafe { ffi::sqlite3_declare_vtab(connection, declaration.as_ptr()) };
    if code != ffi::SQLITE_OK {
        return code;
    }
    let base = ffi::sqlite3_vtab { pModule: ptr::null(), nRef: 0, zErrMsg: ptr::null_mut() };
    let made = VirtualTable { base, slot: Arc::clone(&data.slot), columns: data.columns };
    // SAFETY: the output is there to be written; `base` is the first field.
    unsafe { *table = Box::into_raw(Box::new(made)).cast() };
    ffi::SQLITE_OK
}

unsafe extern "C" fn disconnect(table: *mut ffi::sqlite3_vtab) -> c_int {
    // SAFETY: made in `connect`; SQLite calls this once.
    drop(unsafe { Box::from_raw(table.cast::<VirtualTable>()) });
    ffi::SQLITE_OK
}

/// The only way to read the table is from start to end.
unsafe extern "C" fn best_index(_table: *mut ffi::sqlite3_vtab, plan: *mut ffi::sqlite3_index_info) -> c_int {
    // SAFETY: the plan is there to be written.
    unsafe {
        (*plan).estimatedCost = 1e6;
        (*plan).estimatedRows = 10_000;
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn open(table: *mut ffi::sqlite3_vtab, cursor: *mut *mut ffi::sqlite3_vtab_cursor) -> c_int {
    // SAFETY: made in `connect` and not disconnected yet.
    let table = unsafe { &*table.cast::<VirtualTable>() };
    let base = ffi::sqlite3_vtab_cursor { pVtab: ptr::null_mut() };
    let made =
        VirtualCursor { base, slot: Arc::clone(&table.slot), rows: None, row: 0, count: 0, columns: table.columns };
    // SAFETY: the output is there to be written; `base` is the first field.
    unsafe { *cursor = Box::into_raw(Box::new(made)).cast() };
    ffi::SQLITE_OK
}

unsafe extern "C" fn close(cursor: *mut ffi::sqlite3_vtab_cursor) -> c_int {
    // SAFETY: made in `open`; SQLite calls this once.
    drop(unsafe { Box::from_raw(cursor.cast::<VirtualCursor>()) });
    ffi::SQLITE_OK
}

/// Begins with the rows that are offered, if they have the right number of columns.
unsafe extern "C" fn filter(
    cursor: *mut ffi::sqlite3_vtab_cursor,
    _index: c_int,
    _index_text: *const c_char,
    _count: c_int,
    _arguments: *mut *mut ffi::sqlite3_value,
) -> c_int {
    // SAFETY: made in `open` and not closed yet; SQLite uses a cursor on one thread at a time.
    let cursor = unsafe { &mut *cursor.cast::<VirtualCursor>() };
    let offered = cursor.slot.rows.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let offered = offered.filter(|(rows, _)| rows.column_count() == cursor.columns);
    (cursor.row, cursor.count) = offered.as_ref().map_or((0, 0), |(rows, part)| (part.start, part.end.min(rows.rows)));
    cursor.rows = offered.map(|(rows, _)| rows);
    if cursor.rows.is_some() { ffi::SQLITE_OK } else { ffi::SQLITE_MISUSE }
}

unsafe extern "C" fn next(cursor: *mut ffi::sqlite3_vtab_cursor) -> c_int {
    // SAFETY: as in `filter`.
    let cursor = unsafe { &mut *cursor.cast::<VirtualCursor>() };
    cursor.row += 1;
    cursor.slot.taken.store(cursor.row, Ordering::Relaxed);
    ffi::SQLITE_OK
}

unsafe extern "C" fn at_end(cursor: *mut ffi::sqlite3_vtab_cursor) -> c_int {
    // SAFETY: as in `filter`.
    let cursor = unsafe { &*cursor.cast::<VirtualCursor>() };
    c_int::from(cursor.row >= cursor.count)
}

unsafe extern "C" fn column(
    cursor: *mut ffi::sqlite3_vtab_cursor,
    result: *mut ffi::sqlite3_context,
    column: c_int,
) -> c_int {
    // SAFETY: as in `filter`.
    let cursor = unsafe { &*cursor.cast::<VirtualCursor>() };
    let Some(rows) = cursor.rows.as_deref().filter(|_| cursor.row < cursor.count) else {
        return ffi::SQLITE_MISUSE;
    };
    // SAFETY: the context is the one to answer into. Text and bytes are not copied: they live in the rows, which
    // the cursor holds; a zero byte follows a terminated text there. Lengths fit: a column's offsets are 32 bits wide.
    unsafe {
        match rows.get(cursor.row, column as usize) {
            Stored::Null => ffi::sqlite3_result_null(result),
            Stored::Integer(value) => ffi::sqlite3_result_int64(result, value),
            Stored::Real(value) => ffi::sqlite3_result_double(result, value),
            Stored::Text(text) => {
                ffi::sqlite3_result_text(result, text.as_ptr().cast(), text.len() as c_int, ffi::SQLITE_STATIC())
            }
            Stored::Terminated(text) => ffi::sqlite3_result_text64(
                result,
                text.as_ptr().cast(),
                text.len() as u64,
                ffi::SQLITE_STATIC(),
                ffi::SQLITE_UTF8_ZT as u8,
            ),
            Stored::Blob(bytes) => {
                ffi::sqlite3_result_blob(result, bytes.as_ptr().cast(), bytes.len() as c_int, ffi::SQLITE_STATIC())
            }
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn row_number(cursor: *mut ffi::sqlite3_vtab_cursor, number: *mut i64) -> c_int {
    // SAFETY: as in `filter`; the output is there to be written.
    unsafe { *number = (*cursor.cast::<VirtualCursor>()).row as i64 };
    ffi::SQLITE_OK
}
