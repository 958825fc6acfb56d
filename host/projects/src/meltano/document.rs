//! A pipeline file as a tree of tables: what several have in common, and their text.

use std::fmt::Write as _;

use wmshost_pipeline::toml_text;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    /// A whole number or a truth value.
    Plain(String),
    List(Vec<String>),
    /// A variable of the environment, with a value that is used when it is not set.
    Variable(String, Option<Box<Self>>),
    Table(Table),
}

/// A table; keys are in the order in which they were set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Table(Vec<(String, Value)>);

impl Table {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// The table of this name, which is made if it is not there.
    pub(super) fn table(&mut self, key: &str) -> &mut Self {
        if !matches!(self.get(key), Some(Value::Table(_))) {
            self.set(key, Value::Table(Self::default()));
        }
        let found = self.0.iter_mut().find_map(|(known, value)| match value {
            Value::Table(table) if known == key => Some(table),
            _ => None,
        });
        found.expect("it was made")
    }

    /// Sets a key.
    pub(super) fn set(&mut self, key: &str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key.to_owned(), value)),
        }
    }

    /// Sets all keys of another table.
    pub(super) fn add_all(&mut self, other: Self) {
        for (key, value) in other.0 {
            self.set(&key, value);
        }
    }

    /// Removes a key.
    pub(super) fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.0.iter().position(|(known, _)| known == key)?;
        Some(self.0.remove(at).1)
    }

    /// The keys that all of these tables have with the same value.
    pub(super) fn common(tables: &[&Self]) -> Self {
        let Some((first, rest)) = tables.split_first() else { return Self::default() };
        let mut common = Self::default();
        for (key, value) in &first.0 {
            let others: Option<Vec<&Value>> = rest.iter().map(|table| table.get(key)).collect();
            let Some(others) = others else { continue };
            if others.iter().all(|other| *other == value) {
                common.set(key, value.clone());
                continue;
            }
            let tables: Option<Vec<&Self>> = std::iter::once(value)
                .chain(others)
                .map(|value| if let Value::Table(table) = value { Some(table) } else { None })
                .collect();
            let shared = tables.map(|tables| Self::common(&tables)).filter(|shared| !shared.is_empty());
            if let Some(shared) = shared {
                common.set(key, Value::Table(shared));
            }
        }
        common
    }

    /// The rest without what is in another table.
    pub(super) fn without(&self, other: &Self) -> Self {
        let mut rest = Self::default();
        for (key, value) in &self.0 {
            match (value, other.get(key)) {
                (value, Some(same)) if value == same => {}
                (Value::Table(table), Some(Value::Table(part))) => {
                    let left = table.without(part);
                    if !left.is_empty() {
                        rest.set(key, Value::Table(left));
                    }
                }
                _ => rest.set(key, value.clone()),
            }
        }
        rest
    }

    /// The text of the table as a file.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut Vec::new(), &mut text);
        text.trim_start().to_owned()
    }

    fn write(&self, path: &mut Vec<String>, text: &mut String) {
        let is_table = |value: &Value| matches!(value, Value::Table(_));
        let has_values = self.0.iter().any(|(_, value)| !is_table(value));
        if !path.is_empty() && (has_values || self.is_empty()) {
            let _ = writeln!(text, "\n[{}]", path.join("."));
        }
        for (key, value) in self.0.iter().filter(|(_, value)| !is_table(value)) {
            let _ = writeln!(text, "{} = {value}", key_text(key));
        }
        for (key, value) in &self.0 {
            if let Value::Table(table) = value {
                path.push(key_text(key));
                table.write(path, text);
                path.pop();
            }
        }
    }
}

/// A key as TOML has it.
fn key_text(key: &str) -> String {
    let is_bare = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    if !key.is_empty() && key.chars().all(is_bare) { key.to_owned() } else { toml_text(key) }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&toml_text(text)),
            Self::Plain(text) => f.write_str(text),
            Self::List(texts) => {
                let texts: Vec<String> = texts.iter().map(|text| toml_text(text)).collect();
                write!(f, "[{}]", texts.join(", "))
            }
            Self::Variable(name, None) => write!(f, "{{ env = {} }}", toml_text(name)),
            Self::Variable(name, Some(default)) => write!(f, "{{ env = {}, default = {default} }}", toml_text(name)),
            Self::Table(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(entries: &[(&str, Value)]) -> Table {
        Table(entries.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect())
    }

    #[test]
    fn what_files_have_in_common_is_taken_out_of_them() {
        let plain = |text: &str| Value::Plain(text.to_owned());
        let of = |port: &str| {
            let inner = table(&[("host", Value::Text("db \"x\"".to_owned())), ("port", plain(port))]);
            table(&[("name", Value::Text("n".to_owned())), ("a b", Value::Table(inner))])
        };
        let (one, two) = (of("1"), of("2"));
        let common = Table::common(&[&one, &two]);
        assert_eq!(common.text(), "name = \"n\"\n\n[\"a b\"]\nhost = \"db \\\"x\\\"\"\n");
        assert_eq!(two.without(&common).text(), "[\"a b\"]\nport = 2\n");
        assert_eq!(one.without(&one).text(), "");
    }
}
