//! Clients that are known to work with Oracle, as references for the emulator.
//!
//! | module | purpose |
//! |---|---|
//! | `fixture` | the one emulator of these tests |
//! | `python` | python-oracledb, thin |
//! | `native` | the crate oracledb |
//! | `others` | node-oracledb, adbc-driver-oracle, SQLAlchemy, dbt-oracle, a Singer tap |
//! | `expressions` | expressions with the results that Oracle documents |
//! | `faults` | the effects of fault scripts on clients |
//! | `cost` | the cost of the emulator itself |

mod cost;
mod expressions;
mod faults;
mod fixture;
mod native;
mod others;
mod python;
