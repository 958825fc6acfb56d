//! One stream's reading.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_schema::{Field, Schema};
use wmshost_flow::{Cursor, Dialect, Failure, Micros, SourceGrant, SourceSession, TableDescription, Value};

use super::client::{ColumnInfo, Kind, Started};
use super::connect::LentLink;
use super::cursor::{Reader, SharedLink};
use super::failure::Class;
use super::guard::{self, Objection};
use super::names::{quoted, spelled};
use super::plain::query as plain_query;
use super::settings::Settings;
use super::types::{Reading, is_long, reading};

/// Rows per round trip where they may hold large objects.
const LONG_ROWS: u32 = 16;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

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
    fn metadata(&self, table: &str) -> Result<Option<Vec<ColumnInfo>>, Failure> {
        let nothing = format!("SELECT * FROM {} WHERE 1 = 0", quoted(table));
        let mut link = self.link();
        match link.client().and_then(|client| client.describe(&nothing)) {
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

    fn readings(&mut self, columns: &[ColumnInfo], of: &str) -> Result<Vec<Reading>, Failure> {
        if columns.iter().any(|column| column.kind == Kind::TimestampLtz) && !self.local_is_utc()? {
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
                    column.name,
                    column.declared
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
        let noon = plain_query(&mut self.link(), &self.place, LOCAL_NOON, &[])?;
        let is_noon =
            matches!(noon.first().map(Vec::as_slice), Some([Value::Timestamp(at)]) if at.rem_euclid(DAY) == DAY / 2);
        Ok(*self.local_is_utc.insert(is_noon))
    }

    /// The statement as it may run.
    fn checked(&mut self, statement: &str, parameters: usize) -> Result<String, Failure> {
        let mut columns = std::mem::take(&mut self.columns);
        let granted: BTreeSet<String> = self.grant.tables.iter().map(|table| spelled(table)).collect();
        let checked = guard::check(statement, parameters, &granted, self.moment.scn, &mut |table| {
            if let Some(known) = columns.get(table) {
                return Ok(known.clone());
            }
            let names = self.metadata(table)?.map(|all| all.iter().map(|column| column.name.clone()).collect());
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
            .map(|(column, reading)| Field::new(&column.name, reading.arrow(), column.nullable));
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
        let started = self.start(&statement, parameters)?;
        let columns = started.columns().to_vec();
        let readings = self.readings(&columns, "statement")?;
        started.into_cursor(Reader {
            place: Arc::clone(&self.place),
            link: Arc::clone(&self.link),
            readings,
            lob_bytes: self.settings.lob_bytes,
            bad_value_fails: self.grant.bad_value_fails,
        })
    }
}

impl Session {
    fn start(&self, statement: &str, values: &[Value]) -> Result<Box<dyn Started>, Failure> {
        let mut link = self.link();
        let rows = link.fetch_rows(&self.settings);
        let run = |rows: u32| link.client()?.start(statement, values, rows);
        // Large objects come inline: fewer of them at a time.
        let started = run(rows).and_then(|started| {
            let long = started.columns().iter().any(|column| is_long(column.kind));
            if long && rows > LONG_ROWS {
                drop(started);
                return run(LONG_ROWS);
            }
            Ok(started)
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
