//! The pipeline that can run: labels are declared, plugins exist and are made for their stage, settings are as the
//! plugins declare them, and no two streams write the same table. Nothing fails later because of the configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;

use wmshost_flow::Limits;

use crate::configured_plugin::ConfiguredPlugin;
use crate::connection::Connection;
use crate::diagnostics::Diagnostics;
use crate::models::Models;
use crate::resolved::StreamPlan;
use crate::run_options::RunOptions;
use crate::secret::Secret;
use crate::select::pick;

/// A stream that can run.
#[derive(Debug, Clone)]
pub struct Stream {
    /// Its description in the file.
    pub plan: StreamPlan,
    /// The extractor.
    pub extractor: ConfiguredPlugin,
    /// The transforms, in the order in which they are applied.
    pub transforms: Vec<ConfiguredPlugin>,
    /// The loader.
    pub loader: ConfiguredPlugin,
}

impl Stream {
    /// Returns its plugins in the order in which rows pass through them.
    pub fn stages(&self) -> impl Iterator<Item = &ConfiguredPlugin> {
        [&self.extractor].into_iter().chain(&self.transforms).chain([&self.loader])
    }
}

/// A pipeline that can run.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The file's path as the user wrote it.
    pub file: PathBuf,
    /// The pipeline's name, under which its state is stored.
    pub name: String,
    /// The secret of masks that hash.
    pub mask_key: Option<Secret>,
    /// The public keys, by one of which each component is signed; empty if none has to be.
    pub signers: Vec<String>,
    /// The options of its runs.
    pub run: RunOptions,
    /// The limits of one plugin instance.
    pub limits: Limits,
    /// The databases by label.
    pub connections: BTreeMap<String, Connection>,
    /// The enabled streams, in the order of the file.
    pub streams: Vec<Stream>,
    /// The models built from the tables that the streams write; `None` if no plugin declares any.
    pub models: Option<Models>,
    /// The streams that are not part of a run.
    pub disabled: Vec<StreamPlan>,
}

impl Checked {
    /// Returns the streams with these names or tags (`tag:NAME`), in the order of the file; all enabled ones if none is
    /// passed.
    pub fn select(&self, names: &[String]) -> Result<Vec<&Stream>, Diagnostics> {
        let disabled: Vec<&str> = self.disabled.iter().map(|plan| plan.name.as_str()).collect();
        pick(&self.file, &self.streams, &disabled, |stream| &stream.plan, names)
    }
}
