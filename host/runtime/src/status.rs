//! The state of a pipeline's streams, by what is in the target: no plugin is loaded, nothing is written, and it does not
//! matter which machine ran them last. A failure that could not be recorded there, as by a full disk, is in the history of the
//! machine that ran them.

use std::collections::BTreeMap;
use std::time::Duration;

use wmshost_flow::{
    CLOCK_TOLERANCE, Failure, LastRun, LastRuns, Lease, LeaseView, Ledger, Micros, Quarantine, QuarantineFilter,
    SqlSession, StreamStatus, Value, Verified, VerifiedMarks,
};
use wmshost_pipeline::{Resolved, StreamPlan};

use crate::assembly::connect;
use crate::error::Result;
use crate::history::{History, RunKind};
use crate::run_id::run_id_start;
use crate::runtime::Runtime;

/// The verdict about a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Its last run left the target up to date, and that is not longer ago than its `max_age`.
    Fresh,
    /// A run holds it now.
    Running,
    /// No run has left the target up to date for longer than its `max_age`.
    Late,
    /// In its last run every row was rejected.
    Rejected,
    /// Its last run failed.
    Failed,
    /// It was never loaded completely.
    Never,
    /// It is disabled.
    Disabled,
    /// Its state cannot be read.
    Unknown,
}

impl Health {
    /// All verdicts, the most urgent first.
    pub const ALL: [Self; 8] = [
        Self::Failed,
        Self::Rejected,
        Self::Unknown,
        Self::Late,
        Self::Never,
        Self::Running,
        Self::Fresh,
        Self::Disabled,
    ];

    /// The verdict's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Running => "running",
            Self::Late => "late",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Never => "never loaded",
            Self::Disabled => "disabled",
            Self::Unknown => "unknown",
        }
    }

    /// True if a person has to do something.
    pub fn is_broken(self) -> bool {
        matches!(self, Self::Late | Self::Rejected | Self::Failed | Self::Never | Self::Unknown)
    }
}

/// The state of a stream.
#[derive(Debug, Clone)]
pub struct StreamState {
    /// Its name.
    pub stream: String,
    /// The verdict.
    pub health: Health,
    /// The outcome of its last run.
    pub last_run: Option<LastRun>,
    /// The time since the last run that left the target up to date.
    pub age: Option<Duration>,
    /// The longest time that may pass; `None` if the pipeline names none.
    pub max_age: Option<Duration>,
    /// The time through which its table is verified: it was equal to the source as of then or later; `None` if it never was
    /// compared as a whole and found equal.
    pub verified_through: Option<Micros>,
    /// The watermark: the change key up to which it was read.
    pub watermark: Option<Value>,
    /// The number of its rows in quarantine.
    pub quarantined: u64,
    /// The run that holds it now.
    pub holder: Option<LeaseView>,
    /// The reason for the verdict; `None` if it speaks for itself.
    pub reason: Option<String>,
}

/// The state of a pipeline.
#[derive(Debug, Clone)]
pub struct PipelineState {
    /// The pipeline's name.
    pub pipeline: String,
    /// The pipeline file, as it was named.
    pub file: String,
    /// The streams, in the order of the file.
    pub streams: Vec<StreamState>,
}

impl PipelineState {
    /// True if no stream needs a person.
    pub fn is_healthy(&self) -> bool {
        !self.streams.iter().any(|stream| stream.health.is_broken())
    }
}

/// Returns the state of these streams of a pipeline, or of all. A target that cannot be read makes its streams unknown.
pub fn status(runtime: &Runtime, pipeline: &Resolved, streams: &[String]) -> Result<PipelineState> {
    let now = runtime.clock.now();
    // Without a history there is nothing that the target lacks.
    let history =
        Some(runtime.data_dir.history()).filter(|file| file.is_file()).and_then(|file| History::open(&file).ok());
    let mut targets: BTreeMap<&str, Result<Option<OpenTarget>, Failure>> = BTreeMap::new();
    let mut states = Vec::new();
    for plan in pipeline.select(streams)? {
        let target = targets.entry(&plan.target).or_insert_with(|| open(pipeline, plan));
        let found = match target {
            Ok(Some(target)) => found(target, &pipeline.name, plan),
            Ok(None) => Ok(Found::default()),
            Err(failure) => Err(failure.clone()),
        };
        states.push(match found {
            Ok(found) => with_unrecorded(history.as_ref(), &pipeline.name, found.judged(plan, now)),
            Err(failure) => {
                let reason = Some(failure.to_string());
                StreamState { health: Health::Unknown, reason, ..Found::default().judged(plan, now) }
            }
        });
    }
    let file = pipeline.file.display().to_string();
    Ok(PipelineState { pipeline: pipeline.name.clone(), file, streams: states })
}

/// Adds the failure of a run on this machine that is newer than the last one in the target.
fn with_unrecorded(history: Option<&History>, pipeline: &str, state: StreamState) -> StreamState {
    if matches!(state.health, Health::Disabled | Health::Running) {
        return state;
    }
    let last =
        history.and_then(|history| history.of_stream_in(pipeline, &state.stream, 1, Some(RunKind::Run)).ok()?.pop());
    let in_target = state.last_run.as_ref().and_then(|last| run_id_start(&last.run_id));
    match last {
        Some((run, stream))
            if stream.status == StreamStatus::Failed.name() && run_id_start(&run.run_id) > in_target =>
        {
            let failure = stream.failure.unwrap_or_default();
            let reason = format!("run {} on this machine, which is not recorded in the target: {failure}", run.run_id);
            StreamState { health: Health::Failed, reason: Some(reason), ..state }
        }
        _ => state,
    }
}

/// A target that several streams may write, open for reading, and the outcomes of the pipeline's last runs and the marks of
/// verified streams in it.
struct OpenTarget {
    sql: Box<dyn SqlSession>,
    last_runs: Vec<LastRun>,
    verified: Vec<Verified>,
}

/// Opens the target of a stream; `None` if it does not exist yet.
fn open(pipeline: &Resolved, plan: &StreamPlan) -> Result<Option<OpenTarget>, Failure> {
    let Some(mut sql) = connect::stream_reader(pipeline, plan)? else { return Ok(None) };
    let last_runs = LastRuns { pipeline: &pipeline.name }.read(sql.as_mut())?;
    let verified = VerifiedMarks { pipeline: &pipeline.name }.read(sql.as_mut())?;
    Ok(Some(OpenTarget { sql, last_runs, verified }))
}

/// The parts of a stream's state that are in the target.
#[derive(Default)]
struct Found {
    last_run: Option<LastRun>,
    loaded_at: Option<Micros>,
    verified_through: Option<Micros>,
    watermark: Option<Value>,
    quarantined: u64,
    holder: Option<LeaseView>,
}

fn found(target: &mut OpenTarget, name: &str, plan: &StreamPlan) -> Result<Found, Failure> {
    let last_run = target.last_runs.iter().find(|last| last.stream == plan.name).cloned();
    let verified = target.verified.iter().find(|verified| verified.stream == plan.name);
    let verified_through = verified.map(|verified| verified.through);
    let sql = target.sql.as_mut();
    let checkpoint = Ledger { pipeline: name }.last(sql, &plan.name)?.and_then(|entry| entry.checkpoint);
    let position = |position: &wmshost_flow::Position| position.name == "watermark";
    let filter = QuarantineFilter { stream: plan.name.clone(), rule: None, ids: Vec::new() };
    Ok(Found {
        last_run,
        verified_through,
        loaded_at: checkpoint.as_ref().filter(|checkpoint| checkpoint.complete).map(|last| last.committed_at),
        watermark: checkpoint
            .and_then(|checkpoint| checkpoint.bookmark.0.into_iter().find(position))
            .map(|position| position.value),
        quarantined: Quarantine { pipeline: name }.count(sql, &filter)?,
        holder: Lease::holder(sql, name, &plan.name)?,
    })
}

impl Found {
    fn judged(self, plan: &StreamPlan, now: Micros) -> StreamState {
        // A target that was loaded before outcomes were recorded has a checkpoint only.
        let succeeded_at = self.last_run.as_ref().map_or(self.loaded_at, |last| last.succeeded_at);
        let age = succeeded_at.map(|at| Duration::from_micros(u64::try_from(now - at).unwrap_or(0)));
        // A clock was wrong: nobody knows how old the data are.
        let is_ahead = succeeded_at.is_some_and(|at| at > now.saturating_add(CLOCK_TOLERANCE));
        let is_late = matches!((age, plan.max_age), (Some(age), Some(limit)) if age > limit || is_ahead);
        let status = self.last_run.as_ref().map(|last| last.status.as_str());
        let health = match status {
            _ if !plan.enabled => Health::Disabled,
            _ if self.holder.is_some() => Health::Running,
            Some("failed" | "not-run") => Health::Failed,
            Some("rejected") => Health::Rejected,
            _ if age.is_none() => Health::Never,
            _ if is_late => Health::Late,
            _ => Health::Fresh,
        };
        let reason = match health {
            Health::Failed => self.last_run.as_ref().and_then(|last| last.failure.clone()),
            Health::Rejected => Some("every row that was read was rejected".to_owned()),
            Health::Late if is_ahead => Some(
                "its last success has a time in the future: a clock was wrong; the next run puts it right".to_owned(),
            ),
            _ => None,
        };
        StreamState {
            stream: plan.name.clone(),
            health,
            last_run: self.last_run,
            age,
            max_age: plan.max_age,
            verified_through: self.verified_through,
            watermark: self.watermark,
            quarantined: self.quarantined,
            holder: self.holder,
            reason,
        }
    }
}
