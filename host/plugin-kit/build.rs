//! Puts the contract and the SDK's source into the program, so that `wmshost plugin new` needs neither this repository nor a
//! network.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The files and folders of a new project's SDK, from the root of the repository.
const PARTS: [&str; 12] = [
    "wit",
    "plugins/sdk/Cargo.toml",
    "plugins/sdk/src",
    "plugins/sdk/testing/Cargo.toml",
    "plugins/sdk/testing/src",
    "plugins/sdk/worlds/capabilities",
    "plugins/sdk/worlds/extractor",
    "plugins/sdk/worlds/transform",
    "plugins/sdk/worlds/loader",
    "plugins/sdk/worlds/models",
    "plugins/sdk/javascript",
    "plugins/sdk/python",
];

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let mut files = Vec::new();
    for part in PARTS {
        println!("cargo::rerun-if-changed={}", root.join(part).display());
        collect(&root.join(part), &mut files)?;
    }
    println!("cargo::rerun-if-changed={}", root.join("plugins/Cargo.toml").display());
    files.sort();
    let mut list = String::from("&[\n");
    for file in &files {
        let name = file.strip_prefix(&root).map_err(io::Error::other)?.to_string_lossy().replace('\\', "/");
        let _ = writeln!(list, "    ({name:?}, include_str!({:?})),", file.display().to_string());
    }
    list.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("sdk.rs"), list)?;
    fs::copy(root.join("plugins/Cargo.toml"), out.join("plugins.toml")).map(drop)
}

/// The text files below a path.
fn collect(path: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_file() {
        let is_text = path
            .extension()
            .is_some_and(|ending| ["rs", "wit", "toml", "md", "js", "py"].iter().any(|known| ending == *known));
        found.extend(is_text.then(|| path.to_owned()));
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?.path();
        if !entry.ends_with("target") && !entry.ends_with("tests") {
            collect(&entry, found)?;
        }
    }
    Ok(())
}
