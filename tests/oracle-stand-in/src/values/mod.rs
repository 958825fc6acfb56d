//! Values and their types on both sides.
//!
//! | room | what it is for |
//! |---|---|
//! | `number` | NUMBER |
//! | `moment` | DATE and TIMESTAMP |
//! | `kind` | column types: as declared, in PostgreSQL, on the wire |
//! | `cell` | one value between PostgreSQL and the wire |

pub(crate) mod cell;
pub(crate) mod kind;
pub(crate) mod moment;
pub(crate) mod number;
