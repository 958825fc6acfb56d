//! An emulator of an Oracle server: speaks Oracle Net in front of PostgreSQL, for tests only.
//!
//! | module | purpose |
//! |---|---|
//! | `emulator` | the interface for tests: start, ports, admin connection |
//! | `options` | releases, accounts, services |
//! | `faults` | fault scripts |
//! | `certificates` | TCPS |
//! | `server` | the state that all conversations share |
//! | `net` | Oracle Net: packets, listening, greeting |
//! | `ttc` | the calls of a session |
//! | `values` | values and types on both sides |
//! | `sql` | Oracle's SQL turned into PostgreSQL's |
//! | `engine` | PostgreSQL |

mod certificates;
mod emulator;
mod engine;
mod faults;
mod net;
mod options;
mod server;
mod sql;
mod ttc;
mod values;

pub use emulator::{Admin, Emulator};
pub use faults::{Effect, Fault, FaultId, Faults, Moment};
pub use options::{Account, AccountState, Options, Release, Transport, Verifier};
pub use server::Asked;
pub use values::charset::Charset;
