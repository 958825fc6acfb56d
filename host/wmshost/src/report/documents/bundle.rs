//! The output of `plugin bundle` and `plugin install`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_runtime::bundle::{BundledPlugin, Installed};

/// A plugin of a bundle after it was installed.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct InstalledDocument {
    /// Its name, by which pipelines name it without a path.
    name: String,
    /// The file.
    file: String,
    /// The public key that has signed it, among those that were demanded.
    signer: Option<String>,
    /// True if the same component was there before.
    is_unchanged: bool,
    /// The plugin in the bundle.
    plugin: BundledPlugin,
}

impl From<&Installed> for InstalledDocument {
    fn from(installed: &Installed) -> Self {
        Self {
            name: installed.name.clone(),
            file: installed.file.display().to_string(),
            signer: installed.signer.clone(),
            is_unchanged: installed.is_unchanged,
            plugin: installed.plugin.clone(),
        }
    }
}
