//! The basis of a checkpoint: everything that decides which rows a bookmark represents, and how those rows were made.
//! The ledger stores it with the bookmark, so that a run sees what has changed since.
//!
//! | module | what it is for |
//! |---|---|
//! | `reaction` | the reaction to a definition that changed |
//! | `json` | the document in the ledger |
//! | `difference` | the differences between two definitions, and their effect on the rows in the target |

mod difference;
mod json;
pub(crate) mod reaction;

use std::collections::BTreeMap;

use arrow_schema::SchemaRef;
use wmshost_sql::by_name;

use crate::columns::{ColumnRule, ColumnRules, Mask, rules_text};
use crate::failure::Stage;
use crate::ports::extractor::{ExtractRequest, Method, NullKeys};
use crate::ports::source::MaskKey;
use crate::ports::table_grant::{TableGrant, TableGrants};
use crate::stages::transform::type_name;

pub use difference::{DefinitionChange, Impact, Reaction};
pub(crate) use difference::{differences, lost_columns, new_column};

/// The option with the file or the address of the source's database.
pub const SOURCE_DATABASE: &str = "database of the source";
/// The option with the schema of the source's tables.
pub const SOURCE_SCHEMA: &str = "schema of the source";
/// The option with the size of the largest value that is read.
pub const LARGEST_VALUE: &str = "largest value that is read";

/// The option with the rules for the columns of the key and the change key, whose values a bookmark has.
const KEY_COLUMNS: &str = "columns of the keys";
/// The option with the rules for the other columns.
const OTHER_COLUMNS: &str = "other columns";
/// The option with the columns that are granted.
const GRANTED_COLUMNS: &str = "granted columns";
/// The option with the conditions of the rows that are granted.
const GRANTED_ROWS: &str = "granted rows";
/// The value of both for whole tables.
const ALL_GRANTED: &str = "all";
/// The option with the key of masks that hash.
const MASK_KEY: &str = "key of masks";
/// The option with the lookback of a change key of whole numbers.
const LOOKBACK_VERSIONS: &str = "lookback in versions";

/// Returns the options of a definition for a stream's rules for its columns; `keys` are the columns of its key and its
/// change key, by their names in the stream.
pub fn column_options(rules: &ColumnRules, keys: &[String]) -> [(String, String); 2] {
    let is_key = |(column, rule): &(&String, &ColumnRule)| {
        rule.stream_name(column).is_some_and(|name| keys.iter().any(|key| key.eq_ignore_ascii_case(name)))
    };
    let (of_keys, others): (Vec<_>, Vec<_>) = rules.iter().partition(is_key);
    [(KEY_COLUMNS.to_owned(), rules_text(of_keys)), (OTHER_COLUMNS.to_owned(), rules_text(others))]
}

/// Returns the columns that the rules rename, by their names in the stream.
pub fn renamed_columns(rules: &ColumnRules) -> BTreeMap<String, String> {
    let named = |(column, rule): (&String, &ColumnRule)| Some((rule.stream_name(column)?.to_owned(), column.clone()));
    rules.iter().filter_map(named).filter(|(name, column)| name != column).collect()
}

/// Returns the options of a definition for the parts of tables that a stream may read.
pub fn grant_options(grants: &TableGrants) -> [(String, String); 2] {
    let texts = |of: fn(&TableGrant) -> Option<String>| {
        let texts = grants.iter().filter_map(|(table, grant)| Some(format!("{table}: {}", of(grant)?)));
        let texts: Vec<String> = texts.collect();
        if texts.is_empty() { ALL_GRANTED.to_owned() } else { texts.join("; ") }
    };
    let columns = |grant: &TableGrant| {
        let except = if grant.except.is_empty() { String::new() } else { format!(" but {}", grant.except.join(", ")) };
        (!grant.has_all_columns()).then(|| grant.columns.join(", ") + &except)
    };
    [(GRANTED_COLUMNS.to_owned(), texts(columns)), (GRANTED_ROWS.to_owned(), texts(|grant| grant.rows.clone()))]
}

/// Returns the option of a definition for the key of masks that hash, if a column has such a mask: with another key, equal
/// values have other hashes.
pub fn mask_option(rules: &ColumnRules, key: Option<&MaskKey>) -> Option<(String, String)> {
    let is_hashed = rules.values().any(|rule| rule.mask() == Some(Mask::Hash));
    Some((MASK_KEY.to_owned(), key.filter(|_| is_hashed)?.hash(b"the key of a definition")))
}

/// The basis of a stream's rows and its bookmark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The label of the source.
    pub source: String,
    /// The table that is read.
    pub table: String,
    /// The table that is written.
    pub target_table: String,
    /// The replication method.
    pub method: Method,
    /// The columns that identify a row; empty while a primary key that the pipeline does not name is unknown.
    pub key: Vec<String>,
    /// The column with the time or version of a row's last change.
    pub change_key: Option<String>,
    /// The time before the bookmark at which an incremental read starts, in microseconds.
    pub lookback_micros: u64,
    /// The policy for rows without a change key.
    pub null_keys: NullKeys,
    /// The columns of the source, by the names that the stream has for them, where those differ.
    pub renamed: BTreeMap<String, String>,
    /// The other options of the pipeline that decide which rows and values are read.
    pub options: BTreeMap<String, String>,
    /// The plugins in the order in which rows pass through them.
    pub plugins: Vec<PluginUse>,
    /// The columns of the rows that are written; empty before the source was opened.
    pub columns: Vec<ColumnUse>,
    /// The columns of the target's table after the load, without the host's own.
    pub target_columns: Vec<ColumnUse>,
}

/// A plugin at its position in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginUse {
    /// Its stage.
    pub stage: Stage,
    /// Its name in the pipeline file.
    pub label: String,
    /// Its own name.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// The digest of its component, in hex.
    pub digest: String,
    /// A digest of each setting's value: the values themselves may be secrets.
    pub settings: BTreeMap<String, String>,
}

/// A column and its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnUse {
    /// Its name.
    pub name: String,
    /// Its type, as the contract with plugins names it.
    pub kind: String,
}

impl Definition {
    /// Returns the definition of a stream without plugins, before its source is opened.
    pub fn of(request: &ExtractRequest, target_table: &str) -> Self {
        let versions = request.lookback_versions.map(|most| most.to_string());
        Self {
            source: request.source.clone(),
            table: request.table.clone(),
            target_table: target_table.to_owned(),
            method: request.method,
            key: request.key.clone(),
            change_key: request.change_key.clone(),
            lookback_micros: request.lookback_micros,
            null_keys: request.null_keys,
            renamed: BTreeMap::new(),
            options: versions.map(|most| (LOOKBACK_VERSIONS.to_owned(), most)).into_iter().collect(),
            plugins: Vec::new(),
            columns: Vec::new(),
            target_columns: Vec::new(),
        }
    }

    /// The column by which the stream reads changes, if it does, and the policy for rows without it.
    pub(crate) fn change_key_policy(&self) -> Option<(String, NullKeys)> {
        let change_key = self.change_key.clone().filter(|_| self.method == Method::Incremental)?;
        Some((change_key, self.null_keys))
    }

    /// The source's column of one in the stream.
    fn source_column<'a>(&'a self, name: &'a str) -> &'a str {
        by_name(self.renamed.iter(), name, |(name, _)| name).map_or(name, |(_, column)| column)
    }

    /// Returns a short digest of the whole definition, in hex.
    pub fn hash(&self) -> String {
        blake3::hash(self.to_json().to_string().as_bytes()).to_hex()[..16].to_owned()
    }

    /// Returns the differences from this definition to a later one. Columns and a key that are not known yet are not
    /// compared.
    pub fn changes_to(&self, now: &Self) -> Vec<DefinitionChange> {
        differences(self, now)
    }

    /// Returns whether both produce the same rows of the same source, as far as this is known before the source is
    /// opened.
    pub fn makes_same_rows(&self, other: &Self) -> bool {
        let key_is_known = !self.key.is_empty() && !other.key.is_empty();
        let comparable = |definition: &Self| Self {
            key: if key_is_known { definition.key.clone() } else { Vec::new() },
            columns: Vec::new(),
            target_columns: Vec::new(),
            ..definition.clone()
        };
        comparable(self) == comparable(other)
    }
}

/// Returns the columns of a schema.
pub(crate) fn columns_of(schema: &SchemaRef) -> Vec<ColumnUse> {
    let column =
        |field: &arrow_schema::FieldRef| ColumnUse { name: field.name().clone(), kind: type_name(field.data_type()) };
    schema.fields().iter().map(column).collect()
}

/// Returns the column with this name, in any case.
pub(crate) fn column<'a>(columns: &'a [ColumnUse], name: &str) -> Option<&'a ColumnUse> {
    by_name(columns.iter(), name, |column| &column.name)
}

/// Returns whether both are the same columns, in any order and case.
pub(crate) fn same_names(one: &[String], other: &[String]) -> bool {
    let sorted = |names: &[String]| {
        let mut names: Vec<_> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        names.sort();
        names
    };
    sorted(one) == sorted(other)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn column_use(name: &str, kind: &str) -> ColumnUse {
        ColumnUse { name: name.to_owned(), kind: kind.to_owned() }
    }

    pub(crate) fn definition() -> Definition {
        let plugin = |stage, label: &str| PluginUse {
            stage,
            label: label.to_owned(),
            name: label.to_owned(),
            version: "0.1.0".to_owned(),
            digest: format!("{label}-digest"),
            settings: BTreeMap::from([("limit".to_owned(), "1f".to_owned())]),
        };
        Definition {
            source: "wms".to_owned(),
            table: "item".to_owned(),
            target_table: "WMS_ITEM".to_owned(),
            method: Method::Incremental,
            key: vec!["id".to_owned()],
            change_key: Some("changed".to_owned()),
            lookback_micros: 900_000_000,
            null_keys: NullKeys::Include,
            renamed: BTreeMap::from([("amount".to_owned(), "Unit Price".to_owned())]),
            options: BTreeMap::from([("column note".to_owned(), "text".to_owned())]),
            plugins: vec![
                plugin(Stage::Extract, "tables"),
                plugin(Stage::Transform, "items"),
                plugin(Stage::Load, "table"),
            ],
            columns: vec![column_use("id", "int64"), column_use("amount", "decimal(8, 2)")],
            target_columns: vec![column_use("id", "int64"), column_use("amount", "decimal(8, 2)")],
        }
    }
}
