//! The causes for alerts: streams, models and runs that failed, by the history, and streams that are too old, by the target. What
//! is recorded decides, not the run that ends: a run that is killed before it could say anything leaves the same causes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use wmshost_flow::{ErrorClass, FailureKind, Micros};
use wmshost_pipeline::{AlertsPlan, Resolved, StreamPlan};

use crate::error::Result;
use crate::explain::{self, Finding, Step};
use crate::history::{History, ModelRecord, RunFilter, RunKind, RunParts, RunRecord, RunStatus, StreamRecord};
use crate::runtime::Runtime;
use crate::status::{Health, StreamState, status};

/// The number of records beyond the needed failures that are looked at: records that say nothing are among them.
const NEUTRAL_RECORDS: u32 = 20;
/// The time for which a state that cannot be read may be a passing one.
const UNREADABLE_GRACE: Duration = Duration::from_secs(600);

/// The caller's knowledge of the pipeline file.
#[derive(Debug, Clone, Copy)]
pub enum File<'a> {
    /// It was just read, and nothing is known of what a server has in mind.
    Read,
    /// It is served, with the mistakes that keep a changed one from being served.
    Served(Option<&'a str>),
}

/// A cause for an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cause {
    /// Its key within the pipeline.
    pub(super) key: String,
    /// The cause in a line.
    pub(super) title: String,
    /// The streams or models that it is about.
    pub(super) subjects: BTreeSet<String>,
    /// The person or team that has to act.
    pub(super) owner: Option<String>,
    /// The time since which it goes on.
    pub(super) since: Micros,
    /// The time for which it has to be seen before it is reported.
    pub(super) grace: Duration,
    /// The explanations.
    pub(super) findings: Vec<Finding>,
}

/// The causes of a pipeline as they are now.
#[derive(Debug, Default)]
pub(super) struct Causes {
    /// Those that are there, by their keys.
    pub(super) found: BTreeMap<String, Cause>,
    /// The keys of those that cannot be judged now, and stay as they are.
    pub(super) unknown: BTreeSet<String>,
}

/// A row of failures in a row, the newest first.
struct Failures<T> {
    count: u64,
    since: Micros,
    newest: (RunRecord, T),
}

/// The verdict of a record.
enum Verdict {
    Good,
    Bad,
    /// It says nothing about its subject.
    Neutral,
}

/// The failures since the last good record; `None` if the last record that says something is good.
fn failures<T>(records: Vec<(RunRecord, T)>, verdict: impl Fn(&RunRecord, &T) -> Verdict) -> Option<Failures<T>> {
    let mut found: Option<Failures<T>> = None;
    for (run, record) in records {
        match (verdict(&run, &record), &mut found) {
            (Verdict::Good, _) => break,
            (Verdict::Neutral, _) => {}
            (Verdict::Bad, Some(found)) => (found.count, found.since) = (found.count + 1, run.started_at),
            (Verdict::Bad, None) => {
                found = Some(Failures { count: 1, since: run.started_at, newest: (run, record) });
            }
        }
    }
    found
}

/// The causes of a pipeline as they are now.
pub(super) fn causes(runtime: &Runtime, pipeline: &Resolved, plan: &AlertsPlan, file: File<'_>) -> Result<Causes> {
    let observer = Observer { history: runtime.history()?, runtime, pipeline, plan };
    let mut causes = Causes::default();
    observer.streams(&mut causes)?;
    observer.models(&mut causes)?;
    observer.runs(&mut causes)?;
    observer.file(file, &mut causes);
    Ok(causes)
}

struct Observer<'a> {
    history: History,
    runtime: &'a Runtime,
    pipeline: &'a Resolved,
    plan: &'a AlertsPlan,
}

impl Observer<'_> {
    /// The most records of one subject that are looked at.
    fn depth(&self) -> u32 {
        u32::try_from(self.plan.failures).unwrap_or(u32::MAX).saturating_add(NEUTRAL_RECORDS)
    }

    fn streams(&self, causes: &mut Causes) -> Result<()> {
        let state = status(self.runtime, self.pipeline, &[])?;
        for stream in &state.streams {
            let Some(plan) = self.pipeline.streams.iter().find(|plan| plan.name == stream.stream && plan.enabled)
            else {
                continue;
            };
            if let Some((class, cause)) = self.failed_stream(plan, stream, &state.file)? {
                causes.add(shared_key(class), cause, &self.pipeline.name);
                continue;
            }
            match (stream.health, plan.max_age) {
                // Whether it is late cannot be said; a target that stays away is a cause of its own.
                (Health::Unknown, _) => {
                    causes.unknown.insert(LATE.to_owned());
                    causes.unknown.insert(of_stream(&plan.name));
                    let cause = self.old_stream(plan, stream, &state.file, UNREADABLE_GRACE)?;
                    causes.add(Some("unreadable"), cause, &self.pipeline.name);
                }
                (Health::Late, _) => {
                    let cause = self.old_stream(plan, stream, &state.file, Duration::ZERO)?;
                    causes.add(Some(LATE), cause, &self.pipeline.name);
                }
                (Health::Never, Some(max_age)) => {
                    let cause = self.old_stream(plan, stream, &state.file, max_age)?;
                    causes.add(None, Cause { key: format!("never/{}", plan.name), ..cause }, &self.pipeline.name);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The cause of a stream that has failed often enough, and the class of its last failure.
    fn failed_stream(
        &self,
        plan: &StreamPlan,
        state: &StreamState,
        file: &str,
    ) -> Result<Option<(Option<ErrorClass>, Cause)>> {
        let records = self.history.of_stream_in(&self.pipeline.name, &plan.name, self.depth(), Some(RunKind::Run))?;
        let newest_here = records.first().map(|(run, _)| run.run_id.clone());
        let elsewhere =
            state.last_run.as_ref().filter(|last| newest_here.as_ref().is_none_or(|here| last.run_id > *here));
        let title = |verb: &str| format!("{}: the stream {} {verb}", self.pipeline.name, plan.name);
        // Another machine has run it since: the target knows its outcome, and no more than one.
        if let Some(last) = elsewhere {
            let is_bad = matches!(last.status.as_str(), "failed" | "rejected") && self.plan.failures == 1;
            let finding = if is_bad { explain::of_state(self.runtime, file, state)? } else { None };
            let cause = |finding| self.cause(plan, title("failed"), last.ended_at, finding);
            return Ok(is_bad.then(|| (None, cause(finding))));
        }
        let Some(failures) = failures(records, |_, record| stream_verdict(record)) else { return Ok(None) };
        if failures.count < self.plan.failures {
            return Ok(None);
        }
        let (run, record) = failures.newest;
        let class = record.reason.as_ref().and_then(|reason| reason.class);
        let verb = if record.status == "rejected" { "rejected every row" } else { "failed" };
        let parts = RunParts { streams: vec![record], models: Vec::new(), plugins: Vec::new(), log: None };
        let finding = explain::run(&RunRecord { file: file.to_owned(), ..run }, &parts).into_iter().next();
        let often =
            if failures.count > 1 { format!("{verb} {} times in a row", failures.count) } else { verb.to_owned() };
        Ok(Some((class, self.cause(plan, title(&often), failures.since, finding))))
    }

    fn cause(&self, plan: &StreamPlan, title: String, since: Micros, finding: Option<Finding>) -> Cause {
        Cause {
            key: of_stream(&plan.name),
            title,
            subjects: BTreeSet::from([plan.name.clone()]),
            owner: plan.owner.clone().or_else(|| self.plan.owner.clone()),
            since,
            grace: Duration::ZERO,
            findings: finding.into_iter().collect(),
        }
    }

    /// The cause of a stream that is not as fresh as it has to be, or whose state cannot be read.
    fn old_stream(&self, plan: &StreamPlan, state: &StreamState, file: &str, grace: Duration) -> Result<Cause> {
        let (now, micros) =
            (self.runtime.clock.now(), |time: Duration| Micros::try_from(time.as_micros()).unwrap_or(0));
        // The moment at which it became late.
        let overdue = state.age.zip(state.max_age).map_or(0, |(age, limit)| micros(age.saturating_sub(limit)));
        let finding = explain::of_state(self.runtime, file, state)?;
        let title = format!("{}: the stream {} is {}", self.pipeline.name, plan.name, state.health.name());
        let title = if state.health == Health::Never { title.replace("is never", "was never") } else { title };
        Ok(Cause { grace, ..self.cause(plan, title, now - overdue, finding) })
    }

    fn models(&self, causes: &mut Causes) -> Result<()> {
        let mut of_model: BTreeMap<String, Vec<(RunRecord, ModelRecord)>> = BTreeMap::new();
        for (run, record) in self.history.newest_models(&self.pipeline.name, self.depth())? {
            of_model.entry(record.model.clone()).or_default().push((run, record));
        }
        for (model, records) in of_model {
            let Some(failures) = failures(records, |_, record| model_verdict(record)) else { continue };
            if failures.count < self.plan.failures {
                continue;
            }
            let (run, record) = failures.newest;
            let verb = if record.status == "errored" { "was not built" } else { "failed its tests" };
            let parts = RunParts { streams: Vec::new(), models: vec![record], plugins: Vec::new(), log: None };
            let file = self.pipeline.file.display().to_string();
            let cause = Cause {
                key: format!("model/{model}"),
                title: format!("{}: the model {model} {verb}", self.pipeline.name),
                subjects: BTreeSet::from([model]),
                owner: self.plan.owner.clone(),
                since: failures.since,
                grace: Duration::ZERO,
                findings: explain::run(&RunRecord { file, ..run }, &parts),
            };
            causes.add(None, cause, &self.pipeline.name);
        }
        Ok(())
    }

    /// The mistakes of a file whose schedule is served as it was before.
    fn file(&self, file: File<'_>, causes: &mut Causes) {
        let key = "file".to_owned();
        let mistakes = match file {
            File::Read => {
                causes.unknown.insert(key);
                return;
            }
            File::Served(None) => return,
            File::Served(Some(mistakes)) => mistakes,
        };
        let (pipeline, path) = (&self.pipeline.name, self.pipeline.file.display().to_string());
        let finding = Finding {
            subject: "pipeline file".to_owned(),
            happened: mistakes.to_owned(),
            place: None,
            committed: "its schedule stays as it was, and due runs wait until the file is mended".to_owned(),
            cause: "the file was changed, and has mistakes".to_owned(),
            next: vec![Step {
                purpose: "see all mistakes of the file at once; mend them and send SIGHUP".to_owned(),
                command: format!("wmshost check {path}"),
            }],
        };
        let cause = Cause {
            title: format!("{pipeline}: {path} has mistakes: due runs wait until it is mended"),
            subjects: BTreeSet::new(),
            owner: self.plan.owner.clone(),
            since: self.runtime.clock.now(),
            grace: Duration::ZERO,
            findings: vec![finding],
            key,
        };
        causes.add(None, cause, pipeline);
    }

    /// Runs that failed as a whole, before any stream or model did.
    fn runs(&self, causes: &mut Causes) -> Result<()> {
        let filter = RunFilter {
            pipeline: Some(self.pipeline.name.clone()),
            kind: Some(RunKind::Run),
            limit: Some(self.depth()),
            ..RunFilter::default()
        };
        let mut records = Vec::new();
        for run in self.history.list(&filter)? {
            let is_open = matches!(run.status, RunStatus::Failed | RunStatus::Interrupted);
            let has_parts = is_open && self.history.has_bad_parts(&run.run_id)?;
            records.push((run, has_parts));
        }
        let Some(failures) = failures(records, run_verdict) else { return Ok(()) };
        if failures.count < self.plan.failures {
            return Ok(());
        }
        let (run, _) = failures.newest;
        let verb = if run.status == RunStatus::Interrupted { "was interrupted" } else { "failed" };
        let parts = RunParts { streams: Vec::new(), models: Vec::new(), plugins: Vec::new(), log: None };
        let file = self.pipeline.file.display().to_string();
        let cause = Cause {
            key: "run".to_owned(),
            title: format!("{}: the run {} {verb}", self.pipeline.name, run.run_id),
            subjects: BTreeSet::new(),
            owner: self.plan.owner.clone(),
            since: failures.since,
            grace: Duration::ZERO,
            findings: explain::run(&RunRecord { file, ..run }, &parts),
        };
        causes.add(None, cause, &self.pipeline.name);
        Ok(())
    }
}

/// The key of streams that are late: nothing has run for them, which is one cause however many there are.
const LATE: &str = "late";

fn of_stream(name: &str) -> String {
    format!("stream/{name}")
}

/// The key that streams with a failure of this class share: a database that cannot be reached is one cause, however many streams
/// fail by it.
fn shared_key(class: Option<ErrorClass>) -> Option<&'static str> {
    match class? {
        ErrorClass::ConnectionLost => Some("connection"),
        ErrorClass::Login => Some("login"),
        _ => None,
    }
}

impl Causes {
    /// Adds a cause, to the one that is there if it shares its key with others.
    fn add(&mut self, shared: Option<&str>, cause: Cause, pipeline: &str) {
        let key = shared.map_or_else(|| cause.key.clone(), str::to_owned);
        let Some(found) = self.found.get_mut(&key) else {
            self.found.insert(key.clone(), Cause { key, ..cause });
            return;
        };
        found.subjects.extend(cause.subjects);
        found.since = found.since.min(cause.since);
        found.findings.extend(cause.findings);
        if found.owner != cause.owner {
            let owners: BTreeSet<&str> =
                found.owner.iter().chain(&cause.owner).flat_map(|all| all.split(", ")).collect();
            found.owner = Some(owners.into_iter().collect::<Vec<_>>().join(", "));
        }
        let names = found.subjects.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        found.title = format!("{pipeline}: {key}: {} streams: {names}", found.subjects.len());
    }
}

fn stream_verdict(record: &StreamRecord) -> Verdict {
    let is_busy = record.reason.as_ref().is_some_and(|reason| reason.kind == FailureKind::Busy);
    match record.status.as_str() {
        "failed" | "rejected" if !is_busy => Verdict::Bad,
        "failed" | "not-run" | "cancelled" | "stopped" => Verdict::Neutral,
        _ => Verdict::Good,
    }
}

fn model_verdict(record: &ModelRecord) -> Verdict {
    match record.status.as_str() {
        "errored" | "failed" => Verdict::Bad,
        "succeeded" => Verdict::Good,
        _ => Verdict::Neutral,
    }
}

/// `has_bad_parts` is true if a stream or a model of the run failed, which is a cause of its own.
fn run_verdict(run: &RunRecord, has_bad_parts: &bool) -> Verdict {
    let is_busy = run.exit_code == Some(wmshost_flow::Exit::Busy as u8);
    match run.status {
        RunStatus::Running | RunStatus::Cancelled => Verdict::Neutral,
        RunStatus::Failed if is_busy => Verdict::Neutral,
        RunStatus::Failed | RunStatus::Interrupted if !has_bad_parts => Verdict::Bad,
        _ => Verdict::Good,
    }
}
