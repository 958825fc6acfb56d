//! A well-behaved transform that reads every column and writes it back: the output must equal the input.

wit_bindgen::generate!({ path: "../../../../wit", world: "transform" });

use exports::wmshost::plugin::about::{Description, Guest as About};
use exports::wmshost::plugin::transformation::Guest as Transformation;
use wmshost::plugin::batches::Batch;
use wmshost::plugin::types::{Column, ColumnType, Failure};

struct Plugin;

impl About for Plugin {
    fn describe() -> Description {
        Description {
            name: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: env!("CARGO_PKG_DESCRIPTION").into(),
            settings: Vec::new(),
        }
    }
}

impl Transformation for Plugin {
    fn output_schema(input: Vec<Column>) -> Result<Vec<Column>, Failure> {
        Ok(input)
    }

    fn keeps_state() -> bool {
        false
    }

    fn process(rows: &Batch) -> Result<(), Failure> {
        rows.schema().iter().try_for_each(|column| echo(rows, column))
    }
}

fn echo(rows: &Batch, column: &Column) -> Result<(), Failure> {
    let name = column.name.as_str();
    match column.kind {
        ColumnType::Boolean => rows.write_booleans(name, &rows.read_booleans(name)?),
        ColumnType::Int64 => rows.write_int64s(name, &rows.read_int64s(name)?),
        ColumnType::Float64 => rows.write_float64s(name, &rows.read_float64s(name)?),
        ColumnType::Decimal(_) => rows.write_decimals(name, &rows.read_decimals(name)?),
        ColumnType::Utf8 => rows.write_texts(name, &rows.read_texts(name)?),
        ColumnType::Binary => rows.write_binaries(name, &rows.read_binaries(name)?),
        ColumnType::Date => rows.write_dates(name, &rows.read_dates(name)?),
        ColumnType::Timestamp(_) => rows.write_timestamps(name, &rows.read_timestamps(name)?),
    }
}

export!(Plugin);
