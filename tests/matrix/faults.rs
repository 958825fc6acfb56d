//! The causes of an interruption: a process that dies at a named point, a database that fails, a request to stop.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use wmshost_flow::{
    Batch, Cancel, Cursor, Dialect, Event, ExtractRequest, Extractor, Failure, MergeRule, Micros, Observer, Opened,
    Refused, Removal, SharedTarget, SourceSession, Sql, Step, Stream, TableDefinition, TableDescription, TargetSession,
    Value, WriteStats,
};

use crate::cell::Breakage;

/// The panic that simulates the end of the process.
pub(crate) struct Died;

/// The cause that interrupts one command, and whether it did.
pub(crate) struct Trap {
    pub(crate) breakage: Breakage,
    /// The number of the occasion at which it strikes; 0: never.
    pub(crate) occurrence: u64,
    occasions: AtomicU64,
    pub(crate) sprung: AtomicBool,
    pub(crate) cancel: Cancel,
    points: Mutex<Vec<&'static str>>,
}

/// The named point of the flow that a breakage refers to.
fn point_of(breakage: Breakage) -> Option<&'static str> {
    Some(match breakage {
        Breakage::LeaseTaken => "lease-taken",
        Breakage::TablePrepared => "table-prepared",
        Breakage::BatchGathered => "batch-gathered",
        Breakage::BatchLoaded => "batch-loaded",
        Breakage::CheckpointWritten => "checkpoint-written",
        Breakage::BatchCommitted => "batch-committed",
        Breakage::FinishBegun => "finish-begun",
        Breakage::Finished => "finished",
        Breakage::EndCommitted => "end-committed",
        Breakage::RangeRead => "range-read",
        Breakage::RangeCompared => "range-compared",
        Breakage::AllCompared => "all-compared",
        Breakage::RowsRemoved => "rows-removed",
        Breakage::ComparisonCommitted => "comparison-committed",
        Breakage::ReloadNoted => "reload-noted",
        _ => return None,
    })
}

impl Trap {
    pub(crate) fn new(breakage: Breakage, occurrence: u64) -> Arc<Self> {
        Arc::new(Self {
            breakage,
            occurrence,
            occasions: AtomicU64::new(0),
            sprung: AtomicBool::new(false),
            cancel: Cancel::default(),
            points: Mutex::default(),
        })
    }

    /// True if it interrupted anything.
    pub(crate) fn was_sprung(&self) -> bool {
        self.sprung.load(Ordering::Relaxed)
    }

    /// Points that no breakage names.
    pub(crate) fn unknown_points(&self) -> Vec<&'static str> {
        let known = |point: &&str| Breakage::ALL.iter().any(|breakage| point_of(*breakage) == Some(*point));
        let points = self.points.lock().unwrap_or_else(PoisonError::into_inner);
        points.iter().filter(|point| !known(point)).copied().collect()
    }

    /// True if it strikes at this occasion.
    fn springs(&self, breakage: Breakage) -> bool {
        let springs = self.breakage == breakage
            && self.occurrence > 0
            && self.occasions.fetch_add(1, Ordering::Relaxed) + 1 == self.occurrence;
        if springs {
            self.sprung.store(true, Ordering::Relaxed);
        }
        springs
    }
}

fn lost() -> Failure {
    Failure::transient("the connection was lost")
}

impl Observer for Trap {
    fn event(&self, event: &Event<'_>) {
        let Event::Reached { point, .. } = event else { return };
        let mut points = self.points.lock().unwrap_or_else(PoisonError::into_inner);
        if !points.contains(point) {
            points.push(point);
        }
        drop(points);
        if point_of(self.breakage) == Some(*point) && self.springs(self.breakage) {
            resume_unwind(Box::new(Died));
        }
    }
}

/// Installs the trap in every stage of a stream. `comparing` is set if the stream is opened for a comparison, and has
/// the number of rows per range.
pub(crate) fn set(stream: &mut Stream, trap: &Arc<Trap>, comparing: Option<usize>) {
    let missing: Box<dyn Extractor> = Box::new(NoExtractor);
    let inner = std::mem::replace(&mut stream.extractor, missing);
    stream.extractor = Box::new(TrappedExtractor { inner, trap: Arc::clone(trap), comparing });
    set_target(&stream.target, trap);
}

fn set_target(target: &SharedTarget, trap: &Arc<Trap>) {
    let slot = Arc::new(Mutex::new(None));
    let trapped = TrappedTarget { slot: Arc::clone(&slot), inner: None, trap: Arc::clone(trap) };
    let mut target = target.lock().unwrap_or_else(PoisonError::into_inner);
    let inner = std::mem::replace(&mut *target, Box::new(trapped));
    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(inner);
}

/// Replaces an extractor while that is moved.
struct NoExtractor;

impl Extractor for NoExtractor {
    fn open(&mut self, _: &ExtractRequest) -> Result<Opened, Failure> {
        Err(lost())
    }
    fn expected_rows(&mut self) -> Result<Option<u64>, Failure> {
        Err(lost())
    }
    fn next(&mut self) -> Result<Step, Failure> {
        Err(lost())
    }
}

struct TrappedExtractor {
    inner: Box<dyn Extractor>,
    trap: Arc<Trap>,
    comparing: Option<usize>,
}

impl Extractor for TrappedExtractor {
    fn open(&mut self, request: &ExtractRequest) -> Result<Opened, Failure> {
        match self.comparing {
            // Small ranges, so that a small table has many.
            Some(batch_rows) => self.inner.open(&ExtractRequest { batch_rows, ..request.clone() }),
            None => self.inner.open(request),
        }
    }

    fn expected_rows(&mut self) -> Result<Option<u64>, Failure> {
        self.inner.expected_rows()
    }

    fn next(&mut self) -> Result<Step, Failure> {
        let (error, cancel) = match self.comparing {
            Some(_) => (Breakage::CompareSourceError, Breakage::CompareSourceCancel),
            None => (Breakage::SourceError, Breakage::SourceCancel),
        };
        if self.trap.springs(error) {
            return Err(lost());
        }
        if self.trap.springs(cancel) {
            self.trap.cancel.set();
        }
        self.inner.next()
    }
}

/// A session that reads the target, whose connection may be lost.
pub(crate) struct TrappedReader {
    pub(crate) inner: Box<dyn SourceSession>,
    pub(crate) trap: Arc<Trap>,
}

impl SourceSession for TrappedReader {
    fn dialect(&self) -> Dialect {
        self.inner.dialect()
    }
    fn now(&mut self) -> Result<Micros, Failure> {
        self.inner.now()
    }
    fn tables(&mut self) -> Result<Vec<String>, Failure> {
        self.inner.tables()
    }
    fn describe(&mut self, table: &str) -> Result<Option<TableDescription>, Failure> {
        self.inner.describe(table)
    }
    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Box<dyn Cursor>, Failure> {
        let inner = self.inner.query(statement, parameters)?;
        Ok(Box::new(TrappedCursor { inner, trap: Arc::clone(&self.trap) }))
    }
}

struct TrappedCursor {
    inner: Box<dyn Cursor>,
    trap: Arc<Trap>,
}

impl Cursor for TrappedCursor {
    fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }
    fn next(&mut self, max_rows: usize) -> Result<Option<Batch>, Failure> {
        if self.trap.springs(Breakage::CompareTargetError) { Err(lost()) } else { self.inner.next(max_rows) }
    }
}

struct TrappedTarget {
    slot: Arc<Mutex<Option<Box<dyn TargetSession>>>>,
    inner: Option<Box<dyn TargetSession>>,
    trap: Arc<Trap>,
}

impl TrappedTarget {
    fn inner(&mut self) -> &mut dyn TargetSession {
        let slot = &self.slot;
        let take = || slot.lock().unwrap_or_else(PoisonError::into_inner).take().expect("the session");
        self.inner.get_or_insert_with(take).as_mut()
    }

    fn writes(&self) -> Result<(), Failure> {
        if self.trap.springs(Breakage::WriteError) { Err(lost()) } else { Ok(()) }
    }
}

impl TargetSession for TrappedTarget {
    fn begin(&mut self) -> Result<(), Failure> {
        self.inner().begin()
    }
    fn commit(&mut self) -> Result<(), Failure> {
        if self.trap.springs(Breakage::CommitError) {
            self.inner().rollback()?;
            return Err(lost());
        }
        self.inner().commit()?;
        if self.trap.springs(Breakage::CommitLostAnswer) { Err(lost()) } else { Ok(()) }
    }
    fn rollback(&mut self) -> Result<(), Failure> {
        self.inner().rollback()
    }
    fn spell_as(&mut self, columns: &SchemaRef) {
        self.inner().spell_as(columns);
    }
    fn describe(&mut self, table: &str) -> Result<Option<TableDefinition>, Failure> {
        self.inner().describe(table)
    }
    fn create(&mut self, table: &TableDefinition) -> Result<(), Failure> {
        self.inner().create(table)
    }
    fn add_columns(&mut self, table: &str, columns: &SchemaRef) -> Result<(), Failure> {
        self.inner().add_columns(table, columns)
    }
    fn widen_columns(&mut self, table: &str, columns: &SchemaRef) -> Result<(), Failure> {
        self.inner().widen_columns(table, columns)
    }
    fn insert(&mut self, table: &str, rows: &RecordBatch) -> Result<WriteStats, Failure> {
        self.writes()?;
        self.inner().insert(table, rows)
    }
    fn merge(&mut self, table: &str, rows: &RecordBatch, rule: &MergeRule) -> Result<WriteStats, Failure> {
        self.writes()?;
        self.inner().merge(table, rows, rule)
    }
    fn check_merge(&mut self, table: &str, rule: &MergeRule) -> Result<(), Failure> {
        self.inner().check_merge(table, rule)
    }
    fn stage(&mut self, table: &TableDefinition, resume: bool) -> Result<String, Failure> {
        self.inner().stage(table, resume)
    }
    fn swap(&mut self, table: &str) -> Result<WriteStats, Failure> {
        self.writes()?;
        self.inner().swap(table)
    }
    fn keep_deleted(&mut self, table: &str) -> Result<(), Failure> {
        self.inner().keep_deleted(table)
    }
    fn remove(&mut self, table: &str, keys: &RecordBatch, removal: Removal) -> Result<u64, Failure> {
        self.writes()?;
        self.inner().remove(table, keys, removal)
    }
    fn loaded_at(&mut self, table: &str, keys: &RecordBatch) -> Result<Vec<Option<Micros>>, Failure> {
        self.inner().loaded_at(table, keys)
    }
    fn take_refused(&mut self) -> Vec<Refused> {
        self.inner().take_refused()
    }
    fn sql(&mut self) -> &mut dyn Sql {
        self.inner().sql()
    }
}
