//! Comments in plain English: no words that only this project uses in their sense, and no titles that are a question
//! instead of a noun or a verb.
//!
//! | not | but |
//! |---|---|
//! | gives | returns |
//! | stands in, stands for | is in, represents |
//! | behind (later) | after |
//! | tells, told | reports, reported |
//! | anew, so many, whoever | again, `n`, a noun |
//! | What is kept, Whether it ended, Who listens | The retained rows, True if it ended, The listener |

use std::path::Path;

use crate::sources;

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

/// The folders whose comments are looked at: all with Rust sources.
const FOLDERS: &[&str] = &["host", "plugins", "tests", "wit"];

/// The number of times that a word is in a line, as a whole word.
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
    for folder in FOLDERS {
        for (file, text) in sources(folder).into_iter().filter(|(file, _)| !file.ends_with("tests/tidy/words.rs")) {
            let (words, titles) = findings(&file, &text);
            failures.extend(words);
            failures.extend(titles);
        }
    }
    assert!(
        failures.is_empty(),
        "the table in tests/tidy/words.rs says what to write instead:\n{}",
        failures.join("\n")
    );
}

#[test]
fn a_private_word_and_a_question_as_a_title_are_found() {
    let text =
        "/// What it gives.\n/// What a second line may say.\nfn a() {}\n// It is told anew: a foretold thing.\n";
    let (words, titles) = findings(Path::new("a.rs"), text);
    assert_eq!((words.len(), titles.len()), (3, 1), "{words:?} {titles:?}");
}
