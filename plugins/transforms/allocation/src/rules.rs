//! The rules of an allocation: plain functions, each of one value.

use wmshost_plugin::{Number, trim_to_none};

/// The status of an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// Stock is promised to an order.
    Allocated,
    /// Stock is set aside.
    Reserved,
    /// The goods are in hand.
    Picked,
    /// The goods are gone.
    Shipped,
    /// A text that is none of these.
    Other,
    /// NULL or blank.
    Missing,
}

/// The statuses that are valid, in the order of their codes.
pub const STATUSES: [&str; 4] = ["ALLOCATED", "RESERVED", "PICKED", "SHIPPED"];
/// The status groups, in the order of their codes.
pub const GROUPS: [&str; 3] = ["Active", "Fulfilled", "Unknown"];
/// The user of an allocation that names none.
pub const NOBODY: &str = "SYSTEM";
/// The priority of an allocation without one.
pub const USUAL_PRIORITY: i64 = 1;

impl Status {
    /// Parses a status once, padded or not, in any case; all other rules use the result.
    #[inline]
    pub fn of(status: Option<&str>) -> Self {
        let Some(status) = trim_to_none(status) else { return Self::Missing };
        let known = [Self::Allocated, Self::Reserved, Self::Picked, Self::Shipped];
        let at = STATUSES.iter().position(|name| name.eq_ignore_ascii_case(status));
        at.map_or(Self::Other, |at| known[at])
    }

    /// True if it is one of the four.
    pub fn is_valid(self) -> bool {
        !matches!(self, Self::Other | Self::Missing)
    }

    /// Its place in [`GROUPS`].
    pub fn group(self) -> u8 {
        match self {
            Self::Allocated | Self::Reserved => 0,
            Self::Picked | Self::Shipped => 1,
            Self::Other | Self::Missing => 2,
        }
    }
}

/// True if a quantity is invalid: NULL, zero or less.
#[inline]
pub fn is_invalid_quantity(quantity: Option<Number>) -> bool {
    quantity.is_none_or(|quantity| quantity <= Number::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_known_padded_and_in_any_case() {
        assert_eq!(Status::of(Some("ALLOCATED")), Status::Allocated);
        assert_eq!(Status::of(Some(" reserved ")), Status::Reserved);
        assert_eq!(Status::of(Some("Picked\t")), Status::Picked);
        assert_eq!(Status::of(Some("shipped")), Status::Shipped);
    }

    #[test]
    fn an_unknown_status_is_invalid() {
        assert_eq!(Status::of(Some("LOST")), Status::Other);
        assert!(!Status::Other.is_valid());
    }

    #[test]
    fn a_missing_status_is_invalid() {
        assert_eq!(Status::of(None), Status::Missing);
        assert_eq!(Status::of(Some("  ")), Status::Missing);
        assert!(!Status::Missing.is_valid());
    }

    #[test]
    fn a_status_has_its_group() {
        let group = |status| GROUPS[usize::from(Status::of(status).group())];
        assert_eq!(group(Some("ALLOCATED")), "Active");
        assert_eq!(group(Some("RESERVED")), "Active");
        assert_eq!(group(Some("PICKED")), "Fulfilled");
        assert_eq!(group(Some("SHIPPED")), "Fulfilled");
        assert_eq!(group(Some("LOST")), "Unknown");
        assert_eq!(group(None), "Unknown");
    }

    #[test]
    fn a_quantity_must_be_above_zero() {
        assert!(is_invalid_quantity(None));
        assert!(is_invalid_quantity(Some(Number::new(0, 3))));
        assert!(is_invalid_quantity(Some(Number::new(-1, 3))));
        assert!(!is_invalid_quantity(Some(Number::new(1, 3))));
    }
}
