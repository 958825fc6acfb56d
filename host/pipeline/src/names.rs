//! Names of streams and of target tables, made of the names of tables, and texts as TOML has them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::syntax::is_target_table;

/// The most letters of a stream's name, without the number that distinguishes it from others.
const MOST_LETTERS: usize = 56;

/// Returns a name that a stream or pipeline can have: lower-case letters, digits and `_`, a letter first.
pub fn stream_name(table: &str) -> String {
    let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
    let name: String = table.chars().map(letter).take(MOST_LETTERS).collect();
    let name = name.trim_matches('_');
    match name.chars().next() {
        None => "table".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("t_{name}"),
        Some(_) => name.to_owned(),
    }
}

/// Returns a name for a target table: the table's own in capitals, if a target can have that.
pub fn target_name(table: &str, prefix: &str) -> String {
    let upper = format!("{prefix}{}", table.to_uppercase());
    if is_target_table(&upper) {
        return upper;
    }
    let plain = format!("{prefix}{}", stream_name(table).to_uppercase());
    if is_target_table(&plain) { plain } else { format!("T_{}_T", plain) }
}

/// Returns the name, with a number after it if it is among those that are used already, without regard to case.
pub fn unused_name(name: &str, used: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    let found = std::iter::once(name.to_owned()).chain(numbered).find(|name| used.insert(name.to_lowercase()));
    found.unwrap_or_default()
}

/// Returns a text as TOML writes it.
pub fn toml_text(text: &str) -> String {
    let mut written = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => written.extend(['\\', letter]),
            letter if letter.is_control() => {
                let _ = write!(written, "\\u{:04X}", u32::from(letter));
            }
            letter => written.push(letter),
        }
    }
    written + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_table_has_a_valid_name() {
        assert_eq!(stream_name("Order Details"), "order_details");
        assert_eq!(stream_name("1NF"), "t_1nf");
        assert_eq!(stream_name("\u{540d}"), "table");
        assert_eq!(stream_name(&"x".repeat(200)).len(), MOST_LETTERS);
        assert_eq!(target_name("Größe", ""), "GRÖSSE");
        assert_eq!(target_name("Order Details", ""), "ORDER_DETAILS");
        assert_eq!(target_name("wmshost_x", ""), "T_WMSHOST_X_T");
        assert_eq!(target_name("a__next", ""), "T_A__NEXT_T");
    }

    #[test]
    fn equal_names_get_numbers() {
        let mut used = BTreeSet::new();
        let names = ["a", "A", "a_2", "a"].map(|name| unused_name(name, &mut used));
        assert_eq!(names, ["a", "A_2", "a_2_2", "a_3"]);
    }
}
