//! Bookmarks that are made by hand, as the standard extractors of databases and of web services make them.

use wmshost_flow::{Bookmark, Position, Value};

/// Returns the bookmark from which a stream goes on at this value of its change key.
pub fn bookmark_at(value: Value, is_service: bool) -> Bookmark {
    let (phase, name) = if is_service { ("idle", "high") } else { ("changes", "watermark") };
    let position = |name: &str, value| Position { name: name.to_owned(), value };
    Bookmark(vec![position("phase", Value::Text(phase.to_owned())), position(name, value)])
}
