//! The rows that the target must have after each command, and those in quarantine, computed from what the source stores.

use std::collections::{BTreeMap, BTreeSet};

use crate::database::Database;
use crate::kinds::{Cell, Kind, Misfit};
use crate::table::{Column, Table};

/// The rows of a table as they are stored.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) names: Vec<String>,
    pub(crate) declared: Vec<String>,
    pub(crate) cells: Vec<Vec<Cell>>,
}

/// The canonical texts of a row, by the columns of the stream.
type Meaning = Vec<Option<String>>;

/// The expectations of a stream.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// The types of its columns, with those that a view computes.
    kinds: Vec<Kind>,
    /// The rows of the target by their keys; `None` as long as nothing was loaded.
    target: Option<BTreeMap<Meaning, Meaning>>,
    /// The rows of the source that do not fit: by the number of the row, the names of the columns that do not.
    misfits: BTreeMap<String, BTreeSet<String>>,
    /// The numbers of rows that did not fit, and that the source no longer has: quarantine keeps them.
    gone: BTreeSet<String>,
    /// The keys of these rows.
    misfit_keys: BTreeSet<Meaning>,
    has_fitting: bool,
}

/// The expectations of all streams.
#[derive(Debug, Default)]
pub(crate) struct Expected(BTreeMap<String, Stream>);

impl Expected {
    pub(crate) fn of(&self, stream: &str) -> &Stream {
        &self.0[stream]
    }

    /// Takes in what runs read of the source by their methods.
    pub(crate) fn read(&mut self, database: &Database) {
        self.take(database, false);
    }

    /// Takes in what a full refresh reads.
    pub(crate) fn replace(&mut self, database: &Database) {
        self.take(database, true);
    }

    fn take(&mut self, database: &Database, replaces: bool) {
        for table in &database.tables {
            let stream = self.0.entry(table.stream.clone()).or_default();
            stream.take(table, &database.source_rows(table), replaces || !table.spec.is_incremental);
        }
    }
}

impl Stream {
    fn take(&mut self, table: &Table, rows: &Rows, replaces: bool) {
        let kind = |(at, column): (usize, &Column)| column.kind.unwrap_or_else(|| computed(rows, at));
        let kinds: Vec<Kind> = table.columns.iter().enumerate().map(kind).collect();
        let mut fitting = BTreeMap::new();
        let before = std::mem::take(&mut self.misfits);
        self.misfit_keys.clear();
        let mut numbers = BTreeSet::new();
        for cells in &rows.cells {
            let cells: Vec<_> = table
                .columns
                .iter()
                .zip(cells)
                .zip(&kinds)
                .map(|((column, cell), kind)| {
                    (column, if column.stream_name.is_some() { kind.meaning(cell) } else { Ok(None) })
                })
                .collect();
            let is_bad = |(column, meaning): &(&Column, Result<Option<String>, Misfit>)| {
                meaning.is_err() || column.is_key && matches!(meaning, Ok(None))
            };
            let bad: BTreeSet<String> =
                cells.iter().filter(|cell| is_bad(cell)).map(|(column, _)| column.named()).collect();
            let of = |is_wanted: &dyn Fn(&Column) -> bool| -> Meaning {
                let wanted = cells.iter().filter(|(column, _)| is_wanted(column));
                wanted.map(|(_, meaning)| meaning.as_ref().ok().cloned().flatten()).collect()
            };
            let key = of(&|column| column.is_key);
            let number = of(&|column| column.name == "row_no").pop().flatten().unwrap_or_else(|| format!("{key:?}"));
            numbers.insert(number.clone());
            if bad.is_empty() {
                fitting.insert(key, of(&|column| column.stream_name.is_some()));
            } else {
                self.misfits.insert(number, bad);
                self.misfit_keys.insert(key);
            }
        }
        self.gone.extend(before.into_keys().filter(|number| !numbers.contains(number)));
        self.kinds = kinds;
        self.has_fitting = !fitting.is_empty();
        // A load of which every row is rejected leaves the table as it is.
        if self.has_fitting || self.misfits.is_empty() {
            match &mut self.target {
                Some(target) if !replaces => target.extend(fitting),
                target => *target = Some(fitting),
            }
        }
    }

    /// Returns whether every row of the source is rejected.
    pub(crate) fn may_be_rejected(&self) -> bool {
        !self.misfits.is_empty()
    }

    /// The number of the target's rows whose new versions do not fit; `None` as long as nothing was loaded.
    pub(crate) fn outdated(&self) -> Option<usize> {
        let target = self.target.as_ref()?;
        Some(self.misfit_keys.iter().filter(|key| target.contains_key(*key)).count())
    }

    /// Compares quarantine with the rows that do not fit: each is there, for a column that does not fit it, and no other.
    pub(crate) fn check_quarantine(&self, table: &Table, rows: &[(String, String)]) -> Result<(), String> {
        let number = |json: &str| serde_json::from_str::<serde_json::Value>(json).map(|row| row["row_no"].to_string());
        let is_there = |row: &&(String, String)| number(&row.0).is_ok_and(|number| !self.gone.contains(&number));
        let rows: Vec<_> = rows.iter().filter(is_there).collect();
        if rows.len() != self.misfits.len() {
            return Err(format!("{} rows are in quarantine, expected are {:?}: {rows:?}", rows.len(), self.misfits));
        }
        for (json, reason) in rows {
            let Some(bad) = number(json).ok().and_then(|number| self.misfits.get(&number)) else {
                if table.columns.iter().any(|column| column.name == "row_no") {
                    return Err(format!("a row is in quarantine that fits: {json}: {reason}"));
                }
                continue;
            };
            let names = |column: &&Column| {
                let is_key_null = column.is_key && reason.starts_with("the key column");
                reason.contains(&format!("column {}, ", column.named()))
                    || is_key_null && reason.contains(&column.named())
            };
            let named: BTreeSet<_> = table.columns.iter().filter(names).map(Column::named).collect();
            if named.is_empty() || !named.is_subset(bad) {
                return Err(format!("row {json} is in quarantine for {reason}, expected are {bad:?}"));
            }
        }
        Ok(())
    }
}

/// The type of a column that a view computes: one that holds for all rows.
fn computed(rows: &Rows, at: usize) -> Kind {
    let cells = || rows.cells.iter().map(|row| &row[at]);
    let has = |is: fn(&Cell) -> bool| cells().any(is);
    let whole = has(|cell| matches!(cell, Cell::Whole(_)));
    let real = has(|cell| matches!(cell, Cell::Real(_)));
    let text = has(|cell| matches!(cell, Cell::Text(_)));
    let bytes = has(|cell| matches!(cell, Cell::Bytes(_)));
    let large = has(|cell| matches!(cell, Cell::Whole(value) if value.unsigned_abs() > 1 << 53));
    match (whole, real, text, bytes) {
        (true, false, false, false) => Kind::Whole,
        (_, true, false, false) if !large => Kind::Real,
        (false, false, false, true) => Kind::Bytes,
        _ => Kind::Any,
    }
}

/// Compares the target's table with the expected rows.
pub(crate) fn compare(table: &Table, expected: &Stream, found: Option<&Rows>) -> Result<(), String> {
    let (wanted, found) = match (&expected.target, found) {
        (None, None) => return Ok(()),
        (None, Some(found)) if found.cells.is_empty() => return Ok(()),
        (Some(wanted), Some(found)) => (wanted, found),
        (None, Some(_)) => return Err("a table was written of which every row is bad".to_owned()),
        (Some(_), None) => return Err("the target has no table".to_owned()),
    };
    let streamed = || table.columns.iter().zip(&expected.kinds).filter(|(column, _)| column.stream_name.is_some());
    let places = streamed().map(|(column, kind)| {
        let name = column.stream_name.as_deref().unwrap_or_default();
        let place = found.names.iter().position(|found| found == name);
        place
            .map(|place| (column, *kind, place))
            .ok_or_else(|| format!("the target has no column {name:?} but {:?}", found.names))
    });
    let places = places.collect::<Result<Vec<_>, _>>()?;
    let mut rows = BTreeMap::new();
    for cells in &found.cells {
        let (mut key, mut row) = (Vec::new(), Vec::new());
        for (column, kind, place) in &places {
            let (cell, declared) = (&cells[*place], &found.declared[*place]);
            let Ok(meaning) = kind.meaning_in_target(cell, declared) else {
                return Err(format!("the target's column {} ({kind:?}, {declared}) has {cell:?}", column.name));
            };
            if column.is_key {
                key.push(meaning.clone());
            }
            row.push(meaning);
        }
        if rows.insert(key, row).is_some() {
            return Err(format!("the target has a row twice: {cells:?}"));
        }
    }
    if rows == *wanted {
        return Ok(());
    }
    let differ = wanted.iter().find(|(key, row)| rows.get(*key) != Some(*row));
    if let Some((key, row)) = differ {
        let other = rows.get(key);
        let at = other.and_then(|other| (0..row.len()).find(|at| other[*at] != row[*at]));
        let shown = at.map(|at| (&places[at].0.name, &row[at], other.map(|other| &other[at])));
        return Err(format!("the target's row {key:?} is not right: {shown:?}"));
    }
    Err(format!("the target has {} rows, expected are {}", rows.len(), wanted.len()))
}
