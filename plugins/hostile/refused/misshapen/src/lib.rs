//! A transform that claims to be of this contract, and whose functions have another signature: refused.

wit_bindgen::generate!({
    inline: "
        package wmshost:plugin@0.1.0;
        interface about {
            record description { name: string }
            describe: func() -> description;
        }
        interface batches {
            resource batch { row-count: func() -> u32; }
        }
        interface transformation {
            use batches.{batch};
            process: func(rows: borrow<batch>, hint: u32) -> u32;
        }
        world transform {
            import batches;
            export about;
            export transformation;
        }
    ",
});

use exports::wmshost::plugin::about::{Description, Guest as About};
use exports::wmshost::plugin::transformation::{Batch, Guest as Transformation};

struct Plugin;

impl About for Plugin {
    fn describe() -> Description {
        Description { name: env!("CARGO_PKG_NAME").into() }
    }
}

impl Transformation for Plugin {
    fn process(rows: &Batch, hint: u32) -> u32 {
        rows.row_count() + hint
    }
}

export!(Plugin);
