//! Inserting, many rows at a time. If one of them cannot be inserted, the database refuses all of them: the batch is
//! halved until that row is alone. It is then reported as refused, with the database's message, and the others are
//! inserted.

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, BooleanArray, RecordBatch};
use arrow_schema::SchemaRef;
use arrow_select::filter::filter_record_batch;
use wmshost_flow::{Failure, Refused, WriteStats};

use super::ddl::accepts;
use super::encode::{BoundRows, Unstorable};
use super::session::{AUDIT_COLUMNS, OracleTargetSession, SYSTEM_COLUMNS, WriteTable};
use super::table::{Column, Table};
use crate::oracle::charset::Charset;
use crate::oracle::client::Affected;
use crate::oracle::failure::{ErrorClass, OracleError};
use crate::oracle::names::{quoted, quoted_list, spelled};
use crate::oracle::sql_session::{charset, failed, with_client};

/// The savepoint to return to if a row cannot be written.
const SAVEPOINT: &str = "wms_rows";

/// Rows on their way into a table, as they are and as they are bound.
#[derive(Clone)]
pub(crate) struct Load {
    /// As they came.
    pub(crate) rows: RecordBatch,
    /// As they are bound.
    pub(crate) wire: RecordBatch,
    /// Their places in the batch.
    pub(crate) places: Vec<usize>,
}

impl Load {
    pub(crate) fn slice(&self, offset: usize, length: usize) -> Self {
        let places = self.places[offset..offset + length].to_vec();
        Self { rows: self.rows.slice(offset, length), wire: self.wire.slice(offset, length), places }
    }
}

/// Statements that write rows, each bound to all of them.
pub(crate) struct Statements {
    /// Their texts.
    pub(crate) texts: Vec<String>,
}

impl OracleTargetSession {
    /// Inserts a batch into the table or its staged table.
    pub(crate) fn insert_rows(&mut self, table: &str, rows: &RecordBatch) -> Result<WriteStats, Failure> {
        let which = self.resolve_table(table)?;
        let found = self.found(which, table)?;
        let load = self.load(&found, table, rows, &found.key)?;
        let statements = Statements { texts: vec![insert_text(table, &rows.schema())] };
        let (touched, rejected) = self.write_carefully(&statements, &load)?;
        let rejected = rejected + (rows.num_rows() - load.rows.num_rows()) as u64;
        let written = touched.iter().sum();
        Ok(match which {
            WriteTable::Table => WriteStats { inserted: written, rejected, ..WriteStats::default() },
            WriteTable::Staged => WriteStats { staged: written, rejected, ..WriteStats::default() },
        })
    }

    /// A table that must be there.
    pub(crate) fn found(&mut self, which: WriteTable, name: &str) -> Result<std::sync::Arc<Table>, Failure> {
        self.find(which)?.ok_or_else(|| {
            Failure::permanent(format!("{}, table {name}: there is no such table", self.place))
                .advise("create it first")
        })
    }

    /// Checks a batch against its table and encodes it; rows that cannot be bound as they are count as refused.
    pub(crate) fn load(
        &mut self,
        table: &Table,
        name: &str,
        rows: &RecordBatch,
        key: &[String],
    ) -> Result<Load, Failure> {
        let place = format!("{}, table {name}", self.place);
        let columns = check_columns(table, &rows.schema()).map_err(|failure| failure.within(&place))?;
        let charset = charset(&mut self.connection, &place)?;
        with_client(&mut self.connection, &place, |client| charset.learn(client, texts(rows)))?;
        let (run_id, loaded_at) = (self.grant.run_id.as_str(), self.loaded_at);
        let binding = Binding { columns: &columns, charset: &charset, run_id, loaded_at, key };
        let mut refused = Vec::new();
        let wire = match binding.encode(rows) {
            Ok(wire) => return Ok(Load { rows: rows.clone(), wire, places: (0..rows.num_rows()).collect() }),
            Err(Unbound::Failure(failure)) => return Err(failure.within(&place)),
            Err(Unbound::Row { .. }) => binding.refused(rows, 0, &mut refused).and_then(|()| {
                let is_out = |row: usize| refused.binary_search_by_key(&row, |refused| refused.row).is_ok();
                let places: Vec<usize> = (0..rows.num_rows()).filter(|row| !is_out(*row)).collect();
                let rows = only(rows, &places).map_err(|oracle_error| oracle_error.failure(&place))?;
                match binding.encode(&rows) {
                    Ok(wire) => Ok(Load { rows, wire, places }),
                    Err(unbound) => Err(unbound.failure()),
                }
            }),
        };
        let load = wire.map_err(|failure| failure.within(&place))?;
        self.refused.extend(refused);
        Ok(load)
    }

    /// Writes rows by statements; returns the number of rows that each statement touched, and the number of refused
    /// rows.
    pub(crate) fn write_carefully(&mut self, statements: &Statements, load: &Load) -> Result<(Vec<u64>, u64), Failure> {
        let mut touched = vec![0; statements.texts.len()];
        let mut rejected = Vec::new();
        let most = self.connections.manager().settings.array_rows.max(1);
        let mut offset = 0;
        while offset < load.rows.num_rows() {
            let length = most.min(load.rows.num_rows() - offset);
            self.write_part(statements, &load.slice(offset, length), &mut touched, &mut rejected)?;
            offset += length;
        }
        let count = rejected.len() as u64;
        self.refused.append(&mut rejected);
        Ok((touched, count))
    }

    fn write_part(
        &mut self,
        statements: &Statements,
        load: &Load,
        touched: &mut [u64],
        rejected: &mut Vec<Refused>,
    ) -> Result<(), Failure> {
        let place = format!("{}, table {}", self.place, self.grant.table);
        with_client(&mut self.connection, &place, |client| client.execute(&format!("SAVEPOINT {SAVEPOINT}"), &[]))?;
        let oracle_error = match self.run_all(statements, &load.wire) {
            Ok(done) => {
                touched.iter_mut().zip(done.touched).for_each(|(all, count)| *all += count);
                rejected.extend(done.failed.iter().map(|(row, oracle_error)| refusal(oracle_error, load.places[*row])));
                return Ok(());
            }
            Err(oracle_error) => oracle_error,
        };
        if oracle_error.class != ErrorClass::Row {
            return Err(failed(&mut self.connection, &oracle_error, place));
        }
        with_client(&mut self.connection, &place, |client| {
            client.execute(&format!("ROLLBACK TO SAVEPOINT {SAVEPOINT}"), &[])
        })?;
        let rows = load.rows.num_rows();
        if rows == 1 {
            rejected.push(refusal(&oracle_error, load.places[0]));
            return Ok(());
        }
        let half = rows / 2;
        self.write_part(statements, &load.slice(0, half), touched, rejected)?;
        self.write_part(statements, &load.slice(half, rows - half), touched, rejected)
    }

    /// Runs each statement for all rows, except those that an earlier statement could not write.
    fn run_all(&self, statements: &Statements, wire: &RecordBatch) -> Result<Done, OracleError> {
        let client = self.connection.client()?;
        let mut done = Done::default();
        for text in &statements.texts {
            if done.failed.is_empty() {
                let Affected { rows, failed } = client.execute_batch(text, wire)?;
                done.add(rows, failed)?;
                continue;
            }
            let left: Vec<usize> =
                (0..wire.num_rows()).filter(|row| done.failed.iter().all(|(failed, _)| failed != row)).collect();
            let Affected { rows, failed } = client.execute_batch(text, &only(wire, &left)?)?;
            done.add(rows, failed.into_iter().map(|(row, oracle_error)| (left[row], oracle_error)).collect())?;
        }
        Ok(done)
    }
}

/// The INSERT of rows with these columns and the audit columns.
pub(crate) fn insert_text(table: &str, columns: &SchemaRef) -> String {
    let names = || columns.fields().iter().map(|field| field.name().as_str()).chain(AUDIT_COLUMNS);
    let bound: Vec<_> = (1..=names().count()).map(|number| format!(":{number}")).collect();
    format!("INSERT INTO {} ({}) VALUES ({})", quoted(table), quoted_list("", names()), bound.join(", "))
}

/// The result of running the statements.
#[derive(Default)]
struct Done {
    /// The number of rows each statement touched.
    touched: Vec<u64>,
    /// The rows that could not be written, in order.
    failed: Vec<(usize, OracleError)>,
}

impl Done {
    fn add(&mut self, rows: u64, failed: Vec<(usize, OracleError)>) -> Result<(), OracleError> {
        // What is not the row's own fault fails the batch.
        if let Some((_, oracle_error)) = failed.iter().find(|(_, oracle_error)| oracle_error.class != ErrorClass::Row) {
            return Err(oracle_error.clone());
        }
        self.touched.push(rows);
        self.failed.extend(failed);
        self.failed.sort_by_key(|(row, _)| *row);
        Ok(())
    }
}

fn only(wire: &RecordBatch, rows: &[usize]) -> Result<RecordBatch, OracleError> {
    let mask: BooleanArray = (0..wire.num_rows()).map(|row| Some(rows.binary_search(&row).is_ok())).collect();
    filter_record_batch(wire, &mask)
        .map_err(|error| OracleError::new(ErrorClass::Permanent, format!("splitting a batch: {error}")))
}

/// A row that the target refuses.
pub(crate) fn refusal(oracle_error: &OracleError, row: usize) -> Refused {
    Refused {
        row,
        rule: oracle_error.code.map_or_else(|| "refused".to_owned(), |code| format!("ora-{code:05}")),
        reason: format!("the target refuses it: {oracle_error}"),
    }
}

/// The parameters for binding rows.
struct Binding<'a> {
    columns: &'a [&'a Column],
    charset: &'a Charset,
    run_id: &'a str,
    loaded_at: i64,
    key: &'a [String],
}

/// The reason why rows are not bound.
enum Unbound {
    /// One of them cannot be.
    Row { row: usize, rule: &'static str, why: String },
    /// None of them can be.
    Failure(Failure),
}

impl Unbound {
    fn failure(self) -> Failure {
        match self {
            Self::Row { row, why, .. } => Failure::permanent(format!("row {} of the batch: {why}", row + 1)),
            Self::Failure(failure) => failure,
        }
    }
}

impl Binding<'_> {
    fn encode(&self, rows: &RecordBatch) -> Result<RecordBatch, Unbound> {
        let wire = BoundRows::encode(rows, self.columns, self.charset, self.run_id, self.loaded_at)?.rows;
        check_key(&rows.schema(), &wire, self.key)?;
        Ok(wire)
    }

    /// Finds the rows that cannot be bound, by halving the batch.
    fn refused(&self, rows: &RecordBatch, offset: usize, refused: &mut Vec<Refused>) -> Result<(), Failure> {
        let count = rows.num_rows();
        match self.encode(rows) {
            Ok(_) => Ok(()),
            Err(Unbound::Failure(failure)) => Err(failure),
            Err(Unbound::Row { rule, why, .. }) if count == 1 => {
                refused.push(Refused { row: offset, rule: rule.to_owned(), reason: why });
                Ok(())
            }
            Err(Unbound::Row { .. }) => {
                self.refused(&rows.slice(0, count / 2), offset, refused)?;
                self.refused(&rows.slice(count / 2, count - count / 2), offset + count / 2, refused)
            }
        }
    }
}

impl From<Unstorable> for Unbound {
    fn from(Unstorable { row, why }: Unstorable) -> Self {
        Self::Row { row, rule: "no-place", why }
    }
}

/// The texts of a batch that have letters beyond ASCII.
fn texts(rows: &RecordBatch) -> impl Iterator<Item = &str> {
    let columns = rows.columns().iter().filter_map(|column| column.as_string_opt::<i32>());
    columns.filter(|texts| !texts.value_data().is_ascii()).flat_map(|texts| texts.iter().flatten())
}

/// Returns the table's columns for those of a batch; fails if one is missing.
fn check_columns<'t>(table: &'t Table, columns: &SchemaRef) -> Result<Vec<&'t Column>, Failure> {
    if let Some(column) = AUDIT_COLUMNS.iter().find(|column| table.column(column).is_none()) {
        return Err(Failure::invalid_config(format!("it lacks the host's own column {column}"))
            .advise(format_args!("add {} VARCHAR2(128) and {} TIMESTAMP(6)", AUDIT_COLUMNS[0], AUDIT_COLUMNS[1])));
    }
    let fields = columns.fields().iter().enumerate().map(|(at, field)| {
        let name = field.name();
        let own = SYSTEM_COLUMNS.iter().any(|own| spelled(name) == spelled(own));
        let twice = columns.fields()[..at].iter().any(|other| spelled(other.name()) == spelled(name));
        match table.column(name) {
            _ if own => Err(format!("the column {name} is written by the host itself")),
            _ if twice => Err(format!("the batch has the column {name} twice")),
            None => Err(format!("it has no column {name}; add it first")),
            Some(Column { filled_by: Some(why), .. }) => {
                Err(format!("the column {name} {why}; have a transform leave it out"))
            }
            Some(column) if !column.arrow.as_ref().is_some_and(|arrow| accepts(arrow, field.data_type())) => {
                Err(format!("the column {name} is declared {}, which takes no {}", column.declared, field.data_type()))
            }
            Some(column) => Ok(column),
        }
    });
    fields.collect::<Result<_, _>>().map_err(Failure::permanent)
}

/// Fails if a key is NULL, since it identifies no row. The columns of `wire` are those of the batch, in order.
fn check_key(columns: &SchemaRef, wire: &RecordBatch, key: &[String]) -> Result<(), Unbound> {
    for name in key {
        let Some(at) = position_of(columns, name) else {
            return Err(Unbound::Failure(Failure::permanent(format!("the batch lacks the key column {name}"))));
        };
        let column = wire.column(at);
        if let Some(row) = (0..wire.num_rows()).find(|row| column.is_null(*row)) {
            let why = format!("the key column {name} is NULL, or an empty text, which is the same to Oracle");
            return Err(Unbound::Row { row, rule: "null-key", why });
        }
    }
    Ok(())
}

/// The position of the column with this name, in any case.
pub(crate) fn position_of(columns: &SchemaRef, name: &str) -> Option<usize> {
    columns.fields().iter().position(|field| spelled(field.name()) == spelled(name))
}
