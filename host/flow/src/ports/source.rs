//! Port: reading a database. All sessions of a source see the same snapshot, taken at the start of the run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};
use std::sync::Arc;

use arrow_schema::{Schema, SchemaRef};
use wmshost_sql::{Dialect, Value, by_name};
use zeroize::Zeroizing;

use super::clock::Micros;
use super::table_grant::{TableGrant, TableGrants, grant_of};
use crate::columns::{ColumnRule, ColumnRules};
use crate::failure::Failure;
use crate::receipt::RangeRoots;
use crate::rows::batch::Batch;
use crate::values::order::ColumnOrder;

/// The tables that a session may read, and the size of its batches.
#[derive(Debug, Clone)]
pub struct SourceGrant {
    /// The tables that may be read, in the source's spelling, or patterns of them; compared without regard to case.
    pub tables: BTreeSet<String>,
    /// The columns that the stream names as its key, by their names in the stream; empty for the table's own key.
    pub key: Vec<String>,
    /// The rules for columns, by the names of tables in lower case: the session describes and returns such a table as
    /// they make it.
    pub columns: BTreeMap<String, ColumnRules>,
    /// The parts of tables that may be read, where it is not the whole table.
    pub narrowed: TableGrants,
    /// The key of masks that hash.
    pub mask_key: Option<MaskKey>,
    /// True if the stream reads only the rows after the last key: no row may be inserted before it unnoticed.
    pub appends: bool,
    /// The largest number of bytes in one batch; a row that has more is a bad value.
    pub batch_bytes: usize,
    /// True if each statement reads what is committed when it starts, instead of the snapshot of the run.
    pub by_statement: bool,
}

impl SourceGrant {
    /// Returns a grant for these tables, with batches of the default size.
    pub fn of(tables: BTreeSet<String>) -> Self {
        Self {
            tables,
            key: Vec::new(),
            columns: BTreeMap::new(),
            narrowed: TableGrants::new(),
            mask_key: None,
            appends: false,
            batch_bytes: BATCH_BYTES,
            by_statement: false,
        }
    }

    /// Returns the rules for the columns of a table, in whatever case its name is written.
    pub fn rules_of(&self, table: &str) -> &ColumnRules {
        static NONE: ColumnRules = ColumnRules::new();
        by_name(self.columns.iter(), table, |(name, _)| name).map_or(&NONE, |(_, rules)| rules)
    }

    /// Returns the grant of a table's part; `None` for the whole table.
    pub fn part_of(&self, table: &str) -> Option<&TableGrant> {
        grant_of(&self.narrowed, table).filter(|grant| !grant.is_whole())
    }

    /// Returns the rules for a table with these columns, in which those that are not granted are left out; the errors are
    /// all mistakes.
    pub fn rules_for<'c>(
        &self,
        table: &str,
        columns: impl Iterator<Item = &'c str>,
    ) -> Result<ColumnRules, Vec<String>> {
        let rules = self.rules_of(table);
        match self.part_of(table) {
            Some(part) => part.narrowed(rules, columns),
            None => Ok(rules.clone()),
        }
    }

    /// Returns whether values of a table are kept from the stream: rows, columns, or what a mask hides.
    pub fn withholds(&self, table: &str) -> bool {
        self.part_of(table).is_some() || self.rules_of(table).values().any(ColumnRule::withholds)
    }
}

/// The key of masks that hash, made of a secret, which is overwritten in memory when it is dropped.
#[derive(Clone)]
pub struct MaskKey(Zeroizing<[u8; 32]>);

impl MaskKey {
    /// Makes the key of a secret.
    pub fn of(secret: &str) -> Self {
        Self(Zeroizing::new(blake3::derive_key("wmshost 2026-11 mask of a column", secret.as_bytes())))
    }

    /// Returns the masked text of a value.
    pub fn hash(&self, value: &[u8]) -> String {
        blake3::keyed_hash(&self.0, value).to_hex()[..32].to_owned()
    }
}

impl fmt::Debug for MaskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MaskKey(…)")
    }
}

/// Returns the reason why a stream may not read a column, and the key that grants it.
pub fn column_not_granted(table: impl Display, column: impl Display) -> String {
    format!(
        "the column {column} of the table {table} is not granted; `grants` of the stream in the pipeline file grants it"
    )
}

/// Returns the reason why a stream may not read a table, and the key that grants it.
pub fn table_not_granted(table: impl Display) -> String {
    format!("the table {table} is not granted; `reads` of the stream in the pipeline file grants further tables")
}

/// The default for the largest number of bytes in one batch.
const BATCH_BYTES: usize = 64 << 20;

/// The source's side of a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceColumn {
    /// Its type as the source declares it, in words.
    pub declared: String,
    /// The values in it that are bad values, in words; `None` if every value can be read as it is.
    pub refused: Option<String>,
    /// The reason why the declared type does not decide what the column holds; `None` if it does.
    pub open: Option<String>,
}

/// The description of a table by its database.
#[derive(Debug, Clone)]
pub struct TableDescription {
    /// The table's name as the database spells it.
    pub name: String,
    /// Its columns.
    pub columns: SchemaRef,
    /// The columns of its primary key, in order; empty if it has none.
    pub key: Vec<String>,
    /// For each column, the expression of the host's order (see [`ColumnOrder`]), or the reason why the database has
    /// none.
    pub order: Vec<Result<ColumnOrder, String>>,
    /// For each column, the source's side of it.
    pub sources: Vec<SourceColumn>,
}

impl TableDescription {
    /// Returns the description without columns of these names, in whatever case they are written.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        let is_kept = |name: &str| names.iter().all(|other| !other.eq_ignore_ascii_case(name));
        let kept: Vec<bool> = self.columns.fields().iter().map(|field| is_kept(field.name())).collect();
        if kept.iter().all(|kept| *kept) {
            return self;
        }
        let fields = self.columns.fields().iter().zip(&kept).filter(|(_, kept)| **kept);
        self.columns = Arc::new(Schema::new(fields.map(|(field, _)| Arc::clone(field)).collect::<Vec<_>>()));
        let (mut of_order, mut of_sources) = (kept.iter(), kept.iter());
        self.order.retain(|_| of_order.next() != Some(&false));
        self.sources.retain(|_| of_sources.next() != Some(&false));
        self
    }

    /// Returns whether it has the column, in whatever case its name is written.
    pub fn has(&self, column: &str) -> bool {
        by_name(self.columns.fields().iter(), column, |field| field.name()).is_some()
    }

    /// Returns the host's order for a column, in whatever case its name is written, or the reason why there is none.
    pub fn order_of(&self, column: &str) -> Result<&ColumnOrder, String> {
        let place = self.columns.fields().iter().position(|field| field.name().eq_ignore_ascii_case(column));
        let order = place.and_then(|place| self.order.get(place));
        let order = order.ok_or_else(|| format!("table {} has no column {column}", self.name))?;
        order.as_ref().map_err(|why| format!("table {} cannot be ordered by {column}: {why}", self.name))
    }
}

/// A database at one moment.
pub trait Source: Send + Sync {
    /// Returns a session in this source's snapshot, for one stream.
    fn session(&self, grant: &SourceGrant) -> Result<Box<dyn SourceSession>, Failure>;
    /// Returns a marker that is equal for two snapshots only if nothing at all was changed between them; `None` if the
    /// database has no such marker.
    fn version(&self) -> Option<String>;
}

/// A read-only session in a snapshot.
pub trait SourceSession: Send {
    /// Returns its SQL dialect.
    fn dialect(&self) -> Dialect;
    /// Returns the time by the database's own clock, UTC.
    fn now(&mut self) -> Result<Micros, Failure>;
    /// Returns the granted tables that exist.
    fn tables(&mut self) -> Result<Vec<String>, Failure>;
    /// Returns the description of a granted table; `None` if there is no such table.
    fn describe(&mut self, table: &str) -> Result<Option<TableDescription>, Failure>;
    /// Runs one SELECT over granted tables.
    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Box<dyn Cursor>, Failure>;
    /// Adds the rows of a SELECT to roots without returning them, and calls `alive` on the way. `false`, whatever was added
    /// by then, if the rows have to be queried and hashed by the caller.
    fn add_to_roots(
        &mut self,
        _statement: &str,
        _roots: &mut RangeRoots,
        _alive: &mut dyn FnMut() -> Result<(), Failure>,
    ) -> Result<bool, Failure> {
        Ok(false)
    }
}

/// The rows of a query, read on demand.
pub trait Cursor: Send {
    /// Returns the columns of every batch.
    fn schema(&self) -> SchemaRef;
    /// Returns up to `max_rows` rows, with those that have a bad value as rejected rows of the batch; `None` at the
    /// end.
    fn next(&mut self, max_rows: usize) -> Result<Option<Batch>, Failure>;
}

#[cfg(test)]
mod tests {
    use arrow_schema::{DataType, Field};

    use super::*;

    #[test]
    fn a_column_that_is_left_out_takes_its_order_and_its_source_along() {
        let names = ["id", "WMS_LOADED_AT", "note"];
        let field = |name: &&str| Field::new(*name, DataType::Utf8, true);
        let source = |name: &&str| SourceColumn { declared: (*name).to_owned(), ..SourceColumn::default() };
        let described = TableDescription {
            name: "t".to_owned(),
            columns: Arc::new(Schema::new(names.iter().map(field).collect::<Vec<_>>())),
            key: Vec::new(),
            order: names.iter().map(|name| Err((*name).to_owned())).collect(),
            sources: names.iter().map(source).collect(),
        };
        let left = described.without(&["wms_loaded_at"]);
        let declared: Vec<_> = left.sources.iter().map(|source| source.declared.as_str()).collect();
        let order: Vec<_> = left.order.iter().map(|order| order.as_ref().err().map(String::as_str)).collect();
        assert_eq!((left.columns.fields().len(), declared), (2, vec!["id", "note"]));
        assert_eq!(order, [Some("id"), Some("note")]);
    }
}
