//! A plugin that is a transform and a loader: refused.

wit_bindgen::generate!({
    path: "../../../../wit",
    inline: "
        package hostile:two-stages;
        world both {
            include wmshost:plugin/transform@0.1.0;
            include wmshost:plugin/loader@0.1.0;
        }
    ",
    world: "hostile:two-stages/both",
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
        Ok(())
    }
}

impl exports::wmshost::plugin::loading::Guest for Plugin {
    fn prepare(_: exports::wmshost::plugin::loading::Request) -> Result<(), Failure> {
        Ok(())
    }

    fn load(_: &Batch) -> Result<(), Failure> {
        Ok(())
    }

    fn finish() -> Result<(), Failure> {
        Ok(())
    }
}

export!(Plugin);
