//! Schedulers of several machines, on one target: each run is begun under a lease there, and the outcome of each stream's
//! last run is there, too. The scheduler that comes second waits for the lease and then finds the due time done, or, if
//! the first one has died, begins the run itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wmshost_flow::{CLOCK_TOLERANCE, Failure, FailureKind, LastRun, LastRuns, Lease, Micros, SqlSession, StreamStatus};
use wmshost_pipeline::{Resolved, StreamPlan};

use super::book::UnitKey;
use crate::assembly::connect;
use crate::process::{is_dead, this_process};
use crate::run_id::run_id_start;
use crate::runtime::Runtime;

/// The way in which a due run may go on.
pub(super) enum Passage {
    /// It begins here, under this hold.
    Here(Hold),
    /// Another machine has done it, by this run.
    Done(String),
    /// Another machine or another run may be at it, for this reason: it has to wait.
    Held(String),
}

/// The right to run a unit, and the time at which it was renewed.
pub(super) struct Hold(Option<(Lease, Box<dyn SqlSession>, Instant)>);

impl Hold {
    /// No right, where there is no target to ask for one.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Keeps the right for longer, if it was not renewed for this time. A target that cannot be reached costs at most the
    /// right.
    pub(super) fn renew_after(&mut self, interval: Duration) {
        let Some((lease, session, renewed_at)) = &mut self.0 else { return };
        if renewed_at.elapsed() < interval {
            return;
        }
        *renewed_at = Instant::now();
        if let Err(failure) = lease.renew_now(session.as_mut()) {
            tracing::warn!(pipeline = lease.pipeline, "the lease of a schedule was not renewed: {failure}");
        }
    }

    /// Releases the right.
    pub(super) fn release(self) {
        if let Some((lease, mut session, _)) = self.0
            && let Err(failure) = lease.release_now(session.as_mut())
        {
            tracing::warn!(pipeline = lease.pipeline, "the lease of a schedule was not released: {failure}");
        }
    }
}

/// The run that has done what was due at a time: one that began then or later ended for each stream. A run that was
/// stopped has done nothing, and one of the future was begun by a clock that was wrong.
pub(super) fn done_by(last_runs: &[LastRun], streams: &[&str], due: Micros, now: Micros) -> Option<String> {
    let of = |stream: &&str| last_runs.iter().find(|last| last.stream == *stream);
    let is_done = |last: &LastRun| {
        let start = run_id_start(&last.run_id);
        last.status != StreamStatus::Cancelled.name()
            && start.is_some_and(|start| (due..=now + CLOCK_TOLERANCE).contains(&start))
    };
    let newest = streams.iter().filter_map(of).map(|last| &last.run_id).max()?;
    streams.iter().all(|stream| of(stream).is_some_and(is_done)).then(|| newest.clone())
}

/// Asks the target of these streams whether a due run may begin here. Where it does not exist yet, or cannot be reached,
/// the run begins and finds that out itself.
pub(super) fn enter(
    runtime: &Runtime,
    (pipeline, plans): (&Resolved, &[&StreamPlan]),
    (unit, due, run_id): (&UnitKey, Micros, &str),
) -> Passage {
    match try_enter(runtime, (pipeline, plans), (unit, due, run_id)) {
        Ok(passage) => passage,
        Err(failure) if failure.kind == FailureKind::Busy => Passage::Held(failure.to_string()),
        Err(failure) => {
            tracing::warn!(pipeline = unit.pipeline, "the target was not asked for runs of other machines: {failure}");
            Passage::Here(Hold::none())
        }
    }
}

fn try_enter(
    runtime: &Runtime,
    (pipeline, plans): (&Resolved, &[&StreamPlan]),
    (unit, due, run_id): (&UnitKey, Micros, &str),
) -> Result<Passage, Failure> {
    let Some(first) = plans.first() else { return Ok(Passage::Here(Hold::none())) };
    if connect::stream_reader(pipeline, first)?.is_none() {
        return Ok(Passage::Here(Hold::none()));
    }
    let connection = connect::stream_target(pipeline, first)?;
    let mut session = connect::target(&first.target, connection, 1, Arc::clone(&runtime.clock))?.sql()?;
    let line = blake3::hash(unit.line.as_bytes()).to_hex();
    let lease = Lease {
        pipeline: unit.pipeline.clone(),
        stream: format!("(schedule {})", &line[..16]),
        run_id: run_id.to_owned(),
        holder: this_process(),
    };
    lease.take(session.as_mut(), &is_dead)?;
    // Streams of other targets have their outcomes there; what is in the first one decides.
    let here: Vec<&str> =
        plans.iter().filter(|plan| plan.target == first.target).map(|plan| plan.name.as_str()).collect();
    // A run by hand may hold a stream: it has read what was committed when it began, so that the due run comes after it.
    let are_free = here.iter().try_for_each(|stream| {
        Lease { stream: (*stream).to_owned(), ..lease.clone() }.check(session.as_mut(), &is_dead)
    });
    let last_runs = are_free.and_then(|()| LastRuns { pipeline: &unit.pipeline }.read(session.as_mut()));
    let hold = Hold(Some((lease, session, Instant::now())));
    let last_runs = match last_runs {
        Ok(last_runs) => last_runs,
        Err(failure) => {
            hold.release();
            return Err(failure);
        }
    };
    if let Some(run) = done_by(&last_runs, &here, due, runtime.clock.now()) {
        hold.release();
        return Ok(Passage::Done(run));
    }
    Ok(Passage::Here(hold))
}
