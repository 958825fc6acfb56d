//! Clients that are known to work with Oracle, as referees of the stand-in.
//!
//! | room | what it is for |
//! |---|---|
//! | `stand` | the one stand-in of these tests |
//! | `python` | python-oracledb, thin |
//! | `native` | the crate oracledb |
//! | `faults` | what clients see of fault scripts |
//! | `cost` | what the stand-in itself costs |

mod cost;
mod faults;
mod native;
mod python;
mod stand;
