//! The languages that a project may be written in, and their tools that make components.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};

/// The packages that make components, as new projects name them.
pub(crate) const COMPONENTIZE_JS: &str = "0.23.0";
pub(crate) const COMPONENTIZE_PY: &str = "componentize-py==0.25.1";
/// The contract and the SDK in a project.
const WIT: &str = "vendor/wmshost/wit";
const PYTHON_SDK: &str = "vendor/wmshost/plugins/sdk/python";
/// The world of plugins in these languages.
const WORLD: &str = "transform";

/// The language of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Rust, built by cargo.
    Rust,
    /// JavaScript, built by componentize-js or jco.
    JavaScript,
    /// Python, built by componentize-py.
    Python,
}

impl Language {
    pub(super) const ALL: [Self; 3] = [Self::Rust, Self::JavaScript, Self::Python];

    /// The language's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::JavaScript => "JavaScript",
            Self::Python => "Python",
        }
    }

    /// The file that makes a folder a project of this language.
    pub(super) fn manifest(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::JavaScript => "package.json",
            Self::Python => "pyproject.toml",
        }
    }

    /// The command that installs, into a project's folder, what makes its component; `None` where it is installed for all.
    pub fn install(self) -> Option<String> {
        match self {
            Self::Rust => None,
            Self::JavaScript => Some("npm install".to_owned()),
            Self::Python => Some(format!("python3 -m venv .venv && .venv/bin/pip install {COMPONENTIZE_PY}")),
        }
    }

    /// The name of the package in the text of a manifest; `None` if it has none.
    pub(super) fn package(self, text: &str) -> std::result::Result<Option<String>, String> {
        let name = |table: &toml::Table, section: &str| Some(table.get(section)?.get("name")?.as_str()?.to_owned());
        match self {
            Self::Rust => text.parse().map(|table| name(&table, "package")).map_err(|error| error.to_string()),
            Self::Python => text.parse().map(|table| name(&table, "project")).map_err(|error| error.to_string()),
            Self::JavaScript => {
                let json: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
                Ok(json["name"].as_str().map(str::to_owned))
            }
        }
    }
}

/// The command that makes a component of a project in JavaScript. No feature of WASI is left in it, so that it asks for nothing
/// that the sandbox refuses.
pub(super) fn componentize_js(folder: &Path, component: &Path) -> Result<Command> {
    let tools = folder.join("node_modules/.bin");
    let mut command = match (find("componentize-js", &tools), find("jco", &tools)) {
        (Some(tool), _) => {
            let mut command = Command::new(tool);
            command.args(["src/plugin.js", "--disable", "stdio", "random", "clocks", "http", "fetch-event"]);
            command
        }
        (None, Some(jco)) => {
            let mut command = Command::new(jco);
            command.args(["componentize", "src/plugin.js", "--disable", "all"]);
            command
        }
        (None, None) => {
            return Err(missing("componentize-js and jco are", Language::JavaScript));
        }
    };
    command.args(["--wit", WIT, "--world-name", WORLD, "--out"]).arg(component).current_dir(folder);
    Ok(command)
}

/// The command that makes a component of a project in Python. Its imports of WASI are replaced by functions that trap.
pub(super) fn componentize_py(folder: &Path, component: &Path) -> Result<Command> {
    let Some(tool) = find("componentize-py", &folder.join(".venv/bin")) else {
        return Err(missing("componentize-py is", Language::Python));
    };
    let mut command = Command::new(tool);
    command.args(["--quiet", "--wit-path", WIT, "--world", WORLD, "componentize", "plugin", "--stub-wasi"]);
    command.args(["--python-path", "src", "--python-path", PYTHON_SDK, "--output"]).arg(component).current_dir(folder);
    Ok(command)
}

fn missing(tools: &str, language: Language) -> Error {
    let install = language.install().unwrap_or_default();
    Error::new(format_args!("{tools} not installed: run `{install}` in the project's folder"))
}

/// Finds a program in the tools of a project, or on the `PATH`.
fn find(program: &str, tools: &Path) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    // A command is begun in the project's folder, so that a relative path would lead elsewhere.
    let own = tools.canonicalize().ok();
    own.into_iter().chain(env::split_paths(&path)).map(|folder| folder.join(program)).find(|file| file.is_file())
}
