//! The reaction to a definition that changed: the strongest one counts, and a refusal names each difference.

use super::{DefinitionChange, Impact, Reaction};
use crate::failure::Failure;

/// Returns the note in a run's row in the ledger about a definition that changed; `None` if it did not change.
pub(crate) fn definition_note(changes: &[DefinitionChange]) -> Option<String> {
    /// The longest note, in characters.
    const MOST_LETTERS: usize = 1_900;
    let all = changes.iter().map(|change| format!("{change}: {}", change.consequence)).collect::<Vec<_>>().join("; ");
    let note: String = all.chars().take(MOST_LETTERS).collect();
    (!note.is_empty()).then_some(note)
}

/// Returns the reaction of the next run to all of the differences.
pub(crate) fn reaction(changes: &[DefinitionChange]) -> Reaction {
    changes.iter().map(|change| change.reaction).max().unwrap_or(Reaction::Tell)
}

/// Fails, naming the differences that keep a run from continuing; succeeds if there are none.
pub(crate) fn refuse(stream: &str, changes: &[DefinitionChange]) -> Result<(), Failure> {
    if changes.is_empty() {
        return Ok(());
    }
    let all = changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let has = |impact| changes.iter().any(|change| change.impact == impact);
    let advice = if has(Impact::Identity) {
        "undo the change, or run once with `--on-change reload`: the table is then read as a whole and replaces the \
         target's"
    } else if has(Impact::Target) {
        "restore the column as it was, or run once with `--on-change reload`: the whole table is then read again"
    } else {
        "run once with `--on-change reload`, which reads the whole table again, or with `--on-change tell`, which \
         leaves the existing rows unchanged"
    };
    Err(Failure::invalid_config(format!(
        "stream {stream} is not defined as it was when its checkpoint was made: {all}. Nothing was written"
    ))
    .advise(advice))
}
