//! The reports of `wmshost alerts`.

use wmshost_flow::Failure;
use wmshost_runtime::alerts::{AlertsState, Delivery, QueuedMessage};
use wmshost_runtime::serve::second;

use super::documents::alerts::{AlertsDocument, DeliveryDocument};
use super::{failure, json, print, table};
use crate::cli::Output;

/// Reports messages and whether they were sent.
pub(crate) fn deliveries(deliveries: &[Delivery], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&deliveries.iter().map(DeliveryDocument::from).collect::<Vec<_>>());
    }
    if deliveries.is_empty() {
        print("nothing is due");
    }
    for Delivery { channel, kind, message, problem } in deliveries {
        match problem {
            None => print(&format!("{channel} ({kind}): sent: {}", message.title)),
            Some(problem) => failure(&format!("{channel} ({kind}): not sent: {problem}")),
        }
    }
    Ok(())
}

/// Reports what goes on, and the messages.
pub(crate) fn state(state: &AlertsState, output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&AlertsDocument::from(state));
    }
    if state.incidents.is_empty() {
        print(&format!("pipeline {}: nothing goes on", state.pipeline));
    } else {
        let rows = state.incidents.iter().map(|incident| {
            vec![
                incident.title.clone(),
                second(incident.since),
                incident.notified_at.map(second).unwrap_or_default(),
                incident.owner.clone().unwrap_or_default(),
            ]
        });
        table(&["cause", "since (UTC)", "reported (UTC)", "owner"], &[], rows.collect());
    }
    if !state.messages.is_empty() {
        table(&["channel", "kind", "message", "fate"], &[], state.messages.iter().map(row).collect());
    }
    Ok(())
}

fn row(queued: &QueuedMessage) -> Vec<String> {
    let fate = match (queued.sent_at, &queued.problem) {
        (Some(at), _) => format!("sent {}", second(at)),
        (None, Some(problem)) => {
            format!("tried {} times, next at {}: {problem}", queued.tries, second(queued.not_before))
        }
        (None, None) => format!("waits until {}", second(queued.not_before)),
    };
    vec![queued.channel.clone(), queued.message.kind.clone(), queued.message.title.clone(), fate]
}
