//! Finding the rows in a document: the value at a pointer, and its elements or members.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use wmshost_flow::{Batch, Failure, JsonColumn, JsonRows, RowsOf};

use crate::columns::GrowingColumns;
use crate::reading::Reading;
use crate::row::{Name, RowReader};

/// The most rows of a document.
const MOST_ROWS: usize = 100_000;

/// Makes rows of the JSON value at a pointer.
pub fn rows_of(
    body: &[u8],
    pointer: &str,
    each: RowsOf,
    columns: &[JsonColumn],
    reading: Reading,
) -> Result<JsonRows, Failure> {
    let names = names_of(pointer)?;
    let text = std::str::from_utf8(body)
        .map_err(|error| Failure::transient(format!("the body is not UTF-8 from byte {} on", error.valid_up_to())))?;
    let mut reader = RowReader::new(columns, GrowingColumns::new(columns)?, reading);
    let mut document = serde_json::Deserializer::from_str(text);
    let at = AtPointer { names: &names, each, reader: &mut reader };
    let found = at.deserialize(&mut document).and_then(|found| document.end().map(|()| found));
    let found = found.map_err(|error| not_json(&error, text.len()))?;
    if reader.rows > MOST_ROWS {
        return Err(Failure::limit("rows of a document", MOST_ROWS, reader.rows));
    }
    if !found {
        return Err(Failure::transient(format!("the body has nothing at {pointer}")));
    }
    let (growing, rejected, other_members, absent_columns) = reader.finish();
    let rows = growing.finish(columns)?;
    Ok(JsonRows { batch: Batch::read(rows, rejected), other_members, absent_columns })
}

/// The failure of a document that is not the JSON that it should be. Its own words quote nothing of the document.
fn not_json(error: &serde_json::Error, bytes: usize) -> Failure {
    let place = format!("line {}, column {}, of {bytes} bytes", error.line(), error.column());
    let why = match error.classify() {
        serde_json::error::Category::Eof => "it ends in the middle of a value".to_owned(),
        _ => {
            let words = error.to_string();
            without_quotes(words.split(" at line ").next().unwrap_or_default())
        }
    };
    Failure::transient(format!("the body is not the JSON that it should be: {why} ({place})"))
}

/// A message of the parser without the value that it quotes.
fn without_quotes(words: &str) -> String {
    for quote in ['"', '`'] {
        if let (Some(begin), Some(end)) = (words.find(quote), words.rfind(quote)) {
            return format!("{}…{}", &words[..begin], &words[end + 1..]);
        }
    }
    words.to_owned()
}

/// The names of a pointer (RFC 6901).
fn names_of(pointer: &str) -> Result<Vec<String>, Failure> {
    if pointer.is_empty() {
        return Ok(Vec::new());
    }
    let Some(rest) = pointer.strip_prefix('/') else {
        return Err(Failure::permanent(format!("the pointer {pointer:?} does not begin with a slash")));
    };
    Ok(rest.split('/').map(|name| name.replace("~1", "/").replace("~0", "~")).collect())
}

/// Reads the value at a pointer; returns false if there is none.
struct AtPointer<'r, 'c, 'a> {
    names: &'r [String],
    each: RowsOf,
    reader: &'r mut RowReader<'c, 'a>,
}

impl<'a> DeserializeSeed<'a> for AtPointer<'_, '_, 'a> {
    type Value = bool;

    fn deserialize<D: Deserializer<'a>>(self, value: D) -> Result<bool, D::Error> {
        if !self.names.is_empty() {
            return value.deserialize_map(self);
        }
        match self.each {
            RowsOf::Elements => value.deserialize_seq(self),
            RowsOf::Members => value.deserialize_map(self),
            RowsOf::Document => {
                let raw: &RawValue = serde::Deserialize::deserialize(value)?;
                self.reader.row(Cow::Borrowed(""), raw.get()).map_err(D::Error::custom)?;
                Ok(true)
            }
        }
    }
}

impl<'a> Visitor<'a> for AtPointer<'_, '_, 'a> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_list = self.names.is_empty() && self.each == RowsOf::Elements;
        f.write_str(if is_list { "a list" } else { "an object" })
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut elements: S) -> Result<bool, S::Error> {
        while let Some(element) = elements.next_element::<&RawValue>()? {
            self.reader.row(Cow::Borrowed(""), element.get()).map_err(S::Error::custom)?;
            if self.reader.rows > MOST_ROWS {
                // The caller reports it; the rest need not be read.
                while elements.next_element::<IgnoredAny>()?.is_some() {}
            }
        }
        Ok(true)
    }

    fn visit_map<M: MapAccess<'a>>(self, mut members: M) -> Result<bool, M::Error> {
        let Self { names, each, reader } = self;
        let mut is_found = false;
        while let Some(name) = members.next_key_seed(Name)? {
            match names.split_first() {
                None => {
                    let value: &RawValue = members.next_value()?;
                    reader.row(name, value.get()).map_err(M::Error::custom)?;
                    is_found = true;
                }
                Some((first, _)) if *first != name => {
                    members.next_value::<IgnoredAny>()?;
                }
                Some(_) if is_found => return Err(M::Error::custom(format_args!("it has the member {name} twice"))),
                Some((_, rest)) => {
                    is_found = members.next_value_seed(AtPointer { names: rest, each, reader: &mut *reader })?;
                }
            }
        }
        Ok(is_found || names.is_empty())
    }
}
