//! Modules: each list of them in a header is complete, and none of them reaches itself through those that it uses.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::{code, root, sources};

/// The modules of a crate, each with its path from the crate's root and its text.
struct Crate(BTreeMap<Vec<String>, String>);

impl Crate {
    fn below(folder: &str) -> Self {
        let source = root().join(folder);
        let of_file = |(file, text): (std::path::PathBuf, String)| {
            (path_of(file.strip_prefix(&source).expect("a file of the crate")), code(&text))
        };
        Self(sources(folder).into_iter().map(of_file).collect())
    }

    /// The paths that a module's `use` items name, from the crate's root, and whether each is exported again.
    fn uses(&self, module: &[String]) -> Vec<(bool, Vec<String>)> {
        let text = &self.0[module];
        let items = text.split(';').filter_map(|item| {
            let item = item.trim_start_matches(|at| at != '\n').trim();
            let item = item.lines().skip_while(|line| line.starts_with('#')).collect::<Vec<_>>().join(" ");
            let (visibility, tree) = item.split_once("use ")?;
            let is_item = visibility.is_empty() || visibility.starts_with("pub") && !visibility.contains('{');
            is_item.then(|| (!visibility.is_empty(), leaves(tree)))
        });
        let items: Vec<(bool, Vec<String>)> =
            items.flat_map(|(exported, leaves)| leaves.into_iter().map(move |leaf| (exported, leaf))).collect();
        let path_from_root = |(exported, leaf): (bool, String)| Some((exported, self.path_from_root(module, &leaf)?));
        items.into_iter().map(|(exported, leaf)| (exported, leaf.join("::"))).filter_map(path_from_root).collect()
    }

    /// A path in a `use` item of a module, from the crate's root; `None` for a path into another crate.
    fn path_from_root(&self, module: &[String], path: &str) -> Option<Vec<String>> {
        let mut parts: Vec<String> = path.split("::").map(str::to_owned).collect();
        let mut base = module.to_vec();
        match parts[0].as_str() {
            "crate" => base.clear(),
            "self" => {}
            "super" => {
                let up = parts.iter().take_while(|part| *part == "super").count();
                base.truncate(base.len().saturating_sub(up));
                parts.drain(1..up);
            }
            _ => {
                let own = [base.as_slice(), &parts[..1]].concat();
                return self.0.contains_key(&own).then(|| [base, parts].concat());
            }
        }
        Some([base, parts.split_off(1)].concat())
    }

    /// The module that defines what a path from the root names, through modules that only export it again.
    fn defining(&self, path: &[String], exports: &BTreeMap<(Vec<String>, String), Vec<String>>) -> Vec<String> {
        let mut path = path.to_vec();
        // As many steps as any chain of exports has.
        for _ in 0..8 {
            let module = (0..=path.len()).rev().map(|end| &path[..end]).find(|module| self.0.contains_key(*module));
            let module = module.unwrap_or_default().to_vec();
            let Some(name) = path.get(module.len()) else { return module };
            match exports.get(&(module.clone(), name.clone())) {
                Some(target) => path = [target.as_slice(), &path[module.len() + 1..]].concat(),
                None => return module,
            }
        }
        path
    }

    /// The modules that each module uses.
    fn graph(&self) -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
        let mut exports = BTreeMap::new();
        let mut used: BTreeMap<&Vec<String>, Vec<Vec<String>>> = BTreeMap::new();
        for module in self.0.keys() {
            for (is_exported, path) in self.uses(module) {
                match path.last() {
                    Some(name) if is_exported => drop(exports.insert((module.clone(), name.clone()), path)),
                    _ => used.entry(module).or_default().push(path),
                }
            }
        }
        let targets = |(module, paths): (&Vec<String>, Vec<Vec<String>>)| {
            let targets = paths.iter().map(|path| self.defining(path, &exports));
            (module.clone(), targets.filter(|target| target != module).collect())
        };
        used.into_iter().map(targets).collect()
    }
}

/// `write/mod.rs` and `write.rs` are the module `write`, `lib.rs` and `main.rs` the root.
fn path_of(file: &Path) -> Vec<String> {
    let mut parts: Vec<String> =
        file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        parts.pop();
    }
    parts
}

/// The paths of a tree: `a::{b, c::d}` is `a::b` and `a::c::d`; the root of a crate is not named by `self`.
fn leaves(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim();
    let parts = |path: &str| -> Vec<String> {
        let path = path.split(" as ").next().unwrap_or(path);
        path.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
    };
    let Some((before, rest)) = tree.split_once('{') else {
        let mut path = parts(tree);
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        return vec![path];
    };
    let inner = rest.trim_end().strip_suffix('}').unwrap_or(rest);
    let (mut depth, mut start, mut branches) = (0, 0, Vec::new());
    for (at, letter) in inner.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                branches.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    branches.push(&inner[start..]);
    let branches = branches.into_iter().map(str::trim).filter(|branch| !branch.is_empty());
    branches.flat_map(|branch| leaves(&format!("{before}{branch}"))).collect()
}

/// The circles of a graph: sets of modules of which each reaches every other.
fn circles(graph: &BTreeMap<Vec<String>, BTreeSet<Vec<String>>>) -> BTreeSet<BTreeSet<String>> {
    let reached = |from: &Vec<String>| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(module) = next.pop() {
            let further = graph.get(&module).into_iter().flatten();
            next.extend(further.filter(|module| seen.insert((*module).clone())).cloned().collect::<Vec<_>>());
        }
        seen
    };
    let reach: BTreeMap<&Vec<String>, BTreeSet<Vec<String>>> = graph.keys().map(|from| (from, reached(from))).collect();
    let in_circle = reach.iter().filter(|(from, seen)| seen.contains(**from));
    in_circle
        .map(|(from, seen)| {
            let back = |module: &&Vec<String>| reach.get(*module).is_some_and(|seen| seen.contains(*from));
            seen.iter().filter(back).map(|module| module.join("::")).collect()
        })
        .collect()
}

/// The circles that may be, by crate: one module of each, and why it is one.
const ALLOWED: &[(&str, &str, &str)] = &[
    (
        "host/databases",
        "oracle::client",
        "a query that was started makes its cursor, so that no call is dispatched per cell",
    ),
    ("tests/oracle-emulator", "sql::statement", "SQL is recursive: statements have expressions, which have statements"),
    ("tests/oracle-emulator", "ttc::conversation", "the calls of a conversation answer by it"),
];

/// The folders of both workspaces' crates.
fn crates() -> Vec<String> {
    let manifests = crate::manifests().into_iter();
    let folders = manifests.map(|manifest| manifest.parent().expect("a folder").to_owned());
    let with_source = folders.filter(|folder| folder.join("src").is_dir());
    with_source.map(|folder| folder.strip_prefix(root()).expect("a crate").display().to_string()).collect()
}

#[test]
fn no_module_reaches_itself() {
    let mut failures = Vec::new();
    let mut needed = BTreeSet::new();
    for folder in crates() {
        for circle in circles(&Crate::below(&format!("{folder}/src")).graph()) {
            let allowed = ALLOWED.iter().find(|(of, module, _)| *of == folder && circle.contains(*module));
            match allowed {
                Some(allowed) => drop(needed.insert(allowed)),
                None => failures.push(format!("{folder}: {}", circle.into_iter().collect::<Vec<_>>().join(", "))),
            }
        }
    }
    assert!(
        failures.is_empty(),
        "circles of modules; put the type at the bottom, what works on it above, and the entry on top:\n{}",
        failures.join("\n")
    );
    let unneeded: Vec<_> = ALLOWED.iter().filter(|allowed| !needed.contains(allowed)).collect();
    assert!(unneeded.is_empty(), "these circles are no more; take them from the list: {unneeded:?}");
}

#[test]
fn a_circle_is_found_through_exports_and_folders() {
    let module = |path: &str, text: &str| (path_of(Path::new(path)), text.to_owned());
    let project = Crate(BTreeMap::from([
        module("lib.rs", "\nmod a;\nmod b;\npub use a::{inner::One, Two};\n"),
        module("a/mod.rs", "\nuse crate::b::Three;\npub(crate) mod inner;\n"),
        module("a/inner.rs", "\nuse std::fmt;\n"),
        module("b.rs", "\nuse crate::{One, Two as Other};\n"),
    ]));
    let expected = BTreeSet::from([BTreeSet::from(["a".to_owned(), "b".to_owned()])]);
    assert_eq!(circles(&project.graph()), expected);
}

/// The names in the first column of the table in a file's header whose first heading is `heading`.
fn table<'t>(text: &'t str, heading: &str) -> BTreeSet<&'t str> {
    let head = format!("//! | {heading} |");
    let rows =
        text.lines().take_while(|line| line.starts_with("//!")).skip_while(|line| !line.starts_with(&head)).skip(2);
    let cells = rows.map_while(|line| line.strip_prefix("//! | ")?.split(" | ").next());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

/// The modules that a file declares, tests not among them.
fn declared(text: &str) -> BTreeSet<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = BTreeSet::new();
    for (number, line) in lines.iter().enumerate() {
        let name = line.strip_suffix(';').and_then(|line| match line.split_once("mod ") {
            Some((visibility, name)) if visibility.is_empty() || visibility.starts_with("pub") => Some(name),
            _ => None,
        });
        let is_test = number > 0 && lines[number - 1].contains("cfg(test)");
        found.extend(name.filter(|_| !is_test));
    }
    found
}

#[test]
fn a_header_lists_the_modules_of_its_file() {
    let mut failures = Vec::new();
    for folder in crates() {
        for (file, text) in sources(format!("{folder}/src")) {
            let (listed, declared) = (table(&text, "module"), declared(&text));
            // Two modules are seen at a glance, and folders of models list these.
            let needs_table = declared.len() > 2 && table(&text, "model").is_empty();
            if listed != declared && (!listed.is_empty() || needs_table) {
                let place = file.strip_prefix(root()).expect("a file of the project").display();
                let differing: Vec<_> = listed.symmetric_difference(&declared).collect();
                failures.push(format!("{place}: {differing:?}"));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "headers whose table `| module | … |` is not the list of the file's modules:\n{}",
        failures.join("\n")
    );
}
