//! Ids of runs.

use std::hash::{BuildHasher as _, RandomState};

use wmshost_flow::{Clock, Value};

/// An id for a run: its start in UTC to the microsecond, so that ids sort as runs began, and 44 random bits, so that no
/// two runs have the same id, wherever they began.
pub(crate) fn new_run_id(clock: &dyn Clock) -> String {
    let now = clock.now();
    let start: String = Value::Timestamp(now).to_string().chars().take(19).filter(char::is_ascii_digit).collect();
    let micros = now.rem_euclid(1_000_000);
    // The standard library draws the keys of its hash tables from the system's randomness.
    let random = RandomState::new().hash_one((now, std::process::id())) >> 20;
    format!("{}-{}-{micros:05x}{random:011x}", &start[..8], &start[8..])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use wmshost_flow::Micros;

    use super::*;

    /// A clock that does not move, or moves on by a microsecond with each look.
    struct Steps(std::sync::atomic::AtomicI64, Micros);

    impl Clock for Steps {
        fn now(&self) -> Micros {
            self.0.fetch_add(self.1, std::sync::atomic::Ordering::Relaxed)
        }

        fn elapsed(&self) -> Duration {
            Duration::ZERO
        }
    }

    #[test]
    fn runs_that_begin_at_once_have_ids_of_their_own() {
        let clock = Steps(1_796_000_000_000_000.into(), 0);
        let ids: BTreeSet<String> = (0..100_000).map(|_| new_run_id(&clock)).collect();
        assert_eq!(ids.len(), 100_000);
    }

    #[test]
    fn ids_sort_as_runs_began() {
        let clock = Steps(1_796_000_000_999_000.into(), 7);
        let ids: Vec<String> = (0..1_000).map(|_| new_run_id(&clock)).collect();
        assert!(ids.is_sorted());
        assert_eq!(ids[0].len(), "20261129-171449-".len() + 16, "{}", ids[0]);
    }
}
