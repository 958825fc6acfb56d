//! Settings as Meltano passes them: one JSON object, perhaps in several files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use wmshost_flow::Failure;

use crate::environment::variable;

/// A setting, for documentation.
#[derive(Debug, Clone, Copy)]
pub struct SettingInfo {
    /// Its name.
    pub name: &'static str,
    /// Its type in JSON Schema.
    pub kind: &'static str,
    /// Its purpose.
    pub description: &'static str,
}

pub(super) const fn setting(name: &'static str, kind: &'static str, description: &'static str) -> SettingInfo {
    SettingInfo { name, kind, description }
}

/// Returns the settings in variables of the environment, a prefix and the name, as a JSON object.
pub fn settings_in_environment(prefix: &str, settings: &[SettingInfo]) -> String {
    let value = |text: String| {
        serde_json::from_str(&text).ok().filter(|value: &Value| !value.is_string()).unwrap_or(text.into())
    };
    let given = settings.iter().filter_map(|setting| {
        let text = variable(&format!("{prefix}{}", setting.name.to_uppercase()))?.into_string().ok()?;
        Some((setting.name.to_owned(), value(text)))
    });
    Value::Object(given.collect()).to_string()
}

/// Takes settings one by one; what is left at the end is unknown.
pub(super) struct Reader {
    given: BTreeMap<String, Value>,
    pub(super) mistakes: Vec<String>,
}

impl Reader {
    /// Reads JSON objects, of which the later ones win.
    pub(super) fn new(texts: &[(String, String)]) -> Self {
        let (mut given, mut mistakes) = (BTreeMap::new(), Vec::new());
        for (file, text) in texts {
            match serde_json::from_str::<Value>(text) {
                Ok(Value::Object(settings)) => given.extend(settings.into_iter().filter(|(_, value)| !value.is_null())),
                Ok(_) => mistakes.push(format!("{file}: it is not a JSON object")),
                Err(error) => mistakes.push(format!("{file}:{}: it is not JSON", error.line())),
            }
        }
        Self { given, mistakes }
    }

    /// The setting `pipeline`, which is required.
    pub(super) fn pipeline(&mut self) -> PathBuf {
        let is_read = self.mistakes.is_empty();
        let pipeline = self.text("pipeline");
        if pipeline.is_none() && is_read && self.mistakes.is_empty() {
            self.mistakes.push("pipeline is missing: name the pipeline file that has the connection".to_owned());
        }
        pipeline.unwrap_or_default().into()
    }

    /// Fails if there was a mistake, or if a setting is left.
    pub(super) fn end(self, of: &str, settings: &[SettingInfo]) -> Result<(), Failure> {
        let known: Vec<&str> = settings.iter().map(|setting| setting.name).collect();
        let unknown = self.given.into_keys();
        let unknown =
            unknown.map(|name| format!("there is no setting {name:?}; the settings are {}", known.join(", ")));
        let mistakes: Vec<String> = self.mistakes.into_iter().chain(unknown).collect();
        if mistakes.is_empty() {
            return Ok(());
        }
        Err(Failure::invalid_config(format!("the settings of the {of}:\n{}", mistakes.join("\n"))))
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.given.remove(name)? {
            Value::String(text) if !text.is_empty() => Some(text),
            _ => self.wrong(name, "a text"),
        }
    }

    pub(super) fn count(&mut self, name: &str) -> Option<u64> {
        match self.given.remove(name)?.as_u64().filter(|count| (1..=1_000_000).contains(count)) {
            Some(count) => Some(count),
            None => self.wrong(name, "a whole number from 1 to 1000000"),
        }
    }

    pub(super) fn flag(&mut self, name: &str, otherwise: bool) -> bool {
        let Some(value) = self.given.remove(name) else { return otherwise };
        value.as_bool().or_else(|| self.wrong(name, "true or false")).unwrap_or(otherwise)
    }

    fn wrong<T>(&mut self, name: &str, expected: &str) -> Option<T> {
        self.mistakes.push(format!("{name} is not {expected}"));
        None
    }
}
