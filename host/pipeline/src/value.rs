//! One value as it was written: a literal of its key's type, or a reference.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::key_type::{Key, KeyType};
use crate::policies::Record;
use crate::syntax::{self, SyntaxError};

/// A value as it was written.
#[derive(Debug, Clone)]
pub(crate) enum AuthoredValue {
    Text(String),
    Integer(i64),
    Number(f64),
    Flag(bool),
    Texts(Vec<String>),
    /// `{ env = "name", default = … }`
    Variable {
        name: String,
        default: Option<Box<AuthoredValue>>,
    },
    /// `{ file = "path" }`
    File(String),
}

const REFERENCE: &str = "write `{ env = \"VARIABLE\" }`, `{ env = \"VARIABLE\", default = … }` or \
                         `{ file = \"path\" }`";

/// Reads the value of a key.
pub(crate) fn read(value: &DeValue<'_>, key: &Key) -> Result<AuthoredValue, SyntaxError> {
    match value {
        DeValue::Table(table) if matches!(key.kind, KeyType::Record) && table.contains_key(Record::SAMPLE) => {
            share(table, key)
        }
        DeValue::Table(table) if key.takes_reference() => reference(table, |value| typed(value, key)),
        value => typed(value, key),
    }
}

/// Reads the share of batches that are recorded.
fn share(table: &DeTable<'_>, key: &Key) -> Result<AuthoredValue, SyntaxError> {
    let share = match table.get(Record::SAMPLE).and_then(|share| literal(share.get_ref())) {
        Some(AuthoredValue::Number(share)) => Some(share),
        Some(AuthoredValue::Integer(1)) => Some(1.0),
        _ => None,
    };
    match share.filter(|share| *share > 0.0 && *share <= 1.0 && table.len() == 1) {
        Some(share) => Ok(AuthoredValue::Number(share)),
        None => Err((format!("must be {}", key.kind.expected()), None)),
    }
}

/// Reads a setting of a plugin, whose type only the plugin knows.
pub(crate) fn read_setting(value: &DeValue<'_>) -> Result<AuthoredValue, SyntaxError> {
    let any = |value: &DeValue<'_>| {
        let advice = "write text, a number, true or false, or a list of texts".to_owned();
        literal(value).ok_or_else(|| (format!("must not be {}", found(value)), Some(advice)))
    };
    match value {
        DeValue::Table(table) => reference(table, any),
        value => any(value),
    }
}

/// Reads a value that is written in the file itself.
fn typed(value: &DeValue<'_>, key: &Key) -> Result<AuthoredValue, SyntaxError> {
    let written = literal(value);
    let text = matches!(written, Some(AuthoredValue::Text(_)));
    let fits = match key.kind {
        KeyType::Secret if text => {
            let advice = format!("write `{0} = {{ env = \"VARIABLE\" }}` or `{0} = {{ file = \"path\" }}`", key.name);
            return Err(("a secret must not be in the file".to_owned(), Some(advice)));
        }
        KeyType::Secret
        | KeyType::Table(_)
        | KeyType::Named(_)
        | KeyType::Columns(_)
        | KeyType::Grants(_)
        | KeyType::Settings => false,
        KeyType::Names | KeyType::SourceNames | KeyType::Texts | KeyType::TakeOvers | KeyType::PublicKeys => {
            matches!(written, Some(AuthoredValue::Texts(_)))
        }
        KeyType::Count { .. } => matches!(written, Some(AuthoredValue::Integer(_))),
        KeyType::Flag => matches!(written, Some(AuthoredValue::Flag(_))),
        _ => text,
    };
    if let Some(written) = written.filter(|_| fits) {
        return Ok(written);
    }
    let advice = match key.kind {
        KeyType::Count { .. } | KeyType::Flag if text => Some("write it without quotation marks"),
        KeyType::Names | KeyType::SourceNames | KeyType::Texts | KeyType::TakeOvers | KeyType::PublicKeys if text => {
            Some("put it into brackets: [\"…\"]")
        }
        KeyType::Span { .. } => Some("write a number with its unit, in quotation marks"),
        _ => None,
    };
    let message = format!("must be {}, not {}", key.kind.expected(), found(value));
    Err((message, advice.map(str::to_owned)))
}

/// Reads a reference; `default` reads the value for an unset variable.
fn reference(
    table: &DeTable<'_>,
    default: impl Fn(&DeValue<'_>) -> Result<AuthoredValue, SyntaxError>,
) -> Result<AuthoredValue, SyntaxError> {
    let objection = |message: &str| Err((message.to_owned(), Some(REFERENCE.to_owned())));
    for name in table.keys().map(Spanned::get_ref) {
        if !["env", "file", "default"].contains(&name.as_ref()) {
            return objection(&format!("`{name}` is not a part of a reference"));
        }
    }
    let get = |name: &str| table.get(name).map(Spanned::get_ref);
    let text = |value: &DeValue<'_>| match value {
        DeValue::String(text) if syntax::text(text).is_ok() => Some(text.to_string()),
        _ => None,
    };
    match (get("env"), get("file"), get("default")) {
        (Some(name), None, other) => {
            let Some(name) = text(name).filter(|name| !name.contains('=')) else {
                return objection("`env` must name a variable");
            };
            let default = other.map(default).transpose()?.map(Box::new);
            Ok(AuthoredValue::Variable { name, default })
        }
        (None, Some(path), None) => match text(path) {
            Some(path) => Ok(AuthoredValue::File(path)),
            None => objection("`file` must name a file"),
        },
        (None, Some(_), Some(_)) => objection("a reference to a file has no `default`"),
        (Some(_), Some(_), _) => objection("names both `env` and `file`"),
        (None, None, _) => objection("is neither a value nor a reference"),
    }
}

/// Returns a value of any type that some key accepts; `None` for other types.
pub(crate) fn literal(value: &DeValue<'_>) -> Option<AuthoredValue> {
    match value {
        DeValue::String(text) => Some(AuthoredValue::Text(text.to_string())),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(AuthoredValue::Integer)
        }
        DeValue::Float(number) => {
            number.as_str().parse().ok().filter(|number: &f64| number.is_finite()).map(AuthoredValue::Number)
        }
        DeValue::Boolean(flag) => Some(AuthoredValue::Flag(*flag)),
        DeValue::Array(items) => {
            let text = |item: &Spanned<DeValue<'_>>| match item.get_ref() {
                DeValue::String(text) => Some(text.to_string()),
                _ => None,
            };
            items.iter().map(text).collect::<Option<_>>().map(AuthoredValue::Texts)
        }
        DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

/// Describes the type of a value.
pub(crate) fn found(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) if literal(value).is_none() => "a number that large",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) if literal(value).is_none() => "a number that is not finite",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) if literal(value).is_none() => "a list of other values than texts",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
