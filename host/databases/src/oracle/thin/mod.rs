//! Oracle's own thin driver, in pure Rust: nothing has to be installed.
//!
//! | module | what it is for |
//! |---|---|
//! | `connection` | connecting, and the interface of a connection |
//! | `error` | its errors, classified |
//! | `value` | single values to the server and back |
//! | `column` | its description of a column |
//! | `rows` | the rows of a query |

mod column;
mod connection;
mod error;
mod rows;
mod value;

pub(super) use connection::connect;
