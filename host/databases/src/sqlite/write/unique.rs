//! The unique indexes that were added to a table which is replaced as a whole. The staged table has a copy of each
//! while it is filled, so that a row which breaks one is refused with its batch, as in a load that merges, and not at
//! the swap, where the source's row is no longer known.

use std::collections::BTreeMap;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _};
use wmshost_flow::Failure;
use wmshost_sql::text_literal;

use super::session::{DELETED_AT, SqliteTargetSession};
use crate::clash::Clash;
use crate::sqlite::failure::failure;
use crate::sqlite::statement::lock;
use crate::sqlite::table::{Table, quoted};

impl SqliteTargetSession {
    /// Creates on the staged table a copy of each unique index of the table that it will replace. Rows that an
    /// interrupted load left there may break an index that was added since.
    pub(crate) fn copy_unique_indexes(&self, table: &str, staged: &str) -> Result<(), Failure> {
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
                    let message = format!(
                        "{}: the index {name} was added while a load was interrupted, and rows that it had read break it",
                        as_of_table(&why.message, table, staged)
                    );
                    let refused = Failure { message, ..why };
                    return Err(refused.advise("reset the stream's checkpoint to load the table from the start"));
                }
                // An index over a column that the stream no longer has refuses none of its rows.
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

/// The same message, about the table that is loaded and not about its staged table.
pub(crate) fn as_of_table(words: &str, table: &str, staged: &str) -> String {
    words.replace(&copy_name(staged, ""), "").replace(staged, table)
}

/// The next step for a person.
pub(crate) fn advice() -> String {
    format!(
        "delete the first one from the table, or limit the index to the rows that are not deleted (CREATE UNIQUE \
         INDEX … WHERE {DELETED_AT} IS NULL), and run again"
    )
}

impl Clash {
    /// Returns the first one between a table's rows that are not staged and the staged ones.
    pub(crate) fn find(connection: &Connection, old: &Table, staged: &Table) -> rusqlite::Result<Option<Self>> {
        let mut unique = connection.prepare(
            "SELECT l.name, i.name FROM pragma_index_list(?1, 'main') l, pragma_index_info(l.name, 'main') i \
             WHERE l.\"unique\" = 1 AND l.partial = 0 AND l.origin = 'c' ORDER BY l.name, i.seqno",
        )?;
        let columns = unique.query_map([&staged.name], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut indexes: BTreeMap<String, Option<Vec<String>>> = BTreeMap::new();
        for column in columns {
            // An index over an expression has a column without a name.
            let (index, column): (String, Option<String>) = column?;
            let columns = indexes.entry(index).or_insert_with(|| Some(Vec::new()));
            *columns = columns.take().zip(column).map(|(columns, column)| [columns, vec![column]].concat());
        }
        for (index, columns) in indexes.into_iter().filter_map(|(index, columns)| Some((index, columns?))) {
            if let Some((kept, loaded)) = Self::pair(connection, old, staged, &columns)? {
                let index = index.replace(&copy_name(&staged.name, ""), "");
                return Ok(Some(Self { index, columns, kept, loaded }));
            }
        }
        Ok(None)
    }

    /// Returns the keys, in words, of two rows that have the same values in these columns.
    fn pair(
        connection: &Connection,
        old: &Table,
        staged: &Table,
        columns: &[String],
    ) -> rusqlite::Result<Option<(String, String)>> {
        let same = |names: &[String], other: &str| {
            let pairs = names.iter().map(|name| format!("o.{0} = {other}.{0}", quoted(name)));
            pairs.collect::<Vec<_>>().join(" AND ")
        };
        let key = staged.key();
        let words = |side: &str| {
            let named =
                |name: &String| format!("{} || quote({side}.{})", text_literal(&format!("{name}=")), quoted(name));
            let parts = key.iter().map(named);
            parts.collect::<Vec<_>>().join(" || ', ' || ")
        };
        // Texts of a key are compared by their bytes, as the staged table does, which is on the left side for that.
        let same_key = key.iter().map(|name| format!("s.{0} = o.{0}", quoted(name)));
        let (from, to) = (quoted(&old.name), quoted(&staged.name));
        let query = format!(
            "SELECT {}, {} FROM main.{from} AS o JOIN main.{to} AS n ON {} \
             WHERE NOT EXISTS (SELECT 1 FROM main.{to} AS s WHERE {}) LIMIT 1",
            words("o"),
            words("n"),
            same(columns, "n"),
            same_key.collect::<Vec<_>>().join(" AND ")
        );
        connection.query_row(&query, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()
    }
}

/// Drops the copies before the staged table gets the indexes themselves.
pub(crate) fn drop_copies(connection: &Connection, staged: &str) -> rusqlite::Result<()> {
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
