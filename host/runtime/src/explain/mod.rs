//! Explains what a person has to mend: the failures of a run, and the state of a stream. Each finding says what happened and
//! where, what was committed, the likely cause, and the next commands, from one table.
//!
//! | module | what it is for |
//! |---|---|
//! | `table` | the likely cause and the next commands for each kind of failure |

mod table;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wmshost_flow::{FailureCause, FailureKind, LeaseView};
use wmshost_pipeline::{Resolved, duration_text};

use crate::error::Result;
use crate::history::{FailureReason, ModelRecord, RunParts, RunRecord, RunStatus, StreamRecord};
use crate::runtime::Runtime;
use crate::status::{Health, StreamState, status};

use table::{DIFFERS, of_failure, of_health, of_model, of_run};
pub use table::{Entry, entries};

/// An explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The stream or model; the kind of the run if it is about the run as a whole.
    pub subject: String,
    /// The event, in the words in which it was reported.
    pub happened: String,
    /// The stage, batch, plugin call and code of Oracle; null if they are not recorded.
    pub place: Option<String>,
    /// The rows that are in the target nevertheless.
    pub committed: String,
    /// The likely cause.
    pub cause: String,
    /// The next commands, each with its purpose.
    pub next: Vec<Step>,
}

/// A next step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Its purpose.
    pub purpose: String,
    /// The command.
    pub command: String,
}

/// The names that commands need.
struct Names<'a> {
    file: &'a str,
    run_id: &'a str,
    subject: &'a str,
}

impl Names<'_> {
    fn steps(&self, entry: &Entry) -> Vec<Step> {
        let filled = |command: &str| {
            command.replace("{file}", self.file).replace("{run}", self.run_id).replace("{subject}", self.subject)
        };
        entry
            .next
            .iter()
            .map(|(purpose, command)| Step { purpose: (*purpose).to_owned(), command: filled(command) })
            .collect()
    }
}

/// Explains the failures of a run, those of streams first. Empty if nothing failed.
pub fn run(run: &RunRecord, parts: &RunParts) -> Vec<Finding> {
    if matches!(run.status, RunStatus::Succeeded | RunStatus::Running) {
        return Vec::new();
    }
    let streams = parts.streams.iter().filter_map(|end| of_stream_end(run, end));
    let models = parts.models.iter().filter_map(|end| of_model_end(run, end));
    let mut findings: Vec<Finding> = streams.chain(models).collect();
    if findings.is_empty() {
        let entry = of_run(run.status);
        let names = Names { file: &run.file, run_id: &run.run_id, subject: "" };
        findings.push(Finding {
            subject: run.kind.name().to_owned(),
            happened: run.message.clone().unwrap_or_else(|| format!("the run was {}", run.status.name())),
            place: None,
            committed: "what was committed before stays; `wmshost state list` shows the checkpoints".to_owned(),
            cause: entry.cause.to_owned(),
            next: names.steps(entry),
        });
    }
    findings
}

fn of_stream_end(run: &RunRecord, end: &StreamRecord) -> Option<Finding> {
    let entry = match (&end.reason, end.status.as_str()) {
        (Some(reason), _) => of_failure(reason.kind, reason.class),
        (None, "rejected") => of_health(Health::Rejected)?,
        (None, "differs") => &DIFFERS,
        (None, "cancelled" | "stopped") => of_failure(FailureKind::Cancelled, None),
        (None, "failed" | "not-run") => of_run(RunStatus::Failed),
        _ => return None,
    };
    let names = Names { file: &run.file, run_id: &run.run_id, subject: &end.stream };
    Some(Finding {
        subject: end.stream.clone(),
        happened: end.failure.clone().unwrap_or_else(|| format!("the stream was {}", end.status)),
        place: end.reason.as_ref().map(place),
        committed: committed(end),
        cause: entry.cause.to_owned(),
        next: names.steps(entry),
    })
}

/// `transform, batch 3, plugin x in transform-batch`.
fn place(reason: &FailureReason) -> String {
    let batch = reason.batch.map(|batch| format!("batch {batch}"));
    let site = reason.site.as_ref().map(|(plugin, function)| format!("plugin {plugin} in {function}"));
    let of_oracle = |(code, class)| FailureCause::Oracle { code: Some(code), class }.to_string();
    let cause = reason.code.zip(reason.class).map(of_oracle);
    [Some(reason.stage.clone()), batch, site, cause].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn committed(end: &StreamRecord) -> String {
    let up_to = end.bookmark.as_ref().map(|bookmark| format!(", up to {bookmark}")).unwrap_or_default();
    match (end.rows_written, &end.bookmark) {
        (0, None) => "nothing".to_owned(),
        (rows, _) => format!("{rows} rows{up_to}; the next run goes on there"),
    }
}

fn of_model_end(run: &RunRecord, end: &ModelRecord) -> Option<Finding> {
    let entry = of_model(&end.status)?;
    let names = Names { file: &run.file, run_id: &run.run_id, subject: &end.model };
    let happened = if end.message.is_empty() { format!("the model was {}", end.status) } else { end.message.clone() };
    Some(Finding {
        subject: end.model.clone(),
        happened,
        place: Some("models".to_owned()),
        committed: match end.status.as_str() {
            "failed" => "the model was built; tests of it failed".to_owned(),
            _ => "nothing of this model: it is as the build before left it".to_owned(),
        },
        cause: entry.cause.to_owned(),
        next: names.steps(entry),
    })
}

/// Explains the state of these streams of a pipeline, or of all. Streams that need no person are left out.
pub fn streams(runtime: &Runtime, pipeline: &Resolved, names: &[String]) -> Result<Vec<Finding>> {
    let state = status(runtime, pipeline, names)?;
    let mut findings = Vec::new();
    for stream in &state.streams {
        findings.extend(of_state(runtime, &state.file, stream)?);
    }
    Ok(findings)
}

/// Explains the state of a stream; `None` if it needs no person.
pub(crate) fn of_state(runtime: &Runtime, file: &str, stream: &StreamState) -> Result<Option<Finding>> {
    let Some(entry) = of_health(stream.health) else { return Ok(None) };
    let run_id = stream.last_run.as_ref().map_or("", |last| last.run_id.as_str());
    if stream.health == Health::Failed {
        let history = runtime.history()?;
        let ends = history.streams(run_id)?;
        if let (Some(run), Some(end)) = (history.run(run_id)?, ends.iter().find(|end| end.stream == stream.stream)) {
            return Ok(of_stream_end(&RunRecord { file: file.to_owned(), ..run }, end));
        }
    }
    let names = Names { file, run_id, subject: &stream.stream };
    Ok(Some(Finding {
        subject: stream.stream.clone(),
        happened: happened(stream),
        place: None,
        committed: match &stream.watermark {
            Some(watermark) => format!("all up to {watermark}"),
            None => "as its last checkpoint says: `wmshost state list` shows it".to_owned(),
        },
        cause: entry.cause.to_owned(),
        next: names.steps(entry),
    }))
}

fn happened(stream: &StreamState) -> String {
    let holder = |lease: &LeaseView| {
        let LeaseView { run_id, machine, process, seconds_since_renewal } = lease;
        format!("run {run_id} holds it (process {process} on {machine}), last seen {seconds_since_renewal} s ago")
    };
    let age = stream.age.map(|age| format!("no run has left the target up to date for {} s", age.as_secs()));
    let limit = stream.max_age.map(|limit| format!("; {} are allowed", duration_text(limit))).unwrap_or_default();
    match (&stream.holder, &stream.reason, age) {
        (Some(lease), _, _) => holder(lease),
        (_, Some(reason), _) => reason.clone(),
        (_, _, Some(age)) => format!("{age}{limit}"),
        _ => "no run has left the target up to date".to_owned(),
    }
}
