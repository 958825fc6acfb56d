//! Batches as the driver binds them. Everything that Oracle would change silently is found here: it rounds fractions of
//! a second, pads, and treats an empty text as NULL.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Date32Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow_schema::{DataType, Field, Schema};

use super::table::Column;
use crate::oracle::charset::Charset;
use crate::oracle::moment::MICROS;

const DAY: i64 = 86_400_000_000;

/// The columns of a batch as they are bound, with the audit columns after them.
pub(crate) struct BoundRows {
    /// The rows to bind.
    pub(crate) rows: RecordBatch,
}

impl BoundRows {
    /// Encodes a batch for these columns of the table, or returns the first row that cannot be bound as it is.
    pub(crate) fn encode(
        rows: &RecordBatch,
        columns: &[&Column],
        charset: &Charset,
        run_id: &str,
        loaded_at: i64,
    ) -> Result<Self, Unstorable> {
        let schema = rows.schema();
        let encoded = rows.columns().iter().zip(columns).enumerate().map(|(at, (values, column))| {
            encode(values, column, charset).map_err(|(row, why)| {
                let name = schema.field(at).name();
                Unstorable { row, why: format!("column {name}: {why}") }
            })
        });
        let mut encoded = encoded.collect::<Result<Vec<_>, _>>()?;
        let count = rows.num_rows();
        encoded.push(Arc::new(StringArray::from_iter_values(std::iter::repeat_n(run_id, count))));
        encoded.push(Arc::new(TimestampMicrosecondArray::from_value(loaded_at, count)));
        let fields: Vec<Field> = encoded
            .iter()
            .enumerate()
            .map(|(at, values)| Field::new(format!("c{at}"), values.data_type().clone(), true))
            .collect();
        let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), encoded)
            .map_err(|error| Unstorable { row: 0, why: error.to_string() })?;
        Ok(Self { rows })
    }
}

/// A row that cannot be bound as it is.
pub(crate) struct Unstorable {
    /// Its place in the batch.
    pub(crate) row: usize,
    /// Why, with the column.
    pub(crate) why: String,
}

/// A column's values as they are bound; else the first row that cannot be, and why.
fn encode(values: &ArrayRef, column: &Column, charset: &Charset) -> Result<ArrayRef, (usize, String)> {
    let because = |row: usize| move |why: &str| (row, why.to_owned());
    Ok(match values.data_type() {
        DataType::Boolean => {
            let flags = values.as_boolean().iter().map(|flag| flag.map(i64::from));
            Arc::new(flags.collect::<Int64Array>())
        }
        DataType::Utf8 => {
            let texts = values.as_string::<i32>();
            check_letters(texts, charset)?;
            text(texts, column, charset)
        }
        DataType::Date32 => {
            for (row, days) in values.as_primitive::<Date32Type>().iter().enumerate() {
                check_year(days.map(|days| i64::from(days) * DAY)).map_err(because(row))?;
            }
            Arc::clone(values)
        }
        DataType::Timestamp(..) => {
            let values = values.as_primitive::<TimestampMicrosecondType>();
            let step = 10_i64.pow(6_u32.saturating_sub(column.second_digits));
            for (row, micros) in values.iter().enumerate() {
                check_year(micros).map_err(because(row))?;
                if micros.is_some_and(|micros| micros % step != 0) {
                    return Err(because(row)("the column keeps fewer digits of a second than the value has"));
                }
            }
            // The session's zone is UTC, so a moment without a zone is one in UTC.
            Arc::new(values.clone().with_timezone_opt(None::<Arc<str>>))
        }
        _ => Arc::clone(values),
    })
}

/// Finds the first text with a letter that the database would change. The letters were learnt before.
fn check_letters(texts: &StringArray, charset: &Charset) -> Result<(), (usize, String)> {
    if charset.is_unicode() || texts.value_data().is_ascii() {
        return Ok(());
    }
    let lost = |(row, text): (usize, Option<&str>)| Some((row, charset.lost(text?)?));
    match texts.iter().enumerate().find_map(lost) {
        Some((row, letter)) => Err((row, charset.reason(letter))),
        None => Ok(()),
    }
}

/// An empty text is NULL to Oracle; a text shorter than a column of fixed length is padded as Oracle would.
fn text(values: &StringArray, column: &Column, charset: &Charset) -> ArrayRef {
    let has_empty = values.iter().any(|text| text == Some(""));
    if !has_empty && column.padded_to == 0 {
        return Arc::new(values.clone());
    }
    let padded = |text: &str| {
        let length = if column.counts_bytes { charset.bytes_of(text) } else { text.chars().count() };
        format!("{text}{}", " ".repeat(column.padded_to.saturating_sub(length)))
    };
    let texts = values.iter().map(|text| text.filter(|text| !text.is_empty()).map(padded));
    Arc::new(texts.collect::<StringArray>())
}

fn check_year(micros: Option<i64>) -> Result<(), &'static str> {
    match micros {
        Some(micros) if !MICROS.contains(&micros) => Err("the moment is outside of the years 1 to 9999"),
        _ => Ok(()),
    }
}

/// Appends the bytes that distinguish a row's key from others, NULLs included, to `out`.
pub(crate) fn key_bytes(rows: &RecordBatch, key: &[usize], row: usize, out: &mut Vec<u8>) {
    use arrow_array::types::{Decimal128Type, Float64Type, Int64Type};
    for at in key {
        let values = rows.column(*at);
        if values.is_null(row) {
            out.push(0);
            continue;
        }
        out.push(1);
        match values.data_type() {
            DataType::Int64 => out.extend(values.as_primitive::<Int64Type>().value(row).to_le_bytes()),
            DataType::Decimal128(..) => out.extend(values.as_primitive::<Decimal128Type>().value(row).to_le_bytes()),
            DataType::Float64 => out.extend(values.as_primitive::<Float64Type>().value(row).to_bits().to_le_bytes()),
            DataType::Date32 => out.extend(values.as_primitive::<Date32Type>().value(row).to_le_bytes()),
            DataType::Timestamp(..) => {
                out.extend(values.as_primitive::<TimestampMicrosecondType>().value(row).to_le_bytes());
            }
            DataType::Utf8 => with_length(values.as_string::<i32>().value(row).as_bytes(), out),
            DataType::Binary => with_length(values.as_binary::<i32>().value(row), out),
            _ => {}
        }
    }
}

fn with_length(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend((bytes.len() as u64).to_le_bytes());
    out.extend(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(padded_to: usize, second_digits: u32) -> Column {
        Column {
            name: "c".into(),
            declared: "?".into(),
            arrow: None,
            nullable: true,
            padded_to,
            second_digits,
            counts_bytes: false,
            comparison: crate::oracle::write::table::Comparison::Plain,
            filled_by: None,
        }
    }

    fn unicode() -> Charset {
        Charset::named("AL32UTF8", &[])
    }

    #[test]
    fn a_letter_that_the_database_would_change_is_refused() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("Käse"), None, Some("Łódź")]));
        let western = Charset::named("WE8MSWIN1252", &[('ä', true), ('ó', true), ('Ł', false), ('ź', false)]);
        let (row, why) = encode(&texts, &column(0, 0), &western).expect_err("a letter");
        assert!(row == 2 && why.contains("U+0141") && why.contains("WE8MSWIN1252"), "{row} {why}");
        assert!(encode(&texts.slice(0, 2), &column(0, 0), &western).is_ok());
        assert!(encode(&texts, &column(0, 0), &unicode()).is_ok());
    }

    #[test]
    fn an_empty_text_is_null_and_a_short_one_padded() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), Some(""), None, Some("ä")]));
        let plain = encode(&texts, &column(0, 0), &unicode()).expect("texts");
        assert_eq!(plain.as_string::<i32>().iter().collect::<Vec<_>>(), [Some("a"), None, None, Some("ä")]);
        let padded = encode(&texts, &column(3, 0), &unicode()).expect("texts");
        assert_eq!(padded.as_string::<i32>().iter().collect::<Vec<_>>(), [Some("a  "), None, None, Some("ä  ")]);
        let bytes = Column { counts_bytes: true, ..column(3, 0) };
        let padded = encode(&texts, &bytes, &unicode()).expect("texts");
        assert_eq!(padded.as_string::<i32>().iter().collect::<Vec<_>>(), [Some("a  "), None, None, Some("ä ")]);
    }

    #[test]
    fn what_oracle_would_round_is_refused() {
        let moments: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![Some(1_000_000), Some(1_500_000)]));
        assert_eq!(encode(&moments, &column(0, 0), &unicode()).map_err(|(row, _)| row).err(), Some(1));
        assert!(encode(&moments, &column(0, 1), &unicode()).is_ok());
        let early: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![i64::MIN]));
        assert!(encode(&early, &column(0, 6), &unicode()).is_err());
    }

    #[test]
    fn keys_are_distinguished() {
        let texts = |a: [&str; 2]| -> RecordBatch {
            let columns = a.map(|text| Arc::new(StringArray::from(vec![text])) as ArrayRef);
            RecordBatch::try_from_iter(["a", "b"].into_iter().zip(columns)).expect("a batch")
        };
        let bytes = |rows: &RecordBatch| {
            let mut out = Vec::new();
            key_bytes(rows, &[0, 1], 0, &mut out);
            out
        };
        assert_ne!(bytes(&texts(["ab", "c"])), bytes(&texts(["a", "bc"])));
        assert_eq!(bytes(&texts(["ab", "c"])), bytes(&texts(["ab", "c"])));
    }
}
