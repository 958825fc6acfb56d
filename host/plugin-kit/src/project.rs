//! An author's project: its package, its component, and how it is built.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::SystemTime;
use std::{env, fs};

use crate::error::{Error, Result};
use crate::scaffold::component_of;

/// The target that plugins are built for.
const TARGET: &str = "wasm32-wasip2";

/// A project.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its folder.
    pub folder: PathBuf,
    /// The package's name.
    pub package: String,
}

impl Project {
    /// Finds the project in a folder.
    pub fn find(folder: &Path) -> Result<Self> {
        let manifest = folder.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).map_err(|error| {
            Error::new(format_args!(
                "{}: {error}; `wmshost plugin new NAME` makes a project, and its folder is the place for this command",
                manifest.display()
            ))
        })?;
        let parsed: toml::Table =
            toml::from_str(&text).map_err(|error| Error::mistakes(&manifest, vec![error.to_string()]))?;
        let name = parsed.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
        match name {
            Some(name) => Ok(Self { folder: folder.to_owned(), package: name.to_owned() }),
            None => {
                Err(Error::mistakes(&manifest, vec!["it has no package: go to the folder of one plugin".to_owned()]))
            }
        }
    }

    /// The file that a build writes.
    pub fn component(&self) -> PathBuf {
        let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        match target {
            Some(target) => component_of(&self.package)
                .strip_prefix("target")
                .map_or_else(|_| target.clone(), |below| self.folder.join(&target).join(below)),
            None => self.folder.join(component_of(&self.package)),
        }
    }

    /// The folder of its cases.
    pub fn cases(&self) -> PathBuf {
        crate::cases::folder_of(&self.folder)
    }

    /// Returns the latest time at which a file of the package or of its cases was changed; `None` if it cannot be found out.
    pub fn changed(&self) -> Option<SystemTime> {
        ["Cargo.toml", "src", "cases"].iter().filter_map(|part| latest(&self.folder.join(part))).max()
    }

    /// Builds the component; cargo's messages go to standard error.
    pub fn build(&self) -> Result<PathBuf> {
        let mut cargo = self.cargo()?;
        let status = cargo.status().map_err(|error| missing_cargo(&error))?;
        if !status.success() {
            return Err(Error::new("the plugin was not built; cargo's messages are above"));
        }
        let component = self.component();
        if component.is_file() {
            return Ok(component);
        }
        Err(Error::new(format_args!(
            "{} was not written: `[lib]` of the package needs `crate-type = [\"cdylib\", \"rlib\"]`",
            component.display()
        )))
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
