//! The rules of an order header: plain functions, each of one value.

use wmshost_plugin::{Number, trim_to_none};

/// The status of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// Just entered.
    New,
    /// Accepted.
    Confirmed,
    /// Being worked on.
    InProgress,
    /// Done.
    Completed,
    /// Called off.
    Cancelled,
    /// A text that is none of these.
    Other,
    /// NULL or blank.
    Missing,
}

/// The statuses that are valid, in the order of their codes.
pub const STATUSES: [&str; 5] = ["NEW", "CONFIRMED", "IN_PROGRESS", "COMPLETED", "CANCELLED"];
/// The status groups, in the order of their codes.
pub const GROUPS: [&str; 5] = ["Open", "Processing", "Completed", "Cancelled", "Unknown"];
/// The priorities that have a rank of their own, the highest first.
pub const PRIORITIES: [&str; 3] = ["URGENT", "HIGH", "NORMAL"];
/// The sizes of an order, in the order of their codes.
pub const SIZES: [&str; 5] = ["Small", "Medium", "Large", "Enterprise", "UNKNOWN"];
/// The type of an order without one.
pub const USUAL_TYPE: &str = "STANDARD";
/// The priority of an order without one.
pub const USUAL_PRIORITY: &str = "NORMAL";
/// The time from its entry until an order without a requested date is due: 7 days, in microseconds.
pub const USUAL_LEAD_TIME: i64 = 7 * 86_400 * 1_000_000;

impl Status {
    /// Parses a status once, padded or not, in any case; all other rules use the result.
    #[inline]
    pub fn of(status: Option<&str>) -> Self {
        let Some(status) = trim_to_none(status) else { return Self::Missing };
        let known = [Self::New, Self::Confirmed, Self::InProgress, Self::Completed, Self::Cancelled];
        let at = STATUSES.iter().position(|name| name.eq_ignore_ascii_case(status));
        at.map_or(Self::Other, |at| known[at])
    }

    /// True if it is one of the five.
    pub fn is_valid(self) -> bool {
        !matches!(self, Self::Other | Self::Missing)
    }

    /// Its place in [`GROUPS`].
    pub fn group(self) -> u8 {
        match self {
            Self::New | Self::Confirmed => 0,
            Self::InProgress => 1,
            Self::Completed => 2,
            Self::Cancelled => 3,
            Self::Other | Self::Missing => 4,
        }
    }
}

/// The rank of a priority: 1 to 3 for the known ones, 4 for any other. A missing one counts as normal.
#[inline]
pub fn priority_rank(priority: Option<&str>) -> i64 {
    let priority = trim_to_none(priority).unwrap_or(USUAL_PRIORITY);
    let at = PRIORITIES.iter().position(|name| name.eq_ignore_ascii_case(priority));
    at.map_or(4, |at| at as i64 + 1)
}

/// The date when an order is due, in microseconds: as requested, or some days after its entry; `None` where neither is
/// known.
#[inline]
pub fn requested_ship_date(requested: Option<i64>, ordered: Option<i64>) -> Option<i64> {
    requested.or_else(|| ordered.map(|ordered| ordered.saturating_add(USUAL_LEAD_TIME)))
}

/// True if an amount is invalid: NULL or less than zero.
#[inline]
pub fn is_invalid_amount(amount: Option<Number>) -> bool {
    amount.is_none_or(|amount| amount < Number::ZERO)
}

/// The place of an amount in [`SIZES`].
#[inline]
pub fn size(amount: Option<Number>) -> u8 {
    match amount {
        None => 4,
        Some(amount) if amount < Number::whole(100) => 0,
        Some(amount) if amount < Number::whole(1_000) => 1,
        Some(amount) if amount < Number::whole(10_000) => 2,
        Some(_) => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_known_padded_and_in_any_case() {
        assert_eq!(Status::of(Some(" new")), Status::New);
        assert_eq!(Status::of(Some("IN_PROGRESS")), Status::InProgress);
        assert_eq!(Status::of(Some("in progress")), Status::Other);
    }

    #[test]
    fn a_missing_or_unknown_status_is_invalid() {
        assert!(!Status::of(None).is_valid());
        assert!(!Status::of(Some(" ")).is_valid());
        assert!(!Status::of(Some("LOST")).is_valid());
    }

    #[test]
    fn a_status_has_its_group() {
        let group = |status| GROUPS[usize::from(Status::of(status).group())];
        assert_eq!(group(Some("NEW")), "Open");
        assert_eq!(group(Some("CONFIRMED")), "Open");
        assert_eq!(group(Some("IN_PROGRESS")), "Processing");
        assert_eq!(group(Some("COMPLETED")), "Completed");
        assert_eq!(group(Some("CANCELLED")), "Cancelled");
        assert_eq!(group(Some("LOST")), "Unknown");
        assert_eq!(group(None), "Unknown");
    }

    #[test]
    fn priorities_have_ranks() {
        assert_eq!(priority_rank(Some("URGENT")), 1);
        assert_eq!(priority_rank(Some(" high ")), 2);
        assert_eq!(priority_rank(Some("NORMAL")), 3);
        assert_eq!(priority_rank(Some("SOMETIME")), 4);
    }

    #[test]
    fn a_missing_priority_is_a_normal_one() {
        assert_eq!(priority_rank(None), 3);
        assert_eq!(priority_rank(Some("")), 3);
    }

    #[test]
    fn an_order_is_due_a_week_after_its_entry() {
        assert_eq!(requested_ship_date(Some(5), Some(1)), Some(5));
        assert_eq!(requested_ship_date(None, Some(1)), Some(604_800_000_001));
        assert_eq!(requested_ship_date(None, None), None);
    }

    #[test]
    fn an_amount_must_not_be_below_zero() {
        assert!(is_invalid_amount(None));
        assert!(is_invalid_amount(Some(Number::new(-1, 2))));
        assert!(!is_invalid_amount(Some(Number::ZERO)));
    }

    #[test]
    fn an_order_has_a_size() {
        let size_of = |cents| SIZES[usize::from(size(Some(Number::new(cents, 2))))];
        assert_eq!(size_of(9_999), "Small");
        assert_eq!(size_of(10_000), "Medium");
        assert_eq!(size_of(100_000), "Large");
        assert_eq!(size_of(1_000_000), "Enterprise");
    }

    #[test]
    fn an_order_without_an_amount_is_of_unknown_size() {
        assert_eq!(SIZES[usize::from(size(None))], "UNKNOWN");
    }
}
