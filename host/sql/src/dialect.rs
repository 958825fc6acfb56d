//! The kinds of databases. Each question about their SQL is a method of [`Dialect`], with the answers for all of them
//! side by side; the modules of this crate hold them by subject.

/// The SQL dialect of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// Oracle.
    Oracle,
}

impl Dialect {
    /// Returns its name in messages and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Oracle => "oracle",
        }
    }
}
