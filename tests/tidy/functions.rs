//! Functions that fit on a screen.

use crate::{root, sources};

/// Lines of a function, from its signature to its closing brace, at the most.
const MOST_LINES: usize = 70;

/// The functions of a file as rustfmt writes them: name and number of lines.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let Some(name) = name_of(code) else { continue };
        let closing = format!("{}}}", &line[..line.len() - code.len()]);
        let is_short = code.ends_with(';') || code.ends_with('}');
        let body = lines[number..].iter().position(|line| *line == closing).filter(|_| !is_short);
        found.push((name, body.unwrap_or(0) + 1));
    }
    found
}

/// The name of the function whose signature begins in this line.
fn name_of(code: &str) -> Option<String> {
    let mut words = code.split_whitespace();
    let is_before = |word: &&str| {
        matches!(*word, "pub" | "const" | "async" | "unsafe" | "extern" | "\"C\"" | "\"system\"" | "self)")
            || word.starts_with("pub(")
    };
    let keyword = words.by_ref().find(|word| !is_before(word))?;
    let name = words.next().filter(|_| keyword == "fn")?;
    Some(name.split(['(', '<']).next().unwrap_or(name).to_owned())
}

#[test]
fn functions_fit_on_a_screen() {
    let mut long = Vec::new();
    for folder in ["host", "plugins", "tests", "wit"] {
        for (file, text) in sources(folder) {
            let place = file.strip_prefix(root()).expect("a file of the project").display().to_string();
            let found = functions(&text).into_iter().filter(|(_, lines)| *lines > MOST_LINES);
            long.extend(found.map(|(name, lines)| format!("{place}: {name} has {lines} lines")));
        }
    }
    assert!(
        long.is_empty(),
        "functions of more than {MOST_LINES} lines; split them by what they do:\n{}",
        long.join("\n")
    );
}

#[test]
fn a_function_is_measured_from_its_signature_to_its_brace() {
    let text = "pub(crate) const unsafe fn one<T>(\n    a: T,\n) {\n    a\n}\n\nimpl A {\n    fn two() -> u8 {\n        2\n    }\n}\nfn three() {}\n";
    let expected = [("one", 5), ("two", 3), ("three", 1)].map(|(name, lines)| (name.to_owned(), lines));
    assert_eq!(functions(text), expected);
}
