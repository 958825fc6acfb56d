//! Tests of models and streams: what they become in SQL, and how they go.
//!
//! | room | what it is for |
//! |---|---|
//! | `query` | the SELECT of the rows that fail a test |
//! | `due` | how much of the rows has to be looked at |
//! | `bounds` | what new rows tell of all |
//! | `run` | running the tests of a node and keeping what failed |
//! | `verdict` | what the numbers mean |

mod bounds;
mod due;
mod query;
mod run;
mod verdict;

pub(crate) use due::{Due, Seen, digest, due};
pub(crate) use query::query_of;
pub(crate) use run::{Testing, test_node};
pub use verdict::{TestResult, TestStatus};
