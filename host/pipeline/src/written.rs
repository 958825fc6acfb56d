//! One value as it was written: a literal of the type that its key asks for, or a reference to one.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::kind::{Key, Kind};
use crate::words::{self, Objection};

/// A value as it was written.
#[derive(Debug, Clone)]
pub(crate) enum Written {
    Text(String),
    Integer(i64),
    Number(f64),
    Flag(bool),
    Texts(Vec<String>),
    /// `{ env = "name", default = … }`
    Variable {
        name: String,
        default: Option<Box<Written>>,
    },
    /// `{ file = "path" }`
    File(String),
}

const REFERENCE: &str = "write `{ env = \"VARIABLE\" }`, `{ env = \"VARIABLE\", default = … }` or \
                         `{ file = \"path\" }`";

/// Reads the value of a key.
pub(crate) fn read(value: &DeValue<'_>, key: &Key) -> Result<Written, Objection> {
    match value {
        DeValue::Table(table) if key.takes_reference() => reference(table, |value| typed(value, key)),
        value => typed(value, key),
    }
}

/// Reads a setting of a plugin, whose type only the plugin can tell.
pub(crate) fn read_setting(value: &DeValue<'_>) -> Result<Written, Objection> {
    let any = |value: &DeValue<'_>| {
        let advice = "write text, a number, true or false, or a list of texts".to_owned();
        literal(value).ok_or_else(|| (format!("must not be {}", found(value)), Some(advice)))
    };
    match value {
        DeValue::Table(table) => reference(table, any),
        value => any(value),
    }
}

/// A value that stands in the file itself.
fn typed(value: &DeValue<'_>, key: &Key) -> Result<Written, Objection> {
    let written = literal(value);
    let text = matches!(written, Some(Written::Text(_)));
    let fits = match key.kind {
        Kind::Secret if text => {
            let advice = format!("write `{0} = {{ env = \"VARIABLE\" }}` or `{0} = {{ file = \"path\" }}`", key.name);
            return Err(("a secret must not stand in the file".to_owned(), Some(advice)));
        }
        Kind::Secret | Kind::Table(_) | Kind::Named(_) | Kind::Settings => false,
        Kind::Names | Kind::Identifiers | Kind::TakeOvers => matches!(written, Some(Written::Texts(_))),
        Kind::Count { .. } => matches!(written, Some(Written::Integer(_))),
        Kind::Flag => matches!(written, Some(Written::Flag(_))),
        _ => text,
    };
    if let Some(written) = written.filter(|_| fits) {
        return Ok(written);
    }
    let advice = match key.kind {
        Kind::Count { .. } | Kind::Flag if text => Some("write it without quotation marks"),
        Kind::Names | Kind::Identifiers | Kind::TakeOvers if text => Some("put it into brackets: [\"…\"]"),
        Kind::Span { .. } => Some("write a number with its unit, in quotation marks"),
        _ => None,
    };
    let message = format!("must be {}, not {}", key.kind.expected(), found(value));
    Err((message, advice.map(str::to_owned)))
}

/// A reference; `default` reads the value that is taken for an unset variable.
fn reference(
    table: &DeTable<'_>,
    default: impl Fn(&DeValue<'_>) -> Result<Written, Objection>,
) -> Result<Written, Objection> {
    let objection = |message: &str| Err((message.to_owned(), Some(REFERENCE.to_owned())));
    for name in table.keys().map(Spanned::get_ref) {
        if !["env", "file", "default"].contains(&name.as_ref()) {
            return objection(&format!("`{name}` is not a part of a reference"));
        }
    }
    let get = |name: &str| table.get(name).map(Spanned::get_ref);
    let text = |value: &DeValue<'_>| match value {
        DeValue::String(text) if words::text(text).is_ok() => Some(text.to_string()),
        _ => None,
    };
    match (get("env"), get("file"), get("default")) {
        (Some(name), None, other) => {
            let Some(name) = text(name).filter(|name| !name.contains('=')) else {
                return objection("`env` must name a variable");
            };
            let default = other.map(default).transpose()?.map(Box::new);
            Ok(Written::Variable { name, default })
        }
        (None, Some(path), None) => match text(path) {
            Some(path) => Ok(Written::File(path)),
            None => objection("`file` must name a file"),
        },
        (None, Some(_), Some(_)) => objection("a reference to a file has no `default`"),
        (Some(_), Some(_), _) => objection("names both `env` and `file`"),
        (None, None, _) => objection("is neither a value nor a reference"),
    }
}

/// The value, unless it is of a type that no key takes.
pub(crate) fn literal(value: &DeValue<'_>) -> Option<Written> {
    match value {
        DeValue::String(text) => Some(Written::Text(text.to_string())),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok().map(Written::Integer),
        DeValue::Float(number) => {
            number.as_str().parse().ok().filter(|number: &f64| number.is_finite()).map(Written::Number)
        }
        DeValue::Boolean(flag) => Some(Written::Flag(*flag)),
        DeValue::Array(items) => {
            let text = |item: &Spanned<DeValue<'_>>| match item.get_ref() {
                DeValue::String(text) => Some(text.to_string()),
                _ => None,
            };
            items.iter().map(text).collect::<Option<_>>().map(Written::Texts)
        }
        DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

/// What was found, in words.
pub(crate) fn found(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) if literal(value).is_none() => "a number that large",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) if literal(value).is_none() => "a number that is not finite",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) if literal(value).is_none() => "a list with other things than texts",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
