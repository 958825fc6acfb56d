//! The host's order of a column, in SQLite's SQL. SQLite orders by how a value is stored; here it orders by the meaning
//! of the value:
//!
//! | column | expression | why |
//! |---|---|---|
//! | numbers of a numeric affinity, dates, bytes | the column | SQLite's order is the host's |
//! | text of TEXT affinity in a UTF-8 database | the column, or `"c" COLLATE BINARY` | the column may have another collation |
//! | other text: a UTF-16 database, numbers in a column read as text | `wms_text("c")` | the bytes of UTF-8 |
//! | decimals kept as text | `wms_decimal("c")` | '10' would come before '9' |
//! | timestamps | `wms_moment("c")`, `wms_instant("c")` | one moment has many spellings |
//! | moments that are kept as numbers | the column; `wms_at_epoch_s("c")` … where SQLite keeps the number as text | the parameter becomes such a number |
//! | text as in ISO 8601 with or without a zone | `wms_any_instant("c")` | one moment has many spellings |
//! | numbers kept as text, words for true and false | `wms_decimal("c")`, `wms_word("c")` | '10' would come before '9' |
//! | bytes and dates in the key of a stream that only reads what is added | `wms_bytes("c")`, `wms_date("c")` | a number or a text sorts before all bytes |
//! | a column that a view computes, of no declared type | none | its type is that of the rows that are there now |
//!
//! A value that does not fit its column comes after all that do; NULL comes first.

use arrow_schema::DataType;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{Value as Stored, ValueRef};
use wmshost_flow::{Bounds, ColumnOrder, DecimalDigits, SourceForm};

use super::column::text_of_real;
use crate::forms::{self, Stored as Kept};
use crate::sqlite::decimal::Number;
use crate::sqlite::moment::{MomentText, YEARS, parse_date, parse_timestamp};
use crate::sqlite::table::{Column, quoted};
use crate::sqlite::types::{Affinity, affinity};

/// The bytes of a value's text in UTF-8.
const TEXT: &str = "wms_text";
/// A text that sorts as the decimal does.
const DECIMAL: &str = "wms_decimal";
/// Bytes, with a mark before them.
const BYTES: &str = "wms_bytes";
/// A date as it is written.
const DATE: &str = "wms_date";
/// A moment without a zone, in the spelling that sorts.
const MOMENT: &str = "wms_moment";
/// A moment in UTC, in the spelling that sorts.
const INSTANT: &str = "wms_instant";
/// The same for a parameter, which has no zone.
const INSTANT_AT: &str = "wms_instant_at";
/// A moment in UTC whose text need not have a zone, in the spelling that sorts.
const ANY_INSTANT: &str = "wms_any_instant";
/// A word for true or false as a number.
const WORD: &str = "wms_word";
/// The forms that count; for each there is a function from a number to the spelling that sorts, `wms_at_epoch_s`, and
/// one from a parameter to the number, `wms_epoch_s`.
const COUNTED: [SourceForm; 4] =
    [SourceForm::EpochSeconds, SourceForm::EpochMillis, SourceForm::EpochMicros, SourceForm::JulianDay];
const DAY: i64 = 86_400_000_000;
/// The most by which an offset moves a moment's text away from its text in UTC.
const MOST_OFFSET: i64 = 16 * 3_600_000_000;

/// SQLite's order by a column of a database in UTF-8, or in UTF-16 if `wide`. `is_binary` is true if the column is
/// known to have no other collation.
pub(crate) fn order_of(column: &Column, wide: bool, is_binary: bool) -> ColumnOrder {
    let name = quoted(&column.name);
    let by = |function: &str| by(function, &name);
    let affinity = affinity(&column.declared);
    if let Some(order) = column.form.and_then(|form| order_of_form(form, column, &name)) {
        return order;
    }
    match &column.arrow {
        DataType::Utf8 if affinity == Affinity::Text && !wide && is_binary => ColumnOrder::of(name),
        DataType::Utf8 if affinity == Affinity::Text && !wide => ColumnOrder::of(format!("{name} COLLATE BINARY")),
        DataType::Utf8 => by(TEXT),
        DataType::Decimal128(..) if !affinity.is_numeric() => by(DECIMAL),
        DataType::Timestamp(_, None) => ColumnOrder { bounds: Some(bounds(MOMENT)), ..by(MOMENT) },
        DataType::Timestamp(_, Some(_)) => {
            ColumnOrder { function: Some(INSTANT_AT.to_owned()), bounds: Some(bounds(INSTANT)), ..by(INSTANT) }
        }
        _ => ColumnOrder::of(name),
    }
}

/// The order of a column whose values are kept in a form; `None` if it is that of its type.
fn order_of_form(form: SourceForm, column: &Column, name: &str) -> Option<ColumnOrder> {
    Some(match form {
        SourceForm::Iso => return None,
        SourceForm::IsoUtc => {
            let function = Some(INSTANT_AT.to_owned());
            ColumnOrder { function, bounds: Some(bounds(INSTANT)), ..by(ANY_INSTANT, name) }
        }
        SourceForm::Text => by(DECIMAL, name),
        SourceForm::Words => by(WORD, name),
        form if affinity(&column.declared).is_numeric() => {
            ColumnOrder { function: Some(function_of(form, "wms_")), ..ColumnOrder::of(name.to_owned()) }
        }
        form => ColumnOrder { function: Some(INSTANT_AT.to_owned()), ..by(&function_of(form, "wms_at_"), name) },
    })
}

/// The expression for a column's moments in the spelling that sorts, whatever their form; for other types the column.
pub(crate) fn sort_key_of(column: &Column) -> String {
    let name = quoted(&column.name);
    match (&column.arrow, column.form) {
        (DataType::Timestamp(..) | DataType::Date32, Some(form)) if form.is_counted() => {
            format!("{}({name})", function_of(form, "wms_at_"))
        }
        (DataType::Timestamp(..), Some(SourceForm::IsoUtc)) => format!("{ANY_INSTANT}({name})"),
        // With a `Z` at its end, as the other spellings have it.
        (DataType::Timestamp(_, zone), _) if zone.is_none() => format!("{INSTANT_AT}({name})"),
        (DataType::Timestamp(..), _) => format!("{INSTANT}({name})"),
        _ => name,
    }
}

/// The order of a computed column, whose moments are in the spelling that sorts.
pub(crate) fn order_of_computed(name: &str, kind: &DataType) -> ColumnOrder {
    let is_moment = matches!(kind, DataType::Timestamp(..));
    ColumnOrder { function: is_moment.then(|| INSTANT_AT.to_owned()), ..ColumnOrder::of(quoted(name)) }
}

fn function_of(form: SourceForm, prefix: &str) -> String {
    format!("{prefix}{}", form.name().replace('-', "_"))
}

/// The order in which also bytes and dates that do not fit come after all that do, where SQLite's own has some of them
/// first; no index serves it.
pub(crate) fn order_with_misfits_last(column: &Column) -> Option<ColumnOrder> {
    let function = match &column.arrow {
        DataType::Binary => BYTES,
        DataType::Date32 => DATE,
        _ => return None,
    };
    Some(by(function, &quoted(&column.name)))
}

fn by(function: &str, name: &str) -> ColumnOrder {
    ColumnOrder { expression: format!("{function}({name})"), function: Some(function.to_owned()), bounds: None }
}

fn bounds(function: &str) -> Bounds {
    Bounds { least: format!("{function}_least"), most: format!("{function}_most") }
}

/// A function of the host: the sort key of a stored value.
type Encoding = fn(ValueRef<'_>) -> Stored;

/// Lets a connection use the functions of the expressions above.
pub(crate) fn add_functions(connection: &Connection) -> rusqlite::Result<()> {
    let functions: [(&str, Encoding); 13] = [
        (TEXT, text_key),
        (DECIMAL, decimal_key),
        (BYTES, bytes_key),
        (DATE, date_key),
        (MOMENT, |value| moment_key(value, false)),
        (INSTANT, |value| moment_key(value, true)),
        (INSTANT_AT, |value| written(parameter_at(value), true)),
        (ANY_INSTANT, |value| at_key(value, SourceForm::IsoUtc)),
        (WORD, |value| kept(value).and_then(forms::word).map_or_else(bad_cell, |word| Stored::Integer(word.into()))),
        ("wms_moment_least", |value| bound(value, 0, least)),
        ("wms_moment_most", |value| bound(value, 0, most)),
        ("wms_instant_least", |value| bound(value, -MOST_OFFSET, least)),
        ("wms_instant_most", |value| bound(value, MOST_OFFSET, most)),
    ];
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    let add = |name: &str, function: Box<dyn Fn(ValueRef<'_>) -> Stored + Send + Sync>| {
        connection.create_scalar_function(name, 1, flags, move |context| {
            let value = context.get_raw(0);
            Ok(if value == ValueRef::Null { Stored::Null } else { function(value) })
        })
    };
    for (name, function) in functions {
        add(name, Box::new(function))?;
    }
    for form in COUNTED {
        add(&function_of(form, "wms_at_"), Box::new(move |value| at_key(value, form)))?;
        add(&function_of(form, "wms_"), Box::new(move |value| number_key(value, form)))?;
    }
    Ok(())
}

/// A value that a form can have.
fn kept(value: ValueRef<'_>) -> Option<Kept<'_>> {
    match value {
        ValueRef::Integer(value) => Some(Kept::Integer(value)),
        ValueRef::Real(value) => Some(Kept::Real(value)),
        ValueRef::Text(text) => Some(Kept::Text(text)),
        ValueRef::Null | ValueRef::Blob(_) => None,
    }
}

/// The moment of a value of a form, in the spelling that sorts.
fn at_key(value: ValueRef<'_>, form: SourceForm) -> Stored {
    written(kept(value).and_then(|value| forms::micros(form, true, value)), true)
}

/// The number that a form keeps for a parameter. One that is not a moment lets the comparison fail.
fn number_key(value: ValueRef<'_>, form: SourceForm) -> Stored {
    match parameter_at(value).map(|at| forms::number(form, at)) {
        Some(Number::Whole(value)) => Stored::Integer(value),
        Some(Number::Real(value)) => Stored::Real(value),
        None => Stored::Null,
    }
}

/// The sort key of a value that does not fit: bytes, which come after all texts.
pub(crate) fn bad_cell() -> Stored {
    Stored::Blob(Vec::new())
}

fn text_key(value: ValueRef<'_>) -> Stored {
    Stored::Blob(match value {
        ValueRef::Null => return Stored::Null,
        ValueRef::Integer(value) => value.to_string().into_bytes(),
        ValueRef::Real(value) => text_of_real(value).into_bytes(),
        ValueRef::Text(text) => text.to_vec(),
        // No text in UTF-8 begins with this byte.
        ValueRef::Blob(bytes) => [&[0xff], bytes].concat(),
    })
}

fn bytes_key(value: ValueRef<'_>) -> Stored {
    Stored::Blob(match value {
        ValueRef::Blob(bytes) => [&[0], bytes].concat(),
        _ => vec![1],
    })
}

fn date_key(value: ValueRef<'_>) -> Stored {
    match value {
        ValueRef::Text(text) if parse_date(text).is_some() => Stored::Text(String::from_utf8_lossy(text).into_owned()),
        _ => bad_cell(),
    }
}

fn decimal_key(value: ValueRef<'_>) -> Stored {
    let text = match value {
        ValueRef::Integer(value) => value.to_string(),
        ValueRef::Real(value) if value.is_finite() => value.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        _ => return bad_cell(),
    };
    sortable(&text).map_or_else(bad_cell, Stored::Text)
}

/// A text that sorts as the decimal in a text does; `None` if there is none. It has a sign, the number of digits before
/// the point as a letter, and all digits; a negative number has the complements of those, and a letter that sorts after
/// every digit.
fn sortable(text: &str) -> Option<String> {
    const MOST_WHOLE: usize = 60;
    let DecimalDigits { is_negative, whole, fraction } = DecimalDigits::of(text)?;
    if whole.len() > MOST_WHOLE {
        return None;
    }
    if whole.is_empty() && fraction.is_empty() {
        return Some("1".to_owned());
    }
    let count = whole.len() as u8;
    let digits = whole.bytes().chain(fraction.bytes());
    Some(if is_negative {
        let complements = digits.map(|digit| char::from(b'9' - (digit - b'0')));
        ['0', char::from(b'A' + MOST_WHOLE as u8 - count)].into_iter().chain(complements).chain(['~']).collect()
    } else {
        ['2', char::from(b'A' + count)].into_iter().chain(digits.map(char::from)).collect()
    })
}

fn moment_key(value: ValueRef<'_>, zoned: bool) -> Stored {
    match value {
        ValueRef::Text(text) => written(parse_timestamp(text, zoned), zoned),
        _ => bad_cell(),
    }
}

pub(crate) fn written(micros: Option<i64>, zoned: bool) -> Stored {
    let mut out = Vec::with_capacity(27);
    let text = micros.and_then(|micros| MomentText::default().timestamp(micros, zoned, &mut out));
    match text.and_then(|()| String::from_utf8(out).ok()) {
        Some(text) => Stored::Text(text),
        None => bad_cell(),
    }
}

/// The moment of a parameter: one without a zone is in UTC.
fn parameter_at(value: ValueRef<'_>) -> Option<i64> {
    let ValueRef::Text(text) = value else { return None };
    parse_timestamp(text, false).or_else(|| parse_timestamp(text, true))
}

/// The bound of a parameter that is moved by `offset` first. A parameter that is not a moment bounds nothing: there is
/// no bound that all columns keep, and NULL lets the comparison fail, as the expression's does.
fn bound(value: ValueRef<'_>, offset: i64, text: fn(i64) -> Option<String>) -> Stored {
    let at = parameter_at(value).and_then(|at| text(at.saturating_add(offset)));
    at.map_or(Stored::Null, Stored::Text)
}

/// The text before which no spelling of a moment from here on sorts: `2026-01-31`, with ` 12:00` at the end if the day
/// has begun, and `:30` if the minute has.
fn least(micros: i64) -> Option<String> {
    let mut out = Vec::new();
    MomentText::default().timestamp(micros.max(YEARS.start), false, &mut out)?;
    let of_day = micros.rem_euclid(DAY);
    out.truncate(match of_day {
        0 => 10,
        _ if of_day % 60_000_000 < 1_000_000 => 16,
        _ => 19,
    });
    String::from_utf8(out).ok()
}

/// The text after which no spelling of a moment up to here sorts: the day, and a letter that comes after every
/// separator.
fn most(micros: i64) -> Option<String> {
    let mut out = Vec::new();
    MomentText::default().date(micros.min(YEARS.end - 1).div_euclid(DAY), &mut out)?;
    out.push(b'U');
    String::from_utf8(out).ok()
}
