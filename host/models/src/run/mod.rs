//! Building models: each in a transaction of its own, in the order of what they read, several at once.
//!
//! | module | what it is for |
//! |---|---|
//! | `report` | what is to be done, and how it went |
//! | `runner` | which node is next, on how many threads |
//! | `deferred_tests` | tests that wait until all is built |
//! | `missing_sources` | what reads streams that have no table |
//! | `outcome` | what was done with a model |
//! | `model` | one model: full, incremental, unchanged |
//! | `owned_session` | the guard: which tables a build may change |
//! | `inputs` | what a model reads, and whether that has changed |
//! | `keys` | whether rows have complete and unique keys |
//! | `rows` | rows on their way into a table |
//! | `before_images` | rows as they were before they were replaced, for those who follow |
//! | `snapshot` | every version of every row |
//! | `table` | making, indexing and swapping tables |
//! | `replace_oracle` | how a table takes its place in Oracle |

mod before_images;
mod deferred_tests;
mod inputs;
mod keys;
mod missing_sources;
mod model;
mod outcome;
mod owned_session;
mod replace_oracle;
mod report;
mod rows;
mod runner;
mod snapshot;
mod table;

pub(crate) use inputs::{inputs_now, lost_rows, rest_of, views_changed};
pub use outcome::Action;
pub use report::{BuildOptions, NodeResult, NodeStatus, Observer, Report};
pub use runner::Runner;
