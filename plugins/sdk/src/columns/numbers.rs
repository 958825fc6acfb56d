//! Exact numbers: whole numbers and decimals, read alike as unscaled 128-bit integers.

use super::mask::{Mask, Validity};
use super::values::Column;
use crate::contract::batches;
use crate::contract::types::DecimalType;
use crate::failure::{Result, permanent};

/// A column of exact numbers, `int64` or `decimal`: `unscaled / 10^scale`.
#[derive(Clone, Debug)]
pub enum Numbers {
    /// Whole numbers; their scale is 0.
    Whole(Column<i64>),
    /// Decimals.
    Decimal(Decimals),
}

impl Numbers {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Whole(column) => column.len(),
            Self::Decimal(column) => column.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Digits after the point.
    pub fn scale(&self) -> u8 {
        match self {
            Self::Whole(_) => 0,
            Self::Decimal(column) => column.kind.scale,
        }
    }

    /// The unscaled number of a row; `None` where it is NULL.
    #[inline]
    pub fn get(&self, row: usize) -> Option<i128> {
        match self {
            Self::Whole(column) => column.get(row).map(i128::from),
            Self::Decimal(column) => column.get(row),
        }
    }

    /// The rows in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<i128>> + '_ {
        (0..self.len()).map(|row| self.get(row))
    }

    /// The rows that are NULL.
    pub fn nulls(&self) -> Mask {
        match self {
            Self::Whole(column) => column.nulls(),
            Self::Decimal(column) => column.validity.nulls(column.len()),
        }
    }

    /// A whole number in this column's scale, to compare unscaled numbers with. One that no decimal can reach is the
    /// greatest or the least of all.
    pub fn unscaled(&self, whole: i64) -> i128 {
        i128::from(whole).saturating_mul(10i128.pow(u32::from(self.scale().min(38))))
    }

    /// The same column, of the same type, with a whole number in the place of every NULL. A number that the type
    /// cannot hold is a `permanent` failure.
    pub fn filled(self, whole: i64) -> Result<Self> {
        let unscaled = self.unscaled(whole);
        match self {
            Self::Whole(column) => Ok(Self::Whole(column.filled(whole))),
            Self::Decimal(column) => column.filled(unscaled).map(Self::Decimal),
        }
    }
}

/// A column of decimals, read or being written.
#[derive(Clone, Debug)]
pub struct Decimals {
    kind: DecimalType,
    /// 16 bytes a row, two's complement, little-endian.
    bytes: Vec<u8>,
    validity: Validity,
}

impl Decimals {
    /// Makes a column of unscaled numbers. Those with more digits than the type has are left NULL and named in the
    /// mask beside it.
    pub fn collect(kind: DecimalType, items: impl ExactSizeIterator<Item = Option<i128>>) -> (Self, Mask) {
        let (rows, bound) = (items.len(), bound(kind));
        let mut column = Self { kind, bytes: Vec::with_capacity(16 * rows), validity: Validity::default() };
        let mut unfit = Mask::none(rows);
        for (row, item) in items.enumerate() {
            let fitting = item.filter(|number| number.unsigned_abs() < bound);
            if fitting.is_none() {
                column.validity.clear(row, rows);
            }
            if item.is_some() && fitting.is_none() {
                unfit.insert(row);
            }
            column.bytes.extend_from_slice(&fitting.unwrap_or_default().to_le_bytes());
        }
        (column, unfit)
    }

    /// Precision and scale.
    pub fn kind(&self) -> DecimalType {
        self.kind
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.bytes.len() / 16
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The unscaled number of a row; `None` where it is NULL.
    #[inline]
    pub fn get(&self, row: usize) -> Option<i128> {
        self.validity.has(row).then(|| i128::from_le_bytes(self.bytes.as_chunks().0[row]))
    }

    pub(crate) fn read(data: batches::Decimals) -> Result<Self> {
        if !data.values.len().is_multiple_of(16) {
            return Err(permanent("a decimal column is not a multiple of 16 bytes long"));
        }
        Ok(Self { kind: data.kind, bytes: data.values, validity: Validity(data.validity) })
    }

    pub(crate) fn finish(self) -> batches::Decimals {
        batches::Decimals { kind: self.kind, values: self.bytes, validity: self.validity.0 }
    }

    fn filled(mut self, unscaled: i128) -> Result<Self> {
        let DecimalType { precision, scale } = self.kind;
        if unscaled.unsigned_abs() >= bound(self.kind) {
            return Err(permanent(format!("the default does not fit decimal({precision}, {scale})")));
        }
        for row in self.validity.nulls(self.len()).iter() {
            self.bytes.as_chunks_mut().0[row] = unscaled.to_le_bytes();
        }
        self.validity = Validity::default();
        Ok(self)
    }
}

/// The least number that a decimal type cannot hold.
fn bound(kind: DecimalType) -> u128 {
    10u128.pow(u32::from(kind.precision.min(38)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONEY: DecimalType = DecimalType { precision: 5, scale: 2 };

    fn money(items: &[Option<i128>]) -> (Numbers, Mask) {
        let (column, unfit) = Decimals::collect(MONEY, items.iter().copied());
        (Numbers::Decimal(Decimals::read(column.finish()).expect("a decimal column")), unfit)
    }

    #[test]
    fn a_decimal_keeps_its_sign_and_its_digits() {
        let (numbers, unfit) = money(&[Some(-99_999), None, Some(1)]);
        assert_eq!(numbers.iter().collect::<Vec<_>>(), [Some(-99_999), None, Some(1)]);
        assert!(unfit.is_empty());
        assert_eq!(numbers.unscaled(7), 700);
    }

    #[test]
    fn a_number_with_too_many_digits_is_named() {
        let (numbers, unfit) = money(&[Some(100_000), Some(5)]);
        assert_eq!(numbers.get(0), None);
        assert_eq!(unfit.iter().collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn a_default_is_scaled_and_must_fit() {
        let (numbers, _) = money(&[None, Some(5)]);
        let filled = numbers.clone().filled(1).expect("fits");
        assert_eq!(filled.iter().collect::<Vec<_>>(), [Some(100), Some(5)]);
        assert!(numbers.filled(1_000).is_err());
    }
}
