//! The contract's own types, as generated. The rest of this crate is built on them.

pub use wmshost_plugin_capabilities::{batches, http, source, target, types};
#[cfg(feature = "extractor")]
pub use wmshost_plugin_extractor_world::extraction;
#[cfg(feature = "loader")]
pub use wmshost_plugin_loader_world::loading;
#[cfg(feature = "models")]
pub use wmshost_plugin_models_world::modelling;
