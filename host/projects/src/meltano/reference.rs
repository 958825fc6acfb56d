//! Texts with variables in them.

use super::plugins::Layers;
use super::rules::is_secret;

/// The most variables of which one has the value of the next.
const DEPTH: usize = 8;

/// A text with its variables looked up, as far as the project has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resolved {
    /// A text without variables of the outside.
    Plain(String),
    /// One variable, with its value in the project.
    Variable { name: String, default: Option<String> },
    /// A text around variables of the outside.
    Mixed,
}

/// A part of a text.
enum Part<'t> {
    Text(&'t str),
    Variable(&'t str),
}

/// Looks up the variables of a text.
pub(super) fn resolve(text: &str, layers: &Layers<'_>) -> Resolved {
    resolved(text, layers, &mut Vec::new())
}

fn resolved(text: &str, layers: &Layers<'_>, within: &mut Vec<String>) -> Resolved {
    let parts = parts(text);
    let mut value = |name: &str| {
        let given = layers.variable_value(name);
        // A variable whose value names itself comes from outside.
        let Some(given) = given.filter(|_| within.len() < DEPTH && !within.iter().any(|known| known == name)) else {
            return Resolved::Variable { name: name.to_owned(), default: None };
        };
        within.push(name.to_owned());
        let found = match resolved(&given, layers, within) {
            Resolved::Plain(plain) => Resolved::Variable { name: name.to_owned(), default: Some(plain) },
            other => other,
        };
        within.pop();
        found
    };
    match parts.as_slice() {
        [Part::Variable("MELTANO_ENVIRONMENT")] => {}
        [Part::Variable(name)] => return value(name),
        _ => {}
    }
    let mut whole = String::new();
    for part in parts {
        match part {
            Part::Text(text) => whole.push_str(text),
            // The value of a secret must not become a part of a text.
            Part::Variable(name) if is_secret(name) => return Resolved::Mixed,
            Part::Variable(name) => match value(name) {
                Resolved::Variable { name, default: Some(plain) } if !is_secret(&name) => whole.push_str(&plain),
                Resolved::Plain(plain) => whole.push_str(&plain),
                _ => return Resolved::Mixed,
            },
        }
    }
    Resolved::Plain(whole)
}

/// Splits a text at its variables, `$NAME` and `${NAME}`.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let after = &rest[at + 1..];
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (name, end) = match braced {
            Some((name, _)) => (name, at + 3 + name.len()),
            None => {
                let name = &after[..after.find(|letter| !is_name(letter)).unwrap_or(after.len())];
                (name, at + 1 + name.len())
            }
        };
        let is_variable =
            !name.is_empty() && name.chars().all(is_name) && !name.starts_with(|l: char| l.is_ascii_digit());
        if !is_variable {
            parts.push(Part::Text(&rest[..=at]));
            rest = after;
            continue;
        }
        if at > 0 {
            parts.push(Part::Text(&rest[..at]));
        }
        parts.push(Part::Variable(name));
        rest = &rest[end..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}
