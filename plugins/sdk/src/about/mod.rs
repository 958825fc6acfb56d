//! A plugin's description of itself, and its settings from the pipeline file.

mod description;
mod settings;

pub use description::{Declared, Description};
pub use settings::Settings;
pub use wmshost_plugin_capabilities::settings::Setting;
