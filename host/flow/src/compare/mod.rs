//! Comparing a source with its target: the source's rows go through the stream's own transforms, the target's are
//! read back, both in the order of their keys, and are compared by count and hash per range of keys. Only in ranges
//! that differ, rows are compared one by one.
//!
//! A row that was not read counts as existing: rows are deleted only after both sides were read to their ends, which
//! each of them reports (`Reading::End`, the target cursor's `None`), in the transaction that records the comparison in
//! the ledger. A comparison that breaks off on the way deletes nothing.
//!
//! | module | what it is for |
//! |---|---|
//! | `bags` | rows without a key, counted |
//! | `comparison` | the findings of a comparison |
//! | `normalize` | the target's rows with the source's names and types |
//! | `reading` | the source's side, cut into ranges |
//! | `scan` | the target's side, read once |
//! | `difference` | the differences within a range |
//! | `comparer` | range after range; loads and deletes |
//! | `tables` | two tables that were made in different ways, in any order |
//! | `verify` | one stream: the scope of a comparison, and its result |

mod bags;
mod comparer;
mod comparison;
mod difference;
mod normalize;
mod reading;
mod scan;
mod tables;
mod verify;

pub use comparison::{Compare, Comparison, Depth, OpenTarget};
pub use difference::{Difference, DifferenceKind};
pub use normalize::like_source;
pub(crate) use scan::Wanted;
pub use tables::{CellDifference, ColumnTypes, RowExample, TableComparison, TableRules, TableSide, compare_tables};
pub use verify::Compared;
