//! Expected files of a case: compared with what was made, or written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::case::Case;
use crate::error::{Error, Result};
use crate::rows::csv_cells;

/// The most lines of a difference that are shown.
pub(super) const SHOWN_LINES: usize = 20;
/// The file with the messages of the component.
const LOG: &str = "log.txt";
/// The files that a case may expect, beside those in `expected/`.
const FILES: [&str; 7] =
    ["expected.csv", "rejected.csv", "bookmark.json", "state.json", "statements.txt", "results.txt", LOG];

/// The results of a case.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// Texts by the names of their expected files.
    pub(crate) files: BTreeMap<String, String>,
    /// The component's messages.
    pub(crate) log: Vec<String>,
    /// The reason why the component failed.
    pub(crate) failure: Option<String>,
    /// Broken promises, which no expected file can allow.
    pub(crate) objections: Vec<String>,
    /// The rows of the input.
    pub(crate) input_rows: u64,
}

impl Made {
    /// Returns the result of a component that failed.
    pub(crate) fn failed(failure: String, log: Vec<String>) -> Self {
        Self { failure: Some(failure), log, ..Self::default() }
    }

    /// Adds a file.
    pub(crate) fn file(&mut self, name: &str, text: String) {
        self.files.insert(name.to_owned(), text);
    }

    /// All that is compared, by file. Empty ones have none.
    fn all(&self) -> BTreeMap<String, String> {
        let mut all = self.files.clone();
        if !self.log.is_empty() {
            all.insert(LOG.to_owned(), self.log.join("\n") + "\n");
        }
        all
    }
}

/// Compares what a case has made with its expected files; returns the differences.
pub(crate) fn compare(case: &Case, made: &Made) -> Vec<String> {
    let mut differences = made.objections.clone();
    match (&case.file.fails, &made.failure) {
        (Some(words), Some(failure)) if failure.contains(words.as_str()) => return differences,
        (Some(words), Some(failure)) => differences.push(format!("it fails without the words `{words}`: {failure}")),
        (Some(words), None) => differences.push(format!("it is expected to fail with `{words}`, and does not")),
        (None, Some(failure)) => differences.push(failure.clone()),
        (None, None) => differences.extend(different_files(case, made)),
    }
    differences
}

/// The differences in what two components have made of a case.
pub(crate) fn changes(old: &Made, new: &Made) -> Vec<String> {
    if old.failure != new.failure {
        let shown = |failure: &Option<String>| failure.clone().unwrap_or_else(|| "no failure".to_owned());
        return vec![format!("{} → {}", shown(&old.failure), shown(&new.failure))];
    }
    let (before, now) = (old.all(), new.all());
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let text = |all: &BTreeMap<String, String>, name: &String| normal(all.get(name).map_or("", String::as_str));
    let differing = names.into_iter().filter_map(|name| {
        let (before, now) = (text(&before, name), text(&now, name));
        let shown = || match cells([&before, &now]) {
            cells if cells.is_empty() => difference(&before, &now),
            cells => cells.iter().map(|cell| format!("  {cell}")).collect::<Vec<_>>().join("\n"),
        };
        (before != now).then(|| format!("{name} differs:\n{}", shown()))
    });
    let objections = new.objections.iter().filter(|objection| !old.objections.contains(objection)).cloned();
    differing.chain(objections).collect()
}

fn different_files(case: &Case, made: &Made) -> Vec<String> {
    let mut differences = Vec::new();
    let all = made.all();
    for (name, text) in &all {
        match fs::read_to_string(case.folder.join(name)) {
            Ok(expected) if normal(&expected) == normal(text) => {}
            Ok(expected) => differences.push(format!("{name} differs:\n{}", difference(&expected, text))),
            Err(_) => differences.push(format!("{name} is not there; `--update` writes it:\n{}", first_lines(text))),
        }
    }
    for name in left_over(case, &all) {
        differences.push(format!("{name} is expected, and there is nothing of it; `--update` removes it"));
    }
    differences
}

/// The cells that differ, where both texts are tables of the same columns with as many rows; none otherwise.
fn cells(tables: [&str; 2]) -> Vec<String> {
    let [old, new] = tables.map(csv_cells);
    let (Some(head), Some(other)) = (old.first(), new.first()) else { return Vec::new() };
    if head != other || old.len() != new.len() {
        return Vec::new();
    }
    let rows = old.iter().zip(&new).enumerate().skip(1);
    let mut found: Vec<String> = rows
        .flat_map(|(row, (old, new))| {
            let pairs = head.iter().zip(old.iter().zip(new)).filter(|(_, (old, new))| old != new);
            pairs.map(move |(column, (old, new))| format!("row {row}, {column}: {old:?} → {new:?}"))
        })
        .collect();
    if found.len() > SHOWN_LINES {
        let more = found.len() - SHOWN_LINES;
        found.truncate(SHOWN_LINES);
        found.push(format!("{more} more cells"));
    }
    found
}

/// The expected files that nothing was made for.
fn left_over(case: &Case, all: &BTreeMap<String, String>) -> Vec<String> {
    let models = fs::read_dir(case.folder.join("expected")).into_iter().flatten().filter_map(|entry| entry.ok());
    let models = models.map(|entry| format!("expected/{}", entry.file_name().to_string_lossy()));
    let known = FILES.iter().map(|name| (*name).to_owned()).chain(models);
    known.filter(|name| !all.contains_key(name) && case.folder.join(name).is_file()).collect()
}

/// Writes what was made as expected. A case that fails keeps its files.
pub(crate) fn update(case: &Case, made: &Made) -> Result<Vec<String>> {
    if made.failure.is_some() {
        return Ok(Vec::new());
    }
    let (all, mut changed) = (made.all(), Vec::new());
    for (name, text) in &all {
        let file = case.folder.join(name);
        if fs::read_to_string(&file).unwrap_or_default() != *text {
            write(&file, text).map_err(|error| Error::file(&file, &error))?;
            changed.push(name.clone());
        }
    }
    for name in left_over(case, &all) {
        let file = case.folder.join(&name);
        fs::remove_file(&file).map_err(|error| Error::file(&file, &error))?;
        changed.push(name);
    }
    Ok(changed)
}

fn write(file: &Path, text: &str) -> std::io::Result<()> {
    fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
    fs::write(file, text)
}

fn normal(text: &str) -> String {
    text.replace("\r\n", "\n").trim_end().to_owned()
}

fn first_lines(text: &str) -> String {
    text.lines().take(SHOWN_LINES).map(|line| format!("  + {line}")).collect::<Vec<_>>().join("\n")
}

/// The lines that are expected and missing (`-`), and those that were made and not expected (`+`), by their longest common
/// part at the start and at the end.
fn difference(expected: &str, made: &str) -> String {
    let (expected, made): (Vec<&str>, Vec<&str>) =
        (expected.trim_end().lines().collect(), made.trim_end().lines().collect());
    let common =
        |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| pairs.take_while(|(one, other)| one == other).count();
    let start = common(&mut expected.iter().zip(&made));
    let end = common(&mut expected[start..].iter().rev().zip(made[start..].iter().rev()));
    let part = |lines: &[&str], sign: &str| -> Vec<String> {
        lines[start..lines.len() - end].iter().map(|line| format!("  {sign} {line}")).collect()
    };
    let mut lines: Vec<_> = part(&expected, "-").into_iter().chain(part(&made, "+")).collect();
    if lines.len() > SHOWN_LINES {
        let more = lines.len() - SHOWN_LINES;
        lines.truncate(SHOWN_LINES);
        lines.push(format!("  … {more} more lines"));
    }
    format!("  line {}:\n{}", start + 1, lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_the_lines_between_the_common_ones() {
        let shown = difference("a\nb\nc\nd\n", "a\nx\ny\nd\n");
        assert_eq!(shown, "  line 2:\n  - b\n  - c\n  + x\n  + y");
        assert_eq!(difference("a\n", "a\na\n"), "  line 2:\n  + a");
    }

    #[test]
    fn cells_are_named_where_the_tables_have_one_shape() {
        let found = cells(["id:int64,name:utf8\n1,a\n2,\"b,c\"\n", "id:int64,name:utf8\n1,a\n2,b\n"]);
        assert_eq!(found, ["row 2, name:utf8: \"b,c\" → \"b\""]);
        assert!(cells(["id:int64\n1\n", "id:int64\n1\n2\n"]).is_empty());
        assert!(cells(["", ""]).is_empty());
    }
}
