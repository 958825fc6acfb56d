//! The SDK as the program carries it: its source and the contract, and the digests by which a project's copy is recognised.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// The files, by their paths in the repository.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sdk.rs"));
/// The manifest of the repository's plugins, of which the SDK's is a part.
const PLUGINS: &str = include_str!(concat!(env!("OUT_DIR"), "/plugins.toml"));

/// The folder of a project that has the SDK.
pub(crate) const FOLDER: &str = "vendor/wmshost";

/// The manifest of the workspace that the SDK's crates are members of, without our plugins.
fn workspace() -> String {
    let is_ours = |line: &&str| {
        !["members =", "default-members =", "wit-bindgen =", "# "].iter().any(|start| line.starts_with(start))
    };
    let kept: Vec<_> = PLUGINS.lines().filter(is_ours).collect();
    let end = kept.iter().position(|line| line.starts_with("[profile.")).unwrap_or(kept.len());
    let members = "members = [\"sdk\", \"sdk/testing\", \"sdk/worlds/*\"]";
    kept[..end].join("\n").replacen("[workspace]", &format!("[workspace]\n{members}"), 1) + "\n"
}

/// Returns the digest of the files whose paths begin like this.
fn digest(start: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    for (path, text) in FILES.iter().filter(|(path, _)| path.starts_with(start)) {
        hasher.update(path.as_bytes()).update(&[0]).update(text.as_bytes()).update(&[0]);
    }
    format!("blake3:{}", hasher.finalize().to_hex())
}

/// The text of the file that says which SDK and which contract a project has.
pub(crate) fn record() -> String {
    format!(
        "# The SDK and the contract of this project, as `wmshost plugin new` wrote them.\n\
         contract = \"{}\"\nwit = \"{}\"\nsdk = \"{}\"\n",
        wmshost_sandbox::CONTRACT_VERSION,
        digest("wit/"),
        digest("plugins/"),
    )
}

/// Writes the SDK into a project.
pub(crate) fn write(project: &Path) -> io::Result<()> {
    let folder = project.join(FOLDER);
    let own = [("plugins/Cargo.toml".to_owned(), workspace()), ("sdk.toml".to_owned(), record())];
    let files = FILES.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).chain(own);
    for (path, text) in files {
        let file: PathBuf = folder.join(path);
        fs::create_dir_all(file.parent().unwrap_or(&folder))?;
        fs::write(file, text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_has_the_sdk_and_the_contract() {
        for file in [
            "wit/worlds.wit",
            "wit/rules/src/lib.rs",
            "plugins/sdk/src/lib.rs",
            "plugins/sdk/testing/src/lib.rs",
            "plugins/sdk/worlds/models/src/bindings.rs",
        ] {
            assert!(FILES.iter().any(|(path, _)| *path == file), "{file}");
        }
        assert!(FILES.iter().all(|(path, _)| !path.contains("bindgen/") && !path.contains("/tests/")));
        let workspace: toml::Table = workspace().parse().expect("a manifest");
        assert!(workspace["workspace"]["dependencies"].get("wit-bindgen").is_none());
        assert!(workspace.get("profile").is_none());
    }
}
