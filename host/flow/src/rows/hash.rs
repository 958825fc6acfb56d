//! Hashes of rows: two rows that are equal in all columns have the same hash; two rows that differ have different
//! hashes, except with a probability of 1 in 2^64. Receipts keep sums of them, so that the hash of a value never changes:
//! `docs/operate/receipts.md` describes it for other readers, and `tests/cli/receipt.py` is one.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;

use crate::failure::Failure;

pub(crate) const SEED: u64 = 0x7769_6d73_686f_7374;
/// Microseconds per day.
const DAY: i64 = 86_400_000_000;
/// The number that represents NULL.
pub(crate) const NULL: u64 = 0x6e75_6c6c_6e75_6c6c;

/// The way in which rows of one side are hashed, so that their hashes can be compared with those of the other.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hashing {
    /// As Oracle stores values: an empty text is NULL, Booleans and integers are decimals, dates are timestamps.
    pub(crate) as_oracle: bool,
}

/// Returns a hash for each row, over these columns in this order.
pub(crate) fn row_hashes(rows: &RecordBatch, columns: &[String], hashing: Hashing) -> Result<Vec<u64>, Failure> {
    let mut hashes = vec![SEED; rows.num_rows()];
    for name in columns {
        let column = rows
            .column_by_name(name)
            .ok_or_else(|| Failure::permanent(format!("the batch lacks the column {name}")))?;
        mix_column(&mut hashes, column.as_ref(), hashing).ok_or_else(|| {
            Failure::permanent(format!("column {name}: values of type {} cannot be compared", column.data_type()))
        })?;
    }
    Ok(hashes)
}

/// Combines two numbers into one that depends on both.
#[inline]
pub(crate) fn mix(hash: u64, value: u64) -> u64 {
    let product = u128::from(hash ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    ((product >> 64) as u64) ^ (product as u64).rotate_left(23) ^ hash.rotate_left(7)
}

fn mix_column(hashes: &mut [u64], column: &dyn Array, hashing: Hashing) -> Option<()> {
    match column.data_type() {
        DataType::Boolean if hashing.as_oracle => {
            let array = column.as_boolean();
            each(hashes, column, |row| decimal(array.value(row).into(), 0));
        }
        DataType::Boolean => {
            let array = column.as_boolean();
            each(hashes, column, |row| u64::from(array.value(row)));
        }
        DataType::Int64 if hashing.as_oracle => {
            let values = column.as_primitive::<Int64Type>().values();
            each(hashes, column, |row| decimal(values[row].into(), 0));
        }
        DataType::Int64 => {
            let values = column.as_primitive::<Int64Type>().values();
            each(hashes, column, |row| values[row].cast_unsigned());
        }
        DataType::Float64 => {
            let values = column.as_primitive::<Float64Type>().values();
            each(hashes, column, |row| values[row].to_bits());
        }
        DataType::Decimal128(_, scale) => {
            let values = column.as_primitive::<Decimal128Type>().values();
            each(hashes, column, |row| decimal(values[row], *scale));
        }
        DataType::Utf8 => {
            let array = column.as_string::<i32>();
            each(hashes, column, |row| bytes(array.value(row).as_bytes(), hashing.as_oracle));
        }
        DataType::Binary => {
            let array = column.as_binary::<i32>();
            each(hashes, column, |row| bytes(array.value(row), hashing.as_oracle));
        }
        DataType::Date32 => {
            let values = column.as_primitive::<Date32Type>().values();
            let day = if hashing.as_oracle { DAY } else { 1 };
            each(hashes, column, |row| (i64::from(values[row]) * day).cast_unsigned());
        }
        DataType::Timestamp(..) => {
            let values = column.as_primitive::<TimestampMicrosecondType>().values();
            each(hashes, column, |row| values[row].cast_unsigned());
        }
        _ => return None,
    }
    Some(())
}

#[inline]
fn each(hashes: &mut [u64], column: &dyn Array, value: impl Fn(usize) -> u64) {
    if column.null_count() == 0 {
        for (row, hash) in hashes.iter_mut().enumerate() {
            *hash = mix(*hash, value(row));
        }
        return;
    }
    for (row, hash) in hashes.iter_mut().enumerate() {
        *hash = mix(*hash, if column.is_null(row) { NULL } else { value(row) });
    }
}

/// Hashes a decimal without its trailing zeros, so that a column of another scale has the same hash.
#[inline]
pub(crate) fn decimal(mut unscaled: i128, mut scale: i8) -> u64 {
    // Division of 128 bits costs many times that of 64, which hold nearly all numbers.
    if let Ok(mut narrow) = i64::try_from(unscaled) {
        while scale > 0 && narrow % 10 == 0 {
            (narrow, scale) = (narrow / 10, scale - 1);
        }
        return mix(mix(narrow.cast_unsigned(), (narrow >> 63).cast_unsigned()), u64::from(scale.cast_unsigned()));
    }
    while scale > 0 && unscaled % 10 == 0 {
        (unscaled, scale) = (unscaled / 10, scale - 1);
    }
    let bits = unscaled.cast_unsigned();
    mix(mix(bits as u64, (bits >> 64) as u64), u64::from(scale.cast_unsigned()))
}

/// Hashes bytes as their number and words of eight, the last one filled with zeros.
#[inline]
pub(crate) fn bytes(bytes: &[u8], empty_is_null: bool) -> u64 {
    if empty_is_null && bytes.is_empty() {
        return NULL;
    }
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = words.iter().fold(mix(SEED, bytes.len() as u64), |hash, word| mix(hash, u64::from_le_bytes(*word)));
    if rest.is_empty() {
        return hash;
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(hash, u64::from_le_bytes(last))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{
        ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, StringArray, TimestampMicrosecondArray,
    };

    use super::*;

    fn hashes(columns: Vec<(&str, ArrayRef)>, hashing: Hashing) -> Vec<u64> {
        let names: Vec<String> = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        let rows = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true)));
        row_hashes(&rows.expect("a batch"), &names, hashing).expect("hashes")
    }

    #[test]
    fn what_differs_has_another_number() {
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![Some(0), Some(1), None, Some(0), Some(0)]));
        let names: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), Some("a"), Some("a"), None, Some("")]));
        let mut found = hashes(vec![("id", ids), ("name", names)], Hashing::default());
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), 5);
    }

    #[test]
    fn the_hash_of_a_row_never_changes() {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("id", Arc::new(Int64Array::from(vec![-7]))),
            ("name", Arc::new(StringArray::from(vec!["a name of 21 letters."]))),
            ("none", Arc::new(StringArray::from(vec![None::<&str>]))),
            ("price", Arc::new(Decimal128Array::from(vec![1_250]).with_precision_and_scale(10, 3).expect("fits"))),
        ];
        let found = [false, true].map(|as_oracle| hashes(columns.clone(), Hashing { as_oracle })[0]);
        assert_eq!(found.map(|hash| format!("{hash:016x}")), ["212b4d985e8acfc9", "be7c5916fd246293"]);
    }

    #[test]
    fn a_wider_decimal_and_an_empty_text_may_be_the_same() {
        let decimals = |values: Vec<i128>, precision, scale| -> ArrayRef {
            Arc::new(Decimal128Array::from(values).with_precision_and_scale(precision, scale).expect("fits"))
        };
        let one = hashes(vec![("d", decimals(vec![1250, 0, -300], 10, 2))], Hashing::default());
        let two = hashes(vec![("d", decimals(vec![125_000, 0, -30_000], 12, 4))], Hashing::default());
        assert_eq!(one, two);
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some(""), None]));
        let same = hashes(vec![("t", texts)], Hashing { as_oracle: true });
        assert_eq!(same[0], same[1]);
    }

    #[test]
    fn what_oracle_keeps_in_another_type_is_the_same() {
        let wide = |values: Vec<i128>| -> ArrayRef {
            Arc::new(Decimal128Array::from(values).with_precision_and_scale(20, 0).expect("fits"))
        };
        let pairs: [(ArrayRef, ArrayRef); 3] = [
            (Arc::new(BooleanArray::from(vec![true, false])), wide(vec![1, 0])),
            (Arc::new(Int64Array::from(vec![-70, i64::MAX])), wide(vec![-70, i64::MAX.into()])),
            (
                Arc::new(Date32Array::from(vec![-1, 20_000])),
                Arc::new(TimestampMicrosecondArray::from(vec![-DAY, 20_000 * DAY])),
            ),
        ];
        for (one, two) in pairs {
            let [one, two] = [one, two].map(|column| hashes(vec![("c", column)], Hashing { as_oracle: true }));
            assert_eq!(one, two);
            assert_ne!(one[0], one[1]);
        }
    }
}
