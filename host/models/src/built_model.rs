//! The result of a build of a model, for those who look at its rows: the table or view, and the columns that identify a row.

use wmshost_flow::model::{Assertion, Materialization, Strategy};

use crate::host_columns::VERSION;
use crate::project::{Node, ParsedModel, Project, Selected};

/// A model with a table or view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltModel<'p> {
    /// The model's name.
    pub name: &'p str,
    /// Its table or view.
    pub table: &'p str,
    /// The columns that identify a row: the declared key, or those of a test that says so; empty if there are none.
    pub key: &'p [String],
    /// The columns that the host fills by its own clock, besides those of all tables.
    pub host_columns: &'static [&'static str],
}

impl Project {
    /// The selected models that have a table or view, dependencies first.
    pub fn built_models(&self, selected: &Selected) -> Vec<BuiltModel<'_>> {
        let nodes = selected.0.iter().map(|&at| &self.nodes[at]);
        let mut models: Vec<(usize, BuiltModel<'_>)> =
            nodes.filter_map(|node| Some((node.level, node.model()?.built(node)?))).collect();
        models.sort_by_key(|(level, model)| (*level, model.name));
        models.into_iter().map(|(_, model)| model).collect()
    }
}

impl ParsedModel {
    fn built<'p>(&'p self, node: &'p Node) -> Option<BuiltModel<'p>> {
        let (key, host_columns) = match &self.model.materialization {
            Materialization::Ephemeral => return None,
            Materialization::Snapshot(snapshot) => (snapshot.key.as_slice(), &VERSION[..]),
            _ => (self.key(node).unwrap_or_default(), &[][..]),
        };
        Some(BuiltModel { name: &node.name, table: &node.table, key, host_columns })
    }

    /// The key of a merge, or the columns in which a test of all rows finds no two that are equal.
    pub(crate) fn key<'p>(&'p self, node: &'p Node) -> Option<&'p [String]> {
        if let Some(Strategy::Merge(key)) = self.increment().map(|increment| &increment.strategy) {
            return Some(key);
        }
        node.tests.iter().find_map(|parsed| match &parsed.test.assertion {
            Assertion::Unique(columns) if parsed.only_where.is_none() => Some(columns.as_slice()),
            _ => None,
        })
    }
}
