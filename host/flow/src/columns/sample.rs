//! Proposals for the type of a column, from a sample of its values.

use arrow_array::Array;
use arrow_array::cast::AsArray as _;
use arrow_schema::DataType;
use wmshost_sql::timestamp_from_text;

use crate::values::order::DecimalDigits;

/// The description of all values of a column, and the rule that declares them; `None` if there is no better type than
/// its own, or no value.
pub(crate) fn proposal(column: &dyn Array) -> Option<(&'static str, String)> {
    if *column.data_type() != DataType::Utf8 || column.null_count() == column.len() {
        return None;
    }
    let values: Vec<&str> = column.as_string::<i32>().iter().flatten().collect();
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
        return (whole + scale <= 38).then(|| ("decimal numbers", format!("\"decimal({precision},{scale})\"")));
    }
    let is_moment = |value: &str| timestamp_from_text(value).is_some();
    if all(&|value| is_moment(value) && !value.ends_with('Z')) {
        return Some(("moments without a zone", "\"timestamp\"".to_owned()));
    }
    all(&is_moment).then(|| ("moments", "{ from = \"iso-utc\" }".to_owned()))
}

#[cfg(test)]
mod tests {
    use arrow_array::StringArray;

    use super::*;

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
            let proposed = proposal(&StringArray::from(values.clone())).map(|(_, rule)| rule);
            assert_eq!(proposed.as_deref(), expected, "{values:?}");
        }
    }
}
