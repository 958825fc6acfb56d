//! New projects of plugins: outside of this repository, without a network, green at once.
//!
//! | module | what it is for |
//! |---|---|
//! | `sdk` | the SDK's source and the contract, which the program carries |
//! | `templates` | the files of a project, by the kind of plugin |

mod sdk;
mod templates;

use std::fs;
use std::path::{Path, PathBuf};

use wmshost_sandbox::World;

use crate::error::{Error, Result};
use crate::project::Language;

/// The longest name of a plugin.
const NAME_BYTES: usize = 63;

/// A project that was made.
#[derive(Debug)]
pub struct NewProject {
    /// Its folder.
    pub folder: PathBuf,
    /// Its files, relative to the folder, without the SDK's.
    pub files: Vec<PathBuf>,
    /// The file that a build writes, relative to the folder.
    pub component: PathBuf,
    /// The command that installs what makes the component; `None` where it is installed for all projects.
    pub install: Option<String>,
}

/// Makes a project for a plugin of this world in a folder of its own, which must not exist or be empty.
pub fn new_project(folder: &Path, name: &str, world: World, language: Language) -> Result<NewProject> {
    check_name(name)?;
    if language != Language::Rust && world != World::Transform {
        return Err(Error::new(format_args!(
            "there is no template of the world {world} in {}: `--kind transform`, or `--language rust`",
            language.name()
        )));
    }
    let is_empty = fs::read_dir(folder).map(|mut entries| entries.next().is_none()).unwrap_or(!folder.exists());
    if !is_empty {
        return Err(Error::new(format_args!(
            "{}: it exists and is not an empty folder; name another one",
            folder.display()
        )));
    }
    let files = templates::files(name, world, language);
    let write = || {
        for (path, text) in &files {
            let file = folder.join(path);
            fs::create_dir_all(file.parent().unwrap_or(folder))?;
            fs::write(file, text)?;
        }
        sdk::write(folder, language)
    };
    write().map_err(|error| Error::file(folder, &error))?;
    let files = files.into_iter().map(|(path, _)| PathBuf::from(path)).collect();
    let component = component_of(name, language);
    Ok(NewProject { folder: folder.to_owned(), files, component, install: language.install() })
}

/// The file that a build writes for a package; of Rust, `cargo build --release --target wasm32-wasip2`.
pub(crate) fn component_of(package: &str, language: Language) -> PathBuf {
    let folder = match language {
        Language::Rust => "target/wasm32-wasip2/release",
        Language::JavaScript | Language::Python => "target",
    };
    Path::new(folder).join(format!("{}.wasm", package.replace('-', "_")))
}

fn check_name(name: &str) -> Result<()> {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    let is_word = !["test", "core", "std", "alloc", "proc-macro"].contains(&name);
    if begins && is_word && name.chars().all(is_allowed) && !name.ends_with('-') && name.len() <= NAME_BYTES {
        return Ok(());
    }
    Err(Error::new(format_args!(
        "`{name}` cannot be the name of a plugin: lower-case letters, digits and `-`, a letter first, at most {NAME_BYTES}, \
         and not a name of Rust's own crates"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Project;

    #[test]
    fn a_project_is_made_once_and_only_under_a_name() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["", "Trim", "1st", "trim_it", "trim-", "test", &"a".repeat(64)] {
            assert!(
                new_project(&folder.path().join("never"), name, World::Transform, Language::Rust).is_err(),
                "{name}"
            );
            assert!(!folder.path().join("never").exists());
        }
        for (name, world, language, own) in [
            ("a", World::Transform, Language::Rust, ["Cargo.toml", "src/lib.rs"]),
            ("b", World::Extractor, Language::Rust, ["Cargo.toml", "src/lib.rs"]),
            ("c", World::Loader, Language::Rust, ["Cargo.toml", "src/lib.rs"]),
            ("d", World::Models, Language::Rust, ["Cargo.toml", "src/lib.rs"]),
            ("e", World::Transform, Language::JavaScript, ["package.json", "src/plugin.js"]),
            ("f", World::Transform, Language::Python, ["pyproject.toml", "src/plugin.py"]),
        ] {
            let project = new_project(&folder.path().join(name), name, world, language).expect(name);
            let found = Project::find(&project.folder).expect("a project");
            assert_eq!((found.package.as_str(), found.language), (name, language));
            assert!(project.files.iter().all(|file| project.folder.join(file).is_file()), "{project:?}");
            for file in own.into_iter().chain(["README.md", "vendor/wmshost/wit/worlds.wit", "vendor/wmshost/sdk.toml"])
            {
                let text = fs::read_to_string(project.folder.join(file)).expect(file);
                assert!(!text.contains("{{") || file.ends_with(".wit"), "{file}");
            }
            let again = new_project(&project.folder, name, world, language).expect_err("it is there");
            assert!(again.to_string().contains("not an empty folder"), "{again}");
        }
        let loader = new_project(&folder.path().join("g"), "g", World::Loader, Language::Python).expect_err("a loader");
        assert!(loader.to_string().contains("no template of the world loader in Python"), "{loader}");
    }
}
