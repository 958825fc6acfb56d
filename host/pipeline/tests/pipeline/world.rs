//! Test doubles for pipeline files: variables from a list, and plugins whose kind follows from their file names.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wmshost_flow::SettingKind;
use wmshost_pipeline::{
    Demands, PluginCatalog, PluginMetadata, PluginProblem, SettingMetadata, StandardPluginProblem, World,
};

/// Returns an environment with these variables.
pub(crate) fn variables(list: Vec<(String, String)>) -> impl Fn(&str) -> Option<OsString> {
    move |name| list.iter().find(|(known, _)| known == name).map(|(_, value)| value.into())
}

/// Returns an environment with these variables.
pub(crate) fn set(list: &[(&str, &str)]) -> impl Fn(&str) -> Option<OsString> + use<> {
    variables(list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

/// The standard plugins, and their files.
const STANDARD: &[(&str, &str)] = &[
    ("allocation", "/standard/transform_allocation.wasm"),
    ("items", "/standard/transform_items.wasm"),
    ("locations", "/standard/transform_locations.wasm"),
    ("orders", "/standard/transform_orders.wasm"),
    ("table", "/standard/loader_table.wasm"),
    ("wms-cloud", "/standard/extractor_wms_cloud.wasm"),
    ("wms-marts", "/standard/models_wms_marts.wasm"),
    ("wms-tables", "/standard/extractor_wms_tables.wasm"),
];

/// A catalog of plugins whose kind follows from their file names, with [`STANDARD`] plugins or without any.
pub(crate) enum ByFileName {
    Installed,
    Missing,
}

impl PluginCatalog for ByFileName {
    fn standard(&self, name: &str) -> Result<PathBuf, StandardPluginProblem> {
        if name == "writable" {
            let path = PathBuf::from("/standard");
            return Err(StandardPluginProblem::Unsafe { path, reason: "can be written by every user" });
        }
        let known = self.standard_names().contains(&name.to_owned());
        let found = STANDARD.iter().find(|(standard, _)| known && *standard == name);
        found.map(|(_, file)| PathBuf::from(file)).ok_or(StandardPluginProblem::Unknown)
    }

    fn standard_names(&self) -> Vec<String> {
        match self {
            Self::Installed => STANDARD.iter().map(|(name, _)| (*name).to_owned()).collect(),
            Self::Missing => Vec::new(),
        }
    }

    fn standard_folders(&self) -> Vec<PathBuf> {
        vec![PathBuf::from("/usr/lib/wmshost/plugins"), PathBuf::from("/src/plugins")]
    }

    fn metadata(&self, path: &Path, demands: Demands<'_>) -> Result<PluginMetadata, PluginProblem> {
        let digest = format!("blake3:{}", "0".repeat(64));
        if demands.digest.is_some_and(|given| given != digest) {
            return Err(PluginProblem::OtherDigest(digest));
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if name.contains("missing") {
            return Err(PluginProblem::Missing);
        } else if name.contains("corrupt") {
            return Err(PluginProblem::NotAComponent("it begins with \"ELF\"".to_owned()));
        } else if name.contains("unreadable") {
            return Err(PluginProblem::Unreadable("the plugin cannot be read: permission denied".to_owned()));
        } else if name.contains("foreign") {
            return Err(PluginProblem::ForeignContract("it exports no world of contract 0.1".to_owned()));
        } else if name.contains("dear") {
            return Err(PluginProblem::NotCompiled("limit compile_bytes: 1 allowed, more asked for".to_owned()));
        } else if name.contains("faulty") {
            return Err(PluginProblem::Faulty("it trapped".to_owned()));
        }
        let worlds = [("extractor", World::Extractor), ("loader", World::Loader), ("models", World::Models)];
        let world = worlds.into_iter().find(|(part, _)| name.contains(part));
        let world = world.map_or(World::Transform, |(_, world)| world);
        if world == World::Models {
            let zone = setting("time_zone", SettingKind::Text, Some("\"UTC\""), &[]);
            let today = setting("today", SettingKind::Text, Some("\"\""), &[]);
            let source = setting("source", SettingKind::Text, Some("\"tables\""), &["tables", "cloud"]);
            let texts =
                ["utc_offsets", "soft_deletes", "words"].map(|name| setting(name, SettingKind::Texts, Some("[]"), &[]));
            return Ok(PluginMetadata {
                world,
                name,
                version: "0.1.0".to_owned(),
                digest,
                settings: [zone, today, source].into_iter().chain(texts).collect(),
            });
        }
        let settings = match &*name {
            name if name.contains("settings") => settings(),
            name if name.contains("cloud") => digits(),
            _ => reject(),
        };
        Ok(PluginMetadata { world, name, version: "0.1.0".to_owned(), digest, settings })
    }
}

fn setting(name: &str, kind: SettingKind, fallback: Option<&str>, choices: &[&str]) -> SettingMetadata {
    let choices = choices.iter().map(|&choice| choice.to_owned()).collect();
    SettingMetadata { name: name.to_owned(), kind, fallback: fallback.map(str::to_owned), choices }
}

fn digits() -> Vec<SettingMetadata> {
    ["precision", "scale"].map(|name| setting(name, SettingKind::Integer, Some("10"), &[])).to_vec()
}

fn reject() -> Vec<SettingMetadata> {
    let rules = ["invalid-quantity", "invalid-status"];
    vec![setting("reject", SettingKind::Texts, Some("[]"), &rules)]
}

/// Returns one setting of each kind.
fn settings() -> Vec<SettingMetadata> {
    vec![
        setting("label", SettingKind::Text, None, &[]),
        setting("mode", SettingKind::Text, Some("\"plain\""), &["plain", "strict"]),
        setting("rows", SettingKind::Integer, Some("10"), &[]),
        setting("share", SettingKind::Number, Some("0.5"), &[]),
        setting("trim", SettingKind::Flag, Some("true"), &[]),
        setting("rules", SettingKind::Texts, Some("[\"a\"]"), &["a", "b"]),
    ]
}
