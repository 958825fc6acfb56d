//! Rows in memory: a table per entity, in the order of ids.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::catalogue::{Entity, Kind, entities, entity};
use crate::value::Value;

/// The end of a row at a reader that accepts what it can and sets the others aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrives as it is.
    Kept,
    /// It cannot be read: it is set aside, with the reason.
    Rejected,
    /// It arrives as it is or is set aside, as the target allows.
    Either,
}

/// A row. Fields without a cell have the default of their kind.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The key; also of rows that show it as null, and of entities without one.
    pub(crate) id: i64,
    /// The text by which relations name the row.
    pub(crate) key: Box<str>,
    /// The facility that the row belongs to; 0 if any user sees it.
    pub(crate) facility: i64,
    /// The end of the row at a reader.
    pub(crate) fate: Fate,
    cells: Vec<(u16, Value)>,
}

impl Row {
    /// A row without cells.
    pub(crate) fn new(id: i64, key: impl Into<Box<str>>) -> Self {
        Self { id, key: key.into(), facility: 0, fate: Fate::Kept, cells: Vec::new() }
    }

    /// The value at a place of the entity's fields.
    pub(crate) fn at(&self, entity: &Entity, place: usize) -> Value {
        match (self.cell(place), entity.fields[place].kind) {
            (Some(value), _) => value.clone(),
            (None, Kind::Key) => Value::Integer(self.id),
            (None, Kind::Boolean) => Value::Boolean(false),
            (None, Kind::Text(_)) => Value::text(""),
            (None, _) => Value::Null,
        }
    }

    /// The cell at a place, if there is one.
    pub(crate) fn cell(&self, place: usize) -> Option<&Value> {
        self.cells.iter().find(|(at, _)| usize::from(*at) == place).map(|(_, value)| value)
    }

    /// Sets the value at a place.
    pub(crate) fn put(&mut self, place: usize, value: Value) {
        let place = place as u16;
        match self.cells.iter_mut().find(|(at, _)| *at == place) {
            Some((_, cell)) => *cell = value,
            None => self.cells.push((place, value)),
        }
    }

    /// Sets a field by name; an entity without the field stays as it is.
    pub(crate) fn set(&mut self, entity: &Entity, field: &str, value: Value) {
        if let Some(place) = entity.place(field) {
            self.put(place, value);
        }
    }
}

/// The rows of an entity, in the order of their ids.
#[derive(Debug)]
pub(crate) struct Table {
    /// The entity.
    pub(crate) entity: &'static Entity,
    rows: Vec<Row>,
}

impl Table {
    /// All rows.
    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// All rows, to be changed except for their ids.
    pub(crate) fn rows_mut(&mut self) -> &mut [Row] {
        &mut self.rows
    }

    /// The row with an id.
    pub(crate) fn get(&self, id: i64) -> Option<&Row> {
        self.place(id).ok().map(|at| &self.rows[at])
    }

    /// The row with an id, to be changed.
    pub(crate) fn get_mut(&mut self, id: i64) -> Option<&mut Row> {
        self.place(id).ok().map(|at| &mut self.rows[at])
    }

    /// The value of a row's field by name; null where the row or the field is missing.
    pub(crate) fn value(&self, id: i64, field: &str) -> Value {
        match (self.get(id), self.entity.place(field)) {
            (Some(row), Some(place)) => row.at(self.entity, place),
            _ => Value::Null,
        }
    }

    /// The places of the rows with ids in a range, both ends included.
    pub(crate) fn within(&self, low: i64, high: i64) -> Range<usize> {
        let start = self.rows.partition_point(|row| row.id < low);
        start..self.rows.partition_point(|row| row.id <= high).max(start)
    }

    /// Adds a row, or replaces the one with its id.
    pub(crate) fn insert(&mut self, row: Row) {
        match self.place(row.id) {
            Ok(at) => self.rows[at] = row,
            Err(at) => self.rows.insert(at, row),
        }
    }

    /// Removes a row.
    pub(crate) fn remove(&mut self, id: i64) -> Option<Row> {
        self.place(id).ok().map(|at| self.rows.remove(at))
    }

    /// The id after the greatest one.
    pub(crate) fn next_id(&self) -> i64 {
        self.rows.last().map_or(1, |row| row.id + 1)
    }

    fn place(&self, id: i64) -> Result<usize, usize> {
        self.rows.binary_search_by_key(&id, |row| row.id)
    }
}

/// The tables of a tenant.
#[derive(Debug)]
pub(crate) struct Tables(BTreeMap<&'static str, Table>);

impl Tables {
    /// Empty tables for all entities.
    pub(crate) fn new() -> Self {
        Self(entities().iter().map(|entity| (entity.name, Table { entity, rows: Vec::new() })).collect())
    }

    /// The table of an entity of the catalogue.
    ///
    /// # Panics
    ///
    /// If the catalogue has no such entity.
    pub(crate) fn of(&self, name: &str) -> &Table {
        self.0.get(name).unwrap_or_else(|| panic!("no entity {name}"))
    }

    /// The table of an entity of the catalogue, to be changed. Panics as [`Tables::of`] does.
    pub(crate) fn of_mut(&mut self, name: &str) -> &mut Table {
        self.0.get_mut(name).unwrap_or_else(|| panic!("no entity {name}"))
    }

    /// The table of an entity, if the catalogue has it.
    pub(crate) fn find(&self, name: &str) -> Option<&Table> {
        self.0.get(name)
    }
}

/// Builds a row by field names.
pub(crate) struct Builder {
    entity: &'static Entity,
    row: Row,
}

impl Builder {
    /// Begins a row. Panics if the catalogue has no such entity.
    pub(crate) fn new(name: &str, id: i64, key: impl Into<Box<str>>) -> Self {
        let entity = entity(name).unwrap_or_else(|| panic!("no entity {name}"));
        Self { entity, row: Row::new(id, key) }
    }

    /// Sets a field. Panics if the entity lacks it: a mistake of the generator.
    pub(crate) fn set(mut self, field: &str, value: Value) -> Self {
        let place = self.entity.place(field).unwrap_or_else(|| panic!("{} has no {field}", self.entity.name));
        self.row.put(place, value);
        self
    }

    /// Sets a text.
    pub(crate) fn text(self, field: &str, text: impl Into<Box<str>>) -> Self {
        self.set(field, Value::text(text))
    }

    /// Sets a relation.
    pub(crate) fn relation(self, field: &str, id: i64) -> Self {
        self.set(field, Value::Relation(id))
    }

    /// Sets the four fields of creation and last change.
    pub(crate) fn who(self, created: i64, user: &str, changed: Value) -> Self {
        let built = self.set("create_ts", Value::Instant(created)).text("create_user", user);
        built.set("mod_ts", changed).text("mod_user", user)
    }

    /// Sets the facility that the row belongs to, without a field.
    pub(crate) fn facility(mut self, facility: i64) -> Self {
        self.row.facility = facility;
        self
    }

    /// The row.
    pub(crate) fn done(self) -> Row {
        self.row
    }
}
