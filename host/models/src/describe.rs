//! Asks the database for the columns and the types that declarations leave out, dependencies first: what a SELECT over
//! tables returns is known to the database alone. Nothing is read and nothing is stored.

use arrow_schema::{DataType, TimeUnit};
use wmshost_flow::model::ModelColumn;
use wmshost_flow::{Failure, SqlSession, failure_policy};
use wmshost_sql::{Dialect, Value};

use crate::check::fingerprints;
use crate::host_columns::is_host_column;
use crate::project::{Kind, Project, SqlRenderer};
use crate::run::drop_work_table;
use crate::store::{kind_of, text_of};
use crate::template::Mode;

/// The name of the table that takes the types of a SELECT on SQLite.
const WORK_TABLE: &str = "described";

impl Project {
    /// Completes the columns of the models that the database describes. A model stays open if its SQL has a mistake, which
    /// [`Project::examine`] reports, or if it reads a stream that was never loaded.
    pub fn describe(&mut self, sql: &mut dyn SqlSession) -> Result<(), Failure> {
        if self.described.is_empty() {
            return Ok(());
        }
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        order.sort_by_key(|&at| self.nodes[at].level);
        let mut is_known = vec![false; self.nodes.len()];
        for at in order {
            is_known[at] = match self.nodes[at].model() {
                None => self.describe_stream(at, sql)?,
                Some(model) if !model.is_open => true,
                Some(_) => {
                    let reads_known = self.nodes[at].reads.iter().all(|&read| is_known[read]);
                    reads_known && self.describe_model(at, sql)?
                }
            };
            if is_known[at]
                && let Some(model) = self.nodes[at].model().filter(|model| model.model.materialization.has_rows())
            {
                let snapshot = match model.model.materialization {
                    wmshost_flow::model::Materialization::Snapshot(_) => &crate::host_columns::VERSION[..],
                    _ => &[],
                };
                let own = model.model.columns.iter().map(|column| column.name.clone());
                self.nodes[at].visible = own.chain(snapshot.iter().map(|name| (*name).to_owned())).collect();
            }
        }
        fingerprints(self);
        Ok(())
    }

    /// Returns false for a stream without a table.
    fn describe_stream(&mut self, at: usize, sql: &mut dyn SqlSession) -> Result<bool, Failure> {
        let table = self.nodes[at].table.clone();
        if kind_of(sql, self.dialect, &table)?.is_none() {
            return Ok(false);
        }
        let columns = sql.columns(&format!("SELECT * FROM {}", self.dialect.quoted(&table)))?;
        self.nodes[at].visible =
            columns.into_iter().map(|(name, _)| name).filter(|name| !is_host_column(name)).collect();
        Ok(true)
    }

    /// Returns false for a model whose SQL has a mistake.
    fn describe_model(&mut self, at: usize, sql: &mut dyn SqlSession) -> Result<bool, Failure> {
        let renderer = SqlRenderer { empty: true, ..self.renderer() };
        let found = columns(self.dialect, &renderer.statement(at, Mode::Full), sql);
        let found = match found {
            Ok(found) => found,
            Err(failure) if failure_policy(&failure).retry => return Err(failure),
            Err(_) => return Ok(false),
        };
        let Kind::Model(parsed) = &mut self.nodes[at].kind else { return Ok(true) };
        let declared = std::mem::take(&mut parsed.model.columns);
        let complete = |(name, kind): (String, DataType)| {
            let known = declared.iter().find(|known| known.name.eq_ignore_ascii_case(&name));
            let declared_kind = known.map(|known| known.kind.clone()).filter(|kind| *kind != DataType::Null);
            let summary = known.map(|known| known.summary.clone()).unwrap_or_default();
            ModelColumn { name, kind: declared_kind.unwrap_or(kind), summary }
        };
        let mut all: Vec<ModelColumn> = found.into_iter().map(complete).collect();
        // One that is declared with a type and not returned is a mistake; one that is only described is not there.
        let is_new = |column: &ModelColumn| !all.iter().any(|known| known.name.eq_ignore_ascii_case(&column.name));
        let missing: Vec<_> =
            declared.iter().filter(|column| column.kind != DataType::Null && is_new(column)).cloned().collect();
        all.extend(missing);
        (parsed.model.columns, parsed.is_open) = (all, false);
        Ok(true)
    }
}

/// The columns of a SELECT with their types; Null where any value may be in it.
fn columns(dialect: Dialect, select: &str, sql: &mut dyn SqlSession) -> Result<Vec<(String, DataType)>, Failure> {
    match dialect {
        Dialect::Oracle => {
            let columns = sql.columns(select)?.into_iter();
            Ok(columns.map(|(name, described)| (name, oracles_type(&described))).collect())
        }
        Dialect::Sqlite => {
            drop_work_table(dialect, WORK_TABLE, sql)?;
            let nothing = format!("SELECT * FROM ({select}\n) LIMIT 0");
            sql.execute(&dialect.create_work_table(WORK_TABLE, &nothing), &[])?;
            let rows = sql.query(
                "SELECT name, type FROM pragma_table_info(?1, 'temp')",
                &[Value::Text(format!("wmshost_{WORK_TABLE}"))],
            );
            drop_work_table(dialect, WORK_TABLE, sql)?;
            let kind = |described: &str| if described == "TEXT" { DataType::Utf8 } else { DataType::Null };
            Ok(rows?.iter().map(|row| (text_of(row, 0), kind(&text_of(row, 1)))).collect())
        }
    }
}

/// The type in which a model keeps what Oracle describes in these words.
fn oracles_type(described: &str) -> DataType {
    let moment = |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
    let name = described.split('(').next().unwrap_or_default().trim();
    match name {
        "BINARY_DOUBLE" | "BINARY_FLOAT" => DataType::Float64,
        "DATE" => DataType::Date32,
        "RAW" | "BLOB" | "LONG RAW" => DataType::Binary,
        "TIMESTAMP" if described.contains("ZONE") => moment(Some("UTC")),
        "TIMESTAMP" => moment(None),
        "NUMBER" => decimal(described).unwrap_or(DataType::Null),
        _ => DataType::Utf8,
    }
}

/// The type of `NUMBER(p,s)`; `None` if it has no precision, or digits that no decimal has.
fn decimal(described: &str) -> Option<DataType> {
    let (_, inside) = described.split_once('(')?;
    let inside = inside.strip_suffix(')')?;
    let (precision, scale) = inside.split_once(',').unwrap_or((inside, "0"));
    let (precision, scale) = (precision.trim().parse::<u8>().ok()?, scale.trim().parse::<i8>().ok()?);
    let in_range = (1..=38).contains(&precision) && (0..=precision as i8).contains(&scale);
    in_range.then_some(DataType::Decimal128(precision, scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oracles_words_are_types() {
        let null = DataType::Null;
        for (described, kind) in [
            ("NUMBER", null.clone()),
            ("NUMBER(10,2)", DataType::Decimal128(10, 2)),
            ("NUMBER(19)", DataType::Decimal128(19, 0)),
            ("NUMBER(5,-2)", null),
            ("VARCHAR2(20)", DataType::Utf8),
            ("DATE", DataType::Date32),
            ("TIMESTAMP(6)", DataType::Timestamp(TimeUnit::Microsecond, None)),
            ("TIMESTAMP(6) WITH TIME ZONE", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
        ] {
            assert_eq!(oracles_type(described), kind, "{described}");
        }
    }
}
