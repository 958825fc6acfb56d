//! Faults at chosen points: readings and writings that fail, and requests to stop.

use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use wmshost_databases::sqlite;
use wmshost_flow::{
    Batch, Cancel, Cursor, Dialect, Failure, MergeRule, Micros, OpenTarget, Refused, Removal, SourceGrant,
    SourceSession, Sql, TableDefinition, TableDescription, TargetSession, Value, WriteStats,
};

use crate::world::TABLE;

/// The kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Reading the source fails after this many rows.
    Source(usize),
    /// The run is asked to stop after this many rows of the source.
    StopAtSource(usize),
    /// Reading the target fails after this many rows.
    Target(usize),
    /// The run is asked to stop after this many rows of the target.
    StopAtTarget(usize),
    /// A load fails.
    Load,
    /// Deleting rows fails.
    Remove,
    /// The commit of the deletions fails.
    CommitOfRemoval,
}

pub(crate) fn broken(what: &str) -> Failure {
    Failure::transient(format!("the connection was lost while {what}"))
}

/// Opens the target's table for reading.
pub(crate) fn open_target(path: PathBuf, fault: Fault, cancel: Cancel) -> OpenTarget {
    Box::new(move || {
        let session = read_session(&path)?;
        Ok(Box::new(FaultySession { session, fault, cancel: cancel.clone() }) as Box<dyn SourceSession>)
    })
}

fn read_session(path: &Path) -> Result<Box<dyn SourceSession>, Failure> {
    let grant = SourceGrant::of([TABLE.to_owned()].into());
    sqlite::open_source(path, 1, "ana")?.session(&grant)
}

struct FaultySession {
    session: Box<dyn SourceSession>,
    fault: Fault,
    cancel: Cancel,
}

impl SourceSession for FaultySession {
    fn dialect(&self) -> Dialect {
        self.session.dialect()
    }

    fn now(&mut self) -> Result<Micros, Failure> {
        self.session.now()
    }

    fn tables(&mut self) -> Result<Vec<String>, Failure> {
        self.session.tables()
    }

    fn describe(&mut self, table: &str) -> Result<Option<TableDescription>, Failure> {
        self.session.describe(table)
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Box<dyn Cursor>, Failure> {
        let cursor = self.session.query(statement, parameters)?;
        Ok(Box::new(FaultyCursor { cursor, fault: self.fault, cancel: self.cancel.clone(), given: 0 }))
    }
}

struct FaultyCursor {
    cursor: Box<dyn Cursor>,
    fault: Fault,
    cancel: Cancel,
    given: usize,
}

impl Cursor for FaultyCursor {
    fn schema(&self) -> SchemaRef {
        self.cursor.schema()
    }

    fn next(&mut self, max_rows: usize) -> Result<Option<Batch>, Failure> {
        let mut most = max_rows.min(5);
        match self.fault {
            Fault::Target(after) if self.given >= after => return Err(broken("reading the target")),
            Fault::StopAtTarget(after) if self.given >= after => self.cancel.set(),
            Fault::Target(after) | Fault::StopAtTarget(after) => most = most.min(after - self.given),
            _ => {}
        }
        let batch = self.cursor.next(most)?;
        self.given += batch.as_ref().map_or(0, |batch| batch.rows.num_rows());
        Ok(batch)
    }
}

/// A target that fails where a test says.
pub(crate) struct FaultyTarget {
    pub(crate) session: Box<dyn TargetSession>,
    pub(crate) fault: Fault,
    /// True if rows were removed in the transaction that is open.
    pub(crate) has_removed: bool,
}

impl TargetSession for FaultyTarget {
    fn begin(&mut self) -> Result<(), Failure> {
        self.has_removed = false;
        self.session.begin()
    }

    fn commit(&mut self) -> Result<(), Failure> {
        if self.fault == Fault::CommitOfRemoval && self.has_removed {
            self.session.rollback()?;
            return Err(broken("committing"));
        }
        self.session.commit()
    }

    fn rollback(&mut self) -> Result<(), Failure> {
        self.session.rollback()
    }

    fn spell_as(&mut self, columns: &SchemaRef) {
        self.session.spell_as(columns);
    }

    fn describe(&mut self, table: &str) -> Result<Option<TableDefinition>, Failure> {
        self.session.describe(table)
    }

    fn create(&mut self, table: &TableDefinition) -> Result<(), Failure> {
        self.session.create(table)
    }

    fn add_columns(&mut self, table: &str, columns: &SchemaRef) -> Result<(), Failure> {
        self.session.add_columns(table, columns)
    }

    fn widen_columns(&mut self, table: &str, columns: &SchemaRef) -> Result<(), Failure> {
        self.session.widen_columns(table, columns)
    }

    fn insert(&mut self, table: &str, rows: &RecordBatch) -> Result<WriteStats, Failure> {
        self.session.insert(table, rows)
    }

    fn take_refused(&mut self) -> Vec<Refused> {
        self.session.take_refused()
    }

    fn merge(&mut self, table: &str, rows: &RecordBatch, rule: &MergeRule) -> Result<WriteStats, Failure> {
        self.session.merge(table, rows, rule)
    }

    fn check_merge(&mut self, table: &str, rule: &MergeRule) -> Result<(), Failure> {
        self.session.check_merge(table, rule)
    }

    fn stage(&mut self, table: &TableDefinition, resume: bool) -> Result<String, Failure> {
        self.session.stage(table, resume)
    }

    fn swap(&mut self, table: &str) -> Result<WriteStats, Failure> {
        self.session.swap(table)
    }

    fn keep_deleted(&mut self, table: &str) -> Result<(), Failure> {
        self.session.keep_deleted(table)
    }

    fn remove(&mut self, table: &str, keys: &RecordBatch, removal: Removal) -> Result<u64, Failure> {
        self.has_removed = true;
        let removed = self.session.remove(table, keys, removal)?;
        if self.fault == Fault::Remove { Err(broken("deleting")) } else { Ok(removed) }
    }

    fn loaded_at(&mut self, table: &str, keys: &RecordBatch) -> Result<Vec<Option<Micros>>, Failure> {
        self.session.loaded_at(table, keys)
    }

    fn sql(&mut self) -> &mut dyn Sql {
        self.session.sql()
    }
}
