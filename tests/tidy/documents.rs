//! Documents and comments name files that exist, and the glossary names types that exist.

use std::collections::BTreeSet;
use std::fs;

use crate::{root, sources};

const DOCUMENTS: [&str; 11] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "wit/README.md",
    "plugins/README.md",
    "docs/plugins/README.md",
    "docs/replication-suite.md",
    "host/models/README.md",
    "tests/contract/golden/README.md",
    "tests/oracle-emulator/README.md",
    ".github/workflows/ci.yml",
];
/// The folders that paths begin with.
const FOLDERS: [&str; 6] = ["host/", "plugins/", "pipelines/", "tests/", "wit/", ".ci/"];
/// The folders that a build makes.
const BUILT: [&str; 2] = ["plugins/target", "plugins/.toolchain"];
/// The folder of the plugin that `plugins/README.md` writes from scratch.
const EXAMPLE: &str = "transforms/trim/";

/// The words of a text that may be paths; `tests/tidy/{lib,words}.rs` is two.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let is_part = |at: char| at.is_ascii_alphanumeric() || "_-./{},".contains(at);
    let words = text.split(move |at: char| !is_part(at));
    let words = words.map(|word| word.trim_end_matches(['.', ',']).trim_start_matches("./"));
    let single = words.flat_map(|path| match (path.split_once('{'), path.split_once('}')) {
        (Some((before, rest)), Some((_, after))) => {
            let middle = rest.split('}').next().unwrap_or(rest);
            middle.split(',').map(|name| format!("{before}{name}{after}")).collect()
        }
        _ => vec![path.to_owned()],
    });
    single.filter(|path| !path.contains(['{', '}', ',']))
}

/// The paths of files and folders of the project in a text.
fn paths(text: &str) -> BTreeSet<String> {
    let is_named = |path: &str| FOLDERS.iter().any(|folder| path.starts_with(folder) && path.len() > folder.len());
    words(text).filter(|path| is_named(path) && !BUILT.iter().any(|built| path.starts_with(built))).collect()
}

/// The Rust files that a text names, each with as many of its folders as the text has.
fn rust_files(text: &str) -> BTreeSet<String> {
    let is_example = |path: &str| path.starts_with(EXAMPLE);
    words(text).filter(|path| path.ends_with(".rs") && !path.starts_with(['.', '/']) && !is_example(path)).collect()
}

#[test]
fn named_files_exist() {
    let files: Vec<String> = ["host", "plugins", "tests", "wit"]
        .iter()
        .flat_map(sources)
        .map(|(file, _)| format!("/{}", file.strip_prefix(root()).expect("a file of the project").display()))
        .collect();
    let is_file = |name: &String| files.iter().any(|file| file.ends_with(&format!("/{name}")));
    let mut missing = Vec::new();
    let mut check = |place: &str, text: &str| {
        let lost = paths(text).into_iter().filter(|path| !root().join(path).exists());
        let lost = lost.chain(rust_files(text).into_iter().filter(|name| !is_file(name)));
        missing.extend(lost.map(|path| format!("{place}: {path}")));
    };
    for document in DOCUMENTS {
        check(document, &fs::read_to_string(root().join(document)).expect("a document"));
    }
    for folder in ["host", "plugins", "tests"] {
        for (file, text) in sources(folder) {
            let comments = text.lines().filter(|line| line.trim_start().starts_with("//"));
            let comments = comments.collect::<Vec<_>>().join("\n");
            check(&file.strip_prefix(root()).expect("a file of the project").display().to_string(), &comments);
        }
    }
    assert!(missing.is_empty(), "files that are named and do not exist:\n{}", missing.join("\n"));
}

#[test]
fn a_path_with_braces_is_several() {
    let found = paths("see `tests/tidy/{lib,words}.rs`, wit/worlds.wit. Not http://host/x or plugins/.");
    let expected = ["tests/tidy/lib.rs", "tests/tidy/words.rs", "wit/worlds.wit"];
    assert_eq!(found, expected.map(str::to_owned).into());
    let found =
        rust_files("see `lease/{mod,tests}.rs` and `hold.rs`. Not https://rustup.rs or transforms/trim/src/lib.rs.");
    assert_eq!(found, ["hold.rs", "lease/mod.rs", "lease/tests.rs"].map(str::to_owned).into());
}

#[test]
fn the_glossary_names_types_of_the_code() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the map");
    let (_, glossary) = map.split_once("## Glossary").expect("a glossary");
    let rows = glossary.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").nth(1));
    let types: Vec<&str> = rows.filter_map(|cell| cell.strip_prefix('`')?.split('`').next()).collect();
    assert!(types.len() > 12, "{types:?}");
    let code: String = ["host", "wit"].iter().flat_map(sources).map(|(_, text)| text).collect();
    let is_defined = |name: &&&str| {
        ["struct", "enum", "trait", "type"].iter().any(|kind| {
            let begins = format!("{kind} {name}");
            code.match_indices(&begins).any(|(at, _)| !code[at + begins.len()..].starts_with(char::is_alphanumeric))
        })
    };
    let unknown: Vec<_> = types.iter().filter(|name| !is_defined(name)).collect();
    assert!(unknown.is_empty(), "terms of the glossary that are no types: {unknown:?}");
}
