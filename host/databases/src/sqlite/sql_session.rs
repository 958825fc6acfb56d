//! Plain SQL, for the host's own tables and models.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use wmshost_flow::{Failure, Sql, SqlSession, StatementLimit};
use wmshost_sql::{Dialect, Value};

use super::failure::failure;
use super::read::read_connection::open_read_only;
use super::statement::{Cell, Database, Running, Statement, lock};
use super::watch::StatementWatch;
use super::write::opened_file::OpenedFile;
use super::write::writer_queue::{Permit, WriterQueue};

/// A session of the host's own.
pub(crate) struct SqliteSqlSession {
    place: String,
    database: Database,
    queue: Arc<WriterQueue>,
    permit: Option<Permit>,
    watch: Option<Arc<StatementWatch>>,
    /// The file that is written, if one is.
    file: Option<OpenedFile>,
}

impl SqliteSqlSession {
    pub(crate) fn new(place: String, connection: Connection, queue: Arc<WriterQueue>) -> Self {
        Self { place, database: Database::new(connection.into()), queue, permit: None, watch: None, file: None }
    }

    /// The same session, which writes this file.
    pub(crate) fn writing(self, file: OpenedFile) -> Self {
        Self { file: Some(file), ..self }
    }

    /// A session that only reads.
    pub(crate) fn read_only(place: String, path: &Path) -> Result<Self, Failure> {
        let connection = open_read_only(path).map_err(|error| failure(&place, error))?;
        Ok(Self::new(place, connection, WriterQueue::of(path)))
    }

    /// Runs a statement under the limit, if there is one. After some failures SQLite has rolled the transaction back: what
    /// would follow were committed by itself.
    fn watched<T>(&self, act: impl FnOnce(&str, &Database) -> Result<T, Failure>) -> Result<T, Failure> {
        if self.permit.is_some() && lock(&self.database).is_autocommit() {
            return Err(Failure::permanent(format!("{}: the transaction was rolled back", self.place)));
        }
        let Some(watch) = &self.watch else { return act(&self.place, &self.database) };
        watch.begin();
        act(&self.place, &self.database).map_err(|failure| watch.explained(&self.place, failure))
    }

    fn run(&self, statement: &str) -> Result<(), Failure> {
        lock(&self.database).execute_batch(statement).map_err(|error| failure(&self.place, error))
    }
}

/// Runs a statement that returns no rows; returns how many rows it touched.
pub(crate) fn execute(place: &str, database: &Database, statement: &str, parameters: &[Value]) -> Result<u64, Failure> {
    with_statement(place, database, statement, |running| {
        let before = running.total_changes();
        bind(place, running, parameters)?;
        finish(place, running)?;
        Ok(running.total_changes() - before)
    })
}

/// Runs such a statement once for each row of parameters.
pub(crate) fn execute_many(
    place: &str,
    database: &Database,
    statement: &str,
    rows: &[Vec<Value>],
) -> Result<u64, Failure> {
    with_statement(place, database, statement, |running| {
        let before = running.total_changes();
        for row in rows {
            bind(place, running, row)?;
            finish(place, running)?;
            running.reset();
        }
        Ok(running.total_changes() - before)
    })
}

/// The rows of a query.
pub(crate) fn query(
    place: &str,
    database: &Database,
    statement: &str,
    parameters: &[Value],
) -> Result<Vec<Vec<Value>>, Failure> {
    with_statement(place, database, statement, |running| {
        bind(place, running, parameters)?;
        let mut rows = Vec::new();
        while running.step().map_err(|error| failure(place, error))? {
            rows.push((0..running.column_count()).map(|at| value(running.cell(at))).collect());
        }
        Ok(rows)
    })
}

/// The names of a query's columns.
pub(crate) fn columns(place: &str, database: &Database, query: &str) -> Result<Vec<(String, String)>, Failure> {
    // As a subquery, only a query is accepted.
    with_statement(place, database, &format!("SELECT * FROM ({query}\n) LIMIT 0"), |running| {
        Ok((0..running.column_count()).map(|at| (running.column_name(at), String::new())).collect())
    })
}

fn with_statement<T>(
    place: &str,
    database: &Database,
    statement: &str,
    act: impl FnOnce(&mut Running<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut prepared = Statement::prepare(database, statement).map_err(|error| failure(place, error))?;
    act(&mut prepared.run())
}

fn bind(place: &str, running: &mut Running<'_>, parameters: &[Value]) -> Result<(), Failure> {
    for (number, value) in (1..).zip(parameters) {
        if !running.bind(number, value) {
            return Err(Failure::permanent(format!("{place}: parameter {number} cannot be bound")));
        }
    }
    Ok(())
}

fn finish(place: &str, running: &mut Running<'_>) -> Result<(), Failure> {
    while running.step().map_err(|error| failure(place, error))? {}
    Ok(())
}

fn value(cell: Cell<'_>) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Integer(value) => Value::Int64(value),
        Cell::Real(value) => Value::Float64(value),
        Cell::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        Cell::Blob(bytes) => Value::Binary(bytes.to_vec()),
    }
}

impl Sql for SqliteSqlSession {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, Failure> {
        let _turn = self.permit.is_none().then(|| self.queue.enter());
        self.watched(|place, database| execute(place, database, statement, parameters))
    }

    fn execute_many(&mut self, statement: &str, rows: &[Vec<Value>]) -> Result<u64, Failure> {
        let _turn = self.permit.is_none().then(|| self.queue.enter());
        self.watched(|place, database| execute_many(place, database, statement, rows))
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Failure> {
        self.watched(|place, database| query(place, database, statement, parameters))
    }

    fn columns(&mut self, query: &str) -> Result<Vec<(String, String)>, Failure> {
        self.watched(|place, database| columns(place, database, query))
    }
}

impl SqlSession for SqliteSqlSession {
    fn begin(&mut self) -> Result<(), Failure> {
        if self.permit.is_some() {
            return Err(Failure::permanent(format!("{}: a transaction is open already", self.place)));
        }
        let permit = self.queue.enter();
        self.run("BEGIN IMMEDIATE")?;
        self.permit = Some(permit);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Failure> {
        let committed = self.run("COMMIT");
        if committed.is_err() {
            let _ = self.rollback();
        }
        self.permit = None;
        committed.and_then(|()| self.file.as_ref().map_or(Ok(()), |file| file.check(&self.place)))
    }

    fn rollback(&mut self) -> Result<(), Failure> {
        // After some errors SQLite has rolled back by itself.
        let is_over = lock(&self.database).is_autocommit();
        let undone = if is_over { Ok(()) } else { self.run("ROLLBACK") };
        self.permit = None;
        undone
    }

    fn limit_statements(&mut self, limit: &StatementLimit) -> Result<(), Failure> {
        let watch = StatementWatch::over(&mut lock(&self.database), limit.clone());
        self.watch = Some(watch.map_err(|error| failure(&self.place, error))?);
        Ok(())
    }
}
