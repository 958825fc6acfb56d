//! The files that a run over models leaves in the host's folder: `manifest.json` (the declarations), `run_results.json`
//! (the results), `openlineage.ndjson` (one event per line, for lineage tools).

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;
use serde_json::Value as Json;
use wmshost_models::{Manifest, RunResults};

use super::models_project::write_file;

/// The folder of one pipeline's models.
#[derive(Debug, Clone)]
pub(crate) struct Artifacts(pub(crate) PathBuf);

impl Artifacts {
    /// The results of the last run; `None` if they are missing or cannot be read.
    pub(super) fn results(&self) -> Option<RunResults> {
        serde_json::from_str(&fs::read_to_string(self.0.join("run_results.json")).ok()?).ok()
    }

    pub(super) fn keep_results(&self, results: &RunResults) -> anyhow::Result<()> {
        self.keep("run_results.json", results)
    }

    pub(super) fn keep_manifest(&self, manifest: &Manifest) -> anyhow::Result<()> {
        self.keep("manifest.json", manifest)
    }

    fn keep(&self, name: &str, document: &impl Serialize) -> anyhow::Result<()> {
        write_file(&self.0.join(name), &format!("{}\n", serde_json::to_string_pretty(document)?))
    }

    /// Appends events.
    pub(super) fn add_events(&self, events: &[Json]) -> anyhow::Result<()> {
        let file = self.0.join("openlineage.ndjson");
        let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
        fs::create_dir_all(&self.0)
            .and_then(|()| OpenOptions::new().create(true).append(true).open(&file))
            .and_then(|mut file| file.write_all(lines.as_bytes()))
            .with_context(|| format!("{}: cannot be written", file.display()))
    }
}
