//! The differences between the definition that a checkpoint rests on and the present one, and their effect on the rows
//! in the target.

use super::{
    ALL_GRANTED, ColumnUse, Definition, GRANTED_COLUMNS, GRANTED_ROWS, KEY_COLUMNS, LOOKBACK_VERSIONS, PluginUse,
    SOURCE_DATABASE, SOURCE_SCHEMA, column,
};
use crate::failure::Stage;
use crate::ports::extractor::Method;
use crate::ports::target::TableDefinition;
use crate::stream::policy::OnChange;

/// The effect of a difference on the rows in the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Impact {
    /// The target's rows are those of another table or key: rows of both must not be mixed.
    Identity,
    /// The bookmark has lost its meaning.
    Position,
    /// The bookmark covers rows that were selected in another way: other rows before it may never have been read.
    Selection,
    /// The target's table has lost values that were loaded.
    Target,
    /// The target's table has values that the last load did not write, and that need not be the source's.
    Stale,
    /// The bookmark is valid, but the rows in the target were made in another way.
    Rows,
    /// The rows in the target are the same as they would be now.
    None,
}

impl Impact {
    /// The impact's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Position => "position",
            Self::Selection => "selection",
            Self::Target => "target",
            Self::Stale => "stale",
            Self::Rows => "rows",
            Self::None => "none",
        }
    }
}

/// The reaction of a run to a difference; a later one outweighs the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reaction {
    /// It continues from the bookmark and reports the difference.
    Tell,
    /// It reads the whole table again and merges it.
    Reload,
    /// It reads the whole table again and replaces the target's table with it.
    Replace,
    /// It fails before a row moves.
    Fail,
}

impl Reaction {
    /// The reaction's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tell => "tell",
            Self::Reload => "reload",
            Self::Replace => "replace",
            Self::Fail => "fail",
        }
    }

    /// Returns the reaction of a run to a difference of this impact. A load that replaces the table anyway (`whole`)
    /// leaves no row of the old definition.
    pub(crate) fn to(impact: Impact, on_change: OnChange, whole: bool) -> Self {
        match (impact, on_change) {
            (Impact::None, _) => Self::Tell,
            (_, OnChange::Fail) => Self::Fail,
            _ if whole => Self::Tell,
            (Impact::Identity | Impact::Target, OnChange::Tell) => Self::Fail,
            (Impact::Identity, OnChange::Reload) => Self::Replace,
            (Impact::Rows, OnChange::Tell) => Self::Tell,
            (Impact::Position | Impact::Selection | Impact::Stale, OnChange::Tell)
            | (
                Impact::Position | Impact::Selection | Impact::Stale | Impact::Rows | Impact::Target,
                OnChange::Reload,
            ) => Self::Reload,
        }
    }
}

/// A difference between the definition of a checkpoint and the present one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionChange {
    /// The thing that differs, in words.
    pub subject: String,
    /// Its state in the checkpoint's definition; empty if it did not exist, or if it is not shown.
    pub before: String,
    /// Its present state; empty likewise.
    pub after: String,
    /// The effect on the rows in the target.
    pub impact: Impact,
    /// The reaction of a run.
    pub reaction: Reaction,
    /// The consequence for the rows in the target, in words.
    pub consequence: String,
    /// The name of a new column that the rows in the target do not have yet.
    pub new_column: Option<String>,
}

impl std::fmt::Display for DefinitionChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { subject, before, after, .. } = self;
        let or_none = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
        match (before.is_empty(), after.is_empty()) {
            (true, true) => write!(f, "{subject} changed"),
            (true, false) if self.new_column.is_some() => write!(f, "{subject} ({after}) is new"),
            _ => write!(f, "{subject} {} → {}", or_none(before), or_none(after)),
        }
    }
}

fn change(
    impact: Impact,
    subject: impl Into<String>,
    before: impl Into<String>,
    after: impl Into<String>,
) -> DefinitionChange {
    DefinitionChange {
        subject: subject.into(),
        before: before.into(),
        after: after.into(),
        impact,
        reaction: Reaction::Tell,
        consequence: String::new(),
        new_column: None,
    }
}

/// Returns the differences. Columns and a key that are not known yet are not compared.
pub(crate) fn differences(before: &Definition, now: &Definition) -> Vec<DefinitionChange> {
    let mut found = Vec::new();
    let mut differs = |impact, subject: &str, before: &str, after: &str| {
        if before != after {
            found.push(change(impact, subject, before, after));
        }
    };
    differs(Impact::None, "source", &before.source, &now.source);
    // Databases do not distinguish the case of most names.
    let mut names_differ = |impact, subject: &str, before: &str, after: &str| {
        if !before.eq_ignore_ascii_case(after) {
            differs(impact, subject, before, after);
        }
    };
    names_differ(Impact::Identity, "table", &before.table, &now.table);
    names_differ(Impact::Identity, "target table", &before.target_table, &now.target_table);
    if !before.key.is_empty() && !now.key.is_empty() {
        let key = |definition: &Definition| format!("({})", definition.key.join(", "));
        names_differ(Impact::Identity, "key", &key(before), &key(now));
    }
    // A table that is replaced in every run does not use a bookmark.
    let of_method = if now.method == Method::Full { Impact::None } else { Impact::Position };
    names_differ(of_method, "method", before.method.name(), now.method.name());
    if before.method == now.method && now.method == Method::Incremental {
        let change_key = |definition: &Definition| definition.change_key.clone().unwrap_or_default();
        names_differ(Impact::Position, "change key", &change_key(before), &change_key(now));
        differs(Impact::None, "lookback", &span(before.lookback_micros), &span(now.lookback_micros));
        differs(Impact::None, "null keys", before.null_keys.name(), now.null_keys.name());
    }
    // The value of an option that an older host did not record is unknown, which does not count as a change; but such a
    // host granted whole tables.
    for (name, option) in &now.options {
        let impact = match name.as_str() {
            SOURCE_DATABASE | SOURCE_SCHEMA | LOOKBACK_VERSIONS => Impact::None,
            // Rows before the bookmark that are granted now were never read.
            GRANTED_ROWS => Impact::Selection,
            KEY_COLUMNS => of_method,
            _ => Impact::Rows,
        };
        let is_of_grants = [GRANTED_COLUMNS, GRANTED_ROWS].contains(&name.as_str());
        let unrecorded = if is_of_grants { ALL_GRANTED } else { option };
        differs(impact, name, before.options.get(name).map_or(unrecorded, String::as_str), option);
    }
    found.extend(plugin_differences(&before.plugins, &now.plugins));
    found.extend(column_differences(before, now));
    found
}

fn plugin_differences(before: &[PluginUse], now: &[PluginUse]) -> Vec<DefinitionChange> {
    let mut found = Vec::new();
    for (stage, what) in [(Stage::Extract, "extractor"), (Stage::Transform, "transforms"), (Stage::Load, "loader")] {
        let at = |plugins: &[PluginUse]| plugins.iter().filter(|plugin| plugin.stage == stage).cloned().collect();
        let (old, new): (Vec<PluginUse>, Vec<PluginUse>) = (at(before), at(now));
        let names = |plugins: &[PluginUse]| plugins.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
        if names(&old) != names(&new) {
            // Only the extractor that made a bookmark understands it.
            let impact = if stage == Stage::Extract { Impact::Position } else { Impact::Rows };
            found.push(change(impact, what, names(&old), names(&new)));
        }
        for new in &new {
            let Some(old) = old.iter().find(|old| old.name == new.name) else { continue };
            if old.digest != new.digest || old.version != new.version {
                let subject = format!("{} {}", what.trim_end_matches('s'), new.label);
                found.push(change(Impact::Rows, subject, build(old), build(new)));
            }
            let names = old.settings.keys().chain(new.settings.keys().filter(|key| !old.settings.contains_key(*key)));
            let differing = names.filter(|name| old.settings.get(*name) != new.settings.get(*name));
            // A setting of an extractor may decide which rows it reads, as a filter does.
            let impact = if stage == Stage::Extract { Impact::Selection } else { Impact::Rows };
            found.extend(differing.map(|name| change(impact, format!("setting {name} of {}", new.label), "", "")));
        }
    }
    found
}

/// Returns a plugin's version with the first 12 digits of its digest.
fn build(plugin: &PluginUse) -> String {
    format!("{} {}", plugin.version, plugin.digest.get(..12).unwrap_or(&plugin.digest))
}

/// Returns the columns that are new, came back, or changed their type or the source's column that they are read from. Dropped columns are reported with the table's schema.
fn column_differences(before: &Definition, now: &Definition) -> Vec<DefinitionChange> {
    if before.columns.is_empty() {
        return Vec::new();
    }
    let differing = |new: &ColumnUse| match column(&before.columns, &new.name) {
        // The target kept it with the values of earlier loads, or of somebody else.
        None if column(&before.target_columns, &new.name).is_some() => {
            Some(change(Impact::Stale, format!("column {}", new.name), "", &new.kind))
        }
        None => Some(new_column(new)),
        Some(old) if old.kind != new.kind => {
            Some(change(Impact::Rows, format!("column {}", new.name), &old.kind, &new.kind))
        }
        Some(_) => None,
    };
    // Values of two columns of the source must not be mixed in one, nor rows that the one or the other distinguishes.
    let read_otherwise = |new: &ColumnUse| {
        let (was, is) = (before.source_column(&new.name), now.source_column(&new.name));
        let is_key = now.key.iter().any(|key| key.eq_ignore_ascii_case(&new.name));
        let impact = if is_key { Impact::Identity } else { Impact::Stale };
        let differs = column(&before.columns, &new.name).is_some() && !was.eq_ignore_ascii_case(is);
        differs.then(|| change(impact, format!("source column of {}", new.name), was, is))
    };
    now.columns.iter().filter_map(differing).chain(now.columns.iter().filter_map(read_otherwise)).collect()
}

/// Returns the difference that a column is new.
pub(crate) fn new_column(column: &ColumnUse) -> DefinitionChange {
    let subject = format!("column {}", column.name);
    DefinitionChange { new_column: Some(column.name.clone()), ..change(Impact::Rows, subject, "", &column.kind) }
}

/// Returns the columns that the stream writes and that the target's table had after the last load, but that it no
/// longer has, or has in a type that may not have kept their values.
pub(crate) fn lost_columns(before: &Definition, now: &[ColumnUse], table: &TableDefinition) -> Vec<DefinitionChange> {
    let there = super::columns_of(&table.columns);
    let lost = |old: &ColumnUse| {
        column(now, &old.name)?;
        match column(&there, &old.name) {
            None => Some(change(Impact::Target, format!("column {} of the target", old.name), &old.kind, "")),
            Some(there) if !holds(&there.kind, &old.kind) => {
                Some(change(Impact::Target, format!("column {} of the target", old.name), &old.kind, &there.kind))
            }
            Some(_) => None,
        }
    };
    before.target_columns.iter().filter_map(lost).collect()
}

/// Returns whether a column of type `now` has kept all values of type `before`: it is the same type, or a wider
/// decimal.
fn holds(now: &str, before: &str) -> bool {
    if now == before {
        return true;
    }
    let digits = |kind: &str| match kind {
        "int64" => Some((19, 0)),
        kind => {
            let (precision, scale) = kind.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(", ")?;
            let (precision, scale): (i32, i32) = (precision.parse().ok()?, scale.parse().ok()?);
            Some((precision - scale, scale))
        }
    };
    match (digits(now), digits(before)) {
        (Some((whole, behind)), Some((old_whole, old_behind))) => whole >= old_whole && behind >= old_behind,
        _ => false,
    }
}

/// Returns a duration in its largest whole unit.
fn span(micros: u64) -> String {
    let seconds = micros / 1_000_000;
    for (unit, name) in [(86_400, "d"), (3_600, "h"), (60, "m")] {
        if seconds > 0 && seconds.is_multiple_of(unit) {
            return format!("{}{name}", seconds / unit);
        }
    }
    format!("{seconds}s")
}

#[cfg(test)]
mod tests {
    use super::super::LARGEST_VALUE;
    use super::super::tests::definition;
    use super::*;

    /// Returns the only difference in words, and its impact.
    fn the_difference(before: &Definition, now: &Definition) -> (String, Impact) {
        match differences(before, now).as_slice() {
            [change] => (change.to_string(), change.impact),
            changes => panic!("{changes:?}"),
        }
    }

    #[test]
    fn settings_of_an_extractor_choose_the_rows_and_those_of_others_change_them() {
        let before = definition();
        for (stage, impact) in
            [(Stage::Extract, Impact::Selection), (Stage::Transform, Impact::Rows), (Stage::Load, Impact::Rows)]
        {
            for settings in [vec![("limit", "2e")], vec![], vec![("limit", "1f"), ("where", "3d")]] {
                let mut now = definition();
                let plugin = now.plugins.iter_mut().find(|plugin| plugin.stage == stage).expect("a plugin");
                plugin.settings = settings.iter().map(|(name, digest)| ((*name).into(), (*digest).into())).collect();
                let (words, found) = the_difference(&before, &now);
                assert!(words.starts_with("setting ") && found == impact, "{stage} {settings:?}: {words}, {found:?}");
            }
        }
        for on_change in [OnChange::Tell, OnChange::Reload] {
            assert_eq!(Reaction::to(Impact::Selection, on_change, false), Reaction::Reload);
        }
        assert_eq!(Reaction::to(Impact::Selection, OnChange::Fail, true), Reaction::Fail);
    }

    #[test]
    fn an_option_that_was_not_recorded_is_no_change() {
        let with = |options: &[(&str, &str)]| Definition {
            options: options.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            ..definition()
        };
        let now = with(&[(LARGEST_VALUE, "16 MiB"), (SOURCE_SCHEMA, "WMS")]);
        assert!(differences(&with(&[]), &now).is_empty());
        let (words, impact) = the_difference(&with(&[(LARGEST_VALUE, "1 MiB")]), &now);
        assert_eq!((words.as_str(), impact), ("largest value that is read 1 MiB → 16 MiB", Impact::Rows));
        assert_eq!(the_difference(&with(&[(SOURCE_SCHEMA, "OLD")]), &now).1, Impact::None);
        // Hosts that did not record grants granted whole tables.
        let now = with(&[(GRANTED_ROWS, "orders: site = 'W1'")]);
        assert_eq!(the_difference(&with(&[]), &now).1, Impact::Selection);
        assert!(differences(&with(&[]), &with(&[(GRANTED_ROWS, ALL_GRANTED)])).is_empty());
    }
}
