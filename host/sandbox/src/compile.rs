//! Components, compiled ahead of time and stored on disk. A stored artefact is found by its inputs (the component's
//! bytes and the engine's own compatibility hash) and used only if its digest is right, so that neither a changed
//! plugin nor another host version nor a damaged file is ever run.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use wasmtime::Engine;
use wasmtime::component::Component;
use wmshost_flow::{Failure, FailureCause, WasmError, check_is_file};

const MAGIC: &[u8; 8] = b"wmsaot02";

/// A compiled component and what identifies it.
pub(crate) struct Compiled {
    pub(crate) component: Component,
    /// The digest of the component's bytes, in hex.
    pub(crate) digest: String,
}

/// The first eight bytes of every component, and of no core module.
const COMPONENT_HEADER: [u8; 8] = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];

/// Reads, compiles and stores the component in `file`; `cache` is the folder to store it in. Failures do not name the file.
pub(crate) fn compile(engine: &Engine, file: &Path, cache: &Path) -> Result<Compiled, Failure> {
    let wasm = check_is_file(file).and_then(|()| fs::read(file)).map_err(|e| {
        Failure::invalid_config(format!("the plugin cannot be read: {e}"))
            .advise("Build the plugins (`make plugins`) or correct its path")
            .caused_by(FailureCause::Io(e.kind()))
    })?;
    if wasm.get(..8) != Some(&COMPONENT_HEADER) {
        let found = match wasm.get(..4) {
            Some(b"\0asm") => "a core wasm module",
            _ => "not WebAssembly",
        };
        return Err(no_component(format!("{found}, not a component"))
            .advise("Build it with `cargo build --target wasm32-wasip2`"));
    }
    let digest = blake3::hash(&wasm).to_hex().to_string();
    let kept = kept_path(engine, cache, &digest);
    if let Some(component) = load_kept(engine, &kept) {
        return Ok(Compiled { component, digest });
    }
    let artefact =
        engine.precompile_component(&wasm).map_err(|e| no_component(format!("not a valid component: {e:#}")))?;
    if let Err(error) = keep(&kept, &artefact) {
        tracing::warn!("compiled plugin not kept in {}: {error}", kept.display());
    }
    let component = deserialize(engine, &artefact).map_err(|e| Failure::permanent(format!("{e:#}")))?;
    Ok(Compiled { component, digest })
}

fn no_component(why: String) -> Failure {
    Failure::invalid_config(why).caused_by(FailureCause::Wasm(WasmError::NotAComponent))
}

fn kept_path(engine: &Engine, cache: &Path, digest: &str) -> PathBuf {
    let mut engine_mark = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut engine_mark);
    cache.join(format!("{digest}-{:016x}.aot", engine_mark.finish()))
}

/// A digest over the artefact and the name of its file, which identifies component and engine: an artefact of another
/// component does not fit.
fn seal(kept: &Path, artefact: &[u8]) -> [u8; blake3::OUT_LEN] {
    let name = kept.file_name().unwrap_or_default().as_encoded_bytes();
    *blake3::Hasher::new().update(name).update(artefact).finalize().as_bytes()
}

/// The stored artefact, if it is undamaged.
fn load_kept(engine: &Engine, kept: &Path) -> Option<Component> {
    let bytes = fs::read(kept).ok()?;
    let (magic, rest) = bytes.split_at_checked(MAGIC.len())?;
    let (digest, artefact) = rest.split_at_checked(blake3::OUT_LEN)?;
    let whole = magic == MAGIC && seal(kept, artefact) == digest;
    if !whole {
        tracing::warn!("kept plugin {} is damaged; compiling again", kept.display());
        return None;
    }
    deserialize(engine, artefact).ok()
}

#[expect(unsafe_code, reason = "the artefact was made by this engine or has the digest of one that was")]
fn deserialize(engine: &Engine, artefact: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `deserialize` needs bytes that `precompile_component` made. They come straight from it, or from
    // a file in the host's own folder whose digest proves that it is whole and of this component; wasmtime checks
    // version and config.
    unsafe { Component::deserialize(engine, artefact) }
}

/// Writes the artefact so that a reader sees all of it or nothing.
fn keep(kept: &Path, artefact: &[u8]) -> std::io::Result<()> {
    let folder = kept.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let draft = kept.with_extension(format!("tmp{}", std::process::id()));
    let mut file = fs::File::create(&draft)?;
    let written = file
        .write_all(MAGIC)
        .and_then(|()| file.write_all(&seal(kept, artefact)))
        .and_then(|()| file.write_all(artefact))
        .and_then(|()| fs::rename(&draft, kept));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}
