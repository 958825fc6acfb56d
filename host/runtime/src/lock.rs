//! `wmshost.lock`, a file beside pipeline files that belongs into version control: for each plugin of a pipeline the digest of
//! its component, its contract, and a digest of its grants, and the toolchain that looked at them. Where there is such a file,
//! a component that differs from it is not compiled, and a pipeline that grants something else does not run, until a person
//! has accepted the difference.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use wmshost_flow::{Failure, check_is_file};
use wmshost_pipeline::{Checked, Resolved};
use wmshost_sandbox::{CONTRACT_VERSION, ComponentFile, WASMTIME_VERSION};

use crate::error::{Error, Result};
use crate::files::write_document;
use crate::grants::{Grants, PluginGrants, grants};
use crate::plugin_registry::{Locked, PluginRegistry, named_digest};
use crate::signature::signer;

/// The name of the file.
const FILE: &str = "wmshost.lock";
/// The largest file, in bytes.
const MOST_BYTES: u64 = 16 << 20;

/// The file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The pipelines, by name.
    pub pipelines: BTreeMap<String, LockedPipeline>,
}

/// A pipeline in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPipeline {
    /// The host, the contract and the engine that looked at the plugins; a later host may run them.
    pub toolchain: Toolchain,
    /// The plugins, by their names in the pipeline.
    pub plugins: BTreeMap<String, LockedPlugin>,
}

/// A host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Toolchain {
    /// The version of the host.
    pub wmshost: String,
    /// The newest version of the contract that it knows.
    pub contract: String,
    /// The version of its engine.
    pub wasmtime: String,
}

/// A plugin in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPlugin {
    /// The digest of its component.
    pub digest: String,
    /// The version that it states.
    pub version: String,
    /// The version of the contract that it was built for.
    pub contract: String,
    /// The public key that it is signed by, where the pipeline has `require_signed`.
    pub signer: Option<String>,
    /// The interfaces that it imports.
    pub imports: Vec<String>,
    /// Its grants, by stream; those of a plugin of models under an empty name.
    pub grants: BTreeMap<String, Grants>,
}

impl LockedPipeline {
    /// Returns a digest of the components with their signers and grants, by which a person accepts them. The rest follows
    /// from the components, and is not known before they are compiled.
    pub fn hash(&self) -> String {
        let accepted = |(name, plugin)| {
            let LockedPlugin { digest, signer, grants, .. }: &LockedPlugin = plugin;
            (name, (digest, signer, grants))
        };
        let plugins: BTreeMap<&String, _> = self.plugins.iter().map(accepted).collect();
        let text = serde_json::to_string(&plugins).unwrap_or_default();
        blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
    }

    /// Returns the differences to a later entry, in words.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut found = Vec::new();
        for (name, plugin) in &now.plugins {
            match self.plugins.get(name) {
                None => found.push(format!("{name} is new: {}", plugin.digest)),
                Some(before) => found.extend(before.differences(name, plugin)),
            }
        }
        let gone = self.plugins.keys().filter(|name| !now.plugins.contains_key(*name));
        found.extend(gone.map(|name| format!("{name} is no longer used")));
        found
    }
}

impl LockedPlugin {
    fn differences(&self, name: &str, now: &Self) -> Vec<String> {
        let mut found = Vec::new();
        if self.digest != now.digest {
            found.push(format!("{name}: {} {} → {} {}", self.version, self.digest, now.version, now.digest));
        }
        if self.signer != now.signer {
            let key = |signer: &Option<String>| signer.clone().unwrap_or_else(|| "nobody".to_owned());
            found.push(format!("{name}: signed by {} → {}", key(&self.signer), key(&now.signer)));
        }
        let added: Vec<&str> =
            now.imports.iter().filter(|import| !self.imports.contains(import)).map(String::as_str).collect();
        if !added.is_empty() {
            found.push(format!("{name}: it imports {} now", added.join(", ")));
        }
        for (stream, granted) in &now.grants {
            // A transform sees and changes the rows of a stream by no further grant.
            if !self.grants.contains_key(stream) {
                found.push(format!("{stream}: {name} is used now"));
            }
            let before = self.grants.get(stream).map(Grants::in_words).unwrap_or_default();
            let now = granted.in_words();
            let more = now.iter().filter(|words| !before.contains(words));
            found.extend(more.map(|words| format!("{stream}: + {name} may {words}")));
            let less = before.iter().filter(|words| !now.contains(words));
            found.extend(less.map(|words| format!("{stream}: - {name} may {words}")));
        }
        let gone = self.grants.keys().filter(|stream| !now.grants.contains_key(*stream));
        found.extend(gone.map(|stream| format!("{stream}: {name} is no longer used")));
        found
    }
}

/// Returns the file beside a pipeline file.
pub fn lock_file(pipeline: &Path) -> PathBuf {
    pipeline.with_file_name(FILE)
}

/// True if there is anything of the file's name beside a pipeline file, even if it cannot be read.
pub(crate) fn is_locked(pipeline: &Path) -> bool {
    let found = fs::symlink_metadata(lock_file(pipeline));
    !found.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

/// Reads the file beside a pipeline file; `None` if there is none.
pub fn read_lock(pipeline: &Path) -> Result<Option<Lock>> {
    let file = lock_file(pipeline);
    if !is_locked(pipeline) {
        return Ok(None);
    }
    check_is_file(&file).map_err(Error::file(&file, "cannot be read"))?;
    let bytes = file.metadata().map_or(0, |described| described.len());
    if bytes > MOST_BYTES {
        return Err(Failure::limit("bytes of wmshost.lock", MOST_BYTES, bytes).into());
    }
    let text = fs::read_to_string(&file).map_err(Error::file(&file, "cannot be read"))?;
    let lock = serde_json::from_str(&text).map_err(|error| {
        Failure::invalid_config(format!("{}: it is no lock: {error}", file.display()))
            .advise("restore it, or remove it and write it again by `wmshost lock`")
    })?;
    Ok(Some(lock))
}

/// Writes the file beside a pipeline file, whole or not at all.
pub fn write_lock(pipeline: &Path, lock: &Lock) -> Result<()> {
    write_document(&lock_file(pipeline), lock)
}

/// Returns the entry of a pipeline as it is now.
pub fn entry_of(pipeline: &Checked, registry: &PluginRegistry) -> Result<LockedPipeline> {
    let streams = pipeline.streams.iter().flat_map(|stream| stream.stages());
    let stages = streams.chain(pipeline.models.iter().flat_map(|models| &models.plugins));
    let all = grants(pipeline);
    let mut plugins = BTreeMap::new();
    for stage in stages {
        if plugins.contains_key(&stage.plugin) {
            continue;
        }
        let plugin = registry.plugin(&stage.plugin, &stage.path)?;
        let of_plugin = |of: &&PluginGrants| of.plugin == stage.plugin;
        let grants = all.iter().filter(of_plugin);
        let grants = grants.map(|of| (of.stream.clone().unwrap_or_default(), of.grants.clone())).collect();
        let locked = LockedPlugin {
            digest: named_digest(&plugin.digest),
            version: stage.version.clone(),
            contract: plugin.contract.clone(),
            signer: signer_of(&registry.component(&stage.path)?, &pipeline.signers)?,
            imports: plugin.imports.clone(),
            grants,
        };
        plugins.insert(stage.plugin.clone(), locked);
    }
    let toolchain = Toolchain {
        wmshost: env!("CARGO_PKG_VERSION").to_owned(),
        contract: CONTRACT_VERSION.to_owned(),
        wasmtime: WASMTIME_VERSION.to_owned(),
    };
    Ok(LockedPipeline { toolchain, plugins })
}

/// Returns the key of `require_signed` that a component is signed by; `None` if it need not be signed.
fn signer_of(component: &ComponentFile, keys: &[String]) -> Result<Option<String>> {
    if keys.is_empty() {
        return Ok(None);
    }
    Ok(Some(signer(component, keys).map_err(Failure::denied)?.clone()))
}

/// Has the registry hold the components of a pipeline to its lock, if there is one, before anything in them is compiled.
pub(crate) fn hold(file: &Path, resolved: &Resolved, registry: &PluginRegistry) -> Result<Option<LockedPipeline>> {
    registry.hold_to(Locked::default());
    let Some(lock) = read_lock(file)? else { return Ok(None) };
    let Some(locked) = lock.pipelines.get(&resolved.name).cloned() else {
        return Err(Failure::invalid_config(format!(
            "{}: it lacks the pipeline {}",
            lock_file(file).display(),
            resolved.name
        ))
        .advise(format!("write it by `wmshost lock {}`", file.display()))
        .into());
    };
    let (mut digests, mut now) = (BTreeMap::new(), locked.clone());
    for (label, plugin) in resolved.plugin_files() {
        let Ok(path) = registry.file(&plugin) else { continue };
        if let (Some(plugin), Ok(found)) = (now.plugins.get_mut(&label), registry.component(&path)) {
            plugin.digest = named_digest(found.digest());
        }
        digests.insert(path, locked.plugins.get(&label).map(|plugin| plugin.digest.clone()));
    }
    let file = file.display();
    let mut advice = format!("restore the component, or look at what changes by `wmshost lock {file}`");
    let used: BTreeSet<String> = resolved.used_plugins().collect();
    now.plugins.retain(|label, _| used.contains(label));
    // The grants of a plugin that is new are not known yet.
    if now.plugins.len() == used.len() {
        advice += &format!(", and once you agree `wmshost lock {file} --accept {}`", now.hash());
    }
    registry.hold_to(Locked { digests, advice });
    Ok(Some(locked))
}

/// Fails if a pipeline differs from its lock.
pub(crate) fn require(pipeline: &Checked, registry: &PluginRegistry, locked: &LockedPipeline) -> Result<()> {
    let now = entry_of(pipeline, registry)?;
    let differences = locked.differences(&now);
    if differences.is_empty() {
        return Ok(());
    }
    let file = pipeline.file.display();
    let message = format!("{file} differs from {FILE}:\n  {}", differences.join("\n  "));
    Err(Failure::invalid_config(message)
        .advise(format!("once you agree, `wmshost lock {file} --accept {}`", now.hash()))
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin(digest: &str, imports: &[&str], services: &[(&str, &str)]) -> LockedPlugin {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let grants = |service: &str| Grants { service: Some(service.to_owned()), ..Grants::default() };
        LockedPlugin {
            digest: digest.to_owned(),
            version: "1".to_owned(),
            contract: "0.1.0".to_owned(),
            signer: None,
            imports: texts(imports),
            grants: services.iter().map(|(stream, service)| ((*stream).to_owned(), grants(service))).collect(),
        }
    }

    fn pipeline(plugins: &[(&str, LockedPlugin)]) -> LockedPipeline {
        let toolchain = Toolchain { wmshost: "1".into(), contract: "1".into(), wasmtime: "1".into() };
        LockedPipeline {
            toolchain,
            plugins: plugins.iter().map(|(name, of)| ((*name).to_owned(), of.clone())).collect(),
        }
    }

    #[test]
    fn every_difference_is_named() {
        let before = pipeline(&[("a", plugin("x", &["log"], &[("s", "t")])), ("b", plugin("z", &[], &[]))]);
        let now = pipeline(&[
            ("a", plugin("y", &["log", "source"], &[("s", "u"), ("t", "u")])),
            ("c", plugin("w", &[], &[])),
        ]);
        assert_eq!(
            before.differences(&now),
            [
                "a: 1 x → 1 y",
                "a: it imports source now",
                "s: + a may send requests to u",
                "s: - a may send requests to t",
                "t: a is used now",
                "t: + a may send requests to u",
                "c is new: w",
                "b is no longer used"
            ]
        );
        assert!(before.differences(&before).is_empty());
        assert!(before.hash() != now.hash());
        let mut upgraded = before.clone();
        upgraded.plugins.insert("a".to_owned(), plugin("y", &["log", "source"], &[("s", "t")]));
        let mut found = before.clone();
        found.plugins.get_mut("a").unwrap().digest = "y".to_owned();
        assert_eq!(found.hash(), upgraded.hash(), "it follows from the component alone");
        let other = LockedPipeline {
            toolchain: Toolchain { wmshost: "2".into(), ..before.toolchain.clone() },
            ..before.clone()
        };
        assert_eq!(before.hash(), other.hash());
    }
}
