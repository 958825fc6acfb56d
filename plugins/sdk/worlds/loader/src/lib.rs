//! Bindings of the exports of the contract's world `loader`. They are in a crate of their own, because the macros of
//! two sets of exports would have the same names.
#![allow(missing_docs, reason = "the contract's own comments document the generated code, where it has any")]

wit_bindgen::generate!({
    path: "../../../../wit",
    world: "loader",
    with: {
        "wmshost:plugin/types@0.1.0": wmshost_plugin_capabilities::types,
        "wmshost:plugin/batches@0.1.0": wmshost_plugin_capabilities::batches,
        "wmshost:plugin/log@0.1.0": wmshost_plugin_capabilities::log,
        "wmshost:plugin/settings@0.1.0": wmshost_plugin_capabilities::settings,
        "wmshost:plugin/target@0.1.0": wmshost_plugin_capabilities::target,
    },
    pub_export_macro: true,
    export_macro_name: "export_world",
});

pub use exports::wmshost::plugin::{about, loading};
