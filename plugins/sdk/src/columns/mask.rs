//! Sets of rows, one bit each, and which rows of a column have a value.

/// A set of rows of one batch. It is also a boolean column without NULL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// Bit `row % 8` of byte `row / 8`; the bits after the last row are 0.
    bits: Vec<u8>,
    rows: usize,
}

impl Mask {
    /// No row.
    pub fn none(rows: usize) -> Self {
        Self { bits: vec![0; rows.div_ceil(8)], rows }
    }

    /// Every row.
    pub fn all(rows: usize) -> Self {
        Self::of_bits(vec![0xff; rows.div_ceil(8)], rows)
    }

    /// The rows for which `holds`.
    pub fn where_row(rows: usize, mut holds: impl FnMut(usize) -> bool) -> Self {
        let mut bits = Vec::with_capacity(rows.div_ceil(8));
        for first in (0..rows).step_by(8) {
            let row_bit = |row: usize| u8::from(holds(row)) << (row - first);
            bits.push((first..rows.min(first + 8)).map(row_bit).fold(0, |byte, bit| byte | bit));
        }
        Self { bits, rows }
    }

    /// The rows for whose item `holds`.
    pub fn where_item<T>(items: &[T], mut holds: impl FnMut(&T) -> bool) -> Self {
        Self::where_row(items.len(), |row| holds(&items[row]))
    }

    pub(crate) fn of_bits(mut bits: Vec<u8>, rows: usize) -> Self {
        bits.resize(rows.div_ceil(8), 0);
        if let Some(last) = bits.last_mut().filter(|_| !rows.is_multiple_of(8)) {
            *last &= (1 << (rows % 8)) - 1;
        }
        Self { bits, rows }
    }

    /// The number of rows of the batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// True if this row is in the set.
    #[inline]
    pub fn contains(&self, row: usize) -> bool {
        bit(&self.bits, row)
    }

    /// Puts a row into the set.
    #[inline]
    pub fn insert(&mut self, row: usize) {
        self.bits[row / 8] |= 1 << (row % 8);
    }

    /// Takes a row out of the set.
    #[inline]
    pub fn remove(&mut self, row: usize) {
        self.bits[row / 8] &= !(1 << (row % 8));
    }

    /// The number of rows in the set.
    pub fn count(&self) -> usize {
        self.bits.iter().map(|byte| byte.count_ones() as usize).sum()
    }

    /// True if the set is empty.
    pub fn is_empty(&self) -> bool {
        self.bits.iter().all(|byte| *byte == 0)
    }

    /// The rows that are in either.
    #[must_use]
    pub fn or(mut self, other: &Self) -> Self {
        self.combine(other, |one, two| one | two);
        self
    }

    /// The rows that are in this one but not in the other.
    #[must_use]
    pub fn without(mut self, other: &Self) -> Self {
        self.combine(other, |one, two| one & !two);
        self
    }

    /// The rows that are not in this one.
    #[must_use]
    pub fn inverted(self) -> Self {
        Self::of_bits(self.bits.iter().map(|byte| !byte).collect(), self.rows)
    }

    /// The rows in the set, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.bits.iter().enumerate().filter(|(_, byte)| **byte != 0).flat_map(|(at, byte)| {
            let byte = *byte;
            (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| at * 8 + bit)
        })
    }

    /// The bitmap, as the contract has it.
    pub fn into_bits(self) -> Vec<u8> {
        self.bits
    }

    fn combine(&mut self, other: &Self, operation: impl Fn(u8, u8) -> u8) {
        assert_eq!(self.rows, other.rows, "two masks of one batch");
        for (one, two) in self.bits.iter_mut().zip(&other.bits) {
            *one = operation(*one, *two);
        }
    }
}

/// Which rows of a column have a value: a bitmap, or none if all have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Validity(pub(crate) Option<Vec<u8>>);

impl Validity {
    /// A missing byte counts as valid rows; the host never sends one.
    #[inline]
    pub(crate) fn has(&self, row: usize) -> bool {
        self.0.as_ref().is_none_or(|bits| bit(bits, row))
    }

    /// Makes a row NULL.
    #[inline]
    pub(crate) fn clear(&mut self, row: usize, rows: usize) {
        let bits = self.0.get_or_insert_with(|| Mask::all(rows).into_bits());
        bits[row / 8] &= !(1 << (row % 8));
    }

    pub(crate) fn nulls(&self, rows: usize) -> Mask {
        match &self.0 {
            None => Mask::none(rows),
            Some(bits) => Mask::of_bits(bits.clone(), rows).inverted(),
        }
    }
}

#[inline]
fn bit(bits: &[u8], row: usize) -> bool {
    bits.get(row / 8).is_none_or(|byte| byte >> (row % 8) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_keeps_the_bits_behind_the_last_row_clear() {
        assert_eq!(Mask::all(11).into_bits(), [0xff, 0b111]);
        assert_eq!(Mask::none(11).inverted().count(), 11);
        assert_eq!(Mask::all(16).into_bits(), [0xff, 0xff]);
        assert!(Mask::all(0).is_empty());
    }

    #[test]
    fn a_mask_lists_its_rows_in_order() {
        let odd = Mask::where_row(20, |row| row % 2 == 1);
        assert_eq!(odd.iter().collect::<Vec<_>>(), [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
        assert_eq!(odd.count(), 10);
        assert!(odd.contains(3) && !odd.contains(4));
    }

    #[test]
    fn masks_combine() {
        let low = Mask::where_row(10, |row| row < 6);
        let high = Mask::where_row(10, |row| row > 3);
        assert_eq!(low.clone().or(&high), Mask::all(10));
        assert_eq!(low.without(&high).iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
    }

    #[test]
    fn the_first_null_makes_the_bitmap() {
        let mut validity = Validity::default();
        assert!(validity.nulls(9).is_empty());
        validity.clear(8, 9);
        assert!(validity.has(7) && !validity.has(8));
        assert_eq!(validity.nulls(9).iter().collect::<Vec<_>>(), [8]);
    }
}
