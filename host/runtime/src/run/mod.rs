//! Running streams: recorded in the history, retried after a failure that may pass.
//!
//! | module | what it is for |
//! |---|---|
//! | `outcome` | the outcome of a run, summed over its attempts |
//! | `retry` | the decision to retry, and the pauses before |
//! | `stream_runner` | streams run to their end |
//! | `pipeline_run` | a run of a pipeline: its streams, then its models |

mod outcome;
mod pipeline_run;
mod retry;
mod stream_runner;

pub use outcome::{RunOutcome, run_status};
pub(crate) use outcome::{ended_well, not_opened, summed};
pub use pipeline_run::{LoadOptions, PipelineRun};
pub(crate) use stream_runner::StreamRunner;
