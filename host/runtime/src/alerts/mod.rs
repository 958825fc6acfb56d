//! Alerts: messages about what a person has to mend, one per cause, by the channels of a pipeline's `[alerts]`. Causes are found
//! in what is recorded, and messages wait in a file until they were sent, so that neither a process that dies nor a channel that is
//! broken loses one; and no channel fails a run.
//!
//! | module | purpose |
//! |---|---|
//! | `cause` | the causes, as they are now |
//! | `rules` | the decision which notices are due |
//! | `message` | the document of a message, and its text |
//! | `outbox` | the incidents, and the messages that wait |
//! | `mail` | sending a message by a mail server |
//! | `channels` | sending a message |

mod cause;
pub(crate) mod channels;
mod mail;
mod message;
mod outbox;
mod rules;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use wmshost_flow::{Failure, Micros};
use wmshost_pipeline::{AlertChannel, AlertsPlan, Resolved};

use self::outbox::{Outbox, cause_of};
use self::rules::{Incident, NoticeKind};
use crate::error::Result;
use crate::explain::{Finding, Step};
use crate::failpoints::Failpoints;
use crate::process::machine_name;
use crate::runtime::Runtime;

pub use cause::File;
pub use message::AlertMessage;
pub use outbox::{OpenIncident, QueuedMessage};

/// The most messages that one channel is sent at once.
const MOST_AT_ONCE: usize = 20;

/// The result of a trial, or of sending what waits: the channel, and the reason if a message was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The channel's name.
    pub channel: String,
    /// The kind of the channel.
    pub kind: &'static str,
    /// The message.
    pub message: AlertMessage,
    /// The reason why it was not sent; `None` if it was.
    pub problem: Option<String>,
}

/// The alerts of a pipeline as they are now.
#[derive(Debug, Clone)]
pub struct AlertsState {
    /// The pipeline's name.
    pub pipeline: String,
    /// The causes that go on.
    pub incidents: Vec<OpenIncident>,
    /// The messages of the last 30 days and those that wait, the newest first, at most 100.
    pub messages: Vec<QueuedMessage>,
}

/// Sends what a run of this pipeline file leaves to say. Whatever fails is noted, and fails nothing.
pub fn after_run(runtime: &Runtime, file: &Path) {
    // A file with mistakes has no channels.
    let Ok(pipeline) = runtime.resolved(file) else { return };
    match send(runtime, &pipeline, File::Read) {
        Ok(sent) => {
            for Delivery { channel, problem, .. } in sent {
                if let Some(problem) = problem {
                    runtime.note(&format!("alerts: {channel}: not sent, and kept for later: {problem}"));
                }
            }
        }
        Err(error) => runtime.note(&format!("alerts: {error}")),
    }
}

/// Looks for causes, and sends what is due on the channels of a pipeline. Returns each message with its fate.
pub fn send(runtime: &Runtime, pipeline: &Resolved, file: File<'_>) -> Result<Vec<Delivery>> {
    let Some(plan) = pipeline.alerts.as_ref().filter(|plan| !plan.channels.is_empty()) else { return Ok(Vec::new()) };
    let mut outbox = Outbox::open(&runtime.data_dir.alerts())?;
    let now = runtime.clock.now();
    let causes = cause::causes(runtime, pipeline, plan, file)?;
    let zone = &pipeline.schedule.zone;
    outbox.note(&pipeline.name, &causes, (now, plan.repeat_every), |incident, notice| {
        let findings = causes.found.get(&incident.key).map(|cause| cause.findings.clone()).unwrap_or_default();
        let message = message(pipeline, incident, notice, (now, findings));
        let not_before =
            |channel: &AlertChannel| channel.quiet_hours.and_then(|hours| hours.end_after(now, zone)).unwrap_or(now);
        plan.channels.iter().map(|channel| (channel.name.clone(), message.clone(), not_before(channel))).collect()
    })?;
    let failpoints = Failpoints::of_environment();
    failpoints.reached("alerts", "noted");
    Ok(deliver(runtime, (&pipeline.name, plan), &mut outbox, &failpoints)?)
}

fn message(
    pipeline: &Resolved,
    incident: &Incident,
    notice: NoticeKind,
    (now, findings): (Micros, Vec<Finding>),
) -> AlertMessage {
    let Incident { key, title, owner, subjects, since, notices, .. } = incident;
    let cause = cause_of(&pipeline.name, key);
    let id = blake3::hash(format!("{cause}\n{since}\n{notices}\n{}", notice.name()).as_bytes()).to_hex();
    let title = match notice {
        NoticeKind::Alert => title.clone(),
        NoticeKind::Reminder => format!("{title}, still"),
        NoticeKind::Recovery => format!("{title}: this has passed"),
    };
    let message = AlertMessage {
        id: id[..32].to_owned(),
        kind: notice.name().to_owned(),
        cause,
        pipeline: pipeline.name.clone(),
        file: pipeline.file.display().to_string(),
        machine: machine_name(),
        title,
        subjects: subjects.iter().cloned().collect(),
        owner: owner.clone(),
        since: message::shown(*since),
        at: message::shown(now),
        findings,
    };
    message.bounded()
}

/// A message that was tried, with the reason why it was not sent, or one that was not tried.
type Tried = (QueuedMessage, Option<Result<(), String>>);

/// Sends the messages that are due, the channels side by side, so that a slow one holds up no other.
fn deliver(
    runtime: &Runtime,
    (pipeline, plan): (&str, &AlertsPlan),
    outbox: &mut Outbox,
    failpoints: &Failpoints,
) -> Result<Vec<Delivery>, Failure> {
    let names: Vec<String> = plan.channels.iter().map(|channel| channel.name.clone()).collect();
    let slowest = plan.channels.iter().map(|channel| channel.timeout).max().unwrap_or_default();
    let most = u32::try_from(MOST_AT_ONCE).unwrap_or(u32::MAX);
    let claim = slowest.saturating_mul(most) + Duration::from_secs(60);
    let mut of_channel: BTreeMap<String, Vec<QueuedMessage>> = BTreeMap::new();
    for message in outbox.claim(pipeline, &names, (runtime.clock.now(), claim))? {
        of_channel.entry(message.channel.clone()).or_default().push(message);
    }
    let mut delivered = Vec::new();
    std::thread::scope(|scope| {
        let (sender, results) = channel::<Tried>();
        for channel in &plan.channels {
            let Some(messages) = of_channel.remove(&channel.name) else { continue };
            let sender = sender.clone();
            scope.spawn(move || send_all(channel, messages, &sender));
        }
        drop(sender);
        for (message, outcome) in results {
            let Some(outcome) = outcome else {
                outbox.let_go(&message)?;
                continue;
            };
            failpoints.reached("alerts", "sent");
            let problem = outcome.err();
            outbox.settle(&message, problem.as_deref(), runtime.clock.now())?;
            let kind = plan.channels.iter().find(|channel| channel.name == message.channel);
            let kind = kind.map_or("", |channel| channel.route.kind());
            log(&message, problem.as_deref());
            delivered.push(Delivery { channel: message.channel, kind, message: message.message, problem });
        }
        Ok(delivered)
    })
}

/// Sends messages in their order. After one that fails, or as many as are sent at once, the others wait.
fn send_all(channel: &AlertChannel, messages: Vec<QueuedMessage>, results: &Sender<Tried>) {
    let mut is_open = true;
    for (place, message) in messages.into_iter().enumerate() {
        let outcome =
            (is_open && place < MOST_AT_ONCE).then(|| channels::send(channel, &message.message, &message.body));
        is_open &= matches!(outcome, Some(Ok(())));
        // A reader that is gone has failed by itself.
        let _ = results.send((message, outcome));
    }
}

fn log(message: &QueuedMessage, problem: Option<&str>) {
    let (channel, AlertMessage { id, cause, kind, .. }) = (&message.channel, &message.message);
    match problem {
        None => tracing::info!(channel, id, cause, kind, "an alert was sent"),
        Some(problem) => tracing::warn!(channel, id, cause, kind, "an alert was not sent: {problem}"),
    }
}

/// Sends a trial by each channel of a pipeline, or by one, at once: quiet hours do not count.
pub fn test(runtime: &Runtime, pipeline: &Resolved, only: Option<&str>) -> Result<Vec<Delivery>> {
    let none = |message: String| Failure::invalid_config(message);
    let Some(plan) = &pipeline.alerts else {
        let failure = none(format!("{} has no section `[alerts]`", pipeline.file.display()));
        return Err(failure.advise("`wmshost keys` shows its keys").into());
    };
    let channels: Vec<&AlertChannel> =
        plan.channels.iter().filter(|channel| only.is_none_or(|only| channel.name == only)).collect();
    if channels.is_empty() {
        let names = plan.channels.iter().map(|channel| channel.name.as_str()).collect::<Vec<_>>().join(", ");
        let wanted = only.map(|only| format!(" {only:?}")).unwrap_or_default();
        return Err(none(format!("there is no channel{wanted}")).advise(format!("the channels are: {names}")).into());
    }
    let now = runtime.clock.now();
    let send = |channel: &AlertChannel| {
        let message = trial(pipeline, plan, channel, now);
        let body = serde_json::to_string(&message).map_err(|error| error.to_string());
        let problem = body.and_then(|body| channels::send(channel, &message, &body)).err();
        Delivery { channel: channel.name.clone(), kind: channel.route.kind(), message, problem }
    };
    Ok(channels.into_iter().map(send).collect())
}

fn trial(pipeline: &Resolved, plan: &AlertsPlan, channel: &AlertChannel, now: Micros) -> AlertMessage {
    let (file, name) = (pipeline.file.display().to_string(), &pipeline.name);
    let id = blake3::hash(format!("{name}\n{}\n{now}", channel.name).as_bytes()).to_hex();
    AlertMessage {
        id: id[..32].to_owned(),
        kind: "test".to_owned(),
        cause: cause_of(name, "test"),
        pipeline: name.clone(),
        machine: machine_name(),
        title: format!("{name}: a trial of the channel {}", channel.name),
        subjects: Vec::new(),
        owner: plan.owner.clone(),
        since: message::shown(now),
        at: message::shown(now),
        findings: vec![Finding {
            subject: channel.name.clone(),
            happened: "somebody tries this channel; nothing is broken".to_owned(),
            place: None,
            committed: "nothing".to_owned(),
            cause: "wmshost alerts test".to_owned(),
            next: vec![Step { purpose: "see the state".to_owned(), command: format!("wmshost status {file}") }],
        }],
        file,
    }
}

/// The alerts of a pipeline as they are now. Nothing is written.
pub fn list(runtime: &Runtime, pipeline: &Resolved) -> Result<AlertsState> {
    let file = runtime.data_dir.alerts();
    let found = if file.exists() { Some(Outbox::open(&file)?.list(&pipeline.name)?) } else { None };
    let (incidents, messages) = found.unwrap_or_default();
    Ok(AlertsState { pipeline: pipeline.name.clone(), incidents, messages })
}
