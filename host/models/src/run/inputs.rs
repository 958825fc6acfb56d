//! The inputs of a model, and whether they have changed since it was last built. Every row that the host writes has a
//! load time, the moment it was last changed; the newest one is the table's load time. A model's own table gets its
//! load time when it is built.

use std::collections::{BTreeMap, BTreeSet};

use wmshost_flow::{Failure, Sql, failure_policy};
use wmshost_sql::{Dialect, Value};

use crate::project::Project;
use crate::record::{BuildRecord, Inputs, Moment, Seen, StreamVersion};
use crate::store::{kind_of, rows_of, text_of};
use crate::template::{Mode, Placeholder};
use wmshost_flow::{AUDIT_COLUMNS, DELETED_AT};

/// The versions of streams that were already read.
pub(super) type StreamVersions = BTreeMap<usize, StreamVersion>;

/// Everything that reading inputs needs.
pub(super) struct Reading<'r> {
    pub(super) project: &'r Project,
    pub(super) built: &'r BTreeMap<String, BuildRecord>,
    pub(super) now: i64,
}

impl Reading<'_> {
    /// The present inputs of a model. `streams` are the versions of streams that were already read.
    pub(super) fn inputs(&self, at: usize, sql: &mut dyn Sql, streams: &mut StreamVersions) -> Result<Inputs, Failure> {
        let mut inputs = Inputs::default();
        let bases = self.project.bases(at);
        for &base in &bases {
            let node = &self.project.nodes[base];
            if node.model().is_none() {
                inputs.streams.insert(node.name.clone(), self.stream(base, sql, streams)?);
                continue;
            }
            let built = self.built.get(&node.name).ok_or_else(|| {
                let own = &self.project.nodes[at].name;
                Failure::invalid_config(format!("it reads {}, which is not built yet", node.name))
                    .advise(format_args!("build that too: --select +{own}"))
            })?;
            inputs.models.insert(node.name.clone(), Some(built.changed_at));
        }
        self.between(at, &bases, &mut inputs);
        self.chains(at, &mut inputs);
        Ok(inputs)
    }

    /// Adds the chains of before images that the model follows.
    fn chains(&self, at: usize, inputs: &mut Inputs) {
        let node = &self.project.nodes[at];
        for &read in &node.reads {
            let name = &self.project.nodes[read].name;
            if node.model().is_some_and(|model| model.reads_before_images(name)) {
                let chain = self.built.get(name).and_then(|built| built.own.chain);
                inputs.before_images.insert(name.clone(), chain);
            }
        }
    }

    /// The version of a stream's table.
    fn stream(&self, at: usize, sql: &mut dyn Sql, streams: &mut StreamVersions) -> Result<StreamVersion, Failure> {
        if let Some(known) = streams.get(&at) {
            return Ok(*known);
        }
        let node = &self.project.nodes[at];
        let version = version_of(sql, self.project.dialect, &node.table, &node.name)?;
        streams.insert(at, version);
        Ok(version)
    }

    /// Adds the present version of a node's rows: its own load time, or the inputs of its view.
    pub(super) fn add_node(
        &self,
        at: usize,
        seen: &mut Seen,
        sql: &mut dyn Sql,
        streams: &mut StreamVersions,
    ) -> Result<(), Failure> {
        let node = &self.project.nodes[at];
        match node.model() {
            Some(model) if model.is_live() => {
                seen.inputs.add(self.inputs(at, sql, streams)?);
                seen.inputs.views.insert(node.name.clone(), model.fingerprint.clone());
            }
            Some(_) => {
                let built = self.built.get(&node.name);
                seen.inputs.models.insert(node.name.clone(), built.map(|built| built.changed_at));
                seen.lost.insert(node.name.clone(), built.and_then(|built| built.own.lost));
            }
            None => {
                seen.inputs.streams.insert(node.name.clone(), self.stream(at, sql, streams)?);
            }
        }
        Ok(())
    }

    /// Adds the views and ephemeral models between a model and the tables, and the time if it matters.
    fn between(&self, at: usize, bases: &BTreeSet<usize>, inputs: &mut Inputs) {
        let mut open = vec![at];
        let mut seen = vec![at];
        while let Some(node) = open.pop() {
            let Some(model) = self.project.nodes[node].model() else { continue };
            if node != at {
                inputs.views.insert(self.project.nodes[node].name.clone(), model.fingerprint.clone());
            }
            for mode in [Mode::Full, Mode::Incremental] {
                if model.statement.has(&Placeholder::Now, mode) {
                    inputs.now = Some(Moment(self.now));
                }
                if model.statement.has(&Placeholder::Today, mode) {
                    inputs.today = Some(Moment(self.now).start_of_day());
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
) -> Result<Inputs, Failure> {
    Reading { project, built, now }.inputs(at, sql, &mut StreamVersions::new())
}

fn version_of(sql: &mut dyn Sql, dialect: Dialect, table: &str, stream: &str) -> Result<StreamVersion, Failure> {
    if kind_of(sql, dialect, table)?.is_none() {
        return Err(Failure::invalid_config(format!(
            "it reads the stream {stream}, which was never loaded: there is no table {table}"
        ))
        .advise("run the pipeline first"));
    }
    let marks_deleted = marks_deleted(sql, dialect, table)?;
    let name = dialect.quoted(table);
    // One at a time: the maximum is at the end of an index, which a query of several maxima would not use.
    let mut newest = |column: &str| -> Result<Option<Moment>, Failure> {
        let maximum = dialect.timestamp_as_text(&format!("MAX({})", dialect.quoted(column)));
        let rows = sql.query(&format!("SELECT {maximum} FROM {name}"), &[])?;
        let text = rows.first().map(|row| text_of(row, 0)).unwrap_or_default();
        match Moment::parse(&text) {
            None if !text.is_empty() => Err(Failure::invalid_config(format!(
                "{table}.{column} holds {text:?}, which is not a time of the host"
            ))),
            moment => Ok(moment),
        }
    };
    let deleted = if marks_deleted { newest(DELETED_AT)? } else { None };
    let newest = newest(AUDIT_COLUMNS[1])?;
    Ok(StreamVersion { newest, rows: rows_of(&name, sql)?, deleted })
}

/// True if a stream's table keeps rows that the source no longer has.
fn marks_deleted(sql: &mut dyn Sql, dialect: Dialect, table: &str) -> Result<bool, Failure> {
    let columns = sql.columns(&format!("SELECT * FROM {}", dialect.quoted(table)))?;
    Ok(columns.iter().any(|(name, _)| name.eq_ignore_ascii_case(DELETED_AT)))
}

/// Adds the indexes that find the newest rows of a stream's table, and the newest soft deletions.
pub(super) fn index_stream(sql: &mut dyn Sql, dialect: Dialect, table: &str) -> Result<(), Failure> {
    let table_name = table.to_ascii_uppercase();
    index_mark(sql, dialect, table, &format!("WMSHOST_IX_{table_name}"), AUDIT_COLUMNS[1])?;
    match marks_deleted(sql, dialect, table)? {
        true => index_mark(sql, dialect, table, &format!("WMSHOST_IX2_{table_name}"), DELETED_AT),
        false => Ok(()),
    }
}

fn index_mark(sql: &mut dyn Sql, dialect: Dialect, table: &str, index: &str, column: &str) -> Result<(), Failure> {
    let found = dialect.index_exists();
    let name = [Value::Text(dialect.spelled(index))];
    if !sql.query(&found, &name)?.is_empty() {
        return Ok(());
    }
    let statement =
        format!("CREATE INDEX {} ON {} ({})", dialect.quoted(index), dialect.quoted(table), dialect.quoted(column));
    match sql.execute(&statement, &[]) {
        // Another session is writing the table, or has created the index meanwhile; the index only saves time.
        Err(failure)
            if dialect == Dialect::Oracle
                && (failure_policy(&failure).retry || !sql.query(&found, &name)?.is_empty()) =>
        {
            Ok(())
        }
        made => made.map(drop),
    }
}
