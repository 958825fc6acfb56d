//! Oracle's own thin driver, in pure Rust: nothing has to be installed.
//!
//! | module | what it is for |
//! |---|---|
//! | `connection` | connecting, and what is asked of a connection |
//! | `error` | its errors, sorted |
//! | `value` | single values to the server and back |
//! | `column` | what it says of a column |
//! | `rows` | the rows of a query |

mod column;
mod connection;
mod error;
mod rows;
mod value;

pub(super) use connection::connect;
