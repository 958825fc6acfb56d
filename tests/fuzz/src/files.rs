//! Pipeline files, exported states, recordings and bundles.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use wmshost_flow::SettingKind;
use wmshost_pipeline::{
    Demands, PluginCatalog, PluginMetadata, PluginProblem, SettingMetadata, StandardPluginProblem, World, check_text,
};
use wmshost_plugin_kit::recorded;
use wmshost_runtime::bundle::unpack;
use wmshost_runtime::state::read_export;

/// A catalog in which each file is a plugin of the world that its name says.
struct AnyPlugin;

impl PluginCatalog for AnyPlugin {
    fn standard(&self, name: &str) -> Result<PathBuf, StandardPluginProblem> {
        Ok(PathBuf::from(name))
    }

    fn standard_names(&self) -> Vec<String> {
        vec!["table".to_owned()]
    }

    fn standard_folders(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    fn metadata(&self, path: &Path, _: Demands<'_>) -> Result<PluginMetadata, PluginProblem> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let world = match name.as_str() {
            "wms-tables" => World::Extractor,
            "table" => World::Loader,
            "marts" => World::Models,
            "missing" => return Err(PluginProblem::Missing),
            _ => World::Transform,
        };
        let setting = SettingMetadata {
            name: "share".to_owned(),
            kind: SettingKind::Number,
            fallback: Some("0.5".to_owned()),
            choices: Vec::new(),
        };
        let digest = format!("blake3:{}", "0".repeat(64));
        Ok(PluginMetadata { world, name, version: "1".to_owned(), digest, settings: vec![setting] })
    }
}

/// A pipeline file: it is checked, or its mistakes are reported.
pub fn pipeline_file(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let variable = |name: &str| (name.len() < 9).then(|| OsString::from("value"));
    let checked = check_text(Path::new("any/pipeline.toml"), &text, &variable, &AnyPlugin);
    is_taken(checked)
}

/// An exported state.
pub fn state_file(bytes: &[u8]) -> bool {
    let folder = folder_of(&[("state.json", bytes)]);
    is_taken(read_export(&folder.path().join("state.json"), "orders"))
}

/// A recording: the parts of its files, with a zero between them; a fourth makes it that of a reading.
pub fn recording(bytes: &[u8]) -> bool {
    let mut parts = bytes.splitn(4, |byte| *byte == 0);
    let mut part = || parts.next().unwrap_or_default();
    let [origin, case, rows] = [part(), part(), part()];
    let folder = match parts.next() {
        None => folder_of(&[("recording.json", origin), ("case.toml", case), ("input.csv", rows)]),
        Some(answers) => folder_of(&[
            ("recording.json", origin),
            ("case.toml", case),
            ("rows-001.csv", rows),
            ("answers.json", answers),
        ]),
    };
    is_taken(recorded(folder.path()))
}

/// A bundle: what is unpacked is within its folder.
pub fn bundle(bytes: &[u8]) -> bool {
    let folder = folder_of(&[("any.bundle", bytes)]);
    let to = folder.path().join("to");
    fs::create_dir(&to).expect("a folder");
    let is_taken = is_taken(unpack(&folder.path().join("any.bundle"), &to));
    let mut there: Vec<_> = entries(folder.path());
    there.sort();
    assert_eq!(there, ["any.bundle", "to"]);
    for file in entries(&to) {
        assert_eq!(file, "plugins", "it made a file");
    }
    is_taken
}

/// True if something was taken; what is refused is refused with words.
fn is_taken<T>(taken: Result<T, impl Display>) -> bool {
    match taken {
        Ok(_) => true,
        Err(refusal) => {
            assert!(!refusal.to_string().is_empty());
            false
        }
    }
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

/// A folder of its own with these files.
fn folder_of(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).expect("a file");
    }
    folder
}
