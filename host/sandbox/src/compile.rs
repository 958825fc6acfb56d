//! Components, compiled ahead of time and stored on disk. A stored artefact is found by its inputs (the component's
//! bytes and the engine's own compatibility hash) and used only if it has the seal of this user's key, so that neither a
//! changed plugin nor another host version nor a damaged file nor one that somebody else made is ever run. Whatever cannot
//! be trusted, or kept, is compiled again.

use std::fs::{self, DirBuilder, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use wasmtime::Engine;
use wasmtime::component::Component;
use wmshost_flow::{Cancel, CompileLimits, Failure};

use crate::compiler::{Compiler, no_component};
use crate::component_file::ComponentFile;
use crate::engine::TickingEngine;
use crate::seal::{PRIVATE_FILE, PRIVATE_FOLDER, SealKey};
use crate::weigh::weigh;

const MAGIC: &[u8; 8] = b"wmsaot03";

/// The place where compiled components are kept, and their compiler.
#[derive(Debug, Clone)]
pub struct Cache {
    /// The folder of the components.
    pub folder: PathBuf,
    /// The file with the key that seals them, outside of that folder; `None` if nothing is kept.
    pub key: Option<PathBuf>,
    /// The compiler of those that are not there.
    pub compiler: Compiler,
}

impl Cache {
    /// A cache in a folder, with its key beside the folder: for a folder that nobody else can have filled.
    pub fn beside(folder: PathBuf) -> Self {
        let key = folder.with_extension("key");
        Self { folder, key: Some(key), compiler: Compiler::default() }
    }

    /// The same, filled by another compiler.
    #[must_use]
    pub fn compiling_by(self, compiler: Compiler) -> Self {
        Self { compiler, ..self }
    }

    /// The key; `None` if there is none that can be trusted.
    fn seal_key(&self) -> Option<SealKey> {
        let file = self.key.as_ref()?;
        SealKey::of(file)
            .inspect_err(|error| tracing::warn!("compiled plugins are not kept: {}: {error}", file.display()))
            .ok()
    }
}

/// The first eight bytes of every component, and of no core module.
const COMPONENT_HEADER: [u8; 8] = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];

/// Compiles a component and stores it in `cache`, or takes it from there. Failures do not name the file.
pub(crate) fn compile(
    ticking: &TickingEngine,
    file: &ComponentFile,
    cache: &Cache,
    limits: CompileLimits,
    cancel: &Cancel,
) -> Result<Component, Failure> {
    let engine = &ticking.engine;
    let wasm = file.bytes();
    if wasm.get(..8) != Some(&COMPONENT_HEADER) {
        let found = match wasm.get(..4) {
            Some(b"\0asm") => "a core wasm module",
            _ => "not WebAssembly",
        };
        return Err(no_component(format!("{found}, not a component"))
            .advise("Build it with `cargo build --target wasm32-wasip2`"));
    }
    let kept = kept_path(engine, &cache.folder, file.digest());
    let key = cache.seal_key();
    if let Some(component) = key.and_then(|key| load_kept(engine, &kept, key)) {
        return Ok(component);
    }
    weigh(wasm, limits.function_bytes)?;
    let artefact = cache.compiler.compile(ticking, file, limits, cancel)?;
    if let Some(Err(error)) = key.map(|key| keep(&kept, &artefact, key)) {
        tracing::warn!("compiled plugin not kept in {}: {error}", kept.display());
    }
    deserialize(engine, &artefact).map_err(|e| Failure::permanent(format!("{e:#}")))
}

fn kept_path(engine: &Engine, cache: &Path, digest: &str) -> PathBuf {
    let mut engine_mark = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut engine_mark);
    cache.join(format!("{digest}-{:016x}.aot", engine_mark.finish()))
}

/// The seal of an artefact: one of another component does not fit.
fn seal(kept: &Path, artefact: &[u8], key: SealKey) -> [u8; blake3::OUT_LEN] {
    key.seal(kept.file_name().unwrap_or_default().as_encoded_bytes(), artefact)
}

/// The stored artefact, if this user's host made it and it is undamaged.
fn load_kept(engine: &Engine, kept: &Path, key: SealKey) -> Option<Component> {
    let bytes = fs::read(kept).ok()?;
    let (magic, rest) = bytes.split_at_checked(MAGIC.len())?;
    let (digest, artefact) = rest.split_at_checked(blake3::OUT_LEN)?;
    let whole = magic == MAGIC && blake3::Hash::from(seal(kept, artefact, key)) == *digest;
    if !whole {
        tracing::warn!("kept plugin {} is damaged, or made by somebody else; compiling again", kept.display());
        return None;
    }
    deserialize(engine, artefact).ok()
}

#[expect(unsafe_code, reason = "the artefact was made for this call or has the seal of one that was")]
fn deserialize(engine: &Engine, artefact: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `deserialize` needs bytes that `precompile_component` made. They come straight from it, through
    // a pipe from a process of this program that called it on the same bytes, or from a file whose seal, of a key that only this user can read, proves that it is whole and of this component; wasmtime
    // checks version and config.
    unsafe { Component::deserialize(engine, artefact) }
}

/// Writes the artefact so that a reader sees all of it or nothing.
fn keep(kept: &Path, artefact: &[u8], key: SealKey) -> std::io::Result<()> {
    let folder = kept.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(folder)?;
    let nonce = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), std::process::id());
    let draft = kept.with_extension(format!("tmp{nonce:016x}"));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(PRIVATE_FILE).open(&draft)?;
    let written = file
        .write_all(MAGIC)
        .and_then(|()| file.write_all(&seal(kept, artefact, key)))
        .and_then(|()| file.write_all(artefact))
        .and_then(|()| fs::rename(&draft, kept));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}
