//! Values by reference: `{ env = "VARIABLE" }` and `{ file = "path" }`. Their contents are never shown, since any of
//! them may be a secret.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use wmshost_flow::check_is_file;

use crate::authored::Leaf;
use crate::extends::beside;
use crate::value::AuthoredValue;

/// The largest size of a file with a value, in bytes.
const MOST_FILE_BYTES: u64 = 64 << 10;

/// The variables that pipeline files may refer to.
pub trait Environment {
    /// Returns the value of a variable; `None` if it is not set.
    fn variable(&self, name: &str) -> Option<OsString>;
}

impl<F: Fn(&str) -> Option<OsString>> Environment for F {
    fn variable(&self, name: &str) -> Option<OsString> {
        self(name)
    }
}

/// The origin of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It is written in the pipeline file.
    Typed,
    /// It is the default in the pipeline file for an unset variable.
    Default,
    Variable(String),
    File(PathBuf),
}

impl Origin {
    /// Returns whether the value may be shown.
    pub(crate) fn public(&self) -> bool {
        matches!(self, Self::Typed | Self::Default)
    }

    /// Returns a subject for a message about the value; it shows only a value that is written in the pipeline file.
    pub(crate) fn subject(&self, value: &str) -> String {
        match self {
            Self::Typed | Self::Default if value.is_empty() => "the value".to_owned(),
            Self::Typed | Self::Default => format!("`{value}`"),
            Self::Variable(name) => format!("the value of the variable {name}"),
            Self::File(path) => format!("the text of {}", path.display()),
        }
    }
}

/// A value with its origin.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) value: AuthoredValue,
    pub(crate) origin: Origin,
}

/// Returns the value of a leaf, or the problem and the advice.
pub(crate) fn look_up(leaf: &Leaf, environment: &dyn Environment) -> Result<Found, (String, String)> {
    match &leaf.value {
        AuthoredValue::Variable { name, default } => variable(name, default.as_deref(), environment),
        AuthoredValue::File(path) => {
            let path = beside(&leaf.place.file, path);
            let value = AuthoredValue::Text(content(&path)?);
            Ok(Found { value, origin: Origin::File(path) })
        }
        value => Ok(Found { value: value.clone(), origin: Origin::Typed }),
    }
}

/// Returns the value of a variable. An empty one counts as unset, because shells and containers unset variables that
/// way.
fn variable(
    name: &str,
    default: Option<&AuthoredValue>,
    environment: &dyn Environment,
) -> Result<Found, (String, String)> {
    let set = environment.variable(name);
    let empty = set.as_ref().is_some_and(|value| value.is_empty());
    match (set.filter(|value| !value.is_empty()), default) {
        (Some(value), _) => match value.into_string() {
            Ok(text) => Ok(Found { value: AuthoredValue::Text(text), origin: Origin::Variable(name.to_owned()) }),
            Err(_) => Err((format!("the variable {name} is not UTF-8 text"), "set it to text".to_owned())),
        },
        (None, Some(default)) => Ok(Found { value: default.clone(), origin: Origin::Default }),
        (None, None) => {
            let state = if empty { "empty" } else { "not set" };
            let advice = "set it, or give the reference a `default`".to_owned();
            Err((format!("the variable {name} is {state}"), advice))
        }
    }
}

/// Returns the text of a file without the newline at its end.
fn content(path: &Path) -> Result<String, (String, String)> {
    let shown = path.display();
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            (format!("no such file: {shown}"), "the path is relative to the file it is in".to_owned())
        }
        _ => (format!("{shown} cannot be read: {error}"), "correct the path or its rights".to_owned()),
    };
    let mut bytes = Vec::new();
    let file = check_is_file(path).and_then(|()| std::fs::File::open(path)).map_err(failed)?;
    file.take(MOST_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MOST_FILE_BYTES {
        let message = format!("{shown} has more than {} KiB", MOST_FILE_BYTES >> 10);
        return Err((message, "name the file that holds the value alone".to_owned()));
    }
    let text =
        String::from_utf8(bytes).map_err(|_| (format!("{shown} is not UTF-8 text"), "save it as UTF-8".to_owned()))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err((format!("{shown} is empty"), "write the value into it".to_owned()));
    }
    Ok(text.to_owned())
}
