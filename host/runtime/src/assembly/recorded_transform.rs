//! A transform whose first failing batch is recorded, so that the failure can be replayed without the run; and a share of the
//! other batches, so that another component can be tried on them.

use std::path::PathBuf;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use wmshost_flow::{Call, Failure, FailureKind, OnTrap, Transform, Transformed};
use wmshost_pipeline::{ConfiguredPlugin, Record, StreamPlan};
use wmshost_plugin_kit::{RecordedCall, Recording, record};

use crate::data_dir::DataDir;

/// The largest batch that is recorded, in bytes of its columns; and the most of a reading.
pub(super) const MOST_BYTES: usize = 16 << 20;
/// The most of a sample that one transform keeps in a run, in bytes of columns.
const MOST_SAMPLED_BYTES: usize = 64 << 20;

/// The transform, and the place of its recording.
struct RecordedTransform {
    transform: Box<dyn Transform>,
    stage: ConfiguredPlugin,
    key: Vec<String>,
    change_key: Option<String>,
    on_trap: OnTrap,
    stream: String,
    run_id: String,
    folder: PathBuf,
    /// True after the first failure: what fails again is most often the same.
    is_recorded: bool,
    /// The share of batches that are recorded though nothing fails.
    share: f64,
    /// The bytes of those that were recorded.
    sampled_bytes: usize,
}

/// Returns a transform whose first failure is recorded, if the stream says so.
pub(super) fn recorded(
    transform: Box<dyn Transform>,
    stage: &ConfiguredPlugin,
    plan: &StreamPlan,
    run_id: &str,
) -> Box<dyn Transform> {
    let share = match plan.record {
        Record::Off => return transform,
        Record::Failures => 0.0,
        Record::Sample(share) => share,
    };
    Box::new(RecordedTransform {
        transform,
        stage: stage.clone(),
        key: plan.key.clone(),
        change_key: plan.change_key.clone(),
        on_trap: plan.on_trap,
        stream: plan.name.clone(),
        run_id: run_id.to_owned(),
        folder: folder(run_id, &plan.name, stage),
        is_recorded: false,
        share,
        sampled_bytes: 0,
    })
}

/// The folder for what a plugin of a stream fails on.
pub(super) fn folder(run_id: &str, stream: &str, stage: &ConfiguredPlugin) -> PathBuf {
    DataDir::find().recordings(run_id).join(format!("{stream}-{}", stage.plugin))
}

/// The origin of a recording, without what is recorded.
pub(super) fn origin(run_id: &str, stream: &str, stage: &ConfiguredPlugin) -> Recording {
    Recording {
        run_id: run_id.to_owned(),
        stream: stream.to_owned(),
        plugin: stage.plugin.clone(),
        name: stage.name.clone(),
        version: stage.version.clone(),
        digest: stage.digest.clone(),
        component: stage.path.display().to_string(),
        batch: 0,
        rows: 0,
        failure: None,
    }
}

/// Returns whether a batch belongs to a sample of this share. The same run, stream and batch always have the same answer, so
/// that all transforms of a stream record the same batches.
pub(super) fn is_sampled(share: f64, run_id: &str, stream: &str, batch: u64) -> bool {
    let digest = blake3::hash(format!("{run_id}/{stream}/{batch}").as_bytes());
    let drawn = digest.as_bytes()[..4].iter().fold(0_u32, |drawn, byte| drawn << 8 | u32::from(*byte));
    // At a share of 1 the largest number belongs to the sample, too.
    f64::from(drawn) < share * (f64::from(u32::MAX) + 1.0)
}

impl RecordedTransform {
    /// Records the first batch that fails.
    fn record_failure(&mut self, rows: &RecordBatch, call: &Call, failure: &Failure) {
        self.is_recorded = true;
        self.record(self.folder.clone(), rows, call, Some(failure));
    }

    /// Records a batch of the sample, as long as there is room.
    fn record_sample(&mut self, rows: &RecordBatch, call: &Call) {
        let bytes = rows.get_array_memory_size();
        if self.sampled_bytes + bytes > MOST_SAMPLED_BYTES {
            let (stream, plugin) = (&self.stream, &self.stage.plugin);
            tracing::warn!(stream, plugin, "no more batches are recorded: there are {} bytes", self.sampled_bytes);
            self.share = 0.0;
            return;
        }
        let mut folder = self.folder.clone().into_os_string();
        folder.push(format!("-{:06}", call.batch));
        let folder = PathBuf::from(folder);
        // A run that is tried again passes the same batches once more.
        if !folder.exists() {
            self.sampled_bytes += bytes;
            self.record(folder, rows, call, None);
        }
    }

    fn record(&self, folder: PathBuf, rows: &RecordBatch, call: &Call, failure: Option<&Failure>) {
        let bytes = rows.get_array_memory_size();
        let (stream, plugin, batch) = (&self.stream, &self.stage.plugin, call.batch);
        if bytes > MOST_BYTES {
            tracing::warn!(stream, plugin, batch, "it is not recorded: it has {bytes} bytes, {MOST_BYTES} may be");
            return;
        }
        let recording = Recording {
            batch: call.batch,
            rows: rows.num_rows() as u64,
            failure: failure.map(ToString::to_string),
            ..origin(&self.run_id, &self.stream, &self.stage)
        };
        let input = RecordedCall {
            key: &self.key,
            change_key: self.change_key.as_deref(),
            on_trap: self.on_trap,
            settings: &self.stage.settings,
            rows,
        };
        match record(&folder, &recording, &input) {
            Ok(()) => tracing::info!(stream, plugin, batch, "it is recorded: {}", folder.display()),
            Err(error) => tracing::warn!(stream, plugin, batch, "it is not recorded: {error}"),
        }
    }
}

impl Transform for RecordedTransform {
    fn plugin(&self) -> &str {
        self.transform.plugin()
    }

    fn output_schema(&mut self, input: &SchemaRef) -> Result<SchemaRef, Failure> {
        self.transform.output_schema(input)
    }

    fn promised(&self) -> Option<SchemaRef> {
        self.transform.promised()
    }

    fn keeps_state(&self) -> bool {
        self.transform.keeps_state()
    }

    fn call_time(&self) -> Duration {
        self.transform.call_time()
    }

    fn renew(&mut self) -> Result<(), Failure> {
        self.transform.renew()
    }

    fn process(&mut self, rows: RecordBatch, call: &Call) -> Result<Transformed, Failure> {
        // A stream begins with a batch without rows, as a trial.
        let is_sampled =
            rows.num_rows() > 0 && self.share > 0.0 && is_sampled(self.share, &self.run_id, &self.stream, call.batch);
        if (self.is_recorded && !is_sampled) || call.is_probe {
            return self.transform.process(rows, call);
        }
        let made = self.transform.process(rows.clone(), call);
        match &made {
            Ok(_) if is_sampled => self.record_sample(&rows, call),
            Err(failure) if !self.is_recorded && failure.kind != FailureKind::Cancelled => {
                self.record_failure(&rows, call, failure);
            }
            _ => {}
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_of_its_share_and_the_same_again() {
        let sample = |share| -> Vec<u64> {
            (1..=20_000)
                .filter(|batch| is_sampled(share, "20261130-162404-dc9b0082764363cc", "orders", *batch))
                .collect()
        };
        assert_eq!(sample(1.0).len(), 20_000);
        let one_percent = sample(0.01);
        assert!((150..250).contains(&one_percent.len()), "{}", one_percent.len());
        assert_eq!(sample(0.01), one_percent);
        let half = sample(0.5);
        assert!(one_percent.iter().all(|batch| half.contains(batch)), "a larger share has all of a smaller one");
    }
}
