//! The target's rows in the source's terms: with its column names, and with its types for the columns of the key.
//! Oracle returns names in upper case and has fewer types.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Decimal128Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array as _, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch};
use arrow_schema::{ArrowError, DataType, SchemaRef};

use crate::failure::Failure;

const DAY: i64 = 86_400_000_000;

/// Returns rows whose columns are those of `names`, in this order; those of the key have their types in `source`.
pub fn like_source(
    rows: &RecordBatch,
    names: &[String],
    key: &[String],
    source: &SchemaRef,
) -> Result<RecordBatch, Failure> {
    let mut columns = rows.columns().to_vec();
    for (column, name) in columns.iter_mut().zip(names).filter(|(_, name)| key.contains(name)) {
        let wanted = source.field_with_name(name).map_or(DataType::Null, |field| field.data_type().clone());
        *column = cast(column, &wanted).ok_or_else(|| {
            Failure::permanent(format!(
                "the key column {name} is {} in the target and {wanted} in the source, and has values that cannot be \
                 compared",
                column.data_type()
            ))
        })?;
    }
    let columns = names.iter().zip(columns).map(|(name, column)| (name, column, true));
    RecordBatch::try_from_iter_with_nullable(columns)
        .map_err(|error: ArrowError| Failure::permanent(format!("the target's rows: {error}")))
}

/// Casts values to another type; `None` if one of them does not fit it.
fn cast(column: &ArrayRef, wanted: &DataType) -> Option<ArrayRef> {
    Some(match (column.data_type(), wanted) {
        (found, wanted) if found == wanted => Arc::clone(column),
        (DataType::Timestamp(..), DataType::Timestamp(_, zone)) => {
            Arc::new(column.as_primitive::<TimestampMicrosecondType>().clone().with_timezone_opt(zone.clone()))
        }
        (DataType::Timestamp(..), DataType::Date32) => {
            let days = |micros: i64| (micros % DAY == 0).then(|| i32::try_from(micros / DAY).ok()).flatten();
            let values = column.as_primitive::<TimestampMicrosecondType>().iter();
            Arc::new(values.map(|value| all(value, days)).collect::<Option<Date32Array>>()?)
        }
        (DataType::Decimal128(_, scale), DataType::Int64) => {
            let whole = |value| i64::try_from(rescaled(value, *scale, 0)?).ok();
            let values = column.as_primitive::<Decimal128Type>().iter();
            Arc::new(values.map(|value| all(value, whole)).collect::<Option<Int64Array>>()?)
        }
        // Oracle has no Boolean columns before 23ai: they are 0 and 1 there.
        (DataType::Int64, DataType::Boolean) => {
            let truth = |value: i64| matches!(value, 0 | 1).then_some(value == 1);
            let values = column.as_primitive::<Int64Type>().iter();
            Arc::new(values.map(|value| all(value, truth)).collect::<Option<BooleanArray>>()?)
        }
        (DataType::Int64, DataType::Decimal128(precision, scale)) => {
            let values = column.as_primitive::<Int64Type>().iter();
            let values = values.map(|value| all(value, |value| rescaled(value.into(), 0, *scale)));
            decimals(values.collect::<Option<Decimal128Array>>()?, *precision, *scale)?
        }
        (DataType::Decimal128(_, found), DataType::Decimal128(precision, scale)) => {
            let values = column.as_primitive::<Decimal128Type>().iter();
            let values = values.map(|value| all(value, |value| rescaled(value, *found, *scale)));
            decimals(values.collect::<Option<Decimal128Array>>()?, *precision, *scale)?
        }
        _ => return None,
    })
}

/// Applies a function that may fail to a value that may be NULL.
fn all<T, U>(value: Option<T>, of: impl FnOnce(T) -> Option<U>) -> Option<Option<U>> {
    value.map_or(Some(None), |value| of(value).map(Some))
}

fn rescaled(value: i128, from: i8, to: i8) -> Option<i128> {
    let power = 10_i128.checked_pow(from.abs_diff(to).into())?;
    if to >= from { value.checked_mul(power) } else { (value % power == 0).then_some(value / power) }
}

fn decimals(values: Decimal128Array, precision: u8, scale: i8) -> Option<ArrayRef> {
    Some(Arc::new(values.with_precision_and_scale(precision, scale).ok()?))
}

#[cfg(test)]
mod tests {
    use arrow_array::TimestampMicrosecondArray;
    use arrow_schema::TimeUnit;

    use super::*;

    fn decimal(values: Vec<Option<i128>>, scale: i8) -> ArrayRef {
        decimals(Decimal128Array::from(values), 20, scale).expect("fits")
    }

    #[test]
    fn a_key_takes_the_sources_type_or_none() {
        let ints: ArrayRef = Arc::new(Int64Array::from(vec![Some(5), None]));
        assert_eq!(cast(&decimal(vec![Some(50), None], 1), &DataType::Int64).as_ref(), Some(&ints));
        assert_eq!(cast(&ints, &DataType::Decimal128(20, 1)), Some(decimal(vec![Some(50), None], 1)));
        assert_eq!(cast(&decimal(vec![Some(55)], 1), &DataType::Int64), None);
        assert_eq!(cast(&decimal(vec![Some(i128::MAX / 10)], 0), &DataType::Int64), None);
        let days: ArrayRef = Arc::new(Date32Array::from(vec![-1]));
        let moments = |micros| -> ArrayRef { Arc::new(TimestampMicrosecondArray::from(vec![micros])) };
        assert_eq!(cast(&moments(-DAY), &DataType::Date32), Some(days));
        assert_eq!(cast(&moments(1), &DataType::Date32), None);
        let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        assert_eq!(cast(&moments(7), &zoned).expect("a moment").data_type(), &zoned);
        assert_eq!(cast(&ints, &DataType::Utf8), None);
        let truths: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]));
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(0)]));
        assert_eq!(cast(&numbers, &DataType::Boolean), Some(truths));
        assert_eq!(cast(&ints, &DataType::Boolean), None);
    }
}
