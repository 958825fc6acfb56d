//! The files that a run over models leaves in the host's folder: `manifest.json` (the declarations), `run_results.json`
//! (the results), `openlineage.ndjson` (one event per line, for lineage tools).

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use serde_json::Value as Json;
use wmshost_models::{Manifest, RunResults};

use crate::error::{Error, Result};
use crate::files::write_document;

/// The folder of one pipeline's models.
#[derive(Debug, Clone)]
pub(super) struct Artifacts(pub(super) PathBuf);

impl Artifacts {
    /// The file with the results of the last run.
    pub(super) fn results_file(&self) -> PathBuf {
        self.0.join("run_results.json")
    }

    /// The results of the last run; `None` if they are missing or cannot be read.
    pub(super) fn results(&self) -> Option<RunResults> {
        serde_json::from_str(&fs::read_to_string(self.results_file()).ok()?).ok()
    }

    pub(super) fn keep_results(&self, results: &RunResults) -> Result<()> {
        write_document(&self.results_file(), results)
    }

    pub(super) fn keep_manifest(&self, manifest: &Manifest) -> Result<()> {
        write_document(&self.0.join("manifest.json"), manifest)
    }

    /// Appends events.
    pub(super) fn add_events(&self, events: &[Json]) -> Result<()> {
        let file = self.0.join("openlineage.ndjson");
        let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
        fs::create_dir_all(&self.0)
            .and_then(|()| OpenOptions::new().create(true).append(true).open(&file))
            .and_then(|mut file| file.write_all(lines.as_bytes()))
            .map_err(Error::file(&file, "cannot be written"))
    }
}
