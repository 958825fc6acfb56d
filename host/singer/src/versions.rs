//! Versions of a table: when one is activated, rows of older ones are gone from the source.

use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch;
use wmshost_flow::{
    DELETED_AT, DeleteGuard, Failure, LoadRequest, Loader, OpenTarget, Quarantine, Removal, SharedTarget,
    TargetSession, WriteStats, like_source,
};
use wmshost_sql::{Dialect, Value};

use crate::schema::TABLE_VERSION;

/// The number of keys that are removed at once.
const KEYS_AT_ONCE: usize = 10_000;

/// The version that is activated when the rows are loaded; `None` if none is.
#[derive(Debug, Clone, Default)]
pub struct Activated(Arc<Mutex<Option<i64>>>);

impl Activated {
    /// Notes the version to activate.
    pub fn set(&self, version: i64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(version);
    }

    fn get(&self) -> Option<i64> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The removal of rows of older versions.
pub struct Removals {
    /// The version that is activated.
    pub activated: Activated,
    /// The way in which rows are removed.
    pub removal: Removal,
    /// The number of rows that may be removed.
    pub guard: DeleteGuard,
    /// Opens the target for reading.
    pub open: OpenTarget,
    /// The pipeline.
    pub pipeline: String,
    /// The run; a row whose new version it has rejected stays as it was.
    pub run_id: String,
}

/// A loader that removes the rows of older versions at the end, in the transaction of the checkpoint.
pub struct VersionedLoader {
    loader: Box<dyn Loader>,
    target: SharedTarget,
    removals: Option<Removals>,
    request: Option<LoadRequest>,
}

impl VersionedLoader {
    /// Wraps the loader of a stream that writes this target.
    pub fn new(loader: Box<dyn Loader>, target: SharedTarget, removals: Removals) -> Self {
        Self { loader, target, removals: Some(removals), request: None }
    }

    fn target(&self) -> std::sync::MutexGuard<'_, Box<dyn TargetSession>> {
        self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the rows of versions before this one; returns their number.
    fn remove(&self, request: &LoadRequest, version: i64, removals: Removals) -> Result<u64, Failure> {
        let mut session = (removals.open)()?;
        let dialect = session.dialect();
        let is_soft = removals.removal == Removal::Soft;
        let condition = older(dialect, version, is_soft);
        let table = dialect.quoted(&request.table);
        let (old, all) = {
            let mut target = self.target();
            let of = |condition: &str| format!("SELECT COUNT(*) FROM {table}{condition}");
            let old = count(target.sql().query(&of(&format!(" WHERE {condition}")), &[])?);
            let unmarked =
                if is_soft { format!(" WHERE {} IS NULL", dialect.quoted(DELETED_AT)) } else { String::new() };
            (old, count(target.sql().query(&of(&unmarked), &[])?))
        };
        removals.guard.check(&request.stream, old, all)?;
        if old == 0 {
            return Ok(0);
        }
        let quarantine = Quarantine { pipeline: &removals.pipeline };
        let rejected = quarantine.rejected_in(self.target().sql(), &request.stream, &removals.run_id)?;
        let keys: Vec<String> = request.key.iter().map(|name| dialect.quoted(name)).collect();
        let mut cursor = session.query(&format!("SELECT {} FROM {table} WHERE {condition}", keys.join(", ")), &[])?;
        let mut removed = 0;
        while let Some(batch) = cursor.next(KEYS_AT_ONCE)? {
            if !batch.rejected.is_empty() {
                return Err(Failure::permanent(format!("a key in the table {} cannot be read", request.table)));
            }
            let keys = like_source(&batch.rows, &request.key, &request.key, &request.columns)?;
            let keys = rejected.without(&keys, &request.key)?;
            removed += self.target().remove(&request.table, &keys, removals.removal)?;
        }
        Ok(removed)
    }
}

/// The condition of rows of older versions, and of rows that have none.
fn older(dialect: Dialect, version: i64, is_soft: bool) -> String {
    let column = dialect.quoted(TABLE_VERSION);
    let unmarked = if is_soft { format!(" AND {} IS NULL", dialect.quoted(DELETED_AT)) } else { String::new() };
    format!("({column} < {version} OR {column} IS NULL){unmarked}")
}

fn count(rows: Vec<Vec<Value>>) -> u64 {
    match rows.first().and_then(|row| row.first()) {
        Some(Value::Int64(count)) => count.unsigned_abs(),
        Some(Value::Decimal(count)) => count.parse().unwrap_or_default(),
        _ => 0,
    }
}

impl Loader for VersionedLoader {
    fn prepare(&mut self, request: &LoadRequest) -> Result<WriteStats, Failure> {
        self.request = Some(request.clone());
        self.loader.prepare(request)
    }

    fn begin_batch(&mut self, number: u64) {
        self.loader.begin_batch(number);
    }

    fn load(&mut self, rows: RecordBatch) -> Result<WriteStats, Failure> {
        self.loader.load(rows)
    }

    fn finish(&mut self) -> Result<WriteStats, Failure> {
        let mut counts = self.loader.finish()?;
        let version = self.removals.as_ref().and_then(|removals| removals.activated.get());
        if let (Some(version), Some(request)) = (version, self.request.clone())
            && let Some(removals) = self.removals.take()
        {
            counts.deleted += self.remove(&request, version, removals)?;
        }
        Ok(counts)
    }
}
