//! A transform whose first failing batch is recorded, so that the failure can be replayed without the run.

use std::path::PathBuf;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use wmshost_flow::{Call, Failure, FailureKind, OnTrap, Transform, Transformed};
use wmshost_pipeline::{ConfiguredPlugin, Record, StreamPlan};
use wmshost_plugin_kit::{RecordedCall, Recording, record};

use crate::data_dir::DataDir;

/// The largest batch that is recorded, in bytes of its columns.
const MOST_BYTES: usize = 16 << 20;

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
}

/// Returns a transform whose first failure is recorded, if the stream says so.
pub(super) fn recorded(
    transform: Box<dyn Transform>,
    stage: &ConfiguredPlugin,
    plan: &StreamPlan,
    run_id: &str,
) -> Box<dyn Transform> {
    if plan.record == Record::Off {
        return transform;
    }
    Box::new(RecordedTransform {
        transform,
        stage: stage.clone(),
        key: plan.key.clone(),
        change_key: plan.change_key.clone(),
        on_trap: plan.on_trap,
        stream: plan.name.clone(),
        run_id: run_id.to_owned(),
        folder: DataDir::find().recordings(run_id).join(format!("{}-{}", plan.name, stage.plugin)),
        is_recorded: false,
    })
}

impl RecordedTransform {
    fn record(&mut self, rows: &RecordBatch, call: &Call, failure: &Failure) {
        self.is_recorded = true;
        let bytes = rows.get_array_memory_size();
        let (stream, plugin) = (&self.stream, &self.stage.plugin);
        if bytes > MOST_BYTES {
            tracing::warn!(
                stream,
                plugin,
                "the batch that failed is not recorded: it has {bytes} bytes, {MOST_BYTES} may be"
            );
            return;
        }
        let recording = Recording {
            run_id: self.run_id.clone(),
            stream: self.stream.clone(),
            plugin: self.stage.plugin.clone(),
            version: self.stage.version.clone(),
            digest: self.stage.digest.clone(),
            component: self.stage.path.display().to_string(),
            batch: call.batch,
            rows: rows.num_rows() as u64,
            failure: failure.to_string(),
        };
        let input = RecordedCall {
            key: &self.key,
            change_key: self.change_key.as_deref(),
            on_trap: self.on_trap,
            settings: &self.stage.settings,
            rows,
        };
        match record(&self.folder, &recording, &input) {
            Ok(()) => tracing::info!(stream, plugin, "the batch that failed is recorded: {}", self.folder.display()),
            Err(error) => tracing::warn!(stream, plugin, "the batch that failed is not recorded: {error}"),
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
        if self.is_recorded || call.is_probe {
            return self.transform.process(rows, call);
        }
        let made = self.transform.process(rows.clone(), call);
        if let Err(failure) = &made
            && failure.kind != FailureKind::Cancelled
        {
            self.record(&rows, call, failure);
        }
        made
    }
}
