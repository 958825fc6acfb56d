//! Values of different types in one form, so that it is the value that counts and not the way in which a database spells
//! or stores its type.
//!
//! | types of the two sides | what is equal |
//! |---|---|
//! | the same type | the same value; of decimals whatever their scale |
//! | different types | the same number: 1, 1.0, true and the text `1.00`; the same moment, a day being its first one, or a text of it; else the same text |
//! | texts of which one is in a column whose type says nothing | likewise |
//! | with Oracle on one side | an empty text and NULL, too |

use std::sync::Arc;

use arrow_array::types::{Date32Type, Float64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, StringArray, cast::AsArray as _};
use arrow_schema::DataType;
use wmshost_sql::{is_decimal, timestamp_from_text};

use crate::rows::cell_json::plain_value;
use crate::rows::hash::Hashing;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// The form in which the values of a column are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As they are: the hashes of equal values are equal.
    AsTheyAre,
    /// As texts: a number by its digits, a moment by its microseconds.
    ByValue,
}

impl Form {
    /// The form for columns of these types; `is_open` if one of them is declared without a type that says what it holds.
    pub(super) fn of([ours, theirs]: [&DataType; 2], is_open: bool, hashing: Hashing) -> Self {
        let has_text = [ours, theirs].contains(&&DataType::Utf8);
        let is_same = std::mem::discriminant(ours) == std::mem::discriminant(theirs) && !(is_open && has_text);
        let is_same_in_oracle = hashing.as_oracle && family(ours).is_some() && family(ours) == family(theirs);
        if is_same || is_same_in_oracle { Self::AsTheyAre } else { Self::ByValue }
    }

    /// The values in this form.
    pub(super) fn apply(self, column: &ArrayRef) -> ArrayRef {
        if self == Self::AsTheyAre {
            return Arc::clone(column);
        }
        let values = (0..column.len()).map(|row| by_value(column.as_ref(), row));
        Arc::new(values.collect::<StringArray>())
    }
}

/// The types that Oracle stores as one, whose values then have one hash.
fn family(kind: &DataType) -> Option<ColumnFamily> {
    match kind {
        DataType::Boolean | DataType::Int64 | DataType::Decimal128(..) => Some(ColumnFamily::Number),
        DataType::Date32 | DataType::Timestamp(..) => Some(ColumnFamily::Moment),
        _ => None,
    }
}

#[derive(PartialEq, Eq)]
enum ColumnFamily {
    Number,
    Moment,
}

fn by_value(column: &dyn Array, row: usize) -> Option<String> {
    let plain = plain_value(column, row)?;
    Some(match column.data_type() {
        DataType::Boolean => if plain == "true" { "1" } else { "0" }.to_owned(),
        DataType::Float64 => number(&column.as_primitive::<Float64Type>().value(row).to_string()).unwrap_or(plain),
        DataType::Date32 => moment(i64::from(column.as_primitive::<Date32Type>().value(row)) * DAY),
        DataType::Timestamp(..) => moment(column.as_primitive::<TimestampMicrosecondType>().value(row)),
        DataType::Binary => plain,
        _ => number(&plain).or_else(|| timestamp_from_text(&plain).map(moment)).unwrap_or(plain),
    })
}

fn moment(micros: i64) -> String {
    format!("moment {micros}")
}

/// The digits of a number without zeros at the end; `None` if it is none. A text with zeros in front, such as a postal code,
/// is no number.
fn number(text: &str) -> Option<String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if is_decimal(text) && (!digits.starts_with('0') || digits == "0" || digits.starts_with("0.")) {
        let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
        return Some(if short == "-0" { "0" } else { short }.to_owned());
    }
    // As SQLite prints a large or small binary fraction.
    let is_fraction = text.starts_with(|letter: char| letter == '-' || letter.is_ascii_digit()) && text.contains('e');
    let value = text.parse::<f64>().ok().filter(|value| is_fraction && value.is_finite())?;
    number(&value.to_string())
}

#[cfg(test)]
mod tests {
    use arrow_array::{BooleanArray, Date32Array, Decimal128Array, Float64Array, TimestampMicrosecondArray};
    use arrow_schema::TimeUnit;

    use super::*;

    fn texts(column: ArrayRef) -> Vec<Option<String>> {
        Form::ByValue.apply(&column).as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
    }

    fn written(texts: Vec<&str>) -> ArrayRef {
        Arc::new(StringArray::from(texts))
    }

    #[test]
    fn a_number_is_the_same_in_every_type() {
        let decimals = Decimal128Array::from(vec![150, 0, -100]).with_precision_and_scale(10, 2).expect("fits");
        let expected = ["1.5", "0", "-1"].map(|text| Some(text.to_owned()));
        let fractions = Arc::new(Float64Array::from(vec![1.5, -0.0, -1.0]));
        for column in [Arc::new(decimals) as ArrayRef, fractions, written(vec!["1.50", "0.00", "-1.0e+00"])] {
            assert_eq!(texts(column), expected);
        }
        let large = ["1000000000000000000000", "0.0000001"].map(|text| Some(text.to_owned()));
        assert_eq!(texts(written(vec!["1.0e+21", "1.0e-07"])), large);
        assert_eq!(texts(Arc::new(Float64Array::from(vec![1e21, 1e-7]))), large);
        assert_eq!(texts(Arc::new(BooleanArray::from(vec![true]))), texts(written(vec!["1"])));
        for text in ["007", "", "-", "1e", "e1", "inf", "1,5", "0x10", "one"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_is_the_same_as_its_text_and_a_day_its_first_moment() {
        let day = Arc::new(Date32Array::from(vec![Some(1), None]));
        let moment = Arc::new(TimestampMicrosecondArray::from(vec![Some(DAY), None]));
        let text = Arc::new(StringArray::from(vec![Some("1970-01-02T00:00:00Z"), None]));
        let expected = texts(Arc::new(StringArray::from(vec![Some("1970-01-02 00:00:00.000000"), None])));
        assert!(expected[0].is_some() && expected[1].is_none());
        for column in [day as ArrayRef, moment, text] {
            assert_eq!(texts(column), expected);
        }
        assert_eq!(texts(written(vec!["soon"])), [Some("soon".to_owned())]);
    }

    #[test]
    fn values_of_one_type_are_compared_as_they_are() {
        let moment = &DataType::Timestamp(TimeUnit::Microsecond, None);
        let decimal = &DataType::Decimal128(10, 2);
        let (plain, oracle) = (Hashing::default(), Hashing { as_oracle: true });
        for (types, is_open, hashing, form) in [
            ([decimal, &DataType::Decimal128(20, 4)], false, plain, Form::AsTheyAre),
            ([&DataType::Utf8, &DataType::Utf8], false, plain, Form::AsTheyAre),
            ([&DataType::Utf8, &DataType::Utf8], true, plain, Form::ByValue),
            ([&DataType::Int64, &DataType::Int64], true, plain, Form::AsTheyAre),
            ([&DataType::Int64, decimal], false, plain, Form::ByValue),
            ([&DataType::Int64, decimal], false, oracle, Form::AsTheyAre),
            ([&DataType::Date32, moment], false, oracle, Form::AsTheyAre),
            ([&DataType::Date32, moment], false, plain, Form::ByValue),
            ([&DataType::Utf8, moment], false, oracle, Form::ByValue),
            ([decimal, &DataType::Float64], false, oracle, Form::ByValue),
            ([&DataType::Binary, &DataType::Float64], false, oracle, Form::ByValue),
        ] {
            assert_eq!(Form::of(types, is_open, hashing), form, "{types:?}");
        }
    }
}
