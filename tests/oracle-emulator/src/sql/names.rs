//! Names on both sides: Oracle folds to upper case, PostgreSQL to lower.

/// The other side's spelling of a name: a name in one case changes it, a mixed one stays. The same function converts
/// back.
pub(crate) fn shown(name: &str) -> String {
    let lower = name.chars().any(char::is_lowercase);
    let upper = name.chars().any(char::is_uppercase);
    match (lower, upper) {
        (true, false) => name.to_uppercase(),
        (false, true) => name.to_lowercase(),
        _ => name.to_owned(),
    }
}

/// A name of PostgreSQL in quotes.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text of PostgreSQL in quotes.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_the_same() {
        for name in ["ITEM", "item", "Item", "ITEM_1$", "1", ""] {
            assert_eq!(shown(&shown(name)), name);
        }
        assert_eq!(shown("LAST_UPDATED"), "last_updated");
        assert_eq!(shown("Mixed"), "Mixed");
    }
}
