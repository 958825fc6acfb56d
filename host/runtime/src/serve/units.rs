//! The units of a pipeline: its streams by the line that they are due by.

use std::collections::BTreeMap;

use wmshost_pipeline::{CronLine, Resolved, StreamPlan};

use super::book::UnitKey;
use super::scheduler::Unit;

/// A unit with the streams that run together.
#[derive(Debug, Clone)]
pub(super) struct ServedUnit {
    /// The unit with its schedule.
    pub(super) unit: Unit,
    /// The names of its streams.
    pub(super) streams: Vec<String>,
    /// True if these are all streams of the pipeline.
    pub(super) is_whole: bool,
}

/// The units of a pipeline; none if it has no schedule.
pub(super) fn units(pipeline: &Resolved) -> Vec<ServedUnit> {
    let enabled: Vec<&StreamPlan> = pipeline.streams.iter().filter(|plan| plan.enabled).collect();
    let mut of_line: BTreeMap<String, (&CronLine, Vec<String>)> = BTreeMap::new();
    for plan in &enabled {
        if let Some(line) = plan.schedule.as_ref().or(pipeline.schedule.line.as_ref()) {
            of_line.entry(line.to_string()).or_insert((line, Vec::new())).1.push(plan.name.clone());
        }
    }
    let unit = |(text, (line, streams)): (String, (&CronLine, Vec<String>))| ServedUnit {
        unit: Unit {
            key: UnitKey { pipeline: pipeline.name.clone(), line: text },
            line: line.clone(),
            zone: pipeline.schedule.zone.clone(),
            jitter: pipeline.schedule.jitter,
            misfire: pipeline.schedule.misfire,
        },
        is_whole: streams.len() == enabled.len(),
        streams,
    };
    of_line.into_iter().map(unit).collect()
}
