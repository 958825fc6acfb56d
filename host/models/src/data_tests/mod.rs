//! Tests of models and streams: what they become in SQL, and how they go.
//!
//! | module | what it is for |
//! |---|---|
//! | `query` | the SELECT of the rows that fail a test |
//! | `scope` | how much of the rows has to be looked at |
//! | `failure_bounds` | what new rows tell of all |
//! | `run` | running the tests of a node and keeping what failed |
//! | `evaluate` | what the numbers mean |

mod evaluate;
mod failure_bounds;
mod query;
mod run;
mod scope;

pub use evaluate::{TestResult, TestStatus};
pub(crate) use query::query_of;
pub(crate) use run::{Testing, test_node};
pub(crate) use scope::{Seen, TestScope, digest, due};
