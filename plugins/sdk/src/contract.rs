//! The contract's own words, as they were generated. What this crate offers is made of them.

pub use wmshost_plugin_capabilities::{batches, source, target, types};
pub use wmshost_plugin_extractor_world::extraction;
pub use wmshost_plugin_loader_world::loading;
pub use wmshost_plugin_models_world::modelling;
