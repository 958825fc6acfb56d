//! The ownership of models' tables: a build secures its names before anything else, and `check` reports names that are
//! taken.

use wmshost_flow::model::Materialization;
use wmshost_flow::{Claim, Failure, OwnerKind, Sql, TableOwner, TakeOver};

use super::context::{Build, BuildContext};
use super::owned_session::OwnedSession;
use super::table::ModelTable;
use crate::diagnostic::Diagnostic;
use crate::project::{Node, ParsedModel, Project};
use crate::store::view_digest;

/// The owner of a model's tables.
pub(super) fn owner(pipeline: &str, node: &Node) -> TableOwner {
    TableOwner { pipeline: pipeline.to_owned(), kind: OwnerKind::Model, name: node.name.clone() }
}

/// The `take_over` entry for a model's table, if there is one.
pub(super) fn entry_for<'w>(take_over: &'w [TakeOver], node: &Node) -> Option<&'w TakeOver> {
    take_over.iter().find(|entry| entry.table.eq_ignore_ascii_case(&node.table))
}

impl Build<'_> {
    /// Secures the model's names before anything else is done. The records are committed where the following statements
    /// commit by themselves: a run that wants to take a table over waits for the lease of the models.
    pub(super) fn secure(&self, sql: &mut OwnedSession<'_>) -> Result<(), Failure> {
        let BuildContext { project, store, clock, run_id, take_over, allows_triggers, .. } = *self.context;
        let node = &project.nodes[self.at];
        let owner = owner(store.pipeline, node);
        let claim = Claim { owner: &owner, run_id, take_over: entry_for(take_over, node), allows_triggers };
        sql.secure(&claim, &self.table().names(), clock)?;
        self.settle(sql)?;
        if self.commits_by_ddl() && self.model.model.materialization.has_rows() {
            self.table().end_exchange(sql)?;
        }
        Ok(())
    }

    /// Fails if the object with the model's name is not the one that the last build made: another view, a view in place
    /// of a table, or a table in place of a view.
    pub(super) fn check_is_own(&self, there: Option<&str>, sql: &mut dyn Sql) -> Result<(), Failure> {
        let BuildContext { project, take_over, .. } = self.context;
        let node = &project.nodes[self.at];
        let (Some(there), Some(before)) = (there, self.before) else { return Ok(()) };
        let is_own = match (there, &before.own.view) {
            ("view", Some(digest)) => view_digest(sql, project.dialect, &node.table)? == *digest,
            // Views that were created before their texts were recorded have no rows either.
            ("view", None) => before.rows.is_none(),
            (_, was_view) => was_view.is_none(),
        };
        if is_own || entry_for(take_over, node).is_some() {
            return Ok(());
        }
        let name = &node.table;
        Err(Failure::invalid_config(format!(
            "the {there} {name} is not the one that wmshost made: somebody put it there"
        ))
        .advise(format_args!(
            "rename or drop it yourself, or have it replaced with take_over = [{name:?}] in [models]"
        )))
    }
}

impl Project {
    /// The tables and views of other owners that have the models' names, and triggers, which prevent a build. Changes
    /// nothing.
    pub fn foreign_tables(
        &self,
        pipeline: &str,
        take_over: &[TakeOver],
        allows_triggers: bool,
        sql: &mut dyn Sql,
    ) -> Result<Vec<Diagnostic>, Failure> {
        self.foreign_tables_of(0..self.nodes.len(), pipeline, (take_over, allows_triggers), sql)
    }

    pub(super) fn foreign_tables_of(
        &self,
        nodes: impl Iterator<Item = usize>,
        pipeline: &str,
        (take_over, allows_triggers): (&[TakeOver], bool),
        sql: &mut dyn Sql,
    ) -> Result<Vec<Diagnostic>, Failure> {
        let mut found = Vec::new();
        for at in nodes {
            let node = &self.nodes[at];
            let is_stored = |model: &&ParsedModel| model.model.materialization != Materialization::Ephemeral;
            let Some(model) = node.model().filter(is_stored) else { continue };
            let is_kept = !self.followers(at).is_empty();
            let table = ModelTable { dialect: self.dialect, node, model, is_followed: false, is_kept };
            let owner = owner(pipeline, node);
            let claim = Claim { owner: &owner, run_id: "", take_over: entry_for(take_over, node), allows_triggers };
            for name in table.names() {
                if let Some(what) = claim.refusal(sql, &name)? {
                    let (plugin, place) = (node.plugin.clone(), node.place());
                    found.push(Diagnostic { plugin, place, what, excerpt: None });
                }
            }
        }
        Ok(found)
    }

    /// The tables of `take_over` that already belong to the models.
    pub fn taken_over<'w>(
        &self,
        pipeline: &str,
        take_over: &'w [TakeOver],
        sql: &mut dyn Sql,
    ) -> Result<Vec<&'w str>, Failure> {
        let mut done = Vec::new();
        for entry in take_over {
            let node = self.models().map(|(node, _)| node).find(|node| node.table.eq_ignore_ascii_case(&entry.table));
            let Some(node) = node else { continue };
            let owner = owner(pipeline, node);
            let claim = Claim { owner: &owner, run_id: "", take_over: Some(entry), allows_triggers: true };
            if claim.is_taken_over(sql, &node.table)? {
                done.push(entry.table.as_str());
            }
        }
        Ok(done)
    }

    /// The names in `take_over` that no model has.
    pub fn unknown_tables<'w>(&self, take_over: &'w [TakeOver]) -> Vec<&'w str> {
        let has = |entry: &&TakeOver| self.models().any(|(node, _)| node.table.eq_ignore_ascii_case(&entry.table));
        take_over.iter().filter(|entry| !has(entry)).map(|entry| entry.table.as_str()).collect()
    }
}
