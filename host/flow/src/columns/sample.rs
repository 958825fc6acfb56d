//! Proposals for the type of a column, from a sample of its values.

use arrow_array::Array as _;
use arrow_schema::DataType;
use wmshost_sql::timestamp_from_text;

use crate::rows::batch::Batch;
use crate::rows::cell_json::plain_value;
use crate::values::order::DecimalDigits;

/// The description of all values of a column, and the rule that declares them; `None` if there is no better type than
/// its own, or no value. Rows that do not fit the column's own type have values, too.
pub(crate) fn proposal(sample: &Batch, name: &str) -> Option<(&'static str, String)> {
    let column = sample.rows.column_by_name(name)?;
    let is_number = matches!(column.data_type(), DataType::Decimal128(..));
    if *column.data_type() != DataType::Utf8 && !is_number {
        return None;
    }
    let mut values: Vec<String> = (0..column.len()).filter_map(|row| plain_value(column.as_ref(), row)).collect();
    for rejected in &sample.rejected {
        let row: serde_json::Value = serde_json::from_str(&rejected.row).ok()?;
        match &row[name] {
            serde_json::Value::Null => {}
            serde_json::Value::String(text) => values.push(text.clone()),
            other => values.push(other.to_string()),
        }
    }
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    if values.is_empty() { None } else { proposal_for(&values, is_number) }
}

fn proposal_for(values: &[&str], is_number: bool) -> Option<(&'static str, String)> {
    let all = |is: &dyn Fn(&str) -> bool| values.iter().all(|value| is(value));
    if all(&|value| value.parse::<i64>().is_ok_and(|number| number.to_string() == value)) {
        return Some(("whole numbers", "\"int64\"".to_owned()));
    }
    let is_code = |value: &str| value.len() > 1 && value.starts_with('0') && !value.starts_with("0.");
    if values.iter().any(|value| is_code(value)) {
        return None;
    }
    let digits: Option<Vec<_>> = values.iter().map(|value| DecimalDigits::of(value)).collect();
    if let Some(digits) = digits {
        let whole = digits.iter().map(|number| number.whole.len()).max().unwrap_or(0);
        let scale = digits.iter().map(|number| number.fraction.len()).max().unwrap_or(0);
        // Room for three more digits before the point.
        let precision = (whole.max(1) + scale + 3).min(38);
        return match whole + scale <= 38 {
            true if is_number && scale == 0 && whole <= 18 => Some(("whole numbers", "\"int64\"".to_owned())),
            true => Some(("decimal numbers", format!("\"decimal({precision},{scale})\""))),
            false => is_number.then(|| ("numbers of more digits than any decimal has", "\"text\"".to_owned())),
        };
    }
    let is_moment = |value: &str| timestamp_from_text(value).is_some();
    if all(&|value| is_moment(value) && !value.ends_with('Z')) {
        return Some(("moments without a zone", "\"timestamp\"".to_owned()));
    }
    all(&is_moment).then(|| ("moments", "{ from = \"iso-utc\" }".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::types::Decimal128Type;
    use arrow_array::{ArrayRef, PrimitiveArray, RecordBatch, StringArray};

    use super::*;
    use crate::failure::Stage;
    use crate::rows::batch::{Cause, Rejected};

    fn of_row(row: String) -> Rejected {
        Rejected {
            cause: Cause::BadValue,
            rule: "bad-value".to_owned(),
            reason: String::new(),
            value: None,
            stage: Stage::Extract,
            by: "driver".to_owned(),
            digest: None,
            row,
            place: None,
        }
    }

    fn sample(column: ArrayRef) -> Batch {
        Batch::new(RecordBatch::try_from_iter_with_nullable([("v", column, true)]).expect("a column"))
    }

    #[test]
    fn the_narrowest_type_for_all_values_is_proposed() {
        for (values, expected) in [
            (vec![Some("1"), None, Some("-20")], Some("\"int64\"")),
            (vec![Some("1"), Some("20.125")], Some("\"decimal(8,3)\"")),
            (vec![Some("2026-01-31 12:00:00"), Some("2026-01-31")], Some("\"timestamp\"")),
            (vec![Some("2026-01-31T12:00:00Z"), Some("2026-01-31")], Some("{ from = \"iso-utc\" }")),
            (vec![Some("007"), Some("8")], None),
            (vec![Some("1"), Some("x")], None),
            (vec![None], None),
        ] {
            let proposed = proposal(&sample(Arc::new(StringArray::from(values.clone()))), "v").map(|(_, rule)| rule);
            assert_eq!(proposed.as_deref(), expected, "{values:?}");
        }
    }

    #[test]
    fn numbers_have_the_digits_of_the_rows_that_do_not_fit_too() {
        let numbers =
            PrimitiveArray::<Decimal128Type>::from_iter([Some(125_000_000_000_i128), None, Some(-20_000_000_000)]);
        let numbers: ArrayRef = Arc::new(numbers.with_precision_and_scale(38, 10).expect("in range"));
        for (rejected, expected) in [
            (None, "\"decimal(6,1)\""),
            (Some("0.333333333333"), "\"decimal(17,12)\""),
            (Some("0.3333333333333333333333333333333333333333"), "\"text\""),
        ] {
            let mut sample = sample(Arc::clone(&numbers));
            sample.rejected.extend(rejected.map(|value| of_row(format!("{{\"v\":\"{value}\"}}"))));
            let proposed = proposal(&sample, "v").map(|(_, rule)| rule);
            assert_eq!(proposed.as_deref(), Some(expected), "{rejected:?}");
        }
    }
}
