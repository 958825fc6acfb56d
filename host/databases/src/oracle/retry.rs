//! When to try again. Only connecting is tried again here, with growing pauses and within a budget; what happens
//! within a transaction is for the flow to decide. After too many failures a connection is left alone for a
//! while, and after a refused login for good: every wrong password brings an account nearer to being locked.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The first pause.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Failures in a row, each with its whole budget, after which a connection is left alone.
const MOST_FAILURES: u32 = 3;
/// For how long it is.
const COOLING: Duration = Duration::from_secs(30);

/// Pauses that grow, within a budget.
#[derive(Debug)]
pub(super) struct Pauses {
    next: Duration,
    left: Duration,
}

impl Pauses {
    pub(super) fn within(budget: Duration) -> Self {
        Self { next: FIRST_PAUSE, left: budget }
    }

    /// How long to wait before the next try, which is between half and all of a pause that doubles each time;
    /// `None` once the budget is used up. `spent` is what the last try took.
    pub(super) fn next(&mut self, spent: Duration) -> Option<Duration> {
        let pause = self.next / 2 + (self.next / 2).mul_f64(chance());
        self.left = self.left.checked_sub(spent + pause)?;
        self.next = (self.next * 2).min(LONGEST_PAUSE);
        Some(pause)
    }
}

/// A number between 0 and 1, another one each time.
fn chance() -> f64 {
    f64::from(RandomState::new().hash_one(0_u8) as u32) / f64::from(u32::MAX)
}

/// Keeps a connection from being tried when that is known to be no use.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// When it may be tried again.
    closed_until: Option<Instant>,
    /// What the server said to the login.
    refused: Option<String>,
}

/// Why a connection is not tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Closed {
    /// It failed too often; for so long it is left alone.
    For(Duration),
    /// The login was refused, with these words.
    Refused(String),
}

impl Breaker {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it may be tried.
    pub(super) fn check(&self, now: Instant) -> Result<(), Closed> {
        let state = self.state();
        if let Some(words) = &state.refused {
            return Err(Closed::Refused(words.clone()));
        }
        match state.closed_until {
            Some(until) if until > now => Err(Closed::For(until - now)),
            _ => Ok(()),
        }
    }

    /// It worked.
    pub(super) fn worked(&self) {
        *self.state() = State::default();
    }

    /// It failed, after all tries.
    pub(super) fn failed(&self, now: Instant) {
        let mut state = self.state();
        state.failures += 1;
        if state.failures >= MOST_FAILURES {
            state.closed_until = Some(now + COOLING);
        }
    }

    /// The login was refused.
    pub(super) fn refuse(&self, words: String) {
        self.state().refused = Some(words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let mut pauses = Pauses::within(Duration::from_secs(30));
        let mut all = Vec::new();
        while let Some(pause) = pauses.next(Duration::from_millis(50)) {
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
        let first: Vec<_> = (0..8).filter_map(|_| Pauses::within(COOLING).next(Duration::ZERO)).collect();
        assert!(first.iter().any(|pause| *pause != first[0]), "{first:?}");
    }

    #[test]
    fn too_many_failures_close_for_a_while() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..MOST_FAILURES {
            assert_eq!(breaker.check(now), Ok(()));
            breaker.failed(now);
        }
        assert_eq!(breaker.check(now), Err(Closed::For(COOLING)));
        assert_eq!(breaker.check(now + COOLING), Ok(()));
        breaker.worked();
        breaker.failed(now);
        assert_eq!(breaker.check(now), Ok(()));
    }

    #[test]
    fn a_refused_login_is_final() {
        let breaker = Breaker::default();
        breaker.refuse("ORA-01017".into());
        assert_eq!(breaker.check(Instant::now() + COOLING * 100), Err(Closed::Refused("ORA-01017".into())));
    }
}
