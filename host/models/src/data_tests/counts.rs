//! The context of a node's tests, and the counts that several of them share in one query.

use std::collections::BTreeMap;

use wmshost_flow::{Clock, Sql};
use wmshost_sql::Value;

use super::query::{condition, row_condition};
use crate::project::{ParsedTest, SqlRenderer};
use crate::record::{Moment, TestRecord};
use crate::store::{Store, whole};
use wmshost_flow::AUDIT_COLUMNS;

/// Everything that running tests needs.
pub(crate) struct Testing<'t> {
    pub(crate) renderer: SqlRenderer<'t>,
    pub(crate) store: Store<'t>,
    pub(crate) clock: &'t dyn Clock,
    /// The results of the last run of the tests.
    pub(crate) before: &'t BTreeMap<(String, String), TestRecord>,
}

impl Testing<'_> {
    /// The condition that a row is newer than a load time. For a stream an equal one counts, because two commits may share it.
    pub(super) fn newer(&self, at: usize, than: Moment) -> String {
        let project = self.renderer.project;
        let sign = if project.nodes[at].model().is_some() { ">" } else { ">=" };
        let than = project.dialect.literal(&Value::Timestamp(than.0));
        format!("{} {sign} {than}", project.dialect.quoted(AUDIT_COLUMNS[1]))
    }
}

/// Failing and tested rows of the tests that one pass can count. Where that pass fails, each test is run alone, so that
/// the test with the error reports it.
pub(super) fn shared_counts<'t>(
    testing: &Testing<'_>,
    at: usize,
    due: &[&'t ParsedTest],
    only_rows: Option<&str>,
    sql: &mut dyn Sql,
) -> BTreeMap<&'t str, (u64, u64)> {
    let mut names = Vec::new();
    let mut counts = Vec::new();
    for parsed in due {
        let Some(fails) = row_condition(&testing.renderer, at, parsed) else { continue };
        let only = condition(&testing.renderer, at, parsed);
        names.push(parsed.test.name.as_str());
        match &only {
            Some(only) => {
                counts.push(format!("COUNT(CASE WHEN {only} AND {fails} THEN 1 END)"));
                counts.push(format!("COUNT(CASE WHEN {only} THEN 1 END)"));
            }
            None => {
                counts.push(format!("COUNT(CASE WHEN {fails} THEN 1 END)"));
                counts.push("COUNT(*)".to_owned());
            }
        }
    }
    if names.is_empty() {
        return BTreeMap::new();
    }
    let only = only_rows.map(|only| format!(" WHERE {only}")).unwrap_or_default();
    let statement = format!("SELECT {} FROM {} wms_tested{only}", counts.join(", "), testing.renderer.relation(at));
    let Ok(rows) = sql.query(&statement, &[]) else { return BTreeMap::new() };
    let Some(row) = rows.first() else { return BTreeMap::new() };
    let number = |at: usize| row.get(at).and_then(whole).unwrap_or(0);
    names.into_iter().enumerate().map(|(n, name)| (name, (number(2 * n), number(2 * n + 1)))).collect()
}
