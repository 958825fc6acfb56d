//! The rules of an item: plain functions, each of one row's values.

use wmshost_plugin::{Number, trim_to_none};

/// The category of an item without one.
pub const NO_CATEGORY: &str = "UNKNOWN";
/// The storage type of an item without one.
pub const USUAL_STORAGE: &str = "STANDARD";
/// The hazmat class of an item that is harmless.
pub const HARMLESS: &str = "NONE";
/// The sizes of an item, in the order of their codes.
pub const SIZES: [&str; 5] = ["SMALL", "MEDIUM", "LARGE", "OVERSIZED", "UNKNOWN"];
/// The values of an item, in the order of their codes.
pub const VALUES: [&str; 5] = ["LOW_VALUE", "MEDIUM_VALUE", "HIGH_VALUE", "PREMIUM_VALUE", "UNKNOWN"];
/// The ways to handle an item, in the order of their codes.
pub const HANDLINGS: [&str; 5] = ["SPECIAL_HANDLING", "PERISHABLE", "HAZMAT", "OVERSIZED", "STANDARD"];

const OVERSIZED: u8 = 3;

/// The number of these bounds, in ascending order, that a measure exceeds; `None` where it is unknown.
fn bounds_passed(measure: Option<Number>, bounds: [i64; 3]) -> Option<u8> {
    let measure = measure?;
    Some(bounds.iter().filter(|bound| measure > Number::whole(**bound)).count() as u8)
}

/// True if an item is perishable: it has a shelf life, or its description says so.
pub fn is_perishable(shelf_life: Option<Number>, description: Option<&str>) -> bool {
    shelf_life.is_some_and(|days| days > Number::ZERO) || description.is_some_and(says_perishable)
}

/// True if a text has the word PERISHABLE in any case, and not as NON-PERISHABLE.
fn says_perishable(text: &str) -> bool {
    const WORD: &[u8] = b"PERISHABLE";
    let text = text.as_bytes();
    let found = |at: &usize| text[*at..at + WORD.len()].eq_ignore_ascii_case(WORD);
    let mut places = (0..(text.len() + 1).saturating_sub(WORD.len())).filter(found);
    places.any(|at| !ends_in_denial(&text[..at]))
}

fn ends_in_denial(before: &[u8]) -> bool {
    let before = before.strip_suffix(b"-").unwrap_or(before).trim_ascii_end();
    let Some(denial) = before.len().checked_sub(3).map(|at| before.split_at(at)) else { return false };
    let whole_word = denial.0.last().is_none_or(|letter| !letter.is_ascii_alphanumeric());
    whole_word && denial.1.eq_ignore_ascii_case(b"NON")
}

/// True if an item is hazardous: it has a hazmat class other than NONE.
pub fn is_hazmat(class: Option<&str>) -> bool {
    trim_to_none(class).is_some_and(|class| !class.eq_ignore_ascii_case(HARMLESS))
}

/// The place of an item in [`SIZES`]: by the greater of its known measures.
pub fn size(weight: Option<Number>, volume: Option<Number>) -> u8 {
    let (weight, volume) = (bounds_passed(weight, [5, 20, 50]), bounds_passed(volume, [100, 500, 1_000]));
    weight.max(volume).unwrap_or(4)
}

/// The place of a cost in [`VALUES`].
pub fn value(cost: Option<Number>) -> u8 {
    match cost {
        None => 4,
        Some(cost) if cost < Number::whole(10) => 0,
        Some(cost) if cost < Number::whole(100) => 1,
        Some(cost) if cost < Number::whole(1_000) => 2,
        Some(_) => 3,
    }
}

/// The place of an item in [`HANDLINGS`].
pub fn handling(perishable: bool, hazmat: bool, size: u8) -> u8 {
    match (perishable, hazmat) {
        (true, true) => 0,
        (true, false) => 1,
        (false, true) => 2,
        (false, false) if size == OVERSIZED => 3,
        (false, false) => 4,
    }
}

/// True if a code is invalid: NULL, or shorter than 3 characters.
pub fn is_invalid_code(code: Option<&str>) -> bool {
    is_shorter_than(3, code)
}

/// True if a description is invalid: NULL, or shorter than 5 characters.
pub fn is_invalid_description(description: Option<&str>) -> bool {
    is_shorter_than(5, description)
}

/// True if a cost is invalid: NULL or less than zero.
pub fn is_invalid_cost(cost: Option<Number>) -> bool {
    cost.is_none_or(|cost| cost < Number::ZERO)
}

/// The code of an active flag: 0 for Y, 1 for N, padded or not, in any case; `None` for anything else.
pub fn active_flag(flag: Option<&str>) -> Option<u8> {
    match trim_to_none(flag)? {
        "Y" | "y" => Some(0),
        "N" | "n" => Some(1),
        _ => None,
    }
}

fn is_shorter_than(least: usize, text: Option<&str>) -> bool {
    trim_to_none(text).is_none_or(|text| text.chars().take(least).count() < least)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In hundredths.
    fn number(unscaled: i128) -> Number {
        Number::new(unscaled, 2)
    }

    fn size_of(weight: Option<i128>, volume: Option<i128>) -> &'static str {
        SIZES[usize::from(size(weight.map(number), volume.map(number)))]
    }

    #[test]
    fn an_item_with_a_shelf_life_is_perishable() {
        assert!(is_perishable(Some(Number::whole(1)), None));
        assert!(!is_perishable(Some(Number::ZERO), None));
        assert!(!is_perishable(None, None));
    }

    #[test]
    fn an_item_is_perishable_where_its_description_says_so() {
        assert!(is_perishable(None, Some("Yoghurt, perishable")));
        assert!(is_perishable(None, Some("PERISHABLE")));
        assert!(!is_perishable(None, Some("Screws")));
        assert!(!is_perishable(None, Some("perish")));
    }

    #[test]
    fn non_perishable_is_not_perishable() {
        assert!(!is_perishable(None, Some("Rice, non-perishable")));
        assert!(!is_perishable(None, Some("NON PERISHABLE goods")));
        assert!(!is_perishable(None, Some("nonperishable")));
        assert!(is_perishable(None, Some("Canon perishable")));
        assert!(is_perishable(None, Some("non-perishable box of perishable goods")));
    }

    #[test]
    fn hazmat_is_any_class_but_none() {
        assert!(is_hazmat(Some("3")));
        assert!(!is_hazmat(Some(" none ")));
        assert!(!is_hazmat(Some("")));
        assert!(!is_hazmat(None));
    }

    #[test]
    fn an_item_has_the_size_of_its_greater_measure() {
        assert_eq!(size_of(Some(50_01), Some(0)), "OVERSIZED");
        assert_eq!(size_of(Some(50_00), Some(0)), "LARGE");
        assert_eq!(size_of(Some(0), Some(500_01)), "LARGE");
        assert_eq!(size_of(Some(5_01), Some(100_00)), "MEDIUM");
        assert_eq!(size_of(Some(5_00), Some(100_00)), "SMALL");
    }

    #[test]
    fn a_missing_measure_does_not_make_an_item_small() {
        assert_eq!(size_of(None, None), "UNKNOWN");
        assert_eq!(size_of(None, Some(600_00)), "LARGE");
        assert_eq!(size_of(Some(21_00), None), "LARGE");
        assert_eq!(size_of(Some(1_00), None), "SMALL");
    }

    #[test]
    fn an_item_has_a_value() {
        let value_of = |cost: Option<i128>| VALUES[usize::from(value(cost.map(number)))];
        assert_eq!(value_of(Some(9_99)), "LOW_VALUE");
        assert_eq!(value_of(Some(10_00)), "MEDIUM_VALUE");
        assert_eq!(value_of(Some(100_00)), "HIGH_VALUE");
        assert_eq!(value_of(Some(1_000_00)), "PREMIUM_VALUE");
        assert_eq!(value_of(None), "UNKNOWN");
    }

    #[test]
    fn an_item_is_handled_by_its_nature_before_its_size() {
        let handling_of = |perishable, hazmat, size| HANDLINGS[usize::from(handling(perishable, hazmat, size))];
        assert_eq!(handling_of(true, true, OVERSIZED), "SPECIAL_HANDLING");
        assert_eq!(handling_of(true, false, OVERSIZED), "PERISHABLE");
        assert_eq!(handling_of(false, true, OVERSIZED), "HAZMAT");
        assert_eq!(handling_of(false, false, OVERSIZED), "OVERSIZED");
        assert_eq!(handling_of(false, false, 0), "STANDARD");
    }

    #[test]
    fn null_is_invalid() {
        assert!(is_invalid_code(None) && is_invalid_description(None) && is_invalid_cost(None));
        assert_eq!(active_flag(None), None);
    }

    #[test]
    fn codes_and_descriptions_have_a_least_length() {
        assert!(is_invalid_code(Some(" AB ")) && !is_invalid_code(Some("ABC")) && !is_invalid_code(Some("ÁÉÍ")));
        assert!(is_invalid_description(Some("Lamp")) && !is_invalid_description(Some("Lamps")));
    }

    #[test]
    fn a_cost_must_not_be_below_zero() {
        assert!(is_invalid_cost(Some(number(-1))) && !is_invalid_cost(Some(Number::ZERO)));
    }

    #[test]
    fn an_active_flag_is_yes_or_no() {
        assert_eq!(active_flag(Some(" y ")), Some(0));
        assert_eq!(active_flag(Some("N")), Some(1));
        assert_eq!(active_flag(Some("yes")), None);
    }
}
