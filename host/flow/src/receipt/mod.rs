//! The proof of a run: hashes of the rows that it loaded, taken on their way, beside hashes of the rows that the target
//! has then, which are read back from it. Each side has the number of rows and the sum of their hashes, so that the order
//! of rows does not matter and a row that is there twice counts twice.
//!
//! A run that reads the whole source from its first row to its last is held against the whole table, range by range of
//! keys, after its last commit and under its lease. Any other run, which reads changes or continues an interrupted load,
//! is held against the rows with the keys that it read, up to 65,536 at a time: it proves nothing about the others.
//!
//! | module | what it is for |
//! |---|---|
//! | `proof` | the proof of one stream |
//! | `ranges` | the source's rows, by range of keys |
//! | `range_roots` | the target's rows in these ranges, in whatever order they come |
//! | `whole` | the whole table, read back |
//! | `by_key` | rows read back by their keys |
//! | `taker` | takes the proof while the rows are loaded |

mod by_key;
mod proof;
mod range_roots;
mod ranges;
mod taker;
mod whole;

pub use proof::{Proof, ProvenRange, Root, Scope};
pub use range_roots::RangeRoots;
pub(crate) use taker::Taker;
