//! Turns, pauses and the budget of further tries. All streams of a label share one pace: a warehouse's own work comes
//! first.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wmshost_flow::{Cancel, Failure, FailureKind};
use wmshost_pipeline::WebService;

/// The longest time between two looks at the request to stop.
const LOOK: Duration = Duration::from_millis(50);
/// The pause before the first further try; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The pace of a label.
pub(crate) struct Pace {
    state: Mutex<State>,
    freed: Condvar,
    interval: Duration,
    concurrent: u32,
    longest_pause: Duration,
}

struct State {
    running: u32,
    /// The earliest time of the next request.
    next: Instant,
    /// Further tries that are left.
    retries: u32,
}

/// A turn; the next request may begin when it is dropped.
pub(crate) struct Turn<'p>(&'p Pace);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().running -= 1;
        self.0.freed.notify_one();
    }
}

impl Pace {
    pub(crate) fn new(service: &WebService) -> Self {
        let state = State { running: 0, next: Instant::now(), retries: service.retry_budget };
        Self {
            state: Mutex::new(state),
            freed: Condvar::new(),
            interval: Duration::from_secs(1) / service.requests_per_second.max(1),
            concurrent: service.concurrent_requests.max(1),
            longest_pause: service.longest_pause,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a request may begin.
    pub(crate) fn turn(&self, cancel: &Cancel) -> Result<Turn<'_>, Failure> {
        let mut state = self.lock();
        loop {
            if cancel.is_set() {
                return Err(asked_to_stop());
            }
            let early = state.next.saturating_duration_since(Instant::now());
            if state.running < self.concurrent && early.is_zero() {
                state.running += 1;
                state.next = Instant::now() + self.interval;
                return Ok(Turn(self));
            }
            let wait = if early.is_zero() { LOOK } else { early.min(LOOK) };
            state = self.freed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Keeps all requests of the label back for a while, because the service asked for it.
    pub(crate) fn hold(&self, pause: Duration) {
        let mut state = self.lock();
        state.next = state.next.max(Instant::now() + pause);
    }

    /// The pause before a further try: as long as the service asks for, or growing; never longer than the pipeline allows.
    pub(crate) fn pause(&self, tries: u32, asked: Option<Duration>) -> Duration {
        asked.unwrap_or_else(|| FIRST_PAUSE.saturating_mul(1 << tries.min(16))).min(self.longest_pause)
    }

    /// Takes a further try from the budget; false if it is used up.
    pub(crate) fn spend_retry(&self) -> bool {
        let mut state = self.lock();
        let is_left = state.retries > 0;
        state.retries = state.retries.saturating_sub(1);
        is_left
    }
}

/// Waits, or fails as soon as the run is asked to stop.
pub(crate) fn wait(pause: Duration, cancel: &Cancel) -> Result<(), Failure> {
    let until = Instant::now() + pause;
    loop {
        if cancel.is_set() {
            return Err(asked_to_stop());
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(LOOK));
    }
}

fn asked_to_stop() -> Failure {
    Failure::new(FailureKind::Cancelled, "the run was asked to stop")
}

#[cfg(test)]
mod tests {
    use wmshost_pipeline::{SignIn, WebAddress};

    use super::*;

    fn pace(requests_per_second: u32, concurrent_requests: u32, retry_budget: u32) -> Pace {
        let base = WebAddress::parse("https://wms.example").expect("an address");
        let service = WebService::new(base, SignIn::None);
        Pace::new(&WebService { requests_per_second, concurrent_requests, retry_budget, ..service })
    }

    #[test]
    fn no_more_requests_run_at_a_time_than_allowed() {
        let (pace, stop) = (pace(1_000, 2, 0), Cancel::default());
        let turns = [pace.turn(&stop).expect("a turn"), pace.turn(&stop).expect("a turn")];
        std::thread::scope(|scope| {
            let third = scope.spawn(|| pace.turn(&stop).map(drop));
            std::thread::sleep(Duration::from_millis(20));
            assert!(!third.is_finished(), "a third request runs beside two");
            drop(turns);
            third.join().expect("no panic").expect("a turn");
        });
    }

    #[test]
    fn requests_keep_their_distance_and_a_stop_ends_the_waiting() {
        let (pace, stop) = (pace(20, 8, 0), Cancel::default());
        let begun = Instant::now();
        for _ in 0..3 {
            pace.turn(&stop).map(drop).expect("a turn");
        }
        assert!(begun.elapsed() >= Duration::from_millis(100), "{:?}", begun.elapsed());
        pace.hold(Duration::from_secs(60));
        stop.set();
        let stopped = pace.turn(&stop).map(drop).expect_err("stopped");
        assert_eq!(stopped.kind, FailureKind::Cancelled);
        assert!(wait(Duration::from_secs(60), &stop).is_err());
    }

    #[test]
    fn pauses_grow_up_to_the_limit_and_tries_are_counted() {
        let pace = pace(1, 1, 2);
        assert_eq!(pace.pause(0, None), FIRST_PAUSE);
        assert_eq!(pace.pause(2, None), 4 * FIRST_PAUSE);
        assert_eq!(pace.pause(40, None), Duration::from_secs(120));
        assert_eq!(pace.pause(0, Some(Duration::from_secs(86_400))), Duration::from_secs(120));
        assert_eq!([pace.spend_retry(), pace.spend_retry(), pace.spend_retry()], [true, true, false]);
    }
}
