//! Retries. Only connecting is tried again here, with growing pauses and within a budget; the flow decides about
//! failures within a transaction. After too many failures nobody connects for a while, then one caller may try for all,
//! and after a refused login nobody connects any more: every wrong password brings an account nearer to being locked.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::oracle::failure::{ErrorClass, OracleError};

/// The first pause.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Consecutive failures, each with its whole budget, after which connecting pauses.
const MOST_FAILURES: u32 = 3;
/// The length of that pause.
const OPEN_FOR: Duration = Duration::from_secs(30);

/// Pauses that grow, within a budget.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
    left: Duration,
}

impl Backoff {
    pub(crate) fn within(budget: Duration) -> Self {
        Self { next: FIRST_PAUSE, left: budget }
    }

    /// The pause before the next try, which is between half and all of an interval that doubles each time; `None` once
    /// the budget is used up. `spent` is the duration of the last try.
    pub(crate) fn next(&mut self, spent: Duration) -> Option<Duration> {
        let pause = self.next / 2 + (self.next / 2).mul_f64(chance());
        self.left = self.left.checked_sub(spent + pause)?;
        self.next = (self.next * 2).min(LONGEST_PAUSE);
        Some(pause)
    }
}

/// The clock that retries use; tests replace it.
pub(crate) trait Time {
    fn now(&self) -> Instant;
    fn sleep(&self, span: Duration);
}

/// The time of this machine.
pub(crate) struct RealTime;

impl Time for RealTime {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, span: Duration) {
        thread::sleep(span);
    }
}

/// The failure of all tries.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RetryError {
    /// It was not tried.
    BreakerOpen(BreakerOpen),
    /// It failed this number of times; the error is the last one.
    Failed(u32, OracleError),
}

/// Tries until it works, the budget is used up, or trying again is useless. Every failure is logged.
pub(crate) fn retry_within<T>(
    place: &str,
    budget: Duration,
    breaker: &Breaker,
    time: &impl Time,
    mut attempt: impl FnMut() -> Result<T, OracleError>,
) -> Result<T, RetryError> {
    breaker.check(time.now()).map_err(RetryError::BreakerOpen)?;
    let mut backoff = Backoff::within(budget);
    let mut attempts = 0;
    loop {
        attempts += 1;
        let begun = time.now();
        let oracle_error = match attempt() {
            Ok(made) => {
                breaker.worked();
                tracing::debug!(attempt = attempts, "{place}: connected");
                return Ok(made);
            }
            Err(oracle_error) => oracle_error,
        };
        tracing::warn!(attempt = attempts, "{place}: connecting failed: {oracle_error}");
        match oracle_error.class {
            ErrorClass::Login => breaker.refuse(oracle_error.clone()),
            class if class.is_retryable() => match backoff.next(time.now() - begun) {
                Some(pause) => {
                    time.sleep(pause);
                    continue;
                }
                None => breaker.failed(time.now()),
            },
            // The server answered, so that it can be reached, whatever is wrong.
            _ => breaker.worked(),
        }
        return Err(RetryError::Failed(attempts, oracle_error));
    }
}

/// A random number between 0 and 1.
fn chance() -> f64 {
    f64::from(RandomState::new().hash_one(0_u8) as u32) / f64::from(u32::MAX)
}

/// Keeps a connection from being tried when that is known to be useless.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// The time from which it may be tried again.
    closed_until: Option<Instant>,
    /// The server's answer to the login.
    refused: Option<OracleError>,
}

/// The reason why a connection is not tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BreakerOpen {
    /// It failed too often; the rest of the pause.
    For(Duration),
    /// The login was refused with this error.
    Refused(OracleError),
}

impl Breaker {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails if connecting may not be tried now. After the pause one caller may; the others wait for its result.
    pub(crate) fn check(&self, now: Instant) -> Result<(), BreakerOpen> {
        let mut state = self.state();
        if let Some(refused) = &state.refused {
            return Err(BreakerOpen::Refused(refused.clone()));
        }
        match state.closed_until {
            Some(until) if until > now => Err(BreakerOpen::For(until - now)),
            Some(_) => {
                state.closed_until = Some(now + OPEN_FOR);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Records a success.
    fn worked(&self) {
        *self.state() = State::default();
    }

    /// Records a failure of all tries.
    pub(crate) fn failed(&self, now: Instant) {
        let mut state = self.state();
        state.failures += 1;
        if state.failures >= MOST_FAILURES {
            state.closed_until = Some(now + OPEN_FOR);
        }
    }

    /// Records a refused login.
    fn refuse(&self, error: OracleError) {
        self.state().refused = Some(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let mut backoff = Backoff::within(Duration::from_secs(30));
        let mut all = Vec::new();
        while let Some(pause) = backoff.next(Duration::from_millis(50)) {
            all.push(pause);
        }
        assert!((6..=12).contains(&all.len()), "{all:?}");
        assert!(all[0] >= FIRST_PAUSE / 2 && all[0] <= FIRST_PAUSE, "{all:?}");
        assert!(all.iter().all(|pause| *pause <= LONGEST_PAUSE), "{all:?}");
        assert!(all.iter().sum::<Duration>() <= Duration::from_secs(30));
        assert!(all[5] > all[0] * 8, "{all:?}");
    }

    #[test]
    fn pauses_differ() {
        let first: Vec<_> = (0..8).filter_map(|_| Backoff::within(OPEN_FOR).next(Duration::ZERO)).collect();
        assert!(first.iter().any(|pause| *pause != first[0]), "{first:?}");
    }

    #[test]
    fn too_many_failures_close_for_a_while() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..MOST_FAILURES {
            assert_eq!(breaker.check(now), Ok(()));
            breaker.failed(now);
        }
        assert_eq!(breaker.check(now), Err(BreakerOpen::For(OPEN_FOR)));
        let later = now + OPEN_FOR;
        assert_eq!(breaker.check(later), Ok(()));
        assert_eq!(breaker.check(later), Err(BreakerOpen::For(OPEN_FOR)), "one tries for all");
        breaker.failed(later);
        assert_eq!(breaker.check(later), Err(BreakerOpen::For(OPEN_FOR)), "one failure is enough now");
        assert_eq!(breaker.check(later + OPEN_FOR), Ok(()));
        breaker.worked();
        breaker.failed(now);
        assert_eq!(breaker.check(now), Ok(()));
    }

    /// Time that passes by sleeping, and by a fixed span at each look.
    struct FakeTime(Mutex<(Instant, Vec<Duration>)>, Duration);

    impl FakeTime {
        fn new(per_try: Duration) -> Self {
            Self(Mutex::new((Instant::now(), Vec::new())), per_try)
        }

        fn slept(&self) -> Vec<Duration> {
            self.0.lock().expect("unharmed").1.clone()
        }
    }

    impl Time for FakeTime {
        fn now(&self) -> Instant {
            let mut state = self.0.lock().expect("unharmed");
            state.0 += self.1;
            state.0
        }

        fn sleep(&self, span: Duration) {
            let mut state = self.0.lock().expect("unharmed");
            state.0 += span;
            state.1.push(span);
        }
    }

    fn of_code(code: usize) -> OracleError {
        OracleError::of_code(code, None)
    }

    fn failing(breaker: &Breaker, time: &FakeTime, code: usize, times: u32) -> (u32, Result<(), RetryError>) {
        let mut tries = 0;
        let ended = retry_within("x", Duration::from_secs(60), breaker, time, || {
            tries += 1;
            if tries > times { Ok(()) } else { Err(of_code(code)) }
        });
        (tries, ended)
    }

    #[test]
    fn what_may_pass_is_tried_again_with_growing_pauses() {
        for code in [3_113, 12_170, 12_514, 12_528, 12_541, 1_033, 1_034, 25_408] {
            let (breaker, time) = (Breaker::default(), FakeTime::new(Duration::from_millis(5)));
            assert_eq!(failing(&breaker, &time, code, 4), (5, Ok(())), "ORA-{code:05}");
            let slept = time.slept();
            assert!(slept.len() == 4 && slept[3] > slept[0] * 2, "{slept:?}");
            assert_eq!(breaker.check(time.now()), Ok(()));
        }
    }

    #[test]
    fn the_budget_counts_the_tries_themselves() {
        let time = FakeTime::new(Duration::from_secs(25));
        let (tries, ended) = failing(&Breaker::default(), &time, 12_170, u32::MAX);
        assert_eq!(ended, Err(RetryError::Failed(tries, of_code(12_170))));
        assert_eq!(tries, 3, "of 25 s each, in 60 s");
    }

    #[test]
    fn what_stays_wrong_is_tried_once() {
        for code in [1_017, 1_045, 28_000, 28_001, 28_040, 942, 1_031, 904, 600, 1_400, 8_177] {
            let (breaker, time) = (Breaker::default(), FakeTime::new(Duration::ZERO));
            assert_eq!(
                failing(&breaker, &time, code, 9),
                (1, Err(RetryError::Failed(1, of_code(code)))),
                "ORA-{code:05}"
            );
            assert!(time.slept().is_empty());
            let is_login = OracleError::of_code(code, None).class == ErrorClass::Login;
            let again = failing(&breaker, &time, code, 0);
            if is_login {
                assert_eq!(again, (0, Err(RetryError::BreakerOpen(BreakerOpen::Refused(of_code(code))))));
            } else {
                assert_eq!(again, (1, Ok(())), "ORA-{code:05}");
            }
        }
    }

    #[test]
    fn after_three_budgets_it_is_left_alone_and_then_tried_once_for_all() {
        let (breaker, time) = (Breaker::default(), FakeTime::new(Duration::ZERO));
        for _ in 0..MOST_FAILURES {
            assert!(failing(&breaker, &time, 12_541, u32::MAX).0 > 1);
        }
        assert_eq!(failing(&breaker, &time, 12_541, 0).1, Err(RetryError::BreakerOpen(BreakerOpen::For(OPEN_FOR))));
        time.sleep(OPEN_FOR);
        assert_eq!(failing(&breaker, &time, 12_541, 0), (1, Ok(())));
        assert_eq!(failing(&breaker, &time, 12_541, 0), (1, Ok(())));
    }

    #[test]
    fn a_refused_login_is_final() {
        let breaker = Breaker::default();
        breaker.refuse(of_code(1_017));
        assert_eq!(breaker.check(Instant::now() + OPEN_FOR * 100), Err(BreakerOpen::Refused(of_code(1_017))));
    }
}
