//! The questions about failures in a row, for alerts.

use rusqlite::params;
use wmshost_flow::Failure;

use super::records::{ModelRecord, RunRecord};
use super::store::History;

impl History {
    /// Returns the outcomes of models in the last runs of a pipeline that had any, each with its run, the newest first.
    pub fn newest_models(&self, pipeline: &str, runs: u32) -> Result<Vec<(RunRecord, ModelRecord)>, Failure> {
        let with_models = "WHERE pipeline = ?1 AND EXISTS (SELECT 1 FROM run_models WHERE run_models.run_id = runs.run_id) \
                           ORDER BY started_at DESC, run_id DESC LIMIT ?2";
        let mut found = Vec::new();
        for run in self.select(with_models, params![pipeline, runs])? {
            let models = self.models(&run.run_id)?;
            found.extend(models.into_iter().map(|model| (run.clone(), model)));
        }
        Ok(found)
    }

    /// Returns true if a stream or a model of a run did not end well by itself.
    pub fn has_bad_parts(&self, run_id: &str) -> Result<bool, Failure> {
        let statement = "SELECT EXISTS (SELECT 1 FROM run_streams WHERE run_id = ?1 AND status IN ('failed', 'rejected')) \
                         OR EXISTS (SELECT 1 FROM run_models WHERE run_id = ?1 AND status IN ('failed', 'errored'))";
        Ok(self.rows("reading a run", statement, [run_id], |row| row.get(0))?.pop().unwrap_or(false))
    }
}
