//! A transform that imports a source: refused before any of its code runs.

wit_bindgen::generate!({
    path: "../../../../wit",
    inline: "
        package hostile:source;
        world greedy {
            include wmshost:plugin/transform@0.1.0;
            import wmshost:plugin/source@0.1.0;
        }
    ",
    world: "hostile:source/greedy",
    generate_all,
});

use exports::wmshost::plugin::about::{Description, Guest as About};
use exports::wmshost::plugin::transformation::Guest as Transformation;
use wmshost::plugin::batches::Batch;
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

    fn process(_: &Batch) -> Result<(), Failure> {
        wmshost::plugin::source::Connection::open("wms").map(|_| ())
    }
}

export!(Plugin);
