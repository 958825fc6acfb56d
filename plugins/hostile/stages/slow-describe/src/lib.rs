//! A transform whose `describe` never ends.

wit_bindgen::generate!({ path: "../../../../wit", world: "transform" });

use exports::wmshost::plugin::about::{Description, Guest as About};
use exports::wmshost::plugin::transformation::Guest as Transformation;
use wmshost::plugin::batches::Batch;
use wmshost::plugin::types::{Column, Failure};

struct Plugin;

impl About for Plugin {
    fn describe() -> Description {
        let mut n = 0_u64;
        loop {
            n = std::hint::black_box(n.wrapping_add(1));
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

    fn process(_: &Batch) -> Result<(), Failure> {
        Ok(())
    }
}

export!(Plugin);
