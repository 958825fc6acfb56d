//! The settings of a tap.

use std::path::PathBuf;

use wmshost_flow::Failure;
use wmshost_singer::Decimals;

use super::reader::{Reader, SettingInfo, setting};

/// All settings of a tap.
pub const TAP_SETTINGS: [SettingInfo; 4] = [
    setting("pipeline", "string", "The pipeline file whose streams are read; required."),
    setting(
        "emit_activate_version_messages",
        "boolean",
        "Gives the records of whole tables a version, which is activated after them. Default: false.",
    ),
    setting(
        "use_singer_decimal",
        "boolean",
        "Writes decimals as texts of the format x-singer.decimal instead of numbers. Default: false.",
    ),
    setting(
        "skip_bad_rows",
        "boolean",
        "Reports rows that cannot be read, and goes on. Default: false, the run fails.",
    ),
];

/// The settings of a tap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapSettings {
    /// The pipeline file.
    pub pipeline: PathBuf,
    /// True to give the records of whole tables a version.
    pub emit_activate_version: bool,
    /// The form of decimals.
    pub decimals: Decimals,
    /// True to leave out rows that cannot be read.
    pub skip_bad_rows: bool,
}

impl TapSettings {
    /// Reads settings from JSON objects, of which the later ones win. All mistakes are reported at once.
    pub fn parse(texts: &[(String, String)]) -> Result<Self, Failure> {
        let mut reader = Reader::new(texts);
        let pipeline = reader.pipeline();
        let emit_activate_version = reader.flag("emit_activate_version_messages", false);
        let decimals = if reader.flag("use_singer_decimal", false) { Decimals::Texts } else { Decimals::Numbers };
        let skip_bad_rows = reader.flag("skip_bad_rows", false);
        reader.end("tap", &TAP_SETTINGS)?;
        Ok(Self { pipeline, emit_activate_version, decimals, skip_bad_rows })
    }
}
