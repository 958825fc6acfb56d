//! The host's order of a column, in Oracle's words. Every session compares and sorts by NLS_SORT = BINARY, so that most
//! types are ordered as the host does, by the column itself and its indexes.

use wmshost_flow::ColumnOrder;

use super::client::{ColumnInfo, Kind};
use super::names::exactly;
use super::types::Reading;

/// How Oracle orders by a column; else why it cannot in the host's order.
pub(super) fn order_of(column: &ColumnInfo, reading: Reading) -> Result<ColumnOrder, String> {
    let why = match (reading, column.kind) {
        (Reading::Digits, _) => {
            "its numbers are read as text, and Oracle orders them by value; a NUMBER without precision is read as a decimal \
             with bare_number = \"decimal\""
        }
        (Reading::Months | Reading::Seconds, _) => "intervals are read as text, and Oracle orders them by length",
        (Reading::TextLob | Reading::BytesLob, _) | (_, Kind::Clob | Kind::Blob | Kind::Long | Kind::LongRaw) => {
            "Oracle cannot order by values of any length"
        }
        (_, Kind::Rowid) => "a row's address is not ordered as its text is, and changes when the row moves",
        _ => return Ok(ColumnOrder::of(exactly(&column.name))),
    };
    Err(why.to_owned())
}
