//! The identity of an instance: its names, and its settings of the pipeline file.

use std::collections::BTreeMap;

use wmshost_flow::Setting;

/// The names and the settings of an instance.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// The plugin's name in the pipeline file.
    pub plugin: String,
    /// Its version, as it reports it.
    pub version: String,
    /// The digest of its bytes, where it is known.
    pub digest: Option<String>,
    /// The stream it works for.
    pub stream: String,
    /// Its settings, with defaults filled in.
    pub settings: BTreeMap<String, Setting>,
}

impl Identity {
    /// Name and version, as quarantine and log show them.
    pub(crate) fn signature(&self) -> String {
        format!("{} {}", self.plugin, self.version)
    }
}
