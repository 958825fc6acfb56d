//! The guard of models: a build changes only tables and views that are recorded as the model's own. A build secures its
//! names first; then each of its statements goes through a session that determines the tables it changes, and refuses a
//! statement that changes any other. So no kind of build, now or later, can change another owner's table.

use std::collections::BTreeSet;

use wmshost_flow::{Claim, Clock, Failure, Sql, SqlSession, StatementLimit, owns_table};
use wmshost_sql::{Dialect, Value};

use crate::store::{FAILURES_TABLE, MODEL_TABLE, TEST_TABLE};

/// The prefix that Oracle requires for the names of private temporary tables.
const PRIVATE_PREFIX: &str = "ORA$PTT_";

/// A session that changes only secured tables.
pub(super) struct OwnedSession<'s> {
    sql: &'s mut dyn SqlSession,
    owned: BTreeSet<String>,
    /// Tables of the pipeline's streams, which may only get indexes.
    indexed: BTreeSet<String>,
}

impl<'s> OwnedSession<'s> {
    pub(super) fn new(sql: &'s mut dyn SqlSession) -> Self {
        Self { sql, owned: BTreeSet::new(), indexed: BTreeSet::new() }
    }

    /// Records names as a model's own, or fails and changes nothing.
    pub(super) fn secure(&mut self, claim: &Claim<'_>, names: &[String], clock: &dyn Clock) -> Result<(), Failure> {
        for name in names {
            claim.secure(self.sql, name, clock.now())?;
            self.owned.insert(name.to_uppercase());
        }
        Ok(())
    }

    /// True if a stream's table may get an index: it must be one of this pipeline.
    pub(super) fn may_index(&mut self, pipeline: &str, table: &str) -> Result<bool, Failure> {
        let is_own = owns_table(self.sql, pipeline, table)?;
        if is_own {
            self.indexed.insert(table.to_uppercase());
        }
        Ok(is_own)
    }

    fn check(&self, statement: &str) -> Result<(), Failure> {
        let refused = |what: &str| {
            Failure::denied(format!("{what}: a build of models may not change that; this is a bug in wmshost"))
        };
        let changed = changed_tables(statement).ok_or_else(|| refused(statement))?;
        for (table, is_index) in changed {
            let table = table.to_uppercase();
            let is_hosts = [MODEL_TABLE, TEST_TABLE, FAILURES_TABLE].contains(&table.as_str());
            let is_ours = self.owned.contains(&table) || is_index && self.indexed.contains(&table);
            if !is_hosts && !is_ours {
                return Err(refused(&format!("the table {table}")));
            }
        }
        Ok(())
    }
}

impl Sql for OwnedSession<'_> {
    fn dialect(&self) -> Dialect {
        self.sql.dialect()
    }

    fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, Failure> {
        self.check(statement)?;
        self.sql.execute(statement, parameters)
    }

    fn execute_many(&mut self, statement: &str, rows: &[Vec<Value>]) -> Result<u64, Failure> {
        self.check(statement)?;
        self.sql.execute_many(statement, rows)
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Failure> {
        self.sql.query(statement, parameters)
    }

    fn columns(&mut self, query: &str) -> Result<Vec<(String, String)>, Failure> {
        self.sql.columns(query)
    }

    fn create_if_missing(&mut self, statement: &str) -> Result<(), Failure> {
        self.check(statement)?;
        self.sql.create_if_missing(statement)
    }

    fn carries_checkpoint(&mut self) {
        self.sql.carries_checkpoint();
    }
}

impl SqlSession for OwnedSession<'_> {
    fn begin(&mut self) -> Result<(), Failure> {
        self.sql.begin()
    }

    fn commit(&mut self) -> Result<(), Failure> {
        self.sql.commit()
    }

    fn rollback(&mut self) -> Result<(), Failure> {
        self.sql.rollback()
    }

    fn limit_statements(&mut self, limit: &StatementLimit) -> Result<(), Failure> {
        self.sql.limit_statements(limit)
    }
}

/// The tables and views that a statement of the host creates, changes, fills, renames or drops; the flag is true if it
/// only gets an index. Tables that only the session sees are left out. `None` for an unknown statement.
fn changed_tables(statement: &str) -> Option<Vec<(String, bool)>> {
    let mut words = Tokens { rest: statement };
    let verb = words.next()?.to_ascii_uppercase();
    let mut changed = Vec::new();
    match verb.as_str() {
        "CREATE" => {
            let kind = words.skip(&["OR", "REPLACE", "UNIQUE", "PRIVATE", "TEMPORARY"])?;
            words.skip_all(&["IF", "NOT", "EXISTS"]);
            let name = words.next()?;
            match kind.to_ascii_uppercase().as_str() {
                "TABLE" | "VIEW" => changed.push((name, false)),
                "INDEX" if is_temporary(&name) => {}
                "INDEX" => {
                    words.skip_all(&["ON"]);
                    changed.push((words.next()?, true));
                }
                // A trigger that somebody added to the model's table, with its original text.
                "TRIGGER" => {
                    while !words.next()?.eq_ignore_ascii_case("ON") {}
                    changed.push((words.next()?, false));
                }
                _ => return None,
            }
        }
        "DROP" => match words.next()?.to_ascii_uppercase().as_str() {
            "TABLE" | "VIEW" => {
                words.skip_all(&["IF", "EXISTS"]);
                changed.push((words.next()?, false));
            }
            // An index has no rows; dropped indexes were found on a table that is the model's own.
            "INDEX" => {}
            _ => return None,
        },
        "ALTER" => {
            words.skip_all(&["TABLE"]);
            changed.push((words.next()?, false));
            if words.next().is_some_and(|word| word.eq_ignore_ascii_case("RENAME")) {
                words.skip_all(&["TO"]);
                changed.push((words.next()?, false));
            }
        }
        "INSERT" | "MERGE" | "DELETE" | "UPDATE" | "ANALYZE" => {
            words.skip_all(&["INTO", "FROM"]);
            changed.push((words.next()?, false));
        }
        // A privilege that the object before it had.
        "GRANT" => {
            while !words.next()?.eq_ignore_ascii_case("ON") {}
            changed.push((words.next()?, false));
        }
        // Gathers statistics of the model's table.
        "BEGIN" => {}
        _ => return None,
    }
    changed.retain(|(name, _)| !is_temporary(name));
    Some(changed)
}

fn is_temporary(name: &str) -> bool {
    name.starts_with("temp.") || name.starts_with(PRIVATE_PREFIX)
}

/// The words of a statement: names without their quotes, comments left out.
struct Tokens<'s> {
    rest: &'s str,
}

impl Tokens<'_> {
    fn next(&mut self) -> Option<String> {
        let mut word = String::new();
        loop {
            let rest = self.rest.trim_start();
            if let Some(comment) = rest.strip_prefix("/*").filter(|_| word.is_empty()) {
                self.rest = comment.split_once("*/")?.1;
                continue;
            }
            self.rest = if word.is_empty() { rest } else { self.rest };
            let first = self.rest.chars().next();
            match first {
                Some('"') => {
                    let (name, rest) = self.rest[1..].split_once('"')?;
                    word.push_str(name);
                    self.rest = rest;
                }
                Some(c) if is_letter(c) => {
                    let end = self.rest.find(|c| !is_letter(c)).unwrap_or(self.rest.len());
                    word.push_str(&self.rest[..end]);
                    self.rest = &self.rest[end..];
                }
                _ => return if word.is_empty() { None } else { Some(word) },
            }
            // A schema before the name.
            match self.rest.strip_prefix('.') {
                Some(rest) => {
                    word.push('.');
                    self.rest = rest;
                }
                None => return Some(word),
            }
        }
    }

    /// The first word that is not among `skipped`.
    fn skip(&mut self, skipped: &[&str]) -> Option<String> {
        self.skip_all(skipped);
        self.next()
    }

    fn skip_all(&mut self, skipped: &[&str]) {
        loop {
            let before = self.rest;
            match self.next() {
                Some(word) if skipped.iter().any(|skipped| word.eq_ignore_ascii_case(skipped)) => {}
                _ => {
                    self.rest = before;
                    return;
                }
            }
        }
    }
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '#')
}

#[cfg(test)]
mod tests {
    use super::changed_tables;

    #[test]
    fn statements_tell_what_they_change() {
        for (statement, changed) in [
            ("CREATE TABLE \"A\" (x TEXT)", &["A"][..]),
            ("CREATE OR REPLACE VIEW \"A\" AS SELECT * FROM \"B\"", &["A"]),
            ("CREATE UNIQUE INDEX \"I\" ON \"A\" (x)", &["A"]),
            ("CREATE INDEX IF NOT EXISTS \"I\" ON \"A\" (x)", &["A"]),
            ("CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END", &["a"]),
            ("CREATE UNIQUE INDEX temp.wmshost_rows_key ON wmshost_rows (x)", &[]),
            ("CREATE TABLE temp.\"wmshost_rows\" AS SELECT * FROM \"B\"", &[]),
            ("CREATE PRIVATE TEMPORARY TABLE ORA$PTT_WMSHOST_ROWS AS SELECT 1 FROM dual", &[]),
            ("DROP TABLE IF EXISTS temp.\"wmshost_rows\"", &[]),
            ("DROP TABLE \"A\" PURGE", &["A"]),
            ("DROP VIEW \"A\"", &["A"]),
            ("ALTER TABLE \"A\" RENAME TO \"B\"", &["A", "B"]),
            ("ALTER TABLE \"A\" ADD (x NUMBER)", &["A"]),
            ("INSERT /*+ APPEND */ INTO \"A\" (x) SELECT x FROM \"B\"", &["A"]),
            ("UPDATE \"A\" AS wms_old SET x = 1", &["A"]),
            ("DELETE FROM WMSHOST_MODEL WHERE pipeline = ?1", &["WMSHOST_MODEL"]),
            ("MERGE INTO \"A\" wms_old USING \"B\" ON (1 = 1)", &["A"]),
            ("ANALYZE \"A\"", &["A"]),
            ("GRANT SELECT ON \"A\" TO \"B\" WITH GRANT OPTION", &["A"]),
        ] {
            let found = changed_tables(statement).expect("a known statement");
            let found: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(found, changed, "{statement}");
        }
        for statement in ["TRUNCATE TABLE a", "REVOKE ALL ON a FROM b", "", "ATTACH 'x' AS y", "CREATE TRIGGER t"] {
            assert!(changed_tables(statement).is_none(), "{statement}");
        }
    }
}
