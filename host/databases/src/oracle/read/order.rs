//! The host's order of a column, in Oracle's SQL. Every session compares and sorts by NLS_SORT = BINARY, so that most
//! types are ordered as the host does, by the column itself and its indexes. Text is ordered by the bytes of its
//! character set, which is the order of UTF-8 in some only.

use wmshost_flow::ColumnOrder;

use crate::oracle::client::column_info::{ColumnInfo, Kind};
use crate::oracle::names::exactly;
use crate::oracle::types::Reading;

/// Character sets whose bytes sort as those of UTF-8 do. (In UTF8, which is CESU-8 to others, only letters beyond 16 bits
/// do not, and no expression mends that.)
const SORTED: [&str; 4] = ["AL32UTF8", "UTF8", "US7ASCII", "WE8ISO8859P1"];
/// Turns text of a character set without letters beyond 16 bits into UTF-16, which sorts by letter.
const TO_UTF16: &str = "TO_NCHAR";

/// The order by a column in a database with this character set; the error is the reason why Oracle cannot order as the
/// host does.
pub(crate) fn order_of(column: &ColumnInfo, reading: Reading, charset: &str) -> Result<ColumnOrder, String> {
    let name = exactly(&column.name);
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
        (Reading::Text, _) if !SORTED.contains(&charset) && !is_national(column) => {
            let function = Some(TO_UTF16.to_owned());
            return Ok(ColumnOrder { function, ..ColumnOrder::of(format!("{TO_UTF16}({name})")) });
        }
        // The national character set is UTF-16, in which letters beyond 16 bits come too early.
        (Reading::Text, _) if is_national(column) && charset == "AL32UTF8" => {
            return Ok(ColumnOrder::of(format!("CAST({name} AS VARCHAR2(4000))")));
        }
        // A truth value is bound as 0 or 1, which Oracle compares with numbers only.
        (Reading::Flag, _) => {
            return Ok(ColumnOrder::of(format!("CASE WHEN {name} THEN 1 WHEN NOT {name} THEN 0 END")));
        }
        _ => return Ok(ColumnOrder::of(name)),
    };
    Err(why.to_owned())
}

fn is_national(column: &ColumnInfo) -> bool {
    column.declared.starts_with('N') && matches!(column.kind, Kind::Varchar | Kind::Char)
}
