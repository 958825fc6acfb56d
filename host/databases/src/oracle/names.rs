//! Names. The host writes them as the pipeline does, mostly in lower case; Oracle keeps them in upper case unless
//! they are quoted. Here every name goes to the server quoted and in upper case, and comes back in lower case
//! where it is a plain one, so that one pipeline fits both kinds of databases.

use wmshost_flow::Failure;

use super::settings::Settings;

/// A name as Oracle spells it.
pub(super) fn spelled(name: &str) -> String {
    name.to_uppercase()
}

/// A name as the host spells it: in lower case, unless Oracle needs it in quotes.
pub(super) fn shown(name: &str) -> String {
    let plain = |letter: char| matches!(letter, 'A'..='Z' | '0'..='9' | '_' | '$' | '#');
    if name.chars().all(plain) { name.to_lowercase() } else { name.to_owned() }
}

/// A name as an identifier in a statement, in just these letters.
pub(super) fn exactly(name: &str) -> String {
    format!("\"{}\"", name.replace('"', ""))
}

/// A table with its owner, as a GRANT names it.
pub(super) fn owned(settings: &Settings, table: &str) -> String {
    match &settings.schema {
        Some(schema) => format!("{}.{}", spelled(schema), spelled(table)),
        None => spelled(table),
    }
}

/// A name as an identifier in a statement.
pub(super) fn quoted(name: &str) -> String {
    exactly(&spelled(name))
}

/// Names as a list of identifiers, each with something before it.
pub(super) fn quoted_list<'a>(before: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("{before}{}", quoted(name))).collect::<Vec<_>>().join(", ")
}

/// Refuses a name that the server cannot take.
pub(super) fn check(name: &str, most_bytes: usize) -> Result<(), Failure> {
    let spelled = spelled(name);
    if spelled.is_empty() || spelled.contains(['"', '\0']) {
        return Err(Failure::invalid_config(format!("the name {name:?} is not a valid name in Oracle")));
    }
    if spelled.len() > most_bytes {
        return Err(Failure::invalid_config(format!(
            "the name {name} has {} bytes; the server takes {most_bytes}",
            spelled.len()
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_in_upper_case_and_come_back_in_lower_case() {
        assert_eq!(quoted("_order"), "\"_ORDER\"");
        assert_eq!(quoted("a\" OR \"b"), "\"A OR B\"");
        assert_eq!(quoted_list("s.", ["a", "b"]), "s.\"A\", s.\"B\"");
        assert_eq!(shown("ORDER_ID"), "order_id");
        assert_eq!(shown("Mixed"), "Mixed");
    }

    #[test]
    fn a_name_is_measured_in_bytes() {
        assert!(check("ä".repeat(15).as_str(), 30).is_ok());
        assert!(check("ä".repeat(16).as_str(), 30).is_err());
        assert!(check("", 30).is_err());
        assert!(check("a\"b", 30).is_err());
    }
}
