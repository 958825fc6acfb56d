//! Building models: each in a transaction of its own, in the order of what they read, several at once.
//!
//! | room | what it is for |
//! |---|---|
//! | `runner` | which node is next, on how many threads |
//! | `model` | one model: full, incremental, unchanged |
//! | `inputs` | what a model reads, and whether that has changed |
//! | `rows` | rows on their way into a table |
//! | `history` | every version of every row |
//! | `table` | making, indexing and swapping tables |

mod history;
mod inputs;
mod model;
mod rows;
mod runner;
mod table;

pub(crate) use inputs::inputs_now;
pub use model::Action;
pub use runner::{BuildOptions, NodeResult, NodeStatus, Observer, Report, Runner};
