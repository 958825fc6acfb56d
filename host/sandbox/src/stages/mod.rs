//! Instances as stages of the flow.
//!
//! | module | purpose |
//! |---|---|
//! | `extractor` | a plugin that reads a stream |
//! | `transform` | a plugin that changes batches |
//! | `loader` | a plugin that writes a stream |
//! | `models` | a plugin that declares models |

mod extractor;
mod loader;
mod models;
mod transform;

pub(crate) use extractor::PluginExtractor;
pub(crate) use loader::PluginLoader;
pub(crate) use models::declare;
pub(crate) use transform::PluginTransform;
