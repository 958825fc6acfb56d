//! Comments in plain English: words that only this project uses in their sense, and titles that are a question instead of a
//! noun or a verb. What is left of them per folder may only become less.
//!
//! | not | but |
//! |---|---|
//! | gives | returns |
//! | stands in, stands for | is in, represents |
//! | behind (later) | after |
//! | tells, told | reports, reported |
//! | anew, so many, whoever | again, `n`, a noun |
//! | What is kept, Whether it ended, Who listens | The retained rows, True if it ended, The listener |

use std::fs;
use std::path::Path;

use crate::{root, sources};

const WORDS: [&str; 12] = [
    "anew",
    "behind",
    "by himself",
    "gives",
    "is another",
    "are others",
    "so many",
    "stands",
    "stood",
    "tells",
    "told",
    "whoever",
];
const TITLES: [&str; 4] = ["How ", "What ", "Whether ", "Who "];

/// The most words and titles that a folder may have. Lower a number when you have removed some; never raise one.
const LIMITS: &[(&str, usize, usize)] = &[
    ("host/databases", 0, 0),
    ("host/flow", 0, 0),
    ("host/models", 53, 115),
    ("host/pipeline", 0, 0),
    ("host/runtime", 0, 0),
    ("host/sample", 0, 0),
    ("host/sandbox", 0, 0),
    ("host/wmshost", 0, 0),
    ("plugins", 63, 119),
    ("tests", 68, 162),
    ("wit", 0, 2),
];

/// How often a word is in a line, between letters that are none.
fn count(line: &str, word: &str) -> usize {
    let is_letter = |at: char| at.is_alphanumeric() || at == '_';
    let hits = line.match_indices(word);
    hits.filter(|(at, _)| !line[..*at].ends_with(is_letter) && !line[at + word.len()..].starts_with(is_letter)).count()
}

/// The lines with such words and the lines that are such titles, with their places.
fn findings(file: &Path, text: &str) -> (Vec<String>, Vec<String>) {
    let (mut words, mut titles) = (Vec::new(), Vec::new());
    let mut begins = true;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_start();
        if !line.starts_with("//") {
            begins = true;
            continue;
        }
        let body = line.trim_start_matches(['/', '!']).trim();
        let place = || format!("{}:{}: {body}", file.display(), number + 1);
        let lower = body.to_lowercase();
        words.extend((0..WORDS.iter().map(|word| count(&lower, word)).sum()).map(|_| place()));
        if begins && line.starts_with("///") && TITLES.iter().any(|title| body.starts_with(title)) {
            titles.push(place());
        }
        begins = false;
    }
    (words, titles)
}

#[test]
fn comments_are_written_in_plain_english() {
    let mut failures = Vec::new();
    for &(folder, most_words, most_titles) in LIMITS {
        let (mut words, mut titles) = (Vec::new(), Vec::new());
        for (file, text) in sources(folder) {
            let found = findings(&file, &text);
            if !file.ends_with("tests/tidy/words.rs") {
                words.extend(found.0);
                titles.extend(found.1);
            }
        }
        for (what, found, most) in [("words", words, most_words), ("titles", titles, most_titles)] {
            if found.len() > most {
                failures.push(format!("{folder}: {} {what}, {most} allowed:\n{}", found.len(), found.join("\n")));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "the table in tests/tidy/words.rs says what to write instead:\n{}",
        failures.join("\n")
    );
}

#[test]
fn every_folder_has_a_limit() {
    for entry in fs::read_dir(root().join("host")).expect("the host").map(|entry| entry.expect("an entry")) {
        let folder = format!("host/{}", entry.file_name().to_string_lossy());
        assert!(LIMITS.iter().any(|(limited, ..)| *limited == folder), "tests/tidy/words.rs has no limit for {folder}");
    }
}
