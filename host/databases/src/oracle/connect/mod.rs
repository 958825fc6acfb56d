//! Reaching a server: settings, one connection, a pool of them, and retries within a budget.
//!
//! | module | what it is for |
//! |---|---|
//! | `connection` | one connection, with its session set up |
//! | `manager` | connections for the pool, within a budget of retries |
//! | `pool` | connections for many |
//! | `probe` | trying a connection, and what its user lacks |
//! | `retry` | when to try again |
//! | `settings` | what it takes to reach a server |

mod connection;
pub(crate) mod manager;
mod pool;
pub(crate) mod probe;
mod retry;
pub(crate) mod settings;
