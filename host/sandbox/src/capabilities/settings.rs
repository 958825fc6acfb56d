//! The plugin's own table in the pipeline file.

use std::collections::BTreeMap;

use wasmtime::component::HasData;
use wmshost_flow::Setting;

use crate::bindings::settings::{Host, Setting as WitSetting};

/// The capability `settings`. It sees [`SettingsCtx`] and nothing else.
pub(crate) struct Settings;

impl HasData for Settings {
    type Data<'a> = &'a mut SettingsCtx;
}

/// The capability's context in an instance.
pub(crate) struct SettingsCtx {
    /// The plugin's settings, with defaults filled in.
    pub(crate) values: BTreeMap<String, Setting>,
}

impl Host for SettingsCtx {
    fn get(&mut self, name: String) -> wasmtime::Result<Option<WitSetting>> {
        Ok(self.values.get(&name).map(|setting| match setting {
            Setting::Text(v) => WitSetting::Text(v.clone()),
            Setting::Integer(v) => WitSetting::Integer(*v),
            Setting::Number(v) => WitSetting::Number(*v),
            Setting::Flag(v) => WitSetting::Flag(*v),
            Setting::Texts(v) => WitSetting::Texts(v.clone()),
        }))
    }
}
