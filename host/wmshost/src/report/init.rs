//! The report of `wmshost init`.

use std::path::Path;

use wmshost_runtime::init::InitOutcome;

use super::note;

/// Reports the pipeline: what it moves, what it does not move, and the next step.
pub(crate) fn init(outcome: &InitOutcome, file: Option<&Path>) {
    for (table, reason) in &outcome.left_out {
        note(&format!("{table} is not moved: {reason}"));
    }
    if let Some(reason) = &outcome.unchecked {
        note(&format!("the pipeline was not checked with its target: {reason}"));
    }
    let plural = if outcome.moved == 1 { "" } else { "s" };
    let moved = format!("{} table{plural} can be moved", outcome.moved);
    match file {
        Some(file) if outcome.moved > 0 => note(&format!("{moved}; next: wmshost run {}", file.display())),
        _ => note(&moved),
    }
}
