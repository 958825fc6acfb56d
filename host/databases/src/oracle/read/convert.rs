//! Columns that were read as text or as moments, as values of the types that the pipeline declares.

use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder, TimestampMicrosecondBuilder,
};
use arrow_array::cast::AsArray as _;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, ArrayRef};
use arrow_schema::{ArrowError, DataType};
use wmshost_flow::SourceForm;

use crate::forms::{self, Conversion, Stored};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// A value that does not fit: its row, the value as text, and the reason.
pub(crate) type Misfit = (usize, String, String);

/// The column as the conversion makes it, with NULL in the place of values that do not fit, and those values.
pub(crate) fn converted(column: &ArrayRef, to: &Conversion) -> Result<(ArrayRef, Vec<Misfit>), ArrowError> {
    match to.form {
        Some(form) => from_text(column, form, &to.kind),
        None => Ok(dates(column)),
    }
}

/// Moments without a time of day as dates.
fn dates(column: &ArrayRef) -> (ArrayRef, Vec<Misfit>) {
    let (mut days, mut misfits) = (Date32Builder::with_capacity(column.len()), Vec::new());
    for (row, micros) in column.as_primitive::<TimestampMicrosecondType>().iter().enumerate() {
        let whole = micros.filter(|micros| micros.rem_euclid(DAY) == 0);
        if let (Some(micros), None) = (micros, whole) {
            let text = wmshost_flow::Value::Timestamp(micros).to_string();
            misfits.push((row, text, "has a time of day, which a date does not keep".to_owned()));
        }
        days.append_option(whole.and_then(|micros| i32::try_from(micros / DAY).ok()));
    }
    (Arc::new(days.finish()), misfits)
}

fn from_text(column: &ArrayRef, form: SourceForm, kind: &DataType) -> Result<(ArrayRef, Vec<Misfit>), ArrowError> {
    let mut misfits = Vec::new();
    // A CHAR is padded with blanks.
    let texts = column.as_string::<i32>().iter().map(|text| text.map(|text| text.trim_end_matches(' ')));
    let texts = texts.enumerate();
    let mut fitting = |row: usize, text: &str, is_fitting: bool| {
        if !is_fitting {
            let reason = forms::reason(form, kind, Stored::Text(text.as_bytes()));
            misfits.push((row, text.to_owned(), reason));
        }
    };
    macro_rules! build {
        ($builder:expr, $read:expr) => {{
            let mut builder = $builder;
            for (row, text) in texts {
                let value = text.and_then(|text| $read(Stored::Text(text.as_bytes())));
                if let Some(text) = text {
                    fitting(row, text, value.is_some());
                }
                builder.append_option(value);
            }
            builder.finish()
        }};
    }
    let array: ArrayRef = match kind {
        DataType::Boolean => Arc::new(build!(BooleanBuilder::new(), forms::word)),
        DataType::Int64 => Arc::new(build!(Int64Builder::new(), forms::whole)),
        DataType::Float64 => Arc::new(build!(Float64Builder::new(), forms::real)),
        DataType::Date32 => Arc::new(build!(Date32Builder::new(), |stored| forms::days(form, stored))),
        DataType::Decimal128(precision, scale) => {
            let read = |stored| forms::decimal(stored, *precision, scale.unsigned_abs());
            let values = build!(Decimal128Builder::new(), read);
            Arc::new(values.with_precision_and_scale(*precision, *scale)?)
        }
        DataType::Timestamp(_, zone) => {
            let read = |stored| forms::micros(form, zone.is_some(), stored);
            let values = build!(TimestampMicrosecondBuilder::new(), read);
            Arc::new(values.with_timezone_opt(zone.clone()))
        }
        _ => return Ok((Arc::clone(column), Vec::new())),
    };
    Ok((array, misfits))
}
