//! A loader that writes into a session in memory: by key, or through a staging table if the load replaces the table.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use crate::failure::Failure;
use crate::metadata::checkpoint::LoadMode;
use crate::ports::loader::{LoadRequest, Loader};
use crate::ports::target::{MergeRule, SharedTarget, TableDefinition, WriteStats};
use crate::stream::transaction::lock;

/// The loader.
pub(crate) struct MemoryLoader {
    target: SharedTarget,
    request: Option<LoadRequest>,
    /// The table that is written.
    table: String,
    /// The number of rows of each batch that it forgets to write.
    forgets: usize,
}

impl MemoryLoader {
    /// Returns a loader that writes through a session.
    pub(crate) fn new(target: SharedTarget) -> Self {
        Self { target, request: None, table: String::new(), forgets: 0 }
    }

    /// Returns the same loader; it forgets this number of rows of each batch.
    pub(crate) fn forgetting(mut self, rows: usize) -> Self {
        self.forgets = rows;
        self
    }

    fn request(&self) -> &LoadRequest {
        self.request.as_ref().expect("a load that was prepared")
    }
}

impl Loader for MemoryLoader {
    fn prepare(&mut self, request: &LoadRequest) -> Result<WriteStats, Failure> {
        self.request = Some(request.clone());
        let mut target = lock(&self.target);
        let (name, columns, key) = (request.table.clone(), Arc::clone(&request.columns), request.key.clone());
        let definition = TableDefinition { name, columns, key };
        self.table = match (request.mode, target.describe(&request.table)?) {
            (LoadMode::Replace, _) => target.stage(&definition, request.resume)?,
            (_, None) => {
                target.create(&definition)?;
                request.table.clone()
            }
            (_, Some(there)) => {
                let is_new = |name: &str| there.columns.column_with_name(name).is_none();
                let new = request.columns.fields().iter().filter(|field| is_new(field.name())).cloned();
                let new: Vec<_> = new.collect();
                if !new.is_empty() {
                    target.add_columns(&request.table, &Arc::new(Schema::new(new)))?;
                }
                request.table.clone()
            }
        };
        Ok(WriteStats::default())
    }

    fn load(&mut self, rows: RecordBatch) -> Result<WriteStats, Failure> {
        let rows = rows.slice(0, rows.num_rows().saturating_sub(self.forgets));
        let LoadRequest { mode, key, version, .. } = self.request();
        let mut target = lock(&self.target);
        match mode {
            LoadMode::Replace => target.insert(&self.table, &rows),
            LoadMode::Merge | LoadMode::Reload => {
                target.merge(&self.table, &rows, &MergeRule { key: key.clone(), version: version.clone() })
            }
        }
    }

    fn finish(&mut self) -> Result<WriteStats, Failure> {
        match self.request().mode {
            LoadMode::Replace => lock(&self.target).swap(&self.request().table),
            LoadMode::Merge | LoadMode::Reload => Ok(WriteStats::default()),
        }
    }
}
