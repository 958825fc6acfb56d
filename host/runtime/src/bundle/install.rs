//! Installing a bundle: everything in it is checked before a file of the folder is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use wmshost_flow::{Failure, check_is_file};
use wmshost_sandbox::ComponentFile;

use super::{BundleManifest, BundledPlugin, FORMAT, LOCK, MANIFEST, PLUGINS, SBOM, entry_of};
use crate::error::{Error, Result};
use crate::plugin_registry::named_digest;
use crate::runtime::Runtime;
use crate::signature::{signature_file, signer};

/// The most entries of a bundle.
const MOST_ENTRIES: usize = 1_000;
/// The most bytes of an entry: more than any component may have.
const MOST_BYTES: u64 = 64 << 20;
/// The most bytes of an entry that is no component.
const MOST_TEXT: u64 = 16 << 20;

/// A plugin after its bundle was installed.
#[derive(Debug, Clone)]
pub struct Installed {
    /// Its name, by which pipelines name it without a path.
    pub name: String,
    /// The plugin in the bundle.
    pub plugin: BundledPlugin,
    /// The public key that has signed it, among those that were demanded.
    pub signer: Option<String>,
    /// The file.
    pub file: PathBuf,
    /// True if the same component was there before.
    pub is_unchanged: bool,
}

/// Installs the plugins of a bundle into a folder. With `keys`, each of them has to be signed by one of these. Another
/// component of the same name is only replaced with `replaces`. If anything is wrong, nothing is installed.
pub fn install(
    runtime: &Runtime,
    bundle: &Path,
    folder: &Path,
    keys: &[String],
    replaces: bool,
) -> Result<Vec<Installed>> {
    fs::create_dir_all(folder).map_err(Error::file(folder, "cannot be made"))?;
    let staging = tempfile::Builder::new().prefix(".wmshost-bundle-").tempdir_in(folder);
    let staging = staging.map_err(Error::file(folder, "cannot be written"))?;
    let manifest = unpack(bundle, staging.path())?;
    let place = |problem: String| Failure::denied(format!("{}: {problem}", bundle.display()));
    let registry = runtime.registry()?;
    let mut installed = Vec::new();
    for (name, plugin) in manifest.plugins {
        let file = staging.path().join(entry_of(&name));
        let component = ComponentFile::read(&file).map_err(|failure| place(format!("plugin {name}: {failure}")))?;
        let found = named_digest(component.digest());
        if found != plugin.digest {
            let why = format!("plugin {name} has the digest {found}, and {} by the manifest", plugin.digest);
            return Err(place(why).advise("take the bundle from its maker again").into());
        }
        let signer = match keys {
            [] => None,
            keys => Some(signer(&component, keys).map_err(|why| place(format!("plugin {name}: {why}")))?.clone()),
        };
        // None of its code runs before this.
        registry.plugin(&name, &file)?.describe()?;
        let to = folder.join(format!("{name}.wasm"));
        let there = ComponentFile::read(&to).ok().map(|there| named_digest(there.digest()));
        let is_unchanged = there.as_deref() == Some(&plugin.digest);
        if to.symlink_metadata().is_ok() && !is_unchanged && !replaces {
            let message = format!("{} is another component than the bundle's", to.display());
            return Err(Failure::invalid_config(message).advise("look at it, and replace it by --replace").into());
        }
        installed.push(Installed { name, plugin, signer, file: to, is_unchanged });
    }
    for plugin in &installed {
        let from = staging.path().join(entry_of(&plugin.name));
        // The signature first: a component without it is refused where one is demanded, and never the other way around.
        let (signature, to) = (signature_file(&from), signature_file(&plugin.file));
        if signature.is_file() {
            fs::rename(&signature, &to).map_err(Error::file(&to, "cannot be written"))?;
        }
        fs::rename(&from, &plugin.file).map_err(Error::file(&plugin.file, "cannot be written"))?;
    }
    Ok(installed)
}

/// Unpacks the entries of a bundle that its manifest names, and no others, into a folder.
pub fn unpack(bundle: &Path, folder: &Path) -> Result<BundleManifest> {
    let unreadable = || Error::file(bundle, "cannot be read");
    check_is_file(bundle).map_err(unreadable())?;
    let mut archive = tar::Archive::new(File::open(bundle).map_err(unreadable())?);
    let wrong = |why: &str| {
        Failure::invalid_config(format!("{}: {why}", bundle.display()))
            .advise("it is no bundle of `wmshost plugin bundle`, or a damaged one")
    };
    fs::create_dir_all(folder.join(PLUGINS)).map_err(Error::file(folder, "cannot be written"))?;
    let mut entries = archive.entries().map_err(unreadable())?;
    let first = entries.next().ok_or_else(|| wrong("it is empty"))?;
    let (name, content) = read(first.map_err(|_| wrong("it is no archive"))?, MOST_TEXT).map_err(|why| wrong(&why))?;
    if name != MANIFEST {
        return Err(wrong(&format!("its first entry is not {MANIFEST}")).into());
    }
    let manifest: BundleManifest =
        serde_json::from_slice(&content).map_err(|error| wrong(&format!("{MANIFEST}: {error}")))?;
    if manifest.format != FORMAT {
        return Err(wrong(&format!("it has the format {}, this host knows {FORMAT}", manifest.format)).into());
    }
    let mut expected = expected(&manifest.plugins).map_err(|why| wrong(&why))?;
    for entry in entries.take(MOST_ENTRIES) {
        let (name, content) =
            read(entry.map_err(|_| wrong("it is cut off"))?, MOST_BYTES).map_err(|why| wrong(&why))?;
        if [LOCK, SBOM].contains(&name.as_str()) {
            continue;
        }
        if !expected.remove(&name) {
            return Err(wrong(&format!("it has an entry {name:?} that its manifest does not name")).into());
        }
        let to = folder.join(&name);
        fs::write(&to, content).map_err(Error::file(&to, "cannot be written"))?;
    }
    match expected.first() {
        Some(missing) => Err(wrong(&format!("it lacks {missing}")).into()),
        None => Ok(manifest),
    }
}

/// The names of the entries of these plugins.
fn expected(plugins: &BTreeMap<String, BundledPlugin>) -> std::result::Result<BTreeSet<String>, String> {
    let mut expected = BTreeSet::new();
    for (name, plugin) in plugins {
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if name.is_empty() || name.len() > 64 || !is_plain {
            return Err(format!("{name:?} is not the name of a plugin"));
        }
        let entry = entry_of(name);
        if plugin.is_signed {
            expected.insert(signature_file(&entry).display().to_string());
        }
        expected.insert(entry.display().to_string());
    }
    Ok(expected)
}

/// The name and the content of an entry, which has to be a plain file.
fn read(entry: tar::Entry<'_, File>, most: u64) -> std::result::Result<(String, Vec<u8>), String> {
    let name =
        String::from_utf8(entry.path_bytes().into_owned()).map_err(|_| "an entry's name is no text".to_owned())?;
    if entry.header().entry_type() != tar::EntryType::Regular {
        return Err(format!("its entry {name:?} is not a plain file"));
    }
    if entry.size() > most {
        return Err(format!("its entry {name:?} has {} bytes, {most} may be", entry.size()));
    }
    let mut content = Vec::new();
    entry.take(most).read_to_end(&mut content).map_err(|_| format!("its entry {name:?} is cut off"))?;
    Ok((name, content))
}
