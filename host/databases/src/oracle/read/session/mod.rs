//! The reading session of one stream.
//!
//! | module | what it is for |
//! |---|---|
//! | `catalog` | the primary key and the indexes of a table |
//! | `grants` | statements as they may run |
//! | `slicing` | statements that several sessions read together |

mod catalog;
mod grants;
mod slicing;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_schema::{Field, Schema};
use wmshost_flow::{
    ColumnRules, Cursor, Failure, Micros, SourceGrant, SourceSession, TableDescription, table_not_granted,
};
use wmshost_sql::guard::check_condition;
use wmshost_sql::{Dialect, Value};

use super::cursor::{Reader, SharedConnection};
use super::lob;
use super::refusals::source_column;
use super::rules::{ColumnReading, StreamColumns, order_as, read_as, resolve, stream_name};
use super::snapshot_point::SnapshotPoint;
use crate::oracle::charset::Charset;
use crate::oracle::client::OpenQuery;
use crate::oracle::client::column_info::{ColumnInfo, Kind};
use crate::oracle::connect::fetch_rows::RowWidth;
use crate::oracle::connect::manager::{ConnectionPool, PooledConnection};
use crate::oracle::connect::settings::{Settings, Tags};
use crate::oracle::failure::ErrorClass;
use crate::oracle::names::{exactly, spelled};
use crate::oracle::owner::{grantee, owned};
use crate::oracle::sql_session::{charset, failed, query as plain_query, take, with_client};
use crate::oracle::types::reading;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// A noon in UTC, as the server would send it in a column of local time.
const LOCAL_NOON: &str =
    "SELECT CAST(TIMESTAMP '2026-01-31 12:00:00 +00:00' AS TIMESTAMP WITH LOCAL TIME ZONE) FROM dual";

/// A table, view or synonym that exists.
struct Found {
    /// Its name as Oracle spells it.
    name: String,
    /// Its columns as the stream has them.
    columns: Vec<ColumnInfo>,
    stream: StreamColumns,
    /// The columns of the table that are not granted.
    denied: Vec<String>,
    /// The rules for the columns, with those that are not granted.
    rules: ColumnRules,
}

/// A session.
pub(crate) struct Session {
    place: Arc<str>,
    settings: Settings,
    connections: Arc<ConnectionPool>,
    connection: SharedConnection,
    /// The labels of its connections.
    tags: Tags,
    grant: SourceGrant,
    moment: SnapshotPoint,
    /// True if the patterns of the grant have become names.
    is_resolved: bool,
    /// The granted tables that were looked up so far.
    tables: BTreeMap<String, Option<Arc<Found>>>,
    local_is_utc: Option<bool>,
}

impl Session {
    pub(crate) fn new(
        connections: &Arc<ConnectionPool>,
        grant: &SourceGrant,
        moment: SnapshotPoint,
    ) -> Result<Self, Failure> {
        let connection = take(connections)?;
        let manager = connections.manager();
        let settings = manager.settings.clone();
        let action = grant.tables.iter().next().cloned().unwrap_or_default();
        let tags = Tags { action, ..settings.tags.clone() };
        connection.tag(&tags);
        Ok(Self {
            place: manager.place.as_str().into(),
            settings,
            connections: Arc::clone(connections),
            connection: Arc::new(Mutex::new(connection)),
            tags,
            grant: grant.clone(),
            moment,
            is_resolved: false,
            tables: BTreeMap::new(),
            local_is_utc: None,
        })
    }

    fn connection(&self) -> MutexGuard<'_, PooledConnection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_granted(&self, table: &str) -> bool {
        self.grant.tables.iter().any(|granted| spelled(granted) == spelled(table))
    }

    /// The table, view or synonym of this name: in upper case, as Oracle spells a name that was not quoted, or else as
    /// it is written.
    fn found(&mut self, table: &str) -> Result<Option<Arc<Found>>, Failure> {
        if let Some(known) = self.tables.get(table) {
            return Ok(known.clone());
        }
        let mut names = vec![spelled(table)];
        if names[0] != table {
            names.push(table.to_owned());
        }
        let mut found = None;
        for name in names {
            if let Some(columns) = self.metadata(&name)? {
                found = Some(Arc::new(self.as_stream_has_it(name, columns)?));
                break;
            }
        }
        self.tables.insert(table.to_owned(), found.clone());
        Ok(found)
    }

    /// The table with its columns as the stream has them.
    fn as_stream_has_it(&self, name: String, columns: Vec<ColumnInfo>) -> Result<Found, Failure> {
        let mistaken = |mistakes: Vec<String>| {
            Failure::invalid_config(format!("{}, `columns` of table {name}: {}", self.place, mistakes.join("; ")))
        };
        let names = || columns.iter().map(|column| column.name.as_str());
        let rules = self.grant.rules_for(&name, names()).map_err(mistaken)?;
        let part = self.grant.part_of(&name);
        let denied = names().filter(|name| part.is_some_and(|part| !part.allows(name))).map(str::to_owned).collect();
        let mut stream = resolve(&name, &columns, self.settings.bare_number, &rules).map_err(mistaken)?;
        if let Some(rows) = part.and_then(|part| part.rows.as_ref()) {
            check_condition(Dialect::Oracle, rows).map_err(|why| {
                Failure::invalid_config(format!("{}, `rows` of the grant of table {name}: {why}", self.place))
            })?;
            let all = || columns.iter().map(|column| exactly(&column.name)).collect::<Vec<_>>().join(", ");
            stream.list.get_or_insert_with(all);
            stream.rows = Some(rows.clone());
        }
        let Some(select) = stream.select(&exactly(&name), "") else {
            return Ok(Found { name, columns, stream, denied, rules });
        };
        let described = self.columns_of(&format!("SELECT * FROM ({select}) WHERE 1 = 0"), &name)?;
        let nullable = |of: &ColumnInfo| {
            let own = columns.iter().find(|own| stream_name(&own.name, &rules).as_ref() == Some(&of.name));
            own.is_none_or(|own| own.nullable) || stream.masked.contains(&of.name)
        };
        let described = described.unwrap_or_default().into_iter();
        let columns = described.map(|column| ColumnInfo { nullable: nullable(&column), ..column }).collect();
        Ok(Found { name, columns, stream, denied, rules })
    }

    /// The server's description of the columns of the table, view or synonym with exactly this name; `None` if there is
    /// none.
    fn metadata(&self, table: &str) -> Result<Option<Vec<ColumnInfo>>, Failure> {
        self.columns_of(&format!("SELECT * FROM {} WHERE 1 = 0", exactly(table)), table)
    }

    /// The server's description of the columns of a query over a table; `None` if there is no such table.
    fn columns_of(&self, nothing: &str, table: &str) -> Result<Option<Vec<ColumnInfo>>, Failure> {
        let mut connection = self.connection();
        match connection.client().and_then(|client| client.describe(nothing)) {
            Ok(columns) => Ok(Some(columns)),
            Err(oracle_error) if oracle_error.code == Some(942) => Ok(None),
            Err(oracle_error) => {
                Err(failed(&mut connection, &oracle_error, format_args!("{}, table {table}", self.place)))
            }
        }
    }

    /// The readings of the columns of a statement's result: a column of the stream, known by its name, as the pipeline
    /// declares it.
    fn readings(&mut self, columns: &[ColumnInfo], of: &str) -> Result<Vec<ColumnReading>, Failure> {
        if columns.iter().any(|column| column.kind == Kind::TimestampLtz) && !self.local_is_utc()? {
            return Err(Failure::invalid_config(format!(
                "{}, {of}: the server sends TIMESTAMP WITH LOCAL TIME ZONE in another zone than UTC",
                self.place
            ))
            .advise("select the column CAST to TIMESTAMP WITH TIME ZONE, or by a view"));
        }
        let wanted = |column: &ColumnInfo| {
            let mut tables = self.tables.values().flatten();
            tables.find_map(|found| found.stream.wanted.get(&spelled(&column.name)))
        };
        let readings = columns.iter().map(|column| {
            if let Some(read) = wanted(column).and_then(|wanted| read_as(column, wanted).ok()) {
                return Ok(read);
            }
            reading(column, self.settings.bare_number).map(Into::into).ok_or_else(|| {
                Failure::invalid_config(format!(
                    "{}, {of}: the column {} is {}, which cannot be read",
                    self.place, column.name, column.declared
                ))
                .advise("leave it out by `columns`, or have a view turn it into text")
            })
        });
        readings.collect()
    }

    fn charset(&mut self) -> Result<Arc<Charset>, Failure> {
        charset(&mut self.connection(), &self.place)
    }

    /// Fails if the database would change a letter of a statement or of a text that it is compared with: it would then
    /// find other rows.
    fn check_letters(&mut self, statement: &str, values: &[Value]) -> Result<(), Failure> {
        let texts =
            values.iter().filter_map(|value| if let Value::Text(text) = value { Some(text.as_str()) } else { None });
        let texts: Vec<&str> = texts.chain([statement]).filter(|text| !text.is_ascii()).collect();
        if texts.is_empty() {
            return Ok(());
        }
        let charset = self.charset()?;
        with_client(&mut self.connection(), &self.place, |client| charset.learn(client, texts.iter().copied()))?;
        match texts.into_iter().find_map(|text| charset.lost(text)) {
            Some(letter) => {
                Err(Failure::invalid_config(format!("{}, statement: {}", self.place, charset.reason(letter))))
            }
            None => Ok(()),
        }
    }

    /// Returns whether moments of local time come in UTC. The session's zone is UTC, but a driver could ignore it.
    fn local_is_utc(&mut self) -> Result<bool, Failure> {
        if let Some(known) = self.local_is_utc {
            return Ok(known);
        }
        let noon = plain_query(&mut self.connection(), &self.place, LOCAL_NOON, &[])?;
        let is_noon =
            matches!(noon.first().map(Vec::as_slice), Some([Value::Timestamp(at)]) if at.rem_euclid(DAY) == DAY / 2);
        Ok(*self.local_is_utc.insert(is_noon))
    }
}

impl SourceSession for Session {
    fn dialect(&self) -> Dialect {
        Dialect::Oracle
    }

    fn now(&mut self) -> Result<Micros, Failure> {
        Ok(self.moment.now)
    }

    fn tables(&mut self) -> Result<Vec<String>, Failure> {
        self.resolve_patterns()?;
        let mut found = Vec::new();
        for table in self.grant.tables.clone() {
            found.extend(self.found(&table)?.map(|found| found.name.clone()));
        }
        Ok(found)
    }

    fn describe(&mut self, table: &str) -> Result<Option<TableDescription>, Failure> {
        self.resolve_patterns()?;
        if !self.is_granted(table) {
            return Err(Failure::denied(format!("{}: {}", self.place, table_not_granted(table))));
        }
        let Some(found) = self.found(table)? else { return Ok(None) };
        let readings = self.readings(&found.columns, &format!("table {table}"))?;
        let fields = found
            .columns
            .iter()
            .zip(&readings)
            .map(|(column, reading)| Field::new(&column.name, reading.arrow(), column.nullable));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let key = self.key_of(&found.name)?;
        let key = self.key_in_stream(&found, key)?;
        let charset = self.charset()?;
        let lob_bytes = self.settings.lob_bytes;
        let sides = found.columns.iter().zip(&readings);
        let sources = sides.map(|(column, read)| source_column(column, read, lob_bytes)).collect();
        let columns = found.columns.iter().zip(&readings);
        let order = columns.map(|(column, read)| match found.stream.masked.contains(&spelled(&column.name)) {
            true => Err("it is masked".to_owned()),
            false => order_as(column, read, &charset.name),
        });
        let order = order.collect();
        Ok(Some(TableDescription { name: found.name.clone(), columns: schema, key, order, sources }))
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Box<dyn Cursor>, Failure> {
        self.check_letters(statement, parameters)?;
        match self.query_together(statement, parameters)? {
            Some(cursor) => Ok(cursor),
            None => self.query_alone(statement, parameters),
        }
    }
}

impl Session {
    /// The rows of a statement, by this session.
    pub(super) fn query_alone(&mut self, statement: &str, parameters: &[Value]) -> Result<Box<dyn Cursor>, Failure> {
        let (statement, parameters) = self.checked(statement, parameters)?;
        let (started, by_locator) = self.start(&statement, &parameters)?;
        let columns = started.columns().to_vec();
        let mut readings = self.readings(&columns, "statement")?;
        if by_locator {
            readings
                .iter_mut()
                .zip(&columns)
                .for_each(|(read, column)| read.reading = read.reading.by_locator(column.kind));
        }
        started.into_cursor(Reader {
            place: Arc::clone(&self.place),
            connection: Arc::clone(&self.connection),
            readings,
            lob_bytes: self.settings.lob_bytes,
            batch_bytes: self.grant.batch_bytes,
        })
    }

    /// The rights that reading as of the run's moment needs.
    fn flashback_advice(&self) -> String {
        let user = grantee(&self.settings);
        let grants = self.grant.tables.iter().filter_map(|table| {
            let table = owned(&mut self.connection(), &self.place, &self.settings, table).ok()?;
            Some(format!("GRANT FLASHBACK ON {table} TO {user}"))
        });
        let grants: Vec<_> = grants.collect();
        format!("reading as of the run's moment needs {}, or `snapshot = \"statement\"`", grants.join("; "))
    }

    /// The width of the widest row that the session's tables have.
    fn width(&self) -> RowWidth {
        let widths = self.tables.values().flatten().map(|found| RowWidth::of(&found.columns));
        widths.max().unwrap_or_else(|| RowWidth::of(&[]))
    }

    fn start(&self, statement: &str, values: &[Value]) -> Result<(Box<dyn OpenQuery>, bool), Failure> {
        let mut connection = self.connection();
        let rows = connection.fetch_rows(&self.settings, self.width());
        let started =
            connection.client().and_then(|client| lob::start(client, statement, values, rows, self.settings.lob_bytes));
        started.map_err(|oracle_error| {
            if oracle_error.class.is_connection_lost() {
                connection.mark_broken();
            }
            drop(connection);
            let failure = oracle_error.failure(format_args!("{}, statement", self.place));
            match oracle_error.class {
                ErrorClass::Denied if self.moment.scn.is_some() => failure.advise(self.flashback_advice()),
                _ => failure,
            }
        })
    }
}
