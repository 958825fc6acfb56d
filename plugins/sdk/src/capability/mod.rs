//! The capabilities that a plugin may call, as traits where a test may replace the host.
//!
//! | module | what it is |
//! |---|---|
//! | `building` | making a batch |
//! | `http` | reading a web service |
//! | `log` | messages into the run's log |
//! | `state` | a small memory of the plugin's own |
//! | `source` | reading a database |
//! | `target` | writing a table |

pub mod building;
pub mod http;
pub mod log;
pub mod source;
pub mod state;
pub mod target;
