//! Reads a pipeline file, with or without the checks that need the plugins, and reports the mistakes of all phases at
//! once.

use std::path::Path;

use crate::checked::Checked;
use crate::cross_check::check;
use crate::diagnostics::{DiagnosticSink, Diagnostics};
use crate::plugins::PluginCatalog;
use crate::reference::Environment;
use crate::resolved::{Resolved, StreamPlan, resolve};
use crate::select::pick;

/// Reads a pipeline file with all that it extends and refers to. Reports all mistakes of these phases at once;
/// [`crate::check_file`] reports those of the last phase too.
pub fn load(path: &Path, environment: &dyn Environment) -> Result<Resolved, Diagnostics> {
    load_from((path, None), environment)
}

/// The same for the text of a file that is not written yet.
pub fn load_text(path: &Path, text: &str, environment: &dyn Environment) -> Result<Resolved, Diagnostics> {
    load_from((path, Some(text)), environment)
}

fn load_from(file: (&Path, Option<&str>), environment: &dyn Environment) -> Result<Resolved, Diagnostics> {
    let mut sink = DiagnosticSink::default();
    match resolve(file, environment, &mut sink) {
        Some(resolved) => sink.into_result(resolved),
        None => Err(Diagnostics::several(sink.into_list())),
    }
}

impl Resolved {
    /// Checks that the parts are consistent with each other.
    pub fn check(&self, plugins: &dyn PluginCatalog) -> Result<Checked, Diagnostics> {
        let mut sink = DiagnosticSink::new(self.places.clone());
        let checked = check(self, plugins, &mut sink);
        finish(checked, sink)
    }

    /// Returns the streams with these names or tags (`tag:NAME`), in the order of the file, enabled or not; all if none is
    /// passed.
    pub fn select(&self, names: &[String]) -> Result<Vec<&StreamPlan>, Diagnostics> {
        pick(&self.file, &self.streams, &[], |stream| stream, names)
    }
}

/// Reads and checks a pipeline file, and reports the mistakes of all phases at once.
pub fn check_file(
    path: &Path,
    environment: &dyn Environment,
    plugins: &dyn PluginCatalog,
) -> Result<Checked, Diagnostics> {
    check_from((path, None), environment, plugins)
}

/// The same for the text of a file that is not written yet.
pub fn check_text(
    path: &Path,
    text: &str,
    environment: &dyn Environment,
    plugins: &dyn PluginCatalog,
) -> Result<Checked, Diagnostics> {
    check_from((path, Some(text)), environment, plugins)
}

fn check_from(
    file: (&Path, Option<&str>),
    environment: &dyn Environment,
    plugins: &dyn PluginCatalog,
) -> Result<Checked, Diagnostics> {
    let mut sink = DiagnosticSink::default();
    let resolved = resolve(file, environment, &mut sink);
    let checked = resolved.and_then(|resolved| check(&resolved, plugins, &mut sink));
    finish(checked, sink)
}

fn finish(checked: Option<Checked>, sink: DiagnosticSink) -> Result<Checked, Diagnostics> {
    match checked {
        Some(checked) => sink.into_result(checked),
        None => Err(Diagnostics::several(sink.into_list())),
    }
}
