//! Bindings of every capability that a plugin may call, and of their types, generated from the contract.
//!
//! The world here exists only in this file: it imports every capability, so that the bindings of the real worlds share
//! one set of types. A capability that a plugin does not call is not linked, and so is not imported by its component.
//! one set of types. What a plugin does not call is not linked, and so is not imported by its component.

wit_bindgen::generate!({
    path: "../../../../wit",
    inline: "
        package wmshost:bindings;
        world capabilities {
            import wmshost:plugin/log@0.1.0;
            import wmshost:plugin/settings@0.1.0;
            import wmshost:plugin/state@0.1.0;
            import wmshost:plugin/source@0.1.0;
            import wmshost:plugin/target@0.1.0;
        }
    ",
    generate_all,
    additional_type_attributes: {
        "wmshost:plugin/types@0.1.0/failure": [#[derive(PartialEq, Eq)]],
        "wmshost:plugin/types@0.1.0/decimal-type": [#[derive(PartialEq, Eq)]],
        "wmshost:plugin/types@0.1.0/column-type": [#[derive(PartialEq, Eq)]],
        "wmshost:plugin/types@0.1.0/column": [#[derive(PartialEq, Eq)]],
        "wmshost:plugin/types@0.1.0/value": [#[derive(PartialEq)]],
        "wmshost:plugin/types@0.1.0/position": [#[derive(PartialEq)]],
        "wmshost:plugin/settings@0.1.0/setting": [#[derive(PartialEq)]],
        "wmshost:plugin/target@0.1.0/definition": [#[derive(PartialEq, Eq)]],
        "wmshost:plugin/target@0.1.0/merge-rule": [#[derive(PartialEq, Eq)]],
    },
});

pub use wmshost::plugin::{batches, log, settings, source, state, target, types};
