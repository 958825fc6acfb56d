//! The documentation of each key: the comment above it in `pipelines/help.toml`, the reference of the format.

use std::collections::BTreeMap;

/// The text of pipelines/help.toml: every key with a comment.
pub const HELP: &str = include_str!("../../../pipelines/help.toml");

/// A key in the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Documented {
    /// The value there.
    pub(crate) example: String,
    /// The comment above it.
    pub(crate) description: String,
}

/// The keys of the reference by path, with `*` for names that the author chooses.
pub(crate) fn documented() -> BTreeMap<String, Documented> {
    let (mut table, mut comment) = (String::new(), String::new());
    let mut keys = BTreeMap::new();
    for line in HELP.lines() {
        if let Some(words) = line.strip_prefix('#') {
            comment.push_str(words);
            continue;
        }
        if line.starts_with('[') {
            table = any_table(line.trim_matches(['[', ']'])) + ".";
        } else if let Some((name, example)) = line.split_once(" = ") {
            let is_chosen = ["settings.", "vars.", ".columns."].iter().any(|of| table.contains(of));
            let name = if is_chosen && !table.ends_with(".columns.*.") { "*" } else { name };
            keys.entry(format!("{table}{name}"))
                .or_insert_with(|| Documented { example: example.to_owned(), description: comment.trim().to_owned() });
        }
        comment.clear();
    }
    keys
}

/// The path of a table, with `*` for names that the author chooses.
fn any_table(path: &str) -> String {
    // In `[models]` and `[alerts]`, the names of their own tables are at the positions where other sections have names
    // that the author chooses.
    let name_at = usize::from(!path.starts_with("models") && !path.starts_with("alerts"));
    let parts = path.split('.').enumerate();
    let named: Vec<&str> = parts.map(|(at, part)| if at % 2 == name_at && at > 0 { "*" } else { part }).collect();
    named.join(".")
}
