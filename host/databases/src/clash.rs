//! A row that is kept as deleted, and that a unique index keeps apart from a loaded row.

use std::fmt;

/// Both rows.
pub(crate) struct Clash {
    /// The index.
    pub(crate) index: String,
    /// Its columns.
    pub(crate) columns: Vec<String>,
    /// The key, in words, of the row that is kept as deleted.
    pub(crate) kept: String,
    /// The key, in words, of the loaded row.
    pub(crate) loaded: String,
}

impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, columns, kept, loaded } = self;
        write!(
            f,
            "the row ({kept}), which is kept as deleted, has the same {} as the loaded row ({loaded}), and the index {index} \
             does not allow that. Nothing was changed",
            columns.join(", ")
        )
    }
}
