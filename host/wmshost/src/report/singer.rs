//! The output of `wmshost singer`. Standard output belongs to the protocol, so that people read standard error.

use wmshost_flow::{Failure, StreamSummary};
use wmshost_runtime::singer::{SettingInfo, TAP_SETTINGS, TARGET_SETTINGS, TapEnd};

use super::documents::singer::AboutDocument;
use super::{failure, json, note, print};

/// Prints the description of the tap.
pub(crate) fn about_tap(as_json: bool) -> Result<(), Failure> {
    about(&AboutDocument::of_tap(), &TAP_SETTINGS, as_json)
}

/// Prints the description of the target.
pub(crate) fn about_target(as_json: bool) -> Result<(), Failure> {
    about(&AboutDocument::of_target(), &TARGET_SETTINGS, as_json)
}

fn about(about: &AboutDocument, settings: &[SettingInfo], as_json: bool) -> Result<(), Failure> {
    if as_json {
        return json(about);
    }
    print(&about.to_string());
    settings
        .iter()
        .for_each(|setting| print(&format!("  {} ({}): {}", setting.name, setting.kind, setting.description)));
    Ok(())
}

/// Reports the ends of a tap's streams.
pub(crate) fn tapped(ends: &[TapEnd]) {
    for TapEnd { stream, records, skipped } in ends {
        note(&format!("{stream}: {records} records, {skipped} bad rows left out"));
    }
}

/// Reports the ends of streams.
pub(crate) fn ended(ends: &[StreamSummary]) {
    for end in ends {
        let stats = end.stats;
        note(&format!(
            "{}: {}; {} records read, {} written, {} unchanged, {} rejected, {} removed",
            end.stream,
            end.status.name(),
            stats.read,
            stats.written,
            stats.unchanged,
            stats.rejected,
            stats.deleted
        ));
        if let Some(at) = &end.failure {
            failure(&at.to_string());
        }
    }
}
