//! Port: component files and their metadata. The program finds the files and reads them through the sandbox, a test makes
//! both up.

use crate::diagnostics::join;
use crate::keys::plugin as keys;
use crate::section_reader::SectionReader;
use std::fmt;
use std::path::{Path, PathBuf};

use wmshost_flow::{CompileLimits, SettingKind};

/// The kind of a plugin.
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

/// A setting that a plugin declares.
#[derive(Debug, Clone)]
pub struct SettingMetadata {
    /// Its key.
    pub name: String,
    /// The type of its value.
    pub kind: SettingKind,
    /// The default as it would be written; `None` if the key is required.
    pub fallback: Option<String>,
    /// The allowed values of a text or of the texts in a list; empty for any.
    pub choices: Vec<String>,
}

/// The metadata of a plugin.
#[derive(Debug, Clone)]
pub struct PluginMetadata {
    /// Its kind.
    pub world: World,
    /// The plugin's own name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The digest of the component: `blake3:` and 64 hexadecimal digits.
    pub digest: String,
    /// Its settings.
    pub settings: Vec<SettingMetadata>,
}

/// The reason why a component file has no metadata. The text explains it to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginProblem {
    /// There is no such file.
    Missing,
    /// It cannot be read.
    Unreadable(String),
    /// Its digest, which is in the variant, is not the one that the pipeline file names.
    OtherDigest(String),
    /// Its digest is not the one in wmshost.lock, which may lack the plugin.
    NotLocked {
        /// Its digest.
        found: String,
        /// The digest in the lock.
        locked: Option<String>,
        /// The next step.
        advice: String,
    },
    /// It is not signed by one of the keys of `require_signed`, for this reason.
    NotSigned(String),
    /// It is not a WebAssembly component, or a broken one.
    NotAComponent(String),
    /// It is a component, but for a world or a contract that this host does not offer.
    ForeignContract(String),
    /// It is not compiled within the limits.
    NotCompiled(String),
    /// Its function for describing itself failed.
    Faulty(String),
}

impl PluginProblem {
    /// Returns the problem and the advice.
    pub fn explain(&self, path: &Path) -> (String, String) {
        let path = path.display();
        let (message, advice) = match self {
            Self::Missing => (
                format!("no such file: {path}"),
                "build the plugin (`make plugins` builds those of the source tree), or correct the path",
            ),
            Self::Unreadable(why) => (format!("{path}: {why}"), "correct the path or the file's rights"),
            Self::OtherDigest(found) => (
                format!("{path} has the digest {found}, which is not the one given"),
                "use the right file, or state its digest once you trust it",
            ),
            Self::NotLocked { found, locked, advice } => {
                let locked = locked.as_deref().unwrap_or("nothing");
                (
                    format!(
                        "{path} is not the component in wmshost.lock: its digest is {found}, and {locked} is locked"
                    ),
                    advice.as_str(),
                )
            }
            Self::NotSigned(why) => (
                format!("{path} is not signed as `require_signed` asks: {why}"),
                "have it signed by `wmshost plugin sign`, or add the signer's public key once you trust it",
            ),
            Self::NotAComponent(why) => (
                format!("{path} is not a WebAssembly component: {why}"),
                "build it again for the target wasm32-wasip2 (`make plugins`)",
            ),
            Self::ForeignContract(why) => {
                (format!("{path} does not fit this host: {why}"), "wit/README.md says which plugins this host runs")
            }
            Self::NotCompiled(why) => (
                format!("{path} is not compiled: {why}"),
                "use another component, or raise the limit in [plugins.NAME.limits] if you trust this one",
            ),
            Self::Faulty(why) => {
                (format!("{path} failed when it was asked to describe itself: {why}"), "fix the plugin's `describe`")
            }
        };
        (message, advice.to_owned())
    }
}

/// The component file of a plugin, as a pipeline file states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginFile {
    /// The file at this path.
    Path(PathBuf),
    /// The file of the standard plugin with this name.
    Standard(String),
}

impl PluginFile {
    /// Reads one table of `[plugins]`; `None` after a report.
    pub(crate) fn read(label: &str, scope: &mut SectionReader<'_>) -> Option<Self> {
        let (path, name) = (join(&scope.path, keys::PATH.name), join(&scope.path, keys::NAME.name));
        if scope.has(&keys::PATH) {
            if scope.has(&keys::NAME) {
                let advice = "a plugin has a file by `path` or is a standard one by `name`; remove one of the keys";
                scope.sink.of(&name, "must not be set beside `path`", Some(advice.to_owned()));
            }
            return scope.path(&keys::PATH).map(Self::Path);
        }
        if scope.sink.is_reported(&path) || scope.sink.is_reported(&name) {
            return None;
        }
        let name = if scope.has(&keys::NAME) { scope.text(&keys::NAME)? } else { label.to_owned() };
        Some(Self::Standard(name))
    }
}

/// The reason why a standard plugin has no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StandardPluginProblem {
    /// There is none of this name in the folders of standard plugins.
    Unknown,
    /// Its file or a folder around it could be replaced by another user of the machine.
    Unsafe {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        reason: &'static str,
    },
}

/// The catalog of plugins.
pub trait PluginCatalog {
    /// Returns the file of the standard plugin with this name, or the reason why it has none.
    fn standard(&self, name: &str) -> Result<PathBuf, StandardPluginProblem>;
    /// Returns the names of all standard plugins that were found, in order.
    fn standard_names(&self) -> Vec<String>;
    /// Returns the folders in which standard plugins are looked for, in order.
    fn standard_folders(&self) -> Vec<PathBuf>;
    /// Returns the metadata of the plugin in this file, or the reason why it has none. The demands are held to before
    /// anything in the file is compiled.
    fn metadata(&self, path: &Path, demands: Demands<'_>) -> Result<PluginMetadata, PluginProblem>;
}

/// The demands of a pipeline file on a component file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Demands<'a> {
    /// The digest that it must have, if there is one.
    pub digest: Option<&'a str>,
    /// The public keys, by one of which it must be signed; empty if it need not be.
    pub signers: &'a [String],
    /// The limits within which it must be compiled.
    pub compile: CompileLimits,
}
