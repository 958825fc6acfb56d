//! `meltano.yml` and the files that it includes.

use std::fs;
use std::path::Path;

use wmshost_flow::matches_pattern;

use crate::files::yaml_file;
use crate::problem::Problem;
use crate::yaml::Node;

/// The name of the file.
pub(super) const FILE: &str = "meltano.yml";
/// The largest number of files.
const MOST_FILES: usize = 200;

/// A node and its file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed<'a> {
    pub(super) file: &'a str,
    pub(super) node: &'a Node,
}

impl<'a> Placed<'a> {
    /// The value of a key.
    pub(super) fn get(self, key: &str) -> Option<Self> {
        self.node.get(key).map(|node| Self { node, ..self })
    }

    /// The text of a key.
    pub(super) fn text(self, key: &str) -> Option<&'a str> {
        self.node.get(key)?.text()
    }

    /// The nodes of a list.
    pub(super) fn list(self) -> impl Iterator<Item = Self> + use<'a> {
        self.node.list().unwrap_or_default().iter().map(move |node| Self { node, ..self })
    }

    /// The keys and values of a map, without those that are null.
    pub(super) fn entries(self) -> impl Iterator<Item = (&'a str, Self)> + use<'a> {
        let entries = self.node.map().unwrap_or_default().iter().filter(|(_, node)| !node.is_null());
        entries.map(move |(key, node)| (key.as_str(), Self { node, ..self }))
    }

    /// A mistake at this place.
    pub(super) fn problem(self, what: impl Into<String>) -> Problem {
        Problem { file: self.file.to_owned(), line: self.node.line, what: what.into() }
    }
}

/// All files of a project.
#[derive(Debug)]
pub(super) struct Source {
    files: Vec<(String, Node)>,
}

impl Source {
    /// Reads the files below a folder.
    pub(super) fn read(folder: &Path) -> Result<Self, Vec<Problem>> {
        let root = yaml_file(folder, FILE).map_err(|problem| vec![problem])?;
        let mut problems = Vec::new();
        let mut paths = Vec::new();
        let include = Placed { file: FILE, node: &root }.get("include_paths");
        for pattern in include.into_iter().flat_map(Placed::list) {
            match pattern.node.text().map(|text| text.trim_start_matches("./")) {
                Some(text) if is_inside(text) => paths.extend(matches(folder, text)),
                _ => problems.push(pattern.problem(
                    "it is no pattern of files below the folder: name each part of the path, with `*` in it or not",
                )),
            }
        }
        paths.sort();
        paths.dedup();
        paths.retain(|path| path != FILE);
        if paths.len() > MOST_FILES {
            problems.extend(include.map(|at| at.problem(format!("it includes more than {MOST_FILES} files"))));
            paths.clear();
        }
        let mut files = vec![(FILE.to_owned(), root.clone())];
        for path in paths {
            match yaml_file(folder, &path) {
                Ok(node) => files.push((path, node)),
                Err(problem) => problems.push(problem),
            }
        }
        let source = Self { files };
        problems.extend(source.shapes());
        if problems.is_empty() { Ok(source) } else { Err(problems) }
    }

    /// The main file.
    pub(super) fn root(&self) -> Placed<'_> {
        Placed { file: &self.files[0].0, node: &self.files[0].1 }
    }

    /// The nodes below a path of keys, in all files.
    pub(super) fn at<'a>(&'a self, path: &'a [&str]) -> impl Iterator<Item = Placed<'a>> {
        self.files
            .iter()
            .filter_map(|(file, node)| path.iter().try_fold(Placed { file, node }, |placed, key| placed.get(key)))
    }

    /// The parts that do not have the shape that they need.
    fn shapes(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (file, node) in &self.files {
            let placed = Placed { file, node };
            if node.map().is_none() {
                problems.push(placed.problem("it is no map: a project has keys such as `plugins` and `schedules`"));
            }
            let lists = ["environments", "schedules", "jobs"].into_iter().filter_map(|key| placed.get(key));
            let plugins = placed.get("plugins");
            problems.extend(plugins.filter(|plugins| plugins.node.map().is_none()).map(|plugins| {
                plugins.problem("`plugins` is a map of lists: extractors, loaders, utilities and others")
            }));
            let of_kinds = plugins.into_iter().flat_map(Placed::entries).map(|(_, list)| list);
            for list in lists.chain(of_kinds) {
                if list.node.list().is_none() {
                    problems.push(list.problem("it is a list of entries, each with a `name`"));
                }
                let nameless = list.list().filter(|entry| entry.text("name").is_none());
                problems.extend(nameless.map(|entry| entry.problem("the entry has no `name`")));
            }
        }
        problems
    }
}

fn is_inside(path: &str) -> bool {
    !path.starts_with('/') && !path.split('/').any(|part| matches!(part, "" | "." | ".." | "**"))
}

/// The files below a folder whose paths match; links are not followed.
fn matches(folder: &Path, path: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    for part in path.split('/') {
        let mut next = Vec::new();
        for within in found {
            let entries = fs::read_dir(folder.join(&within)).into_iter().flatten().filter_map(Result::ok);
            for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_symlink())) {
                let Ok(name) = entry.file_name().into_string() else { continue };
                if matches_pattern(part, &name) && next.len() <= MOST_FILES {
                    next.push(if within.is_empty() { name } else { format!("{within}/{name}") });
                }
            }
        }
        found = next;
    }
    found.retain(|path| folder.join(path).is_file());
    found
}
