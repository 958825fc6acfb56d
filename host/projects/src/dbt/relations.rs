//! Names of tables in evaluated SQL. While Jinja is evaluated a name is between two private letters; afterwards braces of the
//! text are doubled, and names are in braces, as a SQL project has them.

use crate::sql_project::braces_doubled;

const OPEN: char = '\u{e000}';
const CLOSE: char = '\u{e001}';
/// Between the name of the stream or model and the name that dbt's relation would have had.
const BETWEEN: char = '\u{e002}';

/// The words after a relation in FROM that are no alias.
const NO_ALIAS: [&str; 27] = [
    "where",
    "join",
    "left",
    "right",
    "inner",
    "full",
    "cross",
    "natural",
    "on",
    "using",
    "group",
    "order",
    "having",
    "union",
    "except",
    "intersect",
    "minus",
    "limit",
    "offset",
    "fetch",
    "window",
    "qualify",
    "connect",
    "start",
    "for",
    "sample",
    "outer",
];

/// A relation's name for evaluation; `identifier` is the name without an alias.
pub(super) fn marked(name: &str, identifier: &str) -> String {
    format!("{OPEN}{name}{BETWEEN}{identifier}{CLOSE}")
}

/// The name in a marked relation.
pub(super) fn name_in(text: &str) -> Option<&str> {
    let inside = text.split_once(OPEN)?.1;
    inside.split_once(BETWEEN).map(|(name, _)| name)
}

/// Evaluated SQL as the SQL of a project.
pub(super) fn placed(text: &str) -> String {
    let lower = text.to_lowercase();
    let mut parts = text.split(OPEN);
    let mut sql = braces_doubled(parts.next().unwrap_or_default());
    for part in parts {
        let (name, rest) = part.split_once(BETWEEN).unwrap_or((part, ""));
        let (identifier, rest) = rest.split_once(CLOSE).unwrap_or((rest, ""));
        sql += &format!("{{{name}}}");
        if !has_alias(rest) && is_qualifier(&lower, &identifier.to_lowercase()) {
            sql += &format!(" {identifier}");
        }
        sql += &braces_doubled(rest);
    }
    sql
}

/// True if an alias follows a relation.
fn has_alias(rest: &str) -> bool {
    let rest = rest.trim_start();
    let word: String = rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    let word = word.to_lowercase();
    rest.starts_with('"') || !word.is_empty() && !NO_ALIAS.contains(&word.as_str())
}

/// True if a name is before a point somewhere.
fn is_qualifier(text: &str, name: &str) -> bool {
    let dotted = format!("{name}.");
    text.match_indices(&dotted)
        .any(|(at, _)| !text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == '.'))
}

/// The SQL of a full and of an incremental build as one, with what differs between them in blocks.
pub(super) fn combined(full: &str, incremental: &str) -> String {
    if full == incremental {
        return full.to_owned();
    }
    let (full, incremental): (Vec<&str>, Vec<&str>) = (full.lines().collect(), incremental.lines().collect());
    let before = full.iter().zip(&incremental).take_while(|(a, b)| a == b).count();
    let longest = full.len().min(incremental.len()) - before;
    let after = full.iter().rev().zip(incremental.iter().rev()).take(longest).take_while(|(a, b)| a == b).count();
    let block = |mode: &str, lines: &[&str]| match lines.iter().all(|line| line.trim().is_empty()) {
        true => String::new(),
        false => format!("{{when {mode}}}\n{}\n{{end}}\n", lines.join("\n").trim_matches('\n')),
    };
    let joined = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let middle = block("full", &full[before..full.len() - after])
        + &block("incremental", &incremental[before..incremental.len() - after]);
    joined(&full[..before]) + &middle + &joined(&full[full.len() - after..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_get_the_alias_that_their_columns_need() {
        let sql = format!("select orders.id, '{{x}}' from {} where orders.id > 1", marked("o", "orders"));
        assert_eq!(placed(&sql), "select orders.id, '{{x}}' from {o} orders where orders.id > 1");
        let aliased = format!("select o.id from {} as o", marked("orders", "orders"));
        assert_eq!(placed(&aliased), "select o.id from {orders} as o");
        assert_eq!(name_in(&marked("a", "b")), Some("a"));
    }

    #[test]
    fn what_differs_between_builds_is_in_blocks() {
        let joined = combined("a\n\nz", "a\nb\nz");
        assert_eq!(joined, "a\n{when incremental}\nb\n{end}\nz\n");
        assert_eq!(combined("a\nf\nz", "a\ni\nz"), "a\n{when full}\nf\n{end}\n{when incremental}\ni\n{end}\nz\n");
        assert_eq!(combined("same", "same"), "same");
    }
}
