//! A batch in memory, with the methods of the host's one: for tests and benchmarks where there is no host.
//!
//! It is made column by column: `Batch::with_rows(2).texts("code", &[Some("a"), None])`.

use std::cell::RefCell;

use crate::columns::Mask;
use crate::contract::batches::{Booleans, Categories, Dates, Decimals, Float64s, Int64s, Texts, Timestamps};
use crate::contract::types::{Column, ColumnType, DecimalType, Schema, Zone};
use crate::failure::{Failure, Result, permanent};

/// Rows in memory.
#[derive(Clone, Debug)]
pub struct Batch {
    state: RefCell<State>,
}

#[derive(Clone, Debug)]
struct State {
    rows: usize,
    columns: Vec<(String, Data)>,
    rejected: Vec<Rejected>,
}

/// Rows that were rejected in one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The rule they broke.
    pub rule: String,
    /// The reason in words.
    pub reason: String,
    /// How many they were.
    pub rows: usize,
}

#[derive(Clone, Debug)]
enum Data {
    Booleans(Booleans),
    Int64s(Int64s),
    Float64s(Float64s),
    Decimals(Decimals),
    Texts(Texts),
    Binaries(Texts),
    Dates(Dates),
    Timestamps(Timestamps),
}

/// The methods of the contract that read or write a column of one type.
macro_rules! typed_columns {
    ($($read:ident $write:ident $variant:ident $record:ident)*) => {$(
        /// Reads a column of this type.
        pub fn $read(&self, column: &str) -> Result<$record> {
            let state = self.state.borrow();
            match state.find(column) {
                Some(Data::$variant(data)) => Ok(data.clone()),
                Some(_) => Err(permanent(format!("column {column} has another type"))),
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
    /// A batch of so many rows, without columns.
    pub fn with_rows(rows: usize) -> Self {
        Self { state: RefCell::new(State { rows, columns: Vec::new(), rejected: Vec::new() }) }
    }

    /// What was rejected so far, call by call.
    pub fn rejected(&self) -> Vec<Rejected> {
        self.state.borrow().rejected.clone()
    }

    /// How many rows there are.
    pub fn row_count(&self) -> u32 {
        self.state.borrow().rows as u32
    }

    /// The columns. A column may be NULL if one of its rows is.
    pub fn schema(&self) -> Schema {
        let state = self.state.borrow();
        let column = |(name, data): &(String, Data)| Column {
            name: name.clone(),
            kind: data.kind(),
            nullable: data.validity().is_some(),
        };
        state.columns.iter().map(column).collect()
    }

    typed_columns! {
        read_booleans write_booleans Booleans Booleans
        read_int64s write_int64s Int64s Int64s
        read_float64s write_float64s Float64s Float64s
        read_decimals write_decimals Decimals Decimals
        read_texts write_texts Texts Texts
        read_binaries write_binaries Binaries Texts
        read_dates write_dates Dates Dates
        read_timestamps write_timestamps Timestamps Timestamps
    }

    /// Writes a text column from a few labels.
    pub fn write_categories(&self, column: &str, data: &Categories) -> Result<()> {
        let label = |code: &u8| data.labels.get(usize::from(*code)).map(String::as_str);
        let labels: Option<Vec<&str>> = data.codes.iter().map(label).collect();
        let labels = labels.ok_or_else(|| permanent(format!("a code of column {column} has no label")))?;
        let texts = texts_of(labels.iter().map(|label| Some(*label)), data.validity.clone());
        self.write_texts(column, &texts)
    }

    /// Renames a column.
    pub fn rename(&self, column: &str, to: &str) -> Result<()> {
        let mut state = self.state.borrow_mut();
        if state.find(to).is_some() {
            return Err(permanent(format!("the batch has a column {to} already")));
        }
        let found = state.columns.iter_mut().find(|(name, _)| name == column);
        found.ok_or_else(|| permanent(format!("the batch has no column {column}")))?.0 = to.to_owned();
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
        if keep.len() != state.rows.div_ceil(8) {
            return Err(permanent("the bitmap has another length than the batch"));
        }
        let keep = Mask::of_bits(keep.to_vec(), state.rows);
        state.keep(&keep);
        Ok(())
    }

    /// Takes rows out of the batch and into quarantine.
    pub fn reject(&self, rows: &[u32], rule: &str, reason: &str) -> Result<()> {
        let mut state = self.state.borrow_mut();
        let mut keep = Mask::all(state.rows);
        for row in rows {
            if *row as usize >= state.rows {
                return Err(permanent(format!("the batch has no row {row}")));
            }
            keep.remove(*row as usize);
        }
        state.keep(&keep);
        let rejected = Rejected { rule: rule.to_owned(), reason: reason.to_owned(), rows: rows.len() };
        state.rejected.push(rejected);
        Ok(())
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

    /// Panics where the column has another length than the batch: that is a mistake of the test.
    fn with(self, name: &str, data: Data) -> Self {
        self.state.borrow_mut().put(name, data).expect("a column as long as the batch");
        self
    }
}

impl State {
    fn find(&self, name: &str) -> Option<&Data> {
        self.columns.iter().find(|(column, _)| column == name).map(|(_, data)| data)
    }

    fn put(&mut self, name: &str, data: Data) -> std::result::Result<(), Failure> {
        if !data.has_rows(self.rows) {
            return Err(permanent(format!("column {name} has another length than the batch")));
        }
        match self.columns.iter_mut().find(|(column, _)| column == name) {
            Some((_, old)) => *old = data,
            None => self.columns.push((name.to_owned(), data)),
        }
        Ok(())
    }

    fn keep(&mut self, keep: &Mask) {
        for (_, data) in &mut self.columns {
            *data = data.keep(keep);
        }
        self.rows = keep.count();
    }
}

impl Data {
    fn kind(&self) -> ColumnType {
        match self {
            Self::Booleans(_) => ColumnType::Boolean,
            Self::Int64s(_) => ColumnType::Int64,
            Self::Float64s(_) => ColumnType::Float64,
            Self::Decimals(data) => ColumnType::Decimal(data.kind),
            Self::Texts(_) => ColumnType::Utf8,
            Self::Binaries(_) => ColumnType::Binary,
            Self::Dates(_) => ColumnType::Date,
            Self::Timestamps(data) => ColumnType::Timestamp(data.zone),
        }
    }

    fn validity(&self) -> Option<&Vec<u8>> {
        match self {
            Self::Booleans(Booleans { validity, .. })
            | Self::Int64s(Int64s { validity, .. })
            | Self::Float64s(Float64s { validity, .. })
            | Self::Decimals(Decimals { validity, .. })
            | Self::Texts(Texts { validity, .. })
            | Self::Binaries(Texts { validity, .. })
            | Self::Dates(Dates { validity, .. })
            | Self::Timestamps(Timestamps { validity, .. }) => validity.as_ref(),
        }
    }

    fn has_rows(&self, rows: usize) -> bool {
        let length = match self {
            Self::Booleans(data) => data.values.len() == rows.div_ceil(8),
            Self::Int64s(data) => data.values.len() == rows,
            Self::Float64s(data) => data.values.len() == rows,
            Self::Decimals(data) => data.values.len() == 16 * rows,
            Self::Texts(data) | Self::Binaries(data) => data.offsets.len() == rows + 1,
            Self::Dates(data) => data.values.len() == rows,
            Self::Timestamps(data) => data.values.len() == rows,
        };
        length && self.validity().is_none_or(|bits| bits.len() == rows.div_ceil(8))
    }

    fn keep(&self, keep: &Mask) -> Self {
        let validity = self.validity().map(|bits| keep_bits(bits, keep));
        match self {
            Self::Booleans(data) => Self::Booleans(Booleans { values: keep_bits(&data.values, keep), validity }),
            Self::Int64s(data) => Self::Int64s(Int64s { values: keep_values(&data.values, keep), validity }),
            Self::Float64s(data) => Self::Float64s(Float64s { values: keep_values(&data.values, keep), validity }),
            Self::Decimals(data) => {
                let values = keep_values(data.values.as_chunks::<16>().0, keep).into_flattened();
                Self::Decimals(Decimals { kind: data.kind, values, validity })
            }
            Self::Texts(data) => Self::Texts(keep_texts(data, keep, validity)),
            Self::Binaries(data) => Self::Binaries(keep_texts(data, keep, validity)),
            Self::Dates(data) => Self::Dates(Dates { values: keep_values(&data.values, keep), validity }),
            Self::Timestamps(data) => {
                Self::Timestamps(Timestamps { zone: data.zone, values: keep_values(&data.values, keep), validity })
            }
        }
    }
}

fn keep_values<T: Copy>(values: &[T], keep: &Mask) -> Vec<T> {
    keep.iter().map(|row| values[row]).collect()
}

fn keep_bits(bits: &[u8], keep: &Mask) -> Vec<u8> {
    let bits = Mask::of_bits(bits.to_vec(), keep.rows());
    let kept: Vec<bool> = keep.iter().map(|row| bits.contains(row)).collect();
    Mask::where_item(&kept, |bit| *bit).into_bits()
}

fn keep_texts(data: &Texts, keep: &Mask, validity: Option<Vec<u8>>) -> Texts {
    let (mut offsets, mut values) = (vec![0], Vec::new());
    for row in keep.iter() {
        values.extend_from_slice(&data.values[data.offsets[row] as usize..data.offsets[row + 1] as usize]);
        offsets.push(values.len() as i32);
    }
    Texts { offsets, values, validity }
}

fn texts_of<'t>(rows: impl Iterator<Item = Option<&'t str>>, validity: Option<Vec<u8>>) -> Texts {
    let (mut offsets, mut values) = (vec![0], Vec::new());
    for row in rows {
        values.extend_from_slice(row.unwrap_or_default().as_bytes());
        offsets.push(values.len() as i32);
    }
    Texts { offsets, values, validity }
}

fn values<T: Copy + Default>(rows: &[Option<T>]) -> Vec<T> {
    rows.iter().map(|row| row.unwrap_or_default()).collect()
}

fn validity<T>(rows: &[Option<T>]) -> Option<Vec<u8>> {
    rows.iter().any(Option::is_none).then(|| Mask::where_item(rows, Option::is_some).into_bits())
}
