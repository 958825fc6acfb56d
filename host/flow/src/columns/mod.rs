//! The columns of a stream as a pipeline declares them: a stream reads its table through these rules, and everything
//! after the source sees the result only. A driver implements them where it reads.
//!
//! | module | what it is for |
//! |---|---|
//! | `certificate` | the type certificate of a stream |
//! | `form` | the forms in which a source may keep values, and the types that each of them can have |
//! | `kind` | the words for types |
//! | `mask` | masks over values |
//! | `moved` | the columns of an open stream, and their digest |
//! | `sample` | proposals for the type of a column, from a sample of its values |
//! | `target_refusal` | the values that a target cannot hold |

mod certificate;
mod form;
mod kind;
mod mask;
mod moved;
mod sample;
mod target_refusal;

use std::collections::BTreeMap;
use std::fmt;

use arrow_schema::DataType;

pub use certificate::{ColumnCertificate, certify};
pub use form::SourceForm;
pub use kind::type_of_name;
pub use mask::Mask;
pub use moved::MovedColumns;

use crate::stages::transform::type_name;

/// The rules for the columns of a stream, by the column's name in the source, or by the name of a computed column.
pub type ColumnRules = BTreeMap<String, ColumnRule>;

/// The rule for one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnRule {
    /// The column is left out.
    Skip,
    /// The column is read with a type, from a form of values, or under another name.
    Read(ColumnReading),
    /// The column is new: the greatest value of these columns that is not NULL.
    Greatest(Vec<String>),
    /// The column is new: Oracle's system change number of the row's last change.
    RowScn,
}

/// The way in which a column is read; what it leaves open is as the source declares it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ColumnReading {
    /// The type of the values.
    pub kind: Option<DataType>,
    /// The form in which the source keeps them.
    pub form: Option<SourceForm>,
    /// The column's name in the stream.
    pub rename: Option<String>,
    /// The mask over its values; `None` if they are read as they are.
    pub mask: Option<Mask>,
}

impl ColumnReading {
    /// Returns the type that the rule declares: its own, or the usual one of its form.
    pub fn declared(&self) -> Option<DataType> {
        self.kind.clone().or_else(|| self.form.and_then(SourceForm::usual_type))
    }
}

impl ColumnRule {
    /// Returns the mask of the column, if it has one.
    pub fn mask(&self) -> Option<Mask> {
        match self {
            Self::Read(reading) => reading.mask,
            _ => None,
        }
    }

    /// Returns whether values of the column are kept from the stream.
    pub fn withholds(&self) -> bool {
        *self == Self::Skip || self.mask().is_some()
    }

    /// Returns whether the rule defines a column that the table does not have.
    pub fn is_computed(&self) -> bool {
        matches!(self, Self::Greatest(_) | Self::RowScn)
    }

    /// Returns the name of a column in the stream; `None` if it is left out.
    pub fn stream_name<'a>(&'a self, column: &'a str) -> Option<&'a str> {
        match self {
            Self::Skip => None,
            Self::Read(ColumnReading { rename: Some(name), .. }) => Some(name),
            _ => Some(column),
        }
    }
}

/// Writes the rule as reports and the definition of a checkpoint have it: `decimal(20, 12) from text as price`.
impl fmt::Display for ColumnRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skip => f.write_str("skip"),
            Self::RowScn => write!(f, "from {}", SourceForm::ROW_SCN),
            Self::Greatest(columns) => write!(f, "the greatest of {}", columns.join(", ")),
            Self::Read(reading) => {
                let kind = reading.kind.as_ref().map(type_name);
                let form = reading.form.map(|form| format!("from {}", form.name()));
                let name = reading.rename.as_ref().map(|name| format!("as {name}"));
                let mask = reading.mask.map(|mask| format!("masked by {}", mask.name()));
                f.write_str(&[kind, form, name, mask].into_iter().flatten().collect::<Vec<_>>().join(" "))
            }
        }
    }
}

/// Returns the rules of some columns in one line: `note skip; created from epoch-ms`; `none` if there are none.
pub(crate) fn rules_text<'a>(rules: impl IntoIterator<Item = (&'a String, &'a ColumnRule)>) -> String {
    let rules: Vec<_> = rules.into_iter().map(|(column, rule)| format!("{column} {rule}")).collect();
    if rules.is_empty() { "none".to_owned() } else { rules.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_reads_as_it_was_declared() {
        let reading = ColumnReading {
            kind: Some(DataType::Decimal128(20, 12)),
            form: Some(SourceForm::Text),
            rename: Some("price".to_owned()),
            mask: Some(Mask::Null),
        };
        let rules = [("note", ColumnRule::Skip), ("p", ColumnRule::Read(reading)), ("scn", ColumnRule::RowScn)];
        let rules: ColumnRules = rules.map(|(name, rule)| (name.to_owned(), rule)).into();
        assert_eq!(
            rules_text(&rules),
            "note skip; p decimal(20, 12) from text as price masked by null; scn from ora-rowscn"
        );
        assert_eq!(rules_text(&ColumnRules::new()), "none");
        let names: Vec<_> = rules.iter().map(|(name, rule)| rule.stream_name(name)).collect();
        assert_eq!(names, [None, Some("price"), Some("scn")]);
    }
}
