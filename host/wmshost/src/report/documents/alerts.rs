//! The outputs of `alerts`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_runtime::alerts::{AlertMessage, AlertsState, Delivery, OpenIncident, QueuedMessage};

use super::moment;

/// A message that was to be sent now.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DeliveryDocument {
    /// The channel's name.
    channel: String,
    /// The kind of the channel.
    kind: &'static str,
    /// The message.
    message: AlertMessage,
    /// The reason why it was not sent; null if it was.
    problem: Option<String>,
}

/// The alerts of a pipeline as they are now.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AlertsDocument {
    /// The pipeline's name.
    pipeline: String,
    /// The causes that go on.
    incidents: Vec<IncidentDocument>,
    /// The messages of the last 30 days and those that wait, the newest first, at most 100.
    messages: Vec<QueuedMessageDocument>,
}

/// A cause that goes on.
#[derive(Debug, Serialize, JsonSchema)]
struct IncidentDocument {
    /// The cause's key.
    cause: String,
    /// The cause in a line.
    title: String,
    /// The person or team that has to act; null if the pipeline file names none.
    owner: Option<String>,
    /// The time since which it goes on, UTC.
    since: String,
    /// The time of the last message, UTC; null if there was none yet.
    notified_at: Option<String>,
}

/// A message on its way by one channel.
#[derive(Debug, Serialize, JsonSchema)]
struct QueuedMessageDocument {
    /// The channel's name.
    channel: String,
    /// The message.
    message: AlertMessage,
    /// The number of tries.
    tries: u64,
    /// The time before which it is not sent, UTC.
    not_before: String,
    /// The time at which it was sent, UTC; null if it waits.
    sent_at: Option<String>,
    /// The reason why the last try failed; null if it did not, or there was none.
    problem: Option<String>,
}

impl From<&Delivery> for DeliveryDocument {
    fn from(delivery: &Delivery) -> Self {
        let Delivery { channel, kind, message, problem } = delivery.clone();
        Self { channel, kind, message, problem }
    }
}

impl From<&AlertsState> for AlertsDocument {
    fn from(state: &AlertsState) -> Self {
        Self {
            pipeline: state.pipeline.clone(),
            incidents: state.incidents.iter().map(Into::into).collect(),
            messages: state.messages.iter().map(Into::into).collect(),
        }
    }
}

impl From<&OpenIncident> for IncidentDocument {
    fn from(incident: &OpenIncident) -> Self {
        let OpenIncident { cause, title, owner, since, notified_at } = incident.clone();
        Self { cause, title, owner, since: moment(since), notified_at: notified_at.map(moment) }
    }
}

impl From<&QueuedMessage> for QueuedMessageDocument {
    fn from(queued: &QueuedMessage) -> Self {
        Self {
            channel: queued.channel.clone(),
            message: queued.message.clone(),
            tries: queued.tries,
            not_before: moment(queued.not_before),
            sent_at: queued.sent_at.map(moment),
            problem: queued.problem.clone(),
        }
    }
}
