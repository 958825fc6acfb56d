//! Statements as they may run: patterns of the grant as names, tables as they are granted, parameters as Oracle compares
//! them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wmshost_flow::{Failure, column_not_granted, is_pattern, matches_pattern};
use wmshost_sql::Value;

use super::{Found, Session};
use crate::oracle::client::column_info::Kind;
use crate::oracle::guard;
use crate::oracle::guard::rules::Violation;
use crate::oracle::names::spelled;
use crate::oracle::read::dates::{as_counts, as_dates};
use crate::oracle::read::rules::StreamColumns;
use crate::oracle::sql_session::query as plain_query;

/// The names that a pattern of a grant may mean: the tables and views of the session's schema.
const NAMES: &str = "SELECT table_name FROM all_tables WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') \
     UNION ALL SELECT view_name FROM all_views WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')";

impl Session {
    /// Grants the tables that have the grant's patterns, as far as they exist.
    pub(super) fn resolve_patterns(&mut self) -> Result<(), Failure> {
        if self.is_resolved {
            return Ok(());
        }
        let (patterns, mut names): (BTreeSet<String>, BTreeSet<String>) =
            self.grant.tables.iter().cloned().partition(|name| is_pattern(name));
        if !patterns.is_empty() {
            for row in plain_query(&mut self.connection(), &self.place, NAMES, &[])? {
                let Some(Value::Text(name)) = row.into_iter().next() else { continue };
                if patterns.iter().any(|pattern| matches_pattern(pattern, &name)) {
                    names.insert(name);
                }
            }
        }
        self.grant.tables = names;
        self.is_resolved = true;
        Ok(())
    }

    /// The statement and its parameters as they may run.
    pub(super) fn checked(&mut self, statement: &str, parameters: &[Value]) -> Result<(String, Vec<Value>), Failure> {
        self.resolve_patterns()?;
        let mut known: BTreeMap<String, Option<Arc<Found>>> = BTreeMap::new();
        for table in self.grant.tables.clone() {
            let found = self.found(&table)?;
            known.insert(found.as_ref().map_or_else(|| spelled(&table), |found| found.name.clone()), found);
        }
        let granted: BTreeSet<String> = known.keys().cloned().collect();
        let lists: BTreeMap<String, StreamColumns> = known
            .iter()
            .filter_map(|(name, found)| Some((name.clone(), found.as_ref()?.stream.clone())))
            .filter(|(_, stream)| stream.list.is_some())
            .collect();
        let select = |table: &str, name: &str, as_of: &str| lists.get(table)?.select(name, as_of);
        let of_tables: (_, &guard::SelectFor<'_>) = (self.moment.scn, &select);
        let checked = guard::check(statement, parameters.len(), &granted, of_tables, &mut |table| {
            let found = known.get(table).cloned().flatten();
            Ok(found.map(|found| found.columns.iter().map(|column| column.name.clone()).collect()))
        });
        let columns = || known.values().flatten().flat_map(|found| &found.columns);
        let is_date = |name: &str| {
            let mut same = columns().filter(|column| column.name == name || column.name == spelled(name)).peekable();
            same.peek().is_some() && same.all(|column| column.kind == Kind::Date)
        };
        let form_of = |name: &str| {
            let mut streams = known.values().flatten().map(|found| &found.stream.wanted);
            let form = streams.find_map(|wanted| wanted.get(name).or_else(|| wanted.get(&spelled(name))))?.form?;
            form.is_counted().then_some(form)
        };
        let bound = |statement: String| {
            let (statement, values) = as_dates(&statement, parameters, 1 + lists.len(), is_date);
            let values = as_counts(&statement, values, form_of);
            (statement, values)
        };
        checked.map(bound).map_err(|violation| match violation {
            Violation::Unreadable(why) => Failure::permanent(format!("{}: {why}", self.place)),
            Violation::Denied(why) => Failure::denied(format!("{}: {why}", self.place)),
            Violation::UnknownColumn(name) => {
                let named = name.rsplit('.').next().unwrap_or_default();
                let mut tables = known.values().flatten();
                match tables.find(|found| found.denied.iter().any(|column| column == named)) {
                    Some(found) => {
                        Failure::denied(format!("{}: {}", self.place, column_not_granted(&found.name, named)))
                    }
                    None => Failure::denied(format!(
                        "{}: there is no column {name} in what the statement reads",
                        self.place
                    )),
                }
            }
            Violation::Failed(failure) => failure,
        })
    }
}
