//! The output of `schedule list`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_runtime::serve::{Due, ScheduleState, Schedules};

use super::moment;

/// The schedules of a pipeline.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SchedulesDocument {
    /// The pipeline's name.
    pipeline: String,
    /// The time since which no scheduled run begins on this machine, UTC; null if it is not paused.
    paused_since: Option<String>,
    /// The schedules.
    schedules: Vec<ScheduleDocument>,
}

/// A schedule.
#[derive(Debug, Serialize, JsonSchema)]
struct ScheduleDocument {
    /// The cron line.
    line: String,
    /// The time zone by whose clock it is read.
    zone: String,
    /// The streams that run by it.
    streams: Vec<String>,
    /// The next time at which it is due, UTC; null if there is none.
    next_due: Option<String>,
    /// The last due times that were decided on this machine, the newest first.
    last: Vec<DueDocument>,
}

/// A due time.
#[derive(Debug, Serialize, JsonSchema)]
struct DueDocument {
    /// The time, UTC.
    due: String,
    /// Its fate: `running`, `ended`, `skipped`, `elsewhere` or `lost`.
    status: &'static str,
    /// The id of its run; null if it has none.
    run_id: Option<String>,
    /// The number of the run for this time, from 1; 0 if it has none.
    attempt: u32,
    /// The exit code of its run; null if it has not ended by itself.
    exit_code: Option<u8>,
    /// The reason why it has no run, or why the run failed; null if there is nothing to say.
    note: Option<String>,
}

impl From<&Schedules> for SchedulesDocument {
    fn from(state: &Schedules) -> Self {
        Self {
            pipeline: state.pipeline.clone(),
            paused_since: state.paused_since.map(moment),
            schedules: state.schedules.iter().map(Into::into).collect(),
        }
    }
}

impl From<&ScheduleState> for ScheduleDocument {
    fn from(schedule: &ScheduleState) -> Self {
        Self {
            line: schedule.line.clone(),
            zone: schedule.zone.clone(),
            streams: schedule.streams.clone(),
            next_due: schedule.next_due.map(moment),
            last: schedule.last.iter().map(Into::into).collect(),
        }
    }
}

impl From<&Due> for DueDocument {
    fn from(due: &Due) -> Self {
        Self {
            due: moment(due.due),
            status: due.status.name(),
            run_id: Some(due.run_id.clone()).filter(|run_id| !run_id.is_empty()),
            attempt: due.attempt,
            exit_code: due.exit_code,
            note: due.note.clone(),
        }
    }
}
