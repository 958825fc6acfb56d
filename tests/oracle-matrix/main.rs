//! The matrix of `tests/matrix` on Oracle: generated tables, histories of their rows and an interruption somewhere,
//! against an oracle in plain Rust over the generated rows, from one schema of the emulator to another. Each cell is
//! one combination of
//!
//! key type × kind of table × columns of the key × NULL or an empty text in the key × duplicates × method × deletes ×
//! late rows × type of the change key × ties × NULL change keys × rows read and written at once × merging row by row or
//! in bulk × releases of the servers × values that do not fit × cause of the interruption × interrupted command ×
//! command afterwards
//!
//! Besides a process that dies and a port that fails, the server itself fails: a connection is lost before or after a
//! statement took effect, half of an answer is sent, a session is killed (ORA-00028), a transaction deadlocks
//! (ORA-00060), a snapshot is too old (ORA-01555), at the statements that read, compare, write, swap, remove, define,
//! commit and keep the ledger.
//!
//! `story`, `expected`, `history`, `faults`, `test_bed` and `all` are those of `tests/matrix`, whose header describes
//! how to run one cell alone (`WMSHOST_MATRIX_CELL`) or more of them (`WMSHOST_MATRIX_CELLS`), and the report of a cell
//! that fails. `values`, `cell`, `source` and `place` differ here. `make test-long` runs ten times as many.
//!
//! The emulator's limits, which leave some things untested: text is always sorted by its bytes, so a session that
//! forgot to set NLS_SORT and NLS_COMP to BINARY would not be noticed; timestamps have microseconds, so TIMESTAMP(9)
//! never has a digit after the sixth; NVARCHAR2 is kept as UTF-8, whose order is the host's; the values of CHAR are
//! padded by characters. Only a real server can test those.
//!
//! Faults that were put into the product one by one, and the cells, of six per fault, that then failed and had passed
//! without it. The cells are those whose parameters are affected by the fault:
//!
//! | fault | cells that failed |
//! |---|---|
//! | numbers are ordered and compared as text | 4, 37, 50, 87 |
//! | a lost connection is taken for the end of the rows | 50, 51, 56 |
//! | a comparison deletes rows though the source was not read to its end | 5, 50 |
//! | a CHAR is ordered without its padding | 312 |
//! | a commit without an answer counts as done | 88 |
//! | keys are distinguished by their text without case and blanks | 5 |
//! | the session's time zone is not UTC | 2, 8, 19, 21 |
//!
//! Not found: a DATE compared by TO_CHAR with a timestamp (none of four cells), because the emulator writes both in the
//! same format.

mod cell;
mod place;
mod source;
mod values;

#[path = "../matrix/all.rs"]
mod all;
#[path = "../matrix/dimensions.rs"]
mod dimensions;
#[path = "../matrix/expected.rs"]
mod expected;
#[path = "../matrix/faults.rs"]
mod faults;
#[path = "../matrix/history.rs"]
mod history;
#[path = "../matrix/story.rs"]
mod story;
#[path = "../matrix/test_bed.rs"]
mod test_bed;

#[test]
fn no_cell_loses_doubles_or_changes_a_row() {
    all::run(50, false, 40);
}
