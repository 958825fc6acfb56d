//! The settings of a plugin: the values of its own keys in a pipeline file.

use std::fmt;

/// The type of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// A list of texts.
    Texts,
}

impl fmt::Display for SettingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Flag => "true or false",
            Self::Texts => "a list of texts",
        })
    }
}

/// The value of a setting.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// A list of texts.
    Texts(Vec<String>),
}

impl Setting {
    /// Returns its type.
    pub fn kind(&self) -> SettingKind {
        match self {
            Self::Text(_) => SettingKind::Text,
            Self::Integer(_) => SettingKind::Integer,
            Self::Number(_) => SettingKind::Number,
            Self::Flag(_) => SettingKind::Flag,
            Self::Texts(_) => SettingKind::Texts,
        }
    }
}
