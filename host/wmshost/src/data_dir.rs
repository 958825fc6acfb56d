//! The host's own folder, the environment and the clock.

use std::env;
use std::ffi::OsString;
use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wmshost_flow::{Clock, LeaseOwner, Micros, Value};

use crate::commands::Artifacts;

/// The folder for the host's own files: `WMSHOST_HOME`, or `.wmshost` in the current folder.
#[derive(Debug, Clone)]
pub(crate) struct DataDir(PathBuf);

impl DataDir {
    pub(crate) fn find() -> Self {
        Self(env::var_os("WMSHOST_HOME").map_or_else(|| PathBuf::from(".wmshost"), PathBuf::from))
    }

    /// Compiled plugins.
    pub(crate) fn plugins(&self) -> PathBuf {
        self.0.join("plugins")
    }

    /// The history of runs.
    pub(crate) fn history(&self) -> PathBuf {
        self.0.join("state.db")
    }

    /// The artifacts of a pipeline's models.
    pub(crate) fn models(&self, pipeline: &str) -> Artifacts {
        Artifacts(self.0.join("models").join(pipeline))
    }

    /// The log of a run.
    pub(crate) fn log(&self, run_id: &str) -> PathBuf {
        self.0.join("logs").join(format!("{run_id}.jsonl"))
    }
}

/// A variable of the process's environment.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    env::var_os(name)
}

/// The machine's clocks. `WMSHOST_CLOCK_AHEAD=-3600` shifts the wall clock by this number of seconds, for the tests
/// that prove that a wrong one does no harm.
pub struct SystemClock {
    started: Instant,
    ahead: Micros,
}

impl SystemClock {
    /// A clock whose `elapsed` begins now.
    pub fn start() -> Self {
        let seconds = variable("WMSHOST_CLOCK_AHEAD").and_then(|text| text.to_str()?.parse::<i32>().ok());
        Self { started: Instant::now(), ahead: Micros::from(seconds.unwrap_or(0)) * 1_000_000 }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Micros {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Micros::try_from(since.as_micros()).unwrap_or(Micros::MAX).saturating_add(self.ahead)
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

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

/// This process, as the owner of leases.
pub(crate) fn this_process() -> LeaseOwner {
    LeaseOwner { machine: machine(), process: std::process::id() }
}

/// The machine's name, its boot and its PID namespace: the id of a process is meaningful only together with them.
fn machine() -> String {
    let read = |file: &str| std::fs::read_to_string(file).map(|text| text.trim().to_owned()).unwrap_or_default();
    let [name, start] = ["/proc/sys/kernel/hostname", "/proc/sys/kernel/random/boot_id"].map(read);
    let room = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    format!("{name} {} {}", start.get(..8).unwrap_or_default(), room.display())
}

/// Returns whether the owner of a lease is known to have ended: its process, or its machine since the last start.
pub(crate) fn is_dead(holder: &LeaseOwner) -> bool {
    let here = machine();
    let parts = |machine: &str| -> Option<(String, String)> {
        let mut words = machine.split(' ').map(str::to_owned);
        Some((words.next()?, words.next()?))
    };
    match (parts(&here), parts(&holder.machine)) {
        (Some((name, start)), Some((other, other_start))) if !name.is_empty() && name == other => {
            start != other_start || here == holder.machine && !is_alive(holder.process)
        }
        _ => false,
    }
}

/// Returns whether a process of this machine is alive. Zombies count as dead.
pub(crate) fn is_alive(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    // The state follows the name, which is in parentheses and may contain any character.
    let state = stat.rsplit(')').next().and_then(|rest| rest.trim_start().chars().next());
    !matches!(state, Some('Z' | 'X'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
