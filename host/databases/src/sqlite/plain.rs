//! Plain SQL, for what the host itself keeps and builds.

use std::sync::Arc;

use rusqlite::Connection;
use wmshost_flow::{Dialect, Failure, Sql, SqlSession, Value};

use super::failure::failure;
use super::gate::{Gate, Turn};
use super::statement::{Cell, Database, Running, Statement, lock};

/// A session of the host's own.
pub(super) struct Plain {
    place: String,
    database: Database,
    gate: Arc<Gate>,
    turn: Option<Turn>,
}

impl Plain {
    pub(super) fn new(place: String, connection: Connection, gate: Arc<Gate>) -> Self {
        Self { place, database: Database::new(connection.into()), gate, turn: None }
    }

    fn run(&self, statement: &str) -> Result<(), Failure> {
        lock(&self.database).execute_batch(statement).map_err(|error| failure(&self.place, error))
    }
}

/// Runs a statement that gives no rows; gives how many rows it touched.
pub(super) fn execute(place: &str, database: &Database, statement: &str, parameters: &[Value]) -> Result<u64, Failure> {
    with_statement(place, database, statement, parameters, |running| {
        let before = running.total_changes();
        while running.step()? {}
        Ok(running.total_changes() - before)
    })
}

/// The rows of a query.
pub(super) fn query(
    place: &str,
    database: &Database,
    statement: &str,
    parameters: &[Value],
) -> Result<Vec<Vec<Value>>, Failure> {
    with_statement(place, database, statement, parameters, |running| {
        let mut rows = Vec::new();
        while running.step()? {
            rows.push((0..running.column_count()).map(|at| value(running.cell(at))).collect());
        }
        Ok(rows)
    })
}

fn with_statement<T>(
    place: &str,
    database: &Database,
    statement: &str,
    parameters: &[Value],
    act: impl FnOnce(&mut Running<'_>) -> Result<T, rusqlite::Error>,
) -> Result<T, Failure> {
    let mut prepared = Statement::prepare(database, statement).map_err(|error| failure(place, error))?;
    let mut running = prepared.run();
    for (number, value) in (1..).zip(parameters) {
        if !running.bind(number, value) {
            return Err(Failure::permanent(format!("{place}: parameter {number} cannot be bound")));
        }
    }
    act(&mut running).map_err(|error| failure(place, error))
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

impl Sql for Plain {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, Failure> {
        let _turn = self.turn.is_none().then(|| self.gate.enter());
        execute(&self.place, &self.database, statement, parameters)
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Failure> {
        query(&self.place, &self.database, statement, parameters)
    }
}

impl SqlSession for Plain {
    fn begin(&mut self) -> Result<(), Failure> {
        if self.turn.is_some() {
            return Err(Failure::permanent(format!("{}: a transaction is open already", self.place)));
        }
        let turn = self.gate.enter();
        self.run("BEGIN IMMEDIATE")?;
        self.turn = Some(turn);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Failure> {
        let committed = self.run("COMMIT");
        if committed.is_err() {
            let _ = self.rollback();
        }
        self.turn = None;
        committed
    }

    fn rollback(&mut self) -> Result<(), Failure> {
        // After some errors SQLite has rolled back by itself.
        let is_over = lock(&self.database).is_autocommit();
        let undone = if is_over { Ok(()) } else { self.run("ROLLBACK") };
        self.turn = None;
        undone
    }
}
