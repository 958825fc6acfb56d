//! The pipeline that can run: labels are declared, plugins exist and are made for their stage, settings are as the
//! plugins declare them, and no two streams write the same table. Nothing fails later because of the configuration.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::connection::Connection;
use crate::cross_check::check;
use crate::diagnostics::{Diagnostic, DiagnosticSink, Diagnostics};
use crate::models::Models;
use crate::plugins::PluginCatalog;
use crate::reference::Environment;
use crate::resolved::{Limits, Resolved, RunOptions, StreamPlan, resolve};
use crate::select::pick;
use crate::settings::Setting;

/// A plugin at its position in a stream.
#[derive(Debug, Clone)]
pub struct Stage {
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
    /// Its settings in this stream, defaults included.
    pub settings: BTreeMap<String, Setting>,
}

/// A stream that can run.
#[derive(Debug, Clone)]
pub struct Stream {
    /// Its description in the file.
    pub plan: StreamPlan,
    /// The extractor.
    pub extractor: Stage,
    /// The transforms, in the order in which they are applied.
    pub transforms: Vec<Stage>,
    /// The loader.
    pub loader: Stage,
}

impl Stream {
    /// Returns its plugins in the order in which rows pass through them.
    pub fn stages(&self) -> impl Iterator<Item = &Stage> {
        [&self.extractor].into_iter().chain(&self.transforms).chain([&self.loader])
    }
}

impl fmt::Display for Stage {
    /// Writes `label 1.2.3 blake3:…`, which identifies the exact component.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.plugin, self.version, self.digest)
    }
}

/// A pipeline that can run.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The file's path as the user wrote it.
    pub file: PathBuf,
    /// The pipeline's name, under which its state is stored.
    pub name: String,
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
    /// Warnings about what is allowed but questionable.
    pub warnings: Vec<Diagnostic>,
}

impl Checked {
    /// Returns the streams with these names, in the order of the file; all enabled ones if no name is passed.
    pub fn select(&self, names: &[String]) -> Result<Vec<&Stream>, Diagnostics> {
        let disabled: Vec<&str> = self.disabled.iter().map(|plan| plan.name.as_str()).collect();
        pick(&self.file, &self.streams, &disabled, |stream| &stream.plan.name, names)
    }
}

impl Resolved {
    /// Checks that the parts are consistent with each other.
    pub fn check(&self, plugins: &dyn PluginCatalog) -> Result<Checked, Diagnostics> {
        let mut sink = DiagnosticSink::new(self.places.clone());
        let checked = check(self, plugins, &mut sink);
        finish(checked, sink)
    }

    /// Returns the streams with these names, in the order of the file, enabled or not; all if no name is passed.
    pub fn select(&self, names: &[String]) -> Result<Vec<&StreamPlan>, Diagnostics> {
        pick(&self.file, &self.streams, &[], |stream| &stream.name, names)
    }
}

/// Reads and checks a pipeline file, and reports the mistakes of all phases at once.
pub fn check_file(
    path: &Path,
    environment: &dyn Environment,
    plugins: &dyn PluginCatalog,
) -> Result<Checked, Diagnostics> {
    let mut sink = DiagnosticSink::default();
    let resolved = resolve(path, environment, &mut sink);
    let checked = resolved.and_then(|resolved| check(&resolved, plugins, &mut sink));
    finish(checked, sink)
}

fn finish(checked: Option<Checked>, sink: DiagnosticSink) -> Result<Checked, Diagnostics> {
    match checked {
        Some(checked) => sink.into_result(checked),
        None => Err(Diagnostics::several(sink.into_list())),
    }
}
