//! The source rows of a batch. Transforms change batches in place, but a rejected row is stored as it is in the source,
//! so every batch carries the rows that were read and the position among them of each of its rows.

use std::ops::Range;

use arrow_array::{Array as _, BooleanArray, RecordBatch};

use super::cell_json::row_as_json;

/// The rows that were read, and the position among them of each row of a batch.
#[derive(Debug, Clone)]
pub struct Origin {
    read: RecordBatch,
    /// The positions; `None` if every row comes from the row at its own position.
    places: Option<Vec<u32>>,
}

impl Origin {
    /// Returns the origin of rows that were not changed yet: themselves.
    pub fn of(rows: &RecordBatch) -> Self {
        Self { read: rows.clone(), places: None }
    }

    /// The number of rows that it is the origin of.
    pub(crate) fn len(&self) -> usize {
        self.places.as_ref().map_or(self.read.num_rows(), Vec::len)
    }

    /// Returns the position of a row among the rows that were read, from 0.
    pub fn place(&self, row: usize) -> usize {
        self.places.as_ref().and_then(|places| places.get(row)).map_or(row, |place| *place as usize)
    }

    /// Returns a row as it was read, as a JSON object; an empty object for a row that was not read.
    pub fn row_as_json(&self, row: usize) -> String {
        let place = self.place(row);
        if place < self.read.num_rows() { row_as_json(&self.read, place) } else { "{}".to_owned() }
    }

    /// Returns the origin of a range of the rows.
    pub(crate) fn part(&self, rows: Range<usize>) -> Self {
        let places = rows.map(|row| u32::try_from(self.place(row)).unwrap_or(u32::MAX)).collect();
        Self { read: self.read.clone(), places: Some(places) }
    }

    /// Keeps the places of the rows for which the mask is true.
    pub fn keep(&mut self, mask: &BooleanArray) {
        let kept = (0..mask.len()).filter(|row| mask.is_valid(*row) && mask.value(*row));
        let places = kept.map(|row| u32::try_from(self.place(row)).unwrap_or(u32::MAX)).collect();
        self.places = Some(places);
    }

    /// Returns the origin of rows that are at these positions of a batch of this origin.
    pub(crate) fn at(self, places: Option<Vec<u32>>) -> Self {
        let Some(places) = places else { return self };
        let read = |place: &u32| u32::try_from(self.place(*place as usize)).unwrap_or(u32::MAX);
        let places = places.iter().map(read).collect();
        Self { places: Some(places), read: self.read }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array};
    use proptest::prelude::*;

    use super::*;

    fn batch(ids: Vec<i64>) -> RecordBatch {
        RecordBatch::try_from_iter([("id", Arc::new(Int64Array::from(ids)) as ArrayRef)]).expect("a batch")
    }

    proptest! {
        /// Whatever rows are kept and cut, each row leads to the row from which it was read.
        #[test]
        fn every_row_leads_to_what_it_was_read_as(masks in proptest::collection::vec(any::<u64>(), 0..6), cut: bool) {
            let ids: Vec<i64> = (100..140).collect();
            let rows = batch(ids.clone());
            let (mut origin, mut kept) = (Origin::of(&rows), ids);
            for bits in masks {
                let mask: Vec<bool> = (0..kept.len()).map(|row| bits >> (row % 64) & 1 == 1).collect();
                origin.keep(&BooleanArray::from(mask.clone()));
                kept = kept.into_iter().zip(mask).filter_map(|(id, keep)| keep.then_some(id)).collect();
                if cut {
                    let half = kept.len() / 2;
                    origin = origin.at(Some((0..kept.len() as u32).rev().take(half).collect()));
                    kept = kept.into_iter().rev().take(half).collect();
                }
            }
            for (row, id) in kept.iter().enumerate() {
                prop_assert_eq!(origin.row_as_json(row), format!("{{\"id\":{id}}}"));
            }
        }
    }
}
