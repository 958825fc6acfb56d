//! The YAML of a SQL project: lists and maps in one line, texts in quotes.

use std::fmt;

use crate::yaml::{Node, Value};

/// A value to write.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Written {
    Null,
    /// A number or a truth value.
    Plain(String),
    Text(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Written {
    /// A node as it will be written.
    pub(super) fn of(node: &Node) -> Self {
        match &node.value {
            _ if node.is_null() => Self::Null,
            Value::Scalar(text, true) if is_plain(text) => Self::Plain(text.clone()),
            Value::Scalar(text, _) => Self::Text(text.clone()),
            Value::List(nodes) => Self::List(nodes.iter().map(Self::of).collect()),
            Value::Map(entries) => Self::Map(entries.iter().map(|(key, node)| (key.clone(), Self::of(node))).collect()),
        }
    }

    /// The texts of a scalar or of a list.
    pub(super) fn texts(&self) -> Vec<String> {
        match self {
            Self::Plain(text) | Self::Text(text) => vec![text.clone()],
            Self::List(items) => items.iter().flat_map(Self::texts).collect(),
            Self::Null | Self::Map(_) => Vec::new(),
        }
    }
}

/// True for a number and for a truth value.
pub(super) fn is_plain(text: &str) -> bool {
    matches!(text, "true" | "false") || text.parse::<f64>().is_ok_and(f64::is_finite) && !text.starts_with('+')
}

/// A text in double quotes.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            letter if letter.is_control() => quoted.push_str(&format!("\\x{:02x}", u32::from(letter))),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Plain(text) => f.write_str(text),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Self::Map(entries) => {
                let entries: Vec<String> =
                    entries.iter().map(|(key, value)| format!("{}: {value}", quoted(key))).collect();
                write!(f, "{{{}}}", entries.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let text = "a: [1, 2.50, true, 'x \"y\" \\z', null, \"1\"]\nb: {c: ref('d'), e: \"line\\nnext\"}\n";
        let node = crate::yaml::parse(text).expect("YAML").expect("a document");
        let written = Written::of(&node);
        let again = crate::yaml::parse(&written.to_string()).expect("YAML").expect("a document");
        assert_eq!(Written::of(&again), written, "{written}");
    }
}
