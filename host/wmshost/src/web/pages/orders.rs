//! The orders that forms send. Each leads to the page that shows what becomes of it.

use wmshost_pipeline::Resolved;
use wmshost_runtime::history::{RunKind, RunParts, RunRecord, RunStatus};

use super::{Answer, Visit};
use crate::web::api::{self, no_pipeline};
use crate::web::exchange::{Refusal, Reply};

/// Runs a pipeline, or one of its streams.
pub(super) fn run(visit: &Visit<'_>) -> Answer {
    let streams: Vec<String> = visit.call.parameter("stream").map(str::to_owned).into_iter().collect();
    run_these(visit, visit.call.name(), &streams)
}

fn run_these(visit: &Visit<'_>, pipeline: &str, streams: &[String]) -> Answer {
    let pipeline = visit.site.handle.pipeline(pipeline).ok_or_else(|| no_pipeline(pipeline))?;
    let run_id = api::ordered(visit.site, &pipeline, streams)?;
    Ok(lead(format!("/runs/{run_id}")))
}

pub(super) fn pause(visit: &Visit<'_>) -> Answer {
    api::pause(visit.site, &visit.call).map(|_| lead("/".to_owned()))
}

pub(super) fn resume(visit: &Visit<'_>) -> Answer {
    api::resume(visit.site, &visit.call).map(|_| lead("/".to_owned()))
}

pub(super) fn cancel(visit: &Visit<'_>) -> Answer {
    api::cancel(visit.site, &visit.call).map(|_| lead(format!("/runs/{}", visit.call.name())))
}

/// Runs again what failed in a run.
pub(super) fn restart(visit: &Visit<'_>) -> Answer {
    let run = api::the_run(visit.site, visit.call.name())?;
    let parts = api::parts(visit.site, &run)?;
    let nothing = || Refusal(409, format!("nothing of run {} can be run again: it is no run that failed", run.run_id));
    let mut streams = restarted(&run, &parts).ok_or_else(nothing)?;
    // A stream that the pipeline has no longer is not asked for.
    if let Some(pipeline) = visit.site.handle.pipeline(&run.pipeline) {
        let is_named = !streams.is_empty();
        streams.retain(|stream| is_of(&pipeline, stream));
        // Without a name, all streams would run.
        if is_named && streams.is_empty() {
            return Err(nothing());
        }
    }
    run_these(visit, &run.pipeline, &streams)
}

fn is_of(pipeline: &Resolved, stream: &str) -> bool {
    pipeline.streams.iter().any(|plan| plan.name == stream)
}

/// The streams to run again after a run that did not succeed: those that did not, or all (none is named) if none was recorded.
/// `None` if there is nothing to run again.
pub(super) fn restarted(run: &RunRecord, parts: &RunParts) -> Option<Vec<String>> {
    let is_over = !matches!(run.status, RunStatus::Running | RunStatus::Succeeded);
    if run.kind != RunKind::Run || !is_over {
        return None;
    }
    let unfinished = parts.streams.iter().filter(|end| !["succeeded", "unchanged"].contains(&end.status.as_str()));
    Some(unfinished.map(|end| end.stream.clone()).collect())
}

fn lead(to: String) -> Reply {
    Reply::Lead(to, None)
}
