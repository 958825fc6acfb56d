//! A source in memory, a target in a file, and a stream between them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use tempfile::TempDir;
use wmshost_databases::sqlite;
use wmshost_flow::{
    Batch, Bookmark, Cancel, Cause, Chunk, Clock, Compare, Compared, Definition, DeleteGuard, Deletes, Depth,
    ExtractRequest, Extractor, Failure, LeaseOwner, LoadMode, LoadRequest, Loader, MergeRule, Method, Micros,
    NoObserver, Opened, Policy, Position, Reconcile, Rejected, SharedTarget, SqlSession, Stage, Step, Stream,
    StreamContext, StreamSummary, TableDefinition, TargetGrant, TargetSession, Trace, Value, WriteStats, run_streams,
};

use crate::faults::{Fault, FaultyTarget, broken, open_target};

pub(crate) const STREAM: &str = "s";
pub(crate) const TABLE: &str = "WMS_S";

/// A row: key and value.
pub(crate) type Row = (i64, String);

/// A target with a table of the stream's, and the source that is compared with it.
pub(crate) struct World {
    folder: TempDir,
    pub(crate) source: Vec<Row>,
    /// Keys whose rows are rejected on the way, in batches of the source.
    pub(crate) rejected: Vec<i64>,
    pub(crate) batch_rows: usize,
    pub(crate) deletes: Deletes,
    pub(crate) guard: DeleteGuard,
    /// Runs before each batch of the source.
    pub(crate) while_reading: Option<Meanwhile>,
}

/// The work of others in the meantime.
pub(crate) type Meanwhile = Arc<dyn Fn() + Send + Sync>;

#[derive(Default)]
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Micros {
        1_800_000_000_000_000 + self.0.fetch_add(1, Ordering::Relaxed)
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

impl World {
    /// A target that has these rows.
    pub(crate) fn new(target: &[Row], deletes: Deletes) -> Self {
        let world = Self {
            folder: tempfile::tempdir().expect("a folder"),
            source: Vec::new(),
            rejected: Vec::new(),
            batch_rows: 7,
            deletes,
            guard: DeleteGuard::NONE,
            while_reading: None,
        };
        let loaded = World { source: target.to_vec(), ..world };
        let compared = loaded.compare(Depth::Rows, true, Fault::None);
        assert!(compared.failure.is_none(), "{:?}", compared.failure);
        loaded
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("target.db")
    }

    /// Compares, and repairs if `repair` is set.
    pub(crate) fn compare(&self, depth: Depth, repair: bool, fault: Fault) -> Compared {
        let clock: Arc<dyn Clock> = Arc::new(Ticking::default());
        let target = sqlite::open_target(&self.path(), "ana", Arc::clone(&clock)).expect("a target");
        let mut session = target.session(grant()).expect("a session");
        make_table(session.as_mut(), self.deletes);
        let session: Box<dyn TargetSession> = Box::new(FaultyTarget { session, fault, has_removed: false });
        let cancel = Cancel::default();
        let stream = self.stream(Arc::new(Mutex::new(session)), fault, &cancel);
        let open_target = open_target(self.path(), fault, cancel.clone());
        stream.compare(open_target, Compare { depth, repair }, &context(clock, cancel))
    }

    /// A run of the stream by changes that compares all rows after its load. It has opened its source, and `others` has
    /// the ledger's entries of other runs before that.
    pub(crate) fn run(&self, others: Trace) -> StreamSummary {
        let clock: Arc<dyn Clock> = Arc::new(Ticking::default());
        let session = || -> SharedTarget {
            let target = sqlite::open_target(&self.path(), "ana", Arc::clone(&clock)).expect("a target");
            Arc::new(Mutex::new(target.session(grant()).expect("a session")))
        };
        let cancel = Cancel::default();
        let compared = self.stream(session(), Fault::None, &cancel);
        let mut stream = self.stream(session(), Fault::None, &cancel);
        stream.request.method = Method::Incremental;
        stream.definition = Definition::of(&stream.request, TABLE);
        stream.reconcile = Some(Reconcile {
            depth: Depth::Rows,
            every_micros: 0,
            others,
            stream: Box::new(compared),
            open_target: open_target(self.path(), Fault::None, cancel.clone()),
        });
        let context = context(Arc::clone(&clock), cancel);
        run_streams(vec![stream], 1, &context).pop().expect("a stream")
    }

    /// A session of the host's own, of another run.
    pub(crate) fn sql(&self) -> Box<dyn SqlSession> {
        let clock: Arc<dyn Clock> = Arc::new(Ticking::default());
        sqlite::open_target(&self.path(), "ana", clock).expect("a target").sql().expect("a session")
    }

    fn stream(&self, session: SharedTarget, fault: Fault, cancel: &Cancel) -> Stream {
        let mut rows = self.source.clone();
        rows.sort_by_key(|row| row.0);
        let source = ScriptedSource {
            rows,
            rejected: self.rejected.clone(),
            batch_rows: self.batch_rows,
            keys_only: false,
            at: 0,
            fault,
            cancel: cancel.clone(),
            while_reading: self.while_reading.clone(),
        };
        Stream {
            name: STREAM.to_owned(),
            request: request(),
            target_table: TABLE.to_owned(),
            policy: policy(self.deletes, self.guard),
            definition: Definition::of(&request(), TABLE),
            source_version: None,
            extractor: Box::new(source),
            transforms: Vec::new(),
            loader: Box::new(Merger { target: Arc::clone(&session), fault }),
            target: session,
            checkpoint_name: STREAM.to_owned(),
            reconcile: None,
            receipt: None,
        }
    }

    /// The target's rows that are not marked as deleted.
    pub(crate) fn target(&self) -> Vec<Row> {
        let connection = rusqlite::Connection::open(self.path()).expect("the target");
        let condition = if self.deletes == Deletes::Soft { " WHERE wms_deleted_at IS NULL" } else { "" };
        let mut statement =
            connection.prepare(&format!("SELECT id, v FROM {TABLE}{condition} ORDER BY id")).expect("a query");
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
        rows.collect::<rusqlite::Result<_>>().expect("rows")
    }

    /// The number of comparisons in the ledger.
    pub(crate) fn noted(&self) -> i64 {
        let connection = rusqlite::Connection::open(self.path()).expect("the target");
        let count = "SELECT count(*) FROM WMSHOST_CHECKPOINT WHERE stream = 's/reconcile'";
        connection.query_row(count, [], |row| row.get(0)).unwrap_or(0)
    }
}

fn grant() -> TargetGrant {
    TargetGrant {
        pipeline: "p".to_owned(),
        stream: STREAM.to_owned(),
        table: TABLE.to_owned(),
        run_id: "r".to_owned(),
        take_over: None,
        allows_triggers: false,
    }
}

fn context(clock: Arc<dyn Clock>, cancel: Cancel) -> StreamContext {
    StreamContext {
        pipeline: "p".to_owned(),
        run_id: "r".to_owned(),
        holder: LeaseOwner { machine: "m".to_owned(), process: 1 },
        is_dead: |_| true,
        clock,
        observer: Arc::new(NoObserver),
        cancel,
    }
}

fn columns(keys_only: bool) -> SchemaRef {
    let mut fields = vec![Field::new("id", DataType::Int64, true)];
    if !keys_only {
        fields.push(Field::new("v", DataType::Utf8, true));
    }
    Arc::new(Schema::new(fields))
}

fn make_table(session: &mut dyn TargetSession, deletes: Deletes) {
    session.begin().expect("a transaction");
    if session.describe(TABLE).expect("described").is_none() {
        let key = vec!["id".to_owned()];
        let table = TableDefinition { name: TABLE.to_owned(), columns: columns(false), key };
        session.create(&table).expect("created");
        if deletes == Deletes::Soft {
            session.keep_deleted(TABLE).expect("made ready");
        }
    }
    session.commit().expect("committed");
}

fn request() -> ExtractRequest {
    let key = vec!["id".to_owned()];
    ExtractRequest { key, ..ExtractRequest::of_table(STREAM, ("wms", STREAM), Method::Full, 7) }
}

fn policy(deletes: Deletes, guard: DeleteGuard) -> Policy {
    Policy { deletes, delete_guard: guard, ..Policy::without_limits(100) }
}

/// Rows in memory, in the order of their key.
struct ScriptedSource {
    rows: Vec<Row>,
    rejected: Vec<i64>,
    batch_rows: usize,
    keys_only: bool,
    at: usize,
    fault: Fault,
    cancel: Cancel,
    while_reading: Option<Meanwhile>,
}

impl Extractor for ScriptedSource {
    fn open(&mut self, request: &ExtractRequest) -> Result<Opened, Failure> {
        self.keys_only = !request.columns.is_empty();
        Ok(Opened { schema: columns(self.keys_only), key: vec!["id".to_owned()] })
    }

    fn expected_rows(&mut self) -> Result<Option<u64>, Failure> {
        Ok(None)
    }

    fn next(&mut self) -> Result<Step, Failure> {
        self.while_reading.iter().for_each(|act| act());
        let mut end = (self.at + self.batch_rows).min(self.rows.len());
        if let Fault::Source(after) | Fault::StopAtSource(after) = self.fault {
            if self.at >= after && self.fault == Fault::Source(after) {
                return Err(broken("reading the source"));
            }
            if self.at >= after {
                self.cancel.set();
            } else {
                end = end.min(after);
            }
        }
        if self.at == self.rows.len() {
            return Ok(Step::End(bookmark(self.at)));
        }
        let rows = &self.rows[self.at..end];
        self.at = end;
        let is_good = |row: &&Row| self.keys_only || !self.rejected.contains(&row.0);
        let (good, bad): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(is_good);
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(good.iter().map(|row| row.0).collect::<Int64Array>())];
        if !self.keys_only {
            arrays.push(Arc::new(good.iter().map(|row| Some(row.1.as_str())).collect::<StringArray>()));
        }
        let batch = RecordBatch::try_new(columns(self.keys_only), arrays).expect("a batch");
        let reject = |row: &&Row| Rejected {
            cause: Cause::BadValue,
            rule: "bad-value".to_owned(),
            reason: "a value does not fit".to_owned(),
            value: None,
            stage: Stage::Extract,
            by: "driver".to_owned(),
            digest: None,
            row: format!("{{\"id\":{},\"v\":\"?\"}}", row.0),
            place: None,
        };
        let batch = Batch::read(batch, bad.iter().map(reject).collect());
        Ok(Step::Chunk(Chunk { batch, bookmark: bookmark(end), state: BTreeMap::new() }))
    }
}

fn bookmark(at: usize) -> Bookmark {
    Bookmark(vec![Position { name: "at".to_owned(), value: Value::Int64(at as i64) }])
}

/// Merges rows by their key.
struct Merger {
    target: SharedTarget,
    fault: Fault,
}

impl Loader for Merger {
    fn prepare(&mut self, request: &LoadRequest) -> Result<WriteStats, Failure> {
        assert_eq!(request.mode, LoadMode::Merge);
        Ok(WriteStats::default())
    }

    fn load(&mut self, rows: RecordBatch) -> Result<WriteStats, Failure> {
        if self.fault == Fault::Load {
            return Err(broken("loading"));
        }
        let rule = MergeRule { key: vec!["id".to_owned()], version: None };
        self.target.lock().expect("unharmed").merge(TABLE, &rows, &rule)
    }

    fn finish(&mut self) -> Result<WriteStats, Failure> {
        Ok(WriteStats::default())
    }
}
