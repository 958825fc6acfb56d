//! Comparing a source with its target: the source's rows go through the stream's own transforms, the target's are
//! read back, both in the order of their keys, and are compared by count and hash per range of keys. Only the rows of
//! ranges that differ meet one by one.
//!
//! What was not read is not gone: rows are deleted only after both sides were read to their ends, which each of them
//! says (`Reading::End`, the target cursor's `None`), in the transaction that notes the comparison in the ledger. What
//! breaks off on the way deletes nothing.
//!
//! | module | what it is for |
//! |---|---|
//! | `hash` | rows as numbers |
//! | `normalize` | the target's rows as the source has them |
//! | `reading` | the source's side, cut into ranges |
//! | `scan` | the target's side, read once |
//! | `difference` | what differs in a range |
//! | `comparer` | range after range; loading and deleting |
//! | `verify` | one stream: what is compared, and what was found |

mod comparer;
mod difference;
mod hash;
mod normalize;
mod reading;
mod scan;
mod verify;

pub(crate) use hash::{Hashing, row_hashes};

pub use difference::{Difference, DifferenceKind};
pub use verify::{Compare, Compared, Comparison, Depth, OpenTarget};
