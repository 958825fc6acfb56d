//! The primary key and the indexes of a table, by the names that their columns have in the stream.

use wmshost_flow::Failure;
use wmshost_sql::Value;

use super::{Found, Session};
use crate::oracle::names::spelled;
use crate::oracle::owner::SYNONYM;
use crate::oracle::read::rules::stream_name;
use crate::oracle::sql_session::query as plain_query;

const KEY: &str = "SELECT cc.column_name FROM all_constraints c JOIN all_cons_columns cc \
     ON cc.owner = c.owner AND cc.constraint_name = c.constraint_name \
     WHERE c.owner = NVL(:1, SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')) AND c.table_name = :2 \
     AND c.constraint_type = 'P' ORDER BY cc.position";

/// The columns of a table's indexes that serve statements.
const INDEXES: &str = "SELECT i.owner || '.' || i.index_name, ic.column_name FROM all_indexes i JOIN all_ind_columns ic \
     ON ic.index_owner = i.owner AND ic.index_name = i.index_name \
     WHERE i.table_owner = NVL(:1, SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')) AND i.table_name = :2 \
     AND i.status IN ('VALID', 'N/A') ORDER BY i.owner, i.index_name, ic.column_position";

impl Session {
    /// The primary key by the names of its columns in the stream.
    pub(super) fn key_in_stream(&self, found: &Found, key: Vec<String>) -> Result<Vec<String>, Failure> {
        let table = &found.name;
        let in_stream = |name: String| {
            let known = stream_name(&name, &found.rules).filter(|name| !found.stream.masked.contains(&spelled(name)));
            known.ok_or_else(|| {
                Failure::invalid_config(format!(
                    "{}, `columns` of table {table}: column {name} is part of the primary key, which tells rows apart, and \
                     cannot be skipped, masked or left out of a grant",
                    self.place
                ))
            })
        };
        key.into_iter().map(in_stream).collect()
    }

    /// The primary key of a table, or of the one that a synonym represents.
    pub(super) fn key_of(&self, name: &str) -> Result<Vec<String>, Failure> {
        let rows = self.catalog_rows(KEY, name)?;
        Ok(rows.into_iter().filter_map(|row| text(row.into_iter().next()?)).collect())
    }

    /// True if an index finds the rows after a place in this order: its columns and those of the order are the same, as far
    /// as the shorter of the two reaches.
    pub(super) fn has_index_for(&self, found: &Found, order: &[String]) -> Result<bool, Failure> {
        let mut indexes: Vec<(Value, Vec<Option<String>>)> = Vec::new();
        for row in self.catalog_rows(INDEXES, &found.name)? {
            let Ok([index, column]) = <[Value; 2]>::try_from(row) else { continue };
            let column = text(column).and_then(|column| stream_name(&column, &found.rules));
            match indexes.last_mut() {
                Some((last, columns)) if *last == index => columns.push(column),
                _ => indexes.push((index, vec![column])),
            }
        }
        let serves = |columns: &[Option<String>]| columns.iter().zip(order).all(|(of, by)| of.as_ref() == Some(by));
        Ok(indexes.iter().any(|(_, columns)| serves(columns)))
    }

    /// The rows of a statement about a table, or about the one that a synonym represents.
    fn catalog_rows(&self, statement: &str, name: &str) -> Result<Vec<Vec<Value>>, Failure> {
        let rows =
            |owner_and_name: &[Value]| plain_query(&mut self.connection(), &self.place, statement, owner_and_name);
        let own = rows(&[Value::Null, Value::Text(name.to_owned())])?;
        if !own.is_empty() {
            return Ok(own);
        }
        let meant = plain_query(&mut self.connection(), &self.place, SYNONYM, &[Value::Text(name.to_owned())])?;
        match meant.into_iter().next().as_deref() {
            Some([owner @ Value::Text(_), table @ Value::Text(_)]) => rows(&[owner.clone(), table.clone()]),
            _ => Ok(Vec::new()),
        }
    }
}

fn text(value: Value) -> Option<String> {
    if let Value::Text(text) = value { Some(text) } else { None }
}
