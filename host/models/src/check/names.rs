//! Names and references.

use std::collections::{BTreeMap, BTreeSet};

use wmshost_flow::is_reserved;

use crate::diagnostic::{At, DiagnosticSink};
use crate::project::{Node, Setup};
use crate::template::is_name;

/// All known names.
pub(super) struct Known {
    pub(super) names: BTreeSet<String>,
}

impl Known {
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Returns `; did you mean x?` if a known name is similar, otherwise an empty text.
    pub(super) fn hint(&self, name: &str) -> String {
        hint(name, self.names.iter().map(String::as_str))
    }
}

/// Returns `; did you mean x?` if one of the names is similar, otherwise an empty text.
pub(crate) fn hint<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> String {
    let nearest = names.map(|known| (distance(name, known), known)).min();
    match nearest {
        Some((distance, known)) if distance <= name.len() / 3 + 1 => format!("; did you mean {known}?"),
        _ => String::new(),
    }
}

/// The number of letters in which two names differ (Levenshtein distance).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// Collects the names of streams and models, and reports invalid and duplicate ones.
pub(super) fn known(setup: &Setup, sink: &mut DiagnosticSink) -> Known {
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    let tables: BTreeMap<String, &String> =
        setup.streams.iter().map(|(name, table)| (table.to_ascii_uppercase(), name)).collect();
    let mut names: BTreeSet<String> = setup.streams.keys().cloned().collect();
    for (plugin, declared) in &setup.plugins {
        for model in &declared.models {
            let name = model.name.as_str();
            let place = format!("model {name}");
            let at = At { plugin, place: &place };
            if !is_name(name) || name.contains('-') {
                sink.add(at, "the name is not valid: lower-case letters, digits and `_`, a letter first, at most 63");
            }
            if is_reserved(name) {
                sink.add(
                    at,
                    "names that begin with wmshost_, or end with __next or __merge, are reserved; choose another",
                );
            }
            if matches!(name, "this" | "changes" | "watermark" | "now" | "today" | "built_today" | "run_id" | "end") {
                sink.add(at, "the name means something else between braces; choose another");
            }
            if setup.streams.contains_key(name) {
                sink.add(at, "a stream has that name; choose another");
            }
            if let Some(stream) = tables.get(&name.to_ascii_uppercase()) {
                sink.add(at, format!("its table would be that of the stream {stream}; choose another name"));
            }
            if let Some(owner) = owners.insert(name.to_owned(), plugin.clone()) {
                let by = if owner == *plugin { "this plugin".to_owned() } else { format!("the plugin {owner}") };
                sink.add(at, format!("declared twice: {by} has a model of that name already"));
            }
            names.insert(name.to_owned());
        }
    }
    Known { names }
}

/// Checks that a node has the column, as far as its columns are known.
pub(super) fn check_column(node: &Node, column: &str, at: At<'_>, sink: &mut DiagnosticSink) {
    let own = wmshost_flow::AUDIT_COLUMNS.iter().chain(&crate::host_columns::VERSION);
    let is_own = own.clone().any(|name| name.eq_ignore_ascii_case(column));
    let columns = node.columns();
    let is_there = columns.iter().any(|known| known.name.eq_ignore_ascii_case(column));
    // The table of a stream, and a model that the database describes, may have more columns than are declared.
    if !is_there && !is_own && node.model().is_some_and(|model| !model.is_open) {
        let hint = hint(column, columns.iter().map(|column| column.name.as_str()));
        sink.add(at, format!("{} has no column {column}{hint}", node.place()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_guessed() {
        let names = ["dim_items", "stg_wms_items"];
        assert_eq!(hint("dim_item", names.into_iter()), "; did you mean dim_items?");
        assert_eq!(hint("orders", names.into_iter()), "");
    }
}
