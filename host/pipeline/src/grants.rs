//! The grants of a stream beyond its own table, and the parts of tables that it may read.

use wmshost_flow::{TableGrant, TableGrants, grant_of};

use crate::authored::Node;
use crate::diagnostics::join;
use crate::keys::{grant as keys, stream};
use crate::section_reader::SectionReader;

/// Reads the grants of a stream, by the names or patterns of tables.
pub(crate) fn read(scope: &mut SectionReader<'_>) -> TableGrants {
    let Some(Node::Section(tables)) = scope.section.entries.get(stream::GRANTS.name) else {
        return TableGrants::new();
    };
    let path = join(&scope.path, stream::GRANTS.name);
    let mut grants = TableGrants::new();
    for (table, section) in tables.tables() {
        let mut inner =
            SectionReader { section, path: join(&path, table), environment: scope.environment, sink: &mut *scope.sink };
        let columns = if inner.has(&keys::COLUMNS) { inner.list(&keys::COLUMNS) } else { None };
        if columns.as_ref().is_some_and(Vec::is_empty) {
            let advice = "name columns, or remove the key for all of them".to_owned();
            inner.sink.of(&join(&inner.path, keys::COLUMNS.name), "grants no column", Some(advice));
        }
        let except = inner.list(&keys::EXCEPT).unwrap_or_default();
        let rows = inner.text(&keys::ROWS);
        let columns = columns.unwrap_or_else(|| TableGrant::whole().columns);
        grants.insert(table.to_owned(), TableGrant { columns, except, rows });
    }
    grants
}

/// Returns the columns among these that a stream names as its key or change key and does not grant itself, of its own table.
pub(crate) fn ungranted<'n>(grants: &TableGrants, table: &str, names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let Some(part) = grant_of(grants, table) else { return Vec::new() };
    names.filter(|name| !part.allows(name)).collect()
}
