//! The job in native Rust: the host's drivers and flow, with stages in plain Rust in place of plugins. The difference
//! to the host's run is the price of the sandbox.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::bail;
use arrow_array::builder::{BooleanBuilder, Int64Builder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use wmshost_databases::sqlite;
use wmshost_flow::{
    Bookmark, Call, Cancel, Chunk, Clock, Cursor, Definition, ExtractRequest, Extractor, Failure, LeaseOwner, LoadMode,
    LoadRequest, Loader, MergeRule, Method, Micros, NoObserver, Opened, Policy, Position, SharedTarget, SourceGrant,
    SourceSession, Step, Stream, StreamContext, StreamStatus, TableDefinition, TargetGrant, Transform, Transformed,
    Value, WriteStats, run_streams,
};

use crate::job::{DERIVED_COLUMNS, EXTRACT_ROWS, LOAD_ROWS, LOOKBACK_MICROS, Phase, SOURCE_COLUMNS, TABLE};

pub(crate) fn run(_: Phase, source: &Path, target: &Path) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(Stopwatch(Instant::now()));
    let source = sqlite::open_source(source, 1, "wms")?;
    let target = sqlite::open_target(target, "analytics", Arc::clone(&clock))?;
    let grant = SourceGrant::of(["allocation".to_owned()].into());
    let session = target.session(TargetGrant {
        pipeline: "bench".to_owned(),
        stream: "allocation".to_owned(),
        table: TABLE.to_owned(),
        run_id: "native".to_owned(),
        take_over: None,
        allows_triggers: false,
    })?;
    let session: SharedTarget = Arc::new(Mutex::new(session));
    let stream = Stream {
        name: "allocation".to_owned(),
        request: request(),
        target_table: TABLE.to_owned(),
        policy: Policy::without_limits(LOAD_ROWS),
        definition: Definition::of(&request(), TABLE),
        source_version: source.version(),
        extractor: Box::new(Reader { session: source.session(&grant)?, parts: Vec::new(), high: None, rows: 0 }),
        transforms: vec![Box::new(Allocations)],
        loader: Box::new(Merger { target: Arc::clone(&session), rule: None }),
        target: session,
        checkpoint_name: "allocation".to_owned(),
        reconcile: None,
        receipt: None,
    };
    let context = StreamContext {
        pipeline: "bench".to_owned(),
        holder: LeaseOwner { machine: "bench".to_owned(), process: std::process::id() },
        is_dead: |_| true,
        run_id: "native".to_owned(),
        clock,
        observer: Arc::new(NoObserver),
        cancel: Cancel::default(),
    };
    let ends = run_streams(vec![stream], 1, &context);
    match ends.as_slice() {
        [end] if matches!(end.status, StreamStatus::Succeeded | StreamStatus::Unchanged) => Ok(()),
        ends => bail!("the native job failed: {ends:?}"),
    }
}

fn request() -> ExtractRequest {
    ExtractRequest {
        key: vec!["allocation_id".to_owned()],
        change_key: Some("last_updated".to_owned()),
        lookback_micros: LOOKBACK_MICROS.unsigned_abs(),
        ..ExtractRequest::of_table("allocation", ("wms", "allocation"), Method::Incremental, EXTRACT_ROWS)
    }
}

struct Stopwatch(Instant);

impl Clock for Stopwatch {
    fn now(&self) -> Micros {
        std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_micros() as i64)
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Reads all rows by key, or those that changed since the watermark.
struct Reader {
    session: Box<dyn SourceSession>,
    /// The statements still to be read, the last one first.
    parts: Vec<Box<dyn Cursor>>,
    /// The latest change.
    high: Option<i64>,
    rows: u64,
}

impl Reader {
    fn watermark(&self) -> Bookmark {
        let value = self.high.map_or(Value::Null, Value::Timestamp);
        Bookmark(vec![
            Position { name: "watermark".to_owned(), value },
            Position { name: "rows".to_owned(), value: Value::Int64(self.rows as i64) },
        ])
    }
}

impl Extractor for Reader {
    fn open(&mut self, request: &ExtractRequest) -> Result<Opened, Failure> {
        let latest = "SELECT last_updated FROM allocation ORDER BY last_updated DESC LIMIT 1";
        let batch = self.session.query(latest, &[])?.next(1)?;
        self.high = batch.and_then(|batch| {
            let column = batch.rows.column(0).as_primitive::<TimestampMicrosecondType>();
            column.is_valid(0).then(|| column.value(0))
        });
        let columns = SOURCE_COLUMNS.join(", ");
        let watermark = request.bookmark.as_ref().and_then(|bookmark| bookmark.0.first());
        self.parts = match watermark.map(|position| &position.value) {
            Some(Value::Timestamp(moment)) => {
                let from = Value::Timestamp(moment - LOOKBACK_MICROS);
                let nulls = format!("SELECT {columns} FROM allocation WHERE last_updated IS NULL");
                let changes = format!(
                    "SELECT {columns} FROM allocation WHERE last_updated >= ?1 ORDER BY last_updated, allocation_id"
                );
                vec![self.session.query(&nulls, &[])?, self.session.query(&changes, &[from])?]
            }
            _ => {
                let all = format!("SELECT {columns} FROM allocation ORDER BY allocation_id");
                vec![self.session.query(&all, &[])?]
            }
        };
        Ok(Opened { schema: self.parts[0].schema(), key: vec!["allocation_id".to_owned()] })
    }

    fn expected_rows(&mut self) -> Result<Option<u64>, Failure> {
        Ok(None)
    }

    fn next(&mut self) -> Result<Step, Failure> {
        while let Some(cursor) = self.parts.last_mut() {
            if let Some(batch) = cursor.next(EXTRACT_ROWS)? {
                self.rows += batch.rows.num_rows() as u64;
                return Ok(Step::Chunk(Chunk { batch, bookmark: self.watermark(), state: BTreeMap::new() }));
            }
            self.parts.pop();
        }
        Ok(Step::End(self.watermark()))
    }
}

/// Cleans and validates allocations.
struct Allocations;

const STATUSES: [&str; 4] = ["ALLOCATED", "RESERVED", "PICKED", "SHIPPED"];

impl Allocations {
    fn schema(input: &SchemaRef) -> SchemaRef {
        let kinds = [
            DataType::Utf8,
            DataType::Utf8,
            DataType::Utf8,
            DataType::Int64,
            DataType::Boolean,
            DataType::Boolean,
            DataType::Utf8,
        ];
        let derived = DERIVED_COLUMNS.iter().zip(kinds);
        let derived = derived.map(|(name, kind)| Arc::new(Field::new(*name, kind, true)));
        Arc::new(Schema::new(input.fields().iter().cloned().chain(derived).collect::<Vec<_>>()))
    }

    fn derive(rows: &RecordBatch) -> [ArrayRef; 7] {
        let count = rows.num_rows();
        let column = |at: usize| rows.column(at);
        let quantities = column(4).as_primitive::<Decimal128Type>();
        let (statuses, users) = (column(5).as_string::<i32>(), column(6).as_string::<i32>());
        let priorities = column(7).as_primitive::<Int64Type>();
        let complete = [1, 2, 3, 7, 8, 9].map(|at| column(at).nulls());
        let text = |bytes| StringBuilder::with_capacity(count, count * bytes);
        let (mut clean, mut group, mut user, mut score) = (text(9), text(9), text(8), text(9));
        let mut priority = Int64Builder::with_capacity(count);
        let (mut bad_quantity, mut bad_status) =
            (BooleanBuilder::with_capacity(count), BooleanBuilder::with_capacity(count));
        for row in 0..count {
            let status = statuses.is_valid(row).then(|| statuses.value(row).trim()).filter(|s| !s.is_empty());
            let known = status.and_then(|s| STATUSES.iter().position(|name| name.eq_ignore_ascii_case(s)));
            match (known, status) {
                (Some(at), _) => clean.append_value(STATUSES[at]),
                (None, Some(other)) => clean.append_value(other.to_uppercase()),
                (None, None) => clean.append_null(),
            }
            group.append_value(match known {
                Some(0 | 1) => "Active",
                Some(_) => "Fulfilled",
                None => "Unknown",
            });
            let name = users.is_valid(row).then(|| users.value(row).trim()).filter(|name| !name.is_empty());
            user.append_value(name.unwrap_or("SYSTEM"));
            priority.append_value(if priorities.is_valid(row) { priorities.value(row) } else { 1 });
            let quantity_is_bad = quantities.is_null(row) || quantities.value(row) <= 0;
            bad_quantity.append_value(quantity_is_bad);
            bad_status.append_value(known.is_none());
            let incomplete = || complete.iter().any(|nulls| nulls.is_some_and(|nulls| nulls.is_null(row)));
            score.append_value(match () {
                () if quantity_is_bad || known.is_none() => "Poor",
                () if incomplete() => "Good",
                () => "Excellent",
            });
        }
        [
            Arc::new(clean.finish()),
            Arc::new(group.finish()),
            Arc::new(user.finish()),
            Arc::new(priority.finish()),
            Arc::new(bad_quantity.finish()),
            Arc::new(bad_status.finish()),
            Arc::new(score.finish()),
        ]
    }
}

impl Transform for Allocations {
    fn plugin(&self) -> &str {
        "allocation"
    }

    fn promised(&self) -> Option<SchemaRef> {
        None
    }

    fn keeps_state(&self) -> bool {
        false
    }

    fn call_time(&self) -> Duration {
        Duration::MAX
    }

    fn output_schema(&mut self, input: &SchemaRef) -> Result<SchemaRef, Failure> {
        Ok(Self::schema(input))
    }

    fn renew(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    fn process(&mut self, rows: RecordBatch, _: &Call) -> Result<Transformed, Failure> {
        let schema = Self::schema(&rows.schema());
        let columns = rows.columns().iter().cloned().chain(Self::derive(&rows)).collect();
        let rows = RecordBatch::try_new(schema, columns)
            .map_err(|error| Failure::permanent(format!("the batch does not hold together: {error}")))?;
        Ok(Transformed { rows, positions: None, rejected: Vec::new() })
    }
}

/// Merges by key.
struct Merger {
    target: SharedTarget,
    rule: Option<MergeRule>,
}

impl Merger {
    fn with_target<T>(
        &self,
        act: impl FnOnce(&mut dyn wmshost_flow::TargetSession) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut target = self.target.lock().map_err(|_| Failure::permanent("a thread has died"))?;
        act(target.as_mut())
    }
}

impl Loader for Merger {
    fn prepare(&mut self, request: &LoadRequest) -> Result<WriteStats, Failure> {
        if request.mode != LoadMode::Merge {
            return Err(Failure::permanent("the native job merges only"));
        }
        self.rule = Some(MergeRule { key: request.key.clone(), version: request.version.clone() });
        let definition = TableDefinition {
            name: request.table.clone(),
            columns: Arc::clone(&request.columns),
            key: request.key.clone(),
        };
        self.with_target(|target| match target.describe(TABLE)? {
            Some(_) => Ok(WriteStats::default()),
            None => target.create(&definition).map(|()| WriteStats::default()),
        })
    }

    fn load(&mut self, rows: RecordBatch) -> Result<WriteStats, Failure> {
        let rule = self.rule.as_ref().ok_or_else(|| Failure::permanent("load before prepare"))?;
        self.with_target(|target| target.merge(TABLE, &rows, rule))
    }

    fn finish(&mut self) -> Result<WriteStats, Failure> {
        Ok(WriteStats::default())
    }
}
