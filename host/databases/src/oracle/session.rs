//! One stream's reading.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_schema::{Field, Schema};
use oracledb::{DB_TYPE_TIMESTAMP_LTZ, Metadata, OracleTimestamp, ToDbValue};
use wmshost_flow::{Cursor, Dialect, Failure, Micros, SourceGrant, SourceSession, TableDescription, Value};

use super::connect::LentLink;
use super::cursor::{QueryCursor, SharedLink};
use super::failure::{Class, trouble};
use super::guard::{self, Objection};
use super::names::{quoted, spelled};
use super::plain::{on, query as plain_query};
use super::settings::Settings;
use super::types::{Reading, is_long, reading};
use super::value::{all_bindable, is_any};

/// Rows per round trip where they may hold large objects.
const LONG_ROWS: u32 = 16;

const KEY: &str = "SELECT cc.column_name FROM all_constraints c JOIN all_cons_columns cc \
     ON cc.owner = c.owner AND cc.constraint_name = c.constraint_name \
     WHERE c.owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND c.table_name = :1 AND c.constraint_type = 'P' \
     ORDER BY cc.position";

/// A noon in UTC, as the server would send it in a column of local time.
const LOCAL_NOON: &str =
    "SELECT CAST(TIMESTAMP '2026-01-31 12:00:00 +00:00' AS TIMESTAMP WITH LOCAL TIME ZONE) FROM dual";

/// What all sessions of a source share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// The system change number that everything is read as of.
    pub(super) scn: Option<u64>,
    /// The source's clock, taken back behind the oldest transaction that was open.
    pub(super) now: Micros,
}

/// A session.
pub(super) struct Session {
    place: Arc<str>,
    settings: Settings,
    link: SharedLink,
    grant: SourceGrant,
    moment: Moment,
    /// Columns of granted tables, as far as they were asked for.
    columns: BTreeMap<String, Option<Vec<String>>>,
    local_is_utc: Option<bool>,
}

impl Session {
    pub(super) fn new(place: String, settings: Settings, link: LentLink, grant: &SourceGrant, moment: Moment) -> Self {
        let link = Arc::new(Mutex::new(link));
        let (grant, columns) = (grant.clone(), BTreeMap::new());
        Self { place: place.into(), settings, link, grant, moment, columns, local_is_utc: None }
    }

    fn link(&self) -> MutexGuard<'_, LentLink> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_granted(&self, table: &str) -> bool {
        self.grant.tables.iter().any(|granted| spelled(granted) == spelled(table))
    }

    /// What the server says of a table's columns; `None` if there is no table.
    fn metadata(&self, table: &str) -> Result<Option<Vec<Metadata>>, Failure> {
        let nothing = format!("SELECT * FROM {} WHERE 1 = 0", quoted(table));
        let mut link = self.link();
        let described = link
            .connection()
            .and_then(|connection| connection.query(&nothing, &[]).map_err(|error| trouble(&error)))
            .map(|cursor| cursor.columns().to_vec());
        match described {
            Ok(columns) => Ok(Some(columns)),
            Err(trouble) if trouble.code == Some(942) => Ok(None),
            Err(trouble) => {
                if trouble.class.is_gone() {
                    link.mark_broken();
                }
                Err(trouble.failure(format_args!("{}, table {table}", self.place)))
            }
        }
    }

    fn readings(&mut self, columns: &[Metadata], of: &str) -> Result<Vec<Reading>, Failure> {
        if columns.iter().any(|column| is_any(column.db_type(), &[DB_TYPE_TIMESTAMP_LTZ])) && !self.local_is_utc()? {
            return Err(Failure::invalid_config(format!(
                "{}, {of}: the server sends TIMESTAMP WITH LOCAL TIME ZONE in another zone than UTC; select the column \
                 CAST to TIMESTAMP WITH TIME ZONE, or by a view",
                self.place
            )));
        }
        let readings = columns.iter().map(|column| {
            reading(column, self.settings.bare_number).ok_or_else(|| {
                Failure::invalid_config(format!(
                    "{}, {of}: the column {} is {}, which cannot be read; leave it out, or have a view turn it into text",
                    self.place,
                    column.name(),
                    column.data_type()
                ))
            })
        });
        readings.collect()
    }

    /// Whether moments of local time come in UTC. The session's zone is UTC, but a driver could overlook it.
    fn local_is_utc(&mut self) -> Result<bool, Failure> {
        if let Some(known) = self.local_is_utc {
            return Ok(known);
        }
        let hour = on(&mut self.link(), &self.place, |connection| {
            Ok(connection.query_row(LOCAL_NOON, &[])?.get::<OracleTimestamp>(0)?.hour())
        })?;
        Ok(*self.local_is_utc.insert(hour == 12))
    }

    /// The statement as it may run.
    fn checked(&mut self, statement: &str, parameters: usize) -> Result<String, Failure> {
        let mut columns = std::mem::take(&mut self.columns);
        let granted: BTreeSet<String> = self.grant.tables.iter().map(|table| spelled(table)).collect();
        let checked = guard::check(statement, parameters, &granted, self.moment.scn, &mut |table| {
            if let Some(known) = columns.get(table) {
                return Ok(known.clone());
            }
            let names = self.metadata(table)?.map(|all| all.iter().map(|column| column.name().to_owned()).collect());
            columns.insert(table.to_owned(), names.clone());
            Ok(names)
        });
        self.columns = columns;
        checked.map_err(|objection| match objection {
            Objection::Unreadable(why) => Failure::permanent(format!("{}: {why}", self.place)),
            Objection::Denied(why) => Failure::denied(format!("{}: {why}", self.place)),
            Objection::Failed(failure) => failure,
        })
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
        let mut found = Vec::new();
        for table in self.grant.tables.clone() {
            if self.metadata(&table)?.is_some() {
                found.push(spelled(&table));
            }
        }
        Ok(found)
    }

    fn describe(&mut self, table: &str) -> Result<Option<TableDescription>, Failure> {
        if !self.is_granted(table) {
            return Err(Failure::denied(format!("{}: the table {table} is not granted", self.place)));
        }
        let Some(columns) = self.metadata(table)? else { return Ok(None) };
        let readings = self.readings(&columns, &format!("table {table}"))?;
        let fields = columns
            .iter()
            .zip(&readings)
            .map(|(column, reading)| Field::new(column.name(), reading.arrow(), column.nullable()));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let key = plain_query(&mut self.link(), &self.place, KEY, &[Value::Text(spelled(table))])?;
        let key = key.into_iter().filter_map(|row| match row.into_iter().next() {
            Some(Value::Text(column)) => Some(column),
            _ => None,
        });
        Ok(Some(TableDescription { name: spelled(table), columns: schema, key: key.collect() }))
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Box<dyn Cursor>, Failure> {
        let statement = self.checked(statement, parameters.len())?;
        let bound = all_bindable(parameters).map_err(|number| {
            Failure::permanent(format!("{}: parameter {number} has a value that Oracle cannot hold", self.place))
        })?;
        let bound: Vec<&dyn ToDbValue> = bound.iter().map(AsRef::as_ref).collect();
        let rows = self.start(&statement, &bound)?;
        let columns = rows.columns().to_vec();
        let readings = self.readings(&columns, "statement")?;
        let place = Arc::clone(&self.place);
        let (lob_bytes, fails) = (self.settings.lob_bytes, self.grant.bad_value_fails);
        let cursor = QueryCursor::new(place, rows, readings, Arc::clone(&self.link), lob_bytes, fails)?;
        Ok(Box::new(cursor))
    }
}

impl Session {
    fn start(&self, statement: &str, bound: &[&dyn ToDbValue]) -> Result<oracledb::Cursor, Failure> {
        let mut link = self.link();
        let rows = link.fetch_rows(&self.settings);
        let run = |rows: u32| {
            let connection = link.connection()?;
            let started = connection
                .statement(statement)
                .and_then(|builder| builder.fetch_array_size(rows).prefetch_rows(rows).build())
                .and_then(|prepared| prepared.query(bound));
            started.map_err(|error| trouble(&error))
        };
        // Large objects come inline: fewer of them at a time.
        let started = run(rows).and_then(|cursor| {
            let long = cursor.columns().iter().any(|column| is_long(column.db_type()));
            if long && rows > LONG_ROWS {
                drop(cursor);
                return run(LONG_ROWS);
            }
            Ok(cursor)
        });
        started.map_err(|trouble| {
            if trouble.class.is_gone() {
                link.mark_broken();
            }
            let failure = trouble.failure(format_args!("{}, statement", self.place));
            let hint = match trouble.class {
                Class::Refused if self.moment.scn.is_some() => {
                    " (reading as of the run's moment needs GRANT FLASHBACK ON each table, or `snapshot = \"statement\"`)"
                }
                _ => "",
            };
            Failure { message: failure.message + hint, ..failure }
        })
    }
}
