//! Singer: a tap's messages, loaded as the streams of a pipeline are; and the streams of a pipeline as a tap's messages.
//!
//! | module | purpose |
//! |---|---|
//! | `reader` | settings as Meltano passes them |
//! | `target_settings` | the settings of a target |
//! | `tap_settings` | the settings of a tap |
//! | `tap` | the streams of a pipeline as messages |
//! | `passing` | states that are passed on when all before them is committed |
//! | `flow` | the records of one stream on their way through the flow |
//! | `streams` | the streams of a tap, each with its flow |
//! | `target` | the messages of a tap, one after the other |

mod flow;
mod passing;
mod reader;
mod streams;
mod tap;
mod tap_settings;
mod target;
mod target_settings;

pub use flow::pipeline_name;
pub use reader::{SettingInfo, settings_in_environment};
pub use tap::{TapEnd, TapFiles, discover, extract};
pub use tap_settings::{TAP_SETTINGS, TapSettings};
pub use target::load;
pub use target_settings::{LoadMethod, SETTINGS as TARGET_SETTINGS, TargetSettings};
