//! What a plugin says of itself, and what the pipeline file says to it.

mod description;
mod settings;

pub use description::{Declared, Description};
pub use settings::Settings;
pub use wmshost_plugin_capabilities::settings::Setting;
