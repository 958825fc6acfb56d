//! Inserting, many rows at a time. If one of them cannot be, the database says so of all: the batch is halved
//! until the row stands alone, which then goes to quarantine with what the database said, and the others go in.

use arrow_array::{Array as _, BooleanArray, RecordBatch};
use arrow_schema::SchemaRef;
use arrow_select::filter::filter_record_batch;
use wmshost_flow::{Cause, Counts, Failure, Quarantine, Rejected, RejectedIn, Stage, Value, row_as_json};

use super::client::Touched;
use super::define::takes;
use super::encode::Wire;
use super::failure::{Class, Trouble};
use super::names::{quoted, quoted_list, spelled};
use super::plain::on;
use super::table::{Column, Table};
use super::writer::{MARKS, OWN_COLUMNS, Writer, Written};

/// Who takes rows out.
const DRIVER: &str = "oracle";
/// Where to go back to if a row cannot be written.
const SAVEPOINT: &str = "wms_rows";

/// Rows on their way into a table, as they are and as they are bound.
#[derive(Clone)]
pub(super) struct Load {
    /// As they came.
    pub(super) rows: RecordBatch,
    /// As they are bound.
    pub(super) wire: RecordBatch,
}

impl Load {
    pub(super) fn slice(&self, offset: usize, length: usize) -> Self {
        Self { rows: self.rows.slice(offset, length), wire: self.wire.slice(offset, length) }
    }
}

/// Statements that write rows, each bound to all of them.
pub(super) struct Statements {
    /// Their texts.
    pub(super) texts: Vec<String>,
    /// The columns that identify a row, for quarantine.
    pub(super) key: Vec<String>,
}

impl Writer {
    /// Inserts a batch into the table or its staged table.
    pub(super) fn insert_rows(&mut self, table: &str, rows: &RecordBatch) -> Result<Counts, Failure> {
        let which = self.written(table)?;
        let found = self.found(which, table)?;
        let load = self.load(&found, table, rows, &found.key)?;
        let statements = Statements { texts: vec![insert_text(table, &rows.schema())], key: found.key.clone() };
        let (touched, rejected) = self.write_carefully(&statements, &load)?;
        let written = touched.iter().sum();
        Ok(match which {
            Written::Table => Counts { inserted: written, rejected, ..Counts::default() },
            Written::Staged => Counts { staged: written, rejected, ..Counts::default() },
        })
    }

    /// A table that must be there.
    pub(super) fn found(&mut self, which: Written, name: &str) -> Result<std::sync::Arc<Table>, Failure> {
        self.find(which)?.ok_or_else(|| {
            Failure::permanent(format!("{}, table {name}: there is no such table; create it first", self.place))
        })
    }

    /// Checks a batch against its table and encodes it.
    pub(super) fn load(&self, table: &Table, name: &str, rows: &RecordBatch, key: &[String]) -> Result<Load, Failure> {
        let place = format!("{}, table {name}", self.place);
        let columns = check_columns(table, &rows.schema()).map_err(|failure| failure.within(&place))?;
        let wire = Wire::encode(rows, &columns, &self.grant.run_id, self.loaded_at, &place)?.rows;
        check_key(&rows.schema(), &wire, key).map_err(|failure| failure.within(&place))?;
        Ok(Load { rows: rows.clone(), wire })
    }

    /// Writes rows by statements; gives how many rows each of them touched, and how many went to quarantine.
    pub(super) fn write_carefully(&mut self, statements: &Statements, load: &Load) -> Result<(Vec<u64>, u64), Failure> {
        let mut touched = vec![0; statements.texts.len()];
        let mut rejected = Vec::new();
        let most = self.links.maker().settings.array_rows.max(1);
        let mut offset = 0;
        while offset < load.rows.num_rows() {
            let length = most.min(load.rows.num_rows() - offset);
            self.write_part(statements, &load.slice(offset, length), &mut touched, &mut rejected)?;
            offset += length;
        }
        let count = rejected.len() as u64;
        self.put_into_quarantine(&rejected, &statements.key)?;
        Ok((touched, count))
    }

    fn write_part(
        &mut self,
        statements: &Statements,
        load: &Load,
        touched: &mut [u64],
        rejected: &mut Vec<Rejected>,
    ) -> Result<(), Failure> {
        let place = format!("{}, table {}", self.place, self.grant.table);
        on(&mut self.link, &place, |client| client.execute(&format!("SAVEPOINT {SAVEPOINT}"), &[]))?;
        let trouble = match self.run_all(statements, &load.wire) {
            Ok(done) => {
                touched.iter_mut().zip(done.touched).for_each(|(all, count)| *all += count);
                rejected.extend(done.failed.iter().map(|(row, trouble)| rejection(trouble, &load.rows.slice(*row, 1))));
                return Ok(());
            }
            Err(trouble) => trouble,
        };
        if trouble.class.is_gone() {
            self.link.mark_broken();
        }
        if trouble.class != Class::Row {
            return Err(trouble.failure(place));
        }
        on(&mut self.link, &place, |client| client.execute(&format!("ROLLBACK TO SAVEPOINT {SAVEPOINT}"), &[]))?;
        let rows = load.rows.num_rows();
        if rows == 1 {
            rejected.push(rejection(&trouble, &load.rows));
            return Ok(());
        }
        let half = rows / 2;
        self.write_part(statements, &load.slice(0, half), touched, rejected)?;
        self.write_part(statements, &load.slice(half, rows - half), touched, rejected)
    }

    /// Runs each statement for all rows, but for those that one before it could not write.
    fn run_all(&self, statements: &Statements, wire: &RecordBatch) -> Result<Done, Trouble> {
        let client = self.link.client()?;
        let mut done = Done::default();
        for text in &statements.texts {
            if done.failed.is_empty() {
                let Touched { rows, failed } = client.execute_batch(text, wire)?;
                done.add(rows, failed)?;
                continue;
            }
            let left: Vec<usize> =
                (0..wire.num_rows()).filter(|row| done.failed.iter().all(|(failed, _)| failed != row)).collect();
            let Touched { rows, failed } = client.execute_batch(text, &only(wire, &left)?)?;
            done.add(rows, failed.into_iter().map(|(row, trouble)| (left[row], trouble)).collect())?;
        }
        Ok(done)
    }

    fn put_into_quarantine(&mut self, rejected: &[Rejected], key: &[String]) -> Result<(), Failure> {
        if rejected.is_empty() {
            return Ok(());
        }
        let grant = self.grant.clone();
        let at = Value::Timestamp(self.loaded_at).to_string();
        let run = RejectedIn { stream: &grant.stream, run_id: &grant.run_id, at: &at };
        Quarantine { pipeline: &grant.pipeline }.add(self, run, rejected, key).map(drop)
    }
}

/// The insertion of rows of these columns and the host's marks.
pub(super) fn insert_text(table: &str, columns: &SchemaRef) -> String {
    let names = || columns.fields().iter().map(|field| field.name().as_str()).chain(MARKS);
    let bound: Vec<_> = (1..=names().count()).map(|number| format!(":{number}")).collect();
    format!("INSERT INTO {} ({}) VALUES ({})", quoted(table), quoted_list("", names()), bound.join(", "))
}

/// What statements did to rows.
#[derive(Default)]
struct Done {
    /// How many rows each statement touched.
    touched: Vec<u64>,
    /// The rows that could not be written, in order.
    failed: Vec<(usize, Trouble)>,
}

impl Done {
    fn add(&mut self, rows: u64, failed: Vec<(usize, Trouble)>) -> Result<(), Trouble> {
        // What is not the row's own fault fails the batch.
        if let Some((_, trouble)) = failed.iter().find(|(_, trouble)| trouble.class != Class::Row) {
            return Err(trouble.clone());
        }
        self.touched.push(rows);
        self.failed.extend(failed);
        self.failed.sort_by_key(|(row, _)| *row);
        Ok(())
    }
}

fn only(wire: &RecordBatch, rows: &[usize]) -> Result<RecordBatch, Trouble> {
    let mask: BooleanArray = (0..wire.num_rows()).map(|row| Some(rows.binary_search(&row).is_ok())).collect();
    filter_record_batch(wire, &mask).map_err(|error| Trouble::new(Class::Wrong, format!("splitting a batch: {error}")))
}

fn rejection(trouble: &Trouble, row: &RecordBatch) -> Rejected {
    Rejected {
        cause: Cause::BadValue,
        rule: trouble.code.map_or_else(|| "refused".to_owned(), |code| format!("ora-{code:05}")),
        reason: trouble.to_string(),
        stage: Stage::Load,
        by: DRIVER.to_owned(),
        digest: None,
        row: row_as_json(row, 0),
        place: None,
    }
}

/// Whether every column of a batch is one of the table.
fn check_columns<'t>(table: &'t Table, columns: &SchemaRef) -> Result<Vec<&'t Column>, Failure> {
    if let Some(mark) = MARKS.iter().find(|mark| table.column(mark).is_none()) {
        return Err(Failure::invalid_config(format!(
            "it lacks the host's own column {mark}; add {} VARCHAR2(128) and {} TIMESTAMP(6)",
            MARKS[0], MARKS[1]
        )));
    }
    let fields = columns.fields().iter().enumerate().map(|(at, field)| {
        let name = field.name();
        let own = OWN_COLUMNS.iter().any(|own| spelled(name) == spelled(own));
        let twice = columns.fields()[..at].iter().any(|other| spelled(other.name()) == spelled(name));
        match table.column(name) {
            _ if own => Err(format!("the column {name} is written by the host itself")),
            _ if twice => Err(format!("the batch has the column {name} twice")),
            None => Err(format!("it has no column {name}; add it first")),
            Some(column) if !column.arrow.as_ref().is_some_and(|arrow| takes(arrow, field.data_type())) => {
                Err(format!("the column {name} is declared {}, which takes no {}", column.declared, field.data_type()))
            }
            Some(column) => Ok(column),
        }
    });
    fields.collect::<Result<_, _>>().map_err(Failure::permanent)
}

/// A key that is NULL would tell nothing. The columns of `wire` are those of the batch, in order.
fn check_key(columns: &SchemaRef, wire: &RecordBatch, key: &[String]) -> Result<(), Failure> {
    for name in key {
        let Some(at) = position_of(columns, name) else {
            return Err(Failure::permanent(format!("the batch lacks the key column {name}")));
        };
        let column = wire.column(at);
        if let Some(row) = (0..wire.num_rows()).find(|row| column.is_null(*row)) {
            return Err(Failure::permanent(format!(
                "row {} of the batch: the key column {name} is NULL, or an empty text, which is the same to Oracle",
                row + 1
            )));
        }
    }
    Ok(())
}

/// Where the column of this name is, whatever its case.
pub(super) fn position_of(columns: &SchemaRef, name: &str) -> Option<usize> {
    columns.fields().iter().position(|field| spelled(field.name()) == spelled(name))
}
