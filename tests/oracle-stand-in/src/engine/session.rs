//! Statements and transactions as Oracle has them: a transaction begins with the first change and ends with COMMIT,
//! a definition ends it too, and a statement that fails takes back only what it did itself.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::columns::{Column, describe};
use super::link::{Link, Parameter, Watch};
use super::refusal::Refusal;
use super::snapshot::Snapshots;
use crate::sql::names;
use crate::sql::{AsOf, Control, Definition, Query, Temporary};
use crate::values::cell;

/// A statement of an array goes back to here when a row is refused.
const SAVEPOINT: &str = "SAVEPOINT ora$statement";
const RELEASE: &str = "RELEASE SAVEPOINT ora$statement";
const BACK: &str = "ROLLBACK TO SAVEPOINT ora$statement; RELEASE SAVEPOINT ora$statement";
/// So many rows of an array go through at once.
const PART: usize = 500;
/// How long a definition waits for a table that others use. Oracle does not wait at all.
const DEFINITION_WAIT: &str = "SET LOCAL lock_timeout = '500ms'";

/// What all sessions share.
pub(crate) struct Shared {
    pub(crate) socket: PathBuf,
    pub(crate) snapshots: Snapshots,
    /// The global temporary tables, of which each session has its own copy.
    pub(crate) temporaries: Mutex<Vec<Temporary>>,
}

/// The rows of a query, as the wire wants them.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) columns: Vec<Column>,
    bytes: Vec<u8>,
    /// Where each cell begins and how long it is; a cell of NULL is `NULL` long.
    cells: Vec<(usize, u32)>,
}

const NULL: u32 = u32::MAX;

impl Rows {
    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.cells.len().checked_div(self.columns.len()).unwrap_or(0)
    }

    /// One cell.
    pub(crate) fn cell(&self, row: usize, column: usize) -> Option<&[u8]> {
        let (begin, length) = self.cells[row * self.columns.len() + column];
        (length != NULL).then(|| &self.bytes[begin..begin + length as usize])
    }

    fn push(&mut self, cells: &[Option<&[u8]>]) -> Result<(), Refusal> {
        for (cell, column) in cells.iter().zip(&self.columns) {
            let begin = self.bytes.len();
            match cell {
                // To Oracle the empty text is NULL; an empty LOB is not.
                Some([]) if !column.kind.is_lob() => self.cells.push((begin, NULL)),
                Some(bytes) => {
                    self.bytes.extend(cell::encode(bytes, column.engine_kind, &column.kind)?);
                    self.cells.push((begin, (self.bytes.len() - begin) as u32));
                }
                None => self.cells.push((begin, NULL)),
            }
        }
        Ok(())
    }
}

/// What an array of changes did.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// How many rows each row of the array changed.
    pub(crate) counts: Vec<u64>,
    /// Rows of the array that were refused.
    pub(crate) refused: Vec<(usize, Refusal)>,
}

/// One session.
pub(crate) struct Session {
    link: Link,
    role: String,
    shared: Arc<Shared>,
    copied: HashSet<String>,
}

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

    /// Runs statements of PostgreSQL's as they are.
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
        self.make_copies(&query.sql)?;
        if query.reads_scn {
            let number = self.shared.snapshots.take()?;
            self.run(&format!("SELECT set_config('ora.scn', '{number}', false)"))?;
        }
        if let Some(as_of) = query.as_of {
            return self.query_as_of(query, kinds, parameters, as_of, watch);
        }
        if query.locks {
            self.begin()?;
        }
        let rows = self.guarded(|session| {
            if let Some(wait) = query.wait {
                session.run(&format!("SET LOCAL lock_timeout = '{}s'", wait.0.max(1)))?;
            }
            rows(&mut session.link, query, kinds, parameters, watch)
        });
        match rows {
            Err(refusal) if query.wait.is_some() && refusal.code == 54 => {
                Err(Refusal::new(30006, "resource busy; acquire with WAIT timeout expired"))
            }
            rows => rows,
        }
    }

    /// Reads on a connection of its own, in the snapshot of the number.
    fn query_as_of(
        &mut self,
        query: &Query,
        kinds: &[u32],
        parameters: &[Parameter],
        as_of: AsOf,
        watch: Watch<'_>,
    ) -> Result<Rows, Refusal> {
        let invalid = || Refusal::new(8181, "specified number is not a valid system change number");
        let number = match as_of {
            AsOf::Number(number) => number,
            AsOf::Bind(at) => match parameters.get(at) {
                Some(Parameter::Text(text)) => text.parse().map_err(|_| invalid())?,
                _ => return Err(invalid()),
            },
        };
        let name = self.shared.snapshots.name(number)?;
        let mut link = Link::open(&self.shared.socket, &self.role)?;
        link.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", &|| false)?;
        link.run(&format!("SET TRANSACTION SNAPSHOT {}", names::literal(&name)), &|| false)?;
        rows(&mut link, query, kinds, parameters, watch)
    }

    /// Runs a change once per row of parameters. Without `goes_on` the first row that is refused ends it; what the
    /// rows before it did stays, and their number comes with the refusal.
    pub(crate) fn change(
        &mut self,
        query: &Query,
        kinds: &[u32],
        array: &[Vec<Parameter>],
        goes_on: bool,
        watch: Watch<'_>,
    ) -> Result<Changed, (u64, Refusal)> {
        let none = |refusal| (0, refusal);
        self.make_copies(&query.sql).map_err(none)?;
        self.begin().map_err(none)?;
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
                // The rows before it were good and are so again.
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
        self.make_copies(&query.sql)?;
        self.begin()?;
        self.guarded(|session| rows(&mut session.link, query, kinds, parameters, watch))
    }

    /// Creates, alters or drops.
    pub(crate) fn define(&mut self, definition: &Definition, watch: Watch<'_>) -> Result<(), Refusal> {
        if definition.within_transaction {
            self.begin()?;
            return self.guarded(|session| session.define_parts(definition, watch));
        }
        self.commit()?;
        if let Some(name) = &definition.drops {
            self.drop_copy(name)?;
        }
        self.run("BEGIN")?;
        self.run(DEFINITION_WAIT)?;
        match self.define_parts(definition, watch) {
            Ok(()) => self.commit()?,
            Err(refusal) => {
                self.rollback()?;
                return Err(refusal);
            }
        }
        if let Some(temporary) = &definition.temporary {
            let mut temporaries = self.shared.temporaries.lock().unwrap_or_else(PoisonError::into_inner);
            temporaries.retain(|known| known.name != temporary.name);
            temporaries.push(temporary.clone());
        }
        Ok(())
    }

    fn define_parts(&mut self, definition: &Definition, watch: Watch<'_>) -> Result<(), Refusal> {
        for sql in &definition.sql {
            self.link.run(sql, watch)?;
        }
        let Some((path, query)) = &definition.derived else { return Ok(()) };
        let columns = describe(&mut self.link, &query.sql, &[])?;
        let own = describe(&mut self.link, &format!("SELECT * FROM {path}"), &[])?;
        for (column, own) in columns.iter().zip(own) {
            let declaration = crate::sql::declaration(path, &names::shown(&own.name), &column.kind.declared());
            self.link.run(&declaration, watch)?;
        }
        Ok(())
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

    fn begin(&mut self) -> Result<(), Refusal> {
        if self.in_transaction() { Ok(()) } else { self.run("BEGIN") }
    }

    /// What fails within a transaction takes back only itself.
    fn guarded<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T, Refusal>) -> Result<T, Refusal> {
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

    /// Drops this session's copy of a global temporary table that is about to be dropped itself.
    fn drop_copy(&mut self, name: &str) -> Result<(), Refusal> {
        let mut known = self.shared.temporaries.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.iter().any(|temporary| temporary.name == name) {
            return Ok(());
        }
        known.retain(|temporary| temporary.name != name);
        drop(known);
        self.copied.remove(name);
        self.run(&format!("DROP TABLE IF EXISTS pg_temp.{}", names::quoted(name)))
    }

    /// Makes this session's copies of the global temporary tables that a statement names.
    fn make_copies(&mut self, sql: &str) -> Result<(), Refusal> {
        let known = self.shared.temporaries.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for temporary in known.iter().filter(|temporary| sql.contains(&temporary.name)) {
            if self.copied.contains(&temporary.name) && !self.in_transaction() {
                continue;
            }
            let name = names::quoted(&temporary.name);
            let rows = if temporary.keeps_rows { "PRESERVE" } else { "DELETE" };
            let schema = names::quoted(&self.role);
            self.run(&format!(
                "CREATE TEMP TABLE IF NOT EXISTS {name} (LIKE {schema}.{name} INCLUDING ALL) ON COMMIT {rows} ROWS; \
                 INSERT INTO sys.declared SELECT 'pg_temp.{name}'::regclass, num, type FROM sys.declared \
                 WHERE rel = '{schema}.{name}'::regclass ON CONFLICT DO NOTHING"
            ))?;
            self.copied.insert(temporary.name.clone());
        }
        Ok(())
    }
}

fn rows(
    link: &mut Link,
    query: &Query,
    kinds: &[u32],
    parameters: &[Parameter],
    watch: Watch<'_>,
) -> Result<Rows, Refusal> {
    let columns = describe(link, &query.sql, kinds)?;
    let mut rows = Rows { columns, ..Rows::default() };
    link.query((&query.sql, kinds), parameters, watch, |_, cells| rows.push(cells))?;
    Ok(rows)
}
