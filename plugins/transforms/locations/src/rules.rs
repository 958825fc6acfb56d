//! The rules of a location: plain functions, each of one row's values. Percentages are in hundredths: 9550 is 95.50 %.

use wmshost_plugin::{Number, trim_to_none};

/// The purpose of a location.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Goods are picked here.
    Pick,
    /// Stock waits here to be moved to a pick location.
    Reserve,
    /// Stock in large units.
    Bulk,
    /// Goods wait here for the next step.
    Stage,
    /// Stock waits here close to the pick locations.
    Forward,
    /// Goods come and go here.
    Dock,
    /// Broken goods.
    Damaged,
    /// A text that is none of these.
    Other,
    /// NULL or blank.
    Missing,
}

/// The location types that are valid, in the order of their codes.
pub const KINDS: [&str; 7] = ["PICK", "RESERVE", "BULK", "STAGE", "FORWARD", "DOCK", "DAMAGED"];
/// The utilizations of a location, in the order of their codes.
pub const UTILIZATIONS: [&str; 6] = ["EMPTY", "LOW", "MEDIUM", "HIGH", "FULL", "UNLIMITED"];
/// The efficiencies of a location, in the order of their codes.
pub const EFFICIENCIES: [&str; 2] = ["SUBOPTIMAL", "OPTIMAL"];
/// The operational categories of a location, in the order of their codes.
pub const OPERATIONS: [&str; 6] =
    ["PRIME_PICK", "STANDARD_PICK", "FORWARD_RESERVE", "BULK_RESERVE", "STAGING", "OTHER"];
/// The accessibilities of a location, in the order of their codes.
pub const ACCESSES: [&str; 4] = ["HIGH_ACCESS", "MEDIUM_ACCESS", "EQUIPMENT_ACCESS", "LOW_ACCESS"];
/// Text columns, each with the replacement of a missing text.
pub const USUAL_TEXTS: [(&str, &str); 6] = [
    ("zone_id", "UNKNOWN"),
    ("aisle", "00"),
    ("bay", "00"),
    ("level_no", USUAL_LEVEL),
    ("temperature_zone", "AMBIENT"),
    ("security_level", "STANDARD"),
];
/// The level of a location without one: the ground.
pub const USUAL_LEVEL: &str = "01";
/// The place in the pick sequence of a location without one: the last.
pub const LAST_IN_SEQUENCE: i64 = 999_999;

/// The highest place in the pick sequence of a prime location.
const LAST_PRIME: Number = Number::whole(1_000);

impl Kind {
    /// Parses a type once, padded or not, in any case; all other rules use the result.
    pub fn of(kind: Option<&str>) -> Self {
        let Some(kind) = trim_to_none(kind) else { return Self::Missing };
        let known = [Self::Pick, Self::Reserve, Self::Bulk, Self::Stage, Self::Forward, Self::Dock, Self::Damaged];
        let at = KINDS.iter().position(|name| name.eq_ignore_ascii_case(kind));
        at.map_or(Self::Other, |at| known[at])
    }

    /// True if it is one of the seven.
    pub fn is_valid(self) -> bool {
        !matches!(self, Self::Other | Self::Missing)
    }

    /// The priority of the type: 1 is the highest.
    pub fn priority(self) -> i64 {
        match self {
            Self::Pick => 1,
            Self::Forward => 2,
            Self::Reserve => 3,
            Self::Bulk => 4,
            Self::Stage => 5,
            Self::Dock | Self::Damaged | Self::Other | Self::Missing => 6,
        }
    }
}

/// The utilization of a capacity, in hundredths of a percent, rounded half up; 0 without a capacity. `None` where it
/// has too many digits.
pub fn percent(used: Number, capacity: Number) -> Option<i128> {
    if capacity <= Number::ZERO {
        return Some(0);
    }
    let (used, capacity) = used.in_common_scale(capacity)?;
    let used = used.checked_mul(10_000)?;
    let (whole, rest) = (used / capacity, used % capacity);
    let rounds_away = rest.abs() >= capacity - rest.abs();
    Some(if rounds_away { whole + used.signum() } else { whole })
}

/// The place in [`UTILIZATIONS`] of a location with these percentages; `limited` unless both capacities are 0.
pub fn utilization(limited: bool, percent: i128) -> u8 {
    match percent {
        _ if !limited => 5,
        percent if percent > 95_00 => 4,
        percent if percent > 80_00 => 3,
        percent if percent > 60_00 => 2,
        percent if percent > 20_00 => 1,
        _ => 0,
    }
}

/// The place in [`EFFICIENCIES`].
pub fn efficiency(kind: Kind, percent: i128) -> u8 {
    u8::from(match kind {
        Kind::Pick => (40_00..=80_00).contains(&percent),
        Kind::Reserve => (60_00..=90_00).contains(&percent),
        Kind::Bulk => percent > 70_00,
        _ => false,
    })
}

/// The place in [`OPERATIONS`].
pub fn operation(kind: Kind, pick_sequence: Number) -> u8 {
    match kind {
        Kind::Pick if pick_sequence <= LAST_PRIME => 0,
        Kind::Pick => 1,
        Kind::Forward => 2,
        Kind::Reserve => 3,
        Kind::Stage => 4,
        _ => 5,
    }
}

/// The place in [`ACCESSES`].
pub fn access(kind: Kind, level: Option<&str>) -> u8 {
    match (kind, trim_to_none(level).unwrap_or(USUAL_LEVEL)) {
        (Kind::Pick, "01") => 0,
        (Kind::Pick | Kind::Forward, "01" | "02") => 1,
        (Kind::Bulk, _) => 2,
        _ => 3,
    }
}

/// True if a capacity or its use is invalid: less than zero.
pub fn is_invalid_capacity(number: Option<Number>) -> bool {
    number.is_some_and(|number| number < Number::ZERO)
}

/// The code of an active flag: 0 for Y, 1 for N, padded or not, in any case; `None` for anything else.
pub fn active_flag(flag: Option<&str>) -> Option<u8> {
    match trim_to_none(flag)? {
        "Y" | "y" => Some(0),
        "N" | "n" => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_padded_and_in_any_case() {
        assert_eq!(Kind::of(Some(" pick ")), Kind::Pick);
        assert_eq!(Kind::of(Some("DAMAGED")), Kind::Damaged);
        assert!(!Kind::of(Some("ROOF")).is_valid());
        assert!(!Kind::of(None).is_valid());
    }

    #[test]
    fn types_have_priorities() {
        let priorities =
            ["PICK", "FORWARD", "RESERVE", "BULK", "STAGE", "DOCK"].map(|kind| Kind::of(Some(kind)).priority());
        assert_eq!(priorities, [1, 2, 3, 4, 5, 6]);
        assert_eq!(Kind::of(None).priority(), 6);
    }

    /// The percentage of numbers of these scales.
    fn scaled(used: i128, used_scale: u8, capacity: i128, capacity_scale: u8) -> Option<i128> {
        percent(Number::new(used, used_scale), Number::new(capacity, capacity_scale))
    }

    #[test]
    fn a_percentage_is_rounded_half_up() {
        let whole = |used, capacity| scaled(used, 0, capacity, 0);
        assert_eq!(whole(1, 3), Some(33_33));
        assert_eq!(whole(2, 3), Some(66_67));
        assert_eq!(whole(1, 800), Some(13), "0.125 % is 0.13 %");
        assert_eq!(whole(-1, 800), Some(-13));
        assert_eq!(whole(7, 7), Some(100_00));
    }

    #[test]
    fn a_percentage_is_exact_in_any_scale() {
        assert_eq!(scaled(955, 3, 1, 0), Some(95_50));
        assert_eq!(scaled(1, 0, 1_047, 3), Some(95_51));
        assert_eq!(scaled(19_10, 2, 20_00, 2), Some(95_50));
    }

    #[test]
    fn without_a_capacity_nothing_is_used() {
        assert_eq!(scaled(5, 0, 0, 0), Some(0));
        assert_eq!(scaled(5, 0, -1, 0), Some(0));
    }

    #[test]
    fn a_percentage_that_has_too_many_digits_is_none() {
        assert_eq!(scaled(i128::MAX / 10, 0, 1, 20), None);
    }

    #[test]
    fn a_location_is_as_full_as_its_percentage() {
        let status = |percent| UTILIZATIONS[usize::from(utilization(true, percent))];
        assert_eq!(status(95_01), "FULL");
        assert_eq!(status(95_00), "HIGH");
        assert_eq!(status(80_00), "MEDIUM");
        assert_eq!(status(60_00), "LOW");
        assert_eq!(status(20_00), "EMPTY");
        assert_eq!(UTILIZATIONS[usize::from(utilization(false, 0))], "UNLIMITED");
    }

    #[test]
    fn efficiency_depends_on_the_type() {
        let optimal = |kind, percent| efficiency(kind, percent) == 1;
        assert!(optimal(Kind::Pick, 40_00) && optimal(Kind::Pick, 80_00) && !optimal(Kind::Pick, 80_01));
        assert!(optimal(Kind::Reserve, 60_00) && optimal(Kind::Reserve, 90_00) && !optimal(Kind::Reserve, 59_99));
        assert!(optimal(Kind::Bulk, 70_01) && !optimal(Kind::Bulk, 70_00));
        assert!(!optimal(Kind::Forward, 75_00) && !optimal(Kind::Missing, 75_00));
    }

    #[test]
    fn operations_see_prime_locations() {
        let category = |kind, sequence| OPERATIONS[usize::from(operation(kind, Number::whole(sequence)))];
        assert_eq!(category(Kind::Pick, 1_000), "PRIME_PICK");
        assert_eq!(category(Kind::Pick, 1_001), "STANDARD_PICK");
        assert_eq!(category(Kind::Forward, 1), "FORWARD_RESERVE");
        assert_eq!(category(Kind::Reserve, 1), "BULK_RESERVE");
        assert_eq!(category(Kind::Stage, 1), "STAGING");
        assert_eq!(category(Kind::Bulk, 1), "OTHER");
    }

    #[test]
    fn access_depends_on_level_and_type() {
        let rating = |kind, level| ACCESSES[usize::from(access(kind, level))];
        assert_eq!(rating(Kind::Pick, Some("01")), "HIGH_ACCESS");
        assert_eq!(rating(Kind::Pick, None), "HIGH_ACCESS", "without a level it is on the ground");
        assert_eq!(rating(Kind::Pick, Some("02")), "MEDIUM_ACCESS");
        assert_eq!(rating(Kind::Forward, Some("01")), "MEDIUM_ACCESS");
        assert_eq!(rating(Kind::Bulk, Some("01")), "EQUIPMENT_ACCESS");
        assert_eq!(rating(Kind::Pick, Some("03")), "LOW_ACCESS");
        assert_eq!(rating(Kind::Stage, Some("01")), "LOW_ACCESS");
    }

    #[test]
    fn a_capacity_must_not_be_below_zero() {
        assert!(is_invalid_capacity(Some(Number::new(-1, 2))) && !is_invalid_capacity(Some(Number::ZERO)));
        assert!(!is_invalid_capacity(None));
    }

    #[test]
    fn an_active_flag_is_yes_or_no() {
        assert_eq!(active_flag(Some(" n ")), Some(1));
        assert_eq!(active_flag(Some("X")), None);
        assert_eq!(active_flag(None), None);
    }
}
