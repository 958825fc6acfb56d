//! Converts rows from quarantine back to columns: the inverse of a row as JSON.

use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, SchemaRef};
use serde_json::Value as Json;
use wmshost_sql::timestamp_from_text;

use crate::failure::Failure;
use crate::metadata::json::unhex;

/// Returns the row in JSON as a batch of one row with these columns. Columns that the row does not have are NULL,
/// others of its values are left out: it may have been rejected after some transforms. Fails, naming the column, if a
/// value does not fit.
pub fn row_from_json(row: &str, columns: &SchemaRef) -> Result<RecordBatch, Failure> {
    let row: Json =
        serde_json::from_str(row).map_err(|error| Failure::permanent(format!("the row is not JSON: {error}")))?;
    let cell = |field: &Arc<Field>| {
        let value = row.get(field.name()).unwrap_or(&Json::Null);
        cell(&as_kept(value, field.data_type()), field.data_type()).ok_or_else(|| {
            Failure::permanent(format!("column {}: {}", field.name(), objection(value, field.data_type())))
        })
    };
    let cells = columns.fields().iter().map(cell).collect::<Result<Vec<_>, _>>()?;
    let nullable: Vec<_> = columns.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    RecordBatch::try_new(Arc::new(arrow_schema::Schema::new(nullable)), cells)
        .map_err(|error| Failure::permanent(format!("the row does not fit the stream's columns: {error}")))
}

/// Returns a value in the JSON form for a column of this type. A rejected row contains values that did not fit as the
/// database stored them: a number becomes its digits if text is expected now, and digits become a number if one is.
fn as_kept(value: &Json, data_type: &DataType) -> Json {
    match (value, data_type) {
        (Json::Number(number), DataType::Utf8 | DataType::Decimal128(..)) => Json::String(number.to_string()),
        (Json::String(text), DataType::Int64) => text.parse::<i64>().map_or_else(|_| value.clone(), Json::from),
        (Json::Object(stored), DataType::Binary) => stored.get("bytes").unwrap_or(value).clone(),
        _ => value.clone(),
    }
}

/// Returns the reason why a value does not fit.
fn objection(value: &Json, data_type: &DataType) -> String {
    match (value.get("too_large"), value.get("bytes")) {
        (Some(size), _) => format!(
            "the value was too large to be kept ({}); raise lob_mib of the source's connection, and let the row be \
             read again",
            size.as_str().unwrap_or("its size is not known")
        ),
        (_, Some(_)) => "its bytes are not UTF-8 text".to_owned(),
        _ => format!("the value is not a valid {data_type}"),
    }
}

/// Returns one value as a column of one row; `None` if it does not fit the type.
fn cell(value: &Json, data_type: &DataType) -> Option<ArrayRef> {
    macro_rules! one {
        ($builder:expr, $value:expr) => {{
            let mut builder = $builder;
            match value {
                Json::Null => builder.append_null(),
                _ => builder.append_value($value?),
            }
            Arc::new(builder.finish()) as ArrayRef
        }};
    }
    Some(match data_type {
        DataType::Boolean => one!(BooleanBuilder::new(), value.as_bool()),
        DataType::Int64 => one!(Int64Builder::new(), value.as_i64()),
        DataType::Float64 => {
            one!(Float64Builder::new(), value.as_f64().or_else(|| value.as_str()?.parse().ok()))
        }
        DataType::Decimal128(precision, scale) => {
            let builder = Decimal128Builder::new().with_data_type(data_type.clone());
            one!(builder, decimal(value.as_str()?, *precision, *scale))
        }
        DataType::Utf8 => one!(StringBuilder::new(), value.as_str()),
        DataType::Binary => one!(BinaryBuilder::new(), unhex(value.as_str()?)),
        DataType::Date32 => one!(Date32Builder::new(), days(value.as_str()?)),
        DataType::Timestamp(..) => {
            let builder = TimestampMicrosecondBuilder::new().with_data_type(data_type.clone());
            one!(builder, timestamp_from_text(value.as_str()?))
        }
        _ => return None,
    })
}

fn days(text: &str) -> Option<i32> {
    i32::try_from(timestamp_from_text(text)?.div_euclid(86_400_000_000)).ok()
}

/// Returns the unscaled number of a decimal in text; `None` if it does not fit this precision and scale.
fn decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let (whole, behind) = text.split_once('.').unwrap_or((text, ""));
    let scale = usize::try_from(scale).ok()?;
    if behind.len() > scale || !behind.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let unscaled: i128 = format!("{whole}{behind:0<scale$}").parse().ok()?;
    (unscaled.unsigned_abs() < 10_u128.pow(u32::from(precision))).then_some(unscaled)
}

#[cfg(test)]
mod tests {
    use arrow_schema::{Schema, TimeUnit};

    use super::*;
    use crate::rows::cell_json::row_as_json;

    #[test]
    fn a_row_comes_back_from_its_json() {
        let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let kinds = [
            ("b", DataType::Boolean),
            ("i", DataType::Int64),
            ("f", DataType::Float64),
            ("d", DataType::Decimal128(12, 3)),
            ("t", DataType::Utf8),
            ("x", DataType::Binary),
            ("day", DataType::Date32),
            ("at", DataType::Timestamp(TimeUnit::Microsecond, None)),
            ("utc", zoned),
            ("none", DataType::Utf8),
        ];
        let columns: SchemaRef = Arc::new(Schema::new(kinds.map(|(name, kind)| Field::new(name, kind, true)).to_vec()));
        let row = concat!(
            r#"{"b":true,"i":-7,"f":0.1,"d":"-12.500","t":"a \"b\"","x":"00ff","day":"2024-02-29","#,
            r#""at":"2026-01-31 06:00:00.000001","utc":"1969-12-31 23:59:59.999999Z","none":null}"#
        );
        assert_eq!(row_as_json(&row_from_json(row, &columns).expect("a row"), 0), row);
    }

    #[test]
    fn a_value_that_does_not_fit_is_reported_with_its_column() {
        for (kind, row) in [
            (DataType::Int64, r#"{"c":"x"}"#),
            (DataType::Decimal128(3, 2), r#"{"c":"12.34"}"#),
            (DataType::Decimal128(5, 1), r#"{"c":"1.25"}"#),
            (DataType::Date32, r#"{"c":"2024-02-30"}"#),
            (DataType::Binary, r#"{"c":"0"}"#),
        ] {
            let columns: SchemaRef = Arc::new(Schema::new(vec![Field::new("c", kind, true)]));
            let failure = row_from_json(row, &columns).expect_err(row);
            assert!(failure.to_string().contains("column c"), "{failure}");
        }
    }
}
