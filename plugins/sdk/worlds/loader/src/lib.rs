//! Bindings of the exports of the contract's world `loader`, generated from it (`make bindings`). They are in a crate of
//! their own, because the macros of two sets of exports would have the same names.
#![allow(missing_docs, reason = "the contract's own comments document the generated code, where it has any")]

include!("bindings.rs");

pub use exports::wmshost::plugin::{about, loading};
