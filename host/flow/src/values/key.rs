//! The order of keys: the one order by which the rows of both sides are cut into ranges and joined. NULL comes before
//! all values; text and binary are compared by their bytes, everything else by value.

use std::cmp::Ordering;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, ArrayRef, RecordBatch};
use arrow_schema::DataType;

use crate::failure::Failure;
use crate::rows::cell_json::{key_in_words, row_as_json};
use crate::rows::hash::{Hashing, row_hashes};
use crate::rows::stored_value::StoredValue;

/// The keys of some rows, in the order of the rows.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    rows: RecordBatch,
}

/// One key.
#[derive(Debug, Clone)]
pub(crate) struct Bound(Keys);

impl Keys {
    /// Returns the keys of a batch.
    pub(crate) fn of(rows: &RecordBatch, key: &[String]) -> Result<Self, Failure> {
        let wrong = |error: arrow_schema::ArrowError| Failure::permanent(format!("the key's columns: {error}"));
        let schema = rows.schema();
        let places = key.iter().map(|name| schema.index_of(name)).collect::<Result<Vec<_>, _>>().map_err(wrong)?;
        Ok(Self { rows: rows.project(&places).map_err(wrong)? })
    }

    /// Returns their number.
    pub(crate) fn len(&self) -> usize {
        self.rows.num_rows()
    }

    /// Returns the key's columns.
    pub(crate) fn columns(&self) -> &RecordBatch {
        &self.rows
    }

    /// Returns the key of a row; rows are counted from 0.
    pub(crate) fn at(&self, row: usize) -> Bound {
        Bound(Self { rows: self.rows.slice(row, 1) })
    }

    /// Returns the last key; `None` if there is none.
    pub(crate) fn last(&self) -> Option<Bound> {
        self.len().checked_sub(1).map(|row| self.at(row))
    }

    /// Compares two keys; fails if their columns are of types that have no common order.
    pub(crate) fn order(&self, row: usize, other: &Self, other_row: usize) -> Result<Ordering, Failure> {
        for (at, (one, two)) in self.rows.columns().iter().zip(other.rows.columns()).enumerate() {
            match order_of_values(one, row, two, other_row) {
                Some(Ordering::Equal) => {}
                Some(decided) => return Ok(decided),
                None => {
                    return Err(Failure::permanent(format!(
                        "the key column {} is {} in one place and {} in another, which have no common order",
                        self.rows.schema().field(at).name(),
                        one.data_type(),
                        two.data_type()
                    )));
                }
            }
        }
        Ok(Ordering::Equal)
    }

    /// Returns whether any key is less than the one before it, and the number of keys that equal the one before them.
    pub(crate) fn steps(&self) -> Result<(bool, u64), Failure> {
        let (mut falls, mut equal) = (false, 0);
        if let [only] = self.rows.columns()
            && only.data_type() == &DataType::Int64
            && only.null_count() == 0
        {
            for pair in only.as_primitive::<Int64Type>().values().windows(2) {
                equal += u64::from(pair[0] == pair[1]);
                falls |= pair[0] > pair[1];
            }
            return Ok((falls, equal));
        }
        for row in 1..self.len() {
            match self.order(row - 1, self, row)? {
                Ordering::Less => {}
                Ordering::Equal => equal += 1,
                Ordering::Greater => falls = true,
            }
        }
        Ok((falls, equal))
    }

    /// Returns the first row whose key is not before the bound, provided that the keys are in order.
    pub(crate) fn first_not_before(&self, bound: &Bound) -> Result<usize, Failure> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.order(middle, &bound.0, 0)?.is_lt() { low = middle + 1 } else { high = middle }
        }
        Ok(low)
    }
}

impl Bound {
    /// Returns a hash of the key, the same for equal keys.
    pub(crate) fn number(&self, key: &[String]) -> Result<Option<u64>, Failure> {
        Ok(row_hashes(&self.0.rows, key, Hashing::default())?.pop())
    }

    /// Returns the key as a JSON object.
    pub(crate) fn as_json(&self) -> String {
        row_as_json(&self.0.rows, 0)
    }

    /// Returns the values of its columns; `None` if one has no order.
    pub(crate) fn values(&self) -> Option<Vec<StoredValue<Vec<u8>>>> {
        let value = |column: &ArrayRef| StoredValue::of(column.as_ref(), 0).map(StoredValue::to_owned);
        self.0.rows.columns().iter().map(value).collect()
    }

    /// Compares this key with another.
    pub(crate) fn order(&self, other: &Self) -> Result<Ordering, Failure> {
        self.0.order(0, &other.0, 0)
    }
}

/// A check of a side's keys: that they are in order, and how many rows have the key of the row before them.
#[derive(Debug, Default)]
pub(crate) struct InOrder {
    last: Option<Bound>,
    /// The number of rows with the key of the row before them.
    pub(crate) duplicates: u64,
}

impl InOrder {
    /// Checks further keys; calls `twice` for each row that has the key of the row before it. Fails, naming the keys,
    /// if a key is before the last one.
    pub(crate) fn follow(&mut self, keys: &Keys, mut twice: impl FnMut(usize)) -> Result<(), Failure> {
        for row in 0..keys.len() {
            let order = match (row, &self.last) {
                (0, None) => continue,
                (0, Some(last)) => last.0.order(0, keys, 0)?,
                _ => keys.order(row - 1, keys, row)?,
            };
            match order {
                Ordering::Less => {}
                Ordering::Equal => {
                    self.duplicates += 1;
                    twice(row);
                }
                Ordering::Greater => {
                    let names: Vec<_> = keys.rows.schema().fields().iter().map(|field| field.name().clone()).collect();
                    let (before, at) = match (row, &self.last) {
                        (0, Some(last)) => (&last.0, 0),
                        _ => (keys, row.saturating_sub(1)),
                    };
                    return Err(Failure::permanent(format!(
                        "rows are not in the order of their key: one{} comes after one{}",
                        key_in_words(&keys.rows, row, &names),
                        key_in_words(&before.rows, at, &names)
                    )));
                }
            }
        }
        self.last = keys.last().or(self.last.take());
        Ok(())
    }
}

fn order_of_values(one: &ArrayRef, row: usize, two: &ArrayRef, other: usize) -> Option<Ordering> {
    StoredValue::of(one.as_ref(), row)?.order(&StoredValue::of(two.as_ref(), other)?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Decimal128Array, Int64Array, StringArray};

    use super::*;
    use crate::rows::repeats::Repeats;

    fn keys(columns: Vec<(&str, ArrayRef)>) -> Keys {
        let rows =
            RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)));
        Keys { rows: rows.expect("a batch") }
    }

    fn pairs(values: &[(Option<i64>, &str)]) -> Keys {
        let numbers: ArrayRef = Arc::new(values.iter().map(|(number, _)| *number).collect::<Int64Array>());
        let texts: ArrayRef = Arc::new(values.iter().map(|(_, text)| Some(*text)).collect::<StringArray>());
        keys(vec![("a", numbers), ("b", texts)])
    }

    #[test]
    fn null_comes_first_and_columns_are_compared_one_after_the_other() {
        let all = pairs(&[(None, "z"), (Some(-1), "z"), (Some(2), "Z"), (Some(2), "a"), (Some(10), "")]);
        let mut seen = InOrder::default();
        seen.follow(&all, |_| panic!("no key is there twice")).expect("in order");
        for row in 0..all.len() {
            assert_eq!(all.first_not_before(&all.at(row)).expect("comparable"), row);
        }
        assert!(seen.follow(&pairs(&[(Some(9), "")]), |_| {}).expect_err("10 was before").message.contains("a = 9"));
    }

    #[test]
    fn a_key_that_is_there_again_is_counted_also_across_batches() {
        let mut seen = InOrder::default();
        let mut twice = Vec::new();
        seen.follow(&pairs(&[(Some(1), "a"), (Some(1), "a")]), |row| twice.push(row)).expect("in order");
        seen.follow(&pairs(&[]), |row| twice.push(row)).expect("in order");
        seen.follow(&pairs(&[(Some(1), "a"), (Some(1), "b")]), |row| twice.push(row)).expect("in order");
        assert_eq!((seen.duplicates, twice), (2, vec![1, 0]));
    }

    #[test]
    fn duplicates_of_a_batch_are_counted_in_any_order() {
        let key = ["a".to_owned(), "b".to_owned()];
        let count =
            |values: &[(Option<i64>, &str)]| Repeats::new(true).count(pairs(values).columns(), &key).expect("counted");
        assert_eq!(count(&[(Some(1), "a"), (Some(1), "b"), (Some(2), "a")]), 0);
        assert_eq!(count(&[(Some(2), "a"), (Some(1), "a")]), 0);
        assert_eq!(count(&[(Some(2), "a"), (Some(1), "a"), (Some(2), "a"), (Some(2), "a")]), 2);
    }

    #[test]
    fn types_without_a_common_order_are_refused() {
        let numbers = keys(vec![("a", Arc::new(Int64Array::from(vec![1])))]);
        let decimals = Decimal128Array::from(vec![1]).with_precision_and_scale(20, 0).expect("fits");
        let decimals = keys(vec![("a", Arc::new(decimals))]);
        let refused = numbers.order(0, &decimals, 0).expect_err("another type");
        assert!(
            refused.to_string().contains("the key column a is Int64 in one place and Decimal128(20, 0)"),
            "{refused}"
        );
    }
}
