//! Mistakes in declarations, in words that say where. All are reported at once, before anything is built.

use std::fmt;

use crate::template::{Template, TemplateError};

/// A mistake in a declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The plugin that declared it.
    pub plugin: String,
    /// The place: `model dim_items, SQL 3:12`.
    pub place: String,
    /// The mistake, its reason and its remedy.
    pub what: String,
    /// The line of SQL with a marker under the place.
    pub excerpt: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plugin {}, {}: {}", self.plugin, self.place, self.what)?;
        match &self.excerpt {
            Some(excerpt) => write!(f, "\n{excerpt}"),
            None => Ok(()),
        }
    }
}

/// Mistakes as they are found.
#[derive(Default)]
pub(crate) struct DiagnosticSink {
    pub(crate) all: Vec<Diagnostic>,
}

/// The position of a declaration: the plugin and the place in it.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) plugin: &'a str,
    pub(crate) place: &'a str,
}

impl DiagnosticSink {
    pub(crate) fn add(&mut self, at: At<'_>, what: impl Into<String>) {
        let (plugin, place) = (at.plugin.to_owned(), at.place.to_owned());
        self.all.push(Diagnostic { plugin, place, what: what.into(), excerpt: None });
    }

    /// A mistake at a place in SQL.
    pub(crate) fn in_sql(&mut self, at: At<'_>, sql: &str, offset: usize, what: impl Into<String>) {
        let (line, column) = line_and_column(sql, offset);
        self.all.push(Diagnostic {
            plugin: at.plugin.to_owned(),
            place: format!("{} {line}:{column}", at.place),
            what: what.into(),
            excerpt: Some(excerpt(sql, offset)),
        });
    }

    pub(crate) fn parse(&mut self, at: At<'_>, sql: &str) -> Option<Template> {
        match Template::parse(sql) {
            Ok(template) => Some(template),
            Err(wrong) => {
                for TemplateError { at: offset, what } in wrong {
                    self.in_sql(at, sql, offset, what);
                }
                None
            }
        }
    }
}

/// Line and column, from 1, of an offset in a text.
pub(crate) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

/// The line of an offset, and a marker under it.
pub(crate) fn excerpt(text: &str, at: usize) -> String {
    let (line, column) = line_and_column(text, at);
    let shown = text.lines().nth(line - 1).unwrap_or_default();
    let number = line.to_string();
    let pad = " ".repeat(number.len());
    let indent: String = shown.chars().take(column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    format!("  {number} | {shown}\n  {pad} | {indent}^")
}

/// The offset that a database's message points to: that of the word that it names, if it is in the text. Databases report
/// the place only in their text; it decides nothing but the excerpt that is shown.
pub(crate) fn locate(text: &str, message: &str) -> Option<usize> {
    const BEFORE: [&str; 6] = [
        "no such column: ",
        "no such table: ",
        "no such function: ",
        "ambiguous column name: ",
        "number of arguments to function ",
        "misuse of aggregate: ",
    ];
    let named = BEFORE
        .iter()
        .find_map(|before| message.split_once(before))
        .map(|(_, word)| word.split([' ', ';', ',', '(']).next().unwrap_or_default())
        .or_else(|| oracles_name(message))
        .or_else(|| message.split('"').nth(1))?;
    let word = named.rsplit('.').next().unwrap_or(named).trim_matches('"');
    find_word(text, word)
}

/// The name that Oracle puts before its explanation: `"T"."PRICE": invalid identifier`.
fn oracles_name(message: &str) -> Option<&str> {
    let (_, behind) = message.split_once("ORA-")?;
    let ends = [": invalid identifier", ": column ambiguously", ": identifier too long"];
    let end = ends.iter().find_map(|end| behind.find(end))?;
    behind[..end].rsplit(' ').next()
}

fn find_word(text: &str, word: &str) -> Option<usize> {
    if word.is_empty() || !word.is_ascii() {
        return None;
    }
    let (text, word) = (text.to_ascii_lowercase(), word.to_ascii_lowercase());
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let is_word = word.chars().all(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(&word).map(|(at, _)| at).find(|&at| {
        let before = is_part(text[..at].chars().next_back());
        let behind = is_part(text[at + word.len()..].chars().next());
        !is_word || !before && !behind
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_leads_to_its_word() {
        let sql = "SELECT order_id,\n  price\nFROM t";
        let at = locate(sql, "target x: no such column: t.price").expect("found");
        assert_eq!(line_and_column(sql, at), (2, 3));
        assert_eq!(excerpt(sql, at), "  2 |   price\n    |   ^");
        assert_eq!(locate(sql, "near \"FROM\": syntax error"), Some(25));
        assert_eq!(locate(sql, "ORA-00904: \"PRICE\": invalid identifier"), Some(19));
        assert_eq!(locate(sql, "t: ORA-00904: \"ORDER_ID\".\"PRICE\": invalid identifier"), Some(19));
        assert_eq!(locate("SELECT total_price", "no such column: price"), None);
    }
}
