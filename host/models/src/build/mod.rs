//! Building models: each in a transaction of its own, in the order of what they read, several at once.
//!
//! | room | what it is for |
//! |---|---|
//! | `report` | what is to be done, and how it went |
//! | `runner` | which node is next, on how many threads |
//! | `late` | tests that wait until all is built |
//! | `left_out` | what reads streams that have no table |
//! | `model` | one model: full, incremental, unchanged |
//! | `owned` | the guard: which tables a build may change |
//! | `inputs` | what a model reads, and whether that has changed |
//! | `rows` | rows on their way into a table |
//! | `former` | rows as they were before they were replaced, for those who follow |
//! | `history` | every version of every row |
//! | `table` | making, indexing and swapping tables |
//! | `place` | how a table takes its place in Oracle |

mod former;
mod history;
mod inputs;
mod late;
mod left_out;
mod model;
mod owned;
mod place;
mod report;
mod rows;
mod runner;
mod table;

pub(crate) use inputs::{inputs_now, lost_rows, rest_of, views_changed};
pub use model::Action;
pub use report::{BuildOptions, NodeResult, NodeStatus, Observer, Report};
pub use runner::Runner;
