//! The reaction of a run when the definition of a stream differs from the one that its checkpoint rests on.
//!
//! | difference | `tell` | `reload` | `fail` |
//! |---|---|---|---|
//! | table, target table, key | fails | the table is replaced by a whole load | fails |
//! | change key, method, another extractor, the extractor's settings | reads the whole table again and merges it | the same | fails |
//! | a column that was removed from the target's table | fails | reads the whole table again and merges it | fails |
//! | a column that the target has and that the last load did not write | reads the whole table again and merges it | the same | fails |
//! | plugins, their other settings, options, new columns, types of columns | continues and reports it | reads the whole table again and merges it | fails |
//! | source label, its database and schema, lookback, null keys | continues and reports it | the same | the same |
//!
//! A load that replaces the whole table anyway (method full, a full refresh) leaves nothing of the old definition: it
//! continues unless the policy is `fail`, and a full refresh continues under every policy.

#[cfg(test)]
mod tests;

use crate::definition::reaction::{definition_note, refuse};
use crate::definition::{
    ColumnUse, Definition, DefinitionChange, Impact, Reaction, SOURCE_DATABASE, SOURCE_SCHEMA, column, differences,
    lost_columns,
};
use crate::failure::Failure;
use crate::metadata::checkpoint::{Checkpoint, LoadMode};
use crate::metadata::{Action, Lease, Ledger};
use crate::ports::events::Event;
use crate::ports::extractor::Method;
use crate::ports::target::TableDefinition;
use crate::stream::Stream;
use crate::stream::context::{Progress, StreamContext};
use crate::stream::opened::ReadyStream;
use crate::stream::policy::{NewColumns, OnChange};
use crate::stream::transaction::{in_transaction, lock};
use crate::values::Bookmark;

impl Stream {
    /// Returns the differences from a checkpoint's definition, with the reaction of the run and the consequence for the
    /// rows.
    pub(crate) fn definition_changes(
        &self,
        before: &Checkpoint,
        table: Option<&TableDefinition>,
    ) -> Result<Vec<DefinitionChange>, Failure> {
        let Some(definition) = &before.definition else { return Ok(Vec::new()) };
        let mut changes = differences(definition, &self.definition);
        if let Some(table) = table {
            changes.extend(lost_columns(definition, &self.definition.columns, table));
            self.check_new_columns(&mut changes, definition, table);
        }
        let whole = self.policy.full_refresh || self.request.method == Method::Full;
        let on_change = if self.policy.full_refresh { OnChange::Tell } else { self.policy.on_change };
        for change in &mut changes {
            change.reaction = Reaction::to(change.impact, on_change, whole);
        }
        let is_reported =
            |change: &DefinitionChange| change.reaction == Reaction::Tell && change.impact == Impact::Rows;
        let rows = match table {
            Some(table) if !whole && changes.iter().any(is_reported) => {
                Some(lock(&self.target).count(&table.name, None)?)
            }
            _ => None,
        };
        for change in &mut changes {
            change.consequence = self.consequence(change, before, rows, whole);
        }
        Ok(changes)
    }

    /// A column that the table lacks and that no load has written is new, even if the checkpoint's definition has it;
    /// one that the stream leaves out is not reported.
    fn check_new_columns(&self, changes: &mut Vec<DefinitionChange>, before: &Definition, table: &TableDefinition) {
        let there = crate::definition::columns_of(&table.columns);
        let leaves_out = self.policy.schema.new_columns == NewColumns::Discard;
        let is_there = |name: &str| column(&there, name).is_some();
        changes.retain(|change| change.new_column.as_deref().is_none_or(|name| !leaves_out || is_there(name)));
        if leaves_out {
            return;
        }
        let is_new = |new: &&ColumnUse| {
            !is_there(&new.name) && column(&before.target_columns, &new.name).is_none() && !before.columns.is_empty()
        };
        for new in self.definition.columns.iter().filter(is_new) {
            if !changes.iter().any(|change| change.new_column.as_ref() == Some(&new.name)) {
                changes.push(crate::definition::new_column(new));
            }
        }
    }

    fn consequence(&self, change: &DefinitionChange, before: &Checkpoint, rows: Option<u64>, whole: bool) -> String {
        let (stream, table) = (&self.name, &self.target_table);
        match (change.reaction, change.impact) {
            (Reaction::Fail, Impact::Identity) => format!("the rows in {table} belong to the old one"),
            (Reaction::Fail, Impact::Target) => format!("the values that were loaded into {table} are no longer there"),
            (Reaction::Fail, _) => "the stream fails, as `on_change` says".to_owned(),
            (Reaction::Replace, _) => format!("the table is read again as a whole and replaces {table}"),
            (Reaction::Reload, Impact::Position) => {
                format!("the bookmark {} is not valid for it: the whole table is read again", before.bookmark)
            }
            (Reaction::Reload, Impact::Selection) => format!(
                "the bookmark {} covers the rows that the old one selected: the whole table is read again; rows that \
                 only the old one selected stay in {table} until a comparison removes them, as `deletes` says",
                before.bookmark
            ),
            (Reaction::Reload, Impact::Stale) if !change.before.is_empty() => {
                format!("{table} has the values of the old one in it: the whole table is read again")
            }
            (Reaction::Reload, Impact::Stale) => {
                format!("{table} has it with values that the last run did not write: the whole table is read again")
            }
            (Reaction::Reload, _) => "the whole table is read again".to_owned(),
            (Reaction::Tell, Impact::None) => consequence_for_position(&change.subject).to_owned(),
            (Reaction::Tell, _) if whole => format!("this run replaces {table} as a whole"),
            (Reaction::Tell, _) => {
                let what =
                    if change.new_column.is_some() { "have no value in it" } else { "stay as they were before it" };
                let rows = rows.map_or("the rows".to_owned(), |rows| format!("{rows} rows"));
                format!(
                    "{rows} in {table} {what} until they are read again: `wmshost verify --stream {stream} --repair` \
                     does that"
                )
            }
        }
    }

    /// Records that the whole table is read again, before anything is changed for it: if this run dies, the next one
    /// does so.
    pub(crate) fn note_reload(
        &self,
        context: &StreamContext,
        ready: &ReadyStream,
        lease: Option<&Lease>,
        progress: &Progress,
    ) -> Result<Option<i64>, Failure> {
        if ready.request.mode != LoadMode::Reload || ready.request.resume {
            return Ok(None);
        }
        let checkpoint = Checkpoint {
            bookmark: Bookmark::default(),
            mode: LoadMode::Reload,
            complete: false,
            source_version: None,
            definition: Some(self.definition.clone()),
            state: Default::default(),
            run_id: context.run_id.clone(),
            batch: 0,
            committed_at: context.clock.now(),
        };
        let ledger = Ledger { pipeline: &context.pipeline };
        let note = definition_note(&progress.definition_changes);
        let noted = in_transaction(&self.target, lease, || {
            let mut target = lock(&self.target);
            let (sql, run_id) = (target.sql(), &context.run_id);
            ledger.append(sql, &self.checkpoint_name, Action::Run, note.as_deref(), run_id, Some(&checkpoint))
        })?;
        context.observer.event(&Event::Reached { stream: &self.name, point: "reload-noted" });
        Ok(Some(noted))
    }

    /// Counts the rows in which a new column is empty, after the run has read its rows.
    pub(crate) fn count_empty_columns(&self, progress: &mut Progress) -> Result<(), Failure> {
        let table = &self.target_table;
        for change in &mut progress.definition_changes {
            let new = change.new_column.as_deref().filter(|_| change.reaction == Reaction::Tell);
            let Some(new) = new.and_then(|new| column(&self.definition.target_columns, new)) else { continue };
            let mut target = lock(&self.target);
            let (empty, all) = (target.count(table, Some(&new.name))?, target.count(table, None)?);
            change.consequence = match empty {
                0 => format!("each of the {all} rows in {table} has a value"),
                empty => format!(
                    "{empty} of the {all} rows in {table} have no value in it; where the source has values for them, \
                     `wmshost verify --stream {} --repair` loads them",
                    self.name
                ),
            };
        }
        Ok(())
    }

    /// Refuses to mix rows with those of another table or key, and to add a column that was removed from the target as
    /// if it were new. For code that writes a stream's table outside its runs, and reads only a part of it.
    pub(crate) fn check_definition(&self, context: &StreamContext, columns: &[ColumnUse]) -> Result<(), Failure> {
        let ledger = Ledger { pipeline: &context.pipeline };
        let mut target = lock(&self.target);
        let Some(checkpoint) = ledger.checkpoint(target.sql(), &self.name)? else { return Ok(()) };
        let Some(before) = checkpoint.definition else { return Ok(()) };
        let now = Definition { columns: columns.to_vec(), ..self.definition.clone() };
        let mut changes = differences(&before, &now);
        if let Some(table) = target.describe(&self.target_table)? {
            changes.extend(lost_columns(&before, columns, &table));
        }
        changes.retain(|change| matches!(change.impact, Impact::Identity | Impact::Target));
        refuse(&self.name, &changes)
    }
}

/// Returns the consequence of a difference that affects neither the bookmark nor the rows.
fn consequence_for_position(subject: &str) -> &'static str {
    match subject {
        "source" | SOURCE_DATABASE | SOURCE_SCHEMA => "if it leads to another database, run once with `--full-refresh`",
        "lookback" => {
            "it applies from this run on: rows that were committed later than the old one covered are found by \
             `wmshost verify`"
        }
        "method" => "the table is replaced as a whole from now on",
        _ => "it applies from this run on",
    }
}
