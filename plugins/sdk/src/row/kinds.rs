//! The types of columns, as the head of a function names them.

use crate::batch::Rows;
use crate::columns::{Column, Decimals, Number, Numbers, TextWriter, Texts, Times};
use crate::contract::types::{ColumnType, DecimalType, Zone};
use crate::failure::{Result, permanent};
use crate::schema::Input;

/// A type of column that a function reads.
pub trait Read {
    /// The column.
    type Column;
    /// A value of it.
    type Value<'c>;
    /// Expects a column of this type.
    fn expect(input: &mut Input<'_>, name: &str);
    /// Reads the column.
    fn read(rows: &Rows<'_>, name: &str) -> Result<Self::Column>;
    /// Returns the value of a row; `None` where it is NULL.
    fn value(column: &Self::Column, row: usize) -> Option<Self::Value<'_>>;
}

/// A type of column that a function writes.
pub trait Write {
    /// A value of it.
    type Value;
    /// Its type in the contract.
    const KIND: ColumnType;
    /// Writes the column.
    fn write(values: Vec<Option<Self::Value>>, rows: &Rows<'_>, name: &str) -> Result<()>;
}

/// Text in UTF-8.
#[derive(Debug)]
pub enum Text {}
/// Whole numbers.
#[derive(Debug)]
pub enum Int64 {}
/// Binary floating point numbers.
#[derive(Debug)]
pub enum Float64 {}
/// True and false.
#[derive(Debug)]
pub enum Boolean {}
/// Days since 1970-01-01.
#[derive(Debug)]
pub enum Date {}
/// Wall-clock readings: microseconds since 1970-01-01T00:00:00.
#[derive(Debug)]
pub enum Timestamp {}
/// Instants: microseconds since 1970-01-01T00:00:00 UTC.
#[derive(Debug)]
pub enum TimestampUtc {}
/// An exact number of at most `PRECISION` digits, `SCALE` of them after the point.
#[derive(Debug)]
pub enum Decimal<const PRECISION: u8, const SCALE: u8> {}

impl Read for Text {
    type Column = Texts;
    type Value<'c> = &'c str;

    fn expect(input: &mut Input<'_>, name: &str) {
        input.text(&[name]);
    }
    fn read(rows: &Rows<'_>, name: &str) -> Result<Texts> {
        rows.texts(name)
    }
    fn value(column: &Texts, row: usize) -> Option<&str> {
        column.get(row)
    }
}

impl Write for Text {
    type Value = String;
    const KIND: ColumnType = ColumnType::Utf8;

    fn write(values: Vec<Option<String>>, rows: &Rows<'_>, name: &str) -> Result<()> {
        let bytes = values.iter().flatten().map(String::len).sum();
        let mut writer = TextWriter::with_capacity(values.len(), bytes);
        values.iter().for_each(|value| writer.push_option(value.as_deref()));
        rows.write(name, writer)
    }
}

impl Read for Number {
    type Column = Numbers;
    type Value<'c> = Self;

    fn expect(input: &mut Input<'_>, name: &str) {
        input.number(&[name]);
    }
    fn read(rows: &Rows<'_>, name: &str) -> Result<Numbers> {
        rows.numbers(name)
    }
    fn value(column: &Numbers, row: usize) -> Option<Self> {
        column.get(row)
    }
}

impl<const PRECISION: u8, const SCALE: u8> Write for Decimal<PRECISION, SCALE> {
    type Value = Number;
    const KIND: ColumnType = ColumnType::Decimal(DecimalType { precision: PRECISION, scale: SCALE });

    fn write(values: Vec<Option<Number>>, rows: &Rows<'_>, name: &str) -> Result<()> {
        let kind = DecimalType { precision: PRECISION, scale: SCALE };
        let (column, misfits) = Decimals::of_numbers(kind, values.into_iter());
        match misfits.iter().next() {
            None => rows.write(name, column),
            Some(row) => {
                let row = row + 1;
                Err(permanent(format!("column {name}: row {row} does not fit decimal({PRECISION}, {SCALE})")))
            }
        }
    }
}

/// Implements a type whose values are copied, for reading and writing.
macro_rules! copied {
    ($($kind:ident $value:ty, $read:ident $expected:literal;)*) => {$(
        impl Read for $kind {
            type Column = Column<$value>;
            type Value<'c> = $value;

            fn expect(input: &mut Input<'_>, name: &str) {
                input.expect(&[name], $expected, |kind| kind == ColumnType::$kind);
            }
            fn read(rows: &Rows<'_>, name: &str) -> Result<Column<$value>> {
                rows.$read(name)
            }
            fn value(column: &Column<$value>, row: usize) -> Option<$value> {
                column.get(row)
            }
        }

        impl Write for $kind {
            type Value = $value;
            const KIND: ColumnType = ColumnType::$kind;

            fn write(values: Vec<Option<$value>>, rows: &Rows<'_>, name: &str) -> Result<()> {
                rows.write(name, values.into_iter().collect::<Column<$value>>())
            }
        }
    )*};
}

copied! {
    Int64 i64, int64s "int64";
    Float64 f64, float64s "float64";
    Boolean bool, booleans "boolean";
    Date i32, dates "date";
}

/// Implements a type of timestamps.
macro_rules! timestamps {
    ($($kind:ident $zone:path, $expected:literal;)*) => {$(
        impl Read for $kind {
            type Column = Times;
            type Value<'c> = i64;

            fn expect(input: &mut Input<'_>, name: &str) {
                input.expect(&[name], $expected, |kind| kind == ColumnType::Timestamp($zone));
            }
            fn read(rows: &Rows<'_>, name: &str) -> Result<Times> {
                rows.timestamps(name)
            }
            fn value(times: &Times, row: usize) -> Option<i64> {
                times.column.get(row)
            }
        }

        impl Write for $kind {
            type Value = i64;
            const KIND: ColumnType = ColumnType::Timestamp($zone);

            fn write(values: Vec<Option<i64>>, rows: &Rows<'_>, name: &str) -> Result<()> {
                rows.write(name, Times { zone: $zone, column: values.into_iter().collect() })
            }
        }
    )*};
}

timestamps! {
    Timestamp Zone::None, "timestamp";
    TimestampUtc Zone::Utc, "timestamp in UTC";
}
