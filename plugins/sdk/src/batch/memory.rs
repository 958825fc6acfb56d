//! A batch in memory, with the methods of the host's: for tests and benchmarks without a host.
//!
//! It refuses what the host refuses, by the same rules. It is built column by column:
//! `Batch::with_rows(2).texts("code", &[Some("a"), None])`.

use std::cell::RefCell;

use super::data::{Data, bytes_of, keep_values, texts_of, validity, values};
use wmshost_contract_rules::{self as rules, Refusal};

use crate::columns::{Mask, Validity};
use crate::contract::batches::{Booleans, Categories, Dates, Decimals, Float64s, Int64s, Texts, Timestamps};
use crate::contract::types::{Column, DecimalType, Schema, Zone};
use crate::failure::{Failure, Result, permanent};
use crate::schema::type_name;

/// Rows in memory.
#[derive(Clone, Debug)]
pub struct Batch {
    state: RefCell<State>,
}

#[derive(Clone, Debug)]
struct State {
    columns: Vec<(String, Data)>,
    /// The columns that are promised to be without NULL.
    required: Vec<String>,
    /// The columns that identify a row.
    key: Vec<String>,
    /// For each row its position in the batch as it was made.
    positions: Vec<usize>,
    rejected: Vec<Rejected>,
}

/// Rows that were rejected in one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The rule they broke.
    pub rule: String,
    /// The reason in words.
    pub reason: String,
    /// The number of rows.
    pub rows: usize,
}

/// The methods of the contract that read or write a column of one type.
macro_rules! typed_columns {
    ($($read:ident $write:ident $variant:ident $record:ident $wanted:literal)*) => {$(
        /// Reads a column of this type.
        pub fn $read(&self, column: &str) -> Result<$record> {
            let state = self.state.borrow();
            match state.find(column) {
                Some(Data::$variant(data)) => Ok(data.clone()),
                Some(other) => {
                    let found = type_name(other.kind());
                    Err(permanent(format!("column {column} is {found}, not {}", $wanted)))
                }
                None => Err(permanent(format!("the batch has no column {column}"))),
            }
        }

        /// Writes a column of this type.
        pub fn $write(&self, column: &str, data: &$record) -> Result<()> {
            self.state.borrow_mut().put(column, Data::$variant(data.clone()))
        }
    )*};
}

impl Batch {
    /// A batch of this many rows, without columns.
    pub fn with_rows(rows: usize) -> Self {
        let state = State {
            columns: Vec::new(),
            required: Vec::new(),
            key: Vec::new(),
            positions: (0..rows).collect(),
            rejected: Vec::new(),
        };
        Self { state: RefCell::new(state) }
    }

    /// The rejected rows so far, call by call.
    pub fn rejected(&self) -> Vec<Rejected> {
        self.state.borrow().rejected.clone()
    }

    /// The number of rows.
    pub fn row_count(&self) -> u32 {
        self.state.borrow().rows() as u32
    }

    /// The columns. A column may be NULL, unless it was declared as required.
    pub fn schema(&self) -> Schema {
        let state = self.state.borrow();
        let column = |(name, data): &(String, Data)| Column {
            name: name.clone(),
            kind: data.kind(),
            nullable: !state.required.contains(name),
        };
        state.columns.iter().map(column).collect()
    }

    typed_columns! {
        read_booleans write_booleans Booleans Booleans "boolean"
        read_int64s write_int64s Int64s Int64s "int64"
        read_float64s write_float64s Float64s Float64s "float64"
        read_decimals write_decimals Decimals Decimals "decimal"
        read_texts write_texts Texts Texts "utf8"
        read_binaries write_binaries Binaries Texts "binary"
        read_dates write_dates Dates Dates "date"
        read_timestamps write_timestamps Timestamps Timestamps "timestamp"
    }

    /// Writes a text column from a few labels.
    pub fn write_categories(&self, column: &str, data: &Categories) -> Result<()> {
        let rows = self.state.borrow().rows();
        if let Some(bits) = &data.validity {
            rules::check_bitmap(column, bits.len(), rows).map_err(refused)?;
        }
        let validity = Validity(data.validity.clone());
        let is_null = |row: usize| !validity.has(row);
        rules::check_labels(column, data.labels.len(), &data.codes, is_null, rows).map_err(refused)?;
        let label = |(row, code): (usize, &u8)| validity.has(row).then(|| data.labels[usize::from(*code)].as_str());
        let texts = texts_of(data.codes.iter().enumerate().map(label), data.validity.clone());
        self.write_texts(column, &texts)
    }

    /// Renames a column.
    pub fn rename(&self, column: &str, to: &str) -> Result<()> {
        rules::check_name(to).map_err(refused)?;
        let mut state = self.state.borrow_mut();
        if column != to && state.find(to).is_some() {
            return Err(permanent(format!("the batch has a column {to} already")));
        }
        let found = state.columns.iter_mut().find(|(name, _)| name == column);
        found.ok_or_else(|| permanent(format!("the batch has no column {column}")))?.0 = to.to_owned();
        state.required.iter_mut().filter(|name| *name == column).for_each(|name| to.clone_into(name));
        Ok(())
    }

    /// Drops columns.
    pub fn drop_columns(&self, columns: &[String]) -> Result<()> {
        let mut state = self.state.borrow_mut();
        if let Some(unknown) = columns.iter().find(|name| state.find(name).is_none()) {
            return Err(permanent(format!("the batch has no column {unknown}")));
        }
        state.columns.retain(|(name, _)| !columns.contains(name));
        Ok(())
    }

    /// Keeps the rows whose bit is 1.
    pub fn filter(&self, keep: &[u8]) -> Result<()> {
        let mut state = self.state.borrow_mut();
        let rows = state.rows();
        rules::check_bitmap("filter", keep.len(), rows).map_err(refused)?;
        state.keep(&Mask::of_bits(keep.to_vec(), rows));
        Ok(())
    }

    /// Takes rows out of the batch and into quarantine.
    pub fn reject(&self, rows: &[u32], rule: &str, reason: &str) -> Result<()> {
        let mut state = self.state.borrow_mut();
        let mut keep = Mask::all(state.rows());
        for row in rows {
            if *row as usize >= state.rows() {
                return Err(permanent(format!("reject: row {row} of a batch of {} rows", state.rows())));
            }
            keep.remove(*row as usize);
        }
        let taken = state.rows() - keep.count();
        state.keep(&keep);
        state.rejected.push(Rejected { rule: rule.to_owned(), reason: reason.to_owned(), rows: taken });
        Ok(())
    }

    /// The columns that identify a row, as the test declared them.
    pub(super) fn key(&self) -> Vec<String> {
        self.state.borrow().key.clone()
    }

    /// For each row its position in the batch as it was made.
    pub(super) fn positions(&self) -> Vec<usize> {
        self.state.borrow().positions.clone()
    }

    /// The first row of which a column is NULL.
    pub(super) fn first_null(&self, column: &str) -> Option<usize> {
        let state = self.state.borrow();
        let validity = Validity(state.find(column)?.validity().cloned());
        validity.nulls(state.rows()).iter().next()
    }

    /// The same columns without rows.
    pub(super) fn emptied(&self) -> Self {
        let mut state = self.state.borrow().clone();
        let none = Mask::none(state.rows());
        state.keep(&none);
        Self { state: RefCell::new(state) }
    }
}

/// Making a batch for a test.
impl Batch {
    /// With a text column.
    #[must_use]
    pub fn texts(self, name: &str, rows: &[Option<&str>]) -> Self {
        self.with(name, Data::Texts(texts_of(rows.iter().copied(), validity(rows))))
    }

    /// With an `int64` column.
    #[must_use]
    pub fn int64s(self, name: &str, rows: &[Option<i64>]) -> Self {
        self.with(name, Data::Int64s(Int64s { values: values(rows), validity: validity(rows) }))
    }

    /// With a `boolean` column.
    #[must_use]
    pub fn booleans(self, name: &str, rows: &[Option<bool>]) -> Self {
        let values = Mask::where_item(rows, |row| row.unwrap_or_default()).into_bits();
        self.with(name, Data::Booleans(Booleans { values, validity: validity(rows) }))
    }

    /// With a `binary` column.
    #[must_use]
    pub fn binaries(self, name: &str, rows: &[Option<&[u8]>]) -> Self {
        self.with(name, Data::Binaries(bytes_of(rows.iter().copied(), validity(rows))))
    }

    /// With a `timestamp` column in UTC, in microseconds since 1970-01-01T00:00:00.
    #[must_use]
    pub fn instants(self, name: &str, rows: &[Option<i64>]) -> Self {
        self.with(
            name,
            Data::Timestamps(Timestamps { zone: Zone::Utc, values: values(rows), validity: validity(rows) }),
        )
    }

    /// With the promise that these columns have no NULL, as a source's NOT NULL columns.
    #[must_use]
    pub fn required(self, names: &[&str]) -> Self {
        self.state.borrow_mut().required.extend(names.iter().map(|name| (*name).to_owned()));
        self
    }

    /// With the columns that identify a row and its version: a transform must not change them.
    #[must_use]
    pub fn keyed(self, names: &[&str]) -> Self {
        self.state.borrow_mut().key = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// With a `float64` column.
    #[must_use]
    pub fn float64s(self, name: &str, rows: &[Option<f64>]) -> Self {
        self.with(name, Data::Float64s(Float64s { values: values(rows), validity: validity(rows) }))
    }

    /// With a `decimal` column of unscaled numbers.
    #[must_use]
    pub fn decimals(self, name: &str, precision: u8, scale: u8, rows: &[Option<i128>]) -> Self {
        let values = rows.iter().flat_map(|row| row.unwrap_or_default().to_le_bytes()).collect();
        let kind = DecimalType { precision, scale };
        self.with(name, Data::Decimals(Decimals { kind, values, validity: validity(rows) }))
    }

    /// With a `date` column, in days since 1970-01-01.
    #[must_use]
    pub fn dates(self, name: &str, rows: &[Option<i32>]) -> Self {
        self.with(name, Data::Dates(Dates { values: values(rows), validity: validity(rows) }))
    }

    /// With a `timestamp` column without zone, in microseconds since 1970-01-01T00:00:00.
    #[must_use]
    pub fn timestamps(self, name: &str, rows: &[Option<i64>]) -> Self {
        let data = Timestamps { zone: Zone::None, values: values(rows), validity: validity(rows) };
        self.with(name, Data::Timestamps(data))
    }

    /// Panics where the host would refuse the column: that is a mistake in the test.
    fn with(self, name: &str, data: Data) -> Self {
        self.state.borrow_mut().put(name, data).expect("a column that the host takes");
        self
    }
}

impl State {
    fn find(&self, name: &str) -> Option<&Data> {
        self.columns.iter().find(|(column, _)| column == name).map(|(_, data)| data)
    }

    fn rows(&self) -> usize {
        self.positions.len()
    }

    fn put(&mut self, name: &str, data: Data) -> Result<()> {
        rules::check_name(name).and_then(|()| data.check(name, self.rows())).map_err(refused)?;
        match self.columns.iter_mut().find(|(column, _)| column == name) {
            Some((_, old)) => *old = data,
            None => self.columns.push((name.to_owned(), data)),
        }
        self.required.retain(|column| column != name);
        Ok(())
    }

    fn keep(&mut self, keep: &Mask) {
        for (_, data) in &mut self.columns {
            *data = data.keep(keep);
        }
        self.positions = keep_values(&self.positions, keep);
    }
}

fn refused(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::Limit(message) => Failure::Limit(message),
        Refusal::Wrong(message) => Failure::Permanent(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The batch refuses what the host refuses, with the same messages.
    #[test]
    fn what_the_host_refuses_is_refused() {
        let decimals = |precision, value: i128| Decimals {
            kind: DecimalType { precision, scale: 1 },
            values: value.to_le_bytes().to_vec(),
            validity: None,
        };
        let texts = |offsets: &[i32], values: &[u8]| Texts {
            offsets: offsets.to_vec(),
            values: values.to_vec(),
            validity: None,
        };
        let batch = Batch::with_rows(1);
        let refused = |result: Result<()>, words: &str| {
            let failure = result.expect_err(words).to_string();
            assert!(failure.contains(words), "{words:?} is not in {failure}");
        };
        refused(batch.write_decimals("d", &decimals(2, 1_000)), "column d: a value has more than 2 digits");
        refused(batch.write_texts("t", &texts(&[0, 1], &[0xff])), "column t: a text is not UTF-8");
        refused(batch.write_texts("t", &texts(&[0, 9], b"a")), "column t: the offsets do not ascend within its bytes");
        refused(batch.write_int64s("", &Int64s { values: vec![1], validity: None }), "a column has no name");
        refused(
            batch.write_int64s("n", &Int64s { values: vec![1, 2], validity: None }),
            "column n: 2 values for 1 rows",
        );
        let unlabelled = Categories { labels: vec![], codes: vec![0], validity: None };
        refused(batch.write_categories("c", &unlabelled), "column c: no label has the code 0");
        refused(batch.reject(&[1], "rule", "reason"), "reject: row 1 of a batch of 1 rows");
        refused(batch.filter(&[1, 1]), "column filter: 16 values for 1 rows");
        assert!(batch.schema().is_empty());
    }
}
