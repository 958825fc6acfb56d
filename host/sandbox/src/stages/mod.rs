//! Instances as stages of the flow.

mod extractor;
mod loader;
mod models;
mod transform;

pub(crate) use extractor::PluginExtractor;
pub(crate) use loader::PluginLoader;
pub(crate) use models::declare;
pub(crate) use transform::PluginTransform;
