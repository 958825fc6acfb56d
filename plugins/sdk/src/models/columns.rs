//! The columns of a model: a function for each type, with the name and one sentence.

use crate::contract::modelling::ModelColumn;
use crate::contract::types::{ColumnType, DecimalType, Zone};

/// True or false. Both SQLite and Oracle store 1 and 0.
pub fn boolean(name: &str, summary: &str) -> ModelColumn {
    of(name, ColumnType::Boolean, summary)
}

/// A whole number.
pub fn int64(name: &str, summary: &str) -> ModelColumn {
    of(name, ColumnType::Int64, summary)
}

/// A binary floating point number: a mean, a share.
pub fn float64(name: &str, summary: &str) -> ModelColumn {
    of(name, ColumnType::Float64, summary)
}

/// An exact decimal with `precision` digits in all, `scale` of them after the point.
pub fn decimal(name: &str, precision: u8, scale: u8, summary: &str) -> ModelColumn {
    of(name, ColumnType::Decimal(DecimalType { precision, scale }), summary)
}

/// Text.
pub fn text(name: &str, summary: &str) -> ModelColumn {
    of(name, ColumnType::Utf8, summary)
}

/// A date without a time.
pub fn date(name: &str, summary: &str) -> ModelColumn {
    of(name, ColumnType::Date, summary)
}

/// A date and a time of day without a zone.
pub fn timestamp(name: &str, summary: &str) -> ModelColumn {
    of(name, ColumnType::Timestamp(Zone::None), summary)
}

/// An instant, in UTC.
pub fn instant(name: &str, summary: &str) -> ModelColumn {
    of(name, ColumnType::Timestamp(Zone::Utc), summary)
}

fn of(name: &str, kind: ColumnType, summary: &str) -> ModelColumn {
    ModelColumn { name: name.to_owned(), kind, summary: summary.to_owned() }
}
