//! The bindings in the SDK are those of the contract.

use std::fs;
use std::path::Path;

#[test]
fn the_bindings_are_those_of_the_contract() {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for bindings in wmshost_plugin_bindgen::all(&sdk.join("../../wit")) {
        let found = fs::read_to_string(sdk.join(&bindings.file)).unwrap_or_default();
        assert!(found == bindings.text, "{} is out of date: run `make bindings`", bindings.file.display());
    }
}
