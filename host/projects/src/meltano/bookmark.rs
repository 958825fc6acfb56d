//! The bookmarks of a Singer state as bookmarks of our extractors. A stream goes on at the value of the bookmark, not after
//! it: rows that were committed later with an equal value are read, and a merge leaves those that are there already as they
//! are.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use wmshost_flow::{Bookmark, Value, timestamp_from_text};
use wmshost_pipeline::bookmark_at;

use super::rules::Driver;

/// The form of a change key's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChangeForm {
    /// Times.
    Moment,
    /// Days.
    Date,
    /// Whole numbers.
    Version,
}

/// The bookmarks of a Singer state, by the streams' ids.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) bookmarks: BTreeMap<String, Json>,
}

impl State {
    /// Reads a state: one of a tap, as `meltano state get` prints it, or several by their ids.
    pub(super) fn parse(text: &str) -> Result<BTreeMap<String, Self>, String> {
        let json: Json = serde_json::from_str(text)
            .map_err(|error| format!("line {}, column {}: it is not JSON", error.line(), error.column()))?;
        if let Some(bookmarks) = bookmarks(&json) {
            return Ok(BTreeMap::from([(String::new(), bookmarks)]));
        }
        let states = json.as_object().into_iter().flatten();
        let states: BTreeMap<String, Self> =
            states.filter_map(|(id, state)| Some((id.clone(), bookmarks(state)?))).collect();
        if states.is_empty() {
            return Err(
                "it has no `bookmarks`; give what `meltano state get` prints, or several of these by their ids"
                    .to_owned(),
            );
        }
        Ok(states)
    }
}

fn bookmarks(json: &Json) -> Option<State> {
    let inner = ["singer_state", "completed", "value"].into_iter().find_map(|key| json.get(key));
    match json.get("bookmarks") {
        Some(found) => {
            let entries = found.as_object()?.iter().map(|(stream, value)| (stream.clone(), value.clone()));
            Some(State { bookmarks: entries.collect() })
        }
        None => bookmarks(inner?),
    }
}

/// True if a state's id is that of this tap and target: `dev:tap-a-to-target-b`, with a suffix or not.
pub(super) fn is_of(id: &str, pair: &str, environment: Option<&str>) -> bool {
    let parts: Vec<&str> = id.split(':').collect();
    match parts.as_slice() {
        [only] => *only == pair,
        [before, name, ..] => *name == pair && environment.is_none_or(|environment| environment == *before),
        [] => false,
    }
}

/// The value of a bookmark: the last one of which everything was read.
pub(super) fn last_value(bookmark: &Json, change_key: &str) -> Result<Json, &'static str> {
    if bookmark.get("partitions").and_then(Json::as_array).is_some_and(|partitions| !partitions.is_empty()) {
        return Err("it is divided into partitions");
    }
    let names_other = bookmark.get("replication_key").and_then(Json::as_str).is_some_and(|key| key != change_key);
    if names_other {
        return Err("it is of another replication key");
    }
    // Taps of `singer-python` keep it under the name of the column.
    let found = bookmark.get("replication_key_value").or_else(|| bookmark.get(change_key));
    match found {
        Some(value @ (Json::String(_) | Json::Number(_))) => Ok(value.clone()),
        _ if bookmark.get("progress_markers").is_some() => {
            Err("the tap was interrupted before it had a value that all rows before were read of")
        }
        _ => Err("it has no replication_key_value"),
    }
}

/// The form of a value.
pub(super) fn form_of(value: &Json) -> Option<ChangeForm> {
    match value {
        Json::Number(number) => number.as_i64().map(|_| ChangeForm::Version),
        Json::String(text) if text.parse::<i64>().is_ok() => Some(ChangeForm::Version),
        Json::String(text) if text.len() == 10 => moment(text).map(|_| ChangeForm::Date),
        Json::String(text) => moment(text).map(|_| ChangeForm::Moment),
        _ => None,
    }
}

/// The bookmark from which a stream goes on at a value of its change key.
pub(super) fn bookmark(value: &Json, form: ChangeForm, driver: Driver) -> Option<Bookmark> {
    let text = match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let at = match form {
        ChangeForm::Version => Value::Int64(text.parse().ok()?),
        ChangeForm::Moment => Value::Timestamp(moment(&text)?),
        ChangeForm::Date => Value::Date(i32::try_from(moment(&text)?.div_euclid(86_400_000_000)).ok()?),
    };
    Some(bookmark_at(at, driver == Driver::Http))
}

/// A moment in microseconds. Whether a column keeps times of UTC or of the place that an offset names is not known here:
/// the earlier of both is taken, and of a fraction what fits.
pub(super) fn moment(text: &str) -> Option<i64> {
    let text = text.trim().trim_end_matches(['Z', 'z']);
    let at = text.get(11..).and_then(|time| time.rfind(['+', '-'])).map_or(text.len(), |at| at + 11);
    let (local, offset) = (text.get(..at)?.trim(), text.get(at..)?);
    let (whole, fraction) = local.split_once('.').unwrap_or((local, "0"));
    let fraction = fraction.get(..fraction.len().min(6))?;
    let has_time = whole.len() > 10;
    let micros = timestamp_from_text(&if has_time { format!("{whole}.{fraction}") } else { whole.to_owned() })?;
    if offset.is_empty() {
        return Some(micros);
    }
    let digits: String = offset[1..].chars().filter(|letter| *letter != ':').collect();
    let (hours, minutes) =
        (digits.get(..2)?.parse::<i64>().ok()?, digits.get(2..4).unwrap_or("0").parse::<i64>().ok()?);
    let span = (hours * 60 + minutes) * 60_000_000;
    let utc = if offset.starts_with('-') { micros + span } else { micros - span };
    Some(micros.min(utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_moment_with_an_offset_the_earlier_reading_is_taken() {
        let at = |text: &str| moment(text);
        let noon = at("2026-01-31 12:00:00");
        assert!(noon.is_some());
        assert_eq!(at("2026-01-31T12:00:00Z"), noon);
        assert_eq!(at("2026-01-31T12:00:00+00:00"), noon);
        assert_eq!(at("2026-01-31T12:00:00-03:00"), noon, "as the column may have it");
        assert_eq!(at("2026-01-31T15:00:00+0300"), noon, "as it is in UTC");
        assert_eq!(at("2026-01-31T12:00:00.1234567+00:00"), noon.map(|noon| noon + 123_456));
        assert_eq!(at("2026-01-31"), at("2026-01-31 00:00:00"));
        for wrong in ["", "soon", "2026-01-31T25:00:00", "2026-13-01"] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn states_are_found_where_taps_keep_them() {
        let one = State::parse(r#"{"singer_state": {"bookmarks": {"a": {"replication_key_value": 7}}}}"#);
        assert_eq!(one.expect("a state")[""].bookmarks.len(), 1);
        let two = State::parse(r#"{"dev:tap-a-to-target-b": {"bookmarks": {}}, "note": 1}"#).expect("states");
        assert!(is_of(two.keys().next().expect("an id"), "tap-a-to-target-b", Some("dev")));
        assert!(!is_of("prod:tap-a-to-target-b", "tap-a-to-target-b", Some("dev")));
        assert!(State::parse("[1]").is_err() && State::parse("{").is_err());
        let value = |text: &str| last_value(&serde_json::from_str(text).expect("JSON"), "at");
        assert_eq!(value(r#"{"at": "2026-01-31"}"#), Ok(Json::from("2026-01-31")));
        assert!(value(r#"{"replication_key": "other", "replication_key_value": 1}"#).is_err());
        assert!(value(r#"{"progress_markers": {"replication_key_value": 1}}"#).is_err());
        assert!(value(r#"{"partitions": [{"context": {}}]}"#).is_err());
    }
}
