//! The tables of a database as a source: columns with their types, keys, estimates of the rows, and the columns that
//! could say when a row last changed, the best ones first. Nothing is written.
//!
//! The catalog of the database has the names, the declared types and the indexes; the extractor says how it would read a
//! table; and the first rows show how often a change key is NULL or tied, and which values do not fit their types.
//!
//! | module | what it is for |
//! |---|---|
//! | `place` | a database as the command line names it |
//! | `sample` | the measures of a table's first rows |
//! | `forms` | forms of values other than their columns' types say |
//! | `change_keys` | the candidates for a change key, ranked |

mod change_keys;
mod forms;
mod place;
mod sample;

use std::collections::BTreeSet;

use arrow_schema::Schema;
pub use change_keys::{ChangeKeyCandidate, is_change_stamp};
pub use place::{Place, PlaceOptions, Role};
pub use sample::{Misfit, Sample};
use wmshost_databases::{CatalogTable, read_catalog};
pub use wmshost_databases::{RowCount, TableKind};
use wmshost_flow::{ColumnRules, Failure, Source, SourceGrant, StatementLimit, type_name};
use wmshost_pipeline::PluginFile;
use wmshost_sandbox::{Granted, GrantedSource, Identity, Limits, Offer, Plugin};

use crate::assembly::{SessionTags, connect};
use crate::error::Result;
use crate::plugin_registry::PluginRegistry;
pub(crate) use sample::measures;
use sample::sample_of;

/// The standard extractor.
pub(crate) const EXTRACTOR: &str = "wms-tables";

/// The tables of a database.
#[derive(Debug)]
pub struct Discovery {
    /// The tables and views, by name.
    pub tables: Vec<DiscoveredTable>,
}

/// A table or view.
#[derive(Debug)]
pub struct DiscoveredTable {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: TableKind,
    /// The number of its rows.
    pub rows: RowCount,
    /// Its columns in order.
    pub columns: Vec<DiscoveredColumn>,
    /// The columns of its primary key; empty if it has none.
    pub key: Vec<String>,
    /// Other columns that identify a row, because a unique index has them and none of them may be NULL.
    pub unique: Vec<Vec<String>>,
    /// The columns that could be its change key, the best one first.
    pub change_keys: Vec<ChangeKeyCandidate>,
    /// The measures of its first rows.
    pub sample: Sample,
    /// The reason why it cannot be read; `None` if it can.
    pub trouble: Option<String>,
}

/// A column.
#[derive(Debug)]
pub struct DiscoveredColumn {
    /// Its name.
    pub name: String,
    /// Its declared type; empty if it has none.
    pub declared: String,
    /// The type that its values have on the way; `None` if the table cannot be read.
    pub kind: Option<String>,
    /// True if NULL may occur.
    pub nullable: bool,
    /// The rule that makes more of the first rows fit, as a pipeline file has it; `None` if there is none.
    pub rule: Option<String>,
}

/// Describes the tables of a database, or those of these names.
pub fn discover(place: &Place, registry: &PluginRegistry, names: &[String]) -> Result<Discovery> {
    let tags = SessionTags { pipeline: "discover", run_id: "discover" };
    let source = connect::source(&place.label, &place.connection, 1, &tags, &StatementLimit::default())?;
    let mut catalog = connect::reader(&place.label, &place.connection)?;
    let mut catalog = match &mut catalog {
        Some(session) => read_catalog(session.as_mut())?,
        None => Vec::new(),
    };
    if !names.is_empty() {
        require(&catalog, names, place)?;
        catalog.retain(|table| names.iter().any(|name| name.eq_ignore_ascii_case(&table.name)));
    }
    let extractor = registry.plugin(EXTRACTOR, &registry.file(&PluginFile::Standard(EXTRACTOR.to_owned()))?)?;
    let reader = TableReader { place, source: source.as_ref(), extractor: &extractor };
    Ok(Discovery { tables: catalog.into_iter().map(|table| reader.table(table)).collect() })
}

/// Fails if a table does not exist.
fn require(catalog: &[CatalogTable], names: &[String], place: &Place) -> Result<(), Failure> {
    let is_known = |name: &&String| !catalog.iter().any(|table| table.name.eq_ignore_ascii_case(name));
    let missing: Vec<&str> = names.iter().filter(is_known).map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("{} has no table or view {}", place.connection, missing.join(", "));
    Err(Failure::invalid_config(message).advise("`wmshost discover` without `--table` lists all of them"))
}

/// Reads the tables of one source.
struct TableReader<'a> {
    place: &'a Place,
    source: &'a dyn Source,
    extractor: &'a Plugin,
}

impl TableReader<'_> {
    fn table(&self, catalog: CatalogTable) -> DiscoveredTable {
        let mut table = DiscoveredTable {
            columns: declared_columns(&catalog),
            name: catalog.name,
            kind: catalog.kind,
            rows: catalog.rows,
            key: Vec::new(),
            unique: Vec::new(),
            change_keys: Vec::new(),
            sample: Sample::default(),
            trouble: catalog.trouble,
        };
        if table.trouble.is_some() {
            return table;
        }
        let offer = match self.offer(&table.name) {
            Ok(offer) => offer,
            Err(failure) => {
                table.trouble = Some(failure.to_string());
                return table;
            }
        };
        for column in &mut table.columns {
            if let Some(field) = offer.columns.fields().iter().find(|field| field.name() == &column.name) {
                (column.kind, column.nullable) = (Some(type_name(field.data_type())), field.is_nullable());
            }
        }
        let unique =
            catalog.indexes.iter().filter(|index| index.unique && !is_nullable(&offer.columns, &index.columns));
        table.unique = unique.map(|index| index.columns.clone()).filter(|columns| *columns != offer.key).collect();
        // The rows of a view may take long to compute.
        if table.kind == TableKind::Table {
            match self.sample(&mut table, &offer) {
                Ok(sample) => table.sample = sample,
                Err(failure) => table.trouble = Some(failure.to_string()),
            }
        }
        table.change_keys = change_keys::ranked(&offer.change_keys, &catalog.indexes, &table.sample);
        table.key = offer.key;
        table
    }

    /// Looks at the first rows, and proposes rules for columns by which more of them fit.
    fn sample(&self, table: &mut DiscoveredTable, offer: &Offer) -> Result<Sample, Failure> {
        let name = table.name.clone();
        let measured = || offer.change_keys.iter().chain(&offer.key);
        let sample = |rules: &ColumnRules| sample_of(self.source, &name, rules, measured());
        let first = sample(&ColumnRules::new())?;
        let (rules, sample) = forms::proposed((&offer.columns, &offer.key), first, sample)?;
        for column in &mut table.columns {
            column.rule = rules.get(&column.name).and_then(forms::rule_text);
        }
        Ok(sample)
    }

    /// Asks the extractor for its description of a table.
    fn offer(&self, table: &str) -> Result<Offer, Failure> {
        let granted = Granted::Database(GrantedSource {
            label: self.place.label.clone(),
            known_labels: vec![self.place.label.clone()],
            session: self.source.session(&SourceGrant::of(BTreeSet::from([table.to_owned()])))?,
        });
        let identity = Identity { plugin: EXTRACTOR.to_owned(), stream: table.to_owned(), ..Identity::default() };
        let mut offers = self.extractor.discover(identity, Limits::default(), granted)?;
        offers.pop().ok_or_else(|| Failure::invalid_config(format!("the extractor finds no table {table}")))
    }
}

/// Returns the columns as the catalog has them.
fn declared_columns(catalog: &CatalogTable) -> Vec<DiscoveredColumn> {
    let column = |column: &wmshost_databases::CatalogColumn| DiscoveredColumn {
        name: column.name.clone(),
        declared: column.declared.clone(),
        kind: None,
        nullable: true,
        rule: None,
    };
    catalog.columns.iter().map(column).collect()
}

/// Returns whether one of these columns may be NULL, or is not known.
fn is_nullable(schema: &Schema, columns: &[String]) -> bool {
    columns.iter().any(|name| schema.field_with_name(name).map_or(true, |field| field.is_nullable()))
}
