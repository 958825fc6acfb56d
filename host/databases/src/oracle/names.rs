//! Names as Oracle has them, by the rules of [`Dialect`], and the names that a server cannot take.

use wmshost_flow::Failure;
use wmshost_sql::Dialect;

/// A name as Oracle spells it.
pub(crate) fn spelled(name: &str) -> String {
    Dialect::Oracle.spelled(name)
}

/// A name as the host spells it: in lower case, unless Oracle needs it in quotes.
pub(crate) fn shown(name: &str) -> String {
    Dialect::Oracle.shown(name)
}

/// A name as an identifier in a statement, in just these letters.
pub(crate) fn exactly(name: &str) -> String {
    Dialect::Oracle.quoted_exactly(name)
}

/// A name as an identifier in a statement.
pub(crate) fn quoted(name: &str) -> String {
    Dialect::Oracle.quoted(name)
}

/// Names as a list of identifiers, each with something before it.
pub(crate) fn quoted_list<'a>(before: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    Dialect::Oracle.quoted_list(before, names)
}

/// Refuses a name that the server cannot take.
pub(crate) fn check(name: &str, most_bytes: usize) -> Result<(), Failure> {
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
    fn a_name_is_measured_in_bytes() {
        assert!(check("ä".repeat(15).as_str(), 30).is_ok());
        assert!(check("ä".repeat(16).as_str(), 30).is_err());
        assert!(check("", 30).is_err());
        assert!(check("a\"b", 30).is_err());
    }
}
