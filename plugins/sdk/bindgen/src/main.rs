//! Writes the bindings of the contract into the SDK: `make bindings`, after a change of `wit/`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    wmshost_plugin_bindgen::write(&sdk, &wmshost_plugin_bindgen::all(&sdk.join("../../wit")))
}
