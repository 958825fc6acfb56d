//! The server's cells to Arrow columns. A row is read whole before any of it goes into a column, so that a cell
//! that does not fit leaves no trace.

use std::fmt::{Display, Write as _};
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Decimal128Builder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_schema::ArrowError;

use super::types::Reading;

/// A cell, ready for its column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// NULL.
    Null,
    /// A whole number.
    Int64(i64),
    /// A decimal without its point.
    Decimal(i128),
    /// A binary fraction.
    Float64(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Microseconds since 1970.
    Moment(i64),
    /// True or false.
    Flag(bool),
    /// A value that does not fit, as text, and why.
    Misfit(String, &'static str),
}

impl Cell {
    /// Bytes of text or binary.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            _ => 0,
        }
    }
}

/// A number that does not fit.
pub(super) fn number_misfit(number: &impl Display) -> Cell {
    Cell::Misfit(number.to_string(), "has more digits than can be kept exactly")
}

/// A moment that does not fit.
pub(super) fn moment_misfit(moment: &impl Display) -> Cell {
    Cell::Misfit(moment.to_string(), "is outside of the years 1 to 9999, or finer than microseconds")
}

/// Why a text or binary is not read.
pub(super) const TOO_LONG: &str = "is larger than what is read at most (lob_mib of the connection)";

/// A text or binary of this size.
pub(super) fn too_long(size: String) -> Cell {
    Cell::Misfit(size, TOO_LONG)
}

/// A text or binary of so many bytes.
pub(super) fn too_many_bytes(bytes: usize) -> Cell {
    too_long(format!("{bytes} bytes"))
}

/// An interval as Oracle writes it.
pub(super) fn months_text(years: i64, months: i64) -> String {
    let sign = if years < 0 || months < 0 { '-' } else { '+' };
    format!("{sign}{:02}-{:02}", years.unsigned_abs(), months.unsigned_abs())
}

/// An interval of days, hours, minutes, seconds and nanoseconds as Oracle writes it.
pub(super) fn days_text(parts: [i32; 5]) -> String {
    let sign = if parts.iter().any(|part| *part < 0) { '-' } else { '+' };
    let [days, hours, minutes, seconds, nanoseconds] = parts.map(i32::unsigned_abs);
    format!("{sign}{days:03} {hours:02}:{minutes:02}:{seconds:02}.{nanoseconds:09}")
}

/// A column under construction.
pub(super) enum ColumnBuilder {
    Int64(Int64Builder),
    Decimal(Decimal128Builder, u8, u8),
    Float64(Float64Builder),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    Moment(TimestampMicrosecondBuilder, bool),
    Flag(BooleanBuilder),
}

impl ColumnBuilder {
    pub(super) fn new(reading: Reading, rows: usize) -> Self {
        match reading {
            Reading::Int64 => Self::Int64(Int64Builder::with_capacity(rows)),
            Reading::Decimal(precision, scale) => {
                Self::Decimal(Decimal128Builder::with_capacity(rows), precision, scale)
            }
            Reading::Double | Reading::Single => Self::Float64(Float64Builder::with_capacity(rows)),
            Reading::Digits | Reading::Text | Reading::TextLob | Reading::Months | Reading::Seconds => {
                Self::Text(StringBuilder::with_capacity(rows, rows * 8))
            }
            Reading::Bytes | Reading::BytesLob => Self::Bytes(BinaryBuilder::with_capacity(rows, rows * 8)),
            Reading::Moment { zoned } => Self::Moment(TimestampMicrosecondBuilder::with_capacity(rows), zoned),
            Reading::Flag => Self::Flag(BooleanBuilder::with_capacity(rows)),
        }
    }

    /// Takes a cell that was read for it.
    pub(super) fn push(&mut self, cell: Cell) {
        match (self, cell) {
            (Self::Int64(column), Cell::Int64(value)) => column.append_value(value),
            (Self::Int64(column), _) => column.append_null(),
            (Self::Decimal(column, ..), Cell::Decimal(value)) => column.append_value(value),
            (Self::Decimal(column, ..), _) => column.append_null(),
            (Self::Float64(column), Cell::Float64(value)) => column.append_value(value),
            (Self::Float64(column), _) => column.append_null(),
            (Self::Text(column), Cell::Text(text)) => column.append_value(text),
            (Self::Text(column), _) => column.append_null(),
            (Self::Bytes(column), Cell::Bytes(bytes)) => column.append_value(bytes),
            (Self::Bytes(column), _) => column.append_null(),
            (Self::Moment(column, _), Cell::Moment(micros)) => column.append_value(micros),
            (Self::Moment(column, _), _) => column.append_null(),
            (Self::Flag(column), Cell::Flag(flag)) => column.append_value(flag),
            (Self::Flag(column), _) => column.append_null(),
        }
    }

    /// The batch's column; the builder is empty afterwards.
    pub(super) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Int64(column) => Arc::new(column.finish()),
            Self::Decimal(column, precision, scale) => {
                Arc::new(column.finish().with_precision_and_scale(*precision, *scale as i8)?)
            }
            Self::Float64(column) => Arc::new(column.finish()),
            Self::Text(column) => Arc::new(column.finish()),
            Self::Bytes(column) => Arc::new(column.finish()),
            Self::Moment(column, true) => Arc::new(column.finish().with_timezone("UTC")),
            Self::Moment(column, false) => Arc::new(column.finish()),
            Self::Flag(column) => Arc::new(column.finish()),
        })
    }
}

/// A row as a JSON object, misfits included.
pub(super) fn row_as_json(names: &[String], readings: &[Reading], cells: &[Cell]) -> String {
    let mut json = String::from("{");
    for ((name, reading), cell) in names.iter().zip(readings).zip(cells) {
        let comma = if json.len() > 1 { "," } else { "" };
        let _ = write!(json, "{comma}{}:{}", quoted(name), value_as_json(*reading, cell));
    }
    json.push('}');
    json
}

fn value_as_json(reading: Reading, cell: &Cell) -> String {
    match (cell, reading) {
        (Cell::Null, _) => "null".to_owned(),
        (Cell::Int64(value), _) => value.to_string(),
        (Cell::Decimal(value), Reading::Decimal(_, scale)) => quoted(&decimal_text(*value, scale)),
        (Cell::Decimal(value), _) => quoted(&value.to_string()),
        (Cell::Float64(value), _) if value.is_finite() => format!("{value:?}"),
        (Cell::Float64(value), _) => quoted(&value.to_string()),
        (Cell::Text(text) | Cell::Misfit(text, _), _) => quoted(text),
        (Cell::Bytes(bytes), _) => quoted(&bytes.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })),
        (Cell::Moment(micros), Reading::Moment { zoned }) => {
            let zone = if zoned { "Z" } else { "" };
            quoted(&(wmshost_flow::Value::Timestamp(*micros).to_string() + zone))
        }
        (Cell::Moment(micros), _) => micros.to_string(),
        (Cell::Flag(flag), _) => flag.to_string(),
    }
}

pub(super) fn decimal_text(value: i128, scale: u8) -> String {
    let digits = format!("{:0width$}", value.unsigned_abs(), width = usize::from(scale) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
    let point = if scale > 0 { "." } else { "" };
    format!("{}{whole}{point}{fraction}", if value < 0 { "-" } else { "" })
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
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

    #[test]
    fn a_rejected_row_shows_what_did_not_fit() {
        let names = ["a", "b", "c"].map(str::to_owned);
        let readings = [Reading::Int64, Reading::Decimal(5, 2), Reading::Moment { zoned: true }];
        let cells = [Cell::Int64(1), Cell::Decimal(-5), Cell::Misfit("-4712-01-01".into(), "is early")];
        assert_eq!(row_as_json(&names, &readings, &cells), r#"{"a":1,"b":"-0.05","c":"-4712-01-01"}"#);
    }
}
