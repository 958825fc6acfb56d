//! The state of this machine and of its connections, and with the hostile suite that of its sandbox.
//!
//! | module | what it is for |
//! |---|---|
//! | `arena` | two streams over a source and a target of their own, one of them attacked |
//! | `attacks` | the attacks, by the promise that each tries to break |
//! | `sandbox` | running them, and judging how each ends |
//! | `compiling` | a component that is dear to compile |
//! | `machine` | folders, disk, clock and standard plugins |

mod arena;
mod attacks;
mod compiling;
mod machine;
mod sandbox;

use std::path::{Path, PathBuf};

use wmshost_pipeline::Checked;
use wmshost_sandbox::Limits;

pub use self::arena::{Arena, Attack, identity, try_rows};
use self::compiling::attack_compiler;
pub use self::sandbox::AttackEnd;
use self::sandbox::{Guests, attack_all};
use crate::check::{Reach, check};
use crate::error::Result;
use crate::plugin_folders::PluginFolders;
use crate::plugin_registry::PluginRegistry;
use crate::runtime::Runtime;

/// The state of a thing that was examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiagnosisState {
    /// Nothing is wrong.
    Fine,
    /// It works, and could be better.
    Remark,
    /// Something does not work.
    Trouble,
}

/// The examination of one thing.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// The subject.
    pub subject: String,
    /// Its state.
    pub state: DiagnosisState,
    /// The finding, in words.
    pub found: String,
    /// The next step; empty if there is none.
    pub advice: String,
}

impl Diagnosis {
    fn of(state: DiagnosisState, subject: impl Into<String>, found: String, advice: impl Into<String>) -> Self {
        Self { subject: subject.into(), state, found, advice: advice.into() }
    }

    fn fine(subject: impl Into<String>, found: String) -> Self {
        Self::of(DiagnosisState::Fine, subject, found, "")
    }

    fn remark(subject: impl Into<String>, found: String, advice: impl Into<String>) -> Self {
        Self::of(DiagnosisState::Remark, subject, found, advice)
    }

    fn trouble(subject: impl Into<String>, found: String, advice: impl Into<String>) -> Self {
        Self::of(DiagnosisState::Trouble, subject, found, advice)
    }
}

/// Examines the machine, and the connections of these pipelines.
pub fn examine(runtime: &Runtime, files: &[PathBuf]) -> Result<Vec<Diagnosis>> {
    let mut found = machine::examine(runtime);
    if !files.is_empty() {
        let registry = runtime.registry()?;
        for file in files {
            found.extend(examine_pipeline(runtime, file, &registry));
        }
    }
    Ok(found)
}

/// Examines what a pipeline needs: its file, its plugins, its connections and its streams.
fn examine_pipeline(runtime: &Runtime, file: &Path, registry: &PluginRegistry) -> Vec<Diagnosis> {
    let subject = format!("pipeline {}", file.display());
    let outcome = runtime.pipeline(file, registry).and_then(|pipeline: Checked| {
        let reach = (Reach::Connections { measures_again: false }, false);
        Ok((check(runtime, (&pipeline, registry), &[], reach)?, pipeline.streams.len()))
    });
    let (outcome, streams) = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            let advice = format!("`wmshost check {}` shows all mistakes with their lines", file.display());
            return vec![Diagnosis::trouble(subject, error.to_string(), advice)];
        }
    };
    let connection = |probed: &crate::probe::Probed| {
        let subject = format!("{} {} of {}", probed.role, probed.label, file.display());
        match (&probed.failure, &probed.probe) {
            (Some(_), _) => None,
            (None, Some(probe)) => Some(Diagnosis::fine(subject, format!("Oracle {}", probe.version))),
            (None, None) => Some(Diagnosis::fine(subject, "can be opened".to_owned())),
        }
    };
    let mut found: Vec<Diagnosis> = outcome.probes.iter().filter_map(connection).collect();
    if outcome.failures.is_empty() {
        found.push(Diagnosis::fine(subject, format!("in order: {streams} streams")));
    } else {
        found.extend(outcome.failures.iter().map(|text| Diagnosis::trouble(subject.clone(), text.clone(), "")));
    }
    found
}

/// Runs the hostile suite under the limits of a pipeline, or under those that hold where none sets them, and reports each
/// attack as it ends.
pub fn attack_sandbox(
    runtime: &Runtime,
    pipeline: Option<&Path>,
    report: &mut dyn FnMut(AttackEnd),
) -> Result<(), crate::error::Error> {
    let limits = match pipeline {
        Some(file) => runtime.resolved(file)?.limits,
        None => Limits::default(),
    };
    let folders = hostile_folders(&PluginFolders::find()?);
    let cache = runtime.data_dir.plugins();
    let guests = Guests::find(&folders, cache.clone(), &runtime.cancel)?;
    attack_all(&guests, &limits, &runtime.cancel, report)?;
    Ok(attack_compiler(&cache, limits.compile, &runtime.cancel, report)?)
}

/// The folders in which hostile plugins may be: beside those of the standard plugins, where no pipeline finds them by name,
/// and in the folder in which cargo builds all of them.
fn hostile_folders(standard: &PluginFolders) -> Vec<PathBuf> {
    let beside = |folder: PathBuf| [folder.parent().map(|parent| parent.join("hostile")), Some(folder)];
    standard.folders().into_iter().flat_map(beside).flatten().collect()
}
