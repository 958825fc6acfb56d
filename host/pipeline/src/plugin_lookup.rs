//! The file and the metadata of each plugin, looked up once. A label that the file does not declare is the name of a
//! standard plugin.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::diagnostics::{DiagnosticSink, join};
use crate::keys::{file, plugin as keys};
use crate::plugins::{PluginCatalog, PluginFile, PluginMetadata, PluginProblem, StandardPluginProblem};
use crate::resolved::Resolved;
use crate::suggest;
use crate::syntax::SyntaxError;

/// The plugins of a pipeline.
pub(crate) struct PluginLookup<'a> {
    pipeline: &'a Resolved,
    catalog: &'a dyn PluginCatalog,
    /// The file and the metadata of plugins by label; `None` if they cannot be read, which was reported.
    found: BTreeMap<String, Option<(PathBuf, PluginMetadata)>>,
}

impl<'a> PluginLookup<'a> {
    pub(crate) fn new(pipeline: &'a Resolved, catalog: &'a dyn PluginCatalog) -> Self {
        Self { pipeline, catalog, found: BTreeMap::new() }
    }

    /// Returns the objection to a label that is neither declared nor the name of a standard plugin; `None` for any other.
    pub(crate) fn objection(&self, label: &str) -> Option<SyntaxError> {
        if self.pipeline.declared_plugins.contains(label) {
            return None;
        }
        let problem = self.catalog.standard(label).err()?;
        let (message, advice) = match &problem {
            StandardPluginProblem::Unknown => {
                let standard = self.catalog.standard_names();
                let declared = self.pipeline.declared_plugins.iter();
                let known = declared.chain(&standard).map(String::as_str);
                let advice = suggest::advice(label, known)
                    .unwrap_or_else(|| format!("add a table `[plugins.{label}]` with its `path`"));
                (format!("there is no plugin `{label}`"), advice + &self.nothing_found())
            }
            StandardPluginProblem::Unsafe { path, reason } => unsafe_file(label, path, reason),
        };
        Some((message, Some(advice)))
    }

    /// Returns the file and the metadata of a plugin, which are read only once; `None` after a report.
    pub(crate) fn get(&mut self, label: &str, sink: &mut DiagnosticSink) -> Option<(PathBuf, PluginMetadata)> {
        if let Some(known) = self.found.get(label) {
            return known.clone();
        }
        let found = self.read(label, sink);
        self.found.insert(label.to_owned(), found.clone());
        found
    }

    fn read(&self, label: &str, sink: &mut DiagnosticSink) -> Option<(PathBuf, PluginMetadata)> {
        let section = join(file::PLUGINS.name, label);
        // Without the keys or the digest that it has to be held to, no component is looked at.
        if sink.is_reported(file::REQUIRE_SIGNED.name) || sink.is_reported(&join(&section, keys::DIGEST.name)) {
            return None;
        }
        let (path, key) = match self.pipeline.plugins.get(label) {
            Some(PluginFile::Path(path)) => (path.clone(), &keys::PATH),
            Some(PluginFile::Standard(name)) => match self.catalog.standard(name) {
                Ok(path) => (path, &keys::NAME),
                Err(problem) => {
                    let (message, advice) = self.explain(name, &problem);
                    sink.of(&join(&section, keys::NAME.name), message, Some(advice));
                    return None;
                }
            },
            // Its mistakes were reported where it is declared.
            None if self.pipeline.declared_plugins.contains(label) => return None,
            // `objection` reports a label that is no standard plugin, with the key that has it.
            None => (self.catalog.standard(label).ok()?, &keys::NAME),
        };
        match self.catalog.metadata(&path, self.pipeline.demands(label)) {
            Ok(metadata) => Some((path, metadata)),
            Err(problem) => {
                let (message, advice) = problem.explain(&path);
                let is_other = matches!(problem, PluginProblem::OtherDigest(_));
                let name = if is_other { keys::DIGEST.name } else { key.name };
                sink.of(&join(&section, name), message, Some(advice));
                None
            }
        }
    }

    /// Returns the problem of a declared plugin without a path, and the advice.
    fn explain(&self, name: &str, problem: &StandardPluginProblem) -> (String, String) {
        match problem {
            StandardPluginProblem::Unknown => {
                let standard = self.catalog.standard_names();
                let near = suggest::nearest(name, standard.iter().map(String::as_str));
                let advice = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("add `{} = …`: {}", keys::PATH.name, keys::PATH.kind.expected()),
                };
                (format!("there is no standard plugin `{name}`"), advice + &self.nothing_found())
            }
            StandardPluginProblem::Unsafe { path, reason } => unsafe_file(name, path, reason),
        }
    }

    /// Returns an addition to the advice where there is no standard plugin at all: the folders that were looked at.
    fn nothing_found(&self) -> String {
        if !self.catalog.standard_names().is_empty() {
            return String::new();
        }
        let folders: Vec<String> =
            self.catalog.standard_folders().iter().map(|folder| folder.display().to_string()).collect();
        let folders = if folders.is_empty() { "any folder".to_owned() } else { folders.join(", ") };
        format!("; no standard plugin is in {folders}: install them, or name their folder in WMSHOST_PLUGINS")
    }
}

/// Returns the problem of a standard plugin that others could replace, and the advice.
fn unsafe_file(name: &str, path: &std::path::Path, reason: &str) -> (String, String) {
    let path = path.display();
    let message =
        format!("the standard plugin `{name}` is not used, because another user could replace it: {path} {reason}");
    (message, format!("make {path} yours or root's and take the right to write away from others, as by `chmod go-w`"))
}
