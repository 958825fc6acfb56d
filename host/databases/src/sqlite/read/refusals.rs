//! The source's side of a column for a plan or a certificate: its declared type, and the values in it that are bad
//! values. SQLite keeps any value in any column, unless its table is STRICT.

use arrow_schema::DataType;
use rusqlite::{Connection, OptionalExtension as _};
use wmshost_flow::SourceColumn;

use crate::sqlite::table::Column;
use crate::sqlite::types::is_undecided;

/// The side of a column; `declared`: the pipeline declares its type.
pub(crate) fn source_column(column: &Column, is_strict: bool, is_computed: bool, declared: bool) -> SourceColumn {
    let open = (is_computed || is_undecided(&column.declared)) && !declared;
    SourceColumn {
        declared: match column.declared.as_str() {
            "" if is_computed => "computed by the view".to_owned(),
            "" => "no type".to_owned(),
            declared => declared.to_owned(),
        },
        refused: refused(column, is_strict),
        open: open.then(|| match is_computed {
            true => "no type is declared: its type is that of the rows that are there now".to_owned(),
            false => "the declared type does not say what it holds".to_owned(),
        }),
    }
}

fn refused(column: &Column, is_strict: bool) -> Option<String> {
    if let Some(form) = column.form {
        return Some(form.misfits(&column.arrow).to_owned());
    }
    let row_number = column.key_position > 0 && column.declared.eq_ignore_ascii_case("INTEGER") && !column.nullable;
    match &column.arrow {
        DataType::Int64 if is_strict || row_number => return None,
        DataType::Float64 | DataType::Binary if is_strict => return None,
        _ => {}
    }
    Some(match &column.arrow {
        DataType::Boolean => "anything but 0 and 1".to_owned(),
        DataType::Int64 => "texts, fractions, and whole numbers beyond 64 bits".to_owned(),
        DataType::Float64 => "texts, and whole numbers from 2^53 on".to_owned(),
        DataType::Decimal128(precision, scale) => format!(
            "texts that are no numbers, more than {} digits before or {scale} after the point, fractions of more than 15 \
             digits that are not text",
            i16::from(*precision) - i16::from(*scale)
        ),
        DataType::Utf8 => "bytes, and text that is not UTF-8".to_owned(),
        DataType::Binary => "anything but bytes".to_owned(),
        DataType::Date32 => "anything but a text such as 2026-01-31".to_owned(),
        DataType::Timestamp(_, None) => {
            "numbers, text that is no date or moment, offsets from UTC, more than six digits after the second"
                .to_owned()
        }
        DataType::Timestamp(..) => {
            "numbers, text that is no moment or has no offset from UTC, more than six digits after the second"
                .to_owned()
        }
        _ => "what does not fit".to_owned(),
    })
}

/// Returns whether a table is STRICT.
pub(crate) fn is_strict(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    let strict = connection
        .query_row("SELECT strict FROM pragma_table_list WHERE schema = 'main' AND name = ?1", [table], |row| {
            row.get(0)
        })
        .optional()?;
    Ok(strict.unwrap_or(false))
}
