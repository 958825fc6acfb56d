//! One line as a message. Of a record only the place in the line is found; its values are read with those of other records.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use wmshost_json::NO_TEXT;

/// A message.
#[derive(Debug)]
pub enum Message<'a> {
    /// The columns and the key of the records to come.
    Schema {
        /// The stream's name.
        stream: Cow<'a, str>,
        /// The JSON Schema of a record.
        schema: &'a str,
        /// The properties that identify a record.
        key: Vec<String>,
    },
    /// A row.
    Record(Record<'a>),
    /// The tap's position after all messages before it.
    State(&'a str),
    /// Records of older versions are gone.
    ActivateVersion {
        /// The stream's name.
        stream: Cow<'a, str>,
        /// The version that stays.
        version: i64,
    },
    /// A message of a type that is not known.
    Unknown(Cow<'a, str>),
}

/// A row.
#[derive(Debug)]
pub struct Record<'a> {
    /// The stream's name.
    pub stream: Cow<'a, str>,
    /// The record: a JSON object.
    pub json: &'a str,
    /// The version of the table that it belongs to.
    pub version: Option<i64>,
    /// The time at which it was extracted, as written.
    pub extracted: Option<Cow<'a, str>>,
}

/// The members that messages have.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    stream: Option<Cow<'a, str>>,
    #[serde(borrow)]
    record: Option<&'a RawValue>,
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
    key_properties: Option<Vec<String>>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    version: Option<i64>,
    #[serde(borrow)]
    time_extracted: Option<Cow<'a, str>>,
}

/// Reads a line; the error says what is wrong with it, without a value.
pub fn parse(line: &str) -> Result<Message<'_>, String> {
    let envelope: Envelope<'_> = serde_json::from_str(line).map_err(|error| wrong(&error))?;
    let Envelope { kind, stream, record, schema, key_properties, value, version, time_extracted } = envelope;
    let needs = |what: &str| format!("the {kind} message has no {what}");
    let name = || stream.clone().filter(|name| !name.is_empty()).ok_or_else(|| needs("stream"));
    if kind.eq_ignore_ascii_case("RECORD") {
        let json = record.map(RawValue::get).filter(|json| json.starts_with('{'));
        let json = json.ok_or_else(|| needs("record that is an object"))?;
        return Ok(Message::Record(Record { stream: name()?, json, version, extracted: time_extracted }));
    }
    if kind.eq_ignore_ascii_case("STATE") {
        return Ok(Message::State(value.map_or("null", RawValue::get)));
    }
    if kind.eq_ignore_ascii_case("SCHEMA") {
        let schema = schema.map(RawValue::get).ok_or_else(|| needs("schema"))?;
        return Ok(Message::Schema { stream: name()?, schema, key: key_properties.unwrap_or_default() });
    }
    if kind.eq_ignore_ascii_case("ACTIVATE_VERSION") {
        let version = version.ok_or_else(|| needs("version that is a whole number"))?;
        return Ok(Message::ActivateVersion { stream: name()?, version });
    }
    Ok(Message::Unknown(kind))
}

/// The depth of a record's own properties in a line.
const OF_RECORD: u32 = 2;

/// The line with numbers that JSON has no words for as texts that no column takes, so that their records are bad and not
/// the whole line. Python writes such numbers unless that is forbidden. Returns `None` if there are none, or if one is not a
/// property of a record itself: within an object or a list it would become another value.
pub fn without_bare_words(line: &str) -> Option<String> {
    let (mut mended, mut rest, mut is_text, mut depth) = (String::new(), line, false, 0_u32);
    'next: while let Some(letter) = rest.chars().next() {
        if !is_text {
            match letter {
                '{' | '[' => depth += 1,
                '}' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            for word in ["NaN", "-Infinity", "Infinity"] {
                if let Some(after) = rest.strip_prefix(word) {
                    if depth != OF_RECORD {
                        return None;
                    }
                    mended.extend(["\"", NO_TEXT, word, "\""]);
                    rest = after;
                    continue 'next;
                }
            }
        }
        is_text ^= letter == '"';
        let escaped = if is_text && letter == '\\' { rest[1..].chars().next() } else { None };
        let (taken, after) = rest.split_at(letter.len_utf8() + escaped.map_or(0, char::len_utf8));
        mended.push_str(taken);
        rest = after;
    }
    (mended.len() > line.len()).then_some(mended)
}

/// A mistake in words that quote no value.
fn wrong(error: &serde_json::Error) -> String {
    let column = error.column();
    match error.classify() {
        serde_json::error::Category::Eof => "the line ends in the middle of a message".to_owned(),
        serde_json::error::Category::Data => {
            let words = error.to_string();
            match words.split_once("missing field `").and_then(|(_, rest)| rest.split_once('`')) {
                Some((member, _)) => format!("the message has no {member}"),
                None => format!("a member of the message has a value of another type, at column {column}"),
            }
        }
        _ => format!("it is not JSON, at column {column}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_known_in_any_case_and_order() {
        let line = r#"{"record": {"a": 1.50, "b": [1, {"c": "}"}]}, "extra": {}, "version": 7, "stream": "s\u0031", "type": "record"}"#;
        let Ok(Message::Record(record)) = parse(line) else { panic!("a record") };
        assert_eq!((&*record.stream, record.version), ("s1", Some(7)));
        assert_eq!(record.json, r#"{"a": 1.50, "b": [1, {"c": "}"}]}"#);
        assert!(matches!(parse(r#"{"type":"STATE","value":{"a":1}}"#), Ok(Message::State(r#"{"a":1}"#))));
        assert!(matches!(parse(r#"{"type":"STATE"}"#), Ok(Message::State("null"))));
        assert!(matches!(parse(r#"{"type":"BATCH","stream":"s"}"#), Ok(Message::Unknown(kind)) if kind == "BATCH"));
        let line = r#"{"type":"SCHEMA","stream":"s","schema":{"properties":{}},"key_properties":["id"]}"#;
        assert!(matches!(parse(line), Ok(Message::Schema { key, .. }) if key == ["id"]));
    }

    #[test]
    fn numbers_that_json_has_no_words_for_become_texts() {
        let line = r#"{"record": {"a": NaN, "b": -Infinity, "c": "NaN \" [ Infinity", "d": "\\", "é": NaN}}"#;
        let mended = r#"{"record": {"a": "\ud800NaN", "b": "\ud800-Infinity", "c": "NaN \" [ Infinity", "d": "\\", "é": "\ud800NaN"}}"#;
        assert_eq!(without_bare_words(line).as_deref(), Some(mended));
        assert_eq!(without_bare_words(mended), None);
        // Elsewhere they would become another value.
        for line in [r#"{"record": {"a": [1, NaN]}}"#, r#"{"record": {"a": {"b": NaN}}}"#, r#"{"value": NaN}"#] {
            assert_eq!(without_bare_words(line), None, "{line}");
        }
    }

    #[test]
    fn broken_lines_are_told_without_their_values() {
        for (line, what) in [
            ("", "the line ends in the middle of a message"),
            (r#"{"type":"RECORD","stream":"s","record":{"secret":"#, "the line ends in the middle of a message"),
            ("hello", "it is not JSON, at column 1"),
            (r#"{"stream":"s"}"#, "the message has no type"),
            (r#"{"type":"RECORD","stream":"s"}"#, "the RECORD message has no record that is an object"),
            (r#"{"type":"RECORD","record":{}}"#, "the RECORD message has no stream"),
            (r#"{"type":"RECORD","stream":"s","record":[1]}"#, "the RECORD message has no record that is an object"),
            (r#"{"type":"SCHEMA","stream":"s"}"#, "the SCHEMA message has no schema"),
            (
                r#"{"type":"ACTIVATE_VERSION","stream":"s"}"#,
                "the ACTIVATE_VERSION message has no version that is a whole number",
            ),
            (
                r#"{"type":"RECORD","stream":7,"record":{}}"#,
                "a member of the message has a value of another type, at column 27",
            ),
        ] {
            match parse(line) {
                Err(found) => assert_eq!(found, what, "{line}"),
                Ok(message) => panic!("{line}: {message:?}"),
            }
        }
    }
}
