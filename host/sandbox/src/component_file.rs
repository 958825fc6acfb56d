//! The bytes of a component, read once: what is looked at, held to a lock or a signature, and compiled are the same
//! bytes, whatever happens to the file meanwhile.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wmshost_flow::{Failure, FailureCause, check_is_file};

use crate::weigh::COMPONENT_BYTES;

/// The bytes of a component with the file that they came from.
#[derive(Debug, Clone)]
pub struct ComponentFile {
    path: PathBuf,
    bytes: Arc<[u8]>,
    digest: String,
}

impl ComponentFile {
    /// Reads a file of at most [`COMPONENT_BYTES`]. Failures do not name the file.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let read = || {
            // Opening a pipe would wait for its other end.
            check_is_file(path)?;
            let mut bytes = Vec::new();
            File::open(path)?.take(COMPONENT_BYTES + 1).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let bytes: Vec<u8> = read().map_err(|error: std::io::Error| {
            Failure::invalid_config(format!("the plugin cannot be read: {error}"))
                .advise("Build the plugins (`make plugins`) or correct its path")
                .caused_by(FailureCause::Io(error.kind()))
        })?;
        if bytes.len() as u64 > COMPONENT_BYTES {
            let found = path.metadata().map_or(0, |described| described.len()).max(bytes.len() as u64);
            return Err(Failure::limit("component_bytes", COMPONENT_BYTES, found));
        }
        let digest = blake3::hash(&bytes).to_hex().to_string();
        Ok(Self { path: path.to_owned(), bytes: bytes.into(), digest })
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the digest of the bytes (BLAKE3), in hex.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}
