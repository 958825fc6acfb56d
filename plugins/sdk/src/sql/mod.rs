//! SQL where the databases differ. Every function returns the text of an expression, or of a SELECT where it says so;
//! its arguments are expressions too. A model only declares what needs DDL and DML (merge, swap, index, partition,
//! statistics): the host writes it.
//!
//! | module | purpose |
//! |---|---|
//! | `moment` | dates, timestamps and the time between them |
//! | `value` | flags, texts, numbers, keys |
//! | `window` | rows before and after, running totals, percentiles |
//! | `profile` | completeness of a table's columns |

mod moment;
mod profile;
mod value;
mod window;

use crate::contract::types::Dialect;

/// Writes SQL for one kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sql {
    dialect: Dialect,
}

impl Sql {
    /// For this dialect.
    pub fn of(dialect: Dialect) -> Self {
        Self { dialect }
    }

    /// For SQLite.
    pub fn sqlite() -> Self {
        Self::of(Dialect::Sqlite)
    }

    /// For Oracle.
    pub fn oracle() -> Self {
        Self::of(Dialect::Oracle)
    }

    /// The dialect.
    pub fn dialect(self) -> Dialect {
        self.dialect
    }

    /// One of two texts.
    fn pick(self, sqlite: impl FnOnce() -> String, oracle: impl FnOnce() -> String) -> String {
        match self.dialect {
            Dialect::Sqlite => sqlite(),
            Dialect::Oracle => oracle(),
        }
    }
}
