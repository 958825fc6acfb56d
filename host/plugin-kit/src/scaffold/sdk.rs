//! The SDK as the program carries it: its source and the contract, and the digests by which a project's copy is recognised.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::project::Language;

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

/// The folders of the SDK in other languages than Rust.
const JAVASCRIPT: &str = "plugins/sdk/javascript/";
const PYTHON: &str = "plugins/sdk/python/";

/// Returns whether a file belongs to the SDK of a language.
fn is_sdk(path: &str, language: Language) -> bool {
    match language {
        Language::Rust => path.starts_with("plugins/") && !path.starts_with(JAVASCRIPT) && !path.starts_with(PYTHON),
        Language::JavaScript => path.starts_with(JAVASCRIPT),
        Language::Python => path.starts_with(PYTHON),
    }
}

/// Returns whether a file belongs to the contract, as a language needs it: its rules as code are for Rust.
fn is_contract(path: &str, language: Language) -> bool {
    path.starts_with("wit/") && (language == Language::Rust || path.ends_with(".wit"))
}

/// Returns the digest of some files.
fn digest(belongs: impl Fn(&str) -> bool) -> String {
    let mut hasher = blake3::Hasher::new();
    for (path, text) in FILES.iter().filter(|(path, _)| belongs(path)) {
        hasher.update(path.as_bytes()).update(&[0]).update(text.as_bytes()).update(&[0]);
    }
    format!("blake3:{}", hasher.finalize().to_hex())
}

/// The text of the file that says which SDK and which contract a project has.
pub(crate) fn record(language: Language) -> String {
    format!(
        "# The SDK and the contract of this project, as `wmshost plugin new` wrote them.\n\
         contract = \"{}\"\nwit = \"{}\"\nsdk = \"{}\"\n",
        wmshost_sandbox::CONTRACT_VERSION,
        digest(|path| is_contract(path, language)),
        digest(|path| is_sdk(path, language)),
    )
}

/// Writes the SDK of a language into a project.
pub(crate) fn write(project: &Path, language: Language) -> io::Result<()> {
    let folder = project.join(FOLDER);
    let workspace = (language == Language::Rust).then(|| ("plugins/Cargo.toml".to_owned(), workspace()));
    let own = workspace.into_iter().chain([("sdk.toml".to_owned(), record(language))]);
    let files = FILES.iter().filter(|(path, _)| is_contract(path, language) || is_sdk(path, language));
    for (path, text) in files.map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).chain(own) {
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
