//! Rows in flight. A batch is Arrow columns plus the rows that were rejected on the way: those stay with the batch, so
//! that they reach quarantine in the same transaction in which the other rows reach the table.

use arrow_array::{BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;

use super::origin::Origin;
use crate::failure::{Failure, Stage};

/// The policy that decides about a rejected row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// One of its values does not fit its column's type, the key, a batch or the target (`on_bad_value`).
    BadValue,
    /// It violates a rule of a plugin.
    Rule,
    /// It makes a plugin trap (`on_trap`).
    Breakdown,
}

/// A rejected row and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The policy that decides about it.
    pub cause: Cause,
    /// The short name of the rule that the row violates.
    pub rule: String,
    /// The reason in words, without a value.
    pub reason: String,
    /// The values in question, which quarantine quotes after the reason; they are reported nowhere else.
    pub value: Option<String>,
    /// The stage that rejected it.
    pub stage: Stage,
    /// The component that rejected it: a plugin with its version, the driver, or the host.
    pub by: String,
    /// The digest of that plugin's bytes; `None` if no plugin rejected it.
    pub digest: Option<String>,
    /// The row as it is in the source, as a JSON object.
    pub row: String,
    /// Its position among the rows that were read together, from 0; `None` if it is not known.
    pub place: Option<usize>,
}

/// Rows in flight.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The rows.
    pub rows: RecordBatch,
    /// The rows that were rejected.
    pub rejected: Vec<Rejected>,
    /// The source rows that the rows were made of.
    pub origin: Origin,
}

impl Batch {
    /// A batch from which no row was rejected yet.
    pub fn new(rows: RecordBatch) -> Self {
        Self::read(rows, Vec::new())
    }

    /// Rows that were just read, with those that could not be read as rejected ones.
    pub fn read(rows: RecordBatch, rejected: Vec<Rejected>) -> Self {
        let origin = Origin::of(&rows);
        Self { rows, rejected, origin }
    }

    /// Keeps the rows for which the mask is true and drops the others.
    pub(crate) fn only(self, mask: &BooleanArray) -> Result<Self, Failure> {
        let Self { rows, rejected, mut origin } = self;
        let rows = filter_record_batch(&rows, mask)
            .map_err(|error| Failure::permanent(format!("taking rows out of a batch: {error}")))?;
        origin.keep(mask);
        Ok(Self { rows, rejected, origin })
    }
}
