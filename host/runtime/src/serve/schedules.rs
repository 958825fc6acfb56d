//! The schedules of a pipeline, for a person: when each is due next, and what became of its last due time.

use wmshost_flow::{Failure, Micros};
use wmshost_pipeline::Resolved;

use super::book::{Book, Due, UnitKey};
use super::units::units;
use crate::runtime::Runtime;

/// A schedule.
#[derive(Debug, Clone)]
pub struct ScheduleState {
    /// The cron line.
    pub line: String,
    /// The zone by whose clock it is read.
    pub zone: String,
    /// The streams that run by it.
    pub streams: Vec<String>,
    /// The next time at which it is due, UTC; `None` if there is none.
    pub next_due: Option<Micros>,
    /// The last due times that were decided on this machine, the newest first.
    pub last: Vec<Due>,
}

/// The schedules of a pipeline.
#[derive(Debug, Clone)]
pub struct Schedules {
    /// The pipeline's name.
    pub pipeline: String,
    /// The time since which it is paused, UTC; `None` if it is not.
    pub paused_since: Option<Micros>,
    /// Its schedules.
    pub schedules: Vec<ScheduleState>,
}

/// Returns the schedules of a pipeline. Nothing is written.
pub fn schedules(runtime: &Runtime, pipeline: &Resolved) -> Result<Schedules, Failure> {
    let file = runtime.data_dir.schedules();
    let book = if file.exists() { Some(Book::open(&file)?) } else { None };
    let now = runtime.clock.now();
    let last = |unit: &UnitKey| book.as_ref().map_or(Ok(Vec::new()), |book| book.newest(unit, now, 5));
    let state = |served: super::units::ServedUnit| {
        Ok(ScheduleState {
            next_due: served.unit.line.next_after(now, &served.unit.zone),
            zone: served.unit.zone.iana_name().unwrap_or("UTC").to_owned(),
            last: last(&served.unit.key)?,
            line: served.unit.key.line,
            streams: served.streams,
        })
    };
    let schedules = units(pipeline).into_iter().map(state).collect::<Result<_, Failure>>()?;
    let paused_since = book.as_ref().map_or(Ok(None), |book| book.paused_since(&pipeline.name))?;
    Ok(Schedules { pipeline: pipeline.name.clone(), paused_since, schedules })
}

/// Has no scheduled run of a pipeline begin on this machine until it is resumed.
pub fn pause(runtime: &Runtime, pipeline: &Resolved) -> Result<(), Failure> {
    Book::open(&runtime.data_dir.schedules())?.pause(&pipeline.name, runtime.clock.now())
}

/// Lets scheduled runs of a pipeline begin again.
pub fn resume(runtime: &Runtime, pipeline: &Resolved) -> Result<(), Failure> {
    Book::open(&runtime.data_dir.schedules())?.resume(&pipeline.name)
}
