//! A plugin's description: its name, and its settings, each declared once.

use super::Setting;

/// A plugin's description of itself.
#[derive(Clone, Debug)]
pub struct Description {
    name: &'static str,
    version: &'static str,
    summary: &'static str,
    settings: Vec<Declared>,
}

/// One key of the plugin's own table in the pipeline file.
#[derive(Clone, Debug)]
pub struct Declared {
    name: &'static str,
    kind: Kind,
    summary: &'static str,
    fallback: Option<Setting>,
    choices: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    Integer,
    Number,
    Flag,
    Texts,
}

impl Description {
    /// The plugin's own name (lower case, digits, dashes), its version (`env!("CARGO_PKG_VERSION")`), and one sentence.
    pub fn new(name: &'static str, version: &'static str, summary: &'static str) -> Self {
        Self { name, version, summary, settings: Vec::new() }
    }

    /// Declares one more setting.
    #[must_use]
    pub fn setting(mut self, setting: Declared) -> Self {
        self.settings.push(setting);
        self
    }

    /// The names of the settings, in order.
    pub fn setting_names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.settings.iter().map(|setting| setting.name)
    }

    /// The fallback of a setting, if it has one.
    pub fn fallback(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name == name)?.fallback.as_ref()
    }
}

impl Declared {
    /// A text: its name, and one sentence with the unit.
    pub fn text(name: &'static str, summary: &'static str) -> Self {
        Self::of(name, Kind::Text, summary)
    }

    /// A whole number.
    pub fn integer(name: &'static str, summary: &'static str) -> Self {
        Self::of(name, Kind::Integer, summary)
    }

    /// A number.
    pub fn number(name: &'static str, summary: &'static str) -> Self {
        Self::of(name, Kind::Number, summary)
    }

    /// A flag.
    pub fn flag(name: &'static str, summary: &'static str) -> Self {
        Self::of(name, Kind::Flag, summary)
    }

    /// A list of texts.
    pub fn texts(name: &'static str, summary: &'static str) -> Self {
        Self::of(name, Kind::Texts, summary)
    }

    /// The value used when the key is not given. Without one, the key is required.
    #[must_use]
    pub fn fallback(mut self, fallback: Setting) -> Self {
        self.fallback = Some(fallback);
        self
    }

    /// The allowed values. Without them, any value.
    #[must_use]
    pub fn choices(mut self, choices: &[&'static str]) -> Self {
        self.choices = choices.to_vec();
        self
    }

    fn of(name: &'static str, kind: Kind, summary: &'static str) -> Self {
        Self { name, kind, summary, fallback: None, choices: Vec::new() }
    }
}

/// A value as it is written in a pipeline file.
fn written(setting: &Setting) -> String {
    match setting {
        Setting::Text(text) => quoted(text),
        Setting::Integer(number) => number.to_string(),
        Setting::Number(number) => format!("{number:?}"),
        Setting::Flag(flag) => flag.to_string(),
        Setting::Texts(texts) => format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The same record is in the bindings of every world, with another type each time.
macro_rules! reported_in {
    ($($feature:literal $world:path;)*) => {$(
        #[cfg(feature = $feature)]
        const _: () = {
        use $world as world;

        impl From<Description> for world::Description {
            fn from(description: Description) -> Self {
                Self {
                    name: description.name.to_owned(),
                    version: description.version.to_owned(),
                    summary: description.summary.to_owned(),
                    settings: description.settings.into_iter().map(Into::into).collect(),
                }
            }
        }

        impl From<Declared> for world::SettingDescription {
            fn from(setting: Declared) -> Self {
                Self {
                    name: setting.name.to_owned(),
                    kind: match setting.kind {
                        Kind::Text => world::SettingKind::Text,
                        Kind::Integer => world::SettingKind::Integer,
                        Kind::Number => world::SettingKind::Number,
                        Kind::Flag => world::SettingKind::Flag,
                        Kind::Texts => world::SettingKind::Texts,
                    },
                    summary: setting.summary.to_owned(),
                    fallback: setting.fallback.as_ref().map(written),
                    choices: setting.choices.into_iter().map(str::to_owned).collect(),
                }
            }
        }
        };
    )*};
}

reported_in! {
    "extractor" wmshost_plugin_extractor_world::about;
    "transform" wmshost_plugin_transform_world::about;
    "loader" wmshost_plugin_loader_world::about;
    "models" wmshost_plugin_models_world::about;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fallbacks_are_reported_as_a_pipeline_file_has_them() {
        assert_eq!(written(&Setting::Text("a \"b\"".into())), r#""a \"b\"""#);
        assert_eq!(written(&Setting::Texts(vec!["a".into(), "b".into()])), r#"["a", "b"]"#);
        assert_eq!(written(&Setting::Texts(vec![])), "[]");
        assert_eq!(written(&Setting::Number(1.0)), "1.0");
        assert_eq!(written(&Setting::Integer(3)), "3");
        assert_eq!(written(&Setting::Flag(true)), "true");
    }
}
