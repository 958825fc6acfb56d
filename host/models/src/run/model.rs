//! Builds one model in one transaction: its rows and the host's record of them are committed together, or not at all.

use std::collections::BTreeMap;

use wmshost_flow::model::{Materialization, OnChange, Strategy};
use wmshost_flow::{Failure, SqlSession};
use wmshost_sql::{Dialect, Value, text_literal};

use super::context::{Build, BuildContext};
use super::inputs::{Reading, StreamVersions, index_stream};
use super::outcome::{Action, BuildOutcome};
use super::owned_session::OwnedSession;
use super::rows::{AuditValues, RowChanges, apply, fill, loses_keys, preserve_load_times, stage_rows};
use super::snapshot;
use crate::diagnostic::{excerpt, line_and_column, locate};
use crate::project::SqlRenderer;
use crate::record::{BuildRecord, Inputs, Moment};
use crate::store::{kind_of, rows_of, view_digest};
use crate::template::Mode;

/// KiB of pages that SQLite may keep while it builds a model.
const PAGE_CACHE: &str = "cache_size = -65536";

impl BuildContext<'_> {
    /// Builds a model; `built` holds the last builds of all models, and `watermarks` the versions of the streams.
    pub(super) fn build(
        &self,
        at: usize,
        built: &BTreeMap<String, BuildRecord>,
        streams: &mut StreamVersions,
        sql: &mut dyn SqlSession,
    ) -> Result<(BuildOutcome, Option<BuildRecord>, Option<String>), Failure> {
        let node = &self.project.nodes[at];
        let Some(model) = node.model() else { return Err(Failure::permanent("a stream is not a model")) };
        if model.model.materialization == Materialization::Ephemeral {
            return Ok((BuildOutcome::nothing(Action::Ephemeral, None), None, None));
        }
        self.set_page_cache(PAGE_CACHE, sql)?;
        let sql = &mut OwnedSession::new(sql);
        sql.begin()?;
        let build = Build { context: self, at, model, before: built.get(&node.name) };
        let reading = Reading { project: self.project, built, now: self.now };
        let done = build.secure(sql).and_then(|()| build.run(&reading, streams, sql));
        let ended = match done {
            Ok((done, built)) => {
                sql.commit()?;
                let remark = build.clean_up(done, sql).err().map(|failure| format!("it is built, but: {failure}"));
                Ok((done, Some(built), remark))
            }
            Err(failure) => {
                // On a lost connection this fails too; the first failure is the one to report.
                let _ = sql.rollback();
                Err(build.placed(failure))
            }
        };
        let shrunk = self.set_page_cache("shrink_memory", sql);
        ended.and_then(|ended| shrunk.map(|()| ended))
    }

    /// Sets the page cache. SQLite sorts and changes large tables several times as fast with a large one. Only one
    /// model is built at a time there, so the memory is needed once, and it is released afterwards.
    fn set_page_cache(&self, what: &str, sql: &mut dyn SqlSession) -> Result<(), Failure> {
        match self.project.dialect {
            Dialect::Sqlite => sql.query(&format!("PRAGMA {what}"), &[]).map(drop),
            Dialect::Oracle => Ok(()),
        }
    }
}

/// A load time later than those of all models, even if the clock went back.
fn later_than_all(now: i64, built: &BTreeMap<String, BuildRecord>) -> Moment {
    let latest = built.values().map(|built| built.changed_at.0).max();
    Moment(latest.map_or(now, |latest| now.max(latest + 1)))
}

impl Build<'_> {
    fn run(
        &self,
        reading: &Reading<'_>,
        streams: &mut StreamVersions,
        sql: &mut OwnedSession<'_>,
    ) -> Result<(BuildOutcome, BuildRecord), Failure> {
        let node = &self.context.project.nodes[self.at];
        let dialect = self.context.project.dialect;
        if let Some(increment) = self.model.increment() {
            for base in self.context.project.bases(self.at) {
                let base_node = &self.context.project.nodes[base];
                let pipeline = self.context.store.pipeline;
                if base_node.model().is_none() && sql.may_index(pipeline, &base_node.table)? {
                    index_stream(sql, dialect, &base_node.table)?;
                }
                // Appended rows must not be read twice: look again, inside this transaction.
                if increment.strategy == Strategy::Append {
                    streams.remove(&base);
                }
            }
        }
        let inputs = reading.inputs(self.at, sql, streams)?;
        let there = kind_of(sql, dialect, &node.table)?;
        self.check_is_own(there.as_deref(), sql)?;
        let wanted = if self.model.is_live() { "view" } else { "table" };
        let before = self.before.filter(|_| there.as_deref() == Some(wanted) && !self.context.full_refresh);
        let is_same = before.is_some_and(|before| before.fingerprint == self.model.fingerprint);
        let mut own = reading.built.get(&node.name).map(|built| built.own.clone()).unwrap_or_default();
        let is_noted = !self.model.is_live() || own.view.is_some();
        let changed_at = later_than_all(self.context.clock.now(), reading.built);
        let (done, changed_at) = match before {
            Some(before) if is_same && is_noted && before.inputs.as_ref() == Some(&inputs) && !self.context.force => {
                (BuildOutcome::nothing(Action::Unchanged, before.rows), before.changed_at)
            }
            _ if self.model.is_live() => {
                let done = self.view(is_same, sql)?;
                own.view = Some(view_digest(sql, dialect, &node.table)?);
                (done, changed_at)
            }
            before => {
                let loaded_at = dialect.literal(&Value::Timestamp(changed_at.0));
                let stamp = AuditValues { run_id: text_literal(self.context.run_id), loaded_at };
                let done = self.rows(before, is_same, &inputs, &stamp, sql)?;
                // True even for a table that was built in full and is the same as before.
                let is_untouched = done.changed == 0 && done.rows == before.and_then(|before| before.rows);
                let kept = before.filter(|_| is_untouched).map(|before| before.changed_at);
                own.view = None;
                self.note(done, changed_at, reading, &mut own, sql)?;
                (done, kept.unwrap_or(changed_at))
            }
        };
        let built = BuildRecord {
            fingerprint: self.model.fingerprint.clone(),
            inputs: Some(inputs),
            own,
            changed_at,
            checked_at: self.context.clock.now(),
            rows: done.rows,
            run_id: self.context.run_id.to_owned(),
            plugin_digest: self.context.project.digests.get(&node.plugin).cloned().unwrap_or_default(),
        };
        self.context.store.write_built(sql, &node.name, &built)?;
        Ok((done, built))
    }

    fn view(&self, is_same: bool, sql: &mut dyn SqlSession) -> Result<BuildOutcome, Failure> {
        if !is_same {
            let table = self.table();
            let added = if self.commits_by_ddl() { Vec::new() } else { table.added(sql)? };
            let replaces =
                self.commits_by_ddl() && kind_of(sql, table.dialect, &table.node.table)?.as_deref() == Some("view");
            // A view that is replaced keeps its privileges.
            let mut grants =
                if self.commits_by_ddl() && !replaces { table.grants(&table.name(), sql)? } else { Vec::new() };
            // Of the privileges on a table, a view has those to read.
            grants.retain(|grant| grant.starts_with("GRANT SELECT ") || grant.starts_with("GRANT READ "));
            if self.commits_by_ddl() {
                // The view exists before it is recorded, so that an interrupted build leaves no false record.
                self.context.store.forget(sql, &table.node.name)?;
                self.settle(sql)?;
            }
            if !replaces {
                table.remove(sql)?;
            }
            let create = if replaces { "CREATE OR REPLACE" } else { "CREATE" };
            let statement = self.renderer().statement(self.at, Mode::Full);
            sql.execute(&format!("{create} VIEW {} AS {statement}", table.name()), &[])?;
            table.add_again(&added, sql)?;
            for grant in &grants {
                sql.execute(grant, &[])?;
            }
        }
        Ok(BuildOutcome::nothing(if is_same { Action::Unchanged } else { Action::View }, None))
    }

    fn rows(
        &self,
        before: Option<&BuildRecord>,
        is_same: bool,
        inputs: &Inputs,
        stamp: &AuditValues,
        sql: &mut dyn SqlSession,
    ) -> Result<BuildOutcome, Failure> {
        match (&self.model.model.materialization, before) {
            (Materialization::Snapshot(snapshot), before) => {
                let is_first = before.is_none();
                let table = self.table();
                if is_first {
                    table.create_staging(sql)?;
                    self.place(&table, sql)?;
                } else if !is_same {
                    table.add_columns(sql)?;
                }
                let statement = self.renderer().statement(self.at, Mode::Full);
                let moved = snapshot::apply(&table, snapshot, &statement, stamp, sql)?;
                self.drop_work_tables(false, sql)?;
                let action = if is_first { Action::Full } else { Action::Versions };
                self.done(action, before, moved, sql)
            }
            (Materialization::Incremental(increment), Some(before))
                if self.can_increment(before, is_same, inputs, sql)? =>
            {
                let lookback = i64::from(increment.lookback) * 1_000_000;
                let seen = before.inputs.as_ref();
                let watermark = seen.map(|seen| inputs.watermark_since(seen).0 - lookback);
                let renderer = SqlRenderer { watermark, seen, lookback, ..self.renderer() };
                let moved = self.increment(&increment.strategy, renderer, stamp, sql)?;
                self.done(Action::Incremental, Some(before), moved, sql)
            }
            _ => self.full(before.filter(|_| is_same), stamp, sql),
        }
    }

    /// True if an incremental build can continue with the table that exists.
    fn can_increment(
        &self,
        before: &BuildRecord,
        is_same: bool,
        inputs: &Inputs,
        sql: &mut dyn SqlSession,
    ) -> Result<bool, Failure> {
        let Some(seen) = &before.inputs else { return Ok(false) };
        if self.context.force && seen == inputs || inputs.views_differ(seen) {
            return Ok(false);
        }
        let on_change = self.model.increment().map_or(OnChange::Rebuild, |increment| increment.on_change);
        match on_change {
            _ if is_same => Ok(true),
            OnChange::Rebuild => Ok(false),
            OnChange::AddColumns => self.table().add_columns(sql).map(|_| true),
            OnChange::Fail if self.table().add_columns(sql)? => {
                Err(Failure::invalid_config("the columns differ from the table's and `on_change` is `fail`")
                    .advise("build it with --full-refresh"))
            }
            OnChange::Fail => Ok(true),
        }
    }

    fn full(
        &self,
        before: Option<&BuildRecord>,
        stamp: &AuditValues,
        sql: &mut dyn SqlSession,
    ) -> Result<BuildOutcome, Failure> {
        let table = self.table();
        table.create_staging(sql)?;
        let statement = self.renderer().statement(self.at, Mode::Full);
        let filled = fill(&table, &statement, stamp, sql)?;
        self.settle(sql)?;
        let carried = if table.is_followed { preserve_load_times(&table, sql)? } else { None };
        self.settle(sql)?;
        if carried == Some(filled) && before.and_then(|before| before.rows) == Some(filled) {
            table.drop_staging(sql)?;
            return Ok(BuildOutcome::nothing(Action::Full, Some(filled)));
        }
        let lost = carried.is_none() || self.refers_beyond_key() || loses_keys(&table, sql)?;
        self.place(&table, sql)?;
        if self.model.model.storage.statistics && !self.commits_by_ddl() {
            table.analyze(sql)?;
        }
        let changed = filled - carried.unwrap_or(0).min(filled);
        Ok(BuildOutcome { action: Action::Full, rows: Some(filled), changed, lost, keeps_chain: false })
    }

    /// Adds the place in the model's SQL to a failure whose message names one.
    fn placed(&self, failure: Failure) -> Failure {
        let texts = [("SQL", Some(&self.model.statement)), ("changes", self.model.changes.as_ref())];
        let found = texts.into_iter().find_map(|(name, template)| {
            let source = &template?.source;
            Some((name, source, locate(source, &failure.message)?))
        });
        match found {
            Some((name, source, offset)) => {
                let (line, column) = line_and_column(source, offset);
                let message = format!("{name} {line}:{column}: {failure}\n{}", excerpt(source, offset));
                // The advice is in the message: the excerpt comes last.
                Failure { message, advice: None, ..failure }
            }
            None => failure,
        }
    }

    fn increment(
        &self,
        strategy: &Strategy,
        renderer: SqlRenderer<'_>,
        stamp: &AuditValues,
        sql: &mut dyn SqlSession,
    ) -> Result<RowChanges, Failure> {
        let dialect = self.context.project.dialect;
        if let Some(changes) = &self.model.changes {
            let changes = renderer.write(changes, self.at, Mode::Incremental);
            stage_rows(dialect, "changes", &format!("SELECT DISTINCT * FROM ({changes}\n) wms_change"), sql)?;
        }
        let statement = renderer.statement(self.at, Mode::Incremental);
        let moved = apply(&self.table(), strategy, &statement, stamp, sql)?;
        self.drop_work_tables(false, sql)?;
        Ok(moved)
    }

    fn done(
        &self,
        action: Action,
        before: Option<&BuildRecord>,
        moved: RowChanges,
        sql: &mut dyn SqlSession,
    ) -> Result<BuildOutcome, Failure> {
        let rows = match before.and_then(|before| before.rows) {
            Some(rows) => (rows + moved.inserted).saturating_sub(moved.deleted),
            None => rows_of(&self.table().name(), sql)?,
        };
        // Below this share of changed rows, new statistics would not change a plan.
        if self.model.model.storage.statistics && moved.changed() * 10 > rows && !self.commits_by_ddl() {
            self.table().analyze(sql)?;
        }
        let lost = moved.deleted > 0 || moved.updated > 0 && self.refers_beyond_key();
        Ok(BuildOutcome { action, rows: Some(rows), changed: moved.changed(), lost, keeps_chain: before.is_some() })
    }
}
