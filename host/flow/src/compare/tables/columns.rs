//! The columns that both tables have. Names are compared without regard to case; of types, only what their values mean.

use arrow_schema::Field;
use wmshost_sql::{Dialect, by_name};

use super::forms::Form;
use super::rules::TableRules;
use crate::failure::Failure;
use crate::metadata::SYSTEM_COLUMNS;
use crate::ports::source::TableDescription;
use crate::rows::hash::Hashing;

/// A column whose declared types differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnTypes {
    /// The column.
    pub column: String,
    /// Its declared type on each side.
    pub declared: [String; 2],
}

/// The columns that are compared.
#[derive(Debug)]
pub(super) struct Shared {
    /// Their names on the first side.
    pub(super) names: Vec<String>,
    /// Their names on each side.
    pub(super) spelled: [Vec<String>; 2],
    /// The form in which the values of each are compared.
    pub(super) forms: Vec<Form>,
    pub(super) hashing: Hashing,
    /// The columns that identify a row, by their names on the first side.
    pub(super) key: Vec<String>,
    pub(super) only_in: [Vec<String>; 2],
    pub(super) types: Vec<ColumnTypes>,
}

impl Shared {
    /// Fails if both have no column in common.
    pub(super) fn of(
        [ours, theirs]: [&TableDescription; 2],
        dialects: [Dialect; 2],
        rules: &TableRules,
    ) -> Result<Self, Failure> {
        let hashing = Hashing { as_oracle: dialects.contains(&Dialect::Oracle) };
        let mut shared = Self {
            names: Vec::new(),
            spelled: [Vec::new(), Vec::new()],
            forms: Vec::new(),
            hashing,
            key: Vec::new(),
            only_in: [Vec::new(), Vec::new()],
            types: Vec::new(),
        };
        let left_out: Vec<&str> = SYSTEM_COLUMNS.into_iter().chain(rules.left_out.iter().map(String::as_str)).collect();
        let is_compared = |field: &&Field| left_out.iter().all(|other| !other.eq_ignore_ascii_case(field.name()));
        for (place, field) in compared(ours, is_compared) {
            match compared(theirs, is_compared).find(|(_, other)| is_same(field, other)) {
                Some((other, found)) => {
                    let sides = [(ours, place), (theirs, other)];
                    shared.add([field, found], sides.map(|(table, place)| Declared::of(table, place)));
                }
                None => shared.only_in[0].push(field.name().clone()),
            }
        }
        let only_theirs = compared(theirs, is_compared).filter(|(_, field)| !ours.has(field.name()));
        shared.only_in[1] = only_theirs.map(|(_, field)| field.name().clone()).collect();
        if shared.names.is_empty() {
            return Err(Failure::invalid_config("both sides have no column in common"));
        }
        let key = rules.key.iter().map(|name| by_name(shared.names.iter(), name, |known| known).cloned());
        // Without a whole key, rows are compared as a whole.
        shared.key = key.collect::<Option<_>>().unwrap_or_default();
        Ok(shared)
    }

    fn add(&mut self, fields: [&Field; 2], declared: [Declared; 2]) {
        self.names.push(fields[0].name().clone());
        for (spelled, field) in self.spelled.iter_mut().zip(fields) {
            spelled.push(field.name().clone());
        }
        let is_open = declared.iter().any(|declared| declared.is_open);
        self.forms.push(Form::of(fields.map(Field::data_type), is_open, self.hashing));
        let [ours, theirs] = declared.map(|declared| declared.words);
        if !ours.eq_ignore_ascii_case(&theirs) {
            self.types.push(ColumnTypes { column: fields[0].name().clone(), declared: [ours, theirs] });
        }
    }
}

/// The declared type of a column.
struct Declared {
    words: String,
    /// True if it does not decide what the column holds.
    is_open: bool,
}

impl Declared {
    fn of(table: &TableDescription, place: usize) -> Self {
        let source = table.sources.get(place).cloned().unwrap_or_default();
        Self { words: source.declared, is_open: source.open.is_some() }
    }
}

fn compared<'t>(
    table: &'t TableDescription,
    is_compared: impl Fn(&&Field) -> bool + 't,
) -> impl Iterator<Item = (usize, &'t Field)> {
    let fields = table.columns.fields().iter().map(AsRef::as_ref).enumerate();
    fields.filter(move |(_, field)| is_compared(field))
}

fn is_same(one: &Field, other: &Field) -> bool {
    one.name().to_uppercase() == other.name().to_uppercase()
}
