//! The plugin's own table in the pipeline file, by name and type.

use super::{Description, Setting};
use crate::failure::{Failure, Result, invalid_config};

/// The values of a plugin's settings, with the fallbacks in place.
#[derive(Clone, Debug)]
pub struct Settings {
    values: Vec<(String, Setting)>,
}

/// The getters of one type of setting: for a required value, and for an optional one.
macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident $find:ident $variant:ident $kind:ty, $value:ident => $read:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name(&self, name: &str) -> Result<$kind> {
            self.$find(name)?.ok_or_else(|| invalid_config(format!("setting {name} is missing")))
        }

        $(#[$doc])*
        /// `None` if it is not set.
        pub fn $find(&self, name: &str) -> Result<Option<$kind>> {
            match self.value(name) {
                None => Ok(None),
                Some(Setting::$variant($value)) => Ok(Some($read)),
                Some(other) => Err(wrong_kind(name, stringify!($variant), other)),
            }
        }
    )*};
}

impl Settings {
    /// Asks the host for the settings that the plugin describes.
    #[cfg(target_family = "wasm")]
    pub fn of(description: &Description) -> Self {
        let value = |name: &'static str| {
            let value = wmshost_plugin_capabilities::settings::get(name);
            value.map(|value| (name.to_owned(), value))
        };
        Self { values: description.setting_names().filter_map(value).collect() }
    }

    /// Settings for a test; those that are not listed have their fallbacks.
    pub fn given(description: &Description, given: &[(&str, Setting)]) -> Self {
        let value = |name: &'static str| {
            let value = given.iter().find(|(given, _)| *given == name).map(|(_, value)| value);
            value.or(description.fallback(name)).map(|value| (name.to_owned(), value.clone()))
        };
        Self { values: description.setting_names().filter_map(value).collect() }
    }

    getters! {
        /// A text.
        text find_text Text &str, value => value.as_str();
        /// A whole number.
        integer find_integer Integer i64, value => *value;
        /// A number.
        number find_number Number f64, value => *value;
        /// A flag.
        flag find_flag Flag bool, value => *value;
        /// A list of texts.
        texts find_texts Texts &[String], value => value.as_slice();
    }

    fn value(&self, name: &str) -> Option<&Setting> {
        self.values.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

fn wrong_kind(name: &str, wanted: &str, found: &Setting) -> Failure {
    let found = match found {
        Setting::Text(_) => "a text",
        Setting::Integer(_) => "a whole number",
        Setting::Number(_) => "a number",
        Setting::Flag(_) => "a flag",
        Setting::Texts(_) => "a list of texts",
    };
    invalid_config(format!("setting {name} is {found}, must be {}", wanted.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::super::Declared;
    use super::*;

    fn description() -> Description {
        Description::new("sample", "0.1.0", "A sample.")
            .setting(Declared::text("key", "The key.").fallback(Setting::Text("id".into())))
            .setting(Declared::integer("rows", "How many rows."))
    }

    #[test]
    fn a_setting_that_is_not_given_has_its_fallback() {
        let settings = Settings::given(&description(), &[]);
        assert_eq!(settings.text("key").expect("a fallback"), "id");
        assert_eq!(settings.find_integer("rows").expect("no mistake"), None);
        assert!(settings.integer("rows").is_err());
    }

    #[test]
    fn a_setting_of_another_kind_is_a_mistake() {
        let settings = Settings::given(&description(), &[("rows", Setting::Text("many".into()))]);
        let message = settings.integer("rows").expect_err("a text").to_string();
        assert!(message.contains("setting rows is a text"), "{message}");
    }
}
