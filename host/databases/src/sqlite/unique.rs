//! The unique indexes that were added to a table which is replaced as a whole. The staged table has a copy of each
//! while it is filled, so that a row which breaks one is refused with its batch, as in a load that merges, and not at
//! the swap, where the source's row is no longer known.

use rusqlite::{Connection, ErrorCode};
use wmshost_flow::Failure;

use super::failure::failure;
use super::statement::lock;
use super::table::quoted;
use super::target_session::SqliteTargetSession;

impl SqliteTargetSession {
    /// Creates on the staged table a copy of each unique index of the table that it will replace. Rows that an
    /// interrupted load left there may break an index that was added since.
    pub(super) fn copy_unique_indexes(&self, table: &str, staged: &str) -> Result<(), Failure> {
        let connection = lock(&self.database);
        let doing = format!("{}, table {table}", self.place);
        let indexes = indexes(&connection, table).map_err(|error| failure(&doing, error))?;
        for (name, text) in indexes {
            let Some(columns) = text.strip_prefix("CREATE UNIQUE INDEX").and_then(behind_table) else { continue };
            let copy = format!(
                "CREATE UNIQUE INDEX IF NOT EXISTS main.{} ON {} {columns}",
                quoted(&copy_name(staged, &name)),
                quoted(staged)
            );
            match connection.execute_batch(&copy) {
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                    let why = failure(&doing, error);
                    return Err(Failure::permanent(format!(
                        "{}: the index {name} was added while a load was interrupted, and rows that it had read break \
                         it; reset the stream's checkpoint to load the table from the start",
                        as_of_table(&why.message, table, staged)
                    )));
                }
                // An index over a column that the stream no longer has refuses none of its rows.
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

/// The same message, about the table that is loaded and not about its staged table.
pub(super) fn as_of_table(words: &str, table: &str, staged: &str) -> String {
    words.replace(&copy_name(staged, ""), "").replace(staged, table)
}

/// Drops the copies before the staged table gets the indexes themselves.
pub(super) fn drop_copies(connection: &Connection, staged: &str) -> rusqlite::Result<()> {
    let copies = indexes(connection, staged)?;
    copies.iter().try_for_each(|(name, _)| connection.execute_batch(&format!("DROP INDEX main.{}", quoted(name))))
}

fn copy_name(staged: &str, index: &str) -> String {
    format!("{staged}__{index}")
}

/// The indexes of a table that were created by a statement, with that statement.
fn indexes(connection: &Connection, table: &str) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare(
        "SELECT name, sql FROM main.sqlite_schema \
         WHERE type = 'index' AND tbl_name = ?1 COLLATE NOCASE AND sql IS NOT NULL ORDER BY name",
    )?;
    let rows = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// The part of an index's statement after `name ON table`.
fn behind_table(text: &str) -> Option<&str> {
    let on = behind_name(text)?.trim_start();
    let table = on.get(..2).filter(|word| word.eq_ignore_ascii_case("on")).and_then(|_| on.get(2..))?;
    behind_name(table)
}

fn behind_name(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let close = match text.chars().next()? {
        '[' => ']',
        quote @ ('"' | '`' | '\'') => quote,
        _ => {
            let end =
                text.find(|letter: char| letter.is_ascii() && !letter.is_ascii_alphanumeric() && letter != '_')?;
            return (end > 0).then(|| &text[end..]);
        }
    };
    let mut rest = &text[1..];
    loop {
        rest = &rest[rest.find(close)? + 1..];
        // A doubled quote belongs to the name.
        match rest.strip_prefix(close) {
            Some(more) if close != ']' => rest = more,
            _ => return Some(rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_an_index_are_found_however_names_are_written() {
        for text in [
            " codes ON T(code)",
            " \"a \"\" ON (b)\" on [my table](code)",
            "`x`  ON\n\"T\"(code)",
            " é_1 ON 't''t'(code)",
        ] {
            assert_eq!(behind_table(text), Some("(code)"), "{text}");
        }
        assert_eq!(behind_table(" codes /* why */ ON T(code)"), None);
    }
}
