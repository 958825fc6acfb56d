//! The decisions about each table: its names, its key, its method and its change key.

use std::collections::BTreeSet;

use wmshost_flow::{AUDIT_COLUMNS, DELETED_AT, is_reserved};
use wmshost_pipeline::{is_source_name, stream_name, target_name, unused_name};

use crate::discover::{ChangeKeyCandidate, DiscoveredColumn, DiscoveredTable, Discovery, RowCount, TableKind};

/// The largest share of rows without a change key with which a table is read by it, in percent.
const MOST_NULLS: f64 = 50.0;
/// The share of rejected rows that a run allows by default, in percent.
const ALLOWED_MISFITS: f64 = 5.0;
/// The reason why a pipeline file cannot have a name.
const UNNAMEABLE: &str = "its name is empty, has a control character or is longer than 1,000 bytes";
/// The prefix of tables that are written into the database that they are read from.
const COPY_PREFIX: &str = "COPY_";

/// A stream as it will be written.
#[derive(Debug, Clone)]
pub(crate) struct StreamDraft {
    /// Its name.
    pub(crate) name: String,
    /// The table that it reads.
    pub(crate) table: String,
    /// The table that it writes.
    pub(crate) target_table: String,
    /// The columns that identify a row; empty for the primary key.
    pub(crate) key: Vec<String>,
    /// The change key; `None` if the whole table is read every time.
    pub(crate) change_key: Option<String>,
    /// The rules for columns whose values are kept otherwise than their types say, as the file has them.
    pub(crate) columns: Vec<(String, String)>,
    /// The table in words, and choices that its reader has.
    pub(crate) notes: Vec<String>,
    /// The reason why it cannot be moved as it is; `None` if it can.
    pub(crate) problem: Option<String>,
}

/// Drafts a stream for each table. `is_same` is true if they are written into the database that they are read from.
pub(crate) fn draft(discovery: &Discovery, is_same: bool) -> Vec<StreamDraft> {
    let (mut names, mut targets) = (BTreeSet::new(), BTreeSet::new());
    let prefix = if is_same { COPY_PREFIX } else { "" };
    let stream = |table: &DiscoveredTable| {
        let key = key(table);
        let problem = problem(table, key.as_deref());
        let is_keyed = key.is_some();
        StreamDraft {
            name: unused_name(&stream_name(&table.name), &mut names),
            table: table.name.clone(),
            target_table: unused_name(&target_name(&table.name, prefix), &mut targets),
            key: key.filter(|key| *key != table.key).unwrap_or_default(),
            change_key: change_key(table).filter(|_| is_keyed).map(|candidate| candidate.column.clone()),
            columns: rules(table),
            notes: notes(table),
            problem,
        }
    };
    discovery.tables.iter().map(stream).collect()
}

/// Returns the rules for columns: those of values that do not fit otherwise, and other names for the source's own columns
/// that have a name of the host's. A table with both of the audit columns was written by wmshost, and they are not read; if
/// it keeps deleted rows, they are moved with the time of their deletion.
fn rules(table: &DiscoveredTable) -> Vec<(String, String)> {
    let is_there = |own: &&&str| table.columns.iter().any(|column| column.name.eq_ignore_ascii_case(own));
    let mut renamed: Vec<&str> = AUDIT_COLUMNS.iter().filter(is_there).copied().collect();
    renamed.truncate(if renamed.len() == AUDIT_COLUMNS.len() { 0 } else { 1 });
    renamed.push(DELETED_AT);
    let rule = |column: &DiscoveredColumn| {
        let own = renamed.iter().find(|own| column.name.eq_ignore_ascii_case(own));
        own.map_or_else(|| column.rule.clone(), |own| Some(format!("{{ rename = \"source_{own}\" }}")))
    };
    table.columns.iter().filter_map(|column| Some((column.name.clone(), rule(column)?))).collect()
}

/// Returns the columns that identify a row: the primary key, or else those of a unique index.
fn key(table: &DiscoveredTable) -> Option<Vec<String>> {
    if !table.key.is_empty() {
        return Some(table.key.clone());
    }
    table.unique.iter().min_by_key(|columns| columns.len()).cloned()
}

/// Returns the column by which changes are read. Only a name says that a column is set at each change: the date of an
/// order is not, and a table that is read by it would miss changes.
fn change_key(table: &DiscoveredTable) -> Option<&ChangeKeyCandidate> {
    let is_usable = |candidate: &&ChangeKeyCandidate| {
        candidate.is_change_stamp
            && candidate.null_percent.is_none_or(|percent| percent <= MOST_NULLS)
            && is_source_name(&candidate.column)
    };
    table.change_keys.iter().find(is_usable)
}

/// Returns the reason why a table cannot be moved, as far as it is known without a target.
fn problem(table: &DiscoveredTable, key: Option<&[String]>) -> Option<String> {
    if !is_source_name(&table.name) {
        return Some(format!("a pipeline cannot name it: {UNNAMEABLE}; have a view with another name select its rows"));
    }
    if is_reserved(&table.name) {
        return Some("it is one of wmshost's own tables".to_owned());
    }
    if let Some(trouble) = &table.trouble {
        return Some(trouble.clone());
    }
    let Some(key) = key else {
        let why = match table.kind {
            // It is read as a whole each time.
            TableKind::Table => return misfits(table),
            TableKind::View => "it is a view, which has no primary key",
            TableKind::Virtual => "a module of the database makes its rows, and it has no primary key",
        };
        return Some(format!("{why}; if some columns identify a row, name them in `key`"));
    };
    if let Some(odd) = key.iter().find(|column| !is_source_name(column)) {
        return Some(format!(
            "a pipeline cannot name its key column {odd:?}: {UNNAMEABLE}; have a view give it another name"
        ));
    }
    if let Some((column, percent)) = null_key(table, key).filter(|(_, percent)| *percent > ALLOWED_MISFITS) {
        return Some(format!(
            "its key column {column} is NULL in {percent:.0} % of the first {} rows, which cannot be identified; if other \
             columns identify a row, name them in `key`",
            table.sample.rows
        ));
    }
    misfits(table)
}

/// Returns the reason why too many rows would be rejected, if that is so.
fn misfits(table: &DiscoveredTable) -> Option<String> {
    let misfits = table.sample.misfit_percent();
    let first = table.sample.misfits.first().filter(|_| misfits > ALLOWED_MISFITS)?;
    Some(format!(
        "{misfits:.0} % of the first {} rows do not fit their columns' types, and a run stops at more than {ALLOWED_MISFITS:.0} %; \
         the most frequent reason: {}",
        table.sample.rows, first.reason
    ))
}

/// Returns the key column that is NULL most often in the first rows, and in how many percent of them; `None` if there is no
/// NULL in them.
fn null_key<'t>(table: &DiscoveredTable, key: &'t [String]) -> Option<(&'t String, f64)> {
    let share = |column: &'t String| Some((column, table.sample.columns.get(column)?.null_percent()?));
    let shares = key.iter().filter_map(share).filter(|(_, percent)| *percent > 0.0);
    shares.max_by(|(_, a), (_, b)| a.total_cmp(b))
}

/// Describes a table, and the choices that its reader has.
fn notes(table: &DiscoveredTable) -> Vec<String> {
    let kind = if table.kind == TableKind::View { ", a view" } else { "" };
    let rows = match rows_in_words(table.rows) {
        words if words.is_empty() => String::new(),
        words => format!(", {words}"),
    };
    let columns = table.columns.len();
    let plural = if columns == 1 { "" } else { "s" };
    let mut notes = vec![format!("{}{kind}: {columns} column{plural}{rows}.", table.name)];
    if let Some((column, percent)) = null_key(table, &table.key) {
        notes.push(format!(
            "The key column {column} is NULL in {percent:.1} % of the first {} rows, which go to quarantine.",
            table.sample.rows
        ));
    }
    for misfit in &table.sample.misfits {
        let (rows, reason) = (misfit.rows, &misfit.reason);
        notes
            .push(format!("{rows} of the first {} rows do not fit and go to quarantine: {reason}.", table.sample.rows));
    }
    if key(table).is_none() {
        notes.extend((table.kind == TableKind::Table).then(|| {
            "It has neither a primary key nor a unique index without NULLs, so that it is read as a whole each time, and a \
             changed row is one row less and one more. If some columns identify a row, name them in `key`."
                .to_owned()
        }));
        return notes;
    }
    let chosen = change_key(table);
    notes.extend(chosen.map(|candidate| format!("Changes are read by {}.", candidate_in_words(candidate))));
    let others: Vec<String> =
        table.change_keys.iter().filter(|other| chosen != Some(other)).map(candidate_in_words).collect();
    if !others.is_empty() {
        let condition = if chosen.is_some() { "Instead, if it is" } else { "If one of these is" };
        notes
            .push(format!("{condition} set at each change of a row, it can be the change key: {}.", others.join("; ")));
    }
    notes
}

/// Describes a number of rows; an empty text if nothing is known.
pub(crate) fn rows_in_words(rows: RowCount) -> String {
    match rows {
        RowCount::Exact(1) => "1 row".to_owned(),
        RowCount::Exact(rows) => format!("{rows} rows"),
        RowCount::Estimate(rows) => format!("about {rows} rows"),
        RowCount::AtLeast(rows) => format!("at least {rows} rows"),
        RowCount::Unknown => String::new(),
    }
}

/// Describes a candidate, such as `updated_at (indexed, 0 % NULL, 3 % tied)`.
fn candidate_in_words(candidate: &ChangeKeyCandidate) -> String {
    let index = if candidate.is_indexed { "indexed" } else { "not indexed" };
    let share = |percent: Option<f64>, word: &str| percent.map(|percent| format!(", {percent:.0} % {word}"));
    let nulls = share(candidate.null_percent, "NULL").unwrap_or_default();
    let ties = share(candidate.tied_percent, "tied").unwrap_or_default();
    format!("{} ({index}{nulls}{ties})", candidate.column)
}
