//! `dbt_project.yml`: folders, variables, the tree of settings.

use std::path::Path;

use crate::files::{self, File};
use crate::problem::Problem;
use crate::yaml::Node;

/// The name of the file.
pub(super) const FILE: &str = "dbt_project.yml";

/// A project's description and files.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) name: String,
    pub(super) root: Node,
    pub(super) models: Vec<File>,
    pub(super) seeds: Vec<File>,
    pub(super) snapshots: Vec<File>,
    pub(super) tests: Vec<File>,
    pub(super) macros: Vec<File>,
    /// The folders of models, seeds and snapshots, as they are configured.
    roots: Vec<String>,
}

impl Layout {
    /// Reads the project in a folder.
    pub(super) fn read(folder: &Path) -> Result<Self, Vec<Problem>> {
        let wrong = |line, what: String| vec![Problem { file: FILE.to_owned(), line, what }];
        let root = files::yaml_file(folder, FILE).map_err(|problem| vec![problem])?;
        let name = root.get("name").and_then(Node::text).ok_or_else(|| wrong(0, "it has no `name`".to_owned()))?;
        let name = name.to_owned();
        let files = |keys: [&str; 2], default: &str| -> Result<Vec<File>, Vec<Problem>> {
            let given = keys.iter().find_map(|key| root.get(key)).and_then(Node::texts);
            let mut all = Vec::new();
            for path in given.unwrap_or_else(|| vec![default.to_owned()]) {
                let path = path.trim_matches('/').to_owned();
                let is_inside = !path.split('/').any(|part| part == "..") && !Path::new(&path).is_absolute();
                let within = folder.join(&path);
                if is_inside && within.is_dir() {
                    let found = files::read(&within).map_err(|problems| below(&path, problems))?;
                    all.extend(found.into_iter().map(|file| File { path: format!("{path}/{}", file.path), ..file }));
                }
            }
            Ok(all)
        };
        let [models, seeds, snapshots, tests, macros] = [
            files(["model-paths", "source-paths"], "models"),
            files(["seed-paths", "data-paths"], "seeds"),
            files(["snapshot-paths", "snapshot-paths"], "snapshots"),
            files(["test-paths", "test-paths"], "tests"),
            files(["macro-paths", "macro-paths"], "macros"),
        ];
        let roots = ["model-paths", "source-paths", "seed-paths", "data-paths", "snapshot-paths"].into_iter();
        let roots = roots.filter_map(|key| root.get(key)).filter_map(Node::texts).flatten();
        let roots = roots.map(|path| path.trim_matches('/').to_owned());
        let roots = roots.chain(["models", "seeds", "snapshots"].map(str::to_owned)).collect();
        Ok(Self {
            roots,
            models: models?,
            seeds: seeds?,
            snapshots: snapshots?,
            tests: tests?,
            macros: macros?,
            name,
            root,
        })
    }

    /// The value of a variable: of the project's own scope, or of all.
    pub(super) fn variable(&self, name: &str) -> Option<&Node> {
        let vars = self.root.get("vars")?;
        vars.get(&self.name).and_then(|own| own.get(name)).or_else(|| vars.get(name))
    }

    /// The settings of the tree (`models`, `seeds`, `snapshots`) for a file, the outermost first.
    pub(super) fn settings(&self, tree: &str, path: &str) -> Vec<&Node> {
        let mut found = Vec::new();
        let Some(mut node) = self.root.get(tree) else { return found };
        found.push(node);
        let roots = self.roots.iter().filter_map(|root| path.strip_prefix(root)?.strip_prefix('/'));
        let within = roots.min_by_key(|within| within.len()).unwrap_or(path);
        let mut folders: Vec<&str> = within.split('/').collect();
        let stem = folders.pop().and_then(|file| file.rsplit_once('.')).map(|(stem, _)| stem);
        for part in std::iter::once(self.name.as_str()).chain(folders).chain(stem) {
            match node.get(part) {
                Some(inner) => node = inner,
                None => break,
            }
            found.push(node);
        }
        found
    }
}

fn below(path: &str, problems: Vec<Problem>) -> Vec<Problem> {
    problems.into_iter().map(|problem| Problem { file: format!("{path}/{}", problem.file), ..problem }).collect()
}
