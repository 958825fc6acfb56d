//! The server's cells to Arrow columns. A cell that does not fit becomes NULL, and its text is returned: the cursor
//! takes its row out of the batch.

use std::fmt::Display;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Decimal128Builder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_schema::ArrowError;

use crate::oracle::types::Reading;

/// Why a text or binary is not kept.
pub(crate) const TOO_LONG: &str = "is larger than what is read at most (lob_mib of the connection)";
const TOO_MANY_DIGITS: &str = "has more digits than can be kept exactly";
const NO_MOMENT: &str = "is outside of the years 1 to 9999, or finer than microseconds";

/// The outcome of moving a cell into its column.
pub(crate) enum CellOutcome {
    /// It is in the column, with this number of bytes of text or binary.
    Kept(usize),
    /// It does not fit: the value as text, and the reason.
    BadCell(Box<(String, &'static str)>),
}

impl CellOutcome {
    /// A number that does not fit.
    pub(crate) fn number(number: &impl Display) -> Self {
        Self::bad_cell(number.to_string(), TOO_MANY_DIGITS)
    }

    /// A moment that does not fit.
    pub(crate) fn moment(moment: &impl Display) -> Self {
        Self::bad_cell(moment.to_string(), NO_MOMENT)
    }

    /// A text or binary of this size.
    fn too_long(size: String) -> Self {
        Self::bad_cell(size, TOO_LONG)
    }

    fn bad_cell(text: String, why: &'static str) -> Self {
        Self::BadCell(Box::new((text, why)))
    }
}

/// A column under construction.
pub(crate) enum ColumnBuilder {
    Int64(Int64Builder),
    Decimal(Decimal128Builder, u8, u8),
    Digits(StringBuilder),
    Double(Float64Builder),
    Single(Float64Builder),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    /// Text, by locator.
    TextLob(StringBuilder),
    /// Bytes, by locator.
    BytesLob(BinaryBuilder),
    Timestamp(TimestampMicrosecondBuilder, bool),
    Months(StringBuilder),
    Seconds(StringBuilder),
    Flag(BooleanBuilder),
}

impl ColumnBuilder {
    pub(crate) fn new(reading: Reading, rows: usize) -> Self {
        let text = || StringBuilder::with_capacity(rows, rows * 8);
        match reading {
            Reading::Int64 => Self::Int64(Int64Builder::with_capacity(rows)),
            Reading::Decimal(precision, scale) => {
                Self::Decimal(Decimal128Builder::with_capacity(rows), precision, scale)
            }
            Reading::Digits => Self::Digits(text()),
            Reading::Double => Self::Double(Float64Builder::with_capacity(rows)),
            Reading::Single => Self::Single(Float64Builder::with_capacity(rows)),
            Reading::Text => Self::Text(text()),
            Reading::TextLob => Self::TextLob(text()),
            Reading::Months => Self::Months(text()),
            Reading::Seconds => Self::Seconds(text()),
            Reading::Bytes => Self::Bytes(BinaryBuilder::with_capacity(rows, rows * 8)),
            Reading::BytesLob => Self::BytesLob(BinaryBuilder::with_capacity(rows, rows * 8)),
            Reading::Timestamp { zoned } => Self::Timestamp(TimestampMicrosecondBuilder::with_capacity(rows), zoned),
            Reading::Flag => Self::Flag(BooleanBuilder::with_capacity(rows)),
        }
    }

    /// Puts a large object into its column: the text or the bytes, or what is known of the size of one that is too
    /// large; neither is NULL.
    pub(crate) fn put_lob(
        &mut self,
        text: Option<Result<String, String>>,
        bytes: Option<Result<Vec<u8>, String>>,
    ) -> CellOutcome {
        match (self, text, bytes) {
            (Self::TextLob(column), Some(Ok(text)), _) => {
                column.append_value(&text);
                CellOutcome::Kept(text.len())
            }
            (Self::BytesLob(column), _, Some(Ok(bytes))) => {
                column.append_value(&bytes);
                CellOutcome::Kept(bytes.len())
            }
            (column, Some(Err(size)), _) | (column, _, Some(Err(size))) => {
                column.put_null_lob();
                CellOutcome::too_long(size)
            }
            (column, ..) => {
                column.put_null_lob();
                CellOutcome::Kept(0)
            }
        }
    }

    fn put_null_lob(&mut self) {
        match self {
            Self::TextLob(column) => column.append_null(),
            Self::BytesLob(column) => column.append_null(),
            _ => {}
        }
    }

    /// The batch's column; the builder is empty afterwards.
    pub(crate) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Int64(column) => Arc::new(column.finish()),
            Self::Decimal(column, precision, scale) => {
                Arc::new(column.finish().with_precision_and_scale(*precision, *scale as i8)?)
            }
            Self::Double(column) | Self::Single(column) => Arc::new(column.finish()),
            Self::Digits(column)
            | Self::Text(column)
            | Self::TextLob(column)
            | Self::Months(column)
            | Self::Seconds(column) => Arc::new(column.finish()),
            Self::Bytes(column) | Self::BytesLob(column) => Arc::new(column.finish()),
            Self::Timestamp(column, true) => Arc::new(column.finish().with_timezone("UTC")),
            Self::Timestamp(column, false) => Arc::new(column.finish()),
            Self::Flag(column) => Arc::new(column.finish()),
        })
    }
}

/// Puts a text into its column, unless it is too long.
pub(crate) fn put_text(column: &mut StringBuilder, text: Option<&str>, most_bytes: usize) -> CellOutcome {
    match text {
        Some(text) if text.len() > most_bytes => {
            column.append_null();
            CellOutcome::too_long(format!("{} bytes", text.len()))
        }
        text => {
            column.append_option(text);
            CellOutcome::Kept(text.map_or(0, str::len))
        }
    }
}

/// Puts bytes into their column, unless they are too many.
pub(crate) fn put_bytes(column: &mut BinaryBuilder, bytes: Option<&[u8]>, most_bytes: usize) -> CellOutcome {
    match bytes {
        Some(bytes) if bytes.len() > most_bytes => {
            column.append_null();
            CellOutcome::too_long(format!("{} bytes", bytes.len()))
        }
        bytes => {
            column.append_option(bytes);
            CellOutcome::Kept(bytes.map_or(0, <[u8]>::len))
        }
    }
}

/// An interval as Oracle writes it.
pub(crate) fn months_text(years: i64, months: i64) -> String {
    let sign = if years < 0 || months < 0 { '-' } else { '+' };
    format!("{sign}{:02}-{:02}", years.unsigned_abs(), months.unsigned_abs())
}

/// An interval of days, hours, minutes, seconds and nanoseconds as Oracle writes it.
pub(crate) fn days_text(parts: [i32; 5]) -> String {
    let sign = if parts.iter().any(|part| *part < 0) { '-' } else { '+' };
    let [days, hours, minutes, seconds, nanoseconds] = parts.map(i32::unsigned_abs);
    format!("{sign}{days:03} {hours:02}:{minutes:02}:{seconds:02}.{nanoseconds:09}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_read_as_oracle_writes_them() {
        assert_eq!(months_text(1, 2), "+01-02");
        assert_eq!(months_text(0, -3), "-00-03");
        assert_eq!(days_text([3, 4, 5, 6, 789_000_000]), "+003 04:05:06.789000000");
        assert_eq!(days_text([0, 0, 0, -1, 0]), "-000 00:00:01.000000000");
    }
}
