//! Columns of values of one size, read and written: whole numbers, floats, dates, timestamps, booleans.

use super::mask::{Mask, Validity};
use crate::contract::batches::{Booleans, Dates, Float64s, Int64s, Timestamps};
use crate::contract::types::Zone;

/// A column of values of one size, each of them a value or NULL.
#[derive(Clone, Debug)]
pub struct Column<T> {
    values: Vec<T>,
    validity: Validity,
}

impl<T: Copy + Default> Column<T> {
    /// An empty column with room for this many rows.
    pub fn with_capacity(rows: usize) -> Self {
        Self { values: Vec::with_capacity(rows), validity: Validity::default() }
    }

    pub(crate) fn of(values: Vec<T>, validity: Option<Vec<u8>>) -> Self {
        Self { values, validity: Validity(validity) }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// True if there is no row.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value of a row; `None` where it is NULL.
    #[inline]
    pub fn get(&self, row: usize) -> Option<T> {
        self.validity.has(row).then(|| self.values[row])
    }

    /// The rows in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<T>> + '_ {
        self.values.iter().enumerate().map(|(row, value)| self.validity.has(row).then_some(*value))
    }

    /// The rows that are NULL.
    pub fn nulls(&self) -> Mask {
        self.validity.nulls(self.len())
    }

    /// The same column with a value in place of every NULL.
    #[must_use]
    pub fn filled(mut self, value: T) -> Self {
        for row in self.nulls().iter() {
            self.values[row] = value;
        }
        self.validity = Validity::default();
        self
    }

    /// Every value, with an undefined one where it is NULL; and the validity bitmap.
    pub(crate) fn into_parts(self) -> (Vec<T>, Option<Vec<u8>>) {
        (self.values, self.validity.0)
    }
}

impl<T: Copy + Default> FromIterator<Option<T>> for Column<T> {
    fn from_iter<I: IntoIterator<Item = Option<T>>>(items: I) -> Self {
        let mut nulls = Vec::new();
        let values: Vec<T> = items
            .into_iter()
            .enumerate()
            .map(|(row, item)| {
                if item.is_none() {
                    nulls.push(row);
                }
                item.unwrap_or_default()
            })
            .collect();
        let mut validity = Validity::default();
        for row in nulls {
            validity.clear(row, values.len());
        }
        Self { values, validity }
    }
}

/// Columns without NULL.
impl<T> From<Vec<T>> for Column<T> {
    fn from(values: Vec<T>) -> Self {
        Self { values, validity: Validity::default() }
    }
}

/// A column of timestamps: microseconds since 1970-01-01T00:00:00, all of one zone.
#[derive(Clone, Debug)]
pub struct Times {
    /// The zone: instants, or wall-clock readings.
    pub zone: Zone,
    /// The timestamps.
    pub column: Column<i64>,
}

impl From<Int64s> for Column<i64> {
    fn from(data: Int64s) -> Self {
        Self::of(data.values, data.validity)
    }
}

impl From<Float64s> for Column<f64> {
    fn from(data: Float64s) -> Self {
        Self::of(data.values, data.validity)
    }
}

impl From<Dates> for Column<i32> {
    fn from(data: Dates) -> Self {
        Self::of(data.values, data.validity)
    }
}

impl From<Timestamps> for Times {
    fn from(data: Timestamps) -> Self {
        Self { zone: data.zone, column: Column::of(data.values, data.validity) }
    }
}

impl Column<bool> {
    pub(crate) fn of_booleans(data: Booleans, rows: usize) -> Self {
        let values = Mask::of_bits(data.values, rows);
        Self::of((0..rows).map(|row| values.contains(row)).collect(), data.validity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_collects_values_and_nulls() {
        let column: Column<i64> = [Some(1), None, Some(3)].into_iter().collect();
        assert_eq!(column.iter().collect::<Vec<_>>(), [Some(1), None, Some(3)]);
        assert_eq!(column.nulls().iter().collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn filling_leaves_no_null() {
        let column: Column<i64> = [None, Some(3)].into_iter().collect();
        let filled = column.filled(7);
        assert_eq!(filled.iter().collect::<Vec<_>>(), [Some(7), Some(3)]);
        assert!(filled.nulls().is_empty());
    }
}
