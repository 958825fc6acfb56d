//! A sample warehouse management system: five tables in one SQLite file, generated from a seed. It plays the source, so
//! it shares no code with the host that reads it, and it knows neither plugins nor pipelines. All data is synthetic;
//! the same seed produces the same contents on any machine.
//!
//! | module | what it is for |
//! |---|---|
//! | `limits` | the limits of a sample warehouse |
//! | `error` | errors, and the advice for each |
//! | `summary` | summaries per table, and progress |
//! | `random` | draws that depend on the seed alone |
//! | `moment` | times in microseconds, and their text |
//! | `calendar` | the working hours of a warehouse: hours and weekdays of the span |
//! | `column` | decimals and timestamps as the file stores them |
//! | `schema` | the five tables and their indexes |
//! | `world` | the numbers of rows, and the facts that several tables share |
//! | `rows` | one module per table: its rows, clean or dirty |
//! | `create` | creates a new file |
//! | `change` | applies a day of changes to an existing file |

mod calendar;
mod change;
mod column;
mod create;
mod error;
mod limits;
mod moment;
mod random;
mod rows;
mod schema;
mod summary;
mod world;

pub use change::change;
pub use change::options::ChangeOptions;
pub use create::{CreateOptions, create};
pub use error::SampleError;
pub use limits::{LATE_LIMIT_MINUTES, MAX_ALLOCATIONS};
pub use moment::Moment;
pub use schema::oracle_tables;
pub use summary::{Summary, TableSummary};
pub use world::SPAN_DAYS;
