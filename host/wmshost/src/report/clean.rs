//! The report of `wmshost clean`.

use indicatif::HumanBytes;
use wmshost_flow::Failure;
use wmshost_runtime::clean::Cleaned;

use super::documents::clean::CleanedDocument;
use super::{count, json, print};
use crate::cli::Output;

/// Reports what was removed, or would be.
pub(crate) fn clean(cleaned: &Cleaned, is_trial: bool, output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&CleanedDocument::of(cleaned, is_trial));
    }
    let verb = if is_trial { "would be removed" } else { "removed" };
    let Cleaned { runs, logs, recordings, plugins, receipts } = cleaned;
    print(&format!(
        "{verb}: runs of the history: {}; logs: {} ({}); recorded batches: {} ({}); compiled plugins: {} ({}); receipts: {} ({})",
        count(*runs),
        count(logs.files),
        HumanBytes(logs.bytes),
        count(recordings.files),
        HumanBytes(recordings.bytes),
        count(plugins.files),
        HumanBytes(plugins.bytes),
        count(receipts.files),
        HumanBytes(receipts.bytes)
    ));
    Ok(())
}
