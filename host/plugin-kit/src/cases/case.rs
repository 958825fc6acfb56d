//! The folder of a case, and its `case.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use wmshost_flow::{Method, NullKeys, OnTrap, Setting, SettingKind};
use wmshost_sandbox::{Description, SettingDescription};

use crate::error::{Error, Result};

/// The name of the file that makes a folder a case.
pub(super) const CASE: &str = "case.toml";

/// A case as its author writes it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CaseFile {
    /// One sentence.
    pub(crate) summary: String,
    /// The columns that identify a row.
    pub(crate) key: Vec<String>,
    /// The column that says when a row was changed last.
    pub(crate) change_key: Option<String>,
    /// The table that an extractor reads.
    pub(crate) table: Option<String>,
    /// Further tables that an extractor may read.
    pub(crate) reads: Vec<String>,
    /// The method of an extractor or a loader: `full`, `incremental` or `append`.
    pub(crate) method: Option<String>,
    /// The time before the bookmark at which an extractor begins, in seconds.
    pub(crate) lookback: u64,
    /// The treatment of rows without a change key.
    pub(crate) null_keys: Option<String>,
    /// The reaction to a transform that traps: `fail_run`, `retry` or `quarantine`.
    pub(crate) on_trap: Option<String>,
    /// The sizes of batches that must have the same result; 0 for all rows at once.
    pub(crate) batches: Option<Vec<usize>>,
    /// Words that the failure contains which the case expects.
    pub(crate) fails: Option<String>,
    /// The number of random inputs that are tried after the case's own; the seed of the first is 1.
    pub(crate) random: u32,
    /// The component's settings.
    pub(crate) settings: BTreeMap<String, toml::Value>,
    /// The streams that models read: name and table.
    pub(crate) streams: BTreeMap<String, String>,
    /// The variables of models, as SQL literals.
    pub(crate) variables: BTreeMap<String, String>,
    /// The most that the case may cost.
    pub(crate) budget: Budget,
}

/// The most that a case may cost; what is missing is not limited.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Budget {
    /// WebAssembly instructions, roughly, per row of the input.
    pub(crate) instructions_per_row: Option<u64>,
    /// The peak of linear memory, in MiB.
    pub(crate) memory_mib: Option<u64>,
    /// Calls of the component, for all rows in one batch.
    pub(crate) calls: Option<u64>,
}

impl Budget {
    /// True if nothing is limited.
    pub(crate) fn is_none(&self) -> bool {
        self.instructions_per_row.is_none() && self.memory_mib.is_none() && self.calls.is_none()
    }
}

/// A case.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// Its name: the folder's, below the folder of all cases.
    pub(crate) name: String,
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// Its file.
    pub(crate) file: CaseFile,
}

impl Case {
    /// Reads the case in a folder.
    pub(crate) fn read(folder: &Path, name: String) -> Result<Self> {
        let path = folder.join(CASE);
        let text = fs::read_to_string(&path).map_err(|error| Error::file(&path, &error))?;
        let file = toml::from_str(&text).map_err(|error| Error::mistakes(&path, vec![error.to_string()]))?;
        Ok(Self { name, folder: folder.to_owned(), file })
    }

    /// Returns a file of rows with this name, as CSV or as lines of JSON; `None` if there is none.
    pub(crate) fn rows_file(&self, name: &str) -> Option<PathBuf> {
        let files = ["csv", "jsonl"].map(|ending| self.folder.join(format!("{name}.{ending}")));
        files.into_iter().find(|file| file.is_file())
    }

    /// Returns a mistake of the case.
    pub(crate) fn mistake(&self, what: impl std::fmt::Display) -> Error {
        Error::mistakes(&self.folder.join(CASE), vec![what.to_string()])
    }

    /// Returns the method; `default` if the case names none.
    pub(crate) fn method(&self, default: Method) -> Result<Method> {
        self.chosen("method", self.file.method.as_deref(), default, Method::VALUES)
    }

    /// Returns the treatment of rows without a change key.
    pub(crate) fn null_keys(&self) -> Result<NullKeys> {
        let given = self.file.null_keys.as_deref();
        self.chosen("null_keys", given, NullKeys::Include, NullKeys::VALUES)
    }

    /// Returns the reaction to a transform that traps.
    pub(crate) fn on_trap(&self) -> Result<OnTrap> {
        self.chosen("on_trap", self.file.on_trap.as_deref(), OnTrap::Fail, OnTrap::VALUES)
    }

    fn chosen<T: Copy>(&self, key: &str, given: Option<&str>, default: T, values: &[(&str, T)]) -> Result<T> {
        let Some(given) = given else { return Ok(default) };
        let chosen = values.iter().find(|(name, _)| *name == given).map(|(_, value)| *value);
        let names = || values.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        chosen.ok_or_else(|| self.mistake(format_args!("{key}: `{given}` is not one of {}", names())))
    }

    /// Returns the component's settings, with its defaults.
    pub(crate) fn settings(&self, description: &Description) -> Result<BTreeMap<String, Setting>> {
        settings(&self.file.settings, description)
            .map_err(|mistakes| Error::mistakes(&self.folder.join(CASE), mistakes))
    }
}

/// Returns the settings of a component: the given ones, and its defaults; or all mistakes.
pub(crate) fn settings(
    given: &BTreeMap<String, toml::Value>,
    description: &Description,
) -> std::result::Result<BTreeMap<String, Setting>, Vec<String>> {
    let known: Vec<&str> = description.settings.iter().map(|setting| setting.name.as_str()).collect();
    let unknown = given.keys().filter(|name| !known.contains(&name.as_str()));
    let mut mistakes: Vec<String> = unknown
        .map(|name| format!("settings.{name}: the plugin has no such setting; it has {}", known.join(", ")))
        .collect();
    let mut settings = BTreeMap::new();
    for setting in &description.settings {
        let default =
            || toml::from_str::<toml::Table>(&format!("v = {}", setting.fallback.as_ref()?)).ok()?.remove("v");
        let Some(value) = given.get(&setting.name).cloned().or_else(default) else {
            mistakes.push(format!("settings.{}: it is missing, and has no default", setting.name));
            continue;
        };
        match typed(&value, setting) {
            Some(value) => drop(settings.insert(setting.name.clone(), value)),
            None => mistakes.push(format!("settings.{}: the value is not {}", setting.name, words(setting.kind))),
        }
    }
    if mistakes.is_empty() { Ok(settings) } else { Err(mistakes) }
}

fn typed(value: &toml::Value, setting: &SettingDescription) -> Option<Setting> {
    #[expect(clippy::cast_precision_loss, reason = "a setting, which a person writes")]
    let whole = |number: i64| number as f64;
    Some(match setting.kind {
        SettingKind::Text => Setting::Text(value.as_str()?.to_owned()),
        SettingKind::Integer => Setting::Integer(value.as_integer()?),
        SettingKind::Number => Setting::Number(value.as_float().or_else(|| value.as_integer().map(whole))?),
        SettingKind::Flag => Setting::Flag(value.as_bool()?),
        SettingKind::Texts => {
            let texts = value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned));
            Setting::Texts(texts.collect::<Option<_>>()?)
        }
    })
}

fn words(kind: SettingKind) -> &'static str {
    match kind {
        SettingKind::Text => "a text",
        SettingKind::Integer => "a whole number",
        SettingKind::Number => "a number",
        SettingKind::Flag => "true or false",
        SettingKind::Texts => "a list of texts",
    }
}

/// Finds the cases below a folder, in the order of their names; a folder with a `case.toml` is one.
pub(crate) fn find(folder: &Path) -> Result<Vec<Case>> {
    let mut found = Vec::new();
    collect(folder, folder, &mut found)?;
    found.sort_by(|a: &Case, b: &Case| a.name.cmp(&b.name));
    Ok(found)
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Case>) -> Result<()> {
    if folder.join(CASE).is_file() {
        let below = folder.strip_prefix(root).unwrap_or(folder);
        let name =
            if below.as_os_str().is_empty() { folder.file_name().map(Path::new).unwrap_or(below) } else { below };
        found.push(Case::read(folder, name.display().to_string())?);
        return Ok(());
    }
    for entry in fs::read_dir(folder).map_err(|error| Error::file(folder, &error))? {
        let entry = entry.map_err(|error| Error::file(folder, &error))?.path();
        if entry.is_dir() {
            collect(root, &entry, found)?;
        }
    }
    Ok(())
}
