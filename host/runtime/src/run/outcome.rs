//! The outcome of a run, summed over the attempts of its streams.

use std::collections::BTreeMap;

use wmshost_flow::{Failure, Stage, StreamFailure, StreamStats, StreamStatus, StreamSummary};

use crate::history::RunStatus;
use crate::receipts::WrittenReceipt;

/// The outcome of a run.
#[derive(Debug, Clone)]
pub struct RunOutcome {
    /// The run's id.
    pub run_id: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// The pipeline file, as it was named.
    pub file: String,
    /// The status of the run as a whole.
    pub status: RunStatus,
    /// The duration in seconds.
    pub seconds: f64,
    /// The streams, each summed over its attempts.
    pub streams: Vec<StreamSummary>,
    /// The number of calls of plugins that were denied, by stream; streams without any are left out.
    pub denials: BTreeMap<String, u64>,
    /// The receipt; `None` if the pipeline leaves none.
    pub receipt: Option<WrittenReceipt>,
}

/// The status of a run by the summaries of its streams.
pub fn run_status(ends: &[StreamSummary]) -> RunStatus {
    let any = |status| ends.iter().any(|end| end.status == status);
    if any(StreamStatus::Failed) || any(StreamStatus::NotRun) {
        RunStatus::Failed
    } else if any(StreamStatus::Cancelled) {
        RunStatus::Cancelled
    } else if any(StreamStatus::Rejected) {
        RunStatus::Rejected
    } else {
        RunStatus::Succeeded
    }
}

/// True if a stream left its target up to date.
pub(crate) fn ended_well(end: &StreamSummary) -> bool {
    run_status(std::slice::from_ref(end)) == RunStatus::Succeeded
}

/// The failure of a stream whose connection could not be opened.
pub(crate) fn not_opened(stream: &str, failure: Failure) -> StreamFailure {
    StreamFailure { stream: stream.to_owned(), stage: Stage::Extract, batch: None, failure }
}

/// The summary of a stream whose connection could not be opened.
pub(crate) fn failed_to_open(stream: &str, failure: &Failure) -> StreamSummary {
    StreamSummary {
        stream: stream.to_owned(),
        status: StreamStatus::Failed,
        stats: StreamStats::default(),
        seconds: 0.0,
        bookmark: None,
        columns: None,
        schema_changes: Vec::new(),
        definition_changes: Vec::new(),
        comparison: None,
        proof: None,
        failure: Some(not_opened(stream, failure.clone())),
    }
}

/// The summaries so far, combined with later ones of some of their streams.
pub(crate) fn summed(before: &[StreamSummary], later: Vec<StreamSummary>) -> Vec<StreamSummary> {
    let mut ends = before.to_vec();
    for end in later {
        match ends.iter_mut().find(|before| before.stream == end.stream) {
            Some(before) => *before = combined(before, end),
            None => ends.push(end),
        }
    }
    ends
}

/// Two tries of a stream, or two parts of it, as one summary.
fn combined(before: &StreamSummary, mut end: StreamSummary) -> StreamSummary {
    end.stats = before.stats + end.stats;
    end.seconds += before.seconds;
    end.bookmark = end.bookmark.or_else(|| before.bookmark.clone());
    end.columns = end.columns.or_else(|| before.columns.clone());
    end.schema_changes.splice(0..0, before.schema_changes.iter().cloned());
    end.definition_changes.splice(0..0, before.definition_changes.iter().cloned());
    end
}

#[cfg(test)]
mod tests {
    use wmshost_flow::{Bookmark, Position, Value};

    use super::*;

    fn ended(stream: &str, status: StreamStatus) -> StreamSummary {
        StreamSummary { status, failure: None, ..failed_to_open(stream, &Failure::permanent("")) }
    }

    fn bookmark(id: i64) -> Option<Bookmark> {
        Some(Bookmark(vec![Position { name: "id".into(), value: Value::Int64(id) }]))
    }

    #[test]
    fn the_worst_stream_decides_about_the_run() {
        use StreamStatus::{Cancelled, Failed, NotRun, Rejected, Succeeded, Unchanged};
        for (streams, status) in [
            (vec![], RunStatus::Succeeded),
            (vec![Succeeded, Unchanged], RunStatus::Succeeded),
            (vec![Succeeded, Rejected], RunStatus::Rejected),
            (vec![Rejected, Cancelled], RunStatus::Cancelled),
            (vec![Cancelled, Rejected, Failed], RunStatus::Failed),
            (vec![Succeeded, NotRun], RunStatus::Failed),
        ] {
            let ends: Vec<_> = streams.iter().map(|status| ended("s", *status)).collect();
            assert_eq!(run_status(&ends), status, "{streams:?}");
        }
    }

    #[test]
    fn attempts_of_a_stream_are_summed_and_the_last_one_decides() {
        let first = StreamSummary {
            stats: StreamStats { read: 10, written: 9, rejected: 1, batches: 2, ..StreamStats::default() },
            seconds: 1.5,
            bookmark: bookmark(10),
            schema_changes: vec!["note is new".into()],
            ..failed_to_open("a", &Failure::transient("the connection broke"))
        };
        let second = StreamSummary {
            stats: StreamStats { read: 5, written: 5, batches: 1, ..StreamStats::default() },
            seconds: 0.5,
            schema_changes: vec!["color is new".into()],
            ..ended("a", StreamStatus::Succeeded)
        };
        let other = ended("b", StreamStatus::Unchanged);
        let sum = summed(&[first, other], vec![second, ended("c", StreamStatus::Succeeded)]);
        assert_eq!(sum.iter().map(|end| end.stream.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        let a = &sum[0];
        assert_eq!((a.status, a.failure.is_some(), a.seconds), (StreamStatus::Succeeded, false, 2.0));
        assert_eq!((a.stats.read, a.stats.written, a.stats.rejected, a.stats.batches), (15, 14, 1, 3));
        // Nothing was committed in the second attempt: the bookmark of the first one still holds.
        assert_eq!(a.bookmark, bookmark(10));
        assert_eq!(a.schema_changes, ["note is new", "color is new"]);
    }
}
