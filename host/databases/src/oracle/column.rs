//! The server's cells to Arrow columns. A cell that does not fit becomes NULL, and what it was is handed back: the
//! cursor takes its row out of the batch.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Decimal128Builder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_schema::ArrowError;
use oracledb::{Error, OracleIntervalDS, OracleIntervalYM, OracleNumber, OracleTimestamp, Row};

use super::moment::micros_of;
use super::number::unscaled;
use super::types::Reading;

const TOO_LONG: &str = "is larger than what is read at most (lob_mib of the connection)";
const TOO_MANY_DIGITS: &str = "has more digits than can be kept exactly";
const NO_MOMENT: &str = "is outside of the years 1 to 9999, or finer than microseconds";

/// What became of a cell.
pub(super) enum Taken {
    /// It is in the column; so many bytes of text or binary.
    Kept(usize),
    /// It does not fit: the value as text, and why.
    Misfit(Box<(String, &'static str)>),
}

impl Taken {
    fn misfit(text: String, why: &'static str) -> Self {
        Self::Misfit(Box::new((text, why)))
    }
}

/// A column under construction.
pub(super) enum ColumnBuilder {
    Int64(Int64Builder),
    Decimal(Decimal128Builder, u8, u8),
    Digits(StringBuilder),
    Double(Float64Builder),
    Single(Float64Builder),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    Moment(TimestampMicrosecondBuilder, bool),
    Months(StringBuilder),
    Seconds(StringBuilder),
    Flag(BooleanBuilder),
}

impl ColumnBuilder {
    pub(super) fn new(reading: Reading, rows: usize) -> Self {
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
            Reading::Months => Self::Months(text()),
            Reading::Seconds => Self::Seconds(text()),
            Reading::Bytes => Self::Bytes(BinaryBuilder::with_capacity(rows, rows * 8)),
            Reading::Moment { zoned } => Self::Moment(TimestampMicrosecondBuilder::with_capacity(rows), zoned),
            Reading::Flag => Self::Flag(BooleanBuilder::with_capacity(rows)),
        }
    }

    /// Takes over the cell at a position of a row.
    pub(super) fn take(&mut self, row: &Row, at: usize, most_bytes: usize) -> Result<Taken, Error> {
        let mut taken = Taken::Kept(0);
        match self {
            Self::Int64(column) => {
                let number = row.get::<Option<OracleNumber>>(at)?;
                let value = number.as_ref().and_then(|number| i64::try_from(unscaled(number, 19, 0)?).ok());
                taken = fits(number.as_ref(), value.is_some());
                column.append_option(value);
            }
            Self::Decimal(column, precision, scale) => {
                let number = row.get::<Option<OracleNumber>>(at)?;
                let value = number.as_ref().and_then(|number| unscaled(number, *precision, *scale));
                taken = fits(number.as_ref(), value.is_some());
                column.append_option(value);
            }
            Self::Digits(column) => put(column, row.get::<Option<OracleNumber>>(at)?.as_ref(), OracleNumber::to_string),
            Self::Double(column) => column.append_option(row.get::<Option<f64>>(at)?),
            Self::Single(column) => column.append_option(row.get::<Option<f32>>(at)?.map(f64::from)),
            Self::Text(column) => match row.get::<Option<&str>>(at) {
                Ok(text) => taken = put_text(column, text, most_bytes),
                // A row's address is kept otherwise.
                Err(_) => taken = put_text(column, row.get::<Option<String>>(at)?.as_deref(), most_bytes),
            },
            Self::Bytes(column) => match row.get::<Option<&[u8]>>(at)? {
                Some(bytes) if bytes.len() > most_bytes => {
                    column.append_null();
                    taken = Taken::misfit(format!("{} bytes", bytes.len()), TOO_LONG);
                }
                bytes => {
                    column.append_option(bytes);
                    taken = Taken::Kept(bytes.map_or(0, <[u8]>::len));
                }
            },
            Self::Moment(column, _) => {
                let moment = row.get::<Option<OracleTimestamp>>(at)?;
                let micros = moment.as_ref().and_then(micros_of);
                if let (Some(moment), None) = (&moment, micros) {
                    taken = Taken::misfit(moment.to_string(), NO_MOMENT);
                }
                column.append_option(micros);
            }
            Self::Months(column) => put(column, row.get::<Option<OracleIntervalYM>>(at)?.as_ref(), months),
            Self::Seconds(column) => put(column, row.get::<Option<OracleIntervalDS>>(at)?.as_ref(), seconds),
            Self::Flag(column) => column.append_option(row.get::<Option<bool>>(at)?),
        }
        Ok(taken)
    }

    /// The batch's column; the builder is empty afterwards.
    pub(super) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Int64(column) => Arc::new(column.finish()),
            Self::Decimal(column, precision, scale) => {
                Arc::new(column.finish().with_precision_and_scale(*precision, *scale as i8)?)
            }
            Self::Double(column) | Self::Single(column) => Arc::new(column.finish()),
            Self::Digits(column) | Self::Text(column) | Self::Months(column) | Self::Seconds(column) => {
                Arc::new(column.finish())
            }
            Self::Bytes(column) => Arc::new(column.finish()),
            Self::Moment(column, true) => Arc::new(column.finish().with_timezone("UTC")),
            Self::Moment(column, false) => Arc::new(column.finish()),
            Self::Flag(column) => Arc::new(column.finish()),
        })
    }
}

fn fits(number: Option<&OracleNumber>, is_kept: bool) -> Taken {
    match number {
        Some(number) if !is_kept => Taken::misfit(number.to_string(), TOO_MANY_DIGITS),
        _ => Taken::Kept(0),
    }
}

fn put<T>(column: &mut StringBuilder, value: Option<&T>, text: impl FnOnce(&T) -> String) {
    column.append_option(value.map(text));
}

fn put_text(column: &mut StringBuilder, text: Option<&str>, most_bytes: usize) -> Taken {
    match text {
        Some(text) if text.len() > most_bytes => {
            column.append_null();
            Taken::misfit(format!("{} bytes", text.len()), TOO_LONG)
        }
        text => {
            column.append_option(text);
            Taken::Kept(text.map_or(0, str::len))
        }
    }
}

fn months(span: &OracleIntervalYM) -> String {
    let sign = if span.years() < 0 || span.months() < 0 { '-' } else { '+' };
    format!("{sign}{:02}-{:02}", span.years().unsigned_abs(), span.months().unsigned_abs())
}

fn seconds(span: &OracleIntervalDS) -> String {
    let negative =
        span.days() < 0 || span.hours() < 0 || span.minutes() < 0 || span.seconds() < 0 || span.nanoseconds() < 0;
    let mut text = String::from(if negative { "-" } else { "+" });
    let _ = write!(
        text,
        "{:03} {:02}:{:02}:{:02}.{:09}",
        span.days().unsigned_abs(),
        span.hours().unsigned_abs(),
        span.minutes().unsigned_abs(),
        span.seconds().unsigned_abs(),
        span.nanoseconds().unsigned_abs()
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_read_as_oracle_writes_them() {
        assert_eq!(months(&OracleIntervalYM::new(1, 2)), "+01-02");
        assert_eq!(months(&OracleIntervalYM::new(0, -3)), "-00-03");
        assert_eq!(seconds(&OracleIntervalDS::new(3, 4, 5, 6, 789_000_000)), "+003 04:05:06.789000000");
        assert_eq!(seconds(&OracleIntervalDS::new(0, 0, 0, -1, 0)), "-000 00:00:01.000000000");
    }
}
