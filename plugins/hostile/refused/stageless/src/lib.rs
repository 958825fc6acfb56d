//! A component with a description that is not a stage: refused.

wit_bindgen::generate!({
    path: "../../../../wit",
    inline: "
        package hostile:stageless;
        world idle { export wmshost:plugin/about@0.1.0; }
    ",
    world: "hostile:stageless/idle",
    generate_all,
});

use exports::wmshost::plugin::about::{Description, Guest as About};

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

export!(Plugin);
