//! Values and their types on both sides.
//!
//! | module | purpose |
//! |---|---|
//! | `number` | NUMBER |
//! | `moment` | DATE and TIMESTAMP |
//! | `interval` | INTERVAL |
//! | `kind` | column types as declared |
//! | `shape` | column types in PostgreSQL and in the protocol |
//! | `codes` | the numbers of types |
//! | `charset` | the character set of the database |
//! | `cell` | one value between PostgreSQL and the protocol |

pub(crate) mod cell;
pub(crate) mod charset;
pub(crate) mod codes;
mod interval;
pub(crate) mod kind;
pub(crate) mod moment;
pub(crate) mod number;
mod shape;
