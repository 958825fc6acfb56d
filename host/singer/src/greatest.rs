//! The greatest value of a change key, for tools that show how far a tap has come.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int64Type, TimestampMicrosecondType};
use arrow_schema::DataType;
use wmshost_sql::date_text;

use crate::outgoing::moment;

/// The greatest value of a change key, with its text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Greatest {
    value: i64,
    /// The value as text.
    pub text: String,
}

impl Greatest {
    /// The greatest value of a column; `None` if it has no value, or is neither a moment, a date nor a whole number.
    pub fn of(column: &dyn Array) -> Option<Self> {
        let (value, text) = match column.data_type() {
            DataType::Int64 => {
                let value = column.as_primitive::<Int64Type>().iter().flatten().max()?;
                (value, value.to_string())
            }
            DataType::Date32 => {
                let days = i64::from(column.as_primitive::<Date32Type>().iter().flatten().max()?);
                (days, date_text(days))
            }
            DataType::Timestamp(_, zone) => {
                let micros = column.as_primitive_opt::<TimestampMicrosecondType>()?.iter().flatten().max()?;
                (micros, moment(micros, if zone.is_some() { "+00:00" } else { "" }))
            }
            _ => return None,
        };
        Some(Self { value, text })
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::{Int64Array, StringArray, TimestampMicrosecondArray};

    use super::*;

    #[test]
    fn the_greatest_value_is_found_by_value_and_not_by_text() {
        let of = |column: &dyn Array| Greatest::of(column).map(|greatest| greatest.text);
        assert_eq!(of(&Int64Array::from(vec![Some(9), None, Some(10)])).as_deref(), Some("10"));
        let moments = TimestampMicrosecondArray::from(vec![Some(-1), Some(1)]).with_timezone("UTC");
        assert_eq!(of(&moments).as_deref(), Some("1970-01-01T00:00:00.000001+00:00"));
        assert_eq!(of(&Int64Array::from(vec![None])), None);
        assert_eq!(of(&StringArray::from(vec!["a"])), None);
        assert!(Greatest::of(&Int64Array::from(vec![9])) < Greatest::of(&Int64Array::from(vec![10])));
    }
}
