//! Parts of a table that somebody added, and that are lost when the host builds the table again: SQLite replaces a table
//! by another one, and cannot change a column's type. The host itself declares columns with their types and a key, and
//! nothing else, so that everything else was added.

use rusqlite::Connection;
use wmshost_flow::Failure;

use super::session::SqliteTargetSession;
use crate::sqlite::failure::failure;
use crate::sqlite::statement::lock;
use crate::sqlite::table::Table;

impl SqliteTargetSession {
    /// Fails if building the table again would lose a part of it that somebody added, unless it is taken over.
    pub(crate) fn check_rebuild(&self, table: &Table) -> Result<(), Failure> {
        if self.grant.take_over.is_some() {
            return Ok(());
        }
        let place = format!("{}, table {}", self.place, table.name);
        let found = additions(&lock(&self.database), &table.name).map_err(|error| failure(&place, error))?;
        if found.is_empty() {
            return Ok(());
        }
        Err(Failure::invalid_config(format!(
            "{place}: the table has to be built again, and would lose what somebody added to it: {}; nothing was changed",
            found.join(", ")
        ))
        .advise("put that into a view or a table of your own, and drop it here; or drop the table, and load the stream again"))
    }
}

/// The parts of a table, in words, that the host would not declare.
fn additions(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut columns = connection.prepare(
        "SELECT CASE WHEN hidden > 1 THEN 'the computed column ' WHEN dflt_value IS NOT NULL THEN 'the default of ' \
                ELSE 'NOT NULL of ' END || name \
         FROM pragma_table_xinfo(?1, 'main') WHERE hidden > 1 OR dflt_value IS NOT NULL OR (\"notnull\" = 1 AND pk = 0)",
    )?;
    let mut keys = connection
        .prepare("SELECT DISTINCT 'the reference to ' || \"table\" FROM pragma_foreign_key_list(?1, 'main')")?;
    let mut unique =
        connection.prepare("SELECT 'a UNIQUE constraint' FROM pragma_index_list(?1, 'main') WHERE origin = 'u'")?;
    for statement in [&mut columns, &mut keys, &mut unique] {
        let names = statement.query_map([table], |row| row.get(0))?;
        found.extend(names.collect::<rusqlite::Result<Vec<String>>>()?);
    }
    let text: String = connection.query_row(
        "SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE",
        [table],
        |row| row.get(0),
    )?;
    let words = bare_words(&text);
    for (word, what) in [("CHECK", "a CHECK constraint"), ("COLLATE", "a collation")] {
        if words.iter().any(|found| found.eq_ignore_ascii_case(word)) {
            found.push(what.to_owned());
        }
    }
    Ok(found)
}

/// The words of a statement that are neither quoted nor in a comment.
fn bare_words(text: &str) -> Vec<&str> {
    let (mut words, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let end = |close: &str, open: usize| rest[open..].find(close).map_or(rest.len(), |at| open + at + close.len());
        let length = match first {
            '[' => end("]", 1),
            '"' | '`' | '\'' => end(first.encode_utf8(&mut [0; 4]), 1),
            '-' if rest.starts_with("--") => end("\n", 2),
            '/' if rest.starts_with("/*") => end("*/", 2),
            _ if is_of_word(first) => rest.find(|letter| !is_of_word(letter)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        if is_of_word(first) {
            words.push(&rest[..length]);
        }
        rest = &rest[length..];
    }
    words
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || !letter.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_quotes_and_comments_are_no_words_of_the_statement() {
        let text = "CREATE TABLE \"a check\" ([collate] TEXT, `x``check` INT, -- CHECK\n y /* COLLATE */ TEXT DEFAULT 'it''s CHECK')";
        let words = bare_words(text);
        assert_eq!(words, ["CREATE", "TABLE", "TEXT", "INT", "y", "TEXT", "DEFAULT"]);
        assert!(bare_words("(n INT CHECK(n>0))").contains(&"CHECK"));
    }
}
