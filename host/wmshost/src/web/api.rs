//! The replies of the routes.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use wmshost_flow::FailureKind;
use wmshost_pipeline::Resolved;
use wmshost_runtime::history::{RunFilter, RunParts, RunRecord};
use wmshost_runtime::receipts::{self, RunReceipt};
use wmshost_runtime::serve;
use wmshost_runtime::{Error, Result as Outcome};

use super::Site;
use super::exchange::{Call, Refusal, Reply};
use crate::report::documents::api::{OrderedRunDocument, PausedDocument, ServedPipelineDocument, ServedRunDocument};
use crate::report::documents::runs::{RunRecordDocument, ShownRunDocument};
use crate::report::documents::schedule::SchedulesDocument;
use crate::report::documents::status::StatusDocument;

/// The runs that a list has if no number is named.
const USUAL_LIMIT: u32 = 50;
const MOST_LIMIT: u32 = 1_000;
/// The most bytes of a log that are sent: its end.
const MOST_LOG: u64 = 8 << 20;

type Answer = Result<Reply, Refusal>;

pub(super) fn failed(error: impl Into<Error>) -> Refusal {
    Refusal(500, error.into().to_string())
}

pub(super) fn no_pipeline(name: &str) -> Refusal {
    Refusal(404, format!("no pipeline {name} is served; /api/v1/pipelines lists those that are"))
}

pub(super) fn health(_: &Site, _: &Call<'_>) -> Answer {
    Ok(Reply::Body(200, "text/plain", b"ok\n".to_vec()))
}

pub(super) fn events(_: &Site, _: &Call<'_>) -> Answer {
    Ok(Reply::Feed)
}

pub(super) fn pipelines(site: &Site, _: &Call<'_>) -> Answer {
    let served = site.handle.pipelines();
    Ok(Reply::json(200, &served.iter().map(ServedPipelineDocument::from).collect::<Vec<_>>()))
}

pub(super) fn status(site: &Site, call: &Call<'_>) -> Answer {
    let state = site.state(call.name()).ok_or_else(|| no_pipeline(call.name()))?;
    Ok(Reply::json(200, &StatusDocument::from(&*state)))
}

pub(super) fn schedules(site: &Site, call: &Call<'_>) -> Answer {
    let pipeline = site.handle.pipeline(call.name()).ok_or_else(|| no_pipeline(call.name()))?;
    let schedules = serve::schedules(site.handle.runtime(), &pipeline).map_err(failed)?;
    Ok(Reply::json(200, &SchedulesDocument::from(&schedules)))
}

pub(super) fn run(site: &Site, call: &Call<'_>) -> Answer {
    let pipeline = site.handle.pipeline(call.name()).ok_or_else(|| no_pipeline(call.name()))?;
    let streams: Vec<String> = call.parameter("stream").map(str::to_owned).into_iter().collect();
    let run_id = ordered(site, &pipeline, &streams)?;
    Ok(Reply::json(202, &OrderedRunDocument { run_id }))
}

/// Has these streams of a pipeline run, or all; returns the id of the run.
pub(super) fn ordered(site: &Site, pipeline: &Resolved, streams: &[String]) -> Result<String, Refusal> {
    site.handle.run(pipeline, streams).map_err(|error| {
        let status = match &error {
            Error::Failure(failure) if failure.kind == FailureKind::Busy => 409,
            Error::Failure(failure) if failure.kind == FailureKind::Transient => 503,
            _ => 400,
        };
        Refusal(status, error.to_string())
    })
}

pub(super) fn pause(site: &Site, call: &Call<'_>) -> Answer {
    paused(site, call, true)
}

pub(super) fn resume(site: &Site, call: &Call<'_>) -> Answer {
    paused(site, call, false)
}

fn paused(site: &Site, call: &Call<'_>, is_paused: bool) -> Answer {
    let pipeline = site.handle.pipeline(call.name()).ok_or_else(|| no_pipeline(call.name()))?;
    let change = if is_paused { serve::pause } else { serve::resume };
    change(site.handle.runtime(), &pipeline).map_err(failed)?;
    Ok(Reply::json(200, &PausedDocument { pipeline: pipeline.name.clone(), paused: is_paused }))
}

pub(super) fn running(site: &Site, _: &Call<'_>) -> Answer {
    let running = site.handle.running();
    Ok(Reply::json(200, &running.iter().map(ServedRunDocument::of).collect::<Vec<_>>()))
}

pub(super) fn runs(site: &Site, call: &Call<'_>) -> Answer {
    let limit = match call.parameter("limit") {
        None => USUAL_LIMIT,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=MOST_LIMIT).contains(limit))
            .ok_or_else(|| Refusal(400, format!("`limit` is not a number from 1 to {MOST_LIMIT}")))?,
    };
    let pipeline = call.parameter("pipeline").map(str::to_owned);
    let filter = RunFilter { pipeline, limit: Some(limit), ..RunFilter::default() };
    let list = || -> Outcome<Vec<RunRecord>> { Ok(site.handle.runtime().history()?.list(&filter)?) };
    let runs = list().map_err(failed)?;
    Ok(Reply::json(200, &runs.iter().map(RunRecordDocument::from).collect::<Vec<_>>()))
}

/// The run with this id.
pub(super) fn the_run(site: &Site, id: &str) -> Result<RunRecord, Refusal> {
    let find = || -> Outcome<Option<RunRecord>> { Ok(site.handle.runtime().history()?.run(id)?) };
    let found = find().map_err(failed)?;
    found.ok_or_else(|| Refusal(404, format!("the history has no run {id}; /api/v1/runs lists those it has")))
}

pub(super) fn shown_run(site: &Site, call: &Call<'_>) -> Answer {
    let run = the_run(site, call.name())?;
    Ok(Reply::json(200, &ShownRunDocument::of(&run, &parts(site, &run)?, the_receipt(site, &run)?.as_ref())))
}

/// The receipt of a run.
pub(super) fn the_receipt(site: &Site, run: &RunRecord) -> Result<Option<RunReceipt>, Refusal> {
    site.handle.runtime().run_receipt(run).map_err(failed)
}

/// The parts of a run.
pub(super) fn parts(site: &Site, run: &RunRecord) -> Result<RunParts, Refusal> {
    site.handle.runtime().run_parts(&run.run_id).map_err(failed)
}

pub(super) fn log(site: &Site, call: &Call<'_>) -> Answer {
    let run = the_run(site, call.name())?;
    Ok(Reply::Body(200, "application/x-ndjson", end_of_log(site, &run.run_id, MOST_LOG)?))
}

pub(super) fn receipt(site: &Site, call: &Call<'_>) -> Answer {
    let run = the_run(site, call.name())?;
    let found = the_receipt(site, &run)?.ok_or_else(|| Refusal(404, format!("run {} has no receipt", run.run_id)))?;
    let (_, text) = receipts::read(&found.file).map_err(failed)?;
    Ok(Reply::Body(200, "application/json", text.into_bytes()))
}

/// The end of a run's log, at most this number of bytes.
pub(super) fn end_of_log(site: &Site, run_id: &str, most: u64) -> Result<Vec<u8>, Refusal> {
    let log = File::open(site.handle.runtime().data_dir.log(run_id)).and_then(|log| end_of(log, most));
    log.map_err(|_| Refusal(404, format!("run {run_id} has no log")))
}

/// Reads the end of a file, at most this number of bytes, of which only whole lines.
fn end_of(mut file: impl Read + Seek, most: u64) -> io::Result<Vec<u8>> {
    let cut = file.seek(SeekFrom::End(0))?.saturating_sub(most);
    let mut bytes = Vec::new();
    // From the byte before, which is the end of a line if the first byte begins one.
    file.seek(SeekFrom::Start(cut.saturating_sub(1)))?;
    file.take(most + 1).read_to_end(&mut bytes)?;
    if cut > 0 {
        let line = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
        bytes.drain(..line);
    }
    Ok(bytes)
}

pub(super) fn cancel(site: &Site, call: &Call<'_>) -> Answer {
    let run_id = call.name().to_owned();
    match site.handle.cancel(&run_id).map_err(failed)? {
        true => Ok(Reply::json(202, &OrderedRunDocument { run_id })),
        false => {
            Err(Refusal(404, format!("no run {run_id} of this server goes on; /api/v1/running lists those that do")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_log_has_whole_lines_only() {
        let log = "one\ntwo\nthree\n";
        let end = |most| String::from_utf8(end_of(io::Cursor::new(log), most).unwrap()).unwrap();
        for (most, expected) in [
            (100, "one\ntwo\nthree\n"),
            (14, "one\ntwo\nthree\n"),
            (13, "two\nthree\n"),
            (10, "two\nthree\n"),
            (9, "three\n"),
            (5, ""),
        ] {
            assert_eq!(end(most), expected, "{most}");
        }
    }
}
