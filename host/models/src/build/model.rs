//! One model, in one transaction: its rows and what the host notes of them are there together, or not at all.

use std::collections::BTreeMap;

use wmshost_flow::model::{Materialization, OnChange, Strategy};
use wmshost_flow::{Clock, Dialect, Failure, SqlSession, TakeOver, Value};

use super::history;
use super::inputs::{Inputs, Marks, Reading, VIEW, index_stream, views_changed, watermark};
use super::owned::OwnedSession;
use super::rows::{Moved, Stamp, carry_marks, fill, loses_keys, set_aside, take_in};
use super::table::Table;
use crate::mistake::{excerpt, line_and_column, locate};
use crate::project::{ParsedModel, Project, Speaker};
use crate::store::{Built, Store, kind_of, parse_moment, rows_of, view_digest};
use crate::template::Mode;

/// KiB of pages that SQLite may keep while it builds a model.
const ROOM: &str = "cache_size = -65536";

/// What was done with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Its view was made.
    View,
    /// It was built in full.
    Full,
    /// What changed was taken in.
    Incremental,
    /// New versions of rows were taken in.
    Versions,
    /// Nothing: neither it nor what it reads has changed.
    Unchanged,
    /// Nothing: its SQL is part of others.
    Ephemeral,
}

impl Action {
    /// The action's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Full => "full",
            Self::Incremental => "incremental",
            Self::Versions => "versions",
            Self::Unchanged => "unchanged",
            Self::Ephemeral => "ephemeral",
        }
    }
}

/// What was done, and how many rows there are now and were touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) action: Action,
    pub(super) rows: Option<u64>,
    pub(super) changed: u64,
    /// Whether rows went, or may have.
    pub(super) lost: bool,
    /// Whether the former rows that are kept go on from those of the builds before.
    pub(super) keeps_chain: bool,
}

impl Done {
    /// What touches no row.
    fn nothing(action: Action, rows: Option<u64>) -> Self {
        Self { action, rows, changed: 0, lost: false, keeps_chain: true }
    }
}

/// What building needs.
pub(super) struct Site<'s> {
    pub(super) project: &'s Project,
    pub(super) store: Store<'s>,
    pub(super) clock: &'s dyn Clock,
    pub(super) run_id: &'s str,
    /// When the run began.
    pub(super) now: i64,
    pub(super) full_refresh: bool,
    /// Whether to build what has not changed.
    pub(super) force: bool,
    /// Tables that models may take over from somebody else.
    pub(super) take_over: &'s [TakeOver],
    /// The nodes whose newest rows an incremental model looks for.
    pub(super) followed: std::collections::BTreeSet<usize>,
}

impl Site<'_> {
    /// Builds a model; `built` is how the models were built last, and `marks` those of the streams.
    pub(super) fn build(
        &self,
        at: usize,
        built: &BTreeMap<String, Built>,
        marks: &mut Marks,
        sql: &mut dyn SqlSession,
    ) -> Result<(Done, Option<Built>, Option<String>), Failure> {
        let node = &self.project.nodes[at];
        let Some(model) = node.model() else { return Err(Failure::permanent("a stream is no model")) };
        if model.model.materialization == Materialization::Ephemeral {
            return Ok((Done::nothing(Action::Ephemeral, None), None, None));
        }
        self.room(ROOM, sql)?;
        let sql = &mut OwnedSession::new(sql);
        sql.begin()?;
        let build = Build { site: self, at, model, before: built.get(&node.name) };
        let reading = Reading { project: self.project, built, now: self.now };
        let done = build.secure(sql).and_then(|()| build.run(&reading, marks, sql));
        let ended = match done {
            Ok((done, built)) => {
                sql.commit()?;
                let remark = build.tidy(done, sql).err().map(|failure| format!("it is built, but: {failure}"));
                Ok((done, Some(built), remark))
            }
            Err(failure) => {
                // On a connection that is gone this fails too; the first failure is the one to tell.
                let _ = sql.rollback();
                Err(build.placed(failure))
            }
        };
        let shrunk = self.room("shrink_memory", sql);
        ended.and_then(|ended| shrunk.map(|()| ended))
    }

    /// SQLite sorts and changes large tables several times as fast with room for pages. One model is built at a time
    /// there, so that the room is needed once, and it is given back.
    fn room(&self, what: &str, sql: &mut dyn SqlSession) -> Result<(), Failure> {
        match self.project.dialect {
            Dialect::Sqlite => sql.query(&format!("PRAGMA {what}"), &[]).map(drop),
            Dialect::Oracle => Ok(()),
        }
    }
}

/// A moment later than all that models were marked with, also where the clock went back.
fn later(now: i64, built: &BTreeMap<String, Built>) -> i64 {
    let latest = built.values().filter_map(|built| parse_moment(&built.changed_at)).max();
    latest.map_or(now, |latest| now.max(latest + 1))
}

pub(super) struct Build<'b> {
    pub(super) site: &'b Site<'b>,
    pub(super) at: usize,
    pub(super) model: &'b ParsedModel,
    pub(super) before: Option<&'b Built>,
}

impl Build<'_> {
    fn run(
        &self,
        reading: &Reading<'_>,
        marks: &mut Marks,
        sql: &mut OwnedSession<'_>,
    ) -> Result<(Done, Built), Failure> {
        let node = &self.site.project.nodes[self.at];
        let writer = self.site.project.writer();
        if let Some(increment) = self.model.increment() {
            for base in self.site.project.bases(self.at) {
                let base_node = &self.site.project.nodes[base];
                let pipeline = self.site.store.pipeline;
                if base_node.model().is_none() && sql.may_index(pipeline, &base_node.table)? {
                    index_stream(sql, writer, &base_node.table)?;
                }
                // What is appended must not be read twice: look again, inside of this transaction.
                if increment.strategy == Strategy::Append {
                    marks.remove(&base);
                }
            }
        }
        let mut inputs = reading.inputs(self.at, sql, marks)?;
        let there = kind_of(sql, writer, &node.table)?;
        self.check_is_own(there.as_deref(), sql)?;
        let wanted = if self.model.is_live() { "view" } else { "table" };
        let before = self.before.filter(|_| there.as_deref() == Some(wanted) && !self.site.full_refresh);
        let is_same = before.is_some_and(|before| before.fingerprint == self.model.fingerprint);
        let is_noted = !self.model.is_live() || inputs.contains_key(VIEW);
        let changed_at = Value::Timestamp(later(self.site.clock.now(), reading.built)).to_string();
        let (done, changed_at) = match before {
            Some(before) if is_same && is_noted && before.inputs == inputs && !self.site.force => {
                (Done::nothing(Action::Unchanged, before.rows), before.changed_at.clone())
            }
            _ if self.model.is_live() => {
                let done = self.view(is_same, sql)?;
                inputs.insert(VIEW.to_owned(), view_digest(sql, writer, &node.table)?);
                (done, changed_at)
            }
            before => {
                let stamp = Stamp { run_id: writer.text(self.site.run_id), loaded_at: self.moment(&changed_at) };
                let done = self.rows(before, is_same, &inputs, &stamp, sql)?;
                // Also of a table that was built in full and came out as it was.
                let is_untouched = done.changed == 0 && done.rows == before.and_then(|before| before.rows);
                let kept = before.filter(|_| is_untouched).map(|before| before.changed_at.clone());
                self.note(done, &changed_at, reading, &mut inputs, sql)?;
                (done, kept.unwrap_or(changed_at))
            }
        };
        let built = Built {
            fingerprint: self.model.fingerprint.clone(),
            inputs,
            changed_at,
            checked_at: self.site.clock.now(),
            rows: done.rows,
            run_id: self.site.run_id.to_owned(),
            plugin_digest: self.site.project.digests.get(&node.plugin).cloned().unwrap_or_default(),
        };
        self.site.store.write_built(sql, &node.name, &built)?;
        Ok((done, built))
    }

    fn moment(&self, text: &str) -> String {
        match self.site.project.dialect {
            Dialect::Sqlite => format!("'{text}'"),
            Dialect::Oracle => format!("TIMESTAMP '{text}'"),
        }
    }

    pub(super) fn table(&self) -> Table<'_> {
        Table {
            writer: self.site.project.writer(),
            node: &self.site.project.nodes[self.at],
            model: self.model,
            is_followed: self.site.followed.contains(&self.at),
            is_kept: !self.site.project.followers(self.at).is_empty(),
        }
    }

    /// Whether tests look for values of columns that are not of its key: those can go without a row going.
    fn refers_beyond_key(&self) -> bool {
        self.site.project.refers_beyond(self.at, self.table().key())
    }

    fn speaker(&self) -> Speaker<'_> {
        Speaker {
            now: self.site.now,
            run_id: self.site.run_id,
            live: self.model.is_live(),
            ..self.site.project.speaker()
        }
    }

    fn view(&self, is_same: bool, sql: &mut dyn SqlSession) -> Result<Done, Failure> {
        if !is_same {
            let table = self.table();
            let added = if self.is_oracle() { Vec::new() } else { table.added(sql)? };
            let replaces =
                self.is_oracle() && kind_of(sql, table.writer, &table.node.table)?.as_deref() == Some("view");
            if self.is_oracle() {
                // The view is there before it is noted: a build that breaks off in between leaves no note that is not true.
                self.site.store.forget(sql, &table.node.name)?;
                self.settle(sql)?;
            }
            if !replaces {
                table.remove(sql)?;
            }
            let create = if replaces { "CREATE OR REPLACE" } else { "CREATE" };
            let statement = self.speaker().statement(self.at, Mode::Full);
            sql.execute(&format!("{create} VIEW {} AS {statement}", table.name()), &[])?;
            table.add_again(&added, sql)?;
        }
        Ok(Done::nothing(if is_same { Action::Unchanged } else { Action::View }, None))
    }

    fn rows(
        &self,
        before: Option<&Built>,
        is_same: bool,
        inputs: &Inputs,
        stamp: &Stamp,
        sql: &mut dyn SqlSession,
    ) -> Result<Done, Failure> {
        match (&self.model.model.materialization, before) {
            (Materialization::History(history), before) => {
                let is_first = before.is_none();
                let table = self.table();
                if is_first {
                    table.create_aside(sql)?;
                    self.place(&table, sql)?;
                } else if !is_same {
                    table.add_columns(sql)?;
                }
                let statement = self.speaker().statement(self.at, Mode::Full);
                let moved = history::take_in(&table, history, &statement, stamp, sql)?;
                self.drop_work_tables(false, sql)?;
                let action = if is_first { Action::Full } else { Action::Versions };
                self.done(action, before, moved, sql)
            }
            (Materialization::Incremental(increment), Some(before))
                if self.can_go_on(before, is_same, inputs, sql)? =>
            {
                let lookback = i64::from(increment.lookback) * 1_000_000;
                let watermark = Some(watermark(&before.inputs, inputs) - lookback);
                let speaker = Speaker { watermark, seen: Some(&before.inputs), lookback, ..self.speaker() };
                let moved = self.increment(&increment.strategy, speaker, stamp, sql)?;
                self.done(Action::Incremental, Some(before), moved, sql)
            }
            _ => self.full(before.filter(|_| is_same), stamp, sql),
        }
    }

    /// Whether what is there can be gone on with.
    fn can_go_on(
        &self,
        before: &Built,
        is_same: bool,
        inputs: &Inputs,
        sql: &mut dyn SqlSession,
    ) -> Result<bool, Failure> {
        if self.site.force && before.inputs == *inputs || views_changed(&before.inputs, inputs) {
            return Ok(false);
        }
        let on_change = self.model.increment().map_or(OnChange::Rebuild, |increment| increment.on_change);
        match on_change {
            _ if is_same => Ok(true),
            OnChange::Rebuild => Ok(false),
            OnChange::AddColumns => self.table().add_columns(sql).map(|_| true),
            OnChange::Fail if self.table().add_columns(sql)? => Err(Failure::invalid_config(
                "its columns are others than its table's, and it says that this is a failure; build it with --full-refresh",
            )),
            OnChange::Fail => Ok(true),
        }
    }

    fn full(&self, before: Option<&Built>, stamp: &Stamp, sql: &mut dyn SqlSession) -> Result<Done, Failure> {
        let table = self.table();
        table.create_aside(sql)?;
        let statement = self.speaker().statement(self.at, Mode::Full);
        let filled = fill(&table, &statement, stamp, sql)?;
        self.settle(sql)?;
        let carried = if table.is_followed { carry_marks(&table, sql)? } else { None };
        self.settle(sql)?;
        if carried == Some(filled) && before.and_then(|before| before.rows) == Some(filled) {
            table.drop_aside(sql)?;
            return Ok(Done::nothing(Action::Full, Some(filled)));
        }
        let lost = carried.is_none() || self.refers_beyond_key() || loses_keys(&table, sql)?;
        self.place(&table, sql)?;
        if self.model.model.storage.statistics && !self.is_oracle() {
            table.analyze(sql)?;
        }
        let changed = filled - carried.unwrap_or(0).min(filled);
        Ok(Done { action: Action::Full, rows: Some(filled), changed, lost, keeps_chain: false })
    }

    pub(super) fn is_oracle(&self) -> bool {
        self.site.project.dialect == Dialect::Oracle
    }

    /// A failure with the place in the model's SQL that it names, if it does.
    fn placed(&self, failure: Failure) -> Failure {
        let texts = [("SQL", Some(&self.model.statement)), ("changes", self.model.changes.as_ref())];
        let found = texts.into_iter().find_map(|(name, template)| {
            let source = &template?.source;
            Some((name, source, locate(source, &failure.message)?))
        });
        match found {
            Some((name, source, offset)) => {
                let (line, column) = line_and_column(source, offset);
                let message = format!("{name} {line}:{column}: {}\n{}", failure.message, excerpt(source, offset));
                Failure { message, ..failure }
            }
            None => failure,
        }
    }

    fn increment(
        &self,
        strategy: &Strategy,
        speaker: Speaker<'_>,
        stamp: &Stamp,
        sql: &mut dyn SqlSession,
    ) -> Result<Moved, Failure> {
        let writer = self.site.project.writer();
        if let Some(changes) = &self.model.changes {
            let changes = speaker.write(changes, self.at, Mode::Incremental);
            set_aside(writer, "changes", &format!("SELECT DISTINCT * FROM ({changes}\n) wms_change"), sql)?;
        }
        let statement = speaker.statement(self.at, Mode::Incremental);
        let moved = take_in(&self.table(), strategy, &statement, stamp, sql)?;
        self.drop_work_tables(false, sql)?;
        Ok(moved)
    }

    fn done(
        &self,
        action: Action,
        before: Option<&Built>,
        moved: Moved,
        sql: &mut dyn SqlSession,
    ) -> Result<Done, Failure> {
        let rows = match before.and_then(|before| before.rows) {
            Some(rows) => (rows + moved.inserted).saturating_sub(moved.deleted),
            None => rows_of(&self.table().name(), sql)?,
        };
        // Fewer changes than this move no plan.
        if self.model.model.storage.statistics && moved.changed() * 10 > rows && !self.is_oracle() {
            self.table().analyze(sql)?;
        }
        let lost = moved.deleted > 0 || moved.updated > 0 && self.refers_beyond_key();
        Ok(Done { action, rows: Some(rows), changed: moved.changed(), lost, keeps_chain: before.is_some() })
    }
}
