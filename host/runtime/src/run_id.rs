//! Ids of runs.

use std::hash::{BuildHasher as _, RandomState};

use wmshost_flow::{Clock, Micros, Value, timestamp_from_text};

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

/// True if this is an id of a run, so that it can be the name of a file.
pub fn is_run_id(text: &str) -> bool {
    text.len() == 32 && run_id_start(text).is_some() && text.bytes().all(|c| c == b'-' || c.is_ascii_hexdigit())
}

/// The start of a run, by its id; `None` if this is not an id of a run.
pub(crate) fn run_id_start(run_id: &str) -> Option<Micros> {
    let at = |from, to| run_id.get(from..to);
    let (date, time) = (at(0, 8)?, at(9, 15)?);
    let micros = Micros::from_str_radix(at(16, 21)?, 16).ok()?;
    let [year, month, day] = [&date[..4], &date[4..6], &date[6..]];
    let [hour, minute, second] = [&time[..2], &time[2..4], &time[4..]];
    Some(timestamp_from_text(&format!("{year}-{month}-{day} {hour}:{minute}:{second}"))? + micros)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

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
        assert_eq!(run_id_start(&ids[0]), Some(1_796_000_000_999_000));
        assert_eq!(run_id_start("20261129-17"), None);
        assert!(is_run_id(&ids[0]) && !is_run_id("../../../../../../../etc/passwd/x") && !is_run_id(""));
    }
}
