//! The text of the file.

use std::fmt::Write as _;

use wmshost_pipeline::toml_text;

use super::InitRequest;
use super::draft::StreamDraft;
use crate::discover::EXTRACTOR;

/// The standard loader.
const LOADER: &str = "table";
/// The length of a comment's line.
const WIDTH: usize = 110;

/// Returns the text of a pipeline with these streams.
pub(crate) fn text(request: &InitRequest<'_>, name: &str, drafts: &[StreamDraft]) -> String {
    let mut text = String::new();
    let (source, target) = (request.source, request.target);
    comment(
        &mut text,
        &format!("A pipeline from {} to {}, written by `wmshost init`.", source.connection, target.connection),
    );
    comment(
        &mut text,
        "`wmshost check`, `run` and `verify` with this file check it, run it, and compare both sides. `wmshost keys` explains \
         every key. A table that cannot be moved as it is is here as a comment, with the reason.",
    );
    let _ = writeln!(text, "\nname = {}", toml_text(name));
    if let Some(file) = request.declared_in {
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let beside = file.strip_prefix(request.folder).ok().filter(|_| !request.folder.as_os_str().is_empty());
        let _ = writeln!(text, "extends = {}", toml_text(&beside.unwrap_or(&file).to_string_lossy()));
    }
    for section in [source, target].into_iter().filter_map(|place| place.section(request.folder)) {
        let _ = write!(text, "\n{section}");
    }
    let _ = write!(
        text,
        "\n[stream_defaults]\nsource = {}\ntarget = {}\nextractor = \"{EXTRACTOR}\"\nloader = \"{LOADER}\"\n",
        toml_text(&source.label),
        toml_text(&target.label)
    );
    for draft in drafts {
        stream(&mut text, draft);
    }
    text
}

fn stream(text: &mut String, draft: &StreamDraft) {
    text.push('\n');
    draft.notes.iter().for_each(|note| comment(text, note));
    let before = match &draft.problem {
        Some(problem) => {
            comment(text, &format!("Not moved: {problem}"));
            "# "
        }
        None => "",
    };
    let mut lines = vec![
        format!("[streams.{}]", draft.name),
        format!("table = {}", toml_text(&draft.table)),
        format!("target_table = {}", toml_text(&draft.target_table)),
    ];
    if !draft.key.is_empty() {
        let key: Vec<String> = draft.key.iter().map(|column| toml_text(column)).collect();
        lines.push(format!("key = [{}]  # of a unique index: there is no primary key", key.join(", ")));
    }
    match &draft.change_key {
        Some(change_key) => lines.extend([
            "method = \"incremental\"".to_owned(),
            format!("change_key = {}", toml_text(change_key)),
            "deletes = \"soft\"  # rows that the source no longer has are marked, once a day; \"hard\" deletes them"
                .to_owned(),
        ]),
        None => lines.push("method = \"full\"  # the whole table, every time".to_owned()),
    }
    if !draft.columns.is_empty() {
        lines.push(format!(
            "[streams.{}.columns]  # their values or names are kept otherwise than the table says",
            draft.name
        ));
        lines.extend(draft.columns.iter().map(|(column, rule)| format!("{} = {rule}", toml_text(column))));
    }
    for line in lines {
        let _ = writeln!(text, "{before}{line}");
    }
}

/// Writes words as a comment; a control character in a name cannot end it.
fn comment(text: &mut String, words: &str) {
    let mut line = String::from("#");
    for word in
        words.split(|letter: char| letter.is_whitespace() || letter.is_control()).filter(|word| !word.is_empty())
    {
        if line.len() + word.len() > WIDTH && line.len() > 1 {
            let _ = writeln!(text, "{line}");
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_stays_one_whatever_is_in_it() {
        let mut text = String::new();
        comment(&mut text, "a\nname = \"x\"\u{0}\r b");
        assert_eq!(text, "# a name = \"x\" b\n");
        let mut text = String::new();
        comment(&mut text, &"word ".repeat(60));
        assert!(text.lines().count() > 1 && text.lines().all(|line| line.starts_with("# ") && line.len() <= WIDTH + 1));
    }
}
