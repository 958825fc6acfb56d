//! The ports: the traits through which the flow meets databases, plugins and time, and the types they exchange.
//!
//! | module | what it is for |
//! |---|---|
//! | `cancel` | the request to stop |
//! | `clock` | time |
//! | `events` | what a run reports as it goes on |
//! | `extractor` | the stage that reads a stream |
//! | `loader` | the stage that writes a stream |
//! | `service` | reading a web service |
//! | `source` | reading a database in one snapshot |
//! | `sql` | plain SQL, for the tables that the host itself keeps |
//! | `table_grant` | the part of a table that a stream may read |
//! | `target` | writing a database in transactions |
//! | `transform` | the stage that changes batches |

pub(crate) mod cancel;
pub(crate) mod clock;
pub(crate) mod events;
pub(crate) mod extractor;
pub(crate) mod loader;
pub(crate) mod service;
pub(crate) mod source;
pub(crate) mod sql;
pub(crate) mod table_grant;
pub(crate) mod target;
pub(crate) mod transform;
