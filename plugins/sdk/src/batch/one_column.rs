//! Transforms of one column, which need no buffers and no loops of their own.

use super::Rows;
use crate::columns::TextWriter;
use crate::contract::types::{ColumnType, Schema};
use crate::failure::Result;
use crate::schema::Input;

/// Derives a text column from another one, row by row. `map` gets `None` for NULL and returns `None` for NULL.
pub fn map_text<'t>(
    rows: &Rows<'_>,
    from: &str,
    to: &str,
    map: impl Fn(Option<&str>) -> Option<&str> + 't,
) -> Result<()> {
    let texts = rows.texts(from)?;
    let mut derived = TextWriter::with_capacity(texts.len(), texts.byte_count());
    texts.iter().for_each(|text| derived.push_option(map(text)));
    rows.write(to, derived)
}

/// The columns after [`map_text`]: the input's, and the derived one as the last.
pub fn declare_text(input: Schema, from: &str, to: &str) -> Result<Schema> {
    let mut expected = Input::of(&input);
    expected.text(&[from]);
    expected.with(&[(to, ColumnType::Utf8, true)])
}
