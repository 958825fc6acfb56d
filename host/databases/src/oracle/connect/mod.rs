//! Reaching a server: settings, one connection, a pool of them, and retries within a budget.
//!
//! | module | what it is for |
//! |---|---|
//! | `connection` | one connection, with its session set up |
//! | `fetch_rows` | the rows of a round trip |
//! | `login_memory` | a refused login, remembered over runs |
//! | `manager` | connections for the pool, within a budget of retries |
//! | `pool` | connections for many |
//! | `probe` | testing a connection |
//! | `retry` | when to try again |
//! | `settings` | what it takes to reach a server |

mod connection;
pub(crate) mod fetch_rows;
mod login_memory;
pub(crate) mod manager;
mod pool;
pub(crate) mod probe;
mod retry;
pub(crate) mod settings;
