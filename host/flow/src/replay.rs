//! Rows from quarantine, once more on their way: through the transforms as they are now, and into the target. What is
//! rejected again stays in quarantine.

use std::sync::Arc;

use crate::batch::{Batch, Rejected};
use crate::change::Changes;
use crate::checkpoint::LoadMode;
use crate::extract::Method;
use crate::failure::{Failure, Stage, StreamFailure};
use crate::house::{Lease, Quarantine, QuarantinedRow};
use crate::load::LoadRequest;
use crate::restore::row_from_json;
use crate::stream::{StageFailure, Stream, StreamContext, in_transaction, lock};

/// How a replay went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Rows that are in the target now, or were there already in a newer version.
    pub loaded: u64,
    /// Rows that stay in quarantine: by id, and why.
    pub kept: Vec<(String, String)>,
}

impl Stream {
    /// Sends rows of its quarantine on their way again, all in one transaction under the stream's lease.
    pub fn replay(mut self, rows: &[QuarantinedRow], context: &StreamContext) -> Result<Replayed, StreamFailure> {
        let mut lease = None;
        let replayed = self.replay_within(rows, context, &mut lease);
        self.give_back(lease.as_ref());
        replayed.map_err(|at| at.of_stream(&self.name))
    }

    fn replay_within(
        &mut self,
        rows: &[QuarantinedRow],
        context: &StreamContext,
        lease: &mut Option<Lease>,
    ) -> Result<Replayed, StageFailure> {
        let at_load = StageFailure::before(Stage::Load);
        *lease = Some(self.take_lease(context).map_err(&at_load)?);
        self.request.method = Method::Full;
        let opened = self.extractor.open(&self.request).map_err(StageFailure::before(Stage::Extract))?;
        let columns = self.columns_after_transforms(&opened.schema)?;
        let request = LoadRequest {
            stream: self.name.clone(),
            table: self.target_table.clone(),
            mode: LoadMode::Merge,
            columns: Arc::clone(&columns),
            key: opened.key,
            version: self.request.change_key.clone(),
            schema: self.policy.schema,
            resume: true,
        };
        self.prepare(&request, lease.as_ref(), true).map_err(&at_load)?;
        let mut replayed = Replayed::default();
        let mut good = Vec::new();
        for row in rows {
            let Self { transforms, policy, .. } = self;
            let mut changes = Changes { transforms, columns: &columns, key: &request.key, on_trap: policy.on_trap };
            match row_from_json(&row.row, &opened.schema).and_then(|batch| changes.change(Batch::new(batch))) {
                Ok(batch) if batch.rejected.is_empty() => good.push((row, batch)),
                Ok(batch) => replayed.kept.push((row.id.clone(), reasons(&batch.rejected))),
                Err(failure) => replayed.kept.push((row.id.clone(), failure.message)),
            }
        }
        let target = Arc::clone(&self.target);
        let loaded = in_transaction(&target, lease.as_ref(), || self.load_and_release(good, context));
        replayed.loaded = loaded.map_err(at_load)?;
        Ok(replayed)
    }

    fn load_and_release(
        &mut self,
        good: Vec<(&QuarantinedRow, Batch)>,
        context: &StreamContext,
    ) -> Result<u64, Failure> {
        let mut released = Vec::new();
        for (row, batch) in good {
            // A transform may have filtered the row out: then there is nothing to load.
            if batch.rows.num_rows() > 0 {
                self.loader.load(batch.rows)?;
            }
            released.push(row.clone());
        }
        Quarantine { pipeline: &context.pipeline }.remove(lock(&self.target).sql(), &released)?;
        Ok(released.len() as u64)
    }
}

fn reasons(rejected: &[Rejected]) -> String {
    rejected.iter().map(|row| format!("{}: {}", row.rule, row.reason)).collect::<Vec<_>>().join("; ")
}
