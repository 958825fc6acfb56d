//! The output of `plugin test`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_plugin_kit::{CaseResult, Outcome};

/// The results of a component's cases.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CasesDocument {
    /// True if no case failed or is wrong.
    passed: bool,
    /// The cases, in the order of their names.
    cases: Vec<CaseDocument>,
}

/// The result of a case.
#[derive(Debug, Serialize, JsonSchema)]
struct CaseDocument {
    /// Its name.
    name: String,
    /// Its folder.
    folder: String,
    /// Its summary.
    summary: String,
    /// The result: `passed`, `updated`, `failed`, or `wrong` if the case itself has a mistake.
    result: &'static str,
    /// The differences and broken promises, the mistake, or the files that were written.
    details: Vec<String>,
    /// The rows of its input.
    rows: u64,
    /// The duration in seconds.
    seconds: f64,
}

impl CasesDocument {
    /// Returns the results as a document.
    pub(crate) fn of(results: &[CaseResult]) -> Self {
        Self { passed: results.iter().all(CaseResult::is_good), cases: results.iter().map(Into::into).collect() }
    }
}

impl From<&CaseResult> for CaseDocument {
    fn from(result: &CaseResult) -> Self {
        let (word, details) = match &result.outcome {
            Outcome::Passed => ("passed", Vec::new()),
            Outcome::Updated(files) => ("updated", files.clone()),
            Outcome::Failed(differences) => ("failed", differences.clone()),
            Outcome::Wrong(why) => ("wrong", vec![why.clone()]),
        };
        Self {
            name: result.name.clone(),
            folder: result.folder.display().to_string(),
            summary: result.summary.clone(),
            result: word,
            details,
            rows: result.rows,
            seconds: result.duration.as_secs_f64(),
        }
    }
}
