//! The truth: the rows as they are, whatever the API shows of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::Field;
use crate::store::Fate;
use crate::tenant::Tenant;
use crate::text;

/// A row as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrueRow {
    /// Its id.
    pub id: i64,
    /// Its end at a reader.
    pub fate: Fate,
    /// The facility that it belongs to; 0 if any user sees it.
    pub facility: i64,
    /// Its fields, as canonical texts; `None` is null.
    pub values: BTreeMap<&'static str, Option<String>>,
}

/// All rows of an entity, in the order of their ids.
pub(crate) fn rows(tenant: &Tenant, entity: &str) -> Vec<TrueRow> {
    let table = tenant.tables.of(entity);
    let fields: Vec<(usize, &Field)> = table.entity.fields.iter().enumerate().collect();
    let of_row = |row: &crate::store::Row| {
        let value = |(place, field): &(usize, &Field)| (field.name, row.at(table.entity, *place).canonical());
        TrueRow { id: row.id, fate: row.fate, facility: row.facility, values: fields.iter().map(value).collect() }
    };
    table.rows().iter().map(of_row).collect()
}

/// The ids of rows whose last change leaves no trace that an incremental reader could see: deletes, silent changes, times that
/// went back. Only a comparison finds them.
pub(crate) fn unseen(tenant: &Tenant, entity: &str) -> BTreeSet<i64> {
    tenant.unseen.iter().filter(|(name, _)| *name == entity).map(|(_, id)| *id).collect()
}

/// The rows as a JSON document, for clients in other languages.
pub(crate) fn document(rows: &[TrueRow]) -> String {
    let mut out = String::from("[");
    for (at, row) in rows.iter().enumerate() {
        out.push_str(if at > 0 { ", {" } else { "{" });
        for (at, (name, value)) in row.values.iter().enumerate() {
            out.push_str(if at > 0 { ", " } else { "" });
            text::json(&mut out, name);
            out.push_str(": ");
            match value {
                None => out.push_str("null"),
                Some(value) => text::json(&mut out, value),
            }
        }
        out.push('}');
    }
    out.push(']');
    out
}
