//! The output of `singer tap --about` and `singer target --about`.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_runtime::singer::{SettingInfo, TAP_SETTINGS, TARGET_SETTINGS};

/// The capabilities of the tap, in the words of Meltano.
const OF_TAP: [&str; 6] = ["about", "activate-version", "catalog", "discover", "properties", "state"];
/// The capabilities of the target.
const OF_TARGET: [&str; 4] = ["about", "activate-version", "hard-delete", "soft-delete"];

/// The description of a Singer plugin.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AboutDocument {
    /// Its name.
    name: &'static str,
    /// Its purpose.
    description: &'static str,
    /// Its version.
    version: &'static str,
    /// Its capabilities.
    capabilities: Vec<&'static str>,
    /// The JSON Schema of its settings.
    settings: SettingsDocument,
}

/// The JSON Schema of settings.
#[derive(Debug, Serialize, JsonSchema)]
struct SettingsDocument {
    /// Always `object`.
    r#type: &'static str,
    /// The settings by name.
    properties: BTreeMap<&'static str, SettingDocument>,
    /// The settings that have no default.
    required: Vec<&'static str>,
}

/// A setting.
#[derive(Debug, Serialize, JsonSchema)]
struct SettingDocument {
    /// Its types.
    r#type: [&'static str; 2],
    /// Its purpose.
    description: &'static str,
}

impl AboutDocument {
    /// The description of the tap.
    pub(crate) fn of_tap() -> Self {
        let purpose = "Writes the rows of a pipeline's streams, with a state after each part of them.";
        Self::of(("tap-wmshost", purpose), &OF_TAP, &TAP_SETTINGS)
    }

    /// The description of the target.
    pub(crate) fn of_target() -> Self {
        let purpose = "Loads the messages of a Singer tap into a database, with checkpoints and quarantine.";
        Self::of(("target-wmshost", purpose), &OF_TARGET, &TARGET_SETTINGS)
    }

    fn of(
        (name, description): (&'static str, &'static str),
        capabilities: &[&'static str],
        settings: &[SettingInfo],
    ) -> Self {
        let setting = |setting: &SettingInfo| {
            (setting.name, SettingDocument { r#type: [setting.kind, "null"], description: setting.description })
        };
        Self {
            name,
            description,
            version: env!("CARGO_PKG_VERSION"),
            capabilities: capabilities.to_vec(),
            settings: SettingsDocument {
                r#type: "object",
                properties: settings.iter().map(setting).collect(),
                required: vec!["pipeline"],
            },
        }
    }
}

/// Writes the description for people, without the settings.
impl fmt::Display for AboutDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}: {}", self.name, self.version, self.description)?;
        write!(f, "capabilities: {}\nsettings:", self.capabilities.join(", "))
    }
}
