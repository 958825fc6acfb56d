//! Comparing a source with its target: the source's rows go through the stream's own transforms, the target's are
//! read back, and both are compared by count and hash per range of keys. Only the rows of ranges that differ are
//! looked at one by one.
//!
//! | room | what it is for |
//! |---|---|
//! | `hash` | rows as numbers |
//! | `alike` | the target's rows as the source has them |
//! | `range` | ranges of keys, and reading one of the target |
//! | `difference` | what differs in a range |
//! | `verify` | one stream, range by range |

mod alike;
mod difference;
mod hash;
mod range;
mod verify;

pub use difference::{Difference, DifferenceKind};
pub use verify::{Compare, Comparison, Depth};
