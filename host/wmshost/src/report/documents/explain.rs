//! The output of `explain`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_runtime::explain::Finding;
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
    findings: Vec<Finding>,
}

impl ExplanationDocument {
    /// The explanation with these findings.
    pub(crate) fn of(pipeline: &str, run: Option<&RunRecord>, findings: &[Finding]) -> Self {
        Self { pipeline: pipeline.to_owned(), run: run.map(Into::into), findings: findings.to_vec() }
    }
}
