//! Two components side by side: what they state about themselves, and what they make of the same cases.

use std::path::PathBuf;

use wmshost_sandbox::{Cache, Description, Limits, Plugin, Sandbox, SettingDescription, World};

use super::case::Case;
use super::golden;
use super::suite::{cases_in, make};
use super::transform::{CaseCost, cost};
use crate::error::Result;

/// The differences of a component from an earlier one.
#[derive(Debug, Clone, Default)]
pub struct PluginDiff {
    /// The differences in what they state about themselves: version, contract, imports, settings.
    pub description: Vec<String>,
    /// The differences by case, in the order of their names; all cases are there.
    pub cases: Vec<CaseDiff>,
}

/// The differences in a case.
#[derive(Debug, Clone)]
pub struct CaseDiff {
    /// The case's name.
    pub name: String,
    /// The differences; empty if there are none.
    pub differences: Vec<String>,
    /// The WebAssembly instructions per row of the earlier component and of the later one, of a transform.
    pub instructions_per_row: Option<[u64; 2]>,
}

impl PluginDiff {
    /// True if they state the same and make the same; their cost may differ.
    pub fn is_empty(&self) -> bool {
        self.description.is_empty() && self.cases.iter().all(|case| case.differences.is_empty())
    }
}

/// Compares two components by these folders of cases, of which there may be none.
pub fn diff(old: &Plugin, new: &Plugin, folders: &[PathBuf], cache: &Cache) -> Result<PluginDiff> {
    let description = described(old, new)?;
    let mut cases = Vec::new();
    if old.world == new.world && !folders.is_empty() {
        let metered = match old.world {
            World::Transform => {
                let sandbox = Sandbox::metered(cache.clone())?;
                Some([sandbox.load(&old.name, &old.file)?, sandbox.load(&new.name, &new.file)?])
            }
            _ => None,
        };
        for case in cases_in(folders)? {
            cases.push(case_diff(&case, [old, new], metered.as_ref())?);
        }
    }
    Ok(PluginDiff { description, cases })
}

fn case_diff(case: &Case, plugins: [&Plugin; 2], metered: Option<&[Plugin; 2]>) -> Result<CaseDiff> {
    let [old, new] = plugins.map(|plugin| make(case, plugin, &Limits::default()));
    let (old, new) = (old?, new?);
    let of_both = |metered: &[Plugin; 2]| -> Result<[u64; 2]> {
        let [old, new] = metered.each_ref().map(|plugin| cost(case, plugin));
        Ok([old?, new?].map(|CaseCost { instructions_per_row, .. }| instructions_per_row))
    };
    // A component that fails has no cost.
    let can_cost = old.failure.is_none() && new.failure.is_none();
    let instructions_per_row = metered.filter(|_| can_cost).map(of_both).transpose()?;
    Ok(CaseDiff { name: case.name.clone(), differences: golden::changes(&old, &new), instructions_per_row })
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
