//! Unit tests: a model over a few rows.

use crate::contract::modelling::{self, Fixture, Rows};
use crate::contract::types::Value;

/// NULL among the values of [`rows!`](crate::rows).
pub const NULL: Value = Value::Null;

/// A model's SQL over a few rows: the fixtures, and the expected rows.
#[derive(Clone, Debug)]
pub struct UnitTest(modelling::UnitTest);

impl UnitTest {
    /// A unit test with this name.
    pub fn new(name: &str) -> Self {
        Self(modelling::UnitTest {
            name: name.to_owned(),
            given: Vec::new(),
            now: None,
            variables: Vec::new(),
            watermark: None,
            expected: Rows { columns: Vec::new(), rows: Vec::new() },
        })
    }

    /// The rows of a dependency; of `this`: the model's rows before an incremental build; or of `before:name`: the
    /// before images of a dependency.
    #[must_use]
    pub fn given(mut self, name: &str, rows: Rows) -> Self {
        self.0.given.push(Fixture { name: name.to_owned(), rows });
        self
    }

    /// The value of `{now}`: `2026-01-15 12:00:00`.
    #[must_use]
    pub fn now(mut self, moment: &str) -> Self {
        self.0.now = micros(moment);
        self
    }

    /// The value of a variable, as a SQL literal.
    #[must_use]
    pub fn variable(mut self, name: &str, literal: &str) -> Self {
        self.0.variables.push((name.to_owned(), literal.to_owned()));
        self
    }

    /// Makes it an incremental build that saw everything up to this moment.
    #[must_use]
    pub fn incremental(mut self, watermark: &str) -> Self {
        self.0.watermark = micros(watermark);
        self
    }

    /// The expected rows; their order does not count, and columns that are not named are not compared.
    #[must_use]
    pub fn expect(mut self, rows: Rows) -> Self {
        self.0.expected = rows;
        self
    }
}

impl From<UnitTest> for modelling::UnitTest {
    fn from(test: UnitTest) -> Self {
        test.0
    }
}

/// Types that can be written as a value.
pub trait IntoValue {
    /// The value as the contract's type.
    fn into_value(self) -> Value;
}

/// A timestamp: `2026-01-15 12:00:00`, with a fraction or without. A text that is not a timestamp stays text.
pub fn at(moment: &str) -> Value {
    micros(moment).map_or_else(|| Value::Text(moment.to_owned()), Value::Timestamp)
}

/// A date: `2026-01-15`. A text that is not a date stays text.
pub fn date(day: &str) -> Value {
    match days(day).and_then(|days| i32::try_from(days).ok()) {
        Some(days) => Value::Date(days),
        None => Value::Text(day.to_owned()),
    }
}

impl IntoValue for Value {
    fn into_value(self) -> Value {
        self
    }
}

impl IntoValue for i32 {
    fn into_value(self) -> Value {
        Value::Int64(self.into())
    }
}

impl IntoValue for i64 {
    fn into_value(self) -> Value {
        Value::Int64(self)
    }
}

impl IntoValue for f64 {
    fn into_value(self) -> Value {
        Value::Float64(self)
    }
}

impl IntoValue for bool {
    fn into_value(self) -> Value {
        Value::Boolean(self)
    }
}

impl IntoValue for &str {
    fn into_value(self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl IntoValue for String {
    fn into_value(self) -> Value {
        Value::Text(self)
    }
}

/// Rows of a fixture: the columns' names, then the values, row by row. `NULL` is
/// [`models::NULL`](crate::models::NULL).
///
/// ```
/// use wmshost_plugin::{models::NULL, rows};
/// let rows = rows! {
///     id, status, quantity;
///     1, "PICKED", 10.5;
///     2, NULL, 3;
/// };
/// assert_eq!((rows.columns.len(), rows.rows.len()), (3, 2));
/// ```
#[macro_export]
macro_rules! rows {
    ($($column:ident),+ $(,)? $(; $($value:expr),+)* $(;)?) => {
        $crate::contract::modelling::Rows {
            columns: ::std::vec![$(::std::string::String::from(::std::stringify!($column))),+],
            rows: ::std::vec![$(::std::vec![$($crate::models::IntoValue::into_value($value)),+]),*],
        }
    };
}

fn micros(moment: &str) -> Option<i64> {
    let (day, time) = moment.split_once([' ', 'T']).unwrap_or((moment, "00:00:00"));
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = time.splitn(3, ':').map(|part| part.parse::<i64>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let digits = fraction.get(..fraction.len().min(6))?;
    let fraction = digits.parse::<i64>().ok()? * 10_i64.pow(6 - u32::try_from(digits.len()).ok()?);
    Some(((days(day)? * 24 + hour) * 3_600 + minute * 60 + second) * 1_000_000 + fraction)
}

/// Days since 1970-01-01: whole years, then whole months, by the calendar's rules.
fn days(day: &str) -> Option<i64> {
    let mut parts = day.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year < 1 {
        return None;
    }
    let leaps = |year: i64| year / 4 - year / 100 + year / 400;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let before_month = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][usize::try_from(month - 1).ok()?];
    let leap_day = i64::from(is_leap && month > 2);
    let years = year - 1970;
    Some(years * 365 + leaps(year - 1) - leaps(1969) + before_month + leap_day + day - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_count_from_1970() {
        assert_eq!(date("1970-01-01"), Value::Date(0));
        assert_eq!(date("2024-02-29"), Value::Date(19_782));
        assert_eq!(date("2024-03-01"), Value::Date(19_783));
        assert_eq!(date("1969-12-31"), Value::Date(-1));
        assert_eq!(at("1970-01-02 00:00:01.5"), Value::Timestamp(86_401_500_000));
        assert_eq!(at("2026-01-15T12:00"), at("2026-01-15 12:00:00.000000"));
        assert_eq!(at("soon"), Value::Text("soon".into()));
    }
}
