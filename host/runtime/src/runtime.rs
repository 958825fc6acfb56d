//! The services that all operations share: the host's folder, the clock, the request to stop, and the observer.

use std::path::Path;
use std::sync::Arc;

use wmshost_flow::{Cancel, Clock, Failure};
use wmshost_pipeline::{Checked, Diagnostics, Resolved, check_file, load};

use crate::data_dir::DataDir;
use crate::environment::variable;
use crate::error;
use crate::events::{RunEvent, RunObserver};
use crate::history::{History, RunParts, RunRecord};
use crate::lock;
use crate::plugin_folders::PluginFolders;
use crate::plugin_registry::PluginRegistry;
use crate::process::is_alive;
use crate::receipts::{self, RunReceipt};
use crate::run_id::new_run_id;

/// The services that all operations share.
pub struct Runtime {
    /// The folder for the host's own files.
    pub data_dir: DataDir,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Set when the operation should stop. Plugins are then interrupted at once.
    pub cancel: Cancel,
    /// The observer of everything that happens.
    pub observer: Arc<dyn RunObserver>,
}

impl Runtime {
    /// A new id for a run that begins now.
    pub fn new_run_id(&self) -> String {
        new_run_id(self.clock.as_ref())
    }

    /// The parts of a run of the history.
    pub fn run_parts(&self, run_id: &str) -> error::Result<RunParts> {
        let history = self.history()?;
        Ok(RunParts {
            streams: history.streams(run_id)?,
            models: history.models(run_id)?,
            plugins: history.plugins(run_id)?,
            log: Some(self.data_dir.log(run_id)).filter(|log| log.exists()),
        })
    }

    /// The receipt of a run of the history; `None` if there is none.
    pub fn run_receipt(&self, run: &RunRecord) -> error::Result<Option<RunReceipt>> {
        receipts::of_run(&self.data_dir.receipts(&run.pipeline), &run.run_id)
    }

    /// A registry for plugins, with the standard ones.
    pub fn registry(&self) -> Result<PluginRegistry, Failure> {
        if let Err(error) = self.data_dir.make() {
            tracing::warn!("the folder of the host's own files was not made: {error}");
        }
        let registry = PluginRegistry::new(self.data_dir.plugins())?.with_standard(PluginFolders::find()?);
        Ok(registry.stopping_at(self.cancel.clone()))
    }

    /// The pipeline in this file, checked with its plugins, and held to its lock if there is one.
    pub fn pipeline(&self, file: &Path, registry: &PluginRegistry) -> error::Result<Checked> {
        match self.resolved(file) {
            Ok(resolved) => self.checked(&resolved, registry),
            // Without its lock, no plugin is looked at.
            Err(mistakes) if lock::is_locked(file) => Err(mistakes.into()),
            // Its mistakes are reported with those that need the plugins.
            Err(_) => Ok(self.unlocked_pipeline(file, registry)?),
        }
    }

    /// A pipeline checked with its plugins, and held to its lock if there is one.
    pub(crate) fn checked(&self, resolved: &Resolved, registry: &PluginRegistry) -> error::Result<Checked> {
        let locked = lock::hold(&resolved.file, resolved, registry)?;
        let pipeline = resolved.check(registry)?;
        if let Some(locked) = locked {
            lock::require(&pipeline, registry, &locked)?;
        }
        Ok(pipeline)
    }

    /// The same, whatever its lock says.
    pub fn unlocked_pipeline(&self, file: &Path, registry: &PluginRegistry) -> Result<Checked, Diagnostics> {
        check_file(file, &variable, registry)
    }

    /// The pipeline in this file, without a look at its plugins.
    pub fn resolved(&self, file: &Path) -> Result<Resolved, Diagnostics> {
        load(file, &variable)
    }

    /// The same, whose lock the registry holds its plugins to.
    pub fn held(&self, file: &Path, registry: &PluginRegistry) -> error::Result<Resolved> {
        let resolved = self.resolved(file)?;
        lock::hold(file, &resolved, registry)?;
        registry.check_demands(&resolved)?;
        Ok(resolved)
    }

    /// The history of runs. Runs whose host is gone are marked as interrupted.
    pub fn history(&self) -> Result<History, Failure> {
        let history = History::open(&self.data_dir.history())?;
        history.mark_interrupted(is_alive)?;
        Ok(history)
    }

    /// Reports something that a person should know.
    pub(crate) fn note(&self, text: &str) {
        self.observer.event(&RunEvent::Note(text));
    }
}
