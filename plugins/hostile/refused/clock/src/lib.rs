//! A transform that asks for the time: refused before any of its code runs.

wit_bindgen::generate!({ path: "../../../../wit", world: "transform" });

use std::time::Instant;

use exports::wmshost::plugin::about::{Description, Guest as About};
use exports::wmshost::plugin::transformation::Guest as Transformation;
use wmshost::plugin::batches::{Batch, Int64s};
use wmshost::plugin::types::{Column, Failure};

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
        let began = Instant::now();
        let time = began.elapsed().as_nanos() as i64;
        rows.write_int64s("time", &Int64s { values: vec![time; rows.row_count() as usize], validity: None })
    }
}

export!(Plugin);
