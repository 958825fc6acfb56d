//! The values that are taken, where users of JSON differ.

/// The values that are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The component that is named as taking bad rows out.
    pub by: &'static str,
    /// True if an object or a list is the value of a text column: its JSON without blanks.
    pub nested_as_text: bool,
    /// True if of two members with one name the last counts; otherwise the row is bad.
    pub last_member_counts: bool,
    /// True if a moment without an offset is in UTC where the column has a zone.
    pub utc_without_zone: bool,
}

impl Reading {
    /// The reading of a web service: nothing is guessed.
    pub const STRICT: Self =
        Self { by: "http", nested_as_text: false, last_member_counts: false, utc_without_zone: false };
}
