//! The exit codes of the process. The numbers are part of the interface and are listed by `wmshost --help`.

use std::process::ExitCode;

pub(crate) use wmshost_flow::Exit;
use wmshost_flow::{Failure, StreamSummary, failure_policy};
use wmshost_runtime::Error;
use wmshost_runtime::history::RunStatus;
use wmshost_runtime::models::{ModelsComparison, ModelsOutcome};
use wmshost_runtime::run::run_status;
use wmshost_runtime::verify::VerifyOutcome;

/// The exit code as the operating system gets it.
pub(crate) fn code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}

/// The exit code after an error that no command handled.
pub(crate) fn of_error(error: &Error) -> Exit {
    match error {
        Error::Failure(failure) => of_failure(failure),
        Error::Stream(at) => of_failure(&at.failure),
        Error::Pipeline(_) | Error::Models(_) => Exit::Configuration,
        Error::File { .. } => Exit::Failed,
    }
}

/// The exit code after a failure.
pub(crate) fn of_failure(failure: &Failure) -> Exit {
    failure_policy(failure).exit
}

/// The exit code after a run, by its streams.
pub(crate) fn of_streams(ends: &[StreamSummary]) -> Exit {
    let failures = || ends.iter().filter_map(|end| end.failure.as_ref());
    let misconfigured = failures().any(|at| at.batch.is_none() && of_failure(&at.failure) == Exit::Configuration);
    let busy = failures().any(|at| of_failure(&at.failure) == Exit::Busy);
    match run_status(ends) {
        RunStatus::Failed if misconfigured => Exit::Configuration,
        RunStatus::Failed if busy => Exit::Busy,
        RunStatus::Failed => Exit::Failed,
        RunStatus::Cancelled => Exit::Cancelled,
        RunStatus::Rejected => Exit::Rejected,
        _ => Exit::Success,
    }
}

/// The exit code after a comparison of source and target.
pub(crate) fn of_verify(outcome: &VerifyOutcome) -> Exit {
    if outcome.is_cancelled {
        return Exit::Cancelled;
    }
    if outcome.failures().any(|at| of_failure(&at.failure) == Exit::Busy) {
        return Exit::Busy;
    }
    if outcome.is_in_order() { Exit::Success } else { Exit::Failed }
}

/// The exit code after models were built.
pub(crate) fn of_models(outcome: &ModelsOutcome) -> Exit {
    match (outcome.is_cancelled, outcome.report.has_failed()) {
        (true, _) => Exit::Cancelled,
        (false, true) => Exit::Failed,
        (false, false) => Exit::Success,
    }
}

/// The exit code after two builds were compared.
pub(crate) fn of_comparison(comparison: &ModelsComparison) -> Exit {
    match (comparison.is_cancelled, comparison.is_equal()) {
        (true, _) => Exit::Cancelled,
        (false, true) => Exit::Success,
        (false, false) => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use wmshost_flow::{FailureKind, Stage, StreamFailure, StreamStats, StreamStatus};

    use super::*;

    fn failing(kind: FailureKind, batch: Option<u64>) -> StreamFailure {
        StreamFailure { stream: "s".to_owned(), stage: Stage::Load, batch, failure: Failure::new(kind, "why") }
    }

    fn ended(status: StreamStatus, failure: Option<StreamFailure>) -> StreamSummary {
        StreamSummary {
            stream: "s".to_owned(),
            status,
            stats: StreamStats::default(),
            seconds: 0.0,
            bookmark: None,
            columns: None,
            schema_changes: Vec::new(),
            definition_changes: Vec::new(),
            comparison: None,
            proof: None,
            failure,
        }
    }

    #[test]
    fn the_numbers_are_those_of_the_help() {
        let all = [Exit::Success, Exit::Failed, Exit::Configuration, Exit::Busy, Exit::Rejected, Exit::Cancelled];
        assert_eq!(all.map(|exit| exit as u8), [0, 1, 2, 3, 4, 130]);
    }

    #[test]
    fn each_kind_of_failure_has_an_exit_code_wherever_it_is_found() {
        for (kind, exit) in [
            (FailureKind::InvalidConfig, Exit::Configuration),
            (FailureKind::Denied, Exit::Configuration),
            (FailureKind::Busy, Exit::Busy),
            (FailureKind::Cancelled, Exit::Cancelled),
            (FailureKind::Transient, Exit::Failed),
            (FailureKind::Permanent, Exit::Failed),
        ] {
            assert_eq!(of_failure(&Failure::new(kind, "why")), exit, "{kind:?}");
            assert_eq!(of_error(&Failure::new(kind, "why").into()), exit, "{kind:?}");
            assert_eq!(of_error(&failing(kind, None).into()), exit, "{kind:?}");
        }
        let missing = wmshost_pipeline::load(Path::new("/nowhere/pipeline.toml"), &|_: &str| None);
        assert_eq!(of_error(&missing.expect_err("mistakes").into()), Exit::Configuration);
    }

    #[test]
    fn a_run_ends_with_the_code_of_its_worst_stream() {
        use StreamStatus::{Cancelled, Failed, NotRun, Rejected, Succeeded};
        let failed = |kind, batch| ended(Failed, Some(failing(kind, batch)));
        let done = || ended(Succeeded, None);
        for (ends, exit) in [
            (vec![done()], Exit::Success),
            (vec![done(), ended(Rejected, None)], Exit::Rejected),
            (vec![ended(Rejected, None), ended(Cancelled, None)], Exit::Cancelled),
            (vec![done(), failed(FailureKind::Permanent, None)], Exit::Failed),
            (vec![done(), failed(FailureKind::Busy, Some(3))], Exit::Busy),
            (vec![failed(FailureKind::Busy, None), failed(FailureKind::Denied, None)], Exit::Configuration),
            // Once batches were committed it is no mistake that kept everything from being written.
            (vec![failed(FailureKind::InvalidConfig, Some(2))], Exit::Failed),
            (vec![ended(NotRun, None), failed(FailureKind::InvalidConfig, None)], Exit::Configuration),
        ] {
            assert_eq!(of_streams(&ends), exit, "{ends:?}");
        }
    }
}
