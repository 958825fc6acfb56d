//! The host's order of values. A position in a table (a bookmark, the bound of a range, a resume point) means the same
//! rows everywhere only if source, host and target use the same order, which is this:
//!
//! | type | order |
//! |---|---|
//! | Boolean | false before true |
//! | Int64, Decimal | by number, whatever the scale |
//! | Float64 | by number; -0 equals 0, NaN comes last |
//! | Utf8 | by the bytes of UTF-8 |
//! | Binary | by bytes |
//! | Date, Timestamp | by time |
//!
//! NULL comes before everything else.

use std::cmp::Ordering;

use wmshost_sql::Value;

/// The expression of the host's order for one column in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnOrder {
    /// An SQL expression over the column, for ORDER BY and for one side of a comparison. It is just the column's quoted
    /// name if the database's own order is the host's, so that an index can be used.
    pub expression: String,
    /// The SQL function to apply to a parameter that is compared with the expression; `None` for the parameter alone.
    pub function: Option<String>,
    /// Bounds by which an index can narrow a comparison if the expression is not the column itself.
    pub bounds: Option<Bounds>,
}

/// SQL functions of a parameter whose values bound the column itself: if the expression is at least the parameter, the
/// column is at least `least(parameter)`; likewise for `most`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// The function for the lower bound.
    pub least: String,
    /// The function for the upper bound.
    pub most: String,
}

impl ColumnOrder {
    /// Returns the order by an expression alone.
    pub fn of(expression: impl Into<String>) -> Self {
        Self { expression: expression.into(), function: None, bounds: None }
    }

    /// Returns a parameter, such as `?1`, in the form to be compared with the expression.
    pub fn parameter(&self, parameter: &str) -> String {
        match &self.function {
            Some(function) => format!("{function}({parameter})"),
            None => parameter.to_owned(),
        }
    }
}

/// Compares two values; `None` if their types cannot be compared, or a decimal is not valid.
pub fn order_of_values(a: &Value, b: &Value) -> Option<Ordering> {
    Some(match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::Int64(a), Value::Int64(b)) | (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
        (Value::Float64(a), Value::Float64(b)) => order_of_floats(*a, *b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Binary(a), Value::Binary(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Decimal(a), Value::Decimal(b)) => DecimalDigits::of(a)?.order(&DecimalDigits::of(b)?),
        (Value::Int64(a), Value::Decimal(b)) => DecimalDigits::of(&a.to_string())?.order(&DecimalDigits::of(b)?),
        (Value::Decimal(a), Value::Int64(b)) => DecimalDigits::of(a)?.order(&DecimalDigits::of(&b.to_string())?),
        _ => return None,
    })
}

fn order_of_floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// A decimal in text, without leading and trailing zeros.
pub struct DecimalDigits<'t> {
    /// True for a number below zero.
    pub is_negative: bool,
    /// The digits before the point.
    pub whole: &'t str,
    /// The digits after the point.
    pub fraction: &'t str,
}

impl<'t> DecimalDigits<'t> {
    /// Splits a text such as `-12.50`; `None` if it is not a decimal without an exponent.
    pub fn of(text: &'t str) -> Option<Self> {
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        // There is no negative zero.
        let is_negative = is_negative && whole.len() + fraction.len() > 0;
        Some(Self { is_negative, whole, fraction })
    }

    fn order(&self, other: &Self) -> Ordering {
        let magnitudes =
            || (self.whole.len(), self.whole, self.fraction).cmp(&(other.whole.len(), other.whole, other.fraction));
        match (self.is_negative, other.is_negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => magnitudes(),
            (true, true) => magnitudes().reverse(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Value {
        Value::Decimal(text.to_owned())
    }

    #[test]
    fn values_have_an_order_where_they_can_be_compared() {
        let ascending = [
            vec![Value::Null, Value::Boolean(false), Value::Boolean(true)],
            vec![decimal("-10"), decimal("-9.5"), decimal("-0.01"), decimal("0"), decimal(".1"), decimal("10.05")],
            vec![Value::Int64(9), decimal("9.5"), Value::Int64(10), decimal("10.0001")],
            vec![Value::Float64(-1.0), Value::Float64(0.0), Value::Float64(f64::INFINITY), Value::Float64(f64::NAN)],
            vec![
                Value::Text("B".into()),
                Value::Text("a".into()),
                Value::Text("é".into()),
                Value::Text("\u{1F600}".into()),
            ],
            vec![Value::Binary(vec![]), Value::Binary(vec![0]), Value::Binary(vec![0, 0]), Value::Binary(vec![1])],
        ];
        for values in ascending {
            for (at, a) in values.iter().enumerate() {
                for (other, b) in values.iter().enumerate() {
                    assert_eq!(order_of_values(a, b), Some(at.cmp(&other)), "{a} and {b}");
                }
            }
        }
        for (a, b) in [("1.50", "1.5"), ("-0.0", "0"), ("007", "7"), ("+1", "1.")] {
            assert_eq!(order_of_values(&decimal(a), &decimal(b)), Some(Ordering::Equal), "{a} and {b}");
        }
        assert_eq!(order_of_values(&Value::Float64(-0.0), &Value::Float64(0.0)), Some(Ordering::Equal));
        assert_eq!(order_of_values(&Value::Int64(1), &Value::Date(1)), None);
        assert_eq!(order_of_values(&decimal("1e3"), &decimal("1")), None);
    }

    proptest! {
        #[test]
        fn decimals_are_ordered_as_numbers(a: i64, b: i64, scale in 0_usize..=18) {
            let text = |value: i64| {
                let digits = format!("{:019}", value.unsigned_abs());
                let (whole, fraction) = digits.split_at(19 - scale);
                decimal(&format!("{}{whole}.{fraction}", if value < 0 { "-" } else { "" }))
            };
            prop_assert_eq!(order_of_values(&text(a), &text(b)), Some(a.cmp(&b)));
        }
    }
}
