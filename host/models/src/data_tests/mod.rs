//! Tests of models and streams: their SQL, their run and their results.
//!
//! | module | purpose |
//! |---|---|
//! | `query` | the SELECT of the rows that fail a test |
//! | `scope` | the share of the rows that has to be read |
//! | `counts` | the context of a node's tests, and the counts that they share |
//! | `failure_bounds` | results from new rows alone |
//! | `run` | running the tests of a node and keeping failing rows |
//! | `evaluate` | the status from the counted numbers |

mod counts;
mod evaluate;
mod failure_bounds;
mod query;
mod run;
mod scope;

pub(crate) use counts::Testing;
pub use evaluate::{TestResult, TestStatus};
pub(crate) use query::query_of;
pub(crate) use run::test_node;
pub(crate) use scope::{TestScope, digest, test_scope};
