//! Behaviours that fill the plugin's own memory and its bookmarks.

use crate::exports::wmshost::plugin::extraction::{Chunk, Step};
use crate::wmshost::plugin::state;
use crate::wmshost::plugin::types::{Failure, Position, Value};
use crate::{Done, Reader, got_out};

type Next = Result<Step, Failure>;

fn position(name: impl Into<String>, value: Value) -> Position {
    Position { name: name.into(), value }
}

/// A bookmark that the host must refuse, or keep as it is.
fn bookmark(behaviour: &str) -> Option<Vec<Position>> {
    let long = || "x".repeat(5 << 10);
    Some(match behaviour {
        "bookmark-positions" => (0..17).map(|n| position(format!("p{n}"), Value::Null)).collect(),
        "bookmark-millions" => vec![position("p", Value::Null); 100_000],
        "bookmark-text" => vec![position("p", Value::Text(long()))],
        "bookmark-binary" => vec![position("p", Value::Binary(vec![7; 5 << 10]))],
        "bookmark-digits" => vec![position("p", Value::Decimal("7".repeat(5 << 10)))],
        "bookmark-name" => vec![position(long(), Value::Null)],
        "bookmark-decimal" => vec![position("p", Value::Decimal("seven".into()))],
        "bookmark-types" => vec![
            position("", Value::Null),
            position("boolean", Value::Boolean(true)),
            position("int64", Value::Int64(i64::MIN)),
            position("float64", Value::Float64(f64::NAN)),
            position("decimal", Value::Decimal("-12345678901234567890123456789012345678.90".into())),
            position("text", Value::Text("\0\u{1b}[31m\"é'".into())),
            position("binary", Value::Binary(vec![0, 255])),
            position("date", Value::Date(i32::MIN)),
            position("timestamp", Value::Timestamp(i64::MAX)),
            position("timestamp", Value::Timestamp(i64::MIN)),
        ],
        _ => return None,
    })
}

/// The value that was set must be the value that is returned.
fn set(key: &str, value: Option<&[u8]>) -> Done {
    state::set(key, value)?;
    if state::get(key).as_deref() == value { Ok(()) } else { Err(got_out(key)) }
}

fn fill(behaviour: &str) -> Option<Done> {
    Some(match behaviour {
        "state-key" => set(&"k".repeat(129), Some(&[1])),
        "state-key-forgotten" => set(&"k".repeat(129), None),
        "state-value" => set("k", Some(&[1; (64 << 10) + 1])),
        "state-keys" => (0..65).try_for_each(|n| set(&format!("k{n}"), Some(&[1]))),
        "state-full" => (0..64).try_for_each(|n| set(&format!("{n:0>128}"), Some(&[1; 64 << 10]))),
        "state-forget" => (0..200_000).try_for_each(|n| set(&format!("k{n}"), None)),
        "state-churn" => {
            (0..200_000).try_for_each(|n| set(&format!("k{n}"), Some(&[1])).and_then(|()| set(&format!("k{n}"), None)))
        }
        "state-refused-then-on" => {
            let _ = state::set("k", Some(&[1; 65 << 10]));
            if state::get("k").is_none() { Ok(()) } else { Err(got_out("k")) }
        }
        _ => return None,
    })
}

pub(crate) fn misbehave(behaviour: &str, reader: &Reader) -> Option<Next> {
    if let Some(filled) = fill(behaviour) {
        return Some(filled.and_then(|()| reader.good_step()));
    }
    if let Some(at_end) = behaviour.strip_prefix("end-") {
        return bookmark(at_end).map(|bookmark| Ok(Step::End(bookmark)));
    }
    let bookmark = bookmark(behaviour)?;
    Some(reader.good_step().map(|step| match step {
        Step::Chunk(Chunk { rows, .. }) => Step::Chunk(Chunk { rows, bookmark }),
        Step::End(_) => Step::End(bookmark),
    }))
}
