//! The reading session of one stream.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use sqlparser::tokenizer::{Token, Tokenizer};
use wmshost_flow::{
    Cursor, Failure, Micros, RangeRoots, SourceGrant, SourceSession, TableDescription, column_not_granted, is_pattern,
    matches_pattern, table_not_granted,
};
use wmshost_sql::guard::check_condition;
use wmshost_sql::{Dialect, Value};

use super::column_types::{Named, decide, description};
use super::cursor::{Place, QueryCursor, ResultColumn, computing_failure};
use super::decided::{Decided, all_of};
use super::masks::add_masks;
use super::query::Query;
use super::read_connection::ReadConnection;
use super::rewrite::by_meaning;
use super::roots::add_to_roots;
use super::rules::{as_stream_has_it, declare, table_names};
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
    /// The columns that are not granted, by table and name.
    denied: Vec<(String, String)>,
}

/// The text that was compiled, the statement with its parameters, and its columns and position.
type BoundStatement = (String, Statement, (Vec<ResultColumn>, Place));

impl Session {
    /// A session on a free connection.
    pub(crate) fn new(label: &str, reader: ReadConnection, grant: &SourceGrant) -> Result<Self, Failure> {
        let place: Arc<str> = format!("source {label}").into();
        let prepared = reader.by_driver(|connection| {
            forget_scans(connection)?;
            add_masks(connection, grant.mask_key.clone())
        });
        prepared.map_err(|error| failure(&place, error))?;
        let encoding = reader.by_driver(|connection| connection.query_row("PRAGMA encoding", [], |row| row.get(0)));
        let encoding: String = encoding.map_err(|error| failure(&place, error))?;
        let wide = encoding != "UTF-8";
        let (grant, tables) = (grant.clone(), BTreeMap::new());
        let mut session = Self { place, reader, grant, wide, tables, decided: Decided::new(), denied: Vec::new() };
        session.resolve_patterns()?;
        session.learn_views()?;
        Ok(session)
    }

    /// Grants the tables that have the grant's patterns, as far as they exist, and those that it names.
    fn resolve_patterns(&mut self) -> Result<(), Failure> {
        let (patterns, names): (Vec<String>, Vec<String>) =
            self.grant.tables.iter().cloned().partition(|name| is_pattern(name));
        let mut tables = names;
        if !patterns.is_empty() {
            let existing = [self.all_names("table")?, self.all_names("view")?].concat();
            let granted = |name: &String| patterns.iter().any(|pattern| matches_pattern(pattern, name));
            tables.extend(existing.into_iter().filter(granted));
        }
        let withheld: Vec<String> = tables.iter().filter(|table| self.grant.withholds(table)).cloned().collect();
        self.reader.guard.grant(&tables, &withheld);
        // A column in quotation marks that the plugin does not get would be a text otherwise.
        let dqs = withheld.is_empty();
        let set = self.reader.by_driver(|connection| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, dqs));
        set.map_err(|error| failure(&self.place, error))?;
        self.grant.tables = tables.into_iter().collect();
        Ok(())
    }

    /// A granted table with the types of its columns; `None` if there is none.
    fn table(&mut self, name: &str) -> Result<Option<Arc<TableDescription>>, Failure> {
        let lower = name.to_ascii_lowercase();
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
        let place = format!("{}, `columns` of table {}", self.place, table.name);
        let mistaken = |mistakes: Vec<String>| Failure::invalid_config(format!("{place}: {}", mistakes.join("; ")));
        let names = || table.columns.iter().map(|column| column.name.as_str());
        let rules = &self.grant.rules_for(&table.name, names()).map_err(mistaken)?;
        let part = self.grant.part_of(&table.name);
        let denied = names().filter(|name| part.is_some_and(|part| !part.allows(name)));
        let denied: Vec<_> = denied.map(|name| (table.name.clone(), name.to_owned())).collect();
        let rows = part.and_then(|part| part.rows.clone());
        if let Some(why) = rows.as_deref().and_then(|rows| check_condition(Dialect::Sqlite, rows).err()) {
            let place = format!("{}, `rows` of the grant of table {}", self.place, table.name);
            return Err(Failure::invalid_config(format!("{place}: {why}")));
        }
        let declared = declare(&mut table, rules).map_err(mistaken)?;
        let named = Named { key: table_names(&self.grant.key, &table, rules), declared };
        let (database, decided) = (&self.reader.database, &mut self.decided);
        let described = self.reader.looking_at_views(|| {
            decide(database, &mut table, &named, decided)
                .and_then(|()| description(database, &table, (&self.grant, &named), self.wide))
        });
        let described = described.map_err(|error| {
            let failure = failure(format_args!("{}, table {}", self.place, table.name), error);
            self.reader.watch.explained(&self.place, failure)
        })?;
        let (described, select) =
            as_stream_has_it(described, &table, (rules, rows.as_deref()), decided).map_err(mistaken)?;
        if let Some(select) = select {
            self.scan(&table.name, &select)?;
        }
        self.denied.extend(denied);
        Ok(Arc::new(described))
    }

    /// Puts a view over a SELECT of the table in the table's place.
    fn scan(&self, table: &str, select: &str) -> Result<(), Failure> {
        let scan = unguessable_name();
        self.reader.guard.scan(table, &scan);
        let made = self.reader.by_driver(|connection| {
            connection.execute_batch(&format!("PRAGMA query_only = OFF; CREATE TEMP VIEW {scan} AS {select}"))?;
            // Only now the names in it are looked up.
            let checked = connection.prepare(&format!("SELECT * FROM temp.{scan}")).map(drop);
            let over = format!("CREATE TEMP VIEW {} AS SELECT * FROM temp.{scan}", quoted(table));
            checked.and_then(|()| connection.execute_batch(&over))
        });
        let closed = self.reader.by_driver(|connection| connection.execute_batch("PRAGMA query_only = ON"));
        made.and(closed).map_err(|error| failure(format_args!("{}, table {table} as it is granted", self.place), error))
    }

    /// All granted tables that can be described.
    fn granted(&mut self) -> Vec<Arc<TableDescription>> {
        let names: Vec<String> = self.grant.tables.iter().cloned().collect();
        names.iter().filter_map(|name| self.table(name).ok().flatten()).collect()
    }

    /// Has the guard learn what the granted views read, and which views are not granted.
    fn learn_views(&self) -> Result<(), Failure> {
        let guard = &self.reader.guard;
        let (granted, hidden): (Vec<_>, Vec<_>) =
            self.all_names("view")?.into_iter().partition(|name| guard.is_granted(name));
        for view in granted {
            let all = all_of(&view);
            let compiled = self.reader.by_driver(|connection| guard.learn(|| connection.prepare(&all).map(drop)));
            compiled.map_err(|error| failure(format_args!("{}, view {view}", self.place), error))?;
        }
        guard.hide_views(hidden);
        Ok(())
    }

    /// The granted tables, or views, that exist.
    fn names(&self, kind: &str) -> Result<Vec<String>, Failure> {
        Ok(self.all_names(kind)?.into_iter().filter(|name| self.reader.guard.is_granted(name)).collect())
    }

    /// The tables, or views, that exist.
    fn all_names(&self, kind: &str) -> Result<Vec<String>, Failure> {
        let read = |connection: &Connection| {
            let mut statement =
                connection.prepare("SELECT name FROM main.sqlite_schema WHERE type = ?1 ORDER BY name")?;
            let names = statement.query_map([kind], |row| row.get::<_, String>(0))?;
            names.collect::<rusqlite::Result<Vec<_>>>()
        };
        self.reader.by_driver(read).map_err(|error| failure(&self.place, error))
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
            _ => match self.denied_column(statement) {
                Some((table, column)) => {
                    Failure::denied(format!("{}: {}", self.place, column_not_granted(table, column)))
                }
                None => failure(format_args!("{}, statement", self.place), error),
            },
        })
    }

    /// The column that is not granted, if a statement that could not be compiled names one.
    fn denied_column(&self, statement: &str) -> Option<&(String, String)> {
        let tokens = Tokenizer::new(Dialect::Sqlite.parser_dialect(), statement).tokenize().ok()?;
        let is_named = |column: &str| {
            tokens.iter().any(|token| matches!(token, Token::Word(word) if word.value.eq_ignore_ascii_case(column)))
        };
        self.denied.iter().find(|(_, column)| is_named(column))
    }

    /// Compiles a guest's statement and binds its parameters; returns the text that was compiled, and its columns.
    fn bound(&mut self, statement: &str, parameters: &[Value]) -> Result<BoundStatement, Failure> {
        let tables = self.granted();
        let by_meaning = by_meaning(statement, parameters, &tables);
        let statement = by_meaning.map_err(|why| Failure::permanent(format!("{}: {why}", self.place)))?;
        self.reader.watch.begin();
        let mut compiled = self.compile(&statement)?;
        let mut running = compiled.run();
        if running.column_count() == 0 || !running.is_plain_read() {
            return Err(Failure::denied(format!("{}: only SELECT is allowed", self.place)));
        }
        self.bind(&mut running, parameters)?;
        let columns = QueryCursor::columns_of(&mut running, &self.decided)
            .map_err(|error| computing_failure(&self.place, &self.reader.watch, error))?;
        drop(running);
        Ok((statement.to_string(), compiled, columns))
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

/// Drops the views that an earlier session left on the connection.
fn forget_scans(connection: &Connection) -> rusqlite::Result<()> {
    let mut left = connection.prepare("SELECT name FROM temp.sqlite_schema WHERE type = 'view'")?;
    let left = left.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    let drops = left.iter().map(|name| format!("DROP VIEW temp.{};", quoted(name)));
    connection.execute_batch(&format!("PRAGMA query_only = OFF; {} PRAGMA query_only = ON;", drops.collect::<String>()))
}

/// A name for a view that a plugin cannot guess: the standard library's hashers have keys of the system's randomness.
fn unguessable_name() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("wmshost_scan_{:016x}{:016x}", random(), random())
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
        let (text, compiled, columns) = self.bound(statement, parameters)?;
        let place = Arc::clone(&self.place);
        let batch_bytes = self.grant.batch_bytes;
        let parameters = parameters.iter().map(|value| as_stored(value).into_owned()).collect();
        let query = Query { text, parameters, batch_bytes };
        Ok(Box::new(QueryCursor::new(place, self.reader.clone(), compiled, columns, query)?))
    }

    fn add_to_roots(
        &mut self,
        statement: &str,
        roots: &mut RangeRoots,
        alive: &mut dyn FnMut() -> Result<(), Failure>,
    ) -> Result<bool, Failure> {
        let (_, mut compiled, (columns, place)) = self.bound(statement, &[])?;
        let conversions: Vec<_> = columns.iter().map(ResultColumn::conversion).collect();
        if place != Place::Between {
            return Ok(false);
        }
        let watch = &self.reader.watch;
        let added = add_to_roots(&mut compiled.run(), &conversions, roots, &mut || {
            watch.begin();
            alive()
        });
        added.map_err(|ended| ended.unwrap_or_else(|error| computing_failure(&self.place, watch, error)))
    }
}
