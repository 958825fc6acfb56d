//! The report of `wmshost check`: the mistakes of a pipeline.

use wmshost_flow::Failure;
use wmshost_pipeline::{Checked, Diagnostics};
use wmshost_runtime::check::CheckOutcome;
use wmshost_runtime::probe::{Finding, Probed, advice};

use super::documents::check::CheckDocument;
use super::documents::moment;
use super::run::print_definition_changes;
use super::types::certificate;
use super::{failure, json, note, print};
use crate::cli::Output;

/// Reports the mistakes of a pipeline file to programs.
pub(crate) fn mistakes(diagnostics: &Diagnostics) -> Result<(), Failure> {
    json(&CheckDocument::from(diagnostics))
}

/// Reports a check of these streams.
pub(crate) fn check(
    pipeline: &Checked,
    streams: &[String],
    outcome: &CheckOutcome,
    output: Output,
) -> Result<(), Failure> {
    let names = pipeline.select(streams).unwrap_or_default().into_iter().map(|stream| stream.plan.name.clone());
    let names: Vec<String> = names.collect();
    outcome.spent.iter().chain(&outcome.notes).for_each(|text| note(text));
    if output == Output::Json {
        return json(&CheckDocument::of(pipeline, names, outcome));
    }
    outcome.probes.iter().for_each(print_probe);
    outcome.opened.iter().for_each(print_definition_changes);
    outcome.certificates.iter().for_each(certificate);
    for text in &outcome.failures {
        failure(text);
    }
    for (label, why) in &outcome.untested {
        note(&format!("connection {label} ({}) was not tested: {why}", pipeline.connections[label]));
    }
    if outcome.failures.is_empty() {
        let (file, name, count) = (pipeline.file.display(), &pipeline.name, names.len());
        print(&format!("{file}: pipeline {name} is in order: {count} streams"));
    }
    Ok(())
}

/// Prints the result of testing a connection.
fn print_probe(probed: &Probed) {
    let Probed { label, role, .. } = probed;
    match (&probed.failure, &probed.probe) {
        (Some(_), _) => print(&format!("{role} {label}: not reached")),
        (None, None) if probed.measured.is_empty() => print(&format!("{role} {label}: can be opened")),
        (None, None) => {
            print(&format!("{role} {label}: a web service"));
            let width = probed.measured.iter().map(|finding| finding.subject.len()).max().unwrap_or(0);
            for Finding { subject, found } in &probed.measured {
                print(&format!("  {subject:<width$}  {found}"));
            }
            if let Some(at) = probed.measured_at {
                note(&format!("connection {label} was measured at {} (--measure does it again)", moment(at)));
            }
        }
        (None, Some(probe)) => {
            let millis = probe.round_trip.as_secs_f64() * 1_000.0;
            print(&format!(
                "{role} {label}: Oracle {}, round trip {millis:.2} ms, database time zone {}, character set {}",
                probe.version, probe.database_zone, probe.charset
            ));
            for remark in &probe.remarks {
                note(&format!("connection {label}: {remark}"));
            }
            for wanted in &probe.wanted {
                note(&format!("connection {label}: {}", advice(wanted)));
            }
        }
    }
}
