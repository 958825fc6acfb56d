//! The measurements of a web service, kept in a file for each label: a tenant answers many requests slowly, and its ways
//! seldom change.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use wmshost_flow::Micros;

use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::files::write_document;

/// A measurement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The subject.
    pub subject: String,
    /// The finding, in words.
    pub found: String,
}

/// The measurements of a web service, with what they were taken of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Measurements {
    /// The service's address and the way to sign in, without secrets.
    service: String,
    /// The version of its API.
    version: String,
    /// The entities that were measured.
    entities: Vec<String>,
    /// The time at which they were taken, in microseconds since 1970-01-01 in UTC.
    pub(super) taken_at: Micros,
    /// The findings, in the order in which they are shown.
    pub(super) findings: Vec<Finding>,
}

/// The file for the measurements of these entities of a service, under a label.
pub(super) struct MeasurementsFile {
    path: PathBuf,
    /// The measurements to write, without findings.
    empty: Measurements,
}

impl MeasurementsFile {
    /// The file for a label. Another address, version or list of entities has another file, so that pipelines may use one
    /// label for different services.
    pub(super) fn of(label: &str, service: String, version: &str, entities: &BTreeSet<&str>) -> Self {
        let mut hasher = DefaultHasher::new();
        (label, &service, version, entities).hash(&mut hasher);
        let path = DataDir::find().measurements().join(format!("{:016x}.json", hasher.finish()));
        let entities = entities.iter().map(|entity| (*entity).to_owned()).collect();
        let version = version.to_owned();
        Self { path, empty: Measurements { service, version, entities, taken_at: 0, findings: Vec::new() } }
    }

    /// Returns what was measured earlier, if there is such a file and it is whole.
    pub(super) fn read(&self) -> Option<Measurements> {
        let kept: Measurements = serde_json::from_slice(&fs::read(&self.path).ok()?).ok()?;
        let is_of_the_same = (&kept.service, &kept.version, &kept.entities)
            == (&self.empty.service, &self.empty.version, &self.empty.entities);
        is_of_the_same.then_some(kept)
    }

    /// Keeps findings. A file that cannot be written costs no more than another measurement.
    pub(super) fn write(&self, taken_at: Micros, findings: Vec<Finding>) -> Measurements {
        let measurements = Measurements { taken_at, findings, ..self.empty.clone() };
        if let Err(error) = write_private(&self.path, &measurements) {
            tracing::warn!("the measurements of a web service cannot be kept: {error}");
        }
        measurements
    }
}

/// Writes a document into a folder that is for its owner alone.
fn write_private(path: &Path, document: &impl Serialize) -> Result<()> {
    if let Some(folder) = path.parent() {
        DataDir::make_private(folder).map_err(Error::file(folder, "cannot be created"))?;
    }
    write_document(path, document)
}
