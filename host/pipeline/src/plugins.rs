//! Port: what is known of a component file. The edge asks the sandbox; a test makes it up.

use std::fmt;
use std::path::Path;

/// What a plugin is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// It reads streams.
    Extractor,
    /// It changes batches.
    Transform,
    /// It writes streams.
    Loader,
    /// It declares models.
    Models,
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Extractor => "an extractor",
            Self::Transform => "a transform",
            Self::Loader => "a loader",
            Self::Models => "a models plugin",
        })
    }
}

/// What a setting may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// A list of texts.
    Texts,
}

/// A setting that a plugin declares.
#[derive(Debug, Clone)]
pub struct SettingMetadata {
    /// Its key.
    pub name: String,
    /// What it may hold.
    pub kind: SettingKind,
    /// The value used when the key is not given, as it would be written; `None`: the key is required.
    pub fallback: Option<String>,
    /// The allowed values of a text or texts setting; empty: any.
    pub choices: Vec<String>,
}

/// What a plugin says of itself.
#[derive(Debug, Clone)]
pub struct PluginMetadata {
    /// What it is made for.
    pub world: World,
    /// The plugin's own name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The digest of the component: `blake3:` and 64 hexadecimal digits.
    pub digest: String,
    /// The settings it takes.
    pub settings: Vec<SettingMetadata>,
}

/// Why nothing is known of a component file. The text says why, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginProblem {
    /// There is no such file.
    Missing,
    /// It cannot be read.
    Unreadable(String),
    /// Its digest is not the one that the pipeline file names: this one is.
    OtherDigest(String),
    /// It is no WebAssembly component, or a broken one.
    NotAComponent(String),
    /// It is a component, but made for no world, or another contract, than this host offers.
    ForeignContract(String),
    /// It failed when it was asked to describe itself.
    Faulty(String),
}

impl PluginProblem {
    /// What is wrong, and what to do.
    pub(crate) fn explain(&self, path: &Path) -> (String, String) {
        let path = path.display();
        let (message, advice) = match self {
            Self::Missing => {
                (format!("no such file: {path}"), "run `make plugins` to build the plugins, or correct the path")
            }
            Self::Unreadable(why) => (format!("{path} cannot be read: {why}"), "correct the path or the file's rights"),
            Self::OtherDigest(found) => (
                format!("{path} has the digest {found}, which is not the one given"),
                "put the right file there, or give its digest once you trust it",
            ),
            Self::NotAComponent(why) => (
                format!("{path} is not a WebAssembly component: {why}"),
                "build it again with `make plugins` (target wasm32-wasip2)",
            ),
            Self::ForeignContract(why) => {
                (format!("{path} does not fit this host: {why}"), "wit/README.md says which plugins this host runs")
            }
            Self::Faulty(why) => {
                (format!("{path} failed when it was asked to describe itself: {why}"), "mend the plugin's `describe`")
            }
        };
        (message, advice.to_owned())
    }
}

/// Reports what is known of a component file.
pub trait PluginCatalog {
    /// What the plugin in this file says of itself, or why that is not known. The file's digest, if one is given, is
    /// compared before anything in the file is compiled.
    fn metadata(&self, path: &Path, digest: Option<&str>) -> Result<PluginMetadata, PluginProblem>;
}
