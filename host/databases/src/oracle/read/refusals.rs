//! The source's side of a column for a plan or a certificate: its declared type, and the values in it that are bad
//! values.

use wmshost_flow::SourceColumn;

use super::rules::ColumnReading;
use crate::oracle::client::column_info::{ColumnInfo, Kind};
use crate::oracle::connect::settings::BareNumber;
use crate::oracle::types::{NO_SCALE, Reading, reading};

/// The side of a column.
pub(crate) fn source_column(column: &ColumnInfo, read: &ColumnReading, lob_bytes: usize) -> SourceColumn {
    SourceColumn {
        declared: column.declared.clone(),
        refused: refused(column, read, lob_bytes),
        open: is_open(column, read).then(|| "the declared type does not say how many digits it has".to_owned()),
    }
}

/// Returns whether a column is a number without digits of its own, and is read with those that such a number gets.
fn is_open(column: &ColumnInfo, read: &ColumnReading) -> bool {
    let is_usual = reading(column, BareNumber::Decimal) == Some(read.reading);
    is_bare(column) && column.kind == Kind::Number && is_usual && read.conversion.is_none()
}

/// Returns whether a number is declared without a precision and a scale.
fn is_bare(column: &ColumnInfo) -> bool {
    column.scale == NO_SCALE || (column.precision, column.scale) == (0, 0)
}

fn refused(column: &ColumnInfo, read: &ColumnReading, lob_bytes: usize) -> Option<String> {
    if let Some(conversion) = &read.conversion {
        return Some(match conversion.form {
            Some(form) => form.misfits(&conversion.kind).to_owned(),
            None => "moments with a time of day".to_owned(),
        });
    }
    let bare = is_bare(column);
    match (read.reading, column.kind) {
        (Reading::Int64, Kind::Number) if bare || column.precision > 18 || column.scale > 0 => {
            Some("fractions, and whole numbers beyond 64 bits".to_owned())
        }
        (Reading::Decimal(precision, scale), Kind::Number)
            if bare || (column.precision, i16::from(column.scale)) != (precision, i16::from(scale)) =>
        {
            Some(format!("more than {} digits before or {scale} after the point", precision - scale))
        }
        (_, Kind::Clob | Kind::Blob | Kind::Long | Kind::LongRaw) => {
            Some(format!("more than {} MiB (lob_mib)", lob_bytes >> 20))
        }
        (_, Kind::Date) => Some("years before 1".to_owned()),
        (_, Kind::Timestamp | Kind::TimestampTz | Kind::TimestampLtz) if column.scale > 6 => {
            Some("years before 1, digits of a second after the sixth".to_owned())
        }
        (_, Kind::Timestamp | Kind::TimestampTz | Kind::TimestampLtz) => Some("years before 1".to_owned()),
        _ => None,
    }
}
