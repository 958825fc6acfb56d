//! The inputs of a model, and whether they have changed since it was last built. Every row that the host writes has a
//! load time, the moment it was last changed; the newest one is the table's load time. A model's own table gets its
//! load time when it is built.

use std::collections::BTreeMap;

use wmshost_flow::{Dialect, Failure, Sql, Value, failure_policy};

use super::before_images::CHAIN;
use crate::dialect::{AUDIT_COLUMNS, DELETED_AT, SqlWriter};
use crate::project::{EARLIEST, Project, day_of};
use crate::store::{BuildRecord, kind_of, moment_text, parse_moment, text_of};
use crate::template::{Mode, Placeholder};

/// The inputs of a model: by name, the load time of each table; by name and `#`, the fingerprint of each view in
/// between, and with `before_images` the chain of before images; by `{name}`, the rest of a stream's version; by
/// `{now}` and `{today}`, the time if it matters; by [`CHAIN`], [`LOST`] and [`VIEW`], facts about the model's own
/// rows.
pub(super) type Inputs = BTreeMap<String, String>;

/// The key of a stream's version beyond its newest row: number of rows and newest deletion.
pub(crate) fn rest_of(stream: &str) -> String {
    format!("{{{stream}}}")
}

/// The key under which a test records when rows of a model were last deleted.
pub(crate) fn lost_rows(model: &str) -> String {
    format!("{{lost {model}}}")
}

/// The key under which a model's own inputs record when rows of it were last deleted.
pub(super) const LOST: &str = "{lost}";

/// The key under which a model's own inputs record its view: a digest of the view's text.
pub(super) const VIEW: &str = "{view}";

/// The version of a stream's table.
#[derive(Debug, Clone)]
pub(super) struct StreamWatermark {
    /// The load time of its newest row; empty for a table without rows.
    newest: String,
    /// The number of its rows, and the time of the newest soft deletion: neither changes a load time.
    rest: String,
}

/// The versions of streams that were already read.
pub(super) type Watermarks = BTreeMap<usize, StreamWatermark>;

/// Everything that reading inputs needs.
pub(super) struct Reading<'r> {
    pub(super) project: &'r Project,
    pub(super) built: &'r BTreeMap<String, BuildRecord>,
    pub(super) now: i64,
}

impl Reading<'_> {
    /// The present inputs of a model. `watermarks` are the versions of streams that were already read.
    pub(super) fn inputs(&self, at: usize, sql: &mut dyn Sql, watermarks: &mut Watermarks) -> Result<Inputs, Failure> {
        let mut inputs = Inputs::new();
        let bases = self.project.bases(at);
        for &base in &bases {
            let node = &self.project.nodes[base];
            match node.model() {
                None => self.stream(base, sql, watermarks, &mut inputs)?,
                Some(_) => {
                    let built = self.built.get(&node.name).ok_or_else(|| {
                        let own = &self.project.nodes[at].name;
                        Failure::invalid_config(format!("it reads {}, which is not built yet", node.name))
                            .advise(format_args!("build that too: --select +{own}"))
                    })?;
                    inputs.insert(node.name.clone(), built.changed_at.clone());
                }
            }
        }
        self.between(at, &bases, &mut inputs);
        self.noted(at, &mut inputs);
        Ok(inputs)
    }

    /// Adds the chains of before images that the model follows, and the facts about its own rows.
    fn noted(&self, at: usize, inputs: &mut Inputs) {
        let node = &self.project.nodes[at];
        let note = |name: &str, key: &str| self.built.get(name).and_then(|built| built.inputs.get(key)).cloned();
        for &read in &node.reads {
            let name = &self.project.nodes[read].name;
            if node.model().is_some_and(|model| model.reads_before_images(name)) {
                inputs.insert(format!("{name} before#"), note(name, CHAIN).unwrap_or_default());
            }
        }
        inputs.extend([CHAIN, LOST, VIEW].into_iter().filter_map(|key| Some((key.to_owned(), note(&node.name, key)?))));
    }

    /// Adds the version of a stream's table.
    fn stream(
        &self,
        at: usize,
        sql: &mut dyn Sql,
        watermarks: &mut Watermarks,
        inputs: &mut Inputs,
    ) -> Result<(), Failure> {
        let node = &self.project.nodes[at];
        let mark = match watermarks.get(&at) {
            Some(mark) => mark.clone(),
            None => watermarks
                .entry(at)
                .or_insert(watermark_of(sql, self.project.writer(), &node.table, &node.name)?)
                .clone(),
        };
        inputs.insert(node.name.clone(), mark.newest);
        inputs.insert(rest_of(&node.name), mark.rest);
        Ok(())
    }

    /// The present version of a node's rows: its own load time, or the inputs of its view.
    pub(super) fn of_node(&self, at: usize, sql: &mut dyn Sql, watermarks: &mut Watermarks) -> Result<Inputs, Failure> {
        let node = &self.project.nodes[at];
        let mut inputs = Inputs::new();
        match node.model() {
            Some(model) if model.is_live() => {
                inputs = self.inputs(at, sql, watermarks)?;
                inputs.remove(VIEW);
                inputs.insert(format!("{}#", node.name), model.fingerprint.clone());
            }
            Some(_) => {
                let built = self.built.get(&node.name);
                inputs.insert(node.name.clone(), built.map(|built| built.changed_at.clone()).unwrap_or_default());
                let lost = built.and_then(|built| built.inputs.get(LOST)).cloned();
                inputs.insert(lost_rows(&node.name), lost.unwrap_or_default());
            }
            None => self.stream(at, sql, watermarks, &mut inputs)?,
        }
        Ok(inputs)
    }

    /// Adds the views and ephemeral models between a model and the tables, and the time if it matters.
    fn between(&self, at: usize, bases: &std::collections::BTreeSet<usize>, inputs: &mut Inputs) {
        let mut open = vec![at];
        let mut seen = vec![at];
        while let Some(node) = open.pop() {
            let Some(model) = self.project.nodes[node].model() else { continue };
            if node != at {
                inputs.insert(format!("{}#", self.project.nodes[node].name), model.fingerprint.clone());
            }
            for mode in [Mode::Full, Mode::Incremental] {
                if model.statement.has(&Placeholder::Now, mode) {
                    inputs.insert("{now}".to_owned(), Value::Timestamp(self.now).to_string());
                }
                if model.statement.has(&Placeholder::Today, mode) {
                    inputs.insert("{today}".to_owned(), Value::Date(day_of(self.now)).to_string());
                }
            }
            for &read in &self.project.nodes[node].reads {
                if !bases.contains(&read) && !seen.contains(&read) {
                    seen.push(read);
                    open.push(read);
                }
            }
        }
    }
}

/// The present inputs of a model, outside of a build.
pub(crate) fn inputs_now(
    project: &Project,
    at: usize,
    built: &BTreeMap<String, BuildRecord>,
    now: i64,
    sql: &mut dyn Sql,
) -> Result<BTreeMap<String, String>, Failure> {
    Reading { project, built, now }.inputs(at, sql, &mut Watermarks::new())
}

fn watermark_of(sql: &mut dyn Sql, writer: SqlWriter, table: &str, stream: &str) -> Result<StreamWatermark, Failure> {
    if kind_of(sql, writer, table)?.is_none() {
        return Err(Failure::invalid_config(format!(
            "it reads the stream {stream}, which was never loaded: there is no table {table}"
        ))
        .advise("run the pipeline first"));
    }
    let marks_deleted = marks_deleted(sql, writer, table)?;
    // One at a time: the maximum is at the end of an index, which a query of several maxima would not use.
    let mut one = |expression: &str| -> Result<String, Failure> {
        let rows = sql.query(&format!("SELECT {expression} FROM {}", writer.name(table)), &[])?;
        Ok(rows.first().map(|row| text_of(row, 0)).unwrap_or_default())
    };
    let newest = |column: &str| moment_text(writer, &format!("MAX({})", writer.name(column)));
    let deleted = if marks_deleted { one(&newest(DELETED_AT))? } else { String::new() };
    Ok(StreamWatermark { newest: one(&newest(AUDIT_COLUMNS[1]))?, rest: format!("{} {deleted}", one("COUNT(*)")?) })
}

/// True if a stream's table keeps rows that the source no longer has.
fn marks_deleted(sql: &mut dyn Sql, writer: SqlWriter, table: &str) -> Result<bool, Failure> {
    let columns = sql.columns(&format!("SELECT * FROM {}", writer.name(table)))?;
    Ok(columns.iter().any(|(name, _)| name.eq_ignore_ascii_case(DELETED_AT)))
}

/// The load time up to which the last build has seen all of the changed inputs.
pub(super) fn watermark(before: &Inputs, now: &Inputs) -> i64 {
    let seen = |name: &String| before.get(name).and_then(|mark| parse_moment(mark)).unwrap_or(EARLIEST);
    let tables = || now.keys().filter(|name| !name.ends_with('#') && !name.starts_with('{'));
    let changed = tables().filter(|name| before.get(*name) != now.get(*name)).map(seen).min();
    changed.unwrap_or_else(|| tables().map(seen).max().unwrap_or(EARLIEST))
}

/// True if views in between, or chains of before images, differ: then their earlier rows are unknown.
pub(crate) fn views_changed(before: &Inputs, now: &Inputs) -> bool {
    let views = |inputs: &Inputs| -> BTreeMap<String, String> {
        inputs.iter().filter(|(name, _)| name.ends_with('#')).map(|(a, b)| (a.clone(), b.clone())).collect()
    };
    views(before) != views(now)
}

/// Adds the indexes that find the newest rows of a stream's table, and the newest soft deletions.
pub(super) fn index_stream(sql: &mut dyn Sql, writer: SqlWriter, table: &str) -> Result<(), Failure> {
    let table_name = table.to_ascii_uppercase();
    index_mark(sql, writer, table, &format!("WMSHOST_IX_{table_name}"), AUDIT_COLUMNS[1])?;
    match marks_deleted(sql, writer, table)? {
        true => index_mark(sql, writer, table, &format!("WMSHOST_IX2_{table_name}"), DELETED_AT),
        false => Ok(()),
    }
}

fn index_mark(sql: &mut dyn Sql, writer: SqlWriter, table: &str, index: &str, column: &str) -> Result<(), Failure> {
    let found = match writer.0 {
        Dialect::Sqlite => "SELECT 1 FROM main.sqlite_schema WHERE type = 'index' AND name = ?1 COLLATE NOCASE",
        Dialect::Oracle => &*format!("SELECT 1 FROM all_indexes WHERE {} AND index_name = :1", writer.is_own_schema()),
    };
    let name = [Value::Text(index.to_owned())];
    if !sql.query(found, &name)?.is_empty() {
        return Ok(());
    }
    let statement = format!("CREATE INDEX {} ON {} ({})", writer.name(index), writer.name(table), writer.name(column));
    match sql.execute(&statement, &[]) {
        // Another session is writing the table, or has created the index meanwhile; the index only saves time.
        Err(failure)
            if writer.0 == Dialect::Oracle
                && (failure_policy(&failure).retry || !sql.query(found, &name)?.is_empty()) =>
        {
            Ok(())
        }
        made => made.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(pairs: &[(&str, &str)]) -> Inputs {
        pairs.iter().map(|(name, mark)| ((*name).to_owned(), (*mark).to_owned())).collect()
    }

    #[test]
    fn only_changed_inputs_set_the_watermark() {
        let before = inputs(&[("a", "1970-01-01 00:00:05"), ("b", "1970-01-01 00:00:01"), ("v#", "x")]);
        let a = inputs(&[("a", "1970-01-01 00:00:09"), ("b", "1970-01-01 00:00:01"), ("v#", "x")]);
        assert_eq!(watermark(&before, &a), 5_000_000);
        let both = inputs(&[("a", "1970-01-01 00:00:09"), ("b", "1970-01-01 00:00:08"), ("v#", "x")]);
        assert_eq!(watermark(&before, &both), 1_000_000);
        assert_eq!(watermark(&before, &before), 5_000_000);
        let new = inputs(&[("a", "1970-01-01 00:00:05"), ("c", "1970-01-01 00:00:08")]);
        assert_eq!(watermark(&before, &new), EARLIEST);
        assert!(views_changed(&before, &new) && !views_changed(&before, &a));
    }
}
