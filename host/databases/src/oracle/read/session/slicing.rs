//! Statements that several sessions read together, each on a connection of its own: see `slices`.

use std::sync::{Arc, Mutex};

use arrow_schema::{Field, Schema};
use wmshost_flow::{Cursor, Failure};
use wmshost_sql::Value;

use super::{Found, Session};
use crate::oracle::client::column_info::{ColumnInfo, Kind};
use crate::oracle::connect::manager::PooledConnection;
use crate::oracle::names::spelled;
use crate::oracle::read::slices::{Prepared, Shape, SliceCursor};
use crate::oracle::sql_session::{query, take};

use crate::oracle::types::NO_SCALE;

/// The rows of a fetch where columns can be large.
const LARGE_ROWS: usize = 16;
/// The digits of the seconds that a place has.
const MICROSECONDS: i8 = 6;

impl Session {
    /// The rows of a statement by several sessions; `None` where one has to do.
    pub(super) fn query_together(
        &mut self,
        statement: &str,
        parameters: &[Value],
    ) -> Result<Option<Box<dyn Cursor>>, Failure> {
        // Without a number each session would read another moment.
        if self.settings.readers < 2 || self.moment.scn.is_none() {
            return Ok(None);
        }
        let Some(shape) = Shape::of(statement) else { return Ok(None) };
        // The statement may run at all, and its tables are known from here on.
        self.checked(statement, parameters)?;
        let Some(found) = self.found(&shape.table)? else { return Ok(None) };
        let Some(columns) = result_columns(&shape, &found) else { return Ok(None) };
        let is_text = |column: &ColumnInfo| matches!(column.kind, Kind::Varchar | Kind::Char);
        let in_order = |column: &ColumnInfo| shape.order.contains(&column.name);
        // A place whose letters the database changes would not be after the previous one.
        if found.columns.iter().any(|column| in_order(column) && is_text(column)) && !self.charset()?.is_unicode() {
            return Ok(None);
        }
        // Without an index each range would read the whole table.
        if !self.has_index_for(&found, &shape.order)? {
            tracing::info!("{}, table {}: one session reads it, as no index has its order", self.place, found.name);
            return Ok(None);
        }
        let readings = self.readings(&columns, "statement")?;
        // A join can make any column NULL, and a cursor describes all statements in the same way.
        let fields = columns.iter().zip(&readings).map(|(column, read)| Field::new(&column.name, read.arrow(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let sessions = self.readers();
        if sessions.len() < 2 {
            return Ok(None);
        }
        let fetch_rows = self.connection().fetch_rows(&self.settings, self.width()) as usize;
        // What is read ahead is counted in rows, and these can be large.
        let is_large =
            |column: &ColumnInfo| matches!(column.kind, Kind::Clob | Kind::Blob | Kind::Long | Kind::LongRaw);
        let fetch_rows = if columns.iter().any(is_large) { fetch_rows.min(LARGE_ROWS) } else { fetch_rows };
        let (place, parameters) = (Arc::clone(&self.place), parameters.to_vec());
        Ok(Some(Box::new(SliceCursor::new(Prepared { place, schema, shape, parameters, sessions, fetch_rows }))))
    }

    /// A session for each reader; fewer where the server allows no more.
    fn readers(&self) -> Vec<Self> {
        let mut sessions = Vec::new();
        while sessions.len() < self.settings.readers && self.connections.has_room() {
            match take(&self.connections) {
                Ok(connection) => sessions.push(self.beside(connection)),
                Err(failure) => {
                    let count = sessions.len().max(1);
                    tracing::warn!("{failure}; {count} of {} readers read the table", self.settings.readers);
                    break;
                }
            }
        }
        sessions
    }

    /// A session like this one, on another connection.
    fn beside(&self, connection: PooledConnection) -> Self {
        connection.tag(&self.tags);
        Self {
            place: Arc::clone(&self.place),
            settings: self.settings.clone(),
            connections: Arc::clone(&self.connections),
            connection: Arc::new(Mutex::new(connection)),
            tags: self.tags.clone(),
            grant: self.grant.clone(),
            moment: self.moment,
            is_resolved: self.is_resolved,
            tables: self.tables.clone(),
            local_is_utc: self.local_is_utc,
        }
    }

    /// The place that is this many rows further on in a statement of places; `None` if it has fewer.
    pub(in crate::oracle::read) fn place_at(
        &mut self,
        statement: &str,
        parameters: &[Value],
        rows: usize,
    ) -> Result<Option<Vec<Value>>, Failure> {
        let (statement, parameters) = self.checked(statement, parameters)?;
        let nth = format!("{statement} OFFSET {} ROWS FETCH NEXT 1 ROWS ONLY", rows.saturating_sub(1));
        let found = query(&mut self.connection(), &self.place, &nth, &parameters)?.into_iter().next();
        // A value without a form of its own cannot be bound as what it is: one reader takes the rest.
        let is_bindable =
            |value: &Value| matches!(value, Value::Int64(_) | Value::Decimal(_) | Value::Text(_) | Value::Timestamp(_));
        Ok(found.filter(|place| place.iter().all(is_bindable)))
    }
}

/// The columns of the statement's result; `None` if a row could be missed because it is NULL in the order, or because its
/// column is not read as the table has it.
fn result_columns(shape: &Shape, found: &Found) -> Option<Vec<ColumnInfo>> {
    let of = |name: &String| found.columns.iter().find(|column| column.name == *name);
    let is_plain = |column: &ColumnInfo| {
        let kind = match column.kind {
            Kind::Number => column.precision > 0 && column.scale != NO_SCALE,
            // A place has microseconds only: with more digits, two places could look the same.
            Kind::Timestamp => column.scale <= MICROSECONDS,
            kind => matches!(kind, Kind::Varchar | Kind::Char | Kind::Date),
        };
        kind && !column.nullable && !found.stream.wanted.contains_key(&spelled(&column.name))
    };
    if !shape.order.iter().all(|name| of(name).is_some_and(is_plain)) {
        return None;
    }
    shape.columns.iter().map(|(name, alias)| Some(ColumnInfo { name: alias.clone(), ..of(name)?.clone() })).collect()
}
