//! Test doubles for pipeline files: variables from a list, and plugins whose kind follows from their file names.

use std::ffi::OsString;
use std::path::Path;

use wmshost_pipeline::{PluginCatalog, PluginMetadata, PluginProblem, SettingKind, SettingMetadata, World};

/// Returns an environment with these variables.
pub(crate) fn variables(list: Vec<(String, String)>) -> impl Fn(&str) -> Option<OsString> {
    move |name| list.iter().find(|(known, _)| known == name).map(|(_, value)| value.into())
}

/// Returns an environment with these variables.
pub(crate) fn set(list: &[(&str, &str)]) -> impl Fn(&str) -> Option<OsString> + use<> {
    variables(list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

/// A catalog of plugins whose kind follows from their file names.
pub(crate) struct ByFileName;

impl PluginCatalog for ByFileName {
    fn metadata(&self, path: &Path, given: Option<&str>) -> Result<PluginMetadata, PluginProblem> {
        let digest = format!("blake3:{}", "0".repeat(64));
        if given.is_some_and(|given| given != digest) {
            return Err(PluginProblem::OtherDigest(digest));
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if name.contains("missing") {
            return Err(PluginProblem::Missing);
        } else if name.contains("corrupt") {
            return Err(PluginProblem::NotAComponent("it begins with \"ELF\"".to_owned()));
        } else if name.contains("unreadable") {
            return Err(PluginProblem::Unreadable("permission denied".to_owned()));
        } else if name.contains("foreign") {
            return Err(PluginProblem::ForeignContract("it exports no world of contract 0.1".to_owned()));
        } else if name.contains("faulty") {
            return Err(PluginProblem::Faulty("it trapped".to_owned()));
        }
        let worlds = [("extractor", World::Extractor), ("loader", World::Loader), ("models", World::Models)];
        let world = worlds.into_iter().find(|(part, _)| name.contains(part));
        let world = world.map_or(World::Transform, |(_, world)| world);
        if world == World::Models {
            let zone = setting("time_zone", SettingKind::Text, Some("\"UTC\""), &[]);
            let today = setting("today", SettingKind::Text, Some("\"\""), &[]);
            let offsets = setting("utc_offsets", SettingKind::Texts, Some("[]"), &[]);
            return Ok(PluginMetadata {
                world,
                name,
                version: "0.1.0".to_owned(),
                digest,
                settings: vec![zone, today, offsets],
            });
        }
        let settings = if name.contains("settings") { settings() } else { reject() };
        Ok(PluginMetadata { world, name, version: "0.1.0".to_owned(), digest, settings })
    }
}

fn setting(name: &str, kind: SettingKind, fallback: Option<&str>, choices: &[&str]) -> SettingMetadata {
    let choices = choices.iter().map(|&choice| choice.to_owned()).collect();
    SettingMetadata { name: name.to_owned(), kind, fallback: fallback.map(str::to_owned), choices }
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
