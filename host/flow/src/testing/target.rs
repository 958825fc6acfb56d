//! A target in memory: sessions over one database, and faults by operation.

use std::sync::{Arc, Mutex, MutexGuard};

use wmshost_sql::Value;

use super::clock::FakeClock;
use super::database::{MemoryTable, Row};
use super::session::{Fault, MemorySession, Shared};
use crate::failure::Failure;
use crate::ports::sql::{Sql as _, SqlSession};
use crate::ports::target::{SharedTarget, Target, TargetGrant, TargetSession};

/// The target.
#[derive(Clone, Default)]
pub(crate) struct MemoryTarget {
    shared: Arc<Mutex<Shared>>,
    clock: Arc<FakeClock>,
}

impl MemoryTarget {
    /// Returns a target without tables; its own clock is this one.
    pub(crate) fn new(clock: Arc<FakeClock>) -> Self {
        Self { shared: Arc::default(), clock }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("a target")
    }

    /// Returns a session that the flow and a loader can share.
    pub(crate) fn share(&self) -> SharedTarget {
        Arc::new(Mutex::new(Box::new(self.open())))
    }

    /// Returns a session.
    pub(crate) fn open(&self) -> MemorySession {
        MemorySession::new(Arc::clone(&self.shared), Arc::clone(&self.clock))
    }

    /// Lets the next operation fail that begins with this text: `begin`, `commit`, `insert`, `merge`, or a statement.
    pub(crate) fn fail_at(&self, operation: &str, failure: Failure) {
        self.fail_after(operation, 0, failure);
    }

    /// Lets such an operation fail after this number of them have succeeded.
    pub(crate) fn fail_after(&self, operation: &str, after: usize, failure: Failure) {
        self.shared().faults.push(Fault { beginning: operation.to_owned(), after, failure });
    }

    /// Removes the faults that have not occurred.
    pub(crate) fn mend(&self) {
        self.shared().faults.clear();
    }

    /// Lets the target refuse the rows with these ids.
    pub(crate) fn refuse(&self, ids: &[i64]) {
        self.shared().refuses = ids.iter().copied().collect();
    }

    /// Returns the number of operations so far that begin with this text.
    pub(crate) fn count_of(&self, operation: &str) -> usize {
        self.shared().operations.iter().filter(|done| done.starts_with(operation)).count()
    }

    /// Returns the ids of a table's rows, ascending; none if there is no such table.
    pub(crate) fn ids(&self, table: &str) -> Vec<i64> {
        let mut ids = self.shared().database.table(table).map(ids_of).unwrap_or_default();
        ids.sort_unstable();
        ids
    }

    /// Drops a column of a table.
    pub(crate) fn drop_column(&self, table: &str, column: &str) {
        let mut shared = self.shared();
        let table = shared.database.table_mut(table).expect("a table");
        let place = table.place(column);
        table.columns.remove(place);
        table.rows.iter_mut().for_each(|row| drop(row.remove(place)));
        let schema = table.schema.take().expect("a stream's table");
        let kept = (0..schema.fields().len()).filter(|at| *at != place).collect::<Vec<_>>();
        table.schema = Some(Arc::new(schema.project(&kept).expect("columns")));
    }

    /// Runs a statement outside any transaction; returns its rows.
    pub(crate) fn query(&self, statement: &str) -> Vec<Row> {
        self.open().query(statement, &[]).expect("rows")
    }

    /// Runs a statement that changes rows, outside any transaction.
    pub(crate) fn execute(&self, statement: &str) -> u64 {
        self.open().execute(statement, &[]).expect("a change")
    }
}

fn ids_of(table: &MemoryTable) -> Vec<i64> {
    let place = table.place("id");
    let id = |row: &Row| match &row[place] {
        Value::Int64(id) => *id,
        other => panic!("{other:?} is not an id"),
    };
    table.rows.iter().map(id).collect()
}

impl Target for MemoryTarget {
    fn session(&self, _: TargetGrant) -> Result<Box<dyn TargetSession>, Failure> {
        Ok(Box::new(self.open()))
    }

    fn sql(&self) -> Result<Box<dyn SqlSession>, Failure> {
        Ok(Box::new(self.open()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATE: &str = "CREATE TABLE t (id INTEGER, PRIMARY KEY (id))";

    #[test]
    fn a_transaction_that_is_rolled_back_dropped_or_fails_to_commit_leaves_nothing() {
        let target = MemoryTarget::default();
        let end: [fn(&MemoryTarget, MemorySession); 3] = [
            |_, mut session| TargetSession::rollback(&mut session).expect("a rollback"),
            |_, session| drop(session),
            |target, mut session| {
                target.fail_at("commit", Failure::transient("lost"));
                assert!(TargetSession::commit(&mut session).is_err());
            },
        ];
        for end in end {
            let mut session = target.open();
            TargetSession::begin(&mut session).expect("a transaction");
            session.execute(CREATE, &[]).expect("a table");
            assert!(TargetSession::begin(&mut target.open()).is_err(), "one transaction at a time");
            end(&target, session);
            assert!(target.query("SELECT name FROM main.sqlite_schema").is_empty());
        }
    }

    #[test]
    fn statements_select_as_they_do_in_a_database() {
        let target = MemoryTarget::default();
        target.execute("CREATE TABLE t (id INTEGER NOT NULL, name TEXT, PRIMARY KEY (id))");
        for (id, name) in [(2, "'b'"), (1, "'a'"), (3, "NULL")] {
            assert_eq!(target.execute(&format!("INSERT INTO t (id, name) VALUES ({id}, {name})")), 1);
        }
        assert!(target.open().execute("INSERT INTO t (id) VALUES (1)", &[]).is_err(), "the key is unique");
        for (condition, count) in [
            ("id = 1", 1),
            ("name <> 'a'", 1),
            ("name = NULL", 0),
            ("name IS NULL", 1),
            ("id > 1 AND (name = 'b' OR name IS NULL)", 2),
            ("id = 1 OR id > 1 AND name = 'b'", 2),
            ("id IN (1, 3, 5)", 2),
            ("name LIKE 'a%'", 1),
            ("id = (SELECT max(id) FROM t WHERE name > 'a')", 1),
        ] {
            let found = target.query(&format!("SELECT COUNT(*) FROM t WHERE {condition}"));
            assert_eq!(found, [[Value::Int64(count)]], "{condition}");
        }
        let rows = target.query("SELECT id FROM t ORDER BY id LIMIT 2");
        assert_eq!(rows, [[Value::Int64(1)], [Value::Int64(2)]]);
        assert_eq!(target.execute("UPDATE t SET id = id + 10 WHERE name = 'a'"), 1);
        assert_eq!(target.ids("t"), [2, 3, 11]);
        assert_eq!(target.execute("DELETE FROM t WHERE id > 2"), 2);
        assert_eq!(target.ids("T"), [2]);
    }

    #[test]
    #[should_panic(expected = "does not understand")]
    fn a_statement_beyond_the_little_sql_is_quoted() {
        MemoryTarget::default().query("SELECT a FROM t GROUP BY a");
    }
}
