//! The decision to retry, and the pauses before: streams that failed for a reason that may pass are tried again, each
//! time after a longer pause.

use std::time::Duration;

use wmshost_flow::{Cancel, Clock, Failure, Micros, StreamStatus, StreamSummary, failure_policy};

use super::outcome::summed;
use crate::events::{Retry, RunEvent, RunObserver};

/// The first pause before a retry; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The most that is added to a pause.
const MOST_JITTER_MILLIS: Micros = 250;
/// The interval at which a pause looks for the request to stop.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Retries of streams.
pub(super) struct Retries<'a> {
    /// The most retries.
    pub(super) attempts: u64,
    /// The clock that pauses are measured by.
    pub(super) clock: &'a dyn Clock,
    /// Lets time pass.
    pub(super) sleep: &'a dyn Fn(Duration),
    /// Set when the run should stop.
    pub(super) cancel: &'a Cancel,
    /// The observer of the retries.
    pub(super) observer: &'a dyn RunObserver,
}

impl Retries<'_> {
    /// Tries the streams again that failed for a reason that may pass, until none is left or the retries are used up.
    /// `again` receives the names of the streams. Returns one summary per stream over all its attempts.
    pub(super) fn run(
        &self,
        first: Vec<StreamSummary>,
        mut again: impl FnMut(&[String]) -> Vec<StreamSummary>,
    ) -> Vec<StreamSummary> {
        let mut ends = first;
        for attempt in 1..=self.attempts {
            let failed: Vec<String> = ends.iter().filter(|end| is_retried(end)).map(|end| end.stream.clone()).collect();
            if failed.is_empty() {
                break;
            }
            if !self.pause(attempt, &failed) {
                // A stream that would have been retried was stopped, not given up.
                ends.iter_mut().filter(|end| is_retried(end)).for_each(|end| end.status = StreamStatus::Cancelled);
                break;
            }
            ends = summed(&ends, again(&failed));
        }
        ends
    }

    /// Waits before a retry; returns `false` if the run was asked to stop meanwhile.
    fn pause(&self, attempt: u64, failed: &[String]) -> bool {
        let pause = pause(attempt, self.clock.now());
        let retry = Retry { streams: failed.to_vec(), attempt, attempts: self.attempts, pause };
        tracing::warn!("{retry}");
        self.observer.event(&RunEvent::Retrying(&retry));
        let until = self.clock.elapsed() + pause;
        while self.clock.elapsed() < until {
            if self.cancel.is_set() {
                return false;
            }
            (self.sleep)(POLL_INTERVAL);
        }
        true
    }
}

/// True if a failure's reason may pass.
pub(super) fn may_pass(failure: &Failure) -> bool {
    failure_policy(failure).retry
}

/// True if a stream failed for a reason that may pass.
fn is_retried(end: &StreamSummary) -> bool {
    end.failure.as_ref().is_some_and(|at| may_pass(&at.failure))
}

/// The pause before a retry. The time of day is a jitter, so that processes which wait for the same server do not retry
/// all at once.
fn pause(attempt: u64, now: Micros) -> Duration {
    let doubled = u32::try_from(attempt - 1).ok().and_then(|times| 2_u32.checked_pow(times)).unwrap_or(u32::MAX);
    let jitter = u64::try_from(now.rem_euclid(MOST_JITTER_MILLIS)).unwrap_or(0);
    FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE) + Duration::from_millis(jitter)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU64, Ordering};

    use wmshost_flow::StreamStats;

    use super::*;
    use crate::run::outcome::failed_to_open;

    /// A clock that only `sleep` moves.
    #[derive(Default)]
    struct FakeClock(AtomicU64);

    impl Clock for FakeClock {
        fn now(&self) -> Micros {
            1_796_000_000_000_000
        }

        fn elapsed(&self) -> Duration {
            Duration::from_millis(self.0.load(Ordering::Relaxed))
        }
    }

    impl FakeClock {
        fn sleep(&self, duration: Duration) {
            self.0.fetch_add(u64::try_from(duration.as_millis()).unwrap(), Ordering::Relaxed);
        }
    }

    /// The retries that were reported.
    #[derive(Default)]
    struct Reported(Mutex<Vec<Retry>>);

    impl RunObserver for Reported {
        fn event(&self, event: &RunEvent<'_>) {
            if let RunEvent::Retrying(retry) = event {
                self.0.lock().unwrap().push((*retry).clone());
            }
        }
    }

    fn ended(stream: &str, status: StreamStatus, read: u64) -> StreamSummary {
        let stats = StreamStats { read, ..StreamStats::default() };
        StreamSummary { status, stats, failure: None, ..failed_to_open(stream, &Failure::permanent("")) }
    }

    fn transient(stream: &str) -> StreamSummary {
        failed_to_open(stream, &Failure::transient("the server restarts"))
    }

    /// Runs retries of these summaries; each retry is answered by the next of `answers`.
    fn retried(
        attempts: u64,
        first: Vec<StreamSummary>,
        answers: Vec<Vec<StreamSummary>>,
    ) -> (Vec<StreamSummary>, Vec<Retry>, Duration) {
        let (clock, reported, cancel) = (FakeClock::default(), Reported::default(), Cancel::default());
        let sleep = |duration| clock.sleep(duration);
        let retries = Retries { attempts, clock: &clock, sleep: &sleep, cancel: &cancel, observer: &reported };
        let mut answers = answers.into_iter();
        let ends = retries.run(first, |_| answers.next().expect("an answer"));
        assert!(answers.next().is_none(), "a retry is missing");
        (ends, reported.0.into_inner().unwrap(), clock.elapsed())
    }

    #[test]
    fn only_streams_whose_reason_may_pass_are_tried_again() {
        let broken = failed_to_open("c", &Failure::permanent("a bad value"));
        let first = vec![ended("a", StreamStatus::Succeeded, 5), transient("b"), broken];
        let (ends, retries, _) = retried(3, first, vec![vec![ended("b", StreamStatus::Succeeded, 7)]]);
        assert_eq!(retries.iter().map(|retry| retry.streams.join(" ")).collect::<Vec<_>>(), ["b"]);
        let statuses: Vec<_> = ends.iter().map(|end| (end.stream.as_str(), end.status, end.stats.read)).collect();
        assert_eq!(
            statuses,
            [("a", StreamStatus::Succeeded, 5), ("b", StreamStatus::Succeeded, 7), ("c", StreamStatus::Failed, 0)]
        );
    }

    #[test]
    fn retries_end_when_they_are_used_up_and_pauses_double_up_to_a_minute() {
        let answers = vec![vec![transient("b")]; 8];
        let (ends, retries, waited) = retried(8, vec![transient("b")], answers);
        assert_eq!(ends[0].status, StreamStatus::Failed);
        let seconds: Vec<u64> = retries.iter().map(|retry| retry.pause.as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(waited >= Duration::from_secs(183) && waited < Duration::from_secs(186), "{waited:?}");
        assert_eq!(retries[2].to_string(), "b: the reason may pass; try 3 of 8 in 4.0 s");
    }

    #[test]
    fn pauses_of_processes_that_begin_at_different_times_differ() {
        assert_eq!(pause(1, 0), Duration::from_secs(1));
        assert_eq!(pause(1, 249), Duration::from_millis(1_249));
        assert_eq!(pause(1, 250), Duration::from_secs(1));
        assert_eq!(pause(u64::MAX, 0), LONGEST_PAUSE);
    }

    #[test]
    fn a_stream_that_waits_for_its_retry_is_cancelled_by_the_wish_to_stop() {
        let (clock, reported) = (FakeClock::default(), Reported::default());
        let flag = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let cancel = Cancel::of_flag(std::sync::Arc::clone(&flag));
        let sleep = |duration| {
            clock.sleep(duration);
            flag.store(clock.elapsed() >= Duration::from_millis(500), Ordering::Relaxed);
        };
        let retries = Retries { attempts: 3, clock: &clock, sleep: &sleep, cancel: &cancel, observer: &reported };
        let first = vec![transient("b"), ended("a", StreamStatus::Succeeded, 5)];
        let ends = retries.run(first, |_| panic!("it was asked to stop"));
        assert_eq!((ends[0].status, ends[1].status), (StreamStatus::Cancelled, StreamStatus::Succeeded));
        assert!(clock.elapsed() < Duration::from_secs(1), "it waited for {:?}", clock.elapsed());
    }
}
