//! The pipeline that can run: labels lead somewhere, plugins are there and made for their stage, settings are
//! what the plugins declare, and no two streams write one table. Nothing later fails for reasons of
//! configuration.

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

/// A plugin at its place in a stream.
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
    /// Its settings in this stream, with the fallbacks put in.
    pub settings: BTreeMap<String, Setting>,
}

/// A stream that can run.
#[derive(Debug, Clone)]
pub struct Stream {
    /// What the file says of it.
    pub plan: StreamPlan,
    /// Reads.
    pub extractor: Stage,
    /// Change, in this order.
    pub transforms: Vec<Stage>,
    /// Writes.
    pub loader: Stage,
}

impl Stream {
    /// Its plugins, in the order of the rows' way.
    pub fn stages(&self) -> impl Iterator<Item = &Stage> {
        [&self.extractor].into_iter().chain(&self.transforms).chain([&self.loader])
    }
}

impl fmt::Display for Stage {
    /// `label 1.2.3 blake3:…`: which bytes it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.plugin, self.version, self.digest)
    }
}

/// A pipeline that can run.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The file, as it was named.
    pub file: PathBuf,
    /// The pipeline's name, which its state is kept under.
    pub name: String,
    /// How it is run.
    pub run: RunOptions,
    /// What one instance of a plugin may use.
    pub limits: Limits,
    /// Databases by label.
    pub connections: BTreeMap<String, Connection>,
    /// The enabled streams, in the order of the file.
    pub streams: Vec<Stream>,
    /// The models that are built of what the streams write; `None` if no plugin declares any.
    pub models: Option<Models>,
    /// The streams that are not part of a run.
    pub disabled: Vec<StreamPlan>,
    /// What is allowed, and is worth a second look.
    pub warnings: Vec<Diagnostic>,
}

impl Checked {
    /// The streams of these names, in the order of the file; without a name, all enabled ones.
    pub fn select(&self, names: &[String]) -> Result<Vec<&Stream>, Diagnostics> {
        let disabled: Vec<&str> = self.disabled.iter().map(|plan| plan.name.as_str()).collect();
        pick(&self.file, &self.streams, &disabled, |stream| &stream.plan.name, names)
    }
}

impl Resolved {
    /// Checks that the parts fit together.
    pub fn check(&self, plugins: &dyn PluginCatalog) -> Result<Checked, Diagnostics> {
        let mut sink = DiagnosticSink::new(self.places.clone());
        let checked = check(self, plugins, &mut sink);
        finish(checked, sink)
    }

    /// The streams of these names, in the order of the file, enabled or not; without a name, all.
    pub fn select(&self, names: &[String]) -> Result<Vec<&StreamPlan>, Diagnostics> {
        pick(&self.file, &self.streams, &[], |stream| &stream.name, names)
    }
}

/// Reads and checks a pipeline file, and tells the mistakes of all phases at once.
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
