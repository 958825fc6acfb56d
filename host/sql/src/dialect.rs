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

    /// True if a column holds no value of another type than its declared one. SQLite keeps any value in any column.
    pub fn enforces_types(self) -> bool {
        self == Self::Oracle
    }

    /// True if a DDL statement belongs to the transaction that runs it. Oracle commits before and after each one.
    pub fn has_transactional_ddl(self) -> bool {
        self == Self::Sqlite
    }

    /// True if one transaction that writes excludes all others.
    pub fn has_one_writer(self) -> bool {
        self == Self::Sqlite
    }
}
