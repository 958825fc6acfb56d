//! The position of a stream, and its form as a bookmark.
//!
//! | `phase` | other positions | meaning |
//! |---|---|---|
//! | `full` | `ceiling`, `last` | the whole entity is being read by id |
//! | `done` | | the whole entity was read; the next run begins again |
//! | `first` | `high`, `ceiling`, `last` | a first load by id; what changed since `high` is read afterwards |
//! | `rows-after` | `last` | rows are only added, and all up to this id were read |
//! | `idle` | `high` | every change before `high` was read |
//! | `changes`, `backdated`, `no-time` | `high`, `low`, `next`, `ceiling`, `last` | one of the walks over the window from `low` to `next`; `high` is the position before it |
//!
//! A walk goes up to its `ceiling` and is at `last`, or has not begun.

use wmshost_plugin::contract::types::{Bookmark, Position, Value};
use wmshost_plugin::{Failure, Result, permanent};

use crate::walk::{Phase, Span, Walk};

/// The position of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadPosition {
    /// Nothing is left to read.
    Done,
    /// Every change before this moment was read.
    Idle { high: i64 },
    /// In the middle of a walk.
    Walking(Walk),
}

impl ReadPosition {
    /// Writes the position as a bookmark.
    pub(crate) fn bookmark(&self) -> Bookmark {
        let mut bookmark = Vec::new();
        let mut add = |name: &str, value: Option<Value>| {
            bookmark.extend(value.map(|value| Position { name: name.to_owned(), value }));
        };
        match self {
            Self::Done => add("phase", Some(Value::Text("done".to_owned()))),
            Self::Idle { high } => {
                add("phase", Some(Value::Text("idle".to_owned())));
                add("high", Some(Value::Timestamp(*high)));
            }
            Self::Walking(Walk { phase, high, span, ceiling, last }) => {
                add("phase", Some(Value::Text(phase.name().to_owned())));
                add("high", high.map(Value::Timestamp));
                add("low", span.map(|span| Value::Timestamp(span.low)));
                add("next", span.map(|span| Value::Timestamp(span.next)));
                add("ceiling", ceiling.map(Value::Int64));
                add("last", last.map(Value::Int64));
            }
        }
        bookmark
    }

    /// Reads a bookmark.
    pub(crate) fn of(bookmark: &Bookmark) -> Result<Self> {
        let value = |name: &str| bookmark.iter().find(|position| position.name == name).map(|position| &position.value);
        let moment = |name: &str| match value(name) {
            None => Ok(None),
            Some(Value::Timestamp(moment)) => Ok(Some(*moment)),
            Some(_) => Err(unreadable(&format!("position {name} is no time"))),
        };
        let number = |name: &str| match value(name) {
            None => Ok(None),
            Some(Value::Int64(number)) => Ok(Some(*number)),
            Some(_) => Err(unreadable(&format!("position {name} is no id"))),
        };
        let Some(Value::Text(phase)) = value("phase") else { return Err(unreadable("it has no phase")) };
        match phase.as_str() {
            "done" => return Ok(Self::Done),
            "idle" => {
                let high = moment("high")?.ok_or_else(|| unreadable("it has no position high"))?;
                return Ok(Self::Idle { high });
            }
            _ => {}
        }
        let found = Phase::ALL.iter().find(|(_, name)| name == phase);
        let phase = found.map(|(phase, _)| *phase).ok_or_else(|| unreadable("its phase is not known"))?;
        let (high, low, next) = (moment("high")?, moment("low")?, moment("next")?);
        let span = low.zip(next).map(|(low, next)| Span { low, next });
        let needs_high = !matches!(phase, Phase::Full | Phase::RowsAfter);
        let needs_span = !matches!(phase, Phase::Full | Phase::First | Phase::RowsAfter);
        if needs_high && high.is_none() || needs_span && span.is_none() {
            return Err(unreadable("it has no position high, low or next"));
        }
        Ok(Self::Walking(Walk { phase, high, span, ceiling: number("ceiling")?, last: number("last")? }))
    }
}

fn unreadable(why: &str) -> Failure {
    permanent(format!("the bookmark cannot be used: {why}; reset the stream's checkpoint to load the entity again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_comes_back() {
        let span = Some(Span { low: 5, next: 9 });
        let walking =
            |phase, high, span, ceiling, last| ReadPosition::Walking(Walk { phase, high, span, ceiling, last });
        for position in [
            ReadPosition::Done,
            ReadPosition::Idle { high: 7 },
            walking(Phase::Full, None, None, None, None),
            walking(Phase::Full, None, None, Some(100), Some(7)),
            walking(Phase::First, Some(7), None, Some(100), Some(7)),
            walking(Phase::RowsAfter, None, None, None, Some(7)),
            walking(Phase::Changes, Some(7), span, Some(100), Some(7)),
            walking(Phase::Backdated, Some(7), span, None, None),
            walking(Phase::NoTime, Some(7), span, Some(100), None),
        ] {
            assert_eq!(ReadPosition::of(&position.bookmark()), Ok(position));
        }
    }

    #[test]
    fn a_bookmark_that_is_not_understood_says_why() {
        let position = |name: &str, value| Position { name: name.into(), value };
        let phase = |phase: &str| position("phase", Value::Text(phase.into()));
        for (bookmark, why) in [
            (vec![], "no phase"),
            (vec![phase("half")], "not known"),
            (vec![phase("idle")], "no position high"),
            (vec![phase("changes"), position("high", Value::Timestamp(1))], "high, low or next"),
            (vec![phase("full"), position("last", Value::Text("a".into()))], "last is no id"),
            (vec![phase("first"), position("high", Value::Int64(1))], "high is no time"),
        ] {
            let message = ReadPosition::of(&bookmark).expect_err(why).to_string();
            assert!(message.contains(why) && message.contains("reset"), "{why:?} is not in {message}");
        }
    }
}
