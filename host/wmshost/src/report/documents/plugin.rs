//! The outputs of `plugin list` and `inspect`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_flow::SettingKind;
use wmshost_runtime::plugin_registry::named_digest;
use wmshost_sandbox::{Description, Plugin, SettingDescription};

/// A plugin and its description of itself.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PluginDocument {
    /// Its label in the pipeline file, or the name of its file.
    plugin: String,
    /// The name that it states.
    name: String,
    /// The version that it states.
    version: String,
    /// A summary of its work.
    summary: String,
    /// Its world: `extractor`, `transform`, `loader` or `models`.
    world: &'static str,
    /// The component's file.
    #[schemars(with = "String")]
    file: PathBuf,
    /// The digest of the component.
    digest: String,
    /// The interfaces that it imports.
    imports: Vec<String>,
    /// Its settings.
    settings: Vec<SettingDocument>,
}

/// A setting of a plugin.
#[derive(Debug, Serialize, JsonSchema)]
struct SettingDocument {
    /// Its name.
    name: String,
    /// Its kind: `text`, `integer`, `number`, `flag` or `texts`.
    kind: &'static str,
    /// Its default; null if it is required.
    default: Option<String>,
    /// The values that it may have; empty for any.
    choices: Vec<String>,
    /// A summary of its meaning.
    summary: String,
}

/// The name of a kind of setting.
pub(crate) fn kind_name(kind: SettingKind) -> &'static str {
    match kind {
        SettingKind::Text => "text",
        SettingKind::Integer => "integer",
        SettingKind::Number => "number",
        SettingKind::Flag => "flag",
        SettingKind::Texts => "texts",
    }
}

impl PluginDocument {
    /// A plugin and its description of itself.
    pub(crate) fn of(plugin: &Plugin, description: &Description) -> Self {
        Self {
            plugin: plugin.name.clone(),
            name: description.name.clone(),
            version: description.version.clone(),
            summary: description.summary.clone(),
            world: plugin.world.name(),
            file: plugin.file.clone(),
            digest: named_digest(&plugin.digest),
            imports: plugin.imports.clone(),
            settings: description.settings.iter().map(Into::into).collect(),
        }
    }
}

impl From<&SettingDescription> for SettingDocument {
    fn from(setting: &SettingDescription) -> Self {
        Self {
            name: setting.name.clone(),
            kind: kind_name(setting.kind),
            default: setting.fallback.clone(),
            choices: setting.choices.clone(),
            summary: setting.summary.clone(),
        }
    }
}
