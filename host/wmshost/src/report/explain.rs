//! The report of `wmshost explain`.

use wmshost_flow::Failure;
use wmshost_runtime::explain::Finding;
use wmshost_runtime::history::RunRecord;

use super::documents::explain::ExplanationDocument;
use super::{json, plain, print, section};
use crate::cli::Output;

/// Reports the explanations of a run, or of streams.
pub(crate) fn explain(
    pipeline: &str,
    run: Option<&RunRecord>,
    findings: &[Finding],
    output: Output,
) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&ExplanationDocument::of(pipeline, run, findings));
    }
    if findings.is_empty() {
        match run {
            Some(run) => print(&format!("run {} of {pipeline} {}: nothing to explain", run.run_id, run.status.name())),
            None => print(&format!("pipeline {pipeline}: no stream needs a person")),
        }
    }
    findings.iter().for_each(print_one);
    Ok(())
}

fn print_one(finding: &Finding) {
    let Finding { subject, happened, place, committed, cause, next } = finding;
    let happened: Vec<String> = happened.lines().map(plain).collect();
    let mut lines = vec![("happened", happened.join("\n             "))];
    lines.extend(place.as_ref().map(|place| ("where", place.clone())));
    lines.extend([("committed", committed.clone()), ("likely cause", cause.clone())]);
    lines.extend(next.iter().map(|step| ("next", format!("{}\n                {}", step.purpose, step.command))));
    section(subject, &lines);
}
