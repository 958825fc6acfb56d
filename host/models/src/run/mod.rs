//! Building models: each in a transaction of its own, in the order of their dependencies, several at once.
//!
//! | module | purpose |
//! |---|---|
//! | `report` | options and results of a run |
//! | `worker` | a run and the state that its threads share |
//! | `runner` | schedules the nodes over threads |
//! | `deferred_tests` | tests that wait until everything is built |
//! | `missing_sources` | models that read streams without a table |
//! | `outcome` | the outcome of one model's build |
//! | `context` | the context of a run's builds, and one build |
//! | `model` | one model: full, incremental, unchanged |
//! | `owned_session` | the guard: the tables that a build may change |
//! | `ownership` | the names that a build makes its own |
//! | `inputs` | the inputs of a model and their versions |
//! | `keys` | checks that rows have complete and unique keys |
//! | `rows` | stages rows and applies them to a table |
//! | `before_images` | rows as they were before they were replaced, for followers |
//! | `snapshot` | every version of every row |
//! | `table` | creates, indexes and swaps tables |
//! | `replace_oracle` | replaces a table in Oracle |

mod before_images;
mod context;
mod deferred_tests;
mod inputs;
mod keys;
mod missing_sources;
mod model;
mod outcome;
mod owned_session;
mod ownership;
mod replace_oracle;
mod report;
mod rows;
mod runner;
mod snapshot;
mod table;
mod worker;

pub(crate) use inputs::inputs_now;
pub use outcome::Action;
pub use report::{BuildOptions, NodeResult, NodeStatus, Observer, Report};
pub(crate) use rows::drop_work_table;
pub use worker::Runner;
