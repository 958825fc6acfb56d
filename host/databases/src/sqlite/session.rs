//! One stream's reading.

use std::sync::Arc;

use rusqlite::Connection;
use wmshost_flow::{Cursor, Dialect, Failure, Micros, SourceGrant, SourceSession, TableDescription, Value};

use super::cursor::{QueryCursor, computing_failure};
use super::failure::failure;
use super::lane::Lane;
use super::statement::{Running, Statement};
use super::table::{Table, quoted};

/// A session: a lane, and what the stream may read on it.
pub(super) struct Session {
    place: Arc<str>,
    lane: Lane,
    grant: SourceGrant,
}

impl Session {
    /// A session on a free lane.
    pub(super) fn new(label: &str, lane: Lane, grant: &SourceGrant) -> Result<Self, Failure> {
        lane.grant(&grant.tables);
        let session = Self { place: format!("source {label}").into(), lane, grant: grant.clone() };
        session.learn_views()?;
        Ok(session)
    }

    /// Has the guard learn what the granted views read.
    fn learn_views(&self) -> Result<(), Failure> {
        let views = self.names("view")?;
        for view in views {
            let all = format!("SELECT * FROM main.{}", quoted(&view));
            let compiled =
                self.lane.by_driver(|connection| self.lane.guard.learn(|| connection.prepare(&all).map(drop)));
            compiled.map_err(|error| failure(format_args!("{}, view {view}", self.place), error))?;
        }
        Ok(())
    }

    /// The granted tables, or views, that exist.
    fn names(&self, kind: &str) -> Result<Vec<String>, Failure> {
        let read = |connection: &Connection| {
            let mut statement =
                connection.prepare("SELECT name FROM main.sqlite_schema WHERE type = ?1 ORDER BY name")?;
            let names = statement.query_map([kind], |row| row.get::<_, String>(0))?;
            names.collect::<rusqlite::Result<Vec<_>>>()
        };
        let names = self.lane.by_driver(read).map_err(|error| failure(&self.place, error))?;
        Ok(names.into_iter().filter(|name| self.lane.guard.is_granted(name)).collect())
    }

    /// Compiles a guest's statement.
    fn compile(&self, statement: &str) -> Result<Statement, Failure> {
        let guard = &self.lane.guard;
        let compiled = guard.watch(statement, || Statement::prepare(&self.lane.database, statement));
        compiled.map_err(|error| match guard.denial() {
            Some(reason) if !matches!(error, rusqlite::Error::MultipleStatement) => {
                Failure::denied(format!("{}: {reason}", self.place))
            }
            _ if matches!(error, rusqlite::Error::InvalidQuery) => {
                Failure::permanent(format!("{}: the statement is empty", self.place))
            }
            _ => failure(format_args!("{}, statement", self.place), error),
        })
    }

    fn bind(&self, running: &mut Running<'_>, parameters: &[Value]) -> Result<(), Failure> {
        if running.parameter_count() != parameters.len() {
            return Err(Failure::permanent(format!(
                "{}: the statement has {} parameters, {} values were given",
                self.place,
                running.parameter_count(),
                parameters.len()
            )));
        }
        for (number, value) in (1..).zip(parameters) {
            if !running.bind(number, value) {
                return Err(Failure::permanent(format!(
                    "{}: parameter {number} has a value that SQLite cannot hold",
                    self.place
                )));
            }
        }
        Ok(())
    }
}

impl SourceSession for Session {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    /// SQLite's clock has milliseconds.
    fn now(&mut self) -> Result<Micros, Failure> {
        let millis: i64 = self
            .lane
            .by_driver(|connection| {
                let now = "SELECT CAST(round(unixepoch('now', 'subsec') * 1000) AS INTEGER)";
                connection.query_row(now, [], |row| row.get(0))
            })
            .map_err(|error| failure(&self.place, error))?;
        Ok(millis * 1_000)
    }

    fn tables(&mut self) -> Result<Vec<String>, Failure> {
        let mut names = self.names("table")?;
        names.extend(self.names("view")?);
        Ok(names)
    }

    fn describe(&mut self, table: &str) -> Result<Option<TableDescription>, Failure> {
        if !self.lane.guard.is_granted(table) {
            return Err(Failure::denied(format!("{}: the table {table} is not granted", self.place)));
        }
        let found = self.lane.by_driver(|connection| Table::find(connection, table));
        let found = found.map_err(|failure| failure.within(&self.place))?;
        Ok(found.map(|table| TableDescription { columns: table.schema(&[]), key: table.key(), name: table.name }))
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Box<dyn Cursor>, Failure> {
        self.lane.begin_call();
        let mut compiled = self.compile(statement)?;
        let mut running = compiled.run();
        if running.column_count() == 0 || !running.is_plain_read() {
            return Err(Failure::denied(format!("{}: only SELECT is allowed", self.place)));
        }
        self.bind(&mut running, parameters)?;
        let columns = QueryCursor::columns_of(&mut running).map_err(|error| computing_failure(&self.place, error))?;
        drop(running);
        let place = Arc::clone(&self.place);
        let fails = self.grant.bad_value_fails;
        Ok(Box::new(QueryCursor::new(place, self.lane.clone(), compiled, columns, fails)?))
    }
}
