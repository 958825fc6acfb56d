//! The time through which a stream's table is verified, which moves when the whole table was found equal to its source.

use wmshost_flow::{Micros, SqlSession, Verified, VerifiedMarks};
use wmshost_pipeline::StreamPlan;

use crate::assembly::{StreamFactory, connect};

/// Moves the marks of these streams to the times before which their sources were not opened.
pub(crate) fn record<'a>(factory: &StreamFactory<'_>, verified: impl Iterator<Item = (&'a StreamPlan, Micros)>) {
    let pipeline = factory.pipeline;
    let marks = verified.map(|(plan, through)| {
        let mark = Verified { stream: plan.name.clone(), run_id: factory.run_id.clone(), through };
        (plan.target.as_str(), mark)
    });
    let record =
        |sql: &mut dyn SqlSession, marks: &[Verified]| VerifiedMarks { pipeline: &pipeline.name }.record(sql, marks);
    connect::record_in_targets(&pipeline.connections, &factory.clock, marks, ("the verified times of streams", record));
}
