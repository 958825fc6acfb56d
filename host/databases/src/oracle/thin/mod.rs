//! Oracle's own thin driver, in pure Rust: nothing has to be installed.
//!
//! | room | what it is for |
//! |---|---|
//! | `connection` | connecting, and what is asked of a connection |
//! | `trouble` | its errors, sorted |
//! | `value` | single values to the server and back |
//! | `column` | what it says of a column |
//! | `rows` | the rows of a query |

mod column;
mod connection;
mod rows;
mod trouble;
mod value;

pub(super) use connection::connect;
