//! Bundles: the plugins of a pipeline in one archive, with what is needed to trust them in a network without internet. A
//! bundle is a tar file of
//!
//! | entry | content |
//! |---|---|
//! | `bundle.json` | the [`BundleManifest`]: each plugin with its file and digest; always the first entry |
//! | `plugins/` and a name | the component of each plugin, `.wasm`, and its signature, `.wasm.minisig`, if it has one |
//! | `wmshost.lock` | the lock of the pipeline, if it has one |
//! | `sbom.cdx.json` | the software bill of materials, in CycloneDX's format |
//!
//! The same plugins make the same bytes: entries are ordered, and have neither times nor owners.

mod install;
mod sbom;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wmshost_flow::Failure;
use wmshost_sandbox::CONTRACT_VERSION;

use crate::error::{Error, Result};
use crate::lock::lock_file;
use crate::plugin_registry::{PluginRegistry, named_digest};
use crate::runtime::Runtime;
use crate::signature::signature_file;

pub use install::{Installed, install, unpack};

/// The names of the entries.
const MANIFEST: &str = "bundle.json";
const PLUGINS: &str = "plugins";
const LOCK: &str = "wmshost.lock";
const SBOM: &str = "sbom.cdx.json";

/// The format of bundles.
const FORMAT: u32 = 1;

/// The contents of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BundleManifest {
    /// The format of the bundle: 1.
    pub format: u32,
    /// The pipeline whose plugins these are.
    pub pipeline: String,
    /// The version of the host that made the bundle.
    pub wmshost: String,
    /// The newest version of the contract that it knew.
    pub contract: String,
    /// The plugins, by their names in the pipeline.
    pub plugins: BTreeMap<String, BundledPlugin>,
}

/// A plugin in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BundledPlugin {
    /// Its own name.
    pub name: String,
    /// The version that it states.
    pub version: String,
    /// Its world.
    pub world: String,
    /// The version of the contract that it was built for.
    pub contract: String,
    /// The digest of its component: `blake3:` and 64 hexadecimal digits.
    pub digest: String,
    /// The size of its component, in bytes.
    pub bytes: u64,
    /// True if the bundle has a signature of it.
    pub is_signed: bool,
}

/// Bundles the plugins of a pipeline, which its lock and its `require_signed` hold to; replaces the file `to`. Returns the
/// manifest.
pub fn bundle(runtime: &Runtime, pipeline: &Path, to: &Path) -> Result<BundleManifest> {
    let registry = runtime.registry()?;
    let resolved = runtime.held(pipeline, &registry)?;
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut manifest = BundleManifest {
        format: FORMAT,
        pipeline: resolved.name.clone(),
        wmshost: env!("CARGO_PKG_VERSION").to_owned(),
        contract: CONTRACT_VERSION.to_owned(),
        plugins: BTreeMap::new(),
    };
    let mut bill = sbom::Bill::of(&resolved.name);
    for (label, plugin) in resolved.plugin_files() {
        let path = registry.file(&plugin)?;
        let bundled = bundled(&registry, &label, &path, &mut bill)?;
        let entry = entry_of(&label);
        if bundled.is_signed {
            let signature = signature_file(&path);
            let text = fs::read(&signature).map_err(Error::file(&signature, "cannot be read"))?;
            files.insert(signature_file(&entry).display().to_string(), text);
        }
        files.insert(entry.display().to_string(), registry.component(&path)?.bytes().to_vec());
        manifest.plugins.insert(label, bundled);
    }
    let lock = lock_file(pipeline);
    if lock.is_file() {
        files.insert(LOCK.to_owned(), fs::read(&lock).map_err(Error::file(&lock, "cannot be read"))?);
    }
    files.insert(SBOM.to_owned(), json(&bill)?);
    write(to, &json(&manifest)?, &files).map_err(Error::file(to, "cannot be written"))?;
    Ok(manifest)
}

fn bundled(registry: &PluginRegistry, label: &str, path: &Path, bill: &mut sbom::Bill) -> Result<BundledPlugin> {
    let plugin = registry.plugin(label, path)?;
    let description = plugin.describe()?;
    let component = registry.component(path)?;
    bill.add(label, &plugin, &description, &component);
    Ok(BundledPlugin {
        name: description.name,
        version: description.version,
        world: plugin.world.to_string(),
        contract: plugin.contract.clone(),
        digest: named_digest(component.digest()),
        bytes: component.bytes().len() as u64,
        is_signed: signature_file(path).is_file(),
    })
}

/// The name of a component's entry.
fn entry_of(label: &str) -> PathBuf {
    Path::new(PLUGINS).join(format!("{label}.wasm"))
}

fn json(document: &impl Serialize) -> Result<Vec<u8>> {
    let text = serde_json::to_vec_pretty(document);
    Ok(text.map_err(|error| Failure::permanent(format!("a document of the bundle cannot be written: {error}")))?)
}

/// Writes the archive, whole or not at all.
fn write(to: &Path, manifest: &[u8], files: &BTreeMap<String, Vec<u8>>) -> std::io::Result<()> {
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let draft = tempfile::Builder::new().permissions(readable()).tempfile_in(folder)?;
    let mut archive = tar::Builder::new(draft);
    let first = [(MANIFEST, manifest)].into_iter();
    for (name, content) in first.chain(files.iter().map(|(name, content)| (name.as_str(), content.as_slice()))) {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, content)?;
    }
    archive.into_inner()?.persist(to)?;
    Ok(())
}

/// The rights of a file that everybody may read, as far as the umask allows.
fn readable() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}
