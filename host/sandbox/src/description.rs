//! A plugin's descriptions: of itself, and of the streams of its source.

use arrow_schema::SchemaRef;
use wmshost_flow::{Failure, SettingKind};

use crate::bindings::about;
use crate::text::sanitize;

/// One key of a plugin's own table in the pipeline file.
#[derive(Debug, Clone)]
pub struct SettingDescription {
    /// The key.
    pub name: String,
    /// Its type.
    pub kind: SettingKind,
    /// A description in one sentence.
    pub summary: String,
    /// The value used when the key is not given; `None` if it is required.
    pub fallback: Option<String>,
    /// The allowed values; empty if any is.
    pub choices: Vec<String>,
}

/// A plugin's description of itself.
#[derive(Debug, Clone)]
pub struct Description {
    /// Its own name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// A description in one sentence.
    pub summary: String,
    /// Its settings.
    pub settings: Vec<SettingDescription>,
}

/// A stream that a source offers.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The table.
    pub table: String,
    /// Its columns.
    pub columns: SchemaRef,
    /// The columns that identify a row.
    pub key: Vec<String>,
    /// Columns that could serve as a change key, the likeliest first.
    pub change_keys: Vec<String>,
}

/// The most settings of a plugin, and the most choices of one of them.
const SETTINGS: usize = 256;
/// The longest text in a description, in bytes.
const TEXT_BYTES: usize = 1 << 10;

/// Checks a description and takes it over.
pub(crate) fn description(said: about::Description) -> Result<Description, Failure> {
    let longest = said.settings.iter().map(|setting| setting.choices.len()).max().unwrap_or(0);
    if said.settings.len().max(longest) > SETTINGS {
        return Err(Failure::limit("described settings or choices", SETTINGS, said.settings.len().max(longest)));
    }
    let text = |text: String| sanitize(text, TEXT_BYTES);
    let setting = |setting: about::SettingDescription| SettingDescription {
        name: text(setting.name),
        kind: match setting.kind {
            about::SettingKind::Text => SettingKind::Text,
            about::SettingKind::Integer => SettingKind::Integer,
            about::SettingKind::Number => SettingKind::Number,
            about::SettingKind::Flag => SettingKind::Flag,
            about::SettingKind::Texts => SettingKind::Texts,
        },
        summary: text(setting.summary),
        fallback: setting.fallback.map(text),
        choices: setting.choices.into_iter().map(text).collect(),
    };
    Ok(Description {
        name: text(said.name),
        version: text(said.version),
        summary: text(said.summary),
        settings: said.settings.into_iter().map(setting).collect(),
    })
}
