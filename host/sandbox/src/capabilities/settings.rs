//! The plugin's own table in the pipeline file.

use crate::bindings::settings::{Host, Setting as WitSetting};
use crate::instance_state::{InstanceState, Setting};

impl Host for InstanceState {
    fn get(&mut self, name: String) -> wasmtime::Result<Option<WitSetting>> {
        Ok(self.identity.settings.get(&name).map(|setting| match setting {
            Setting::Text(v) => WitSetting::Text(v.clone()),
            Setting::Integer(v) => WitSetting::Integer(*v),
            Setting::Number(v) => WitSetting::Number(*v),
            Setting::Flag(v) => WitSetting::Flag(*v),
            Setting::Texts(v) => WitSetting::Texts(v.clone()),
        }))
    }
}
