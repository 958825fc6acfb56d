//! Masks in SQLite's words: a function for each, which only the scan of a table may call (see the guard).

use arrow_schema::DataType;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{Value as Stored, ValueRef};
use wmshost_flow::{Mask, MaskKey, SourceForm};
use wmshost_sql::{date_of, days_of};

use super::column::text_of_real;
use super::order::{bad_cell, sort_key_of, written};
use crate::forms::Conversion;
use crate::sqlite::moment::{MomentText, parse_date, parse_timestamp};
use crate::sqlite::table::{Column, quoted};

const LAST_FOUR: &str = "wms_mask_last_four";
const HASH: &str = "wms_mask_hash";
const MONTH: &str = "wms_mask_month";
const MONTH_OF_DATE: &str = "wms_mask_month_of_date";

const DAY: i64 = 86_400_000_000;
/// The text in the place of a value of up to four letters, and before the last four of others.
const HIDDEN: &str = "****";

/// The expression for the masked values of a column.
pub(crate) fn masked(mask: Mask, column: &Column) -> String {
    let name = quoted(&column.name);
    match mask {
        Mask::Null => "NULL".to_owned(),
        Mask::Hash => format!("{HASH}({name})"),
        Mask::LastFour => format!("{LAST_FOUR}({name})"),
        Mask::Month if column.arrow == DataType::Date32 => format!("{MONTH_OF_DATE}({})", sort_key_of(column)),
        Mask::Month => format!("{MONTH}({})", sort_key_of(column)),
    }
}

/// The way to read the masked values of this type.
pub(crate) fn conversion(kind: DataType) -> Conversion {
    let form = matches!(kind, DataType::Timestamp(..)).then_some(SourceForm::IsoUtc);
    Conversion { kind, form }
}

/// Lets a connection use the functions; without a key, the one of hashes hides everything.
pub(crate) fn add_masks(connection: &Connection, key: Option<MaskKey>) -> rusqlite::Result<()> {
    type Masking = Box<dyn Fn(ValueRef<'_>) -> Stored + Send + Sync>;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    let hash = move |value: ValueRef<'_>| match &key {
        Some(key) => Stored::Text(key.hash(text_of(value).as_bytes())),
        None => Stored::Text(HIDDEN.to_owned()),
    };
    let functions: [(&str, Masking); 4] = [
        (LAST_FOUR, Box::new(|value| Stored::Text(last_four(&text_of(value))))),
        (HASH, Box::new(hash)),
        (MONTH, Box::new(month)),
        (MONTH_OF_DATE, Box::new(month_of_date)),
    ];
    for (name, function) in functions {
        connection.create_scalar_function(name, 1, flags, move |context| {
            let value = context.get_raw(0);
            Ok(if value == ValueRef::Null { Stored::Null } else { function(value) })
        })?;
    }
    Ok(())
}

fn text_of(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(value) => value.to_string(),
        ValueRef::Real(value) => text_of_real(value),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn last_four(text: &str) -> String {
    match text.char_indices().rev().nth(3) {
        Some((at, _)) if at > 0 => format!("{HIDDEN}{}", &text[at..]),
        _ => HIDDEN.to_owned(),
    }
}

/// The first day of the month of a day.
fn first_day(days: i64) -> i64 {
    let (year, month, _) = date_of(days);
    days_of(year, month, 1)
}

/// The month of a moment in the spelling that sorts. What is no moment is bad, and nothing of it is shown.
fn month(value: ValueRef<'_>) -> Stored {
    let ValueRef::Text(text) = value else { return bad_cell() };
    let micros = parse_timestamp(text, true).or_else(|| parse_timestamp(text, false));
    written(micros.map(|micros| first_day(micros.div_euclid(DAY)) * DAY), true)
}

/// The month of a date, or of one in the spelling of a moment.
fn month_of_date(value: ValueRef<'_>) -> Stored {
    let ValueRef::Text(text) = value else { return bad_cell() };
    let days = parse_date(text).map(i64::from).or_else(|| parse_timestamp(text, true).map(|at| at.div_euclid(DAY)));
    let mut out = Vec::new();
    let written = days.and_then(|days| MomentText::default().date(first_day(days), &mut out));
    written.and_then(|()| String::from_utf8(out).ok()).map_or_else(bad_cell, Stored::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_left_of_a_value() {
        for (text, left) in
            [("", "****"), ("abcd", "****"), ("abcde", "****bcde"), ("1234567890", "****7890"), ("ééééé", "****éééé")]
        {
            assert_eq!(last_four(text), left, "{text}");
        }
        let moment = |text: &str| month(ValueRef::Text(text.as_bytes()));
        let Stored::Text(text) = moment("2026-02-17T12:30:00Z") else { panic!("no text") };
        assert!(text.starts_with("2026-02-01"), "{text}");
        assert_eq!(moment("secret"), Stored::Blob(Vec::new()));
        let date = |text: &str| month_of_date(ValueRef::Text(text.as_bytes()));
        assert_eq!(date("1999-12-31"), Stored::Text("1999-12-01".to_owned()));
        assert_eq!(date("1969-12-31"), Stored::Text("1969-12-01".to_owned()));
    }
}
