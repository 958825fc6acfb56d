//! The output of `explain`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_runtime::explain::{Finding, Step};
use wmshost_runtime::history::RunRecord;

use super::runs::RunRecordDocument;

/// The explanation of a run, or of streams.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ExplanationDocument {
    /// The pipeline's name.
    pipeline: String,
    /// The run that is explained; null if streams are.
    run: Option<RunRecordDocument>,
    /// The failures, and the streams that need a person; empty if there are none.
    findings: Vec<FindingDocument>,
}

/// A failure, or a stream that needs a person.
#[derive(Debug, Serialize, JsonSchema)]
struct FindingDocument {
    /// The stream or model; the kind of the run if it is about the run as a whole.
    subject: String,
    /// The event, in the words in which it was reported.
    happened: String,
    /// The stage, batch, plugin call and code of Oracle; null if they are not recorded.
    place: Option<String>,
    /// The rows that are in the target nevertheless.
    committed: String,
    /// The likely cause.
    cause: String,
    /// The next commands.
    next: Vec<StepDocument>,
}

/// A next step.
#[derive(Debug, Serialize, JsonSchema)]
struct StepDocument {
    /// Its purpose.
    purpose: String,
    /// The command.
    command: String,
}

impl ExplanationDocument {
    /// The explanation with these findings.
    pub(crate) fn of(pipeline: &str, run: Option<&RunRecord>, findings: &[Finding]) -> Self {
        Self {
            pipeline: pipeline.to_owned(),
            run: run.map(Into::into),
            findings: findings.iter().map(Into::into).collect(),
        }
    }
}

impl From<&Finding> for FindingDocument {
    fn from(finding: &Finding) -> Self {
        let Finding { subject, happened, place, committed, cause, next } = finding.clone();
        let step = |Step { purpose, command }| StepDocument { purpose, command };
        Self { subject, happened, place, committed, cause, next: next.into_iter().map(step).collect() }
    }
}
