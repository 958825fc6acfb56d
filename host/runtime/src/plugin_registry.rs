//! Plugins, each read, loaded and asked for its description once, however many streams use it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use wmshost_flow::{Cancel, CompileLimits, Failure, FailureCause, WasmError};
use wmshost_pipeline::{
    Demands, PluginCatalog, PluginFile, PluginMetadata, PluginProblem, Resolved, SettingMetadata,
    StandardPluginProblem, World,
};
use wmshost_sandbox::{self as sandbox, Cache, ComponentFile, Plugin, Sandbox};

use crate::plugin_folders::PluginFolders;
use crate::signature::signer;

/// The plugins that were asked for so far, by file.
pub struct PluginRegistry {
    sandbox: Sandbox,
    cancel: Cancel,
    standard: PluginFolders,
    /// Their bytes: those that are held to the lock and to signatures are those that are compiled.
    read: RefCell<BTreeMap<PathBuf, Result<ComponentFile, Failure>>>,
    loaded: RefCell<BTreeMap<(PathBuf, CompileLimits), Result<Plugin, Failure>>>,
    /// The limits within which files are compiled, as a pipeline demanded last.
    limits: RefCell<BTreeMap<PathBuf, CompileLimits>>,
    locked: RefCell<Locked>,
}

/// The components of a lock.
#[derive(Debug, Default)]
pub(crate) struct Locked {
    /// Their digests by file; `None` for a plugin that the lock lacks. Other files are not held to it.
    pub(crate) digests: BTreeMap<PathBuf, Option<String>>,
    /// The next step for a person who meets another component.
    pub(crate) advice: String,
}

impl PluginRegistry {
    /// A registry without plugins yet; compiled plugins are kept in `cache`.
    pub fn new(cache: Cache) -> Result<Self, Failure> {
        Ok(Self {
            sandbox: Sandbox::new(cache)?,
            cancel: Cancel::default(),
            standard: PluginFolders::default(),
            read: RefCell::default(),
            loaded: RefCell::default(),
            limits: RefCell::default(),
            locked: RefCell::default(),
        })
    }

    /// The same, with these standard plugins.
    #[must_use]
    pub fn with_standard(self, standard: PluginFolders) -> Self {
        Self { standard, ..self }
    }

    /// The same, whose plugins and their statements are interrupted at once when this is set.
    #[must_use]
    pub fn stopping_at(self, cancel: Cancel) -> Self {
        Self { sandbox: self.sandbox.stopping_at(cancel.clone()), cancel, ..self }
    }

    /// The request to stop that interrupts plugins.
    pub(crate) fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// The plugin in this file, under its name in the pipeline.
    pub fn plugin(&self, name: &str, file: &Path) -> Result<Plugin, Failure> {
        let placed = |failure: Failure| failure.within(file.display());
        let component = self.component(file).map_err(placed)?;
        self.check_locked(&component).map_err(|problem| {
            let (message, advice) = problem.explain(file);
            Failure::denied(message).advise(advice)
        })?;
        Ok(self.loaded(name, &component).map_err(placed)?.named(name))
    }

    /// The bytes of the component in this file, as they were when it was first asked for. Failures do not name the file.
    pub(crate) fn component(&self, file: &Path) -> Result<ComponentFile, Failure> {
        let mut read = self.read.borrow_mut();
        read.entry(file.to_owned()).or_insert_with(|| ComponentFile::read(file)).clone()
    }

    /// Holds the files of a lock to it.
    pub(crate) fn hold_to(&self, locked: Locked) {
        *self.locked.borrow_mut() = locked;
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
            let component = self.component(&path).map_err(|failure| failure.within(path.display()))?;
            self.held_to(&component, pipeline.demands(&label)).map_err(|problem| {
                let (message, advice) = problem.explain(&path);
                Failure::denied(format!("plugin {label}: {message}")).advise(advice)
            })?;
        }
        Ok(())
    }

    /// Holds a component to these demands.
    fn held_to(&self, component: &ComponentFile, demands: Demands<'_>) -> Result<(), PluginProblem> {
        let Demands { digest, signers, compile } = demands;
        let found = named_digest(component.digest());
        if digest.is_some_and(|digest| digest != found) {
            return Err(PluginProblem::OtherDigest(found));
        }
        if !signers.is_empty() {
            signer(component, signers).map_err(PluginProblem::NotSigned)?;
        }
        self.limits.borrow_mut().insert(component.path().to_owned(), compile);
        Ok(())
    }

    /// Fails if a component is not the one in the lock.
    fn check_locked(&self, component: &ComponentFile) -> Result<(), PluginProblem> {
        let Locked { digests, advice } = &*self.locked.borrow();
        let Some(locked) = digests.get(component.path()) else { return Ok(()) };
        let found = named_digest(component.digest());
        if locked.as_ref() == Some(&found) {
            return Ok(());
        }
        Err(PluginProblem::NotLocked { found, locked: locked.clone(), advice: advice.clone() })
    }

    /// The same, under the name that it was first asked for by; its failure does not name the file.
    fn loaded(&self, name: &str, component: &ComponentFile) -> Result<Plugin, Failure> {
        let limits = self.limits.borrow().get(component.path()).copied().unwrap_or_default();
        let mut loaded = self.loaded.borrow_mut();
        let entry = loaded.entry((component.path().to_owned(), limits));
        entry.or_insert_with(|| self.sandbox.load_component(name, component, limits)).clone()
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
        let component = self.component(path).map_err(|failure| problem(&failure))?;
        self.held_to(&component, demands)?;
        self.check_locked(&component)?;
        let plugin = self.loaded("plugin", &component).map_err(|failure| problem(&failure))?.named("plugin");
        let digest = named_digest(&plugin.digest);
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

/// A digest as pipeline files write it.
pub fn named_digest(hex: &str) -> String {
    format!("blake3:{hex}")
}

fn problem(failure: &Failure) -> PluginProblem {
    match failure.cause {
        Some(FailureCause::Wasm(WasmError::NotAComponent)) => PluginProblem::NotAComponent(failure.to_string()),
        Some(FailureCause::Io(_)) => PluginProblem::Unreadable(failure.to_string()),
        Some(FailureCause::Wasm(_)) => PluginProblem::ForeignContract(failure.to_string()),
        _ => PluginProblem::NotCompiled(failure.to_string()),
    }
}

fn setting(setting: sandbox::SettingDescription) -> SettingMetadata {
    SettingMetadata { name: setting.name, kind: setting.kind, fallback: setting.fallback, choices: setting.choices }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_that_is_replaced_after_it_was_looked_at_is_not_compiled() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wasm");
        std::fs::write(&file, b"\0asm\x01\0\0\0").unwrap();
        let registry = PluginRegistry::new(Cache::beside(folder.path().join("cache"))).unwrap();
        let digest = named_digest(registry.component(&file).unwrap().digest());
        let digests = BTreeMap::from([(file.clone(), Some(digest))]);
        registry.hold_to(Locked { digests, advice: String::new() });
        std::fs::write(&file, b"something else").unwrap();
        let failure = registry.plugin("a", &file).err().unwrap().to_string();
        assert!(failure.contains("a core wasm module, not a component"), "{failure}");
    }
}
