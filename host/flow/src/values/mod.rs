//! Bookmarks, and the order of values. Values themselves are those of SQL, in the crate `wmshost-sql`.
//!
//! | module | what it is for |
//! |---|---|
//! | `key` | the one order of keys, and holding rows to it |
//! | `order` | the host's order of values, and how a database keeps it |

pub(crate) mod key;
pub(crate) mod order;

use std::fmt;

use wmshost_sql::Value;

/// One named part of a bookmark.
#[derive(Debug, Clone, PartialEq)]
pub struct Position {
    /// The name assigned by the extractor.
    pub name: String,
    /// Its value.
    pub value: Value,
}

impl Position {
    /// The most bytes of its name and its value together. An extractor that a plugin author wrote cannot fill the ledger, and
    /// no index of a database takes longer keys than a few KiB.
    pub const MAX_BYTES: usize = 4 << 10;
}

/// A position in a stream, created and understood only by its extractor.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bookmark(pub Vec<Position>);

impl fmt::Display for Bookmark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, position) in self.0.iter().enumerate() {
            let gap = if i == 0 { "" } else { ", " };
            write!(f, "{gap}{}={}", position.name, position.value)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bookmark_names_its_parts() {
        let bookmark = Bookmark(vec![
            Position { name: "phase".into(), value: Value::Text("changes".into()) },
            Position { name: "id".into(), value: Value::Int64(7) },
        ]);
        assert_eq!(bookmark.to_string(), "phase=changes, id=7");
    }
}
