//! A case of a loader: rows go through the host's own main job into a database, and its table is read back.

use std::sync::{Arc, Mutex};

use arrow_array::RecordBatch;
use wmshost_flow::{
    Batch, Bookmark, Chunk, Definition, ExtractRequest, Extractor, Failure, Method, Opened, Policy, Position,
    SYSTEM_COLUMNS, Step, Stream, StreamStats, StreamStatus, StreamSummary, TargetGrant, Value, run_streams,
};
use wmshost_sandbox::{Identity, Limits, Plugin};

use super::case::Case;
use super::database::{Database, quoted};
use super::golden::Made;
use super::host::{STREAM, context, identity};
use crate::error::Result;
use crate::rows;

/// The table that the stream writes.
pub(crate) const TABLE: &str = "CASE_TABLE";
/// The sizes of batches that must write the same table; 0 means all rows.
const BATCHES: [usize; 4] = [0, 1, 2, 7];

/// Rows as an extractor.
struct Rows {
    rows: RecordBatch,
    key: Vec<String>,
    at: usize,
    batch: usize,
}

impl Extractor for Rows {
    fn open(&mut self, _: &ExtractRequest) -> std::result::Result<Opened, Failure> {
        Ok(Opened { schema: self.rows.schema(), key: self.key.clone() })
    }
    fn expected_rows(&mut self) -> std::result::Result<Option<u64>, Failure> {
        Ok(None)
    }
    fn next(&mut self) -> std::result::Result<Step, Failure> {
        let left = self.rows.num_rows() - self.at;
        let bookmark = |at: usize| {
            Bookmark(vec![Position {
                name: "row".to_owned(),
                value: Value::Int64(i64::try_from(at).unwrap_or(i64::MAX)),
            }])
        };
        if left == 0 {
            return Ok(Step::End(bookmark(self.at)));
        }
        let rows = self.rows.slice(self.at, left.min(self.batch));
        self.at += rows.num_rows();
        Ok(Step::Chunk(Chunk { batch: Batch::new(rows), bookmark: bookmark(self.at), state: Default::default() }))
    }
}

/// A loader, and the database that it writes.
pub(crate) struct Run<'a> {
    pub(crate) plugin: &'a Plugin,
    pub(crate) identity: Identity,
    pub(crate) limits: Limits,
    pub(crate) database: &'a Database,
    pub(crate) method: Method,
    pub(crate) key: Vec<String>,
    pub(crate) change_key: Option<String>,
}

impl Run<'_> {
    fn request(&self) -> ExtractRequest {
        ExtractRequest {
            key: self.key.clone(),
            change_key: self.change_key.clone(),
            ..ExtractRequest::of_table(STREAM, ("source", "case"), self.method, 1)
        }
    }

    /// Loads rows in a run of their own, in batches of this size.
    pub(crate) fn load(&self, rows: &RecordBatch, batch: usize) -> std::result::Result<StreamSummary, Failure> {
        let target = self.database.target.session(TargetGrant {
            pipeline: "cases".to_owned(),
            stream: STREAM.to_owned(),
            table: TABLE.to_owned(),
            run_id: "case".to_owned(),
            take_over: None,
            allows_triggers: false,
        })?;
        let target = Arc::new(Mutex::new(target));
        let batch = if batch == 0 { rows.num_rows().max(1) } else { batch };
        let stream = Stream {
            name: STREAM.to_owned(),
            definition: Definition::of(&self.request(), TABLE),
            request: self.request(),
            target_table: TABLE.to_owned(),
            policy: Policy { queue_batches: 1, ..Policy::without_limits(batch) },
            source_version: None,
            extractor: Box::new(Rows { rows: rows.clone(), key: self.key.clone(), at: 0, batch }),
            transforms: Vec::new(),
            loader: self.plugin.loader(self.identity.clone(), self.limits.clone(), Arc::clone(&target))?,
            target,
            checkpoint_name: STREAM.to_owned(),
            reconcile: None,
            receipt: None,
        };
        let mut ends = run_streams(vec![stream], 1, &context());
        ends.pop().ok_or_else(|| Failure::permanent("the stream has no end"))
    }

    /// Returns the table's rows without the host's columns, in the order of the key, in these columns.
    pub(crate) fn table(&self) -> Result<RecordBatch> {
        let mut session = self.database.reader(&[TABLE.to_owned()], &[])?;
        let described = session.describe(TABLE)?;
        let Some(described) = described else {
            return Ok(RecordBatch::new_empty(Arc::new(arrow_schema::Schema::empty())));
        };
        let described = described.without(&SYSTEM_COLUMNS);
        let own: Vec<_> = described.columns.fields().iter().map(|field| quoted(field.name())).collect();
        let order = if self.key.is_empty() { own.clone() } else { self.key.iter().map(|name| quoted(name)).collect() };
        let query = format!("SELECT {} FROM {} ORDER BY {}", own.join(", "), quoted(TABLE), order.join(", "));
        drop(session);
        self.database.rows(TABLE, &query)
    }
}

/// The result of a case with batches of one size: the table and the counts, or the failure.
type Loaded = std::result::Result<(RecordBatch, String), String>;

fn loaded(
    case: &Case,
    run: &Run<'_>,
    before: Option<&RecordBatch>,
    input: &RecordBatch,
    batch: usize,
) -> Result<Loaded> {
    let mut stats = StreamStats::default();
    for rows in before.into_iter().chain([input]) {
        let summary = match run.load(rows, batch) {
            Ok(summary) => summary,
            Err(failure) => return Ok(Err(failure.to_string())),
        };
        if let Some(failure) = summary.failure {
            return Ok(Err(failure.to_string()));
        }
        if !matches!(summary.status, StreamStatus::Succeeded | StreamStatus::Rejected) {
            return Err(case.mistake(format_args!("the stream ends as {}", summary.status.name())));
        }
        stats = summary.stats;
    }
    let counts = format!("{} written, {} unchanged, {} rejected\n", stats.written, stats.unchanged, stats.rejected);
    Ok(Ok((run.table()?, counts)))
}

/// Runs the case.
pub(super) fn run(case: &Case, plugin: &Plugin, limits: &Limits) -> Result<Made> {
    let file = case.rows_file("input");
    let file = file.ok_or_else(|| case.mistake("there is no input.csv and no input.jsonl beside it"))?;
    let input = rows::read(&file)?;
    let before = case.rows_file("before").map(|file| rows::read(&file)).transpose()?;
    let settings = case.settings(&plugin.describe()?)?;
    let method = case.method(Method::Incremental)?;
    let with = |database: &Database, batch: usize| {
        let run = Run {
            plugin,
            identity: identity(plugin, settings.clone()),
            limits: limits.clone(),
            database,
            method,
            key: case.file.key.clone(),
            change_key: case.file.change_key.clone(),
        };
        loaded(case, &run, before.as_ref(), &input, batch)
    };
    let whole = with(&Database::new()?, 0)?;
    let mut made = match &whole {
        Err(failure) => return Ok(Made::failed(failure.clone(), Vec::new())),
        Ok((table, counts)) => {
            let mut made = Made { input_rows: input.num_rows() as u64, ..Made::default() };
            made.file("expected.csv", rows::to_csv(table));
            made.file("results.txt", counts.clone());
            made
        }
    };
    for size in case.file.batches.clone().unwrap_or_else(|| BATCHES.to_vec()) {
        match (with(&Database::new()?, size)?, &whole) {
            (Ok((table, _)), Ok((expected, _))) if table == *expected => {}
            (Ok(_), _) => {
                made.objections.push(format!("batches of {size} rows write another table than all rows at once"))
            }
            (Err(failure), _) => made.objections.push(format!("batches of {size} rows: it fails: {failure}")),
        }
    }
    Ok(made)
}
