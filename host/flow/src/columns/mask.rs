//! Masks: a column is in the stream without its values, or with what is left of them. The driver applies a mask where it
//! reads, so that nothing after it, not even a condition of the same statement, sees the value itself.

use arrow_schema::DataType;

use crate::choice;
use crate::stages::transform::type_name;

choice! {
    /// A mask: the part of a value that a stream gets. NULL remains NULL.
    Mask {
        /// NULL of the column's type.
        Null = "null",
        /// A keyed hash as text, equal for equal values.
        Hash = "hash",
        /// Four asterisks and the last four letters; the asterisks alone for up to four letters.
        LastFour = "last-four",
        /// The first day of the month, at midnight.
        Month = "month",
    }
}

impl Mask {
    /// Returns the type of the masked values of a column of this type; the error is the reason why it cannot be masked so.
    pub fn masked_type(self, kind: &DataType) -> Result<DataType, String> {
        let is_text = matches!(kind, DataType::Utf8 | DataType::Int64);
        let is_moment = matches!(kind, DataType::Timestamp(..) | DataType::Date32);
        match self {
            Self::Null => Ok(kind.clone()),
            Self::Month if is_moment => Ok(kind.clone()),
            Self::Hash | Self::LastFour if is_text => Ok(DataType::Utf8),
            Self::Month => Err(format!("is {} and has no month; use another mask", type_name(kind))),
            Self::Hash | Self::LastFour => {
                Err(format!("is {} and not text or whole numbers; use the mask \"null\"", type_name(kind)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_decides_the_type() {
        assert_eq!(Mask::Null.masked_type(&DataType::Float64), Ok(DataType::Float64));
        assert_eq!(Mask::Hash.masked_type(&DataType::Int64), Ok(DataType::Utf8));
        assert_eq!(Mask::Month.masked_type(&DataType::Date32), Ok(DataType::Date32));
        assert!(Mask::Month.masked_type(&DataType::Utf8).is_err());
        assert!(Mask::LastFour.masked_type(&DataType::Float64).is_err());
    }
}
