//! The report of `wmshost plugin replay`.

use wmshost_flow::Failure;
use wmshost_plugin_kit::Replayed;

use super::documents::recording::ReplayedDocument;
use super::{json, plain, print, section};
use crate::cli::Output;

/// Reports the recordings that were replayed.
pub(crate) fn replayed(all: &[Replayed], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&all.iter().map(ReplayedDocument::from).collect::<Vec<_>>());
    }
    for Replayed { recording, folder, digest, outcome } in all {
        let component = match *digest == recording.digest {
            true => "the recorded one".to_owned(),
            false => format!("another one than the recorded: {digest}, and {} then", recording.digest),
        };
        let outcome = match outcome {
            Ok((rows, 0)) => format!("succeeds: {rows} rows"),
            Ok((rows, rejected)) => format!("succeeds: {rows} rows, {rejected} rejected"),
            Err(failure) => format!("fails: {failure}"),
        };
        section(
            &format!("{}, {}", recording.stream, recording.plugin),
            &[
                ("batch", format!("{} of the run {}, {} rows", recording.batch, recording.run_id, recording.rows)),
                ("then it", recording.failure.as_ref().map_or("succeeded".to_owned(), |why| format!("failed: {why}"))),
                ("component", component),
                ("now it", outcome),
                ("kept in", folder.display().to_string()),
            ],
        );
    }
    let failing = all.iter().filter(|replayed| replayed.outcome.is_err()).count();
    print(&plain(&format!("{} recordings were replayed, {failing} fail", all.len())));
    Ok(())
}
