//! The roots of ranges of keys, to which the rows of a table are added in whatever order they come: a sum has none.

use arrow_schema::{DataType, SchemaRef};

use super::proof::{ProvenRange, Root};
use super::ranges::SourceRanges;
use crate::failure::Failure;
use crate::rows::hash::{SEED, mix};
use crate::rows::stored_value::StoredValue;

/// The roots of the rows of a table, by the ranges of the source's.
pub struct RangeRoots {
    /// The place of each column of the key among those that are hashed, and its type in the source.
    key: Vec<(usize, DataType)>,
    /// The number of columns that are hashed.
    columns: usize,
    /// The first key of each range but the first one.
    from: Vec<Vec<StoredValue<Vec<u8>>>>,
    roots: Vec<Root>,
    /// The range of the last row.
    at: usize,
}

impl RangeRoots {
    /// Returns roots without rows, for the ranges of the source; rows without a key belong to the first of them.
    pub(super) fn of(
        ranges: &SourceRanges,
        columns: &[String],
        key: &[String],
        source: &SchemaRef,
    ) -> Result<Self, Failure> {
        let missing = |name: &String| Failure::permanent(format!("the key column {name} is not among those to hash"));
        let place = |name: &String| {
            let place = columns.iter().position(|column| column == name);
            let field = source.field_with_name(name).ok();
            place.zip(field.map(|field| field.data_type().clone())).ok_or_else(|| missing(name))
        };
        let key = key.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let from = ranges.ranges.iter().filter_map(|(from, _)| from.as_ref());
        let from = from.map(|from| from.values()).collect::<Option<Vec<_>>>();
        let from = from.ok_or_else(|| Failure::permanent("the key has a column without an order"))?;
        Ok(Self { key, columns: columns.len(), roots: vec![Root::default(); from.len() + 1], from, at: 0 })
    }

    /// Returns the place of each column of the key among those that are hashed, and the type that its values must have.
    pub fn key(&self) -> &[(usize, DataType)] {
        &self.key
    }

    /// Adds a row by the numbers that represent the values of its columns ([`StoredValue::number`]), and the values of those
    /// of its key, in their types as the table has them. `None`, and nothing is added, if one of them is none, or a key has
    /// no order among the others.
    #[inline]
    pub fn add<'v>(
        &mut self,
        number: impl Fn(usize) -> Option<u64>,
        value: impl Fn(usize) -> Option<StoredValue<&'v [u8]>>,
    ) -> Option<()> {
        let mut hash = SEED;
        for at in 0..self.columns {
            hash = mix(hash, number(at)?);
        }
        self.place(|nth| value(self.key[nth].0)).map(|place| self.add_hash(place, hash))
    }

    /// Adds a row by its hash to a range, which is that of the next row most often.
    pub(super) fn add_hash(&mut self, range: usize, hash: u64) {
        self.at = range;
        self.roots[range].add(hash);
    }

    /// Returns the range of a row by the values of its key, in their order.
    #[inline]
    pub(super) fn place<'v>(&self, key: impl Fn(usize) -> Option<StoredValue<&'v [u8]>>) -> Option<usize> {
        let is_before = |range: usize| -> Option<bool> {
            let Some(from) = self.from.get(range.wrapping_sub(1)) else { return Some(range > 0) };
            for (nth, first) in from.iter().enumerate() {
                match key(nth)?.order(first)? {
                    std::cmp::Ordering::Equal => {}
                    order => return Some(order.is_lt()),
                }
            }
            Some(false)
        };
        if !is_before(self.at)? && is_before(self.at + 1)? {
            return Some(self.at);
        }
        let (mut low, mut high) = (0, self.roots.len());
        while high - low > 1 {
            let middle = low.midpoint(high);
            if is_before(middle)? { high = middle } else { low = middle }
        }
        Some(low)
    }

    /// Returns the ranges of both sides.
    pub(super) fn beside(self, source: SourceRanges) -> Vec<ProvenRange> {
        let proven = |((from, source), target): ((Option<crate::values::key::Bound>, Root), Root)| ProvenRange {
            from: from.map(|key| key.as_json()),
            source,
            target,
        };
        source.ranges.into_iter().zip(self.roots).map(proven).collect()
    }
}
