//! The position of a stream, and its form as a bookmark.
//!
//! | `phase` | other positions | what it means |
//! |---|---|---|
//! | `full` | the key | a whole table is being read by key |
//! | `done` | | a whole table was read; the next run begins again |
//! | `full` | `watermark`, the key | a first load by key; what changed since the watermark comes afterwards |
//! | `changes` | `watermark` | everything is read up to the watermark; rows without a change key may be being read |
//! | `changes` | `watermark`, `high`, `change-key`, the key | what changed is being read, up to this row |
//!
//! The key is one position `key.column` per column, or none at all at the beginning of a phase. Without a watermark,
//! because no row has a change key that is not in the future, it is NULL. Within a table without a key there is no position
//! from which it could be read on: the bookmark is empty, and the next run begins again.

use wmshost_plugin::contract::types::{Bookmark, ColumnType, Position, Value};
use wmshost_plugin::{Failure, Result, permanent};

use crate::moment::Ticks;
use crate::table::Table;

/// The position of a stream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ReadPosition {
    /// A whole table is being read.
    Whole { after: Option<Vec<Value>> },
    /// A whole table was read.
    Done,
    /// A first load has begun and not ended; the watermark was the latest change when it began.
    First { watermark: Option<i64>, after: Option<Vec<Value>> },
    /// Everything is read up to the watermark; `inside` is the position while later changes are being read.
    Changes { watermark: Option<i64>, inside: Option<Inside> },
}

/// A position within the changes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Inside {
    /// The change key of the last row.
    pub(crate) moment: i64,
    /// The key of the last row.
    pub(crate) key: Vec<Value>,
    /// The latest change key, not in the future, when this reading began.
    pub(crate) high: Option<i64>,
}

impl ReadPosition {
    /// Writes the position as a bookmark.
    pub(crate) fn bookmark(&self, table: &Table) -> Bookmark {
        let moment = |moment: Option<i64>| moment.map_or(Value::Null, |moment| ticks(table).value(moment));
        match self {
            Self::Whole { .. } if table.order.is_empty() => Bookmark::new(),
            Self::Whole { after } => written("full", [], table, after.as_deref()),
            Self::Done => written("done", [], table, None),
            Self::First { watermark, after } => {
                written("full", [("watermark", moment(*watermark))], table, after.as_deref())
            }
            Self::Changes { watermark, inside: None } => {
                written("changes", [("watermark", moment(*watermark))], table, None)
            }
            Self::Changes { watermark, inside: Some(inside) } => {
                let positions = [
                    ("watermark", moment(*watermark)),
                    ("high", moment(inside.high)),
                    ("change-key", moment(Some(inside.moment))),
                ];
                written("changes", positions, table, Some(&inside.key))
            }
        }
    }

    /// Reads a bookmark.
    pub(crate) fn of(bookmark: &Bookmark, table: &Table) -> Result<Self> {
        let positions = Positions { bookmark, table };
        match positions.get("phase") {
            Some(Value::Text(phase)) => match phase.as_str() {
                "full" if positions.get("watermark").is_none() => Ok(Self::Whole { after: positions.key()? }),
                "full" => Ok(Self::First { watermark: positions.moment("watermark")?, after: positions.key()? }),
                "done" => Ok(Self::Done),
                "changes" => {
                    Ok(Self::Changes { watermark: positions.moment("watermark")?, inside: positions.inside()? })
                }
                _ => Err(unreadable("its phase is none of full, done, changes")),
            },
            _ => Err(unreadable("it has no phase")),
        }
    }

    /// The change key up to which all rows were read, if the position knows it.
    pub(crate) fn watermark(&self) -> Option<i64> {
        match self {
            Self::Whole { .. } | Self::Done => None,
            Self::First { watermark, .. } | Self::Changes { watermark, .. } => *watermark,
        }
    }
}

/// The positions of a bookmark, by name.
struct Positions<'b> {
    bookmark: &'b Bookmark,
    table: &'b Table,
}

impl Positions<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.bookmark.iter().find(|position| position.name == name).map(|position| &position.value)
    }

    fn moment(&self, name: &str) -> Result<Option<i64>> {
        match self.get(name) {
            None => Err(unreadable(&format!("it has no position {name}"))),
            Some(Value::Null) => Ok(None),
            Some(value) => {
                let moment = ticks(self.table).moment(value);
                moment.map(Some).ok_or_else(|| unreadable(&format!("position {name} is not of the change key's type")))
            }
        }
    }

    /// The whole key; `None` if the bookmark has no part of it.
    fn key(&self) -> Result<Option<Vec<Value>>> {
        let columns = self.table.order.iter().map(|place| &self.table.columns[*place]);
        let found: Vec<_> = columns.map(|field| (field, self.get(&key_name(&field.display_column)))).collect();
        if found.iter().all(|(_, value)| value.is_none()) {
            return Ok(None);
        }
        let value = |(field, value): (&crate::table::Field, Option<&Value>)| match value {
            Some(value) if is_of(field.kind, value) => Ok(value.clone()),
            Some(_) => Err(unreadable(&format!("position key.{} is not of the column's type", field.display_column))),
            None => Err(unreadable(&format!("it has no position key.{}", field.display_column))),
        };
        found.into_iter().map(value).collect::<Result<Vec<_>>>().map(Some)
    }

    fn inside(&self) -> Result<Option<Inside>> {
        let Some(key) = self.key()? else { return Ok(None) };
        let moment = self.moment("change-key")?.ok_or_else(|| unreadable("position change-key is NULL"))?;
        Ok(Some(Inside { moment, key, high: self.moment("high")? }))
    }
}

/// The unit of the table's change key.
pub(crate) fn ticks(table: &Table) -> Ticks {
    table.change_key.map_or(Ticks::Timestamp, |place| Ticks::of(table.columns[place].kind))
}

fn written<const N: usize>(
    phase: &str,
    positions: [(&str, Value); N],
    table: &Table,
    key: Option<&[Value]>,
) -> Bookmark {
    let position = |name: &str, value: Value| Position { name: name.to_owned(), value };
    let names = table.order.iter().map(|place| key_name(&table.columns[*place].display_column));
    let key = names.zip(key.unwrap_or_default()).map(|(name, value)| position(&name, value.clone()));
    let positions = positions.into_iter().map(|(name, value)| position(name, value));
    [position("phase", Value::Text(phase.to_owned()))].into_iter().chain(positions).chain(key).collect()
}

fn key_name(column: &str) -> String {
    format!("key.{column}")
}

fn is_of(kind: ColumnType, value: &Value) -> bool {
    matches!(
        (kind, value),
        (ColumnType::Boolean, Value::Boolean(_))
            | (ColumnType::Int64, Value::Int64(_))
            | (ColumnType::Decimal(_), Value::Decimal(_))
            | (ColumnType::Utf8, Value::Text(_))
            | (ColumnType::Binary, Value::Binary(_))
            | (ColumnType::Date, Value::Date(_))
            | (ColumnType::Timestamp(_), Value::Timestamp(_))
    )
}

fn unreadable(why: &str) -> Failure {
    permanent(format!("the bookmark cannot be used: {why}; reset the stream's checkpoint to load the table again"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::tests::{allocation, request};
    use wmshost_plugin::source::Dialect;

    fn table() -> Table {
        Table::check(&request(), &allocation(), Dialect::Oracle).expect("a table")
    }

    #[test]
    fn every_place_comes_back() {
        let after = Some(vec![Value::Int64(7)]);
        let inside = Inside { moment: 5, key: vec![Value::Int64(7)], high: Some(9) };
        for place in [
            ReadPosition::Whole { after: None },
            ReadPosition::Whole { after: after.clone() },
            ReadPosition::Done,
            ReadPosition::First { watermark: None, after: None },
            ReadPosition::First { watermark: Some(3), after },
            ReadPosition::Changes { watermark: Some(3), inside: None },
            ReadPosition::Changes { watermark: Some(5), inside: Some(inside.clone()) },
            ReadPosition::Changes { watermark: None, inside: Some(Inside { high: None, ..inside }) },
        ] {
            assert_eq!(ReadPosition::of(&place.bookmark(&table()), &table()), Ok(place));
        }
    }

    #[test]
    fn a_bookmark_that_is_not_understood_says_why() {
        let position = |name: &str, value| Position { name: name.into(), value };
        let phase = |phase: &str| position("phase", Value::Text(phase.into()));
        for (bookmark, why) in [
            (vec![], "no phase"),
            (vec![phase("half")], "none of full"),
            (vec![phase("changes")], "no position watermark"),
            (vec![phase("changes"), position("watermark", Value::Int64(1))], "not of the change key's type"),
            (vec![phase("full"), position("key.allocation_id", Value::Text("a".into()))], "not of the column's type"),
            (
                vec![
                    phase("changes"),
                    position("watermark", Value::Null),
                    position("key.allocation_id", Value::Int64(1)),
                ],
                "no position change-key",
            ),
        ] {
            let message = ReadPosition::of(&bookmark, &table()).expect_err(why).to_string();
            assert!(message.contains(why) && message.contains("reset"), "{why:?} is not in {message}");
        }
    }

    #[test]
    fn a_part_of_the_key_is_not_enough() {
        let request = wmshost_plugin::contract::extraction::Request { key: vec!["site".into()], ..request() };
        let table = Table::check(&request, &allocation(), Dialect::Oracle).expect("a table");
        let place = ReadPosition::Whole { after: Some(vec![Value::Text("A".into()), Value::Int64(1)]) };
        let mut bookmark = place.bookmark(&table);
        assert_eq!(ReadPosition::of(&bookmark, &table), Ok(place));
        bookmark.pop();
        let message = ReadPosition::of(&bookmark, &table).expect_err("a part is missing").to_string();
        assert!(message.contains("no position key.allocation_id"), "{message}");
    }
}
