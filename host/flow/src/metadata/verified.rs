//! For each stream the time through which its table is verified: the whole table was found equal to its source, read in a
//! snapshot that was not taken before that time.

use wmshost_sql::{MetadataType, Value};

use super::in_transaction;
use super::table::{Cells, Table};
use crate::failure::Failure;
use crate::ports::clock::Micros;
use crate::ports::sql::{Sql, SqlSession};

pub(super) const TABLE: Table = Table {
    name: "WMSHOST_VERIFIED",
    columns: &[
        ("pipeline", MetadataType::Name),
        ("stream", MetadataType::Name),
        ("run_id", MetadataType::Name),
        ("verified_through", MetadataType::Integer),
    ],
    key: 2,
};

/// The time through which a stream is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The stream's name.
    pub stream: String,
    /// The id of the run that has found it equal.
    pub run_id: String,
    /// A time before the source was opened, UTC: what was committed in it until then was compared.
    pub through: Micros,
}

/// The marks of one pipeline's streams.
pub struct VerifiedMarks<'a> {
    /// The pipeline.
    pub pipeline: &'a str,
}

impl VerifiedMarks<'_> {
    /// Moves the marks of streams, in a transaction of its own; a mark that is later already stays.
    pub fn record(&self, session: &mut dyn SqlSession, verified: &[Verified]) -> Result<(), Failure> {
        in_transaction(session, |session| {
            self.write(session, verified).map_err(|failure| TABLE.explain(session, failure))
        })
    }

    fn write(&self, sql: &mut dyn Sql, verified: &[Verified]) -> Result<(), Failure> {
        let known = self.read(sql)?;
        TABLE.make(sql)?;
        let update = sql.dialect().with_parameters(
            "UPDATE WMSHOST_VERIFIED SET run_id = ?1, verified_through = ?2 WHERE pipeline = ?3 AND stream = ?4",
        );
        for mark in verified {
            let [pipeline, stream, run_id] =
                [self.pipeline, &mark.stream, &mark.run_id].map(|text| Value::Text(text.to_owned()));
            let through = Value::Int64(mark.through);
            match known.iter().find(|known| known.stream == mark.stream) {
                Some(known) if known.through >= mark.through => {}
                Some(_) => drop(sql.execute(&update, &[run_id, through, pipeline, stream])?),
                None => {
                    let insert = TABLE.insert_statement(sql.dialect());
                    sql.execute(&insert, &[pipeline, stream, run_id, through])?;
                }
            }
        }
        Ok(())
    }

    /// Returns the marks of all streams that have one.
    pub fn read(&self, sql: &mut dyn Sql) -> Result<Vec<Verified>, Failure> {
        if !TABLE.exists(sql)? {
            return Ok(Vec::new());
        }
        let statement =
            format!("SELECT {} FROM WMSHOST_VERIFIED WHERE pipeline = ?1 ORDER BY stream", TABLE.column_list());
        let rows = sql.query(&sql.dialect().with_parameters(&statement), &[Value::Text(self.pipeline.to_owned())]);
        rows.map_err(|failure| TABLE.explain(sql, failure))?.into_iter().map(mark).collect()
    }
}

fn mark(row: Vec<Value>) -> Result<Verified, Failure> {
    let mut cells = Cells::of(&TABLE, row);
    let _pipeline = cells.text()?;
    Ok(Verified { stream: cells.text()?, run_id: cells.text()?, through: cells.integer()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::MemoryTarget;

    #[test]
    fn a_mark_moves_forward_only() {
        let target = MemoryTarget::default();
        let marks = VerifiedMarks { pipeline: "p" };
        assert!(marks.read(&mut target.open()).expect("no table").is_empty());
        let mark =
            |stream: &str, through| Verified { stream: stream.to_owned(), run_id: format!("r{through}"), through };
        for (moved, kept) in [(5, 5), (4, 5), (9, 9)] {
            marks.record(&mut target.open(), &[mark("a", moved), mark("b", 1)]).expect("a mark");
            assert_eq!(marks.read(&mut target.open()).expect("marks"), [mark("a", kept), mark("b", 1)]);
        }
        assert!(VerifiedMarks { pipeline: "q" }.read(&mut target.open()).expect("marks").is_empty());
    }
}
