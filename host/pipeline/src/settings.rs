//! Checks the settings of a plugin in a stream against the plugin's declaration: known keys, right types, allowed
//! values, all required ones set; defaults are filled in.

use std::collections::BTreeMap;

use toml::de::DeValue;
use wmshost_flow::{Setting, SettingKind};

use crate::authored::Node;
use crate::diagnostics::{DiagnosticSink, join};
use crate::keys::stream;
use crate::plugins::SettingMetadata;
use crate::reference::{Found, Origin};
use crate::secret::Secret;
use crate::section_reader::SectionReader;
use crate::suggest;
use crate::syntax::SyntaxError;
use crate::value::{AuthoredValue, literal};

/// A setting as written: a value in the file, or text by reference, which is not shown.
#[derive(Debug, Clone)]
pub(crate) enum GivenSetting {
    Typed(Setting),
    Referred(Secret, Origin),
}

impl From<Found> for GivenSetting {
    fn from(found: Found) -> Self {
        match found.value {
            AuthoredValue::Text(text) if !found.origin.public() => Self::Referred(Secret::new(text), found.origin),
            value => Self::Typed(Setting::from(value)),
        }
    }
}

impl From<AuthoredValue> for Setting {
    fn from(value: AuthoredValue) -> Self {
        match value {
            AuthoredValue::Integer(number) => Self::Integer(number),
            AuthoredValue::Number(number) => Self::Number(number),
            AuthoredValue::Flag(flag) => Self::Flag(flag),
            AuthoredValue::Texts(texts) => Self::Texts(texts),
            AuthoredValue::Text(text) | AuthoredValue::File(text) | AuthoredValue::Variable { name: text, .. } => {
                Self::Text(text)
            }
        }
    }
}

/// Returns the settings for each plugin. Their types are checked once the plugin is known.
pub(crate) fn given(scope: &mut SectionReader<'_>) -> BTreeMap<String, BTreeMap<String, GivenSetting>> {
    let Some(Node::Section(plugins)) = scope.section.entries.get(stream::SETTINGS.name) else {
        return BTreeMap::new();
    };
    let mut all = BTreeMap::new();
    for (plugin, node) in &plugins.entries {
        let Node::Section(section) = node else {
            continue;
        };
        let mut given = BTreeMap::new();
        for (name, node) in &section.entries {
            if let Node::Leaf(leaf) = node
                && let Some(found) = scope.look_up(leaf)
            {
                given.insert(name.clone(), GivenSetting::from(found));
            }
        }
        all.insert(plugin.clone(), given);
    }
    all
}

/// Returns the complete settings of a plugin. `path` is that of its table of settings.
pub(crate) fn check(
    declared: &[SettingMetadata],
    given: &BTreeMap<String, GivenSetting>,
    path: &str,
    sink: &mut DiagnosticSink,
) -> BTreeMap<String, Setting> {
    for name in given.keys() {
        if !declared.iter().any(|setting| setting.name == *name) {
            let known = declared.iter().map(|setting| setting.name.as_str());
            let advice =
                suggest::advice(name, known).or_else(|| Some("remove it: the plugin takes no settings".to_owned()));
            sink.of(&join(path, name), "the plugin has no such setting", advice);
        }
    }
    let mut settings = BTreeMap::new();
    for setting in declared {
        let key = join(path, &setting.name);
        let given = given.get(&setting.name);
        let value = match given {
            Some(given) => value(setting, given),
            None if sink.is_reported(&key) => continue,
            None => fallback(setting),
        };
        let shown = matches!(given, Some(GivenSetting::Typed(_)));
        match value.and_then(|value| chosen(setting, value, shown)) {
            Ok(value) => {
                settings.insert(setting.name.clone(), value);
            }
            Err((message, advice)) => sink.of(&key, message, advice),
        }
    }
    settings
}

/// Converts a given value to the declared type.
fn value(setting: &SettingMetadata, given: &GivenSetting) -> Result<Setting, SyntaxError> {
    let expected = setting.kind;
    match given {
        GivenSetting::Typed(value) => {
            let found = value.kind();
            typed(setting.kind, value.clone()).ok_or_else(|| (format!("must be {expected}, not {found}"), None))
        }
        GivenSetting::Referred(text, origin) => parsed(setting.kind, text.reveal())
            .ok_or_else(|| (format!("{} is not {expected}", origin.subject("")), None)),
    }
}

/// Returns the default of a setting that is not set.
fn fallback(setting: &SettingMetadata) -> Result<Setting, SyntaxError> {
    let expected = setting.kind;
    let text = setting.fallback.as_deref().ok_or_else(|| {
        let advice = format!("add `{} = …`: {expected}", setting.name);
        ("is missing; the plugin needs it".to_owned(), Some(advice))
    })?;
    let written = DeValue::parse(text).ok().and_then(|value| literal(value.get_ref()));
    let value = written.and_then(|value| typed(setting.kind, Setting::from(value)));
    value
        .or_else(|| parsed(setting.kind, text))
        .ok_or_else(|| (format!("the plugin's own default is not {expected}"), Some("fix the plugin".to_owned())))
}

/// Converts a value written in the file to the declared type; a whole number is a number too.
fn typed(kind: SettingKind, value: Setting) -> Option<Setting> {
    match (kind, value) {
        (SettingKind::Text, value @ Setting::Text(_))
        | (SettingKind::Integer, value @ Setting::Integer(_))
        | (SettingKind::Number, value @ Setting::Number(_))
        | (SettingKind::Flag, value @ Setting::Flag(_))
        | (SettingKind::Texts, value @ Setting::Texts(_)) => Some(value),
        (SettingKind::Number, Setting::Integer(number)) => Some(Setting::Number(number as f64)),
        _ => None,
    }
}

/// Converts a text from elsewhere to the declared type; a list is separated by commas.
fn parsed(kind: SettingKind, text: &str) -> Option<Setting> {
    match kind {
        SettingKind::Text => Some(Setting::Text(text.to_owned())),
        SettingKind::Integer => text.trim().parse().ok().map(Setting::Integer),
        SettingKind::Number => text.trim().parse().ok().map(Setting::Number),
        SettingKind::Flag => text.trim().parse().ok().map(Setting::Flag),
        SettingKind::Texts => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(Setting::Texts(items.map(str::to_owned).collect()))
        }
    }
}

/// Returns the value if the plugin allows it.
fn chosen(setting: &SettingMetadata, value: Setting, shown: bool) -> Result<Setting, SyntaxError> {
    let texts = match &value {
        Setting::Text(text) => std::slice::from_ref(text),
        Setting::Texts(texts) => texts.as_slice(),
        _ => return Ok(value),
    };
    let allowed = |text: &String| setting.choices.is_empty() || setting.choices.contains(text);
    let Some(wrong) = texts.iter().find(|text| !allowed(text)) else {
        return Ok(value);
    };
    let choices = setting.choices.join(", ");
    let near = suggest::nearest(wrong, setting.choices.iter().map(String::as_str));
    let advice = near.filter(|_| shown).map(|near| format!("did you mean `{near}`?"));
    let subject = if shown { format!("`{wrong}`") } else { "the value".to_owned() };
    Err((format!("{subject} is not one of {choices}"), advice))
}
