//! Checks of the columns that a plugin writes: names, lengths, offsets, digits.

use crate::Refusal;

/// The longest name of a column, in bytes.
pub const NAME_BYTES: usize = 128;
/// The greatest number of labels of a column.
pub const LABELS: usize = 256;

type Checked = Result<(), Refusal>;

fn wrong(message: String) -> Checked {
    Err(Refusal::Wrong(message))
}

/// Checks that a column's name has a valid length.
pub fn check_name(name: &str) -> Checked {
    match name.len() {
        0 => wrong("a column has no name".to_owned()),
        1..=NAME_BYTES => Ok(()),
        long => Err(Refusal::Limit(format!("limit column_name_bytes: {NAME_BYTES} allowed, {long} asked for"))),
    }
}

/// Checks that a column has a value for every row.
pub fn check_length(name: &str, values: usize, rows: usize) -> Checked {
    if values == rows { Ok(()) } else { wrong(format!("column {name}: {values} values for {rows} rows")) }
}

/// Checks that a bitmap has a bit for every row.
pub fn check_bitmap(name: &str, bytes: usize, rows: usize) -> Checked {
    if bytes == rows.div_ceil(8) {
        Ok(())
    } else {
        wrong(format!("column {name}: {} values for {rows} rows", bytes * 8))
    }
}

/// Checks that offsets ascend within the bytes that they point into, and are one more than the rows.
pub fn check_offsets(name: &str, offsets: &[i32], bytes: usize, rows: usize) -> Checked {
    if offsets.len() != rows + 1 {
        return check_length(name, offsets.len().saturating_sub(1), rows)
            .and_then(|()| wrong(format!("column {name}: there are no offsets")));
    }
    let ascending = offsets.windows(2).all(|pair| pair[0] <= pair[1]);
    let inside = offsets[0] >= 0 && usize::try_from(offsets[rows]).is_ok_and(|end| end <= bytes);
    if ascending && inside {
        Ok(())
    } else {
        wrong(format!("column {name}: the offsets do not ascend within its bytes"))
    }
}

/// The refusal of texts that are not UTF-8.
pub fn not_utf8(name: &str) -> Refusal {
    Refusal::Wrong(format!("column {name}: a text is not UTF-8"))
}

/// Checks that each text by itself is UTF-8. The offsets must have been checked.
pub fn check_texts(name: &str, offsets: &[i32], values: &[u8]) -> Checked {
    let Ok(text) = std::str::from_utf8(values) else { return Err(not_utf8(name)) };
    let whole = |offset: &i32| usize::try_from(*offset).is_ok_and(|at| text.is_char_boundary(at));
    if offsets.iter().all(whole) { Ok(()) } else { Err(not_utf8(name)) }
}

/// Checks that a decimal type exists: 1 to 38 digits, at most all of them after the point.
pub fn check_decimal_type(name: &str, precision: u8, scale: u8) -> Checked {
    if (1..=38).contains(&precision) && scale <= precision {
        return Ok(());
    }
    wrong(format!("column {name}: decimal({precision}, {scale}) does not exist"))
}

/// Checks that decimals, 16 bytes each, do not exceed their precision where they are not NULL.
pub fn check_decimals(name: &str, values: &[u8], is_null: impl Fn(usize) -> bool, precision: u8, scale: u8) -> Checked {
    check_decimal_type(name, precision, scale)?;
    let (unscaled, rest) = values.as_chunks::<16>();
    if !rest.is_empty() {
        return wrong(format!("column {name}: a decimal has 16 bytes"));
    }
    let beyond = 10_u128.pow(u32::from(precision));
    let fits = |bytes: &[u8; 16]| i128::from_le_bytes(*bytes).unsigned_abs() < beyond;
    if unscaled.iter().enumerate().all(|(row, bytes)| fits(bytes) || is_null(row)) {
        return Ok(());
    }
    wrong(format!("column {name}: a value has more than {precision} digits"))
}

/// Checks that every code that is not NULL has a label.
pub fn check_labels(name: &str, labels: usize, codes: &[u8], is_null: impl Fn(usize) -> bool, rows: usize) -> Checked {
    if labels > LABELS {
        return Err(Refusal::Limit(format!("limit labels: {LABELS} allowed, {labels} asked for")));
    }
    check_length(name, codes.len(), rows)?;
    let without = codes.iter().enumerate().find(|(row, code)| usize::from(**code) >= labels && !is_null(*row));
    without.map_or(Ok(()), |(_, code)| wrong(format!("column {name}: no label has the code {code}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_names_are_checked() {
        assert!(check_name("n").is_ok() && check_name("").is_err());
        assert!(matches!(check_name(&"n".repeat(129)), Err(Refusal::Limit(_))));
        assert!(check_length("c", 8, 8).is_ok() && check_length("c", 7, 8).is_err());
        assert!(check_bitmap("c", 2, 9).is_ok() && check_bitmap("c", 1, 9).is_err());
    }

    #[test]
    fn offsets_ascend_within_their_bytes() {
        assert!(check_offsets("c", &[0, 1, 4], 4, 2).is_ok());
        assert!(check_offsets("c", &[0], 0, 0).is_ok());
        for offsets in [&[][..], &[0, 1], &[0, 3, 2], &[-1, 0, 4], &[0, 1, 5]] {
            assert!(check_offsets("c", offsets, 4, 2).is_err(), "{offsets:?}");
        }
        assert!(check_offsets("c", &[], 0, 0).is_err());
    }

    #[test]
    fn each_text_is_utf8_by_itself() {
        assert!(check_texts("c", &[0, 2, 3], "éa".as_bytes()).is_ok());
        assert!(check_texts("c", &[0, 1, 3], "éa".as_bytes()).is_err());
        assert!(check_texts("c", &[0, 1], &[0xff]).is_err());
    }

    #[test]
    fn decimals_keep_to_their_precision() {
        let bytes = |value: i128| value.to_le_bytes().to_vec();
        let check = |value, precision, scale| check_decimals("c", &bytes(value), |_| false, precision, scale);
        assert!(check(99, 2, 1).is_ok() && check(-99, 2, 1).is_ok());
        assert!(check(100, 2, 1).is_err() && check(-100, 2, 1).is_err());
        assert!(check(i128::MIN, 38, 0).is_err() && check(0, 0, 0).is_err() && check(0, 39, 0).is_err());
        assert!(check(0, 5, 6).is_err());
        assert!(check_decimals("c", &bytes(100), |_| true, 2, 1).is_ok(), "a value below NULL has no meaning");
        assert!(check_decimals("c", &[0; 15], |_| false, 2, 1).is_err());
    }

    #[test]
    fn every_code_has_a_label() {
        assert!(check_labels("c", 2, &[0, 1], |_| false, 2).is_ok());
        assert!(check_labels("c", 2, &[0, 2], |_| false, 2).is_err());
        assert!(check_labels("c", 0, &[9], |_| true, 1).is_ok());
        assert!(check_labels("c", 1, &[0], |_| false, 2).is_err());
        assert!(matches!(check_labels("c", 257, &[0], |_| false, 1), Err(Refusal::Limit(_))));
    }
}
