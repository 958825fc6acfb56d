//! The types of settings, as the head of a function names them.

use crate::about::{Declared, Setting, Settings};
use crate::failure::Result;

/// A type of setting.
pub trait SettingValue: Sized {
    /// The value as the function gets it.
    type Seen<'s>
    where
        Self: 's;
    /// Declares a setting of this type.
    fn declared(name: &'static str, summary: &'static str) -> Declared;
    /// Returns the value as a default.
    fn into_setting(self) -> Setting;
    /// Reads the setting.
    fn of(settings: &Settings, name: &str) -> Result<Self>;
    /// Returns the value as the function gets it.
    fn seen(&self) -> Self::Seen<'_>;
}

/// Implements a type of setting that is copied.
macro_rules! copied {
    ($($kind:ty, $declare:ident, $variant:ident;)*) => {$(
        impl SettingValue for $kind {
            type Seen<'s> = Self;

            fn declared(name: &'static str, summary: &'static str) -> Declared {
                Declared::$declare(name, summary)
            }
            fn into_setting(self) -> Setting {
                Setting::$variant(self)
            }
            fn of(settings: &Settings, name: &str) -> Result<Self> {
                settings.$declare(name)
            }
            fn seen(&self) -> Self {
                *self
            }
        }
    )*};
}

copied! {
    i64, integer, Integer;
    f64, number, Number;
    bool, flag, Flag;
}

impl SettingValue for String {
    type Seen<'s> = &'s str;

    fn declared(name: &'static str, summary: &'static str) -> Declared {
        Declared::text(name, summary)
    }
    fn into_setting(self) -> Setting {
        Setting::Text(self)
    }
    fn of(settings: &Settings, name: &str) -> Result<Self> {
        settings.text(name).map(str::to_owned)
    }
    fn seen(&self) -> &str {
        self
    }
}

impl SettingValue for Vec<String> {
    type Seen<'s> = &'s [String];

    fn declared(name: &'static str, summary: &'static str) -> Declared {
        Declared::texts(name, summary)
    }
    fn into_setting(self) -> Setting {
        Setting::Texts(self)
    }
    fn of(settings: &Settings, name: &str) -> Result<Self> {
        settings.texts(name).map(<[String]>::to_vec)
    }
    fn seen(&self) -> &[String] {
        self
    }
}
