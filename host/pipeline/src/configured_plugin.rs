//! A plugin at its position in a stream, or among the models.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use wmshost_flow::{Limits, Setting};

/// A plugin at its position in a stream.
#[derive(Debug, Clone)]
pub struct ConfiguredPlugin {
    /// The plugin's label in the file.
    pub plugin: String,
    /// Its component file.
    pub path: PathBuf,
    /// Its own name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The digest of its component: `blake3:` and 64 hexadecimal digits.
    pub digest: String,
    /// Its limits.
    pub limits: Limits,
    /// Its settings in this stream, defaults included.
    pub settings: BTreeMap<String, Setting>,
}

impl fmt::Display for ConfiguredPlugin {
    /// Writes `label 1.2.3 blake3:…`, which identifies the exact component.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.plugin, self.version, self.digest)
    }
}
