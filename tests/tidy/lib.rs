//! Rules about the source text: dependencies between crates and modules; printing only in `host/wmshost`, clocks and the
//! environment only in `host/runtime`; the length of files, the map of the code, the dependencies.

#![cfg(test)]

mod documents;
mod failures;
mod functions;
mod modules;
mod words;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The maximum of lines of a file without its tests.
const MOST_LINES: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the project's folder")
}

/// The Rust files below a folder, with their text.
fn sources(folder: impl AsRef<Path>) -> Vec<(PathBuf, String)> {
    let folder = root().join(folder);
    let mut found = Vec::new();
    let mut folders = vec![folder.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() && !entry.ends_with("target") {
                folders.push(entry);
            } else if entry.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&entry).expect("a text");
                found.push((entry, text));
            }
        }
    }
    assert!(!found.is_empty(), "{} has no source", folder.display());
    found
}

/// The text of a file before its tests, without comments.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]").unwrap_or(text.len());
    text[..end].lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn assert_without(folder: &str, words: &[&str], why: &str) {
    for (file, text) in sources(folder) {
        for word in words {
            assert!(!code(&text).contains(word), "{}: {word} {why}", file.display());
        }
    }
}

/// The host's crates, each with those that it may use.
const ARROWS: [(&str, &[&str]); 8] = [
    ("flow", &[]),
    ("pipeline", &["flow"]),
    ("databases", &["flow", "pipeline"]),
    ("sandbox", &["flow"]),
    ("models", &["flow"]),
    ("sample", &[]),
    ("runtime", &["databases", "flow", "models", "pipeline", "sandbox"]),
    ("wmshost", &["flow", "models", "pipeline", "runtime", "sample", "sandbox"]),
];

#[test]
fn arrows_point_one_way() {
    for entry in fs::read_dir(root().join("host")).expect("the host").map(|entry| entry.expect("an entry").path()) {
        let manifest = fs::read_to_string(entry.join("Cargo.toml")).expect("a manifest");
        let name = entry.file_name().expect("a name").to_string_lossy().into_owned();
        let allowed = ARROWS.iter().find(|(krate, _)| *krate == name).map(|(_, allowed)| *allowed);
        let allowed = allowed.unwrap_or_else(|| panic!("ARROWS does not say what host/{name} may use"));
        let used = names_below(&manifest, "[dependencies]").into_iter();
        let used = used.filter_map(|used| used.strip_prefix("wmshost_").map(str::to_owned));
        let refused: Vec<_> = used.filter(|used| used != "contract_rules" && !allowed.contains(&&**used)).collect();
        assert!(refused.is_empty(), "host/{name} may not use {refused:?}");
    }
    for name in ["flow", "databases", "pipeline", "sample", "models", "runtime", "wmshost"] {
        assert_without(&format!("host/{name}/src"), &["wasmtime::"], "belongs into the sandbox");
    }
    for name in ["flow", "models", "sandbox", "pipeline", "wmshost"] {
        assert_without(&format!("host/{name}/src"), &["rusqlite::", "oracledb::"], "belongs into the drivers");
    }
}

#[test]
fn only_the_edge_prints_and_only_the_runtime_knows_the_environment_and_the_wall_clock() {
    let prints = ["println!", "print!(", "stdout()", "stderr()", "process::exit", "ExitCode", "clap::", "indicatif::"];
    let looks = ["std::env::var", "env::var_os", "SystemTime::now"];
    for name in ["flow", "databases", "sandbox", "pipeline", "sample", "models", "runtime"] {
        let folder = format!("host/{name}/src");
        assert_without(&folder, &prints, "belongs into the command line");
        if name != "runtime" {
            assert_without(&folder, &looks, "belongs into the runtime");
        }
    }
    assert_without("host/wmshost/src", &looks, "belongs into the runtime");
}

#[test]
fn outputs_for_programs_are_types() {
    assert_without("host/wmshost/src", &["json!("], "is a document without a schema: see report/documents");
}

#[test]
fn every_file_says_what_it_is_for_and_can_be_held_in_mind() {
    for folder in ["host", "plugins", "tests"] {
        for (file, text) in sources(folder) {
            let is_attribute_first = text.starts_with("#!");
            assert!(text.starts_with("//!") || is_attribute_first, "{} does not begin with //!", file.display());
            let is_test = file
                .components()
                .any(|part| ["tests", "tests.rs", "testing"].iter().any(|name| part.as_os_str() == *name));
            let lines = text.find("#[cfg(test)]").map_or(text.lines().count(), |end| text[..end].lines().count());
            assert!(is_test || lines <= MOST_LINES, "{} has {lines} lines", file.display());
        }
    }
}

#[test]
fn the_map_of_the_code_names_every_crate() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the map");
    for entry in fs::read_dir(root().join("host")).expect("the host").map(|entry| entry.expect("an entry")) {
        let name = format!("`host/{}/`", entry.file_name().to_string_lossy());
        assert!(map.contains(&name), "ARCHITECTURE.md does not name {name}");
    }
    for folder in ["wit", "plugins", "pipelines", "tests"] {
        assert!(map.contains(&format!("`{folder}/`")), "ARCHITECTURE.md does not name {folder}/");
    }
}

/// The names under a heading of a manifest, `[dependencies]`, if code has to use them.
fn names_below(manifest: &str, heading: &str) -> Vec<String> {
    let lines = manifest.lines().skip_while(|line| *line != heading).skip(1);
    lines
        .take_while(|line| !line.starts_with('[') && !line.starts_with("# Features only"))
        .filter_map(|line| line.split(['=', '.']).next())
        .map(|name| name.trim().replace('-', "_"))
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .collect()
}

/// True if a crate is used in the text: `name::`, `name!` or `use name;`.
fn is_used(name: &str, text: &str) -> bool {
    // A crate whose library has another name.
    let name = if name == "md_5" { "md5" } else { name };
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        let begins = !before.ends_with(|at: char| at.is_alphanumeric() || at == '_');
        begins && (after.starts_with("::") || after.starts_with('!') || before.ends_with("use "))
    })
}

#[test]
fn every_dependency_is_used() {
    let mut unused = Vec::new();
    for manifest in manifests() {
        let folder = manifest.parent().expect("a folder");
        let text = fs::read_to_string(&manifest).expect("a manifest");
        let of = |part: &str| -> String {
            let found = if folder.join(part).is_dir() { sources(folder.join(part)) } else { Vec::new() };
            found.into_iter().map(|(_, text)| text).collect()
        };
        let everything = of("");
        for (heading, code) in [("[dependencies]", of("src")), ("[dev-dependencies]", everything)] {
            let names = names_below(&text, heading).into_iter().filter(|name| !is_used(name, &code));
            unused.extend(names.map(|name| format!("{}: {name}", manifest.display())));
        }
    }
    assert!(unused.is_empty(), "dependencies that no source file names:\n{}", unused.join("\n"));
}

/// The crates that cargo builds for these packages, each with its version and features.
fn built(arguments: &[&str]) -> BTreeSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["tree", "--offline", "--locked", "--prefix", "none", "--format", "{p} {f}"]);
    let output = cargo.args(arguments).output().expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("a text");
    lines.lines().map(|line| line.trim_end_matches("(*)").trim_end().to_owned()).collect()
}

#[test]
fn the_demo_and_the_tests_share_their_dependencies() {
    let (demo, tests) = (built(&["-p", "wmshost", "--edges", "no-dev"]), built(&["--workspace"]));
    let apart: Vec<_> = demo.difference(&tests).map(String::as_str).collect();
    assert!(
        apart.is_empty(),
        "`make test` compiles these, and what uses them, a second time, because the tests' dependencies switch on more of \
         their features; name those features in host/wmshost/Cargo.toml:\n{}",
        apart.join("\n")
    );
}

/// The manifests of all crates of both workspaces.
fn manifests() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("host"), root().join("plugins"), root().join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() && !entry.ends_with("target") {
                folders.push(entry);
            } else if entry.ends_with("Cargo.toml") {
                found.push(entry);
            }
        }
    }
    assert!(found.len() > 20, "{found:?}");
    found
}
