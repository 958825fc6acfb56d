//! The reading session of one stream.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::Connection;
use wmshost_flow::{Cursor, Failure, Micros, SourceGrant, SourceSession, TableDescription, table_not_granted};
use wmshost_sql::{Dialect, Value};

use super::column_types::{Named, decide, description};
use super::cursor::{QueryCursor, computing_failure};
use super::decided::Decided;
use super::query::Query;
use super::read_connection::ReadConnection;
use super::rewrite::by_meaning;
use super::rules::{as_stream_has_it, declare, table_names, with_selects};
use crate::sqlite::decimal;
use crate::sqlite::failure::failure;
use crate::sqlite::statement::{Running, Statement};
use crate::sqlite::table::{Table, quoted};

/// A session: a connection, and the tables that the stream may read on it.
pub(crate) struct Session {
    place: Arc<str>,
    reader: ReadConnection,
    grant: SourceGrant,
    /// True if the database keeps text in UTF-16.
    wide: bool,
    /// The granted tables that were looked up so far, by their names in lower case.
    tables: BTreeMap<String, Option<Arc<TableDescription>>>,
    /// The columns whose types differ from the declared ones.
    decided: Decided,
    /// The SELECTs that take the place of tables, by their names in lower case.
    selects: Vec<(String, String)>,
}

impl Session {
    /// A session on a free connection.
    pub(crate) fn new(label: &str, reader: ReadConnection, grant: &SourceGrant) -> Result<Self, Failure> {
        reader.grant(&grant.tables);
        let place: Arc<str> = format!("source {label}").into();
        let encoding = reader.by_driver(|connection| connection.query_row("PRAGMA encoding", [], |row| row.get(0)));
        let encoding: String = encoding.map_err(|error| failure(&place, error))?;
        let wide = encoding != "UTF-8";
        let (grant, tables) = (grant.clone(), BTreeMap::new());
        let session = Self { place, reader, grant, wide, tables, decided: Decided::new(), selects: Vec::new() };
        session.learn_views()?;
        Ok(session)
    }

    /// A granted table with the types of its columns; `None` if there is none.
    fn table(&mut self, name: &str) -> Result<Option<Arc<TableDescription>>, Failure> {
        let lower = name.to_lowercase();
        if let Some(known) = self.tables.get(&lower) {
            return Ok(known.clone());
        }
        let found = self.reader.by_driver(|connection| Table::find(connection, name));
        let found = found.map_err(|failure| failure.within(&self.place))?;
        let described = found.map(|table| self.described(table)).transpose()?;
        self.tables.insert(lower, described.clone());
        Ok(described)
    }

    /// The description of a table as the stream has it.
    fn described(&mut self, mut table: Table) -> Result<Arc<TableDescription>, Failure> {
        let rules = self.grant.rules_of(&table.name);
        let declared = declare(&mut table, rules).map_err(|mistakes| {
            let mistakes = mistakes.join("; ");
            Failure::invalid_config(format!("{}, `columns` of table {}: {mistakes}", self.place, table.name))
        })?;
        let named = Named { key: table_names(&self.grant.key, &table, rules), declared };
        let (database, decided) = (&self.reader.database, &mut self.decided);
        self.reader.begin_call();
        let described = decide(database, &mut table, &named, decided)
            .and_then(|()| description(database, &table, (&self.grant, &named), self.wide));
        let described =
            described.map_err(|error| failure(format_args!("{}, table {}", self.place, table.name), error))?;
        let (described, select) = as_stream_has_it(described, &table, rules, decided);
        self.selects.extend(select.map(|select| (table.name.to_lowercase(), select)));
        Ok(Arc::new(described))
    }

    /// All granted tables that can be described.
    fn granted(&mut self) -> Vec<Arc<TableDescription>> {
        let names: Vec<String> = self.grant.tables.iter().cloned().collect();
        names.iter().filter_map(|name| self.table(name).ok().flatten()).collect()
    }

    /// Has the guard learn what the granted views read.
    fn learn_views(&self) -> Result<(), Failure> {
        let views = self.names("view")?;
        for view in views {
            let all = format!("SELECT * FROM main.{}", quoted(&view));
            let compiled =
                self.reader.by_driver(|connection| self.reader.guard.learn(|| connection.prepare(&all).map(drop)));
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
        let names = self.reader.by_driver(read).map_err(|error| failure(&self.place, error))?;
        Ok(names.into_iter().filter(|name| self.reader.guard.is_granted(name)).collect())
    }

    /// Compiles a guest's statement.
    fn compile(&self, statement: &str) -> Result<Statement, Failure> {
        let guard = &self.reader.guard;
        let compiled = guard.watch(statement, || Statement::prepare(&self.reader.database, statement));
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
            if !running.bind(number, &as_stored(value)) {
                return Err(Failure::permanent(format!(
                    "{}: parameter {number} has a value that SQLite cannot hold",
                    self.place
                )));
            }
        }
        Ok(())
    }
}

/// A decimal as the number that a numeric column would store. As text, one with zeros after the point would become a
/// binary fraction before it is compared, which keeps 15 digits only.
fn as_stored(value: &Value) -> Cow<'_, Value> {
    const MOST_SCALE: usize = 38;
    let Value::Decimal(text) = value else { return Cow::Borrowed(value) };
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction).trim_end_matches('0');
    let scale = fraction.len().min(MOST_SCALE) as u8;
    let number = decimal::from_text(text.as_bytes(), 38, scale).and_then(|value| decimal::to_number(value, scale));
    match number {
        Some(decimal::Number::Whole(value)) => Cow::Owned(Value::Int64(value)),
        Some(decimal::Number::Real(value)) => Cow::Owned(Value::Float64(value)),
        None => Cow::Borrowed(value),
    }
}

impl SourceSession for Session {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    /// SQLite's clock has milliseconds.
    fn now(&mut self) -> Result<Micros, Failure> {
        let millis: i64 = self
            .reader
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
        if !self.reader.guard.is_granted(table) {
            return Err(Failure::denied(format!("{}: {}", self.place, table_not_granted(table))));
        }
        Ok(self.table(table)?.map(|table| TableDescription::clone(&table)))
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Box<dyn Cursor>, Failure> {
        let tables = self.granted();
        let by_meaning = by_meaning(statement, parameters, &tables);
        let mut statement = by_meaning.map_err(|why| Failure::permanent(format!("{}: {why}", self.place)))?;
        if !self.selects.is_empty() {
            let selected = with_selects(&statement, &self.selects);
            statement = selected.map_err(|why| Failure::permanent(format!("{}: {why}", self.place)))?;
        }
        self.reader.begin_call();
        let mut compiled = self.compile(&statement)?;
        let mut running = compiled.run();
        if running.column_count() == 0 || !running.is_plain_read() {
            return Err(Failure::denied(format!("{}: only SELECT is allowed", self.place)));
        }
        self.bind(&mut running, parameters)?;
        let columns = QueryCursor::columns_of(&mut running, &self.decided)
            .map_err(|error| computing_failure(&self.place, error))?;
        drop(running);
        let place = Arc::clone(&self.place);
        let batch_bytes = self.grant.batch_bytes;
        let parameters = parameters.iter().map(|value| as_stored(value).into_owned()).collect();
        let query = Query { text: statement.to_string(), parameters, batch_bytes };
        Ok(Box::new(QueryCursor::new(place, self.reader.clone(), compiled, columns, query)?))
    }
}
