//! Windows of a stream, which `wmshost backfill` reads again: each has a checkpoint of its own.

use std::sync::Arc;

use wmshost_flow::{Failure, Lease, Ledger, SqlSession, Window};
use wmshost_pipeline as pipeline;

use super::connect;
use super::stream_factory::{StreamFactory, checkpoint_name};
use crate::process::{is_dead, this_process};

impl StreamFactory<'_> {
    /// Forgets that windows of a stream were done, all of them in one transaction: after an interruption the same
    /// command goes on with the rest.
    pub fn forget_windows(&self, stream: &pipeline::Stream, windows: &[Window]) -> Result<(), Failure> {
        let plan = &stream.plan;
        let target =
            connect::target(&plan.target, &self.pipeline.connections[&plan.target], 1, Arc::clone(&self.clock))?;
        let lease = Lease {
            pipeline: self.pipeline.name.clone(),
            stream: plan.name.clone(),
            run_id: self.run_id.clone(),
            holder: this_process(),
        };
        let ledger = Ledger { pipeline: &self.pipeline.name };
        let mut session = target.sql()?;
        let act = |session: &mut dyn SqlSession| {
            for window in windows {
                let name = checkpoint_name(&plan.name, window);
                let last = ledger.last_readable(session, &name)?;
                let is_reset = matches!(&last, Some(Ok(entry)) if entry.checkpoint.is_none());
                if last.is_some() && !is_reset {
                    ledger.reset(session, &name, "by wmshost backfill --again", &self.run_id)?;
                }
            }
            Ok(())
        };
        lease
            .act(session.as_mut(), &is_dead, act)
            .map_err(|failure| failure.within(format_args!("stream {}", plan.name)))
    }
}
