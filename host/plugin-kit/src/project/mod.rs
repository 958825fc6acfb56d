//! An author's project: its package, its component, and how it is built.
//!
//! | module | what it is for |
//! |---|---|
//! | `language` | the languages, and the tools that make components of JavaScript and Python |

mod language;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;
use std::{env, fs, io};

use crate::error::{Error, Result};
use crate::scaffold::component_of;
pub use language::Language;
pub(crate) use language::{COMPONENTIZE_JS, COMPONENTIZE_PY};
use language::{componentize_js, componentize_py};

/// The target that plugins are built for.
const TARGET: &str = "wasm32-wasip2";

/// A project.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its folder.
    pub folder: PathBuf,
    /// The package's name.
    pub package: String,
    /// Its language.
    pub language: Language,
}

impl Project {
    /// Finds the project in a folder, by its manifest.
    pub fn find(folder: &Path) -> Result<Self> {
        let of_a_language = |language: &Language| folder.join(language.manifest()).exists();
        let language = Language::ALL.into_iter().find(of_a_language).unwrap_or(Language::Rust);
        let manifest = folder.join(language.manifest());
        let text = fs::read_to_string(&manifest).map_err(|error| {
            Error::new(format_args!(
                "{}: {error}; `wmshost plugin new NAME` makes a project, and its folder is the place for this command",
                manifest.display()
            ))
        })?;
        match language.package(&text).map_err(|mistake| Error::mistakes(&manifest, vec![mistake]))? {
            Some(package) => Ok(Self { folder: folder.to_owned(), package, language }),
            None => {
                let what = "it has no package: go to the folder of one plugin";
                Err(Error::mistakes(&manifest, vec![what.to_owned()]))
            }
        }
    }

    /// The file that a build writes.
    pub fn component(&self) -> PathBuf {
        let component = component_of(&self.package, self.language);
        let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        match target.filter(|_| self.language == Language::Rust) {
            Some(target) => component
                .strip_prefix("target")
                .map_or_else(|_| target.clone(), |below| self.folder.join(&target).join(below)),
            None => self.folder.join(component),
        }
    }

    /// The folder of its cases.
    pub fn cases(&self) -> PathBuf {
        crate::cases::folder_of(&self.folder)
    }

    /// Returns the latest time at which a file of the package or of its cases was changed; `None` if it cannot be found out.
    pub fn changed(&self) -> Option<SystemTime> {
        [self.language.manifest(), "src", "cases"].iter().filter_map(|part| latest(&self.folder.join(part))).max()
    }

    /// Builds the component; the messages of the language's tool go to standard error.
    pub fn build(&self) -> Result<PathBuf> {
        let component = self.component();
        let mut tool = match self.language {
            Language::Rust => self.cargo()?,
            Language::JavaScript => componentize_js(&self.folder, &component_of(&self.package, self.language))?,
            Language::Python => componentize_py(&self.folder, &component_of(&self.package, self.language))?,
        };
        if self.language != Language::Rust {
            let folder = component.parent().unwrap_or(&self.folder);
            fs::create_dir_all(folder).map_err(|error| Error::file(folder, &error))?;
            tool.stdout(Stdio::from(io::stderr()));
        }
        let name = Path::new(tool.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let status = tool.status().map_err(|error| match self.language {
            Language::Rust => missing_cargo(&error),
            _ => Error::new(format_args!("{name} cannot be started: {error}")),
        })?;
        if !status.success() {
            return Err(Error::new(format_args!("the plugin was not built; the messages of {name} are above")));
        }
        if component.is_file() {
            return Ok(component);
        }
        let why = match self.language {
            Language::Rust => ": `[lib]` of the package needs `crate-type = [\"cdylib\", \"rlib\"]`",
            _ => "",
        };
        Err(Error::new(format_args!("{} was not written{why}", component.display())))
    }

    /// The command that builds, with a toolchain that has the target.
    fn cargo(&self) -> Result<Command> {
        let mut cargo = Command::new("cargo");
        if let Some(toolchain) = self.toolchain()? {
            cargo.arg(format!("+{toolchain}"));
        }
        cargo.args(["build", "--release", "--target", TARGET]).current_dir(&self.folder);
        Ok(cargo)
    }

    /// Returns the toolchain to name; `None` if the default one of the folder has the target.
    fn toolchain(&self) -> Result<Option<String>> {
        let own = self.output(Command::new("rustc").args(["--print", "sysroot"]))?;
        if has_target(&String::from_utf8_lossy(&own.stdout)) {
            return Ok(None);
        }
        // A toolchain by this name may be linked where rustup's downloads cannot be reached.
        let linked = self.output(Command::new("rustc").args(["+guests", "--print", "sysroot"]))?;
        if linked.status.success() && has_target(&String::from_utf8_lossy(&linked.stdout)) {
            return Ok(Some("guests".to_owned()));
        }
        Err(Error::new(format_args!(
            "the standard library for {TARGET} is not installed: `rustup target add {TARGET}`, or link a toolchain that has \
             it under the name `guests`"
        )))
    }

    fn output(&self, command: &mut Command) -> Result<Output> {
        command.current_dir(&self.folder).output().map_err(|error| missing_cargo(&error))
    }
}

/// The latest change of a file, or of any file below a folder.
fn latest(path: &Path) -> Option<SystemTime> {
    let own = fs::metadata(path).and_then(|file| file.modified()).ok();
    let below = fs::read_dir(path).into_iter().flatten().filter_map(|entry| latest(&entry.ok()?.path()));
    below.chain(own).max()
}

fn has_target(sysroot: &str) -> bool {
    Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).join("lib").is_dir()
}

fn missing_cargo(error: &std::io::Error) -> Error {
    Error::new(format_args!("cargo and rustc cannot be started: {error}; install Rust from https://rustup.rs"))
}
