//! Reading: one moment over many sessions, and the rows of a query as Arrow batches.
//!
//! | module | what it is for |
//! |---|---|
//! | `column` | cells to Arrow columns |
//! | `convert` | columns that were read as text, as values of the declared types |
//! | `cursor` | the rows of a query |
//! | `dates` | moments that are compared with a DATE |
//! | `lob` | large objects, with their rows or in pieces |
//! | `order` | the host's order of a column, in Oracle's words |
//! | `refusals` | the source's side of a column for a plan or a certificate |
//! | `rules` | a table as a stream reads it, by the rules of the pipeline |
//! | `session` | one stream's reading |
//! | `slices` | one statement, read by several sessions |
//! | `snapshot_point` | the moment of a run |
//! | `source` | one moment over many sessions |

pub(crate) mod column;
mod convert;
pub(crate) mod cursor;
mod dates;
pub(crate) mod lob;
mod order;
mod refusals;
mod rules;
mod session;
mod slices;
pub(crate) mod snapshot_point;
pub(crate) mod source;
