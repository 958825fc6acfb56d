//! One row: its members, and the values of its columns. Members come in the same order in most rows, so each is first
//! looked for at the place that it had in the row before.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::fmt::Write as _;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use wmshost_flow::{Cause, JsonColumn, JsonPlace, Rejected, Stage};

use super::cell::{Cell, cell, descend};
use super::columns::GrowingColumns;
use super::reading::Reading;

/// The rule that a row with a bad value breaks.
const BAD_VALUE: &str = "bad-value";
/// The most bad values of a row that are reported.
const MOST_REPORTED: usize = 3;
/// The largest value that quarantine keeps, in bytes, and the longest that is quoted beside the reason.
const KEPT_BYTES: usize = 64 << 10;
const QUOTED_BYTES: usize = 100;
/// The most names of members without a column that are kept.
const MOST_OTHERS: usize = 64;
/// The longest name of such a member, in bytes.
const NAME_BYTES: usize = 128;

/// Calls `each` for every member of an object.
pub(super) fn each_member<'a>(raw: &'a str, mut each: impl FnMut(&str, &'a RawValue)) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(raw);
    reader.deserialize_map(MembersVisitor(&mut each))?;
    reader.end()
}

struct MembersVisitor<'f, F>(&'f mut F);

impl<'de, F: FnMut(&str, &'de RawValue)> Visitor<'de> for MembersVisitor<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<(), M::Error> {
        while let Some(name) = members.next_key_seed(Name)? {
            let value: &RawValue = members.next_value()?;
            (self.0)(&name, value);
        }
        Ok(())
    }
}

/// Reads a member's name without copying it where it has no escapes.
pub(super) struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

/// A member of rows.
struct Member {
    name: String,
    /// True if some row has it.
    is_met: bool,
}

/// Makes columns of rows.
pub(super) struct RowReader<'c, 'a> {
    columns: &'c [JsonColumn],
    /// For each column the place of its first member among `members`; `None` for one that is not made of a member.
    first: Vec<Option<usize>>,
    /// The members that columns are made of, then those that some row has besides.
    members: Vec<Member>,
    /// The number of members that columns are made of.
    wanted: usize,
    by_name: HashMap<String, usize>,
    /// The member at each position of the row before.
    order: Vec<usize>,
    /// The value of each member in the present row.
    values: Vec<Option<&'a RawValue>>,
    cells: Vec<Cell<'a>>,
    growing: GrowingColumns,
    reading: Reading,
    pub(super) rows: usize,
    rejected: Vec<Rejected>,
}

/// The place of a member that is one too many to be kept.
const UNKNOWN: usize = usize::MAX;

impl<'c, 'a> RowReader<'c, 'a> {
    pub(super) fn new(columns: &'c [JsonColumn], growing: GrowingColumns, reading: Reading) -> Self {
        let mut members: Vec<Member> = Vec::new();
        let mut by_name = HashMap::new();
        let mut place = |name: &String| {
            *by_name.entry(name.clone()).or_insert_with(|| {
                members.push(Member { name: name.clone(), is_met: false });
                members.len() - 1
            })
        };
        let first = columns.iter().map(|column| match &column.place {
            JsonPlace::Path { names, .. } => names.first().map(&mut place),
            JsonPlace::MemberName => None,
        });
        let first = first.collect();
        Self {
            columns,
            first,
            values: vec![None; members.len()],
            wanted: members.len(),
            members,
            by_name,
            order: Vec::new(),
            cells: Vec::with_capacity(columns.len()),
            growing,
            reading,
            rows: 0,
            rejected: Vec::new(),
        }
    }

    /// Adds a row: its value, and the name of the member that it is.
    pub(super) fn row(&mut self, name: Cow<'a, str>, raw: &'a str) -> Result<(), serde_json::Error> {
        self.values.fill(None);
        let twice = if raw.starts_with('{') { self.read_members(raw)? } else { None };
        self.cells.clear();
        let mut bad: Vec<(usize, &'static str)> = Vec::new();
        for (at, column) in self.columns.iter().enumerate() {
            let found = match (&column.place, self.first[at]) {
                (JsonPlace::MemberName, _) => Ok(Cell::Text(Cow::clone(&name))),
                (JsonPlace::Path { .. }, None) => cell(raw, column.field.data_type(), self.reading),
                (JsonPlace::Path { names, or_bare }, Some(member)) => {
                    let value =
                        self.values[member].map_or(Ok(None), |value| descend(value.get(), &names[1..], *or_bare));
                    value.and_then(|value| {
                        value.map_or(Ok(Cell::Null), |value| cell(value, column.field.data_type(), self.reading))
                    })
                }
            };
            let found = found.unwrap_or_else(|why| {
                bad.push((at, why));
                Cell::Null
            });
            self.cells.push(found);
        }
        let is_object = raw.starts_with('{') || self.wanted == 0;
        if bad.is_empty() && twice.is_none() && is_object {
            self.growing.push(&self.cells);
        } else {
            self.reject(raw, &bad, twice, is_object);
        }
        self.rows += 1;
        Ok(())
    }

    /// Finds the members of an object; returns the place of one that it has twice.
    fn read_members(&mut self, raw: &'a str) -> Result<Option<usize>, serde_json::Error> {
        let Self { members, wanted, by_name, order, values, reading, .. } = self;
        let (mut position, mut twice) = (0, None);
        each_member(raw, |name, value| {
            let usual = order.get(position).copied();
            let member = match usual.filter(|usual| members.get(*usual).is_some_and(|member| member.name == name)) {
                Some(usual) => usual,
                None => match by_name.get(name) {
                    Some(known) => *known,
                    None if members.len() < *wanted + MOST_OTHERS => {
                        members.push(Member { name: name.to_owned(), is_met: true });
                        by_name.insert(name.to_owned(), members.len() - 1);
                        members.len() - 1
                    }
                    None => UNKNOWN,
                },
            };
            match order.get_mut(position) {
                Some(place) => *place = member,
                None => order.push(member),
            }
            position += 1;
            if member < *wanted {
                members[member].is_met = true;
                if values[member].replace(value).is_some() && !reading.last_member_counts {
                    twice = Some(member);
                }
            }
        })?;
        Ok(twice)
    }

    /// Takes a row out, as it was sent as far as columns are made of it.
    #[cold]
    fn reject(&mut self, raw: &str, bad: &[(usize, &'static str)], twice: Option<usize>, is_object: bool) {
        let mut reasons: Vec<String> = Vec::new();
        if !is_object {
            reasons.push("the row is not an object".to_owned());
        }
        reasons.extend(twice.map(|member| format!("the row has the member {} twice", self.members[member].name)));
        let named = bad.iter().map(|(at, why)| {
            let field = &self.columns[*at].field;
            format!("the column {}, {}, holds a value that {why}", field.name(), field.data_type())
        });
        reasons.extend(named);
        let more = reasons.len().saturating_sub(MOST_REPORTED);
        reasons.truncate(MOST_REPORTED);
        if more > 0 {
            reasons.push(format!("and {more} more"));
        }
        let raw_of = |at: usize| self.raw_of(raw, at);
        let quoted: Vec<String> =
            bad.iter().take(MOST_REPORTED).map(|(at, _)| cut(raw_of(*at), QUOTED_BYTES)).collect();
        let mut json = String::from("{");
        for (at, column) in self.columns.iter().enumerate() {
            let comma = if json.len() > 1 { "," } else { "" };
            let value = raw_of(at);
            let value = if value.len() > KEPT_BYTES {
                format!("{{\"too_large\":\"{} bytes\"}}", value.len())
            } else {
                value.to_owned()
            };
            let name = serde_json::Value::from(column.field.name().as_str());
            let _ = write!(json, "{comma}{name}:{value}");
        }
        json.push('}');
        self.rejected.push(Rejected {
            cause: Cause::BadValue,
            rule: BAD_VALUE.to_owned(),
            reason: reasons.join("; "),
            value: (!quoted.is_empty()).then(|| quoted.join(", ")),
            stage: Stage::Extract,
            by: self.reading.by.to_owned(),
            digest: None,
            row: json,
            place: Some(self.rows),
        });
    }

    /// The text that a column's value is made of.
    fn raw_of<'r>(&'r self, raw: &'r str, at: usize) -> &'r str {
        match (&self.columns[at].place, self.first[at]) {
            (JsonPlace::MemberName, _) => "null",
            (JsonPlace::Path { .. }, None) => raw,
            (JsonPlace::Path { names, or_bare }, Some(member)) => {
                let Some(value) = self.values[member] else { return "null" };
                match descend(value.get(), &names[1..], *or_bare) {
                    Ok(found) => found.unwrap_or("null"),
                    Err(_) => value.get(),
                }
            }
        }
    }

    /// The rows, those that were rejected, the members without a column, and the columns without a member.
    pub(super) fn finish(self) -> (GrowingColumns, Vec<Rejected>, Vec<String>, Vec<String>) {
        let is_absent = |at: &usize| self.first[*at].is_some_and(|member| !self.members[member].is_met);
        let absent = (0..self.columns.len()).filter(is_absent);
        let absent = absent.map(|at| self.columns[at].field.name().clone()).collect();
        let others = self.members[self.wanted..].iter();
        let others = others.map(|member| member.name.chars().take(NAME_BYTES).collect()).collect();
        (self.growing, self.rejected, others, absent)
    }
}

/// The beginning of a text.
fn cut(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(bytes)])
}
