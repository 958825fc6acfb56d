//! Writing the one table of a stream.

use crate::batch::Batch;
use crate::contract::types::Column;
use crate::failure::Result;

pub use crate::contract::target::{Definition, MergeRule};

/// The target, in a transaction that the host begins and commits.
pub trait Target {
    /// The table's definition without the host's own columns.
    fn describe(&self, table: &str) -> Result<Option<Definition>>;
    /// Creates the table.
    fn create(&self, table: &Definition) -> Result<()>;
    /// Adds nullable columns at the end.
    fn add_columns(&self, table: &str, columns: &[Column]) -> Result<()>;
    /// Widens the types of columns.
    fn widen_columns(&self, table: &str, columns: &[Column]) -> Result<()>;
    /// Inserts all rows.
    fn insert(&self, table: &str, rows: &Batch) -> Result<()>;
    /// Inserts the rows that are new and updates those that differ and are not older.
    fn merge(&self, table: &str, rows: &Batch, rule: &MergeRule) -> Result<()>;
    /// Creates an empty table beside the existing one, and returns its name.
    fn stage(&self, table: &Definition, resume: bool) -> Result<String>;
    /// Replaces the table by the staged table.
    fn swap(&self, table: &str) -> Result<()>;
}

/// The target that the host grants. Natively there is none: every call fails.
#[derive(Clone, Copy, Debug, Default)]
pub struct Granted;

#[cfg(target_family = "wasm")]
impl Target for Granted {
    fn describe(&self, table: &str) -> Result<Option<Definition>> {
        crate::contract::target::describe(table)
    }
    fn create(&self, table: &Definition) -> Result<()> {
        crate::contract::target::create(table)
    }
    fn add_columns(&self, table: &str, columns: &[Column]) -> Result<()> {
        crate::contract::target::add_columns(table, columns)
    }
    fn widen_columns(&self, table: &str, columns: &[Column]) -> Result<()> {
        crate::contract::target::widen_columns(table, columns)
    }
    fn insert(&self, table: &str, rows: &Batch) -> Result<()> {
        crate::contract::target::insert(table, rows)
    }
    fn merge(&self, table: &str, rows: &Batch, rule: &MergeRule) -> Result<()> {
        crate::contract::target::merge(table, rows, rule)
    }
    fn stage(&self, table: &Definition, resume: bool) -> Result<String> {
        crate::contract::target::stage(table, resume)
    }
    fn swap(&self, table: &str) -> Result<()> {
        crate::contract::target::swap(table)
    }
}

#[cfg(not(target_family = "wasm"))]
mod absent {
    use super::{Batch, Column, Definition, Granted, MergeRule, Result, Target};
    use crate::failure::{Failure, invalid_config};

    fn absent() -> Failure {
        invalid_config("no host grants a target here")
    }

    impl Target for Granted {
        fn describe(&self, _table: &str) -> Result<Option<Definition>> {
            Err(absent())
        }
        fn create(&self, _table: &Definition) -> Result<()> {
            Err(absent())
        }
        fn add_columns(&self, _table: &str, _columns: &[Column]) -> Result<()> {
            Err(absent())
        }
        fn widen_columns(&self, _table: &str, _columns: &[Column]) -> Result<()> {
            Err(absent())
        }
        fn insert(&self, _table: &str, _rows: &Batch) -> Result<()> {
            Err(absent())
        }
        fn merge(&self, _table: &str, _rows: &Batch, _rule: &MergeRule) -> Result<()> {
            Err(absent())
        }
        fn stage(&self, _table: &Definition, _resume: bool) -> Result<String> {
            Err(absent())
        }
        fn swap(&self, _table: &str) -> Result<()> {
            Err(absent())
        }
    }
}
