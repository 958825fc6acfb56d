//! The bytes of a component, read once: what is looked at, held to a lock or a signature, and compiled are the same
//! bytes, whatever happens to the file meanwhile.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wasmtime_environ::wasmparser::{KnownCustom, Parser, Payload};
use wmshost_flow::{Failure, FailureCause, check_is_file};

use crate::weigh::COMPONENT_BYTES;

/// The bytes of a component with the file that they came from.
#[derive(Debug, Clone)]
pub struct ComponentFile {
    path: PathBuf,
    bytes: Arc<[u8]>,
    hash: blake3::Hash,
    digest: String,
}

impl ComponentFile {
    /// Reads a file of at most 32 MiB. Failures do not name the file.
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
        Ok(Self::of_bytes(path.to_owned(), bytes))
    }

    /// These bytes, which are in no file yet.
    pub fn of_bytes(path: PathBuf, bytes: Vec<u8>) -> Self {
        let hash = blake3::hash(&bytes);
        Self { path, bytes: bytes.into(), hash, digest: hash.to_hex().to_string() }
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the tools that the component, or a module in it, says it was made by: pairs of a field, such as `language`
    /// or `processed-by`, and the tool with its version, each once.
    pub fn producers(&self) -> Vec<(String, String)> {
        let mut found = BTreeSet::new();
        for payload in Parser::new(0).parse_all(&self.bytes).map_while(Result::ok) {
            let Payload::CustomSection(section) = payload else { continue };
            let KnownCustom::Producers(fields) = section.as_known() else { continue };
            for field in fields.into_iter().map_while(Result::ok) {
                for tool in field.values.into_iter().map_while(Result::ok) {
                    found.insert((field.name.to_owned(), format!("{} {}", tool.name, tool.version).trim().to_owned()));
                }
            }
        }
        found.into_iter().collect()
    }

    /// Returns the digest of the bytes.
    pub(crate) fn hash(&self) -> &[u8; blake3::OUT_LEN] {
        self.hash.as_bytes()
    }

    /// Returns the digest of the bytes (BLAKE3), in hex.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}
