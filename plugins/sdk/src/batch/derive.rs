//! Types that can be written as a column of a batch.

use super::Batch;
use crate::columns::{Column, Decimals, Labelled, Labels, Mask, Numbers, TextWriter, Times};
use crate::contract::batches::{Booleans, Dates, Float64s, Int64s, Timestamps};
use crate::failure::Result;

/// A column that is ready to be written.
pub trait Derived {
    /// Writes it under this name: it replaces the column of that name, or becomes the last one.
    fn write(self, batch: &Batch, name: &str) -> Result<()>;
}

impl Derived for TextWriter {
    fn write(self, batch: &Batch, name: &str) -> Result<()> {
        batch.write_texts(name, &self.finish()?)
    }
}

impl Derived for Labels {
    fn write(self, batch: &Batch, name: &str) -> Result<()> {
        match self.finish()? {
            Labelled::Categories(data) => batch.write_categories(name, &data),
            Labelled::Texts(data) => batch.write_texts(name, &data),
        }
    }
}

/// A mask is a boolean column without NULL.
impl Derived for Mask {
    fn write(self, batch: &Batch, name: &str) -> Result<()> {
        batch.write_booleans(name, &Booleans { values: self.into_bits(), validity: None })
    }
}

impl Derived for Column<bool> {
    fn write(self, batch: &Batch, name: &str) -> Result<()> {
        let (values, validity) = self.into_parts();
        let values = Mask::where_item(&values, |value| *value).into_bits();
        batch.write_booleans(name, &Booleans { values, validity })
    }
}

impl Derived for Column<i64> {
    fn write(self, batch: &Batch, name: &str) -> Result<()> {
        let (values, validity) = self.into_parts();
        batch.write_int64s(name, &Int64s { values, validity })
    }
}

impl Derived for Column<f64> {
    fn write(self, batch: &Batch, name: &str) -> Result<()> {
        let (values, validity) = self.into_parts();
        batch.write_float64s(name, &Float64s { values, validity })
    }
}

/// Days since 1970-01-01.
impl Derived for Column<i32> {
    fn write(self, batch: &Batch, name: &str) -> Result<()> {
        let (values, validity) = self.into_parts();
        batch.write_dates(name, &Dates { values, validity })
    }
}

impl Derived for Times {
    fn write(self, batch: &Batch, name: &str) -> Result<()> {
        let (values, validity) = self.column.into_parts();
        batch.write_timestamps(name, &Timestamps { zone: self.zone, values, validity })
    }
}

impl Derived for Decimals {
    fn write(self, batch: &Batch, name: &str) -> Result<()> {
        batch.write_decimals(name, &self.finish())
    }
}

impl Derived for Numbers {
    fn write(self, batch: &Batch, name: &str) -> Result<()> {
        match self {
            Self::Whole(column) => column.write(batch, name),
            Self::Decimal(column) => column.write(batch, name),
        }
    }
}
