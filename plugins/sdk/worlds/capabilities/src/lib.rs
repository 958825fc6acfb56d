//! Bindings of every capability that a plugin may call, and of their types, generated from the contract
//! (`make bindings`).
//!
//! Their world imports every capability, so that the bindings of the real worlds share one set of types. A capability
//! that a plugin does not call is not linked, and so is not imported by its component.
#![allow(missing_docs, reason = "the contract's own comments document the generated code, where it has any")]

pub mod rt;

include!("bindings.rs");

pub use wmshost::plugin::{batches, building, http, log, settings, source, state, target, types};
