//! Plugins, each loaded and asked for its description once, however many streams use it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use wmshost_flow::{Cancel, Failure, FailureCause, WasmError};
use wmshost_pipeline::{
    Demands, PluginCatalog, PluginFile, PluginMetadata, PluginProblem, Resolved, SettingMetadata,
    StandardPluginProblem, World,
};
use wmshost_sandbox::{self as sandbox, Cache, Plugin, Sandbox};

use crate::plugin_folders::PluginFolders;
use crate::signature::signer;

/// The plugins that were asked for so far, by file.
pub struct PluginRegistry {
    sandbox: Sandbox,
    standard: PluginFolders,
    loaded: RefCell<BTreeMap<PathBuf, Result<Plugin, Failure>>>,
    /// The digests of the lock, by file; `None` for a plugin that the lock lacks. Other files are not held to it.
    locked: RefCell<BTreeMap<PathBuf, Option<String>>>,
}

impl PluginRegistry {
    /// A registry without plugins yet; compiled plugins are kept in `cache`.
    pub fn new(cache: Cache) -> Result<Self, Failure> {
        Ok(Self {
            sandbox: Sandbox::new(cache)?,
            standard: PluginFolders::default(),
            loaded: RefCell::default(),
            locked: RefCell::default(),
        })
    }

    /// The same, with these standard plugins.
    #[must_use]
    pub fn with_standard(self, standard: PluginFolders) -> Self {
        Self { standard, ..self }
    }

    /// The same, whose plugins are interrupted at once when this is set.
    #[must_use]
    pub fn stopping_at(self, cancel: Cancel) -> Self {
        Self { sandbox: self.sandbox.stopping_at(cancel), ..self }
    }

    /// The plugin in this file, under its name in the pipeline.
    pub fn plugin(&self, name: &str, file: &Path) -> Result<Plugin, Failure> {
        let unlocked = |_| {
            Failure::denied(format!("{} is not the component in wmshost.lock", file.display()))
                .advise("restore the component, or look at what changes by `wmshost lock PIPELINE`")
        };
        self.check_locked(file).map_err(unlocked)?;
        let plugin = self.loaded(name, file).map_err(|failure| failure.within(file.display()))?;
        // The file may have been replaced between the look at it and its loading.
        self.check_locked(file).map_err(unlocked)?;
        Ok(plugin.named(name))
    }

    /// Holds these files to the digests of a lock.
    pub(crate) fn hold_to(&self, digests: BTreeMap<PathBuf, Option<String>>) {
        *self.locked.borrow_mut() = digests;
    }

    /// Returns the number of calls of plugins for a stream that were denied.
    pub fn denials(&self, stream: &str) -> u64 {
        self.loaded.borrow().values().flatten().map(|plugin| plugin.denials(stream)).sum()
    }

    /// The file of a plugin as a pipeline file states it.
    pub fn file(&self, file: &PluginFile) -> Result<PathBuf, Failure> {
        let name = match file {
            PluginFile::Path(path) => return Ok(path.clone()),
            PluginFile::Standard(name) => name,
        };
        self.standard.file(name).map_err(|problem| match problem {
            StandardPluginProblem::Unknown => {
                let folders: Vec<_> = self.standard.folders().iter().map(|at| at.display().to_string()).collect();
                let message = format!("there is no standard plugin `{name}` in {}", folders.join(", "));
                Failure::invalid_config(message).advise("install it there, or name its folder in WMSHOST_PLUGINS")
            }
            StandardPluginProblem::Unsafe { path, reason } => {
                let message = format!("the standard plugin `{name}` is not used: {} {reason}", path.display());
                Failure::invalid_config(message).advise("Take the right to write it away from other users")
            }
        })
    }

    /// Fails if a component of a pipeline is not as the pipeline demands.
    pub(crate) fn check_demands(&self, pipeline: &Resolved) -> Result<(), Failure> {
        for (label, plugin) in pipeline.plugin_files() {
            let path = self.file(&plugin)?;
            held_to(&path, pipeline.demands(&label)).map_err(|problem| {
                let (message, advice) = problem.explain(&path);
                Failure::denied(format!("plugin {label}: {message}")).advise(advice)
            })?;
        }
        Ok(())
    }

    /// Fails if a file is not the one in the lock: the bytes that were loaded, or else those that are there now.
    fn check_locked(&self, path: &Path) -> Result<(), PluginProblem> {
        let locked = self.locked.borrow();
        let Some(locked) = locked.get(path) else { return Ok(()) };
        let found = match self.loaded.borrow().get(path) {
            Some(Ok(plugin)) => named_digest(&plugin.digest),
            _ => digest_of(path).map_err(|error| PluginProblem::Unreadable(error.to_string()))?,
        };
        if locked.as_ref() == Some(&found) {
            return Ok(());
        }
        Err(PluginProblem::NotLocked { found, locked: locked.clone() })
    }

    /// The same, under the name that it was first asked for by; its failure does not name the file.
    fn loaded(&self, name: &str, file: &Path) -> Result<Plugin, Failure> {
        let mut loaded = self.loaded.borrow_mut();
        loaded.entry(file.to_owned()).or_insert_with(|| self.sandbox.load_unplaced(name, file)).clone()
    }
}

impl PluginCatalog for PluginRegistry {
    fn standard(&self, name: &str) -> Result<PathBuf, StandardPluginProblem> {
        self.standard.file(name)
    }

    fn standard_names(&self) -> Vec<String> {
        self.standard.names()
    }

    fn standard_folders(&self) -> Vec<PathBuf> {
        self.standard.folders()
    }

    fn metadata(&self, path: &Path, demands: Demands<'_>) -> Result<PluginMetadata, PluginProblem> {
        if !path.exists() {
            return Err(PluginProblem::Missing);
        }
        if let Err(error) = std::fs::File::open(path) {
            return Err(PluginProblem::Unreadable(error.to_string()));
        }
        let looked_at = held_to(path, demands)?;
        self.check_locked(path)?;
        let plugin = self.loaded("plugin", path).map_err(|failure| problem(&failure))?.named("plugin");
        let digest = named_digest(&plugin.digest);
        // The file may have been replaced between the look at it and its loading; none of its code has run yet.
        if looked_at.is_some_and(|looked_at| looked_at != digest) {
            return Err(PluginProblem::OtherDigest(digest));
        }
        self.check_locked(path)?;
        let description = plugin.describe().map_err(|failure| PluginProblem::Faulty(failure.to_string()))?;
        let world = match plugin.world {
            sandbox::World::Extractor => World::Extractor,
            sandbox::World::Transform => World::Transform,
            sandbox::World::Loader => World::Loader,
            sandbox::World::Models => World::Models,
        };
        let settings = description.settings.into_iter().map(setting).collect();
        Ok(PluginMetadata { world, name: description.name, version: description.version, digest, settings })
    }
}

/// Holds a file to these demands; returns the digest of the bytes that were looked at, if there were any demands.
pub(crate) fn held_to(path: &Path, demands: Demands<'_>) -> Result<Option<String>, PluginProblem> {
    let Demands { digest, signers } = demands;
    if digest.is_none() && signers.is_empty() {
        return Ok(None);
    }
    let bytes = std::fs::read(path).map_err(|error| PluginProblem::Unreadable(error.to_string()))?;
    let found = named_digest(&blake3::hash(&bytes).to_hex());
    if digest.is_some_and(|digest| digest != found) {
        return Err(PluginProblem::OtherDigest(found));
    }
    if !signers.is_empty() {
        signer(path, &bytes, signers).map_err(PluginProblem::NotSigned)?;
    }
    Ok(Some(found))
}

/// A digest as pipeline files write it.
pub fn named_digest(hex: &str) -> String {
    format!("blake3:{hex}")
}

/// The digest of a file's bytes.
fn digest_of(file: &Path) -> std::io::Result<String> {
    let bytes = std::fs::read(file)?;
    Ok(named_digest(&blake3::hash(&bytes).to_hex()))
}

fn problem(failure: &Failure) -> PluginProblem {
    match failure.cause {
        Some(FailureCause::Wasm(WasmError::NotAComponent)) => PluginProblem::NotAComponent(failure.to_string()),
        _ => PluginProblem::ForeignContract(failure.to_string()),
    }
}

fn setting(setting: sandbox::SettingDescription) -> SettingMetadata {
    SettingMetadata { name: setting.name, kind: setting.kind, fallback: setting.fallback, choices: setting.choices }
}
