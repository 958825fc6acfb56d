//! Names. The host writes them as the pipeline does, mostly in lower case. SQLite ignores the case of names. Oracle keeps
//! a name in upper case unless it is quoted: there every name is sent quoted and in upper case, and one that needs no
//! quotes is returned in lower case, so that one pipeline fits both.

use crate::Dialect;

impl Dialect {
    /// Returns a name as the database's catalogue has it.
    pub fn spelled(self, name: &str) -> String {
        match self {
            Self::Sqlite => name.to_owned(),
            Self::Oracle => name.to_uppercase(),
        }
    }

    /// Returns a name of the catalogue as the host spells it: in lower case, unless the database needs it in quotes.
    pub fn shown(self, name: &str) -> String {
        let is_plain = |letter: char| matches!(letter, 'A'..='Z' | '0'..='9' | '_' | '$' | '#');
        match self {
            Self::Oracle if name.chars().all(is_plain) => name.to_lowercase(),
            _ => name.to_owned(),
        }
    }

    /// Returns whether the database takes both names for one.
    pub fn is_same_name(self, one: &str, other: &str) -> bool {
        match self {
            Self::Sqlite => one.eq_ignore_ascii_case(other),
            Self::Oracle => self.spelled(one) == self.spelled(other),
        }
    }

    /// Returns a name as it is spelled among others, or as it is if it is none of them.
    pub fn spelled_as<'n>(self, name: &'n str, others: &'n [String]) -> &'n str {
        others.iter().find(|other| self.is_same_name(other, name)).map_or(name, String::as_str)
    }

    /// Returns a name as an identifier in a statement.
    pub fn quoted(self, name: &str) -> String {
        self.quoted_exactly(&self.spelled(name))
    }

    /// Returns a name as an identifier in a statement, in just these letters. No name in Oracle can have a quote in it.
    pub fn quoted_exactly(self, name: &str) -> String {
        match self {
            Self::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
            Self::Oracle => format!("\"{}\"", name.replace('"', "")),
        }
    }

    /// Returns names as identifiers separated by commas, each after the prefix `before`, such as `t.`.
    pub fn quoted_list<S: AsRef<str>>(self, before: &str, names: impl IntoIterator<Item = S>) -> String {
        let names = names.into_iter().map(|name| format!("{before}{}", self.quoted(name.as_ref())));
        names.collect::<Vec<_>>().join(", ")
    }
}

/// Returns the item with a name: one that has it but for the case of ASCII letters, as SQLite compares names, or else one
/// that has it but for the case of any letters, as Oracle does.
pub fn by_name<T>(
    items: impl Iterator<Item = T> + Clone,
    name: &str,
    name_of: impl for<'t> Fn(&'t T) -> &'t str,
) -> Option<T> {
    let exact = items.clone().find(|item| name_of(item).eq_ignore_ascii_case(name));
    exact.or_else(|| items.into_iter().find(|item| name_of(item).to_uppercase() == name.to_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oracles_names_go_in_upper_case_and_come_back_in_lower_case() {
        let oracle = Dialect::Oracle;
        assert_eq!(oracle.quoted("_order"), "\"_ORDER\"");
        assert_eq!(oracle.quoted("größe"), "\"GRÖSSE\"");
        assert_eq!(oracle.quoted("a\" OR \"b"), "\"A OR B\"");
        assert_eq!(oracle.quoted_list("s.", ["a", "b"]), "s.\"A\", s.\"B\"");
        assert_eq!(oracle.shown("ORDER_ID"), "order_id");
        assert_eq!(oracle.shown("Mixed"), "Mixed");
        let others = ["Unit Price".to_owned(), "Größe".to_owned()];
        assert_eq!(oracle.spelled_as("UNIT PRICE", &others), "Unit Price");
        assert_eq!(oracle.spelled_as("GRÖSSE", &others), "Größe");
        assert_eq!(oracle.spelled_as("price", &others), "price");
    }

    #[test]
    fn sqlites_names_keep_their_letters() {
        let sqlite = Dialect::Sqlite;
        assert_eq!(sqlite.quoted("a\" OR \"b"), "\"a\"\" OR \"\"b\"");
        assert_eq!(sqlite.quoted_list("", ["a", "B"]), "\"a\", \"B\"");
        assert_eq!(sqlite.shown("ORDER_ID"), "ORDER_ID");
        assert!(sqlite.is_same_name("Amount", "AMOUNT") && !sqlite.is_same_name("É", "é"));
    }
}
