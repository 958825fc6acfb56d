//! Clients that are known to work with Oracle, as referees of the emulator.
//!
//! | module | what it is for |
//! |---|---|
//! | `fixture` | the one stand-in of these tests |
//! | `python` | python-oracledb, thin |
//! | `native` | the crate oracledb |
//! | `faults` | what clients see of fault scripts |
//! | `cost` | what the emulator itself costs |

mod cost;
mod faults;
mod fixture;
mod native;
mod python;
