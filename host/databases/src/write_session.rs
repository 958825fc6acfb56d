//! The parts of a session that writes one stream which are the same in every driver: the state of its transaction, the
//! tables that it may name, and its comparison of a table with a definition.

use arrow_schema::{DataType, Schema};
use wmshost_flow::{DELETED_AT, Failure, STAGED_SUFFIX, TableDefinition, TargetGrant};

/// The state of a session's transaction, with whatever the session holds as long as it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transaction<H = ()> {
    None,
    Open(H),
    /// A write failed half way: only a rollback is left.
    Broken(H),
}

impl<H> Transaction<H> {
    /// Fails if the session must not begin a transaction.
    pub(crate) fn check_none(&self, place: &str) -> Result<(), Failure> {
        match self {
            Self::None => Ok(()),
            _ => Err(Failure::permanent(format!("{place}: a transaction is open already"))),
        }
    }

    /// Fails if the session must not write.
    pub(crate) fn check_open(&self, place: &str) -> Result<(), Failure> {
        match self {
            Self::Open(_) => Ok(()),
            Self::None => Err(Failure::permanent(format!("{place}: no transaction was begun"))),
            Self::Broken(_) => Err(Failure::permanent(format!(
                "{place}: a write in this transaction failed; it can only be rolled back"
            ))),
        }
    }

    /// Lets an open transaction only be rolled back.
    pub(crate) fn mark_broken(&mut self) {
        *self = match std::mem::replace(self, Self::None) {
            Self::Open(held) => Self::Broken(held),
            other => other,
        };
    }
}

/// The two tables that a name can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteTable {
    /// The granted table.
    Table,
    /// Its staged table.
    Staged,
}

impl WriteTable {
    /// Returns the table's name.
    pub(crate) fn name(self, grant: &TargetGrant) -> String {
        match self {
            Self::Table => grant.table.clone(),
            Self::Staged => format!("{}{STAGED_SUFFIX}", grant.table),
        }
    }

    /// Returns the table that a name means, by the database's rule for equal names; any other is denied.
    pub(crate) fn resolve(
        table: &str,
        place: &str,
        grant: &TargetGrant,
        is_equal: impl Fn(&str, &str) -> bool,
    ) -> Result<Self, Failure> {
        if is_equal(table, &grant.table) {
            Ok(Self::Table)
        } else if is_equal(table, &Self::Staged.name(grant)) {
            Ok(Self::Staged)
        } else {
            Err(Failure::denied(format!("{place}: the table {table} is not granted, {} is", grant.table)))
        }
    }
}

/// Returns the names of columns.
pub(crate) fn names_of(columns: &Schema) -> Vec<String> {
    columns.fields().iter().map(|field| field.name().clone()).collect()
}

/// Returns whether a table's own columns and its key match a definition: by name, and by type as `accepts` compares
/// the type of the table with that of the definition.
pub(crate) fn is_same(
    columns: &Schema,
    key: &[String],
    definition: &TableDefinition,
    accepts: impl Fn(&DataType, &DataType) -> bool,
) -> bool {
    let wanted = definition.columns.fields();
    let mut pairs = columns.fields().iter().zip(wanted);
    columns.fields().len() == wanted.len()
        && pairs.all(|(found, wanted)| found.name() == wanted.name() && accepts(found.data_type(), wanted.data_type()))
        && key == definition.key
}

/// The reason why a row that is kept as deleted can prevent a swap.
pub(crate) const DELETED_CONFLICTS: &str = "a row that is kept as deleted has the same values as one that was loaded";

/// The advice where a row that is kept as deleted prevents a swap.
pub(crate) fn advice_on_deleted() -> String {
    format!("delete such rows from the table where {DELETED_AT} is not NULL, or drop the index, and run again")
}
