//! Exact numbers: whole numbers and decimals, read alike. Each number knows its scale.

use std::cmp::Ordering;

use super::mask::{Mask, Validity};
use super::values::Column;
use crate::contract::batches;
use crate::contract::types::DecimalType;
use crate::failure::{Result, permanent};

/// The powers of ten that an `i128` holds.
const POWERS: [i128; 39] = {
    let mut powers = [1; 39];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// An exact number: `unscaled / 10^scale`. Numbers compare by value, whatever their scales: 5.00 is less than 6, and
/// equal to 5.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    unscaled: i128,
    scale: u8,
}

impl Number {
    /// Zero.
    pub const ZERO: Self = Self::whole(0);

    /// `unscaled / 10^scale`; a scale of more than 38 digits counts as 38.
    pub const fn new(unscaled: i128, scale: u8) -> Self {
        Self { unscaled, scale: if scale > 38 { 38 } else { scale } }
    }

    /// A whole number.
    pub const fn whole(number: i64) -> Self {
        Self { unscaled: number as i128, scale: 0 }
    }

    /// Digits after the point.
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// The unscaled number in this scale, for arithmetic; `None` if it has too many digits, or would lose one.
    #[inline]
    pub fn unscaled_at(self, scale: u8) -> Option<i128> {
        match scale.cmp(&self.scale) {
            Ordering::Equal => Some(self.unscaled),
            Ordering::Greater => self.unscaled.checked_mul(*POWERS.get(usize::from(scale - self.scale))?),
            Ordering::Less => {
                let power = POWERS.get(usize::from(self.scale - scale))?;
                (self.unscaled % power == 0).then(|| self.unscaled / power)
            }
        }
    }

    /// The sum; a failure if it has too many digits.
    pub fn plus(self, other: Self) -> Result<Self> {
        self.combined(other, i128::checked_add)
    }

    /// The difference; a failure if it has too many digits.
    pub fn minus(self, other: Self) -> Result<Self> {
        self.combined(other, i128::checked_sub)
    }

    fn combined(self, other: Self, combine: impl Fn(i128, i128) -> Option<i128>) -> Result<Self> {
        let scale = self.scale.max(other.scale);
        let unscaled = self.in_common_scale(other).and_then(|(one, two)| combine(one, two));
        unscaled.map(|unscaled| Self::new(unscaled, scale)).ok_or_else(|| permanent("a number has too many digits"))
    }

    /// Both numbers, unscaled, in the greater of their scales; `None` if one has too many digits for that.
    #[inline]
    pub fn in_common_scale(self, other: Self) -> Option<(i128, i128)> {
        let scale = self.scale.max(other.scale);
        Some((self.unscaled_at(scale)?, other.unscaled_at(scale)?))
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self::whole(number)
    }
}

impl Ord for Number {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        if self.scale == other.scale || self.unscaled == 0 || other.unscaled == 0 {
            return self.unscaled.cmp(&other.unscaled);
        }
        let scale = self.scale.max(other.scale);
        match (self.unscaled_at(scale), other.unscaled_at(scale)) {
            (Some(one), Some(two)) => one.cmp(&two),
            // A number with too many digits is farther from zero than any other.
            (None, _) => self.unscaled.cmp(&0),
            (_, None) => 0.cmp(&other.unscaled),
        }
    }
}

impl PartialOrd for Number {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

/// A column of exact numbers, `int64` or `decimal`.
#[derive(Clone, Debug)]
pub enum Numbers {
    /// Whole numbers; their scale is 0.
    Whole(Column<i64>),
    /// Decimals.
    Decimal(Decimals),
}

impl Numbers {
    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Whole(column) => column.len(),
            Self::Decimal(column) => column.len(),
        }
    }

    /// True if there is no row.
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

    /// The number of a row; `None` where it is NULL.
    #[inline]
    pub fn get(&self, row: usize) -> Option<Number> {
        match self {
            Self::Whole(column) => column.get(row).map(Number::whole),
            Self::Decimal(column) => column.get(row),
        }
    }

    /// The rows in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<Number>> + '_ {
        (0..self.len()).map(|row| self.get(row))
    }

    /// The rows that are NULL.
    pub fn nulls(&self) -> Mask {
        match self {
            Self::Whole(column) => column.nulls(),
            Self::Decimal(column) => column.validity.nulls(column.len()),
        }
    }

    /// The same column, of the same type, with a whole number in place of every NULL. A number that the type cannot
    /// hold is a `permanent` failure.
    pub fn filled(self, whole: i64) -> Result<Self> {
        match self {
            Self::Whole(column) => Ok(Self::Whole(column.filled(whole))),
            Self::Decimal(column) => column.filled(Number::whole(whole)).map(Self::Decimal),
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
    /// Makes a column of unscaled numbers. Those with more digits than the type has become NULL and are in the returned
    /// mask.
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

    /// Makes a column of numbers of any scale. Those that the type cannot hold without losing a digit become NULL and
    /// are in the returned mask.
    pub fn of_numbers(kind: DecimalType, items: impl ExactSizeIterator<Item = Option<Number>>) -> (Self, Mask) {
        let mut inexact = Vec::new();
        let unscaled = items.enumerate().map(|(row, item)| {
            let unscaled = item.and_then(|number| number.unscaled_at(kind.scale));
            if item.is_some() && unscaled.is_none() {
                inexact.push(row);
            }
            unscaled
        });
        let (column, mut unfit) = Self::collect(kind, unscaled);
        inexact.into_iter().for_each(|row| unfit.insert(row));
        (column, unfit)
    }

    /// Precision and scale.
    pub fn kind(&self) -> DecimalType {
        self.kind
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.bytes.len() / 16
    }

    /// True if there is no row.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The number of a row; `None` where it is NULL.
    #[inline]
    pub fn get(&self, row: usize) -> Option<Number> {
        self.unscaled(row).map(|unscaled| Number { unscaled, scale: self.kind.scale })
    }

    #[inline]
    pub(super) fn unscaled(&self, row: usize) -> Option<i128> {
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

    fn filled(mut self, number: Number) -> Result<Self> {
        let DecimalType { precision, scale } = self.kind;
        let fitting = number.unscaled_at(scale).filter(|unscaled| unscaled.unsigned_abs() < bound(self.kind));
        let Some(unscaled) = fitting else {
            return Err(permanent(format!("the default does not fit decimal({precision}, {scale})")));
        };
        for row in self.validity.nulls(self.len()).iter() {
            self.bytes.as_chunks_mut().0[row] = unscaled.to_le_bytes();
        }
        self.validity = Validity::default();
        Ok(self)
    }
}

/// The smallest number that is too large for a decimal type.
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

    fn cents(unscaled: i128) -> Number {
        Number::new(unscaled, 2)
    }

    #[test]
    fn a_decimal_keeps_its_sign_and_its_digits() {
        let (numbers, unfit) = money(&[Some(-99_999), None, Some(1)]);
        assert_eq!(numbers.iter().collect::<Vec<_>>(), [Some(cents(-99_999)), None, Some(cents(1))]);
        assert!(unfit.is_empty());
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
        assert_eq!(filled.iter().collect::<Vec<_>>(), [Some(Number::whole(1)), Some(cents(5))]);
        assert!(numbers.filled(1_000).is_err());
    }

    #[test]
    fn numbers_compare_by_what_they_are_worth() {
        assert!(cents(500) < Number::whole(6), "5.00 is less than 6");
        assert!(Number::whole(6) > cents(500));
        assert_eq!(cents(500), Number::whole(5));
        assert!(cents(501) > Number::whole(5) && cents(-501) < Number::whole(-5));
        assert_eq!(Number::new(0, 30), Number::ZERO);
        let great = Number::new(i128::MAX, 0);
        assert!(great > Number::new(i128::MAX, 38) && Number::new(i128::MIN, 0) < Number::new(i128::MIN, 38));
        assert!(Number::new(1, 38) < great && Number::new(-1, 38) > Number::new(i128::MIN, 0));
    }

    /// All pairs of numbers of few digits and all scales, against integers in the greatest scale.
    #[test]
    fn the_order_is_that_of_the_numbers() {
        let numbers: Vec<_> = (-120..=120).step_by(7).flat_map(|n| (0..=4).map(move |scale| (n, scale))).collect();
        for (one, one_scale) in &numbers {
            for (two, two_scale) in &numbers {
                let worth = |n: &i128, scale: &u8| n * 10_i128.pow(4 - u32::from(*scale));
                let (one_number, two_number) = (Number::new(*one, *one_scale), Number::new(*two, *two_scale));
                assert_eq!(one_number.cmp(&two_number), worth(one, one_scale).cmp(&worth(two, two_scale)));
            }
        }
    }

    #[test]
    fn arithmetic_has_one_scale_or_none() {
        assert_eq!(cents(500).in_common_scale(Number::whole(6)), Some((500, 600)));
        assert_eq!(cents(505).unscaled_at(1), None, "a digit would be lost");
        assert_eq!(cents(500).unscaled_at(0), Some(5));
        assert_eq!(Number::new(i128::MAX / 2, 0).unscaled_at(1), None);
        let items = [Some(Number::whole(5)), Some(Number::new(5, 3)), Some(Number::whole(1_000))];
        let (column, unfit) = Decimals::of_numbers(MONEY, items.into_iter());
        assert_eq!(column.get(0), Some(cents(500)));
        assert_eq!(unfit.iter().collect::<Vec<_>>(), [1, 2]);
    }
}
