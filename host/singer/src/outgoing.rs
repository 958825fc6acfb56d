//! Rows as messages: their schema, and each row as a record, by its digits.

use std::io::Write as _;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};
use wmshost_flow::type_name;
use wmshost_sql::{date_text, timestamp_text};

use crate::schema::EXACT_TYPE;

/// The form of decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decimals {
    /// JSON numbers.
    Numbers,
    /// Texts of the format `x-singer.decimal`, for targets that read numbers as floating-point ones.
    Texts,
}

/// Returns the JSON Schema of records with these columns.
pub(crate) fn schema_json(columns: &Schema, key: &[String], decimals: Decimals) -> Json {
    let property = |field: &Field| {
        let (kind, mut more) = property(field.data_type(), decimals);
        let is_key = key.contains(field.name());
        more.insert("type".to_owned(), if is_key { json!([kind]) } else { json!(["null", kind]) });
        more.insert(EXACT_TYPE.to_owned(), json!(type_name(field.data_type())));
        (field.name().clone(), Json::Object(more))
    };
    let properties: Map<_, _> = columns.fields().iter().map(|field| property(field)).collect();
    json!({"type": "object", "properties": properties})
}

/// The JSON type of a column, and what a schema says besides.
fn property(kind: &DataType, decimals: Decimals) -> (&'static str, Map<String, Json>) {
    let of = |pairs: &[(&str, Json)]| pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    match kind {
        DataType::Boolean => ("boolean", Map::new()),
        DataType::Int64 => ("integer", of(&[("minimum", json!(i64::MIN)), ("maximum", json!(i64::MAX))])),
        DataType::Decimal128(precision, scale) if decimals == Decimals::Texts => {
            let format = ("format", json!("x-singer.decimal"));
            ("string", of(&[format, ("precision", json!(precision)), ("scale", json!(scale))]))
        }
        DataType::Float64 | DataType::Decimal128(..) => ("number", Map::new()),
        DataType::Binary => ("string", of(&[("contentEncoding", json!("base64"))])),
        DataType::Date32 => ("string", of(&[("format", json!("date"))])),
        DataType::Timestamp(..) => ("string", of(&[("format", json!("date-time"))])),
        _ => ("string", Map::new()),
    }
}

/// The values of a column of a batch.
enum Values<'a> {
    Boolean(&'a BooleanArray),
    Int64(&'a Int64Array),
    Float64(&'a Float64Array),
    Decimal(&'a Decimal128Array, i8),
    Text(&'a StringArray),
    Binary(&'a BinaryArray),
    Date(&'a Date32Array),
    Timestamp(&'a TimestampMicrosecondArray, &'static str),
}

impl<'a> Values<'a> {
    /// The values of an array; `None` if it is of a type that no driver produces.
    fn of(array: &'a dyn Array) -> Option<Self> {
        Some(match array.data_type() {
            DataType::Boolean => Self::Boolean(array.as_boolean()),
            DataType::Int64 => Self::Int64(array.as_primitive::<Int64Type>()),
            DataType::Float64 => Self::Float64(array.as_primitive::<Float64Type>()),
            DataType::Decimal128(_, scale) => Self::Decimal(array.as_primitive::<Decimal128Type>(), *scale),
            DataType::Utf8 => Self::Text(array.as_string::<i32>()),
            DataType::Binary => Self::Binary(array.as_binary::<i32>()),
            DataType::Date32 => Self::Date(array.as_primitive::<Date32Type>()),
            DataType::Timestamp(_, zone) => {
                let offset = if zone.is_some() { "+00:00" } else { "" };
                Self::Timestamp(array.as_primitive_opt::<TimestampMicrosecondType>()?, offset)
            }
            _ => return None,
        })
    }
}

/// The writer of a stream's messages.
#[derive(Debug)]
pub struct Writer {
    /// The messages' member with the stream's name.
    stream: String,
    /// Each column that records have: its place in a batch, and its name as a member.
    columns: Vec<(usize, String)>,
    schema: String,
    decimals: Decimals,
}

impl Writer {
    /// A writer of records with the columns for which `has` is true. Their key is always among these.
    pub fn new(
        name: &str,
        (columns, key): (&Schema, &[String]),
        change_key: Option<&str>,
        decimals: Decimals,
        has: impl Fn(&str) -> bool,
    ) -> Self {
        let is_kept = |field: &Field| {
            let name = field.name();
            key.contains(name) || change_key == Some(name) || has(name)
        };
        let kept = columns.fields().iter().enumerate().filter(|(_, field)| is_kept(field));
        let (places, fields): (Vec<usize>, Vec<_>) = kept.map(|(at, field)| (at, field.clone())).unzip();
        let stream = format!("\"stream\":{}", Json::from(name));
        let kept = Schema::new(fields);
        let bookmark = change_key.map(|name| format!(",\"bookmark_properties\":{}", json!([name]))).unwrap_or_default();
        let schema = format!(
            "{{\"type\":\"SCHEMA\",{stream},\"schema\":{},\"key_properties\":{}{bookmark}}}\n",
            schema_json(&kept, key, decimals),
            json!(key)
        );
        let member = |(place, field): (usize, &std::sync::Arc<Field>)| {
            (place, format!("{}:", Json::from(field.name().as_str())))
        };
        let columns = places.into_iter().zip(kept.fields()).map(member).collect();
        Self { stream, columns, schema, decimals }
    }

    /// The SCHEMA message.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The message that activates a version.
    pub fn activate(&self, version: i64) -> String {
        format!("{{\"type\":\"ACTIVATE_VERSION\",{},\"version\":{version}}}\n", self.stream)
    }

    /// Appends the rows of a batch as RECORD messages that were extracted at this time. Returns the rows that have a value
    /// without a form in JSON, each with the column; they are left out.
    pub fn records(
        &self,
        rows: &RecordBatch,
        version: Option<i64>,
        extracted: i64,
        out: &mut Vec<u8>,
    ) -> Result<Vec<(usize, String)>, String> {
        let schema = rows.schema();
        let mut values = Vec::with_capacity(self.columns.len());
        for (place, member) in &self.columns {
            let column = rows.columns().get(*place).ok_or("a batch has fewer columns than its stream")?;
            let kind = column.data_type();
            let known = Values::of(column.as_ref()).ok_or_else(|| format!("the type {kind} has no form in JSON"))?;
            values.push((member.as_str(), column.nulls(), known, *place));
        }
        let head = format!("{{\"type\":\"RECORD\",{},\"record\":{{", self.stream);
        let version = version.map(|version| format!(",\"version\":{version}")).unwrap_or_default();
        let tail = format!("}}{version},\"time_extracted\":\"{}\"}}\n", moment(extracted, "+00:00"));
        let mut refused = Vec::new();
        for row in 0..rows.num_rows() {
            let begun = out.len();
            out.extend_from_slice(head.as_bytes());
            let mut is_whole = true;
            for (at, (member, nulls, values, place)) in values.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(member.as_bytes());
                if nulls.is_some_and(|nulls| nulls.is_null(row)) {
                    out.extend_from_slice(b"null");
                } else if !self.value(values, row, out) {
                    refused.push((row, schema.field(*place).name().clone()));
                    is_whole = false;
                    break;
                }
            }
            if is_whole {
                out.extend_from_slice(tail.as_bytes());
            } else {
                out.truncate(begun);
            }
        }
        Ok(refused)
    }

    /// Appends a value; returns false if it has no form in JSON.
    fn value(&self, values: &Values<'_>, row: usize, out: &mut Vec<u8>) -> bool {
        // Writing into memory does not fail.
        let _ = match values {
            Values::Boolean(values) => write!(out, "{}", values.value(row)),
            Values::Int64(values) => write!(out, "{}", values.value(row)),
            Values::Float64(values) => match values.value(row) {
                value if value.is_finite() => write!(out, "{value:?}"),
                _ => return false,
            },
            Values::Decimal(values, scale) => {
                let quote = if self.decimals == Decimals::Texts { "\"" } else { "" };
                write!(out, "{quote}{}{quote}", digits(values.value(row), *scale))
            }
            Values::Text(values) => return serde_json::to_writer(out, values.value(row)).is_ok(),
            Values::Binary(values) => write!(out, "\"{}\"", STANDARD.encode(values.value(row))),
            Values::Date(values) => write!(out, "\"{}\"", date_text(values.value(row).into())),
            Values::Timestamp(values, offset) => write!(out, "\"{}\"", moment(values.value(row), offset)),
        };
        true
    }
}

/// A moment as text in RFC 3339.
pub(crate) fn moment(micros: i64, offset: &str) -> String {
    timestamp_text(micros).replacen(' ', "T", 1) + offset
}

/// The digits of a decimal.
fn digits(unscaled: i128, scale: i8) -> String {
    let Ok(scale @ 1..) = usize::try_from(scale) else { return unscaled.to_string() };
    let mut text = format!("{:0width$}", unscaled.unsigned_abs(), width = scale + 1);
    text.insert(text.len() - scale, '.');
    if unscaled < 0 {
        text.insert(0, '-');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_schema::TimeUnit;
    use wmshost_flow::row_from_json;

    use super::*;
    use crate::message::{Message, parse};
    use crate::schema::columns;

    fn kinds() -> Schema {
        let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let kinds = [
            ("id", DataType::Int64),
            ("b", DataType::Boolean),
            ("f", DataType::Float64),
            ("d", DataType::Decimal128(38, 3)),
            ("t", DataType::Utf8),
            ("x", DataType::Binary),
            ("day", DataType::Date32),
            ("at", DataType::Timestamp(TimeUnit::Microsecond, None)),
            ("utc", zoned),
        ];
        Schema::new(kinds.map(|(name, kind)| Field::new(name, kind, true)).to_vec())
    }

    #[test]
    fn values_are_written_by_their_digits_and_types_come_back() {
        let row = concat!(
            r#"{"id":9007199254740993,"b":true,"f":0.1,"d":"-12345678901234567890123456789012345.050","t":"a \"b\"\n","#,
            r#""x":"00ff","day":"2024-02-29","at":"2026-01-31 06:00:00.000001","utc":"1969-12-31 23:59:59.999999Z"}"#
        );
        let kinds = kinds();
        let rows = row_from_json(row, &Arc::new(kinds.clone())).expect("a row");
        let key = ["id".to_owned()];
        for (decimals, number) in [
            (Decimals::Numbers, "-12345678901234567890123456789012345.050"),
            (Decimals::Texts, "\"-12345678901234567890123456789012345.050\""),
        ] {
            let writer = Writer::new("s", (&kinds, &key), None, decimals, |_| true);
            let mut out = Vec::new();
            assert_eq!(writer.records(&rows, Some(7), 0, &mut out), Ok(Vec::new()));
            let record = format!(
                "{{\"type\":\"RECORD\",\"stream\":\"s\",\"record\":{{\"id\":9007199254740993,\"b\":true,\"f\":0.1,\"d\":{number},\
                 \"t\":\"a \\\"b\\\"\\n\",\"x\":\"AP8=\",\"day\":\"2024-02-29\",\"at\":\"2026-01-31T06:00:00.000001\",\
                 \"utc\":\"1969-12-31T23:59:59.999999+00:00\"}},\"version\":7,\"time_extracted\":\"1970-01-01T00:00:00.000000+00:00\"}}\n"
            );
            assert_eq!(String::from_utf8(out).expect("UTF-8"), record);
            let Ok(Message::Schema { schema, key, .. }) = parse(writer.schema()) else { panic!("a SCHEMA") };
            let back = columns(schema, &key).expect("columns");
            for column in back.columns {
                let before = kinds.field_with_name(column.field.name()).expect("a column");
                assert_eq!(column.field.data_type(), before.data_type());
            }
        }
    }

    #[test]
    fn a_number_without_a_form_in_json_makes_its_row_a_bad_one() {
        let schema = Arc::new(Schema::new(vec![Field::new("f", DataType::Float64, true)]));
        let floats = Float64Array::from(vec![Some(1.0), Some(f64::NAN), None]);
        let rows = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(floats)]).expect("rows");
        let writer = Writer::new("s", (&schema, &[]), None, Decimals::Numbers, |_| true);
        let mut out = Vec::new();
        assert_eq!(writer.records(&rows, None, 0, &mut out), Ok(vec![(1, "f".to_owned())]));
        let text = String::from_utf8(out).expect("UTF-8");
        assert_eq!((text.lines().count(), text.contains("\"f\":1.0"), text.contains("\"f\":null")), (2, true, true));
    }

    #[test]
    fn columns_that_are_left_out_are_in_neither_schema_nor_record() {
        let key = ["id".to_owned()];
        let writer = Writer::new("s", (&kinds(), &key), Some("utc"), Decimals::Numbers, |column| column == "t");
        let names: Vec<&str> = writer.columns.iter().map(|(_, member)| member.as_str()).collect();
        assert_eq!(names, ["\"id\":", "\"t\":", "\"utc\":"]);
        assert!(!writer.schema().contains("\"day\"") && writer.schema().contains("\"bookmark_properties\":[\"utc\"]"));
    }

    #[test]
    fn decimals_are_written_with_their_scale() {
        for (unscaled, scale, text) in
            [(0, 2, "0.00"), (5, 3, "0.005"), (-5, 1, "-0.5"), (12_345, 2, "123.45"), (-7, 0, "-7")]
        {
            assert_eq!(digits(unscaled, scale), text);
        }
    }
}
