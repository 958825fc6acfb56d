//! Before images: of a model that others follow, each row that is changed or deleted is kept as it was, until all
//! followers have seen it. Followers subtract them from their sums, and find the windows that rows have left, without
//! reading all rows. They are written in the transaction that replaces the rows.
//!
//! The kept rows are a chain that begins with some build; its name is the time when it began. A full build begins a new
//! chain, and a model that has followed another chain is built in full.

use std::collections::{BTreeMap, BTreeSet};

use wmshost_flow::{Claim, Failure, Sql, SqlSession};
use wmshost_sql::{ColumnPurpose, Dialect, Value};

use super::context::{Build, BuildContext};
use super::inputs::Reading;
use super::outcome::BuildOutcome;
use super::owned_session::OwnedSession;
use super::ownership::{entry_for, owner};
use super::table::ModelTable;
use crate::host_columns::REPLACED_AT;
use crate::host_columns::declared_audit_columns;
use crate::project::{Node, before_image_table};
use crate::record::{BuildRecord, Moment, OwnState};
use crate::store::{kind_of, rows_of};
use wmshost_flow::AUDIT_COLUMNS;

/// Creates the tables of before images where they are missing or have other columns. This begins a new chain, which is
/// recorded first, so that no follower continues with the old one even if the build is interrupted.
pub(super) fn prepare(
    context: &BuildContext<'_>,
    built: &mut BTreeMap<String, BuildRecord>,
    sql: &mut dyn SqlSession,
) -> Result<(), Failure> {
    let BuildContext { project, store, now, .. } = *context;
    let dialect = project.dialect;
    let sql = &mut OwnedSession::new(sql);
    for at in (0..project.nodes.len()).filter(|&at| !project.followers(at).is_empty()) {
        let node = &project.nodes[at];
        let table = before_image_table(&node.table);
        let is_there = kind_of(sql, dialect, &table)?.is_some();
        let is_fit = is_there && has_columns(dialect, node, &table, sql)?;
        let chain = built.get(&node.name).map(|built| built.own.chain.is_some());
        if is_fit && chain != Some(false) {
            continue;
        }
        if let Some(before) = built.get_mut(&node.name) {
            before.own.chain = Some(Moment(now));
            store.write_built(sql, &node.name, before)?;
        }
        if is_fit {
            continue;
        }
        let owner = owner(store.pipeline, node);
        let claim = Claim {
            owner: &owner,
            run_id: context.run_id,
            take_over: entry_for(context.take_over, node),
            allows_triggers: context.allows_triggers,
        };
        sql.secure(&claim, std::slice::from_ref(&table), context.clock)?;
        let name = dialect.quoted(&table);
        if is_there {
            sql.execute(&format!("DROP TABLE {name}{}", dialect.purge()), &[])?;
        }
        create(dialect, node, &name, sql)?;
    }
    Ok(())
}

fn has_columns(dialect: Dialect, node: &Node, table: &str, sql: &mut dyn Sql) -> Result<bool, Failure> {
    let found = sql.columns(&format!("SELECT * FROM {}", dialect.quoted(table)))?;
    let found: BTreeSet<String> = found.into_iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    let own = node.columns().iter().map(|column| column.name.to_ascii_lowercase());
    let wanted: BTreeSet<String> =
        own.chain(AUDIT_COLUMNS.into_iter().chain([REPLACED_AT]).map(str::to_owned)).collect();
    Ok(found == wanted)
}

fn create(dialect: Dialect, node: &Node, name: &str, sql: &mut dyn Sql) -> Result<(), Failure> {
    let own = node.columns().iter().filter_map(|column| {
        let kind = dialect.declared_type(&column.kind, ColumnPurpose::Modelled)?;
        Some(format!("{} {kind}", dialect.quoted(&column.name)))
    });
    let replaced_at = format!("{} TIMESTAMP(6)", dialect.quoted(REPLACED_AT));
    let columns: Vec<String> = own.chain(declared_audit_columns(dialect)).chain([replaced_at]).collect();
    sql.execute(&format!("CREATE TABLE {name} ({})", columns.join(", ")), &[]).map(drop)
}

impl Build<'_> {
    /// Records when rows were last deleted, and the state of the before images.
    pub(super) fn note(
        &self,
        done: BuildOutcome,
        changed_at: Moment,
        reading: &Reading<'_>,
        own: &mut OwnState,
        sql: &mut dyn SqlSession,
    ) -> Result<(), Failure> {
        if done.lost {
            own.lost = Some(changed_at);
        }
        let table = self.table();
        if !table.is_kept {
            return Ok(());
        }
        let seen = self.seen_by_all(reading.built).filter(|_| done.keeps_chain);
        table.prune_before_images(seen, sql)?;
        // With more before images than rows, following them would cost more than a full build.
        let keeps_chain = done.keeps_chain && rows_of(&table.before_images(), sql)? <= done.rows.unwrap_or(0);
        if !keeps_chain {
            table.prune_before_images(None, sql)?;
            own.chain = Some(changed_at);
        }
        Ok(())
    }

    /// The load time up to which all followers have seen the before images; `None` if no follower was ever built. A
    /// follower that was never built is built in full.
    fn seen_by_all(&self, built: &BTreeMap<String, BuildRecord>) -> Option<i64> {
        let project = self.context.project;
        let seen = |follower: usize| {
            let before = built.get(&project.nodes[follower].name)?;
            let seen = before.inputs.as_ref()?.newest(&project.nodes[self.at].name);
            Some(seen.unwrap_or(Moment::EARLIEST).0)
        };
        project.followers(self.at).into_iter().filter_map(seen).min()
    }
}

impl ModelTable<'_> {
    fn before_images(&self) -> String {
        self.dialect.quoted(&before_image_table(&self.node.table))
    }

    /// Keeps rows as they are: those that `from` selects as `wms_old`. `from` is the text after FROM, its condition
    /// included.
    pub(super) fn keep_before_images(&self, from: &str, loaded_at: &str, sql: &mut dyn Sql) -> Result<(), Failure> {
        if !self.is_kept {
            return Ok(());
        }
        let columns: Vec<String> = self.columns().into_iter().chain(AUDIT_COLUMNS.map(str::to_owned)).collect();
        let statement = format!(
            "INSERT INTO {} ({}, {}) SELECT {}, {loaded_at} FROM {from}",
            self.before_images(),
            self.dialect.quoted_list("", &columns),
            self.dialect.quoted(REPLACED_AT),
            self.dialect.quoted_list("wms_old.", &columns),
        );
        sql.execute(&statement, &[]).map(drop)
    }

    /// Deletes the before images that all followers have seen.
    fn prune_before_images(&self, seen: Option<i64>, sql: &mut dyn Sql) -> Result<(), Failure> {
        let only = seen.map(|seen| {
            let seen = self.dialect.literal(&Value::Timestamp(seen));
            format!(" WHERE {} <= {seen}", self.dialect.quoted(REPLACED_AT))
        });
        sql.execute(&format!("DELETE FROM {}{}", self.before_images(), only.unwrap_or_default()), &[]).map(drop)
    }
}
