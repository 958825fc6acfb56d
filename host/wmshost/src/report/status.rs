//! The report of `wmshost status`.

use std::time::Duration;

use console::style;
use wmshost_flow::{Failure, Micros, Value};
use wmshost_runtime::status::{Health, PipelineState, StreamState};

use super::documents::status::StatusDocument;
use super::{count, failure, json, note, print, table};
use crate::cli::Output;

/// Reports the state of a pipeline.
pub(crate) fn status(state: &PipelineState, output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&StatusDocument::from(state));
    }
    let head = [
        "stream",
        "state",
        "up to date",
        "allowed",
        "verified through",
        "last run",
        "ended (UTC)",
        "quarantined",
        "read up to",
    ];
    table(&head, &[7], state.streams.iter().map(row).collect());
    for stream in &state.streams {
        if let Some(holder) = &stream.holder {
            let (run, process, machine, since) =
                (&holder.run_id, holder.process, &holder.machine, holder.seconds_since_renewal);
            note(&format!(
                "{}: run {run} holds it (process {process} on {machine}), last seen {since} s ago",
                stream.stream
            ));
        }
        if let Some(reason) = &stream.reason {
            failure(&format!("{}: {reason}", stream.stream));
        }
        if stream.quarantined > 0 {
            note(&format!(
                "{}: {} rows are in quarantine: `wmshost quarantine list {} --stream {0}` shows why",
                stream.stream,
                count(stream.quarantined),
                state.file
            ));
        }
    }
    print(&summary(state));
    Ok(())
}

/// `pipeline wms: 4 fresh, 1 late`.
fn summary(state: &PipelineState) -> String {
    format!("pipeline {}: {}", state.pipeline, counts(state.streams.iter().map(|stream| stream.health)))
}

/// The number of streams with each verdict that there is: `4 fresh, 1 late`.
pub(crate) fn counts(found: impl Iterator<Item = Health> + Clone) -> String {
    let of = |kind: Health| found.clone().filter(|health| *health == kind).count();
    let parts = Health::ALL.into_iter().map(|kind| (of(kind), kind)).filter(|(number, _)| *number > 0);
    let parts: Vec<String> = parts.map(|(number, kind)| format!("{number} {}", kind.name())).collect();
    parts.join(", ")
}

fn row(stream: &StreamState) -> Vec<String> {
    let name = style(stream.health.name());
    let health = match stream.health {
        Health::Fresh => name.green(),
        Health::Running => name.cyan(),
        Health::Disabled => name.dim(),
        _ => name.red(),
    };
    let last = stream.last_run.as_ref();
    vec![
        stream.stream.clone(),
        health.to_string(),
        stream.age.map(|age| format!("{} ago", words(age))).unwrap_or_default(),
        stream.max_age.map(words).unwrap_or_default(),
        stream.verified_through.map(second).unwrap_or_default(),
        last.map(|last| format!("{} {}", last.status, last.run_id)).unwrap_or_default(),
        last.map(|last| second(last.ended_at)).unwrap_or_default(),
        count(stream.quarantined),
        stream.watermark.as_ref().map(ToString::to_string).unwrap_or_default(),
    ]
}

/// A time without the fraction of its second.
fn second(at: Micros) -> String {
    Value::Timestamp(at / 1_000_000 * 1_000_000).to_string()
}

/// A duration in its two largest units: `3 d 4 h`, `12 min 5 s`.
pub(crate) fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let first = units.iter().position(|(length, _)| seconds >= *length).unwrap_or(3);
    let mut left = seconds;
    let part = |(length, name): &(u64, &'static str)| {
        let number = left / length;
        left %= length;
        (number, *name)
    };
    let parts: Vec<_> = units[first..].iter().take(2).map(part).collect();
    let shown = parts.iter().enumerate().filter(|(at, (number, _))| *at == 0 || *number > 0);
    shown.map(|(_, (number, name))| format!("{number} {name}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_shown_in_its_two_largest_units() {
        let shown = [0, 59, 60, 3_599, 3_600, 7_260, 90_000, 86_400 * 3 + 59]
            .map(|seconds| words(Duration::from_secs(seconds)));
        assert_eq!(shown, ["0 s", "59 s", "1 min", "59 min 59 s", "1 h", "2 h 1 min", "1 d 1 h", "3 d"]);
    }
}
