//! Reading: one moment over many sessions, and the rows of a query as Arrow batches.
//!
//! | module | what it is for |
//! |---|---|
//! | `column` | cells to Arrow columns |
//! | `cursor` | the rows of a query |
//! | `dates` | moments that are compared with a DATE |
//! | `lob` | large objects, with their rows or in pieces |
//! | `order` | the host's order of a column, in Oracle's words |
//! | `session` | one stream's reading |
//! | `snapshot_point` | the moment of a run |
//! | `source` | one moment over many sessions |

pub(crate) mod column;
pub(crate) mod cursor;
mod dates;
pub(crate) mod lob;
mod order;
mod session;
pub(crate) mod snapshot_point;
pub(crate) mod source;
