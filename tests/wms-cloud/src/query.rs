//! The parameters of a list: filters, orderings, columns, page. All filters are joined by AND.

use crate::catalogue::{Entity, Kind};
use crate::quirks::Quirk;
use crate::reply::Refusal;
use crate::store::{Row, Tables};
use crate::tenant::Tenant;
use crate::value::{SECOND, STANDARD, Value, read_date, read_decimal, read_instant};
use std::cmp::Ordering;
use wmshost_sample::Moment;

/// The lookups of filters.
const LOOKUPS: [&str; 21] = [
    "exact",
    "iexact",
    "gt",
    "gte",
    "lt",
    "lte",
    "contains",
    "icontains",
    "startswith",
    "istartswith",
    "endswith",
    "iendswith",
    "in",
    "range",
    "isnull",
    "year",
    "month",
    "day",
    "week_day",
    "hour",
    "minute",
];

/// A path from a row over relations to a field.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    /// The places of relations, each with the entity that it leads to.
    steps: Vec<(usize, &'static str)>,
    place: usize,
    kind: Kind,
}

/// A condition of a filter.
#[derive(Debug)]
pub(crate) struct Filter {
    path: Path,
    lookup: String,
    is_negated: bool,
    values: Vec<Value>,
}

/// One key of an ordering.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) path: Path,
    pub(crate) descends: bool,
}

impl Path {
    /// Reads a path such as `order_dtl_id__order_id__order_nbr`; the second value is what follows it, a lookup or nothing.
    pub(crate) fn read<'a>(tables: &Tables, entity: &'static Entity, written: &'a str) -> Option<(Self, &'a str)> {
        let mut entity = entity;
        let mut steps = Vec::new();
        let mut rest = written;
        loop {
            let (name, after) = rest.split_once("__").unwrap_or((rest, ""));
            let place = entity.place(name)?;
            let kind = entity.fields[place].kind;
            let target = match kind {
                Kind::Relation(Some(target)) => tables.find(target).map(|table| table.entity),
                _ => None,
            };
            let next = after.split("__").next().unwrap_or_default();
            match target.filter(|target| !after.is_empty() && target.place(next).is_some()) {
                Some(target) => {
                    steps.push((place, target.name));
                    (entity, rest) = (target, after);
                }
                None => return Some((Self { steps, place, kind }, after)),
            }
        }
    }

    /// The value at the end of the path from a row.
    pub(crate) fn value(&self, tables: &Tables, entity: &Entity, row: &Row) -> Value {
        let mut row = row;
        let mut entity = entity;
        for (place, target) in &self.steps {
            let Value::Relation(id) = row.at(entity, *place) else { return Value::Null };
            let table = tables.of(target);
            let Some(next) = table.get(id) else { return Value::Null };
            (row, entity) = (next, table.entity);
        }
        row.at(entity, self.place)
    }

    /// True if it is the entity's own key.
    pub(crate) fn is_key(&self) -> bool {
        self.steps.is_empty() && self.kind == Kind::Key
    }

    /// True if it is one of the times of change.
    pub(crate) fn is_time(&self) -> bool {
        self.kind == Kind::Instant
    }

    /// The kind of the field.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }
}

impl Filter {
    /// Reads a parameter that is a filter: `mod_ts__gte=…`, `id__in=1,2`, `status_id__lt!=90`.
    pub(crate) fn read(tenant: &Tenant, entity: &'static Entity, name: &str, value: &str) -> Result<Self, Refusal> {
        let (written, is_negated) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
        let unknown = || Refusal::invalid(name, "Invalid field or lookup");
        let (path, lookup) = Path::read(&tenant.tables, entity, written).ok_or_else(unknown)?;
        let lookup = if lookup.is_empty() { "exact" } else { lookup };
        if !LOOKUPS.contains(&lookup) {
            return Err(unknown());
        }
        let wrong = || Refusal::invalid(name, "Enter a valid value");
        let texts: Vec<&str> = match lookup {
            "in" | "range" => value.split(',').collect(),
            _ => vec![value],
        };
        let read = |text: &&str| read_value(tenant, path.kind, lookup, text);
        let values: Vec<Value> = texts.iter().map(read).collect::<Option<_>>().ok_or_else(wrong)?;
        if lookup == "range" && values.len() != 2 {
            return Err(wrong());
        }
        Ok(Self { path, lookup: lookup.to_owned(), is_negated, values })
    }

    /// The range of ids that the filter leaves, if that is all that it says.
    pub(crate) fn ids(&self) -> Option<(i64, i64)> {
        let [Value::Integer(id)] = self.values.as_slice() else { return None };
        if !self.path.is_key() || self.is_negated {
            return None;
        }
        match self.lookup.as_str() {
            "gt" => Some((id.saturating_add(1), i64::MAX)),
            "gte" => Some((*id, i64::MAX)),
            "lt" => Some((i64::MIN, id.saturating_sub(1))),
            "lte" => Some((i64::MIN, *id)),
            "exact" => Some((*id, *id)),
            _ => None,
        }
    }

    /// True if the row fulfils the condition.
    pub(crate) fn admits(&self, tables: &Tables, entity: &Entity, row: &Row) -> bool {
        let value = if self.path.is_key() { Value::Integer(row.id) } else { self.path.value(tables, entity, row) };
        self.holds(&value) != self.is_negated
    }

    fn holds(&self, value: &Value) -> bool {
        let first = &self.values[0];
        if self.lookup == "isnull" {
            return value.is_null() == (*first == Value::Boolean(true));
        }
        let ordered = |bound: &Value| compare(value, bound);
        let lower = |value: &Value| value.canonical().unwrap_or_default().to_lowercase();
        match (self.lookup.as_str(), value, first) {
            (_, Value::Null, _) => false,
            ("exact", ..) => ordered(first) == Some(Ordering::Equal),
            ("gt", ..) => ordered(first) == Some(Ordering::Greater),
            ("gte", ..) => matches!(ordered(first), Some(Ordering::Greater | Ordering::Equal)),
            ("lt", ..) => ordered(first) == Some(Ordering::Less),
            ("lte", ..) => matches!(ordered(first), Some(Ordering::Less | Ordering::Equal)),
            ("in", ..) => self.values.iter().any(|one| ordered(one) == Some(Ordering::Equal)),
            ("range", ..) => {
                matches!(ordered(first), Some(Ordering::Greater | Ordering::Equal))
                    && matches!(ordered(&self.values[1]), Some(Ordering::Less | Ordering::Equal))
            }
            ("iexact", ..) => lower(value) == lower(first),
            ("contains", Value::Text(text), Value::Text(part)) => text.contains(&**part),
            ("icontains", Value::Text(_), _) => lower(value).contains(&lower(first)),
            ("startswith", Value::Text(text), Value::Text(part)) => text.starts_with(&**part),
            ("istartswith", Value::Text(_), _) => lower(value).starts_with(&lower(first)),
            ("endswith", Value::Text(text), Value::Text(part)) => text.ends_with(&**part),
            ("iendswith", Value::Text(_), _) => lower(value).ends_with(&lower(first)),
            (part, _, Value::Integer(wanted)) => part_of(part, value) == Some(*wanted),
            _ => false,
        }
    }
}

/// A value of a filter, in the kind of its field; `None` if it is none.
fn read_value(tenant: &Tenant, kind: Kind, lookup: &str, text: &str) -> Option<Value> {
    if lookup == "isnull" {
        return match text {
            "true" | "True" | "1" => Some(Value::Boolean(true)),
            "false" | "False" | "0" => Some(Value::Boolean(false)),
            _ => None,
        };
    }
    if ["year", "month", "day", "week_day", "hour", "minute"].contains(&lookup) {
        return text.parse().ok().map(Value::Integer);
    }
    match kind {
        Kind::Instant => {
            let (instant, has_fraction) = read_instant(text)?;
            match has_fraction {
                true if tenant.quirks.has(Quirk::FractionRefused) => None,
                true if tenant.quirks.has(Quirk::FractionCut) => {
                    Some(Value::Instant(instant.div_euclid(SECOND) * SECOND))
                }
                _ => Some(Value::Instant(instant)),
            }
        }
        Kind::Date => read_date(text).map(Value::Date),
        Kind::Decimal => read_decimal(text).map(|(digits, scale)| Value::Decimal(digits, scale)),
        Kind::Key | Kind::Status | Kind::Integer | Kind::Relation(_) | Kind::Set => {
            text.parse().ok().map(Value::Integer)
        }
        Kind::Boolean => read_value(tenant, kind, "isnull", text),
        Kind::Text(_) | Kind::Computed => Some(Value::text(text)),
    }
}

/// A part of a date or time, by the warehouse's clocks; week days begin on Sunday with 1.
fn part_of(part: &str, value: &Value) -> Option<i64> {
    let micros = match value {
        Value::Instant(instant) => instant + STANDARD,
        Value::Date(days) => days * 24 * 3_600 * SECOND,
        _ => return None,
    };
    let text = Moment::from_micros(micros).to_string();
    match part {
        "year" => text[..4].parse().ok(),
        "month" => text[5..7].parse().ok(),
        "day" => text[8..10].parse().ok(),
        "week_day" => Some((micros.div_euclid(24 * 3_600 * SECOND) + 4).rem_euclid(7) + 1),
        "hour" => text[11..13].parse().ok(),
        "minute" => text[14..16].parse().ok(),
        _ => None,
    }
}

/// The order of two values of a kind; `None` if they cannot be compared.
pub(crate) fn compare(one: &Value, two: &Value) -> Option<Ordering> {
    match (one, two) {
        (
            Value::Integer(one) | Value::Relation(one) | Value::Set(one),
            Value::Integer(two) | Value::Relation(two) | Value::Set(two),
        ) => Some(one.cmp(two)),
        (Value::Decimal(one, scale), Value::Decimal(two, other)) => {
            let most = (*scale).max(*other);
            let digits = |digits: i128, scale: u8| digits.checked_mul(10_i128.checked_pow(u32::from(most - scale))?);
            Some(digits(*one, *scale)?.cmp(&digits(*two, *other)?))
        }
        (Value::Instant(one), Value::Instant(two)) | (Value::Date(one), Value::Date(two)) => Some(one.cmp(two)),
        (Value::Boolean(one), Value::Boolean(two)) => Some(one.cmp(two)),
        (Value::Text(one), Value::Text(two)) => Some(one.cmp(two)),
        _ => None,
    }
}

impl Order {
    /// Reads the keys of `ordering=a,-b`.
    pub(crate) fn read(tenant: &Tenant, entity: &'static Entity, written: &str) -> Result<Vec<Self>, Refusal> {
        written.split(',').filter(|key| !key.is_empty()).map(|key| Self::read_key(tenant, entity, key)).collect()
    }

    fn read_key(tenant: &Tenant, entity: &'static Entity, written: &str) -> Result<Self, Refusal> {
        let (name, descends) = written.strip_prefix('-').map_or((written, false), |name| (name, true));
        let refused = || Refusal::invalid("ordering", &format!("Invalid ordering {written}"));
        let (path, lookup) = Path::read(&tenant.tables, entity, name).ok_or_else(refused)?;
        let is_refused = tenant.quirks.has(Quirk::OrderingRefused) && (path.is_time() || entity.name == "order_type");
        if !lookup.is_empty() || is_refused { Err(refused()) } else { Ok(Self { path, descends }) }
    }

    /// The order of two rows. Nulls come last where values ascend, first where they descend.
    pub(crate) fn compare(&self, tables: &Tables, entity: &Entity, one: &Row, two: &Row) -> Ordering {
        if self.path.is_key() {
            return if self.descends { two.id.cmp(&one.id) } else { one.id.cmp(&two.id) };
        }
        let (one, two) = (self.path.value(tables, entity, one), self.path.value(tables, entity, two));
        let ascending = match (one.is_null(), two.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => compare(&one, &two).unwrap_or(Ordering::Equal),
        };
        if self.descends { ascending.reverse() } else { ascending }
    }
}
