//! A column of any type, value by value: for positions and parameters, not for many rows.

use super::{Column, Decimals, Numbers, Texts, Times};
use crate::contract::types::Value;

/// A column whose type is not known beforehand.
#[derive(Clone, Debug)]
pub enum AnyColumn {
    /// Booleans.
    Booleans(Column<bool>),
    /// Whole numbers or decimals.
    Numbers(Numbers),
    /// Floats.
    Floats(Column<f64>),
    /// Texts.
    Texts(Texts),
    /// Bytes, row by row.
    Binaries(Vec<Option<Vec<u8>>>),
    /// Dates.
    Dates(Column<i32>),
    /// Timestamps.
    Times(Times),
}

impl AnyColumn {
    /// The value of a row; `None` where it is NULL.
    pub fn value(&self, row: usize) -> Option<Value> {
        match self {
            Self::Booleans(column) => column.get(row).map(Value::Boolean),
            Self::Numbers(Numbers::Whole(column)) => column.get(row).map(Value::Int64),
            Self::Numbers(Numbers::Decimal(column)) => decimal(column, row).map(Value::Decimal),
            Self::Floats(column) => column.get(row).map(Value::Float64),
            Self::Texts(column) => column.get(row).map(|text| Value::Text(text.to_owned())),
            Self::Binaries(rows) => rows[row].clone().map(Value::Binary),
            Self::Dates(column) => column.get(row).map(Value::Date),
            Self::Times(times) => times.column.get(row).map(Value::Timestamp),
        }
    }
}

/// A decimal as text, with all digits of its scale.
fn decimal(column: &Decimals, row: usize) -> Option<String> {
    let unscaled = column.unscaled(row)?;
    let scale = usize::from(column.kind().scale);
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let (sign, point) = (if unscaled < 0 { "-" } else { "" }, if scale == 0 { "" } else { "." });
    Some(format!("{sign}{whole}{point}{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::types::DecimalType;

    #[test]
    fn a_decimal_is_text_with_all_its_digits() {
        let text = |unscaled, scale| {
            let kind = DecimalType { precision: 38, scale };
            decimal(&Decimals::collect(kind, [Some(unscaled)].into_iter()).0, 0)
        };
        assert_eq!(text(12_345, 2).as_deref(), Some("123.45"));
        assert_eq!(text(-5, 2).as_deref(), Some("-0.05"));
        assert_eq!(text(7, 0).as_deref(), Some("7"));
        assert_eq!(text(0, 3).as_deref(), Some("0.000"));
    }
}
