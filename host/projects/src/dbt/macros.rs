//! The macros and generic tests in a project's files. Each becomes a template of its own, at its own lines, so that all can
//! call each other and a message names the right line.

use crate::files::{File, FileKind};

/// The beginning of the names of macros within their templates.
const BODY: &str = "body_of_";

/// A macro, or a generic test.
#[derive(Debug, Clone)]
pub(super) struct Macro {
    pub(super) name: String,
    /// True for `{% test name(…) %}`.
    pub(super) is_test: bool,
    pub(super) file: String,
    /// The template: the macro at its own lines, under the name of [`Macro::body`].
    pub(super) source: String,
}

impl Macro {
    /// Returns the name by which other macros and models call it.
    pub(super) fn called(&self) -> String {
        if self.is_test { format!("test_{}", self.name) } else { self.name.clone() }
    }

    /// Returns the name of the macro within its template. It differs from the one that is called, so that a macro that calls
    /// itself passes the limits, and its `return` ends that call alone.
    pub(super) fn body(&self) -> String {
        format!("{BODY}{}", self.called())
    }
}

/// All macros of the files.
pub(super) fn read<'f>(files: impl IntoIterator<Item = &'f File>) -> Vec<Macro> {
    files.into_iter().filter(|file| file.kind == FileKind::Sql).flat_map(in_file).collect()
}

fn in_file(file: &File) -> Vec<Macro> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((tag, word, signature)) = next_tag(&file.text, at, &["macro", "test"]) {
        let end_word = format!("end{word}");
        let Some((end, ..)) = next_tag(&file.text, tag.1, &[&end_word]) else { break };
        let name = signature.split('(').next().unwrap_or_default().trim().to_owned();
        let body = &file.text[tag.1..end.0];
        let lines = "\n".repeat(file.text[..tag.0].matches('\n').count());
        let is_test = word == "test";
        // A generic test is a macro of another name.
        let prefix = if is_test { "test_" } else { "" };
        let own = format!("{BODY}{prefix}{}", signature.trim());
        let trims = |tag: &str, side: &str| if tag.contains(side) { "-" } else { "" };
        let (open, close) = (&file.text[tag.0..tag.1], &file.text[end.0..end.1]);
        let source =
            format!("{lines}{{% macro {own} {}%}}{body}{{%{} endmacro %}}", trims(open, "-%}"), trims(close, "{%-"),);
        found.push(Macro { name, is_test, file: file.path.clone(), source });
        at = end.1;
    }
    found
}

/// The next tag `{% word … %}` that begins with one of the words: its place, the word, and the rest.
pub(super) fn next_tag<'t>(text: &'t str, from: usize, words: &[&str]) -> Option<((usize, usize), String, &'t str)> {
    let mut at = from;
    loop {
        let (statement, comment) = (text[at..].find("{%"), text[at..].find("{#"));
        if let Some(comment) = comment
            && statement.is_none_or(|statement| comment < statement)
        {
            at += comment + 2 + text[at + comment + 2..].find("#}")? + 2;
            continue;
        }
        let begin = at + statement?;
        let end = begin + text[begin..].find("%}")? + 2;
        let inside = text[begin + 2..end - 2].trim_matches('-').trim();
        let (word, rest) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
        if words.contains(&word) {
            return Some(((begin, end), word.to_owned(), rest));
        }
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_keep_their_lines() {
        let text = "{# {% macro no() %} #}\n{%- macro cents(x, n=2) -%}\n  {{ x }}\n{%- endmacro %}\n{% test big(model) %}a{% endtest %}";
        let file = File { path: "macros/a.sql".to_owned(), kind: FileKind::Sql, text: text.to_owned() };
        let found = read(&[file]);
        assert_eq!(found.iter().map(|found| found.name.as_str()).collect::<Vec<_>>(), ["cents", "big"]);
        assert_eq!(found[0].source, "\n{% macro body_of_cents(x, n=2) -%}\n  {{ x }}\n{%- endmacro %}");
        assert!(found[1].is_test && found[1].source.contains("{% macro body_of_test_big(model) %}a"), "{found:?}");
    }
}
