//! One batch as a plugin works on it: typed columns in, typed columns out, bad rows into quarantine.

use super::{Batch, Derived};
use crate::columns::{AnyColumn, Column, Decimals, Mask, Numbers, Texts, Times, Validity, trim_to_none};
use crate::contract::types::{ColumnType, Schema};
use crate::failure::{Result, permanent};

/// A batch at work. Methods that remove rows consume it, because columns that were read before then no longer fit.
#[derive(Debug)]
pub struct Rows<'b> {
    batch: &'b Batch,
    schema: Schema,
    count: usize,
}

/// Rows that break a rule.
#[derive(Clone, Copy, Debug)]
pub struct Violation<'m> {
    /// The rule's name: lower case and dashes.
    pub rule: &'m str,
    /// The reason why these rows are rejected, in words.
    pub reason: &'m str,
    /// The rows.
    pub rows: &'m Mask,
}

impl<'b> Rows<'b> {
    /// Begins to work on a batch.
    pub fn of(batch: &'b Batch) -> Self {
        Self { batch, schema: batch.schema(), count: batch.row_count() as usize }
    }

    /// The number of rows.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The columns as they were when the work began.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The batch itself.
    pub fn batch(&self) -> &'b Batch {
        self.batch
    }

    /// Reads a text column.
    pub fn texts(&self, name: &str) -> Result<Texts> {
        Texts::read(self.batch.read_texts(name)?)
    }

    /// Reads a column of exact numbers, `int64` or `decimal`.
    pub fn numbers(&self, name: &str) -> Result<Numbers> {
        match self.kind(name)? {
            ColumnType::Int64 => self.int64s(name).map(Numbers::Whole),
            ColumnType::Decimal(_) => Decimals::read(self.batch.read_decimals(name)?).map(Numbers::Decimal),
            _ => Err(permanent(format!("column {name} holds no exact numbers"))),
        }
    }

    /// Reads an `int64` column.
    pub fn int64s(&self, name: &str) -> Result<Column<i64>> {
        self.batch.read_int64s(name).map(Column::from)
    }

    /// Reads a `float64` column.
    pub fn float64s(&self, name: &str) -> Result<Column<f64>> {
        self.batch.read_float64s(name).map(Column::from)
    }

    /// Reads a `boolean` column.
    pub fn booleans(&self, name: &str) -> Result<Column<bool>> {
        self.batch.read_booleans(name).map(|data| Column::of_booleans(data, self.count))
    }

    /// Reads a `date` column: days since 1970-01-01.
    pub fn dates(&self, name: &str) -> Result<Column<i32>> {
        self.batch.read_dates(name).map(Column::from)
    }

    /// Reads a `timestamp` column.
    pub fn timestamps(&self, name: &str) -> Result<Times> {
        self.batch.read_timestamps(name).map(Times::from)
    }

    /// Reads a `binary` column, row by row.
    pub fn binaries(&self, name: &str) -> Result<Vec<Option<Vec<u8>>>> {
        let data = self.batch.read_binaries(name)?;
        let validity = Validity(data.validity);
        let bytes = |(row, ends): (usize, &[i32])| {
            validity.has(row).then(|| data.values.get(ends[0] as usize..ends[1] as usize).unwrap_or_default().to_vec())
        };
        Ok(data.offsets.windows(2).enumerate().map(bytes).collect())
    }

    /// Reads a column of any type.
    pub fn any(&self, name: &str) -> Result<AnyColumn> {
        Ok(match self.kind(name)? {
            ColumnType::Boolean => AnyColumn::Booleans(self.booleans(name)?),
            ColumnType::Int64 | ColumnType::Decimal(_) => AnyColumn::Numbers(self.numbers(name)?),
            ColumnType::Float64 => AnyColumn::Floats(self.float64s(name)?),
            ColumnType::Utf8 => AnyColumn::Texts(self.texts(name)?),
            ColumnType::Binary => AnyColumn::Binaries(self.binaries(name)?),
            ColumnType::Date => AnyColumn::Dates(self.dates(name)?),
            ColumnType::Timestamp(_) => AnyColumn::Times(self.timestamps(name)?),
        })
    }

    /// The rows of which a column of any type is NULL.
    pub fn nulls(&self, name: &str) -> Result<Mask> {
        let column = self.column(name)?;
        if !column.nullable {
            return Ok(Mask::none(self.count));
        }
        let validity = match column.kind {
            ColumnType::Boolean => self.batch.read_booleans(name)?.validity,
            ColumnType::Int64 => self.batch.read_int64s(name)?.validity,
            ColumnType::Float64 => self.batch.read_float64s(name)?.validity,
            ColumnType::Decimal(_) => self.batch.read_decimals(name)?.validity,
            ColumnType::Utf8 => self.batch.read_texts(name)?.validity,
            ColumnType::Binary => self.batch.read_binaries(name)?.validity,
            ColumnType::Date => self.batch.read_dates(name)?.validity,
            ColumnType::Timestamp(_) => self.batch.read_timestamps(name)?.validity,
        };
        Ok(Validity(validity).nulls(self.count))
    }

    /// The rows of which a column is NULL, or blank where it holds text.
    pub fn missing(&self, name: &str) -> Result<Mask> {
        if !matches!(self.kind(name)?, ColumnType::Utf8) {
            return self.nulls(name);
        }
        let texts = self.texts(name)?;
        Ok(Mask::where_row(self.count, |row| trim_to_none(texts.get(row)).is_none()))
    }

    /// The rows of which any of these columns is missing.
    pub fn missing_any(&self, names: &[&str]) -> Result<Mask> {
        let none = Mask::none(self.count);
        names.iter().try_fold(none, |missing, name| Ok(missing.or(&self.missing(name)?)))
    }

    /// Writes a column, which replaces the one of that name or becomes the last one.
    pub fn write(&self, name: &str, column: impl Derived) -> Result<()> {
        column.write(self.batch, name)
    }

    /// Keeps these rows and forgets the others. To quarantine them, reject them.
    pub fn keep(self, rows: &Mask) -> Result<()> {
        self.batch.filter(&rows.clone().into_bits())
    }

    /// Rejects rows into quarantine, each under the first rule that it breaks.
    pub fn reject(self, rules: &[Violation<'_>]) -> Result<()> {
        let mut gone = Mask::none(self.count);
        for Violation { rule, reason, rows } in rules {
            let hit = (*rows).clone().without(&gone);
            if hit.is_empty() {
                continue;
            }
            self.batch.reject(&moved_up(&hit, &gone), rule, reason)?;
            gone = gone.or(&hit);
        }
        Ok(())
    }

    fn column(&self, name: &str) -> Result<&crate::contract::types::Column> {
        let found = self.schema.iter().find(|column| column.name == name);
        found.ok_or_else(|| permanent(format!("the batch has no column {name}")))
    }

    fn kind(&self, name: &str) -> Result<ColumnType> {
        self.column(name).map(|column| column.kind)
    }
}

/// The positions of rows after the rows in `gone` were removed.
fn moved_up(rows: &Mask, gone: &Mask) -> Vec<u32> {
    let mut gone = gone.iter().peekable();
    let mut before = 0;
    let position = |row: usize| {
        while gone.next_if(|left| *left < row).is_some() {
            before += 1;
        }
        (row - before) as u32
    };
    rows.iter().map(position).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_rejected_once_under_the_first_rule_it_breaks() {
        let batch = Batch::with_rows(6).int64s("id", &[Some(0), Some(1), Some(2), Some(3), Some(4), Some(5)]);
        let (even, low) = (Mask::where_row(6, |row| row % 2 == 0), Mask::where_row(6, |row| row < 4));
        let rules = [
            Violation { rule: "even", reason: "is even", rows: &even },
            Violation { rule: "low", reason: "is low", rows: &low },
        ];
        Rows::of(&batch).reject(&rules).expect("rejected");
        let left = Rows::of(&batch).int64s("id").expect("a column");
        assert_eq!(left.iter().collect::<Vec<_>>(), [Some(5)]);
        let rejected: Vec<_> = batch.rejected().iter().map(|rejected| (rejected.rule.clone(), rejected.rows)).collect();
        assert_eq!(rejected, [("even".to_owned(), 3), ("low".to_owned(), 2)]);
    }

    #[test]
    fn what_is_missing_is_found_in_a_column_of_any_type() {
        let batch = Batch::with_rows(4).texts("text", &[None, Some("a"), Some("b"), Some(" ")]).decimals(
            "number",
            10,
            2,
            &[Some(1), None, Some(3), Some(4)],
        );
        let rows = Rows::of(&batch);
        assert_eq!(rows.nulls("text").expect("a column").iter().collect::<Vec<_>>(), [0]);
        assert_eq!(rows.missing_any(&["text", "number"]).expect("both").iter().collect::<Vec<_>>(), [0, 1, 3]);
        assert!(rows.missing("other").is_err());
    }
}
