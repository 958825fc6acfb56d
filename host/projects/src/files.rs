//! The files of a project's folder, within limits. Links are not followed: a project is what is in its folder.

use std::fs;
use std::path::Path;

use crate::problem::Problem;
use crate::yaml::{MOST_BYTES, Node, parse};

/// The largest number of files.
const MOST_FILES: usize = 10_000;
/// The greatest depth of folders.
const DEPTH: usize = 16;

/// The kind of a file, by its ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Sql,
    Yaml,
    Csv,
    /// A model in Python, which is only named.
    Python,
}

/// A file.
#[derive(Debug)]
pub(crate) struct File {
    /// The path from the project's folder, with `/`.
    pub(crate) path: String,
    pub(crate) kind: FileKind,
    pub(crate) text: String,
}

impl File {
    /// The name without folders and ending.
    pub(crate) fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }

    /// True if the first folder has this name.
    pub(crate) fn is_in(&self, folder: &str) -> bool {
        self.path.split_once('/').is_some_and(|(first, _)| first == folder)
    }
}

/// The SQL, YAML and CSV files of a folder, in the order of their paths; hidden folders are left out.
pub(crate) fn read(folder: &Path) -> Result<Vec<File>, Vec<Problem>> {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    walk(folder, "", 0, &mut files, &mut problems);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

/// The YAML of a file below a folder.
pub(crate) fn yaml_file(folder: &Path, path: &str) -> Result<Node, Problem> {
    let wrong = |line, what: String| Problem { file: path.to_owned(), line, what };
    let file = folder.join(path);
    let size = fs::metadata(&file).map_err(|error| wrong(0, format!("it cannot be read: {error}")))?.len();
    if size > MOST_BYTES {
        return Err(wrong(0, format!("it is larger than {} MiB", MOST_BYTES >> 20)));
    }
    let text = fs::read_to_string(&file).map_err(|error| wrong(0, format!("it cannot be read: {error}")))?;
    let root = parse(&text).map_err(|error| wrong(error.line, error.what))?;
    root.ok_or_else(|| wrong(0, "it is empty".to_owned()))
}

/// The digest of files: of their paths and contents.
pub(crate) fn digest(files: &[File]) -> String {
    let mut digest = blake3::Hasher::new();
    for part in files.iter().flat_map(|file| [&file.path, &file.text]) {
        digest.update(&(part.len() as u64).to_le_bytes());
        digest.update(part.as_bytes());
    }
    format!("blake3:{}", digest.finalize().to_hex())
}

fn walk(folder: &Path, within: &str, depth: usize, files: &mut Vec<File>, problems: &mut Vec<Problem>) {
    let mut wrong = |file: &str, what: String| problems.push(Problem { file: file.to_owned(), line: 0, what });
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return wrong(&folder.display().to_string(), format!("the folder cannot be read: {error}")),
    };
    let mut folders = Vec::new();
    for entry in entries.filter_map(Result::ok) {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = if within.is_empty() { name.clone() } else { format!("{within}/{name}") };
        let Ok(kind) = entry.file_type() else { continue };
        if name.starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            folders.push((entry.path(), path));
            continue;
        }
        let kind_of_file = match name.rsplit_once('.').map(|(_, ending)| ending) {
            Some("sql") => FileKind::Sql,
            Some("yml" | "yaml") => FileKind::Yaml,
            Some("csv") => FileKind::Csv,
            Some("py") => FileKind::Python,
            _ => continue,
        };
        if files.len() >= MOST_FILES {
            return wrong(&path, format!("the folder has more than {MOST_FILES} files"));
        }
        if !kind.is_file() {
            wrong(&path, "it is a link or no regular file; put the file itself here".to_owned());
            continue;
        }
        if entry.metadata().is_ok_and(|facts| facts.len() > MOST_BYTES) {
            wrong(&path, format!("it is larger than {} MiB", MOST_BYTES >> 20));
            continue;
        }
        match fs::read_to_string(entry.path()) {
            Ok(text) => files.push(File { path, kind: kind_of_file, text }),
            Err(error) => wrong(&path, format!("it cannot be read: {error}")),
        }
    }
    for (folder, path) in folders {
        if depth >= DEPTH {
            problems.push(Problem { file: path, line: 0, what: format!("folders nest deeper than {DEPTH}") });
        } else {
            walk(&folder, &path, depth + 1, files, problems);
        }
    }
}
