//! What a model reads, and whether that has changed since it was last built. Every row that the host writes has the
//! moment it was last changed; the newest one marks a table. A model's own table is marked when it is built.

use std::collections::BTreeMap;

use wmshost_flow::{Dialect, Failure, FailureKind, Sql, Value};

use crate::dialect::{MARKS, Writer};
use crate::project::{EARLIEST, Project, day_of};
use crate::store::{Built, kind_of, moment_text, parse_moment, text_of};
use crate::template::{Mode, Word};

/// What a model reads: by name, the mark of each table; by name and `#`, the fingerprint of each view between; by
/// `{now}` and `{today}`, the moment if it matters.
pub(super) type Inputs = BTreeMap<String, String>;

/// What reading inputs needs.
pub(super) struct Reading<'r> {
    pub(super) project: &'r Project,
    pub(super) built: &'r BTreeMap<String, Built>,
    pub(super) now: i64,
}

impl Reading<'_> {
    /// What a model reads now. `marks` are those of streams looked at before.
    pub(super) fn inputs(
        &self,
        at: usize,
        sql: &mut dyn Sql,
        marks: &mut BTreeMap<usize, String>,
    ) -> Result<Inputs, Failure> {
        let mut inputs = Inputs::new();
        let bases = self.project.bases(at);
        for &base in &bases {
            let node = &self.project.nodes[base];
            let mark = match (node.model(), marks.get(&base)) {
                (Some(_), _) => self.built.get(&node.name).map(|built| built.changed_at.clone()).ok_or_else(|| {
                    Failure::invalid_config(format!(
                        "it reads {0}, which is not built yet; build that too: --select +{1}",
                        node.name, self.project.nodes[at].name
                    ))
                })?,
                (None, Some(mark)) => mark.clone(),
                (None, None) => self.stream(base, sql, marks)?,
            };
            inputs.insert(node.name.clone(), mark);
        }
        self.between(at, &bases, &mut inputs);
        Ok(inputs)
    }

    /// The mark of a stream's table.
    fn stream(&self, at: usize, sql: &mut dyn Sql, marks: &mut BTreeMap<usize, String>) -> Result<String, Failure> {
        let node = &self.project.nodes[at];
        let mark = newest(sql, self.project.writer(), &node.table, &node.name)?;
        marks.insert(at, mark.clone());
        Ok(mark)
    }

    /// What marks the rows of a node as they are now: its own mark, or those of what its view reads.
    pub(super) fn of_node(
        &self,
        at: usize,
        sql: &mut dyn Sql,
        marks: &mut BTreeMap<usize, String>,
    ) -> Result<Inputs, Failure> {
        let node = &self.project.nodes[at];
        match node.model() {
            Some(model) if model.is_live() => {
                let mut inputs = self.inputs(at, sql, marks)?;
                inputs.insert(format!("{}#", node.name), model.fingerprint.clone());
                Ok(inputs)
            }
            Some(_) => {
                let mark = self.built.get(&node.name).map(|built| built.changed_at.clone());
                Ok(Inputs::from([(node.name.clone(), mark.unwrap_or_default())]))
            }
            None => {
                let mark = match marks.get(&at) {
                    Some(mark) => mark.clone(),
                    None => self.stream(at, sql, marks)?,
                };
                Ok(Inputs::from([(node.name.clone(), mark)]))
            }
        }
    }

    /// Views and ephemeral models between a model and the tables, and whether the time matters.
    fn between(&self, at: usize, bases: &std::collections::BTreeSet<usize>, inputs: &mut Inputs) {
        let mut open = vec![at];
        let mut seen = vec![at];
        while let Some(node) = open.pop() {
            let Some(model) = self.project.nodes[node].model() else { continue };
            if node != at {
                inputs.insert(format!("{}#", self.project.nodes[node].name), model.fingerprint.clone());
            }
            for mode in [Mode::Full, Mode::Incremental] {
                if model.statement.has(&Word::Now, mode) {
                    inputs.insert("{now}".to_owned(), Value::Timestamp(self.now).to_string());
                }
                if model.statement.has(&Word::Today, mode) {
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

/// What a model reads now, outside of a build.
pub(crate) fn inputs_now(
    project: &Project,
    at: usize,
    built: &BTreeMap<String, Built>,
    now: i64,
    sql: &mut dyn Sql,
) -> Result<BTreeMap<String, String>, Failure> {
    Reading { project, built, now }.inputs(at, sql, &mut BTreeMap::new())
}

/// The mark of a stream's table: when its newest row was last changed; empty for a table without rows.
fn newest(sql: &mut dyn Sql, writer: Writer, table: &str, stream: &str) -> Result<String, Failure> {
    if kind_of(sql, writer, table)?.is_none() {
        return Err(Failure::invalid_config(format!(
            "it reads the stream {stream}, which was never loaded: there is no table {table}; run the pipeline first"
        )));
    }
    let newest = moment_text(writer, &format!("MAX({})", MARKS[1]));
    let rows = sql.query(&format!("SELECT {newest} FROM {}", writer.name(table)), &[])?;
    Ok(rows.first().map(|row| text_of(row, 0)).unwrap_or_default())
}

/// Up to when everything that the changed inputs have was seen by the last build.
pub(super) fn watermark(before: &Inputs, now: &Inputs) -> i64 {
    let seen = |name: &String| before.get(name).and_then(|mark| parse_moment(mark)).unwrap_or(EARLIEST);
    let tables = || now.keys().filter(|name| !name.ends_with('#') && !name.starts_with('{'));
    let changed = tables().filter(|name| before.get(*name) != now.get(*name)).map(seen).min();
    changed.unwrap_or_else(|| tables().map(seen).max().unwrap_or(EARLIEST))
}

/// Whether views between changed: then what they gave before cannot be told any more.
pub(super) fn views_changed(before: &Inputs, now: &Inputs) -> bool {
    let views = |inputs: &Inputs| -> BTreeMap<String, String> {
        inputs.iter().filter(|(name, _)| name.ends_with('#')).map(|(a, b)| (a.clone(), b.clone())).collect()
    };
    views(before) != views(now)
}

/// Makes the newest rows of a stream's table quick to find.
pub(super) fn index_stream(sql: &mut dyn Sql, writer: Writer, table: &str) -> Result<(), Failure> {
    let index = format!("WMSHOST_IX_{}", table.to_ascii_uppercase());
    let found = match writer.0 {
        Dialect::Sqlite => "SELECT 1 FROM main.sqlite_schema WHERE type = 'index' AND name = ?1 COLLATE NOCASE",
        Dialect::Oracle => &*format!("SELECT 1 FROM all_indexes WHERE {} AND index_name = :1", writer.is_own_schema()),
    };
    let name = [Value::Text(index.clone())];
    if !sql.query(found, &name)?.is_empty() {
        return Ok(());
    }
    let statement =
        format!("CREATE INDEX {} ON {} ({})", writer.name(&index), writer.name(table), writer.name(MARKS[1]));
    match sql.execute(&statement, &[]) {
        // Somebody is writing the table, or has made the index meanwhile; it only makes things quicker.
        Err(failure)
            if writer.0 == Dialect::Oracle
                && (failure.kind == FailureKind::Transient || !sql.query(found, &name)?.is_empty()) =>
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
