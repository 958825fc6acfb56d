//! A warehouse management system to practise on: five tables in one SQLite file, made from a seed. It plays
//! the source, so it shares no code with the host that reads it, and it knows neither plugins nor pipelines.
//! All data is synthetic; the same seed gives the same contents on any machine.
//!
//! | module | |
//! |---|---|
//! | `error` | what can go wrong, and what to do about it |
//! | `summary` | what was done, table by table, and how far it is |
//! | `random` | draws that depend on the seed alone |
//! | `moment` | microseconds and their text |
//! | `calendar` | when a warehouse works: hours and weekdays of the span |
//! | `column` | decimals and timestamps as the file keeps them |
//! | `schema` | the five tables and their indexes |
//! | `world` | how many rows there are, and the facts that several tables share |
//! | `rows` | one module per table: what a row looks like, clean or dirty |
//! | `create` | a new file |
//! | `change` | a day of changes in an existing file |

mod calendar;
mod change;
mod column;
mod create;
mod error;
mod moment;
mod random;
mod rows;
mod schema;
mod summary;
mod world;

pub use change::{ChangeOptions, LATE_LIMIT_MINUTES, change};
pub use create::{CreateOptions, create};
pub use error::SampleError;
pub use moment::Moment;
pub use summary::{Summary, TableSummary};
pub use world::{MAX_ALLOCATIONS, SPAN_DAYS};
