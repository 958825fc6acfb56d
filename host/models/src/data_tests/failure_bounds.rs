//! The result of a test from the new rows alone. A row fails now because it is new and fails, or because it failed
//! before and is unchanged: the sum of the earlier failures and the new rows that fail is an upper bound. Rows that
//! were changed or deleted can only lower the true number. Where the bound is within the thresholds, the test has
//! passed, as a count of all rows would show; where it is not, this module has no result, and all rows are counted.
//! Where all rows are new, as in a table that was replaced, the count of the new ones is exact.

use std::collections::BTreeMap;

use wmshost_flow::Sql;
use wmshost_flow::model::Threshold;

use super::counts::{Testing, shared_counts};
use super::evaluate::{TestStatus, over_rows};
use super::query::new_failures;
use super::scope::TestScope;
use crate::project::ParsedTest;
use crate::record::Moment;
use crate::store::rows_of;

/// The counted rows of a test.
#[derive(Debug, Clone)]
pub(super) struct Counted {
    pub(super) failing: u64,
    /// The number of rows of which the failing ones are a share.
    pub(super) tested: u64,
    among: Among,
}

/// The location of the failing rows.
#[derive(Debug, Clone)]
enum Among {
    All,
    /// None failed before: all are among the new rows, and this is their SELECT.
    New(String),
    /// Some failed before, and may no longer exist.
    NewAndBefore,
}

impl Counted {
    pub(super) fn of_all(failing: u64, tested: u64) -> Self {
        Self { failing, tested, among: Among::All }
    }

    /// True if fewer rows may fail than were counted.
    pub(super) fn at_most(&self) -> bool {
        matches!(self.among, Among::NewAndBefore)
    }

    /// The SELECT of the failing rows, unless they have to be searched among all rows.
    pub(super) fn failures(&self) -> Option<&str> {
        match &self.among {
            Among::New(select) => Some(select),
            _ => None,
        }
    }
}

impl ParsedTest {
    /// True if one of its thresholds is a share of the tested rows.
    pub(super) fn has_share(&self) -> bool {
        [self.test.warn_if, self.test.error_if].iter().any(|threshold| matches!(threshold, Threshold::Percent(_)))
    }
}

/// The results of the tests that the new rows alone decide, by the test's name.
pub(super) fn decided_by_new_rows<'t>(
    testing: &Testing<'_>,
    at: usize,
    due: &[&(&'t ParsedTest, TestScope)],
    sql: &mut dyn Sql,
) -> BTreeMap<&'t str, Counted> {
    let mut tests: Vec<(&ParsedTest, u64)> = Vec::new();
    let mut oldest: Option<Moment> = None;
    for (parsed, due) in due {
        let Some((newest, failed)) = due.since() else { continue };
        tests.push((parsed, failed));
        oldest = Some(oldest.map_or(newest, |oldest| oldest.min(newest)));
    }
    let Some(newer) = oldest.map(|newest| testing.newer(at, newest)) else { return BTreeMap::new() };
    let parsed: Vec<&ParsedTest> = tests.iter().map(|(parsed, _)| *parsed).collect();
    let shared = shared_counts(testing, at, &parsed, Some(&newer), sql);
    let mut new_rows = NewRows { testing, at, newer, rows: None, all_are_new: None };
    let mut decided = BTreeMap::new();
    for (parsed, failed) in tests {
        let name = parsed.test.name.as_str();
        let shared = shared.get(name).map(|(failing, _)| *failing);
        if let Some(counted) = new_rows.decide(parsed, failed, shared, sql) {
            decided.insert(name, counted);
        }
    }
    decided
}

/// A reading of the new rows of a node.
struct NewRows<'l> {
    testing: &'l Testing<'l>,
    at: usize,
    /// The condition that a row is new.
    newer: String,
    /// The number of all rows, once it was queried.
    rows: Option<u64>,
    /// True if all rows are new, once that was queried.
    all_are_new: Option<bool>,
}

impl NewRows<'_> {
    /// The result of a test of which `failed` rows failed before; `None` if the new rows alone do not decide it.
    fn decide(&mut self, parsed: &ParsedTest, failed: u64, counted: Option<u64>, sql: &mut dyn Sql) -> Option<Counted> {
        let failures = new_failures(&self.testing.renderer, self.at, parsed, &self.newer)?;
        let new = match counted {
            Some(new) => new,
            None => rows_of(&format!("({failures}\n)"), sql).ok()?,
        };
        let (failing, among) = match failed {
            0 => (new, Among::New(failures)),
            _ if self.all_are_new(sql) => (new, Among::All),
            failed => (failed + new, Among::NewAndBefore),
        };
        let tested = match failing > 0 && parsed.has_share() {
            true => self.tested(parsed, sql)?,
            false => 0,
        };
        let (status, _) = over_rows(&parsed.test, failing, tested);
        let is_decided = status == TestStatus::Passed || matches!(among, Among::All);
        is_decided.then_some(Counted { failing, tested, among })
    }

    fn all_are_new(&mut self, sql: &mut dyn Sql) -> bool {
        if self.all_are_new.is_none() {
            let renderer = &self.testing.renderer;
            let first = renderer.project.dialect.first_rows(1);
            let is_old = format!("CASE WHEN {} THEN 0 ELSE 1 END = 1", self.newer);
            let old = format!("SELECT 1 FROM {} wms_old WHERE {is_old} {first}", renderer.relation(self.at));
            self.all_are_new = sql.query(&old, &[]).ok().map(|rows| rows.is_empty());
        }
        self.all_are_new.unwrap_or(false)
    }

    /// The number of rows a test is about; `None` if it has a condition, because an index counts all rows of a table
    /// only.
    fn tested(&mut self, parsed: &ParsedTest, sql: &mut dyn Sql) -> Option<u64> {
        if parsed.only_where.is_some() {
            return None;
        }
        if self.rows.is_none() {
            self.rows = rows_of(&self.testing.renderer.relation(self.at), sql).ok();
        }
        self.rows
    }
}
