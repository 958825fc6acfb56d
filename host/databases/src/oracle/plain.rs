//! Plain SQL, for what the host itself keeps and builds. A statement that changes the shape of things commits in
//! Oracle whatever stands before it; within a transaction it therefore runs on a connection of its own.

use std::sync::{Arc, PoisonError};

use wmshost_flow::{Dialect, Failure, HOUSE_PREFIX, Sql, SqlSession, Value};

use super::client::Client;
use super::connect::{LentLink, Links};
use super::failure::Trouble;
use super::names::shown;
use super::settings::Tags;

/// Rows of a statement that travel together.
const MANY_ROWS: usize = 1_000;
/// What the names of private temporary tables begin with.
const PRIVATE_PREFIX: &str = "ORA$PTT_";

/// A session of the host's own.
pub(super) struct Plain {
    links: Arc<Links>,
    link: LentLink,
    in_transaction: bool,
}

impl Plain {
    pub(super) fn new(links: Arc<Links>) -> Result<Self, Failure> {
        let link = take(&links)?;
        link.tag(&Tags { action: "host".to_owned(), ..links.maker().settings.tags.clone() });
        Ok(Self { links, link, in_transaction: false })
    }

    fn settle(&mut self, commit: bool) -> Result<(), Failure> {
        self.in_transaction = false;
        let place = &self.links.maker().place;
        let settled = on(&mut self.link, place, |client| if commit { client.commit() } else { client.rollback() });
        settled.map_err(|failure| failure.within(if commit { "committing" } else { "rolling back" }))
    }
}

/// A connection out of the pool.
pub(super) fn take(links: &Arc<Links>) -> Result<LentLink, Failure> {
    links.take().map_err(|failure| within(links, failure))
}

/// A pool's failure, with the place it is about, unless it names it.
fn within(links: &Links, failure: Failure) -> Failure {
    let place = &links.maker().place;
    if failure.message.starts_with(place.as_str()) { failure } else { failure.within(place) }
}

/// Acts on a connection; one that is gone is not lent again.
pub(super) fn on<T>(
    link: &mut LentLink,
    place: &str,
    act: impl FnOnce(&dyn Client) -> Result<T, Trouble>,
) -> Result<T, Failure> {
    link.client().and_then(act).map_err(|trouble| {
        if trouble.class.is_gone() {
            link.mark_broken();
        }
        trouble.failure(place)
    })
}

/// Whether a statement changes the shape of things for all. Private temporary tables are their session's own.
pub(super) fn is_definition(statement: &str) -> bool {
    let mut words = statement.split_whitespace();
    let word = words.next().unwrap_or_default();
    let is_private = words.take(2).any(|word| word.eq_ignore_ascii_case("PRIVATE") || word.starts_with(PRIVATE_PREFIX));
    let verbs = ["CREATE", "ALTER", "DROP", "TRUNCATE", "GRANT", "REVOKE", "COMMENT", "RENAME"];
    !is_private && verbs.iter().any(|verb| word.eq_ignore_ascii_case(verb))
}

/// Runs a statement that gives no rows; gives how many rows it touched.
pub(super) fn execute(link: &mut LentLink, place: &str, statement: &str, values: &[Value]) -> Result<u64, Failure> {
    on(link, place, |client| client.execute(statement, values))
}

/// Runs a statement once for each row of values; gives how many rows it touched in all.
pub(super) fn execute_many(
    link: &mut LentLink,
    place: &str,
    statement: &str,
    rows: &[Vec<Value>],
) -> Result<u64, Failure> {
    let mut touched = 0;
    for rows in rows.chunks(MANY_ROWS) {
        touched += on(link, place, |client| client.execute_many(statement, rows))?;
    }
    Ok(touched)
}

/// The rows of a query.
pub(super) fn query(
    link: &mut LentLink,
    place: &str,
    statement: &str,
    values: &[Value],
) -> Result<Vec<Vec<Value>>, Failure> {
    on(link, place, |client| client.query(statement, values))
}

/// The names of the columns that a query gives, and their types as the server calls them.
pub(super) fn columns(link: &mut LentLink, place: &str, query: &str) -> Result<Vec<(String, String)>, Failure> {
    let nothing = format!("SELECT * FROM ({query}\n) WHERE 1 = 0");
    let described = on(link, place, |client| client.describe(&nothing))?;
    Ok(described.into_iter().map(|column| (shown(&column.name), column.declared)).collect())
}

/// Changes the shape of things on a connection of its own. A table of the host's own that somebody else has made
/// meanwhile is as good: all streams of a first run need it at once.
pub(super) fn apart(links: &Arc<Links>, statement: &str, values: &[Value]) -> Result<u64, Failure> {
    let mut link = take(links)?;
    let maker = links.maker();
    let _one_at_a_time = maker.definitions.lock().unwrap_or_else(PoisonError::into_inner);
    match execute(&mut link, &maker.place, statement, values) {
        Err(failure) if failure.message.contains("ORA-00955") && is_house_table(statement) => Ok(0),
        touched => touched,
    }
}

fn is_house_table(statement: &str) -> bool {
    let name = statement.split_whitespace().nth(2).unwrap_or_default();
    statement.starts_with("CREATE TABLE ") && name.starts_with(HOUSE_PREFIX)
}

impl Sql for Plain {
    fn dialect(&self) -> Dialect {
        Dialect::Oracle
    }

    fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, Failure> {
        if is_definition(statement) {
            return apart(&self.links, statement, parameters);
        }
        let touched = execute(&mut self.link, &self.links.maker().place, statement, parameters);
        if !self.in_transaction {
            self.settle(touched.is_ok())?;
        }
        touched
    }

    fn execute_many(&mut self, statement: &str, rows: &[Vec<Value>]) -> Result<u64, Failure> {
        let touched = execute_many(&mut self.link, &self.links.maker().place, statement, rows);
        if !self.in_transaction {
            self.settle(touched.is_ok())?;
        }
        touched
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Failure> {
        query(&mut self.link, &self.links.maker().place, statement, parameters)
    }

    fn columns(&mut self, query: &str) -> Result<Vec<(String, String)>, Failure> {
        columns(&mut self.link, &self.links.maker().place, query)
    }
}

impl SqlSession for Plain {
    fn begin(&mut self) -> Result<(), Failure> {
        if self.in_transaction {
            let place = &self.links.maker().place;
            return Err(Failure::permanent(format!("{place}: a transaction is open already")));
        }
        self.in_transaction = true;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Failure> {
        self.settle(true)
    }

    fn rollback(&mut self) -> Result<(), Failure> {
        self.settle(false)
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        if self.in_transaction && self.settle(false).is_err() {
            self.link.mark_broken();
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
