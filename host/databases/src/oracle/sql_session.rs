//! Plain SQL, for the host's own tables and models. A data definition statement commits whatever precedes it in Oracle;
//! within a transaction it therefore runs on a connection of its own.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError};

use wmshost_flow::{Failure, Sql, SqlSession, StatementLimit};
use wmshost_sql::{Dialect, Value};

use super::charset::Charset;
use super::client::Client;
use super::connect::manager::{ConnectionPool, PooledConnection};
use super::connect::settings::Tags;
use super::failure::{OracleError, is_code};
use super::names::shown;

/// Rows of a statement that are sent together.
const MANY_ROWS: usize = 1_000;
/// The prefix of the names of private temporary tables.
const PRIVATE_PREFIX: &str = "ORA$PTT_";
/// ORA-00955: name is already used by an existing object.
const NAME_IS_TAKEN: u32 = 955;

/// A session of the host's own.
pub(crate) struct OracleSqlSession {
    connections: Arc<ConnectionPool>,
    connection: PooledConnection,
    in_transaction: bool,
}

impl OracleSqlSession {
    pub(crate) fn new(connections: Arc<ConnectionPool>) -> Result<Self, Failure> {
        let connection = take(&connections)?;
        connection.tag(&Tags { action: "host".to_owned(), ..connections.manager().settings.tags.clone() });
        Ok(Self { connections, connection, in_transaction: false })
    }

    fn end(&mut self, commit: bool) -> Result<(), Failure> {
        self.in_transaction = false;
        let place = &self.connections.manager().place;
        let settled =
            with_client(&mut self.connection, place, |client| if commit { client.commit() } else { client.rollback() });
        settled.map_err(|failure| failure.within(if commit { "committing" } else { "rolling back" }))
    }
}

/// A connection out of the pool.
pub(crate) fn take(connections: &Arc<ConnectionPool>) -> Result<PooledConnection, Failure> {
    connections.take()
}

/// Acts on a connection; a lost one is not lent again.
pub(crate) fn with_client<T>(
    connection: &mut PooledConnection,
    place: &str,
    act: impl FnOnce(&dyn Client) -> Result<T, OracleError>,
) -> Result<T, Failure> {
    connection.client().and_then(act).map_err(|oracle_error| failed(connection, &oracle_error, place))
}

/// The failure of a call; a lost connection is not lent again.
pub(crate) fn failed(
    connection: &mut PooledConnection,
    oracle_error: &OracleError,
    place: impl std::fmt::Display,
) -> Failure {
    if oracle_error.class.is_connection_lost() {
        connection.mark_broken();
    }
    oracle_error.failure(place)
}

/// The database's character set, which is asked for once.
pub(crate) fn charset(connection: &mut PooledConnection, place: &str) -> Result<Arc<Charset>, Failure> {
    if let Some(known) = connection.manager().charset.get() {
        return Ok(Arc::clone(known));
    }
    let asked = Arc::new(with_client(connection, place, |client| Charset::ask(client))?);
    Ok(Arc::clone(connection.manager().charset.get_or_init(|| asked)))
}

/// The parameters of a statement of the host's own as the database can hold them. Fails if the statement itself has a
/// letter that the database would change.
fn storable<'v>(
    connection: &mut PooledConnection,
    place: &str,
    statement: &str,
    values: &'v [Value],
) -> Result<Cow<'v, [Value]>, Failure> {
    let is_ascii = |value: &Value| !matches!(value, Value::Text(text) if !text.is_ascii());
    if statement.is_ascii() && values.iter().all(is_ascii) {
        return Ok(Cow::Borrowed(values));
    }
    let charset = charset(connection, place)?;
    let texts =
        values.iter().filter_map(|value| if let Value::Text(text) = value { Some(text.as_str()) } else { None });
    with_client(connection, place, |client| charset.learn(client, texts.chain([statement])))?;
    if let Some(letter) = charset.lost(statement) {
        return Err(Failure::invalid_config(format!("{place}, a statement: {}", charset.reason(letter)))
            .advise("write it without this letter"));
    }
    let escaped = |value: &Value| match value {
        Value::Text(text) => Value::Text(charset.escaped(text).into_owned()),
        value => value.clone(),
    };
    Ok(Cow::Owned(values.iter().map(escaped).collect()))
}

/// Returns whether a statement defines something that all sessions see. Private temporary tables are their session's
/// own.
pub(crate) fn is_definition(statement: &str) -> bool {
    let mut words = statement.split_whitespace();
    let word = words.next().unwrap_or_default();
    let is_private = words.take(2).any(|word| word.eq_ignore_ascii_case("PRIVATE") || word.starts_with(PRIVATE_PREFIX));
    let verbs = ["CREATE", "ALTER", "DROP", "TRUNCATE", "GRANT", "REVOKE", "COMMENT", "RENAME"];
    !is_private && verbs.iter().any(|verb| word.eq_ignore_ascii_case(verb))
}

/// Runs a statement that returns no rows; returns how many rows it touched.
pub(crate) fn execute(
    connection: &mut PooledConnection,
    place: &str,
    statement: &str,
    values: &[Value],
) -> Result<u64, Failure> {
    let values = storable(connection, place, statement, values)?;
    with_client(connection, place, |client| client.execute(statement, &values))
}

/// Runs a statement once for each row of values; returns how many rows it touched in all.
pub(crate) fn execute_many(
    connection: &mut PooledConnection,
    place: &str,
    statement: &str,
    rows: &[Vec<Value>],
) -> Result<u64, Failure> {
    let mut touched = 0;
    for rows in rows.chunks(MANY_ROWS) {
        let rows = rows.iter().map(|row| Ok(storable(connection, place, statement, row)?.into_owned()));
        let rows = rows.collect::<Result<Vec<_>, Failure>>()?;
        touched += with_client(connection, place, |client| client.execute_many(statement, &rows))?;
    }
    Ok(touched)
}

/// The rows of a query.
pub(crate) fn query(
    connection: &mut PooledConnection,
    place: &str,
    statement: &str,
    values: &[Value],
) -> Result<Vec<Vec<Value>>, Failure> {
    let values = storable(connection, place, statement, values)?;
    with_client(connection, place, |client| client.query(statement, &values))
}

/// The names of a query's columns, and their types as the server calls them.
pub(crate) fn columns(
    connection: &mut PooledConnection,
    place: &str,
    query: &str,
) -> Result<Vec<(String, String)>, Failure> {
    let nothing = format!("SELECT * FROM ({query}\n) WHERE 1 = 0");
    let described = with_client(connection, place, |client| client.describe(&nothing))?;
    Ok(described.into_iter().map(|column| (shown(&column.name), column.declared)).collect())
}

/// Runs a definition on a connection of its own.
pub(crate) fn execute_autonomous(
    connections: &Arc<ConnectionPool>,
    statement: &str,
    values: &[Value],
) -> Result<u64, Failure> {
    let mut connection = take(connections)?;
    let manager = connections.manager();
    let _one_at_a_time = manager.definitions.lock().unwrap_or_else(PoisonError::into_inner);
    execute(&mut connection, &manager.place, statement, values)
}

/// Creates a table on a connection of its own, unless somebody else has created it meanwhile.
pub(crate) fn create_if_missing(connections: &Arc<ConnectionPool>, statement: &str) -> Result<(), Failure> {
    match execute_autonomous(connections, statement, &[]) {
        Err(failure) if is_code(&failure, NAME_IS_TAKEN) => Ok(()),
        made => made.map(drop),
    }
}

impl Sql for OracleSqlSession {
    fn dialect(&self) -> Dialect {
        Dialect::Oracle
    }

    fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, Failure> {
        if is_definition(statement) {
            return execute_autonomous(&self.connections, statement, parameters);
        }
        let touched = execute(&mut self.connection, &self.connections.manager().place, statement, parameters);
        if !self.in_transaction {
            self.end(touched.is_ok())?;
        }
        touched
    }

    fn execute_many(&mut self, statement: &str, rows: &[Vec<Value>]) -> Result<u64, Failure> {
        let touched = execute_many(&mut self.connection, &self.connections.manager().place, statement, rows);
        if !self.in_transaction {
            self.end(touched.is_ok())?;
        }
        touched
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Failure> {
        query(&mut self.connection, &self.connections.manager().place, statement, parameters)
    }

    fn columns(&mut self, query: &str) -> Result<Vec<(String, String)>, Failure> {
        columns(&mut self.connection, &self.connections.manager().place, query)
    }

    fn create_if_missing(&mut self, statement: &str) -> Result<(), Failure> {
        create_if_missing(&self.connections, statement)
    }
}

impl SqlSession for OracleSqlSession {
    fn begin(&mut self) -> Result<(), Failure> {
        if self.in_transaction {
            let place = &self.connections.manager().place;
            return Err(Failure::permanent(format!("{place}: a transaction is open already")));
        }
        self.in_transaction = true;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Failure> {
        self.end(true)
    }

    fn rollback(&mut self) -> Result<(), Failure> {
        self.end(false)
    }

    fn limit_statements(&mut self, _limit: &StatementLimit) -> Result<(), Failure> {
        // `call_timeout` of the connection ends each call, and the server keeps its temporary segments by quotas.
        Ok(())
    }
}

impl Drop for OracleSqlSession {
    fn drop(&mut self) {
        if self.in_transaction && self.end(false).is_err() {
            self.connection.mark_broken();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_known_by_their_verb() {
        for statement in ["CREATE TABLE t (a NUMBER)", " alter table t add b number", "Drop table t"] {
            assert!(is_definition(statement), "{statement}");
        }
        for statement in [
            "SELECT created FROM t",
            "INSERT INTO t VALUES (1)",
            "MERGE INTO create_log",
            "CREATE PRIVATE TEMPORARY TABLE ORA$PTT_A ON COMMIT PRESERVE DEFINITION AS SELECT 1 a FROM dual",
            "DROP TABLE ORA$PTT_A",
            "",
        ] {
            assert!(!is_definition(statement), "{statement}");
        }
    }
}
