//! The columns that a transform requires, and those that it adds. All mistakes are reported at once.

use crate::contract::types::{Column, ColumnType, DecimalType, Schema, Zone};
use crate::failure::{Result, all_mistakes};
use wmshost_contract_rules as rules;

/// The columns that a transform gets, while they are checked.
#[derive(Debug)]
pub struct Input<'s> {
    schema: &'s Schema,
    mistakes: Vec<String>,
}

impl<'s> Input<'s> {
    /// Begins to check.
    pub fn of(schema: &'s Schema) -> Self {
        Self { schema, mistakes: Vec::new() }
    }

    /// Expects columns of any type.
    pub fn any(&mut self, names: &[&str]) -> &mut Self {
        self.expect(names, "any type", |_| true)
    }

    /// Expects text columns.
    pub fn text(&mut self, names: &[&str]) -> &mut Self {
        self.expect(names, "utf8", |kind| matches!(kind, ColumnType::Utf8))
    }

    /// Expects columns of exact numbers.
    pub fn number(&mut self, names: &[&str]) -> &mut Self {
        self.expect(names, "int64 or decimal", |kind| matches!(kind, ColumnType::Int64 | ColumnType::Decimal(_)))
    }

    /// Expects timestamp columns.
    pub fn timestamp(&mut self, names: &[&str]) -> &mut Self {
        self.expect(names, "timestamp", |kind| matches!(kind, ColumnType::Timestamp(_)))
    }

    /// Records a mistake of another kind.
    pub fn mistake(&mut self, mistake: impl Into<String>) -> &mut Self {
        self.mistakes.push(mistake.into());
        self
    }

    /// The type of a column, if it exists.
    pub fn kind(&self, name: &str) -> Option<ColumnType> {
        self.schema.iter().find(|column| column.name == name).map(|column| column.kind)
    }

    /// The columns with the derived ones after them: name, type, and whether NULL may occur. A column of such a name
    /// must not exist yet, because it would be overwritten.
    pub fn with(mut self, derived: &[(&str, ColumnType, bool)]) -> Result<Schema> {
        for (name, ..) in derived {
            if self.kind(name).is_some() {
                self.mistakes.push(format!("column {name} is there already and would be overwritten"));
            }
        }
        all_mistakes(&self.mistakes)?;
        let derived = derived.iter().map(|(name, kind, nullable)| Column {
            name: (*name).to_owned(),
            kind: *kind,
            nullable: *nullable,
        });
        Ok(self.schema.iter().cloned().chain(derived).collect())
    }

    /// The columns with written ones among them: one of an existing name replaces that column where it is, the others are
    /// added at the end.
    pub fn replaced(self, written: &[(&str, ColumnType, bool)]) -> Result<Schema> {
        all_mistakes(&self.mistakes)?;
        let mut columns: Schema = self.schema.clone();
        for (name, kind, nullable) in written {
            let column = Column { name: (*name).to_owned(), kind: *kind, nullable: *nullable };
            match columns.iter_mut().find(|known| known.name == *name) {
                Some(known) => *known = column,
                None => columns.push(column),
            }
        }
        Ok(columns)
    }

    /// Expects columns of the types that fit; `wanted` names them.
    pub(crate) fn expect(&mut self, names: &[&str], wanted: &str, fits: impl Fn(ColumnType) -> bool) -> &mut Self {
        for name in names {
            match self.kind(name) {
                None => self.mistakes.push(format!("column {name} ({wanted}) is missing")),
                Some(kind) if !fits(kind) => {
                    self.mistakes.push(format!("column {name} is {}, must be {wanted}", type_name(kind)));
                }
                Some(_) => {}
            }
        }
        self
    }
}

/// A type in readable form: `decimal(10, 2)`.
pub fn type_name(kind: ColumnType) -> String {
    as_rule(kind).to_string()
}

/// The type as the contract's rules know it.
pub(crate) fn as_rule(kind: ColumnType) -> rules::ColumnType {
    match kind {
        ColumnType::Boolean => rules::ColumnType::Boolean,
        ColumnType::Int64 => rules::ColumnType::Int64,
        ColumnType::Float64 => rules::ColumnType::Float64,
        ColumnType::Decimal(DecimalType { precision, scale }) => rules::ColumnType::Decimal { precision, scale },
        ColumnType::Utf8 => rules::ColumnType::Utf8,
        ColumnType::Binary => rules::ColumnType::Binary,
        ColumnType::Date => rules::ColumnType::Date,
        ColumnType::Timestamp(zone) => rules::ColumnType::Timestamp { utc: zone == Zone::Utc },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: ColumnType) -> Column {
        Column { name: name.to_owned(), kind, nullable: true }
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        let schema = vec![column("status", ColumnType::Int64), column("clean", ColumnType::Utf8)];
        let mut input = Input::of(&schema);
        input.text(&["status"]).number(&["quantity"]).any(&["id"]);
        let message = input.with(&[("clean", ColumnType::Utf8, true)]).expect_err("four mistakes").to_string();
        for part in ["status is int64, must be utf8", "quantity (int64 or decimal)", "id (any type)", "clean is there"]
        {
            assert!(message.contains(part), "{part:?} is not in {message}");
        }
    }

    #[test]
    fn derived_columns_stand_at_the_end() {
        let schema = vec![column("status", ColumnType::Utf8)];
        let mut input = Input::of(&schema);
        input.text(&["status"]);
        let output = input.with(&[("flag", ColumnType::Boolean, false)]).expect("no mistake");
        assert_eq!(output.len(), 2);
        assert_eq!((output[1].name.as_str(), output[1].nullable), ("flag", false));
    }
}
