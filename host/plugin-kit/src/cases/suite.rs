//! All cases of a project, or of some folders.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use wmshost_sandbox::{Cache, Limits, Plugin, Sandbox, World};

use super::answers::Answers;
use super::case::{self, Case};
use super::golden::{self, Made};
use super::{answered, extractor, loader, models, transform};
use crate::error::{Error, Result};

/// The cases to run.
#[derive(Debug, Clone)]
pub struct Suite {
    /// The folders of cases, or of folders of cases.
    pub folders: Vec<PathBuf>,
    /// True to write the results as the expected ones.
    pub update: bool,
    /// The folder where compiled components are kept.
    pub cache: Cache,
}

/// The outcome of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The results are as expected.
    Passed,
    /// These expected files were written.
    Updated(Vec<String>),
    /// The differences, and the broken promises.
    Failed(Vec<String>),
    /// The case itself is wrong.
    Wrong(String),
}

/// The result of a case.
#[derive(Debug, Clone)]
pub struct CaseResult {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Its summary.
    pub summary: String,
    /// The outcome.
    pub outcome: Outcome,
    /// The duration.
    pub duration: Duration,
    /// The rows of the input.
    pub rows: u64,
}

impl CaseResult {
    /// True if the case neither failed nor is wrong.
    pub fn is_good(&self) -> bool {
        matches!(self.outcome, Outcome::Passed | Outcome::Updated(_))
    }
}

/// Runs all cases over a component, in the order of their names.
pub fn run_suite(plugin: &Plugin, suite: &Suite) -> Result<Vec<CaseResult>> {
    let cases = cases_in(&suite.folders)?;
    let metered = match cases.iter().any(|case| !case.file.budget.is_none()) {
        true => Some(Sandbox::metered(suite.cache.clone())?.load(&plugin.name, &plugin.file)?),
        false => None,
    };
    Ok(cases.iter().map(|case| run_case(case, plugin, metered.as_ref(), suite.update)).collect())
}

/// Returns the cases in these folders, each of a name of its own; fails if there is none.
pub(super) fn cases_in(folders: &[PathBuf]) -> Result<Vec<Case>> {
    let mut cases: Vec<Case> = Vec::new();
    for folder in folders {
        for case in case::find(folder)? {
            if let Some(other) = cases.iter().find(|other| other.name == case.name) {
                let [one, other] = [&other.folder, &case.folder].map(|folder| folder.display().to_string());
                return Err(Error::new(format_args!(
                    "two cases are named {}: {one} and {other}; rename one",
                    case.name
                )));
            }
            cases.push(case);
        }
    }
    if cases.is_empty() {
        let folders: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
        return Err(Error::new(format_args!(
            "there is no case in {}: a folder with a case.toml is one",
            folders.join(", ")
        )));
    }
    Ok(cases)
}

fn run_case(case: &Case, plugin: &Plugin, metered: Option<&Plugin>, update: bool) -> CaseResult {
    let start = Instant::now();
    let made = make(case, plugin, &Limits::default()).and_then(|mut made| {
        if let Some(metered) = metered {
            made.objections.extend(over_budget(case, metered)?);
        }
        Ok(made)
    });
    let rows = made.as_ref().map_or(0, |made| made.input_rows);
    let outcome = made.and_then(|made| judge(case, &made, update));
    CaseResult {
        name: case.name.clone(),
        folder: case.folder.clone(),
        summary: case.file.summary.clone(),
        outcome: outcome.unwrap_or_else(|error| Outcome::Wrong(error.to_string())),
        duration: start.elapsed(),
        rows,
    }
}

/// Runs a case.
pub(super) fn make(case: &Case, plugin: &Plugin, limits: &Limits) -> Result<Made> {
    match plugin.world {
        World::Transform => transform::run(case, plugin, limits),
        World::Extractor => match Answers::read(&case.folder)? {
            Some(answers) => answered::run(case, answers, plugin, limits),
            None => extractor::run(case, plugin, limits),
        },
        World::Loader => loader::run(case, plugin, limits),
        World::Models => models::run(case, plugin, limits),
    }
}

/// The parts of a case's budget that are exceeded.
fn over_budget(case: &Case, metered: &Plugin) -> Result<Vec<String>> {
    let budget = &case.file.budget;
    if budget.is_none() {
        return Ok(Vec::new());
    }
    if metered.world != World::Transform {
        return Err(case.mistake("budget: only cases of transforms have one"));
    }
    let cost = transform::cost(case, metered)?;
    let parts = [
        ("instructions_per_row", budget.instructions_per_row, cost.instructions_per_row),
        ("memory_mib", budget.memory_mib, cost.memory_mib),
        ("calls", budget.calls, cost.calls),
    ];
    let over = parts.into_iter().filter_map(|(name, most, used)| Some((name, most.filter(|most| used > *most)?, used)));
    Ok(over.map(|(name, most, used)| format!("budget.{name}: {most} allowed, {used} used")).collect())
}

fn judge(case: &Case, made: &Made, update: bool) -> Result<Outcome> {
    if update && made.failure.is_none() && made.objections.is_empty() {
        let written = golden::update(case, made)?;
        return Ok(if written.is_empty() { Outcome::Passed } else { Outcome::Updated(written) });
    }
    let differences = golden::compare(case, made);
    Ok(if differences.is_empty() { Outcome::Passed } else { Outcome::Failed(differences) })
}

/// Returns the folder of a project's cases.
pub(crate) fn folder_of(project: &Path) -> PathBuf {
    project.join("cases")
}
