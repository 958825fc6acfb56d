//! The context of a run's builds, and one build in it. The modules above add the steps.

use std::collections::BTreeSet;

use wmshost_flow::{Clock, TakeOver};

use super::table::ModelTable;
use crate::project::{ParsedModel, Project, SqlRenderer};
use crate::record::BuildRecord;
use crate::store::Store;

/// Everything that building needs.
pub(super) struct BuildContext<'s> {
    pub(super) project: &'s Project,
    pub(super) store: Store<'s>,
    pub(super) clock: &'s dyn Clock,
    pub(super) run_id: &'s str,
    /// The time when the run began.
    pub(super) now: i64,
    pub(super) full_refresh: bool,
    /// True to build even what has not changed.
    pub(super) force: bool,
    /// Tables that models may take over from another owner.
    pub(super) take_over: &'s [TakeOver],
    /// True if models' tables may have triggers of others.
    pub(super) allows_triggers: bool,
    /// The nodes whose newest rows an incremental model looks for.
    pub(super) followed: BTreeSet<usize>,
}

/// One build of a model.
pub(super) struct Build<'b> {
    pub(super) context: &'b BuildContext<'b>,
    pub(super) at: usize,
    pub(super) model: &'b ParsedModel,
    pub(super) before: Option<&'b BuildRecord>,
}

impl Build<'_> {
    pub(super) fn table(&self) -> ModelTable<'_> {
        ModelTable {
            dialect: self.context.project.dialect,
            node: &self.context.project.nodes[self.at],
            model: self.model,
            is_followed: self.context.followed.contains(&self.at),
            is_kept: !self.context.project.followers(self.at).is_empty(),
        }
    }

    /// True if tests look for values in columns outside of the model's key: such values can disappear while the rows
    /// stay.
    pub(super) fn refers_beyond_key(&self) -> bool {
        self.context.project.refers_beyond(self.at, self.table().key())
    }

    pub(super) fn renderer(&self) -> SqlRenderer<'_> {
        SqlRenderer {
            now: self.context.now,
            run_id: self.context.run_id,
            live: self.model.is_live(),
            ..self.context.project.renderer()
        }
    }

    /// True if a DDL statement commits what was done before it.
    pub(super) fn commits_by_ddl(&self) -> bool {
        !self.context.project.dialect.has_transactional_ddl()
    }
}
