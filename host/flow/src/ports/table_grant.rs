//! The part of a table that a stream may read: columns by names and patterns, and rows by a condition. A driver decides it
//! when it describes a table; no statement of a plugin gets to see more.

use std::collections::{BTreeMap, BTreeSet};

use wmshost_sql::by_name;

use crate::columns::{ColumnRule, ColumnRules};

/// The part of a table that may be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableGrant {
    /// The columns that may be read, by names or patterns.
    pub columns: Vec<String>,
    /// Those of them that may not be read, likewise.
    pub except: Vec<String>,
    /// The condition of the rows that may be read, in the source's SQL; `None` for all rows.
    pub rows: Option<String>,
}

/// The grants of tables, by names or patterns.
pub type TableGrants = BTreeMap<String, TableGrant>;

impl TableGrant {
    /// The grant of a whole table.
    pub fn whole() -> Self {
        Self { columns: vec!["*".to_owned()], except: Vec::new(), rows: None }
    }

    /// Returns whether a column may be read.
    pub fn allows(&self, column: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| matches_pattern(pattern, column));
        any(&self.columns) && !any(&self.except)
    }

    /// Returns whether all columns may be read.
    pub fn has_all_columns(&self) -> bool {
        self.except.is_empty() && self.columns.iter().any(|pattern| pattern == "*")
    }

    /// Returns whether all of the table may be read.
    pub fn is_whole(&self) -> bool {
        self.rows.is_none() && self.has_all_columns()
    }

    /// Returns the rules of a stream for a table with these columns, in which those that are not granted are left out; the
    /// errors are columns that are computed of such.
    pub fn narrowed<'c>(
        &self,
        rules: &ColumnRules,
        columns: impl Iterator<Item = &'c str>,
    ) -> Result<ColumnRules, Vec<String>> {
        if self.has_all_columns() {
            return Ok(rules.clone());
        }
        let denied: BTreeSet<&str> = columns.filter(|column| !self.allows(column)).collect();
        let is_denied = |name: &String| denied.iter().any(|column| column.eq_ignore_ascii_case(name));
        let mistakes = rules.iter().filter_map(|(name, rule)| {
            let ColumnRule::Greatest(of) = rule else { return None };
            let member = of.iter().find(|member| is_denied(member))?;
            Some(format!("column {name} is the greatest of {member}, which is not granted"))
        });
        let mistakes: Vec<String> = mistakes.collect();
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let mut narrowed: ColumnRules = rules
            .iter()
            .filter(|(name, _)| !is_denied(name))
            .map(|(name, rule)| (name.clone(), rule.clone()))
            .collect();
        narrowed.extend(denied.into_iter().map(|column| (column.to_owned(), ColumnRule::Skip)));
        Ok(narrowed)
    }
}

/// Returns the grant of a table: the one under its own name, or else the first whose pattern it has.
pub fn grant_of<'g>(grants: &'g TableGrants, table: &str) -> Option<&'g TableGrant> {
    by_name(grants.iter(), table, |(name, _)| name)
        .or_else(|| grants.iter().find(|(name, _)| matches_pattern(name, table)))
        .map(|(_, grant)| grant)
}

/// True if a name can mean several tables or columns.
pub fn is_pattern(name: &str) -> bool {
    name.contains('*')
}

/// Returns whether a name fits a pattern, in which `*` matches any letters; case does not count.
pub fn matches_pattern(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_uppercase(), name.to_uppercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    if !is_pattern(&pattern) {
        return rest.is_empty();
    }
    let mut parts: Vec<&str> = parts.collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, matches) in [
            ("*", "", true),
            ("*", "anything", true),
            ("id", "ID", true),
            ("id", "ids", false),
            ("quantity_*", "Quantity_cost", true),
            ("quantity_*", "a_quantity_cost", false),
            ("*_cost", "quantity_cost", true),
            ("a*b*a", "aba", true),
            ("a*a", "a", false),
            ("a*b*c", "acb", false),
            ("*é*", "CafÉs", true),
            ("größe", "GRÖSSE", true),
        ] {
            assert_eq!(matches_pattern(pattern, name), matches, "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_not_granted_is_left_out() {
        let grant = TableGrant { columns: vec!["*".into()], except: vec!["*_cost".into()], rows: None };
        let rules = ColumnRules::from([("COST".to_owned(), ColumnRule::RowScn)]);
        let columns = ["id", "Unit_Cost", "quantity"];
        let narrowed = grant.narrowed(&rules, columns.into_iter()).expect("no mistake");
        assert_eq!(narrowed.get("Unit_Cost"), Some(&ColumnRule::Skip));
        assert_eq!(narrowed.len(), 2);
        let sum = ColumnRules::from([("g".to_owned(), ColumnRule::Greatest(vec!["id".into(), "unit_cost".into()]))]);
        let mistakes = grant.narrowed(&sum, columns.into_iter()).expect_err("a mistake");
        assert_eq!(mistakes, ["column g is the greatest of unit_cost, which is not granted"]);
    }

    #[test]
    fn a_table_has_the_grant_of_its_own_name_first() {
        let narrow = TableGrant { columns: vec!["id".into()], ..TableGrant::whole() };
        let grants = TableGrants::from([("o*".to_owned(), TableGrant::whole()), ("orders".to_owned(), narrow.clone())]);
        assert_eq!(grant_of(&grants, "ORDERS"), Some(&narrow));
        assert_eq!(grant_of(&grants, "order_lines"), Some(&TableGrant::whole()));
        assert_eq!(grant_of(&grants, "items"), None);
    }
}
