//! Two components side by side: what they state about themselves, and what they make of the same cases and of the same
//! recorded batches.

use std::path::{Path, PathBuf};

use wmshost_sandbox::{Cache, Description, Limits, Plugin, Sandbox, SettingDescription, World};

use super::case::Case;
use super::golden::{self, Made};
use super::recording::read_recording;
use super::rows_diff::RowsDiff;
use super::suite::{cases_in, make};
use super::transform::{CaseCost, cost, input, transform};
use crate::error::Result;

/// The differences of a component from an earlier one.
#[derive(Debug, Clone, Default)]
pub struct PluginDiff {
    /// The differences in what they state about themselves: version, contract, imports, settings.
    pub description: Vec<String>,
    /// The differences by case, in the order of their names, and then by recording; all are there.
    pub cases: Vec<CaseDiff>,
}

/// The differences in a case, or in a recording.
#[derive(Debug, Clone)]
pub struct CaseDiff {
    /// The case's name; stream, plugin and batch of a recording.
    pub name: String,
    /// The failure of the earlier component and that of the later one.
    pub failures: [Option<String>; 2],
    /// The differences; empty if there are none.
    pub differences: Vec<String>,
    /// The differences in rows, of transforms that do not fail.
    pub rows: Option<RowsDiff>,
    /// The WebAssembly instructions per row of the earlier component and of the later one, of a transform.
    pub instructions_per_row: Option<[u64; 2]>,
}

impl CaseDiff {
    /// True if they make the same.
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty() && self.rows.as_ref().is_none_or(RowsDiff::is_empty)
    }
}

impl PluginDiff {
    /// True if they state the same and make the same; their cost may differ.
    pub fn is_empty(&self) -> bool {
        self.description.is_empty() && self.cases.iter().all(CaseDiff::is_empty)
    }
}

/// Compares two components by these folders of cases and of recordings, of which there may be none.
pub fn diff(
    old: &Plugin,
    new: &Plugin,
    folders: &[PathBuf],
    recordings: &[PathBuf],
    cache: &Cache,
) -> Result<PluginDiff> {
    let description = described(old, new)?;
    let mut cases = Vec::new();
    if old.world == new.world && !(folders.is_empty() && recordings.is_empty()) {
        let metered = match old.world {
            World::Transform => {
                let sandbox = Sandbox::metered(cache.clone())?;
                Some([sandbox.load(&old.name, &old.file)?, sandbox.load(&new.name, &new.file)?])
            }
            _ => None,
        };
        let found = if folders.is_empty() { Vec::new() } else { cases_in(folders)? };
        for case in found {
            cases.push(case_diff(&case, [old, new], metered.as_ref())?);
        }
        for recording in recordings {
            cases.push(recording_diff(recording, [old, new], metered.as_ref())?);
        }
    }
    Ok(PluginDiff { description, cases })
}

fn case_diff(case: &Case, plugins: [&Plugin; 2], metered: Option<&[Plugin; 2]>) -> Result<CaseDiff> {
    let [old, new] = plugins.map(|plugin| make(case, plugin, &Limits::default()));
    let (mut old, mut new) = (old?, new?);
    let failures = [old.failure.clone(), new.failure.clone()];
    let rows = match metered {
        Some(_) if failures == [None, None] => {
            // The rows are compared cell by cell instead of as files.
            [&mut old, &mut new].into_iter().for_each(|made| made.files.clear());
            rows_diff(case, plugins)?.0
        }
        _ => None,
    };
    found_in(case, (failures, rows), [&old, &new], metered)
}

/// The differences in a recorded batch, which is passed through both as a whole.
fn recording_diff(folder: &Path, plugins: [&Plugin; 2], metered: Option<&[Plugin; 2]>) -> Result<CaseDiff> {
    let recording = read_recording(folder)?;
    let case = Case::read(folder, format!("{}, {}, batch {}", recording.stream, recording.plugin, recording.batch))?;
    if plugins[0].world == World::Extractor {
        return case_diff(&case, plugins, None);
    }
    let (rows, failures) = rows_diff(&case, plugins)?;
    let [old, new] = failures.clone().map(|failure| Made { failure, ..Made::default() });
    found_in(&case, (failures, rows), [&old, &new], metered)
}

fn found_in(
    case: &Case,
    (failures, rows): ([Option<String>; 2], Option<RowsDiff>),
    [old, new]: [&Made; 2],
    metered: Option<&[Plugin; 2]>,
) -> Result<CaseDiff> {
    let of_both = |metered: &[Plugin; 2]| -> Result<[u64; 2]> {
        let [old, new] = metered.each_ref().map(|plugin| cost(case, plugin));
        Ok([old?, new?].map(|CaseCost { instructions_per_row, .. }| instructions_per_row))
    };
    // A component that fails has no cost.
    let can_cost = failures == [None, None];
    let instructions_per_row = metered.filter(|_| can_cost).map(of_both).transpose()?;
    Ok(CaseDiff {
        name: case.name.clone(),
        failures,
        differences: golden::changes(old, new),
        rows,
        instructions_per_row,
    })
}

/// The differences in the rows of a case, or the failures of the two transforms. Settings that a component does not take
/// are a failure of its own: the other one may take them.
fn rows_diff(case: &Case, plugins: [&Plugin; 2]) -> Result<(Option<RowsDiff>, [Option<String>; 2])> {
    let input = input(case)?;
    let whole = |plugin| {
        let run = transform(case, plugin, &Limits::default()).map_err(|error| error.to_string())?;
        run.whole(&input)
    };
    Ok(match plugins.map(whole) {
        [Ok(old), Ok(new)] => (Some(RowsDiff::of(&input, &case.file.key, [&old, &new])), [None, None]),
        [old, new] => (None, [old.err(), new.err()]),
    })
}

fn described(old: &Plugin, new: &Plugin) -> Result<Vec<String>> {
    let (before, now) = (old.describe()?, new.describe()?);
    let mut found = Vec::new();
    let mut changed = |what: &str, before: &str, now: &str| {
        if before != now {
            found.push(format!("{what}: {before} → {now}"));
        }
    };
    changed("world", old.world.name(), new.world.name());
    changed("name", &before.name, &now.name);
    changed("version", &before.version, &now.version);
    changed("contract", &old.contract, &new.contract);
    found.extend(
        new.imports.iter().filter(|import| !old.imports.contains(import)).map(|import| format!("+ imports {import}")),
    );
    found.extend(
        old.imports.iter().filter(|import| !new.imports.contains(import)).map(|import| format!("- imports {import}")),
    );
    found.extend(settings(&before, &now));
    Ok(found)
}

fn settings(before: &Description, now: &Description) -> Vec<String> {
    let in_words = |setting: &SettingDescription| {
        let fallback =
            setting.fallback.as_ref().map_or_else(|| "required".to_owned(), |value| format!("default {value}"));
        let choices =
            if setting.choices.is_empty() { String::new() } else { format!(", one of {}", setting.choices.join(", ")) };
        format!("{} ({:?}, {fallback}{choices})", setting.name, setting.kind).to_lowercase()
    };
    let all = |description: &Description| -> Vec<String> { description.settings.iter().map(in_words).collect() };
    let (before, now) = (all(before), all(now));
    let more = now.iter().filter(|setting| !before.contains(setting)).map(|setting| format!("+ setting {setting}"));
    let less = before.iter().filter(|setting| !now.contains(setting)).map(|setting| format!("- setting {setting}"));
    more.chain(less).collect()
}
