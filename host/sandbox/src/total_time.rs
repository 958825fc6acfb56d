//! The time that the calls of a plugin take together, in all of its instances: for one stream, for all streams of a run, and
//! for each row. A plugin that stays below the limit of a call must not go on for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use wmshost_flow::{Failure, FailureCause, TotalLimits, WasmError};

/// A time that several instances add to, in nanoseconds.
#[derive(Debug, Default)]
pub(crate) struct SharedTime(AtomicU64);

impl SharedTime {
    fn add(&self, time: Duration) -> Duration {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.0.fetch_add(nanos, Ordering::Relaxed).saturating_add(nanos))
    }

    fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

/// The time of one plugin for one stream.
#[derive(Debug, Default)]
pub(crate) struct TotalTime {
    computed: SharedTime,
    waited: SharedTime,
    /// The computing time of the calls that returned and were about rows, and these rows.
    over_rows: SharedTime,
    rows: AtomicU64,
    /// The computing time of the plugin for all streams.
    of_run: Arc<SharedTime>,
}

/// A total that is used up: the limit, and its key in a pipeline file.
pub(crate) type UsedUp = (&'static str, Duration, &'static str);

impl TotalTime {
    /// No time yet, for one more stream of a run.
    pub(crate) fn of(of_run: &Arc<SharedTime>) -> Arc<Self> {
        Arc::new(Self { of_run: Arc::clone(of_run), ..Self::default() })
    }

    /// Returns the limit that is used up, with the time of the current call.
    pub(crate) fn used_up(&self, limits: &TotalLimits, computed: Duration, waited: Duration) -> Option<UsedUp> {
        [
            ((self.computed.get(), computed), ("stream_time", limits.stream, "stream_timeout")),
            ((self.waited.get(), waited), ("stream_wait_time", limits.stream_wait, "stream_wait_timeout")),
            ((self.of_run.get(), computed), ("run_time", limits.run, "run_timeout")),
        ]
        .into_iter()
        .find(|((before, now), (_, most, _))| before.saturating_add(*now) > *most)
        .map(|(_, limit)| limit)
    }

    /// Counts a call that has ended.
    pub(crate) fn count(&self, computed: Duration, waited: Duration) {
        self.computed.add(computed);
        self.waited.add(waited);
        self.of_run.add(computed);
    }

    /// Counts a call about these rows that has returned. Fails if all rows so far took more than their time, and as much
    /// as one call may take besides.
    pub(crate) fn count_rows(
        &self,
        rows: usize,
        computed: Duration,
        limits: &TotalLimits,
        call_time: Duration,
    ) -> Result<(), Failure> {
        let rows = self.rows.fetch_add(rows as u64, Ordering::Relaxed) + rows as u64;
        let over_rows = self.over_rows.add(computed);
        let most = limits.row.saturating_mul(u32::try_from(rows).unwrap_or(u32::MAX));
        if over_rows <= call_time.saturating_add(most) {
            return Ok(());
        }
        let failure = used_up(("row_time", limits.row, "row_ms"));
        Err(failure.and(format_args!("{rows} rows took {over_rows:.1?} of computing")))
    }
}

/// The failure after a total is used up. No row is its cause.
pub(crate) fn used_up((name, most, key): UsedUp) -> Failure {
    Failure::timeout(name, format_args!("{most:?}"))
        .and(format_args!("`{key}` in [limits] raises it"))
        .caused_by(FailureCause::Wasm(WasmError::TotalTime))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn streams_have_a_total_each_and_one_together() {
        let of_run = Arc::default();
        let limits = TotalLimits { stream: SECOND * 2, stream_wait: SECOND * 3, run: SECOND * 3, row: SECOND };
        let [one, other] = [(); 2].map(|()| TotalTime::of(&of_run));
        let name = |total: &TotalTime, computed, waited| total.used_up(&limits, computed, waited).map(|used| used.0);
        assert_eq!(name(&one, SECOND * 2, SECOND * 3), None);
        assert_eq!(name(&one, SECOND * 2 + Duration::from_nanos(1), SECOND), Some("stream_time"));
        assert_eq!(name(&one, SECOND, SECOND * 4), Some("stream_wait_time"));
        one.count(SECOND * 2, SECOND);
        assert_eq!(name(&one, SECOND, SECOND), Some("stream_time"));
        assert_eq!(name(&other, SECOND, SECOND), None);
        assert_eq!(name(&other, SECOND * 2, SECOND), Some("run_time"));
    }

    #[test]
    fn rows_have_their_time_on_average_and_one_call_besides() {
        let total = TotalTime::of(&Arc::default());
        let limits = TotalLimits { row: SECOND, ..TotalLimits::default() };
        let count = |rows, seconds| total.count_rows(rows, SECOND * seconds, &limits, SECOND * 10);
        assert_eq!(count(0, 10), Ok(()));
        assert_eq!(count(5, 5), Ok(()));
        let failure = count(1, 2).expect_err("used up");
        assert_eq!(
            failure.to_string(),
            "limit row_time: 1s allowed, more asked for; `row_ms` in [limits] raises it; 6 rows took 17.0s of computing"
        );
        assert_eq!(count(1, 0), Ok(()), "the rows make up for it");
    }
}
