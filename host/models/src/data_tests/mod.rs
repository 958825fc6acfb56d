//! Tests of models and streams: their SQL, their run and their results.
//!
//! | module | purpose |
//! |---|---|
//! | `query` | the SELECT of the rows that fail a test |
//! | `scope` | the share of the rows that has to be read |
//! | `failure_bounds` | results from new rows alone |
//! | `run` | running the tests of a node and keeping failing rows |
//! | `evaluate` | the status from the counted numbers |

mod evaluate;
mod failure_bounds;
mod query;
mod run;
mod scope;

pub use evaluate::{TestResult, TestStatus};
pub(crate) use query::query_of;
pub(crate) use run::{Testing, test_node};
pub(crate) use scope::{Seen, TestScope, digest, due};
