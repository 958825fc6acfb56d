//! The forms in which a source may keep values. This table is the only list of them; pipeline files, plans,
//! certificates and messages have its words.
//!
//! | form | kept as | types, the usual one first | what does not fit |
//! |---|---|---|---|
//! | `epoch-s` | seconds since 1970-01-01T00:00:00 UTC, as a number or its digits | `timestamp`, `timestamp in UTC`, `date` | digits after the sixth; for `date` a time of day |
//! | `epoch-ms` | milliseconds, likewise | the same | digits after the third |
//! | `epoch-us` | microseconds, likewise | the same | a fraction |
//! | `julian-day` | Julian days, as SQLite's `julianday()` returns them | the same | what is not a whole millisecond |
//! | `iso` | text as in ISO 8601, with a zone or an offset exactly if the type is `timestamp in UTC` | `timestamp`, `timestamp in UTC`, `date` | the same text without a zone, or with one |
//! | `iso-utc` | text as in ISO 8601; without a zone it is in UTC, and an offset is taken off | `timestamp in UTC`, `timestamp` | |
//! | `text` | the digits of a number as text | `int64`, `decimal(p, s)`, `float64` | anything else; for `float64` more than 15 digits |
//! | `words` | `y`, `yes`, `t`, `true`, `on`, `1`, and `n`, `no`, `f`, `false`, `off`, `0`, in any case | `boolean` | any other word |
//!
//! The years are 0000 to 9999. A value that does not fit is a bad value; nothing is rounded.

use std::sync::Arc;

use arrow_schema::{DataType, TimeUnit};

use crate::choice;

choice!(
    /// A form in which a source keeps the values of a column.
    SourceForm {
        /// Seconds since 1970 in UTC.
        EpochSeconds = "epoch-s",
        /// Milliseconds since 1970 in UTC.
        EpochMillis = "epoch-ms",
        /// Microseconds since 1970 in UTC.
        EpochMicros = "epoch-us",
        /// Julian days.
        JulianDay = "julian-day",
        /// Text as in ISO 8601.
        Iso = "iso",
        /// Text as in ISO 8601, in UTC where it has no zone.
        IsoUtc = "iso-utc",
        /// The digits of a number as text.
        Text = "text",
        /// Words for true and false.
        Words = "words",
    }
);

impl SourceForm {
    /// The word for Oracle's pseudo-column, which is a form of no column.
    pub const ROW_SCN: &'static str = "ora-rowscn";

    /// The number of digits by which a second is finer than the form's unit, counted in microseconds; `None` if the form
    /// does not count from 1970.
    pub fn epoch_scale(self) -> Option<u8> {
        match self {
            Self::EpochSeconds => Some(6),
            Self::EpochMillis => Some(3),
            Self::EpochMicros => Some(0),
            _ => None,
        }
    }

    /// Returns whether values are moments that are kept as numbers.
    pub fn is_counted(self) -> bool {
        self.epoch_scale().is_some() || self == Self::JulianDay
    }

    /// Returns whether values of this form can be of a type.
    pub fn can_be(self, kind: &DataType) -> bool {
        let number = matches!(kind, DataType::Int64 | DataType::Decimal128(..) | DataType::Float64);
        let moment = matches!(kind, DataType::Timestamp(TimeUnit::Microsecond, _));
        match self {
            Self::Text => number,
            Self::Words => *kind == DataType::Boolean,
            Self::IsoUtc => moment,
            _ => moment || *kind == DataType::Date32,
        }
    }

    /// The type of values of this form if the pipeline declares none; `None` if it must.
    pub fn usual_type(self) -> Option<DataType> {
        match self {
            Self::Text => None,
            Self::Words => Some(DataType::Boolean),
            Self::IsoUtc => Some(DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))),
            _ => Some(DataType::Timestamp(TimeUnit::Microsecond, None)),
        }
    }

    /// The values that are none of this form and type, in words.
    pub fn misfits(self, kind: &DataType) -> &'static str {
        match (self, kind) {
            (Self::EpochSeconds | Self::EpochMillis | Self::EpochMicros | Self::JulianDay, DataType::Date32) => {
                "what is no number, moments with a time of day, years outside of 0000 to 9999"
            }
            (Self::JulianDay, _) => "what is no number, parts of a millisecond, years outside of 0000 to 9999",
            (Self::EpochSeconds | Self::EpochMillis | Self::EpochMicros, _) => {
                "what is no number, parts of a microsecond, years outside of 0000 to 9999"
            }
            (Self::Iso, DataType::Date32) => "what is no date such as 2026-01-31",
            (Self::Iso, DataType::Timestamp(_, None)) => {
                "what is no moment, or has an offset from UTC or parts of a microsecond"
            }
            (Self::Iso, _) => "what is no moment with an offset from UTC, or has parts of a microsecond",
            (Self::IsoUtc, _) => "what is no moment, or has parts of a microsecond",
            (Self::Text, DataType::Float64) => "what is no number, or has more than 15 digits",
            (Self::Text, _) => "what is no number, or has more digits than the type",
            (Self::Words, _) => "what is no word for true or false",
        }
    }

    /// The types that values of this form can have, in words.
    pub fn types(self) -> &'static str {
        match self {
            Self::Text => "int64, decimal(p, s) or float64",
            Self::Words => "boolean",
            Self::IsoUtc => "timestamp or timestamp in UTC",
            _ => "timestamp, timestamp in UTC or date",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_can_have_its_usual_type() {
        for (name, form) in SourceForm::VALUES {
            assert!(form.usual_type().is_none_or(|kind| form.can_be(&kind)), "{name}");
            assert!(!form.can_be(&DataType::Binary), "{name}");
        }
    }
}
