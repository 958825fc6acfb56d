//! The reason why a cell does not fit its column, and the row that it is in. Used only where a row is taken out.

use std::fmt::Write as _;

use arrow_schema::DataType;
use wmshost_flow::{Cause, Rejected, Stage, cell_as_json, type_name};

use super::column::ColumnBuilder;
use crate::digits;
use crate::digits::quote;
use crate::forms::{self, Conversion, moment_reason};
use crate::sqlite::statement::Cell;

/// The rule that a row with a bad cell breaks.
const BAD_VALUE: &str = "bad-value";
/// The component that is named as taking such rows out.
const DRIVER: &str = "sqlite";
/// The most bad cells of a row that are reported.
const MOST_TOLD: usize = 3;

/// A cell of a row that is taken out, and its column.
pub(crate) struct RejectedCell<'a> {
    pub(crate) name: &'a str,
    /// The declared type; `None` for an expression.
    pub(crate) declared: Option<&'a str>,
    pub(crate) conversion: &'a Conversion,
    pub(crate) cell: Cell<'a>,
    /// The number of its bytes, if it is too large to be read.
    pub(crate) too_large: Option<u64>,
}

/// The row as one that was taken out, as it is stored: values that fit in their usual form, the others as they are.
#[cold]
pub(crate) fn rejection(cells: &[RejectedCell<'_>], place: usize, most_bytes: u64, whole: Option<String>) -> Rejected {
    let (mut reasons, mut values, mut json) = (Vec::new(), Vec::new(), String::from("{"));
    for cell in cells {
        let comma = if json.len() > 1 { "," } else { "" };
        let value = match cell.fitting() {
            Some(value) => value,
            // If a row is too large as a whole, no single cell is to blame.
            None if whole.is_some() && cell.too_large.is_some() => cell.as_stored(),
            None => {
                reasons.push(cell.reason(most_bytes));
                values.extend(cell.quoted());
                cell.as_stored()
            }
        };
        let _ = write!(json, "{comma}{}:{value}", json_text(cell.name));
    }
    json.push('}');
    reasons.extend(whole);
    let more = reasons.len().saturating_sub(MOST_TOLD);
    reasons.truncate(MOST_TOLD);
    values.truncate(MOST_TOLD);
    if more > 0 {
        reasons.push(format!("and {more} more"));
    }
    Rejected {
        cause: Cause::BadValue,
        rule: BAD_VALUE.to_owned(),
        reason: reasons.join("; "),
        value: (!values.is_empty()).then(|| values.join(", ")),
        stage: Stage::Extract,
        by: DRIVER.to_owned(),
        digest: None,
        row: json,
        place: Some(place),
    }
}

impl RejectedCell<'_> {
    /// The value in its usual form, if it fits its column.
    fn fitting(&self) -> Option<String> {
        if self.too_large.is_some() {
            return None;
        }
        let mut column = ColumnBuilder::new(self.conversion.clone());
        column.begin(1);
        column.push(self.cell).ok()?;
        Some(cell_as_json(column.finish().ok()?.as_ref(), 0))
    }

    /// The reason without the value.
    fn reason(&self, most_bytes: u64) -> String {
        let declared = match self.declared {
            None => format!("{}, computed and read as {},", self.name, type_name(&self.conversion.kind)),
            Some("") => format!("{}, declared without a type,", self.name),
            Some(declared) => format!("{}, declared {declared},", self.name),
        };
        let why = match self.too_large {
            Some(bytes) => {
                format!("has {bytes} bytes, at most {most_bytes} are read (lob_mib of the connection allows more)")
            }
            None => self.why(),
        };
        format!("the column {declared} holds a value that {why}")
    }

    fn why(&self) -> String {
        let class = match self.cell {
            Cell::Null => "NULL",
            Cell::Integer(_) => "INTEGER",
            Cell::Real(_) => "REAL",
            Cell::Text(_) => "TEXT",
            Cell::Blob(_) => "BLOB",
        };
        if let (Some(form), Some(stored)) = (self.conversion.form, self.cell.stored()) {
            return forms::reason(form, &self.conversion.kind, stored);
        }
        match (&self.conversion.kind, self.cell) {
            (_, Cell::Text(text)) if std::str::from_utf8(text).is_err() => "is not UTF-8 text".to_owned(),
            (DataType::Utf8, _) => format!("is not text but {class}"),
            (DataType::Int64, Cell::Real(value)) if value.fract() == 0.0 => {
                "is a whole number beyond 64 bits, or stored as a binary fraction".to_owned()
            }
            (DataType::Int64, Cell::Real(_)) => "is not a whole number".to_owned(),
            (DataType::Int64, Cell::Text(text)) => not_a_number(text, 18, 0, "is text, not a whole number"),
            (DataType::Decimal128(precision, scale), cell) => decimal(cell, *precision, scale.unsigned_abs(), class),
            (DataType::Float64, Cell::Text(_)) => "is text, not a number".to_owned(),
            (DataType::Binary, _) => format!("is stored as {class}, not as BLOB"),
            (DataType::Float64, Cell::Integer(_)) => {
                "is a whole number that no binary fraction keeps exactly".to_owned()
            }
            (DataType::Boolean, _) => "is neither 0 nor 1".to_owned(),
            (DataType::Date32, Cell::Text(_)) => "is not a date".to_owned(),
            (DataType::Timestamp(_, zone), Cell::Text(text)) => moment_reason(text, zone.is_some()).to_owned(),
            (DataType::Date32 | DataType::Timestamp(..), _) => {
                format!("is stored as {class}, where dates and moments are text")
            }
            (kind, _) => format!("is stored as {class}, which does not fit {kind}"),
        }
    }

    /// The value as a reason in quarantine quotes it.
    fn quoted(&self) -> Option<String> {
        Some(match self.cell {
            _ if self.too_large.is_some() => return None,
            Cell::Integer(value) => value.to_string(),
            Cell::Real(value) => format!("{value:?}"),
            Cell::Text(text) => quote(&String::from_utf8_lossy(text)),
            Cell::Null | Cell::Blob(_) => return None,
        })
    }

    /// The cell as it is stored. A value that JSON does not have is an object with its stored form.
    fn as_stored(&self) -> String {
        match (self.too_large, self.cell) {
            (Some(bytes), _) => format!("{{\"too_large\":\"{bytes} bytes\"}}"),
            (None, Cell::Null) => "null".to_owned(),
            (None, Cell::Integer(value)) => value.to_string(),
            (None, Cell::Real(value)) if value.is_finite() => format!("{value:?}"),
            (None, Cell::Real(value)) => json_text(&value.to_string()),
            (None, Cell::Text(text)) => match std::str::from_utf8(text) {
                Ok(text) => json_text(text),
                Err(_) => format!("{{\"stored\":\"text\",\"bytes\":\"{}\"}}", hex(text)),
            },
            (None, Cell::Blob(bytes)) => format!("{{\"stored\":\"blob\",\"bytes\":\"{}\"}}", hex(bytes)),
        }
    }
}

fn not_a_number(text: &[u8], precision: u8, scale: u8, otherwise: &str) -> String {
    let text = String::from_utf8_lossy(text);
    digits::bad_cell(&text, precision, scale).unwrap_or_else(|| otherwise.to_owned())
}

fn decimal(cell: Cell<'_>, precision: u8, scale: u8, class: &str) -> String {
    match cell {
        Cell::Integer(value) => not_a_number(value.to_string().as_bytes(), precision, scale, "does not fit"),
        Cell::Real(value) if !value.is_finite() => "is infinite".to_owned(),
        Cell::Real(value) => not_a_number(
            format!("{value}").as_bytes(),
            precision,
            scale,
            "is a binary fraction of more than 15 digits, which is not an exact decimal",
        ),
        Cell::Text(text) => not_a_number(text, precision, scale, "is text, not a number"),
        Cell::Blob(_) | Cell::Null => format!("is stored as {class}, which is not a number"),
    }
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
