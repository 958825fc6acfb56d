//! The output of `status`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_flow::LeaseView;
use wmshost_runtime::status::{PipelineState, StreamState};

use super::moment;

/// The state of a pipeline.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StatusDocument {
    /// The pipeline's name.
    pipeline: String,
    /// True if no stream needs a person.
    healthy: bool,
    /// The streams, in the order of the pipeline file.
    streams: Vec<StreamStateDocument>,
}

/// The state of a stream.
#[derive(Debug, Serialize, JsonSchema)]
struct StreamStateDocument {
    /// The stream's name.
    stream: String,
    /// The verdict: `fresh`, `running`, `late`, `rejected`, `failed`, `never loaded`, `disabled` or `unknown`.
    state: &'static str,
    /// The time since the last run that left the target up to date, in seconds; null if there was none.
    age_seconds: Option<u64>,
    /// The longest time that may pass, in seconds; null if the pipeline names none.
    max_age_seconds: Option<u64>,
    /// The time through which its table is verified, UTC: `verify`, or the receipt of a run that read the whole source, has
    /// found it equal to the source as of then or later; null if neither has.
    verified_through: Option<String>,
    /// The outcome of its last run; null if none is recorded in the target.
    last_run: Option<LastRunDocument>,
    /// The change key up to which it was read, as text; null if it is not read by one.
    watermark: Option<String>,
    /// The number of its rows in quarantine.
    quarantined: u64,
    /// The run that holds it now; null if there is none.
    holder: Option<HolderDocument>,
    /// The reason for the verdict; null if it speaks for itself.
    reason: Option<String>,
}

/// The outcome of a stream's last run.
#[derive(Debug, Serialize, JsonSchema)]
struct LastRunDocument {
    /// The run's id.
    run_id: String,
    /// The status of the stream in it.
    status: String,
    /// The time at which it ended, UTC.
    ended_at: String,
}

/// A run that holds a stream.
#[derive(Debug, Serialize, JsonSchema)]
struct HolderDocument {
    /// The run's id.
    run_id: String,
    /// The machine of its process.
    machine: String,
    /// The id of its process there.
    process: u32,
    /// The time since it was last seen, in seconds.
    seconds_since_renewal: u64,
}

impl From<&PipelineState> for StatusDocument {
    fn from(state: &PipelineState) -> Self {
        Self {
            pipeline: state.pipeline.clone(),
            healthy: state.is_healthy(),
            streams: state.streams.iter().map(Into::into).collect(),
        }
    }
}

impl From<&StreamState> for StreamStateDocument {
    fn from(stream: &StreamState) -> Self {
        Self {
            stream: stream.stream.clone(),
            state: stream.health.name(),
            age_seconds: stream.age.map(|age| age.as_secs()),
            max_age_seconds: stream.max_age.map(|age| age.as_secs()),
            verified_through: stream.verified_through.map(moment),
            last_run: stream.last_run.as_ref().map(|last| LastRunDocument {
                run_id: last.run_id.clone(),
                status: last.status.clone(),
                ended_at: moment(last.ended_at),
            }),
            watermark: stream.watermark.as_ref().map(ToString::to_string),
            quarantined: stream.quarantined,
            holder: stream.holder.as_ref().map(Into::into),
            reason: stream.reason.clone(),
        }
    }
}

impl From<&LeaseView> for HolderDocument {
    fn from(lease: &LeaseView) -> Self {
        let LeaseView { run_id, machine, process, seconds_since_renewal } = lease.clone();
        Self { run_id, machine, process, seconds_since_renewal }
    }
}
