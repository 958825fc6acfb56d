//! The primary key of a table, by the names that its columns have in the stream.

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
        let key = self.key(Value::Null, Value::Text(name.to_owned()))?;
        if !key.is_empty() {
            return Ok(key);
        }
        let meant = plain_query(&mut self.connection(), &self.place, SYNONYM, &[Value::Text(name.to_owned())])?;
        match meant.into_iter().next().as_deref() {
            Some([owner @ Value::Text(_), table @ Value::Text(_)]) => self.key(owner.clone(), table.clone()),
            _ => Ok(Vec::new()),
        }
    }

    fn key(&self, owner: Value, table: Value) -> Result<Vec<String>, Failure> {
        let rows = plain_query(&mut self.connection(), &self.place, KEY, &[owner, table])?;
        let text = |value| if let Value::Text(text) = value { Some(text) } else { None };
        Ok(rows.into_iter().filter_map(|row| text(row.into_iter().next()?)).collect())
    }
}
