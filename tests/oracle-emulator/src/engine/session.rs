//! Statements and transactions with Oracle's rules: a transaction begins with the first change and ends with COMMIT,
//! DDL ends it too, and a statement that fails rolls back only its own changes.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::columns::{Column, describe};
use super::link::{Link, Parameter, Watch};
use super::refusal::Refusal;
use super::rows::{self, Rows};
use super::snapshot::Snapshots;
use crate::sql::{AsOf, Control, Query, Temporary, names};

/// The savepoint to which a statement of an array is rolled back when a row is refused.
const SAVEPOINT: &str = "SAVEPOINT ora$statement";
const RELEASE: &str = "RELEASE SAVEPOINT ora$statement";
const BACK: &str = "ROLLBACK TO SAVEPOINT ora$statement; RELEASE SAVEPOINT ora$statement";
/// The number of rows of an array that are sent at once.
const PART: usize = 500;

/// The state that all sessions share.
pub(crate) struct Shared {
    pub(crate) socket: PathBuf,
    pub(crate) snapshots: Snapshots,
    /// The global temporary tables, of which each session has its own copy.
    pub(crate) temporaries: Mutex<Vec<Temporary>>,
}

/// The result of an array of changes.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// The number of rows that each row of the array changed.
    pub(crate) counts: Vec<u64>,
    /// Rows of the array that were refused.
    pub(crate) refused: Vec<(usize, Refusal)>,
}

/// One session.
pub(crate) struct Session {
    pub(super) link: Link,
    pub(super) role: String,
    pub(super) shared: Arc<Shared>,
    pub(super) copied: HashSet<String>,
}

/// Tables of 32 pages and more that a text names and that have not been analyzed yet.
const SAMPLE_BEGIN: &str = "DO $sample$ DECLARE t regclass; BEGIN FOR t IN SELECT c.oid FROM pg_class c \
     WHERE c.relkind = 'r' AND c.reltuples < 0 AND pg_has_role(c.relowner, 'USAGE') \
     AND (c.relpersistence = 'p' OR c.relnamespace = pg_my_temp_schema()) AND strpos(";
const SAMPLE_END: &str = ", quote_ident(c.relname)) > 0 AND pg_relation_size(c.oid) >= 262144 \
     LOOP EXECUTE format('ANALYZE %s', t); END LOOP; END $sample$";

impl Session {
    /// Opens a session for an account.
    pub(crate) fn open(shared: Arc<Shared>, role: &str) -> Result<Self, Refusal> {
        let link = Link::open(&shared.socket, role)?;
        Ok(Self { link, role: role.to_owned(), shared, copied: HashSet::new() })
    }

    pub(crate) fn in_transaction(&self) -> bool {
        self.link.in_transaction()
    }

    /// The process of PostgreSQL that serves this session.
    pub(crate) fn process(&self) -> u32 {
        self.link.process()
    }

    /// Runs PostgreSQL statements as they are.
    pub(crate) fn run(&mut self, sql: &str) -> Result<(), Refusal> {
        self.link.run(sql, &|| false).map(drop)
    }

    /// The columns of a query, without running it.
    pub(crate) fn describe(&mut self, query: &Query, kinds: &[u32]) -> Result<Vec<Column>, Refusal> {
        self.make_copies(&query.sql)?;
        self.guarded(|session| describe(&mut session.link, &query.sql, kinds))
    }

    /// Runs a query to its end.
    pub(crate) fn query(
        &mut self,
        query: &Query,
        kinds: &[u32],
        parameters: &[Parameter],
        watch: Watch<'_>,
    ) -> Result<Rows, Refusal> {
        self.prepare(query)?;
        if !query.as_of.is_empty() {
            return self.query_as_of(query, kinds, parameters, watch);
        }
        if query.locks {
            self.begin()?;
        }
        let read = self.guarded(|session| {
            if let Some(wait) = query.wait {
                session.run(&format!("SET LOCAL lock_timeout = '{}s'", wait.0.max(1)))?;
            }
            rows::read(&mut session.link, query, kinds, parameters, watch)
        });
        match read {
            Err(refusal) if query.wait.is_some() && refusal.code == 54 => {
                Err(Refusal::new(30006, "resource busy; acquire with WAIT timeout expired"))
            }
            read => read,
        }
    }

    /// Prepares the objects that a statement names.
    fn prepare(&mut self, query: &Query) -> Result<(), Refusal> {
        self.make_copies(&query.sql)?;
        if query.reads_scn {
            let number = self.shared.snapshots.take()?;
            self.run(&format!("SELECT set_config('ora.scn', '{number}', false)"))?;
        }
        Ok(())
    }

    fn prepare_change(&mut self, query: &Query) -> Result<(), Refusal> {
        if !query.as_of.is_empty() {
            return Err(Refusal::unsupported("a change that reads AS OF SCN"));
        }
        self.prepare(query)?;
        self.begin()?;
        if query.binds.is_empty() { self.guarded(|session| session.sample(&query.sql)) } else { Ok(()) }
    }

    /// Oracle samples tables without statistics before it plans; PostgreSQL would take them for tiny.
    fn sample(&mut self, sql: &str) -> Result<(), Refusal> {
        self.run(&format!("{SAMPLE_BEGIN}{}{SAMPLE_END}", names::literal(sql)))
    }

    /// Reads on a connection of its own, in the snapshot of the number.
    fn query_as_of(
        &mut self,
        query: &Query,
        kinds: &[u32],
        parameters: &[Parameter],
        watch: Watch<'_>,
    ) -> Result<Rows, Refusal> {
        let invalid = || Refusal::new(8181, "specified number is not a valid system change number");
        let mut numbers = query.as_of.iter().map(|as_of| match as_of {
            AsOf::Number(number) => Ok(*number),
            AsOf::Bind(at) => match parameters.get(*at) {
                Some(Parameter::Text(text)) => text.parse().map_err(|_| invalid()),
                _ => Err(invalid()),
            },
        });
        let number = numbers.next().unwrap_or_else(|| Err(invalid()))?;
        if numbers.any(|other| other != Ok(number)) {
            return Err(Refusal::unsupported("tables of one statement AS OF different numbers"));
        }
        let name = self.shared.snapshots.name(number)?;
        let mut link = Link::open(&self.shared.socket, &self.role)?;
        link.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", &|| false)?;
        link.run(&format!("SET TRANSACTION SNAPSHOT {}", names::literal(&name)), &|| false)?;
        rows::read(&mut link, query, kinds, parameters, watch)
    }

    /// Runs a change once per row of parameters. Without `goes_on` the first refused row ends it; the changes of the
    /// rows before it stay, and their number is returned with the refusal.
    pub(crate) fn change(
        &mut self,
        query: &Query,
        kinds: &[u32],
        array: &[Vec<Parameter>],
        goes_on: bool,
        watch: Watch<'_>,
    ) -> Result<Changed, (u64, Refusal)> {
        let none = |refusal| (0, refusal);
        self.prepare_change(query).map_err(none)?;
        let mut changed = Changed::default();
        let mut begin = 0;
        while begin < array.len() {
            let part = &array[begin..(begin + PART).min(array.len())];
            match self.part(query, kinds, part, watch) {
                Ok(counts) => {
                    changed.counts.extend(counts);
                    begin += part.len();
                }
                Err((counts, refusal)) => {
                    begin += counts.len() + 1;
                    changed.counts.extend(counts);
                    if !goes_on || matches!(refusal.code, 1013 | 1034) {
                        return Err((changed.counts.iter().sum(), refusal));
                    }
                    changed.refused.push((changed.counts.len(), refusal));
                    changed.counts.push(0);
                }
            }
        }
        Ok(changed)
    }

    /// One part of an array, and the counts of the rows before the one that was refused.
    fn part(
        &mut self,
        query: &Query,
        kinds: &[u32],
        part: &[Vec<Parameter>],
        watch: Watch<'_>,
    ) -> Result<Vec<u64>, (Vec<u64>, Refusal)> {
        let none = |refusal| (Vec::new(), refusal);
        self.run(SAVEPOINT).map_err(none)?;
        match self.link.array((&query.sql, kinds), part, watch) {
            Ok(counts) => {
                self.run(RELEASE).map_err(none)?;
                Ok(counts)
            }
            Err((at, refusal)) => {
                self.run(BACK).map_err(none)?;
                // The rows before it succeeded, and succeed again.
                let counts = self.link.array((&query.sql, kinds), &part[..at], watch);
                let counts = counts.map_err(|(_, refusal)| (Vec::new(), refusal))?;
                Err((counts, refusal))
            }
        }
    }

    /// Runs a change that returns rows.
    pub(crate) fn change_returning(
        &mut self,
        query: &Query,
        kinds: &[u32],
        parameters: &[Parameter],
        watch: Watch<'_>,
    ) -> Result<Rows, Refusal> {
        self.prepare_change(query)?;
        self.guarded(|session| rows::read(&mut session.link, query, kinds, parameters, watch))
    }

    /// Transactions and settings.
    pub(crate) fn control(&mut self, control: &Control) -> Result<(), Refusal> {
        match control {
            Control::Commit => self.commit(),
            Control::Rollback => self.rollback(),
            Control::RollbackTo(name) if self.in_transaction() => self.guarded_back(name),
            Control::RollbackTo(name) => Err(Refusal::new(1086, format!("savepoint '{name}' never established"))),
            Control::Savepoint(name) => {
                self.begin()?;
                self.run(&format!("SAVEPOINT {name}"))
            }
            Control::Begin(_) if self.in_transaction() => {
                Err(Refusal::new(1453, "SET TRANSACTION must be first statement of transaction"))
            }
            Control::Begin(sql) => self.run(sql),
            Control::Set(settings) => {
                settings.iter().try_for_each(|setting| self.guarded(|session| session.run(setting)))
            }
        }
    }

    fn guarded_back(&mut self, name: &str) -> Result<(), Refusal> {
        self.run(SAVEPOINT)?;
        match self.run(&format!("ROLLBACK TO SAVEPOINT {name}")) {
            Ok(()) => Ok(()),
            Err(refusal) => {
                self.run(BACK)?;
                Err(refusal)
            }
        }
    }

    pub(crate) fn commit(&mut self) -> Result<(), Refusal> {
        if self.in_transaction() { self.run("COMMIT") } else { Ok(()) }
    }

    pub(crate) fn rollback(&mut self) -> Result<(), Refusal> {
        if self.in_transaction() { self.run("ROLLBACK") } else { Ok(()) }
    }

    /// Waits, and ends early when the client interrupts.
    pub(crate) fn wait(&mut self, time: std::time::Duration, watch: Watch<'_>) -> Result<(), Refusal> {
        self.guarded(|session| session.link.run(&format!("SELECT pg_sleep({})", time.as_secs_f64()), watch).map(drop))
    }

    pub(super) fn begin(&mut self) -> Result<(), Refusal> {
        if self.in_transaction() { Ok(()) } else { self.run("BEGIN") }
    }

    /// Runs `run` so that a failure within a transaction rolls back only its own changes.
    pub(super) fn guarded<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T, Refusal>) -> Result<T, Refusal> {
        if !self.in_transaction() {
            return run(self);
        }
        self.run(SAVEPOINT)?;
        match run(self) {
            Ok(done) => {
                self.run(RELEASE)?;
                Ok(done)
            }
            Err(refusal) => {
                self.run(BACK)?;
                Err(refusal)
            }
        }
    }
}
