//! Watches over the statements of plugins while SQLite computes them: their time, the temporary files that they make, and
//! the request to stop.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ffi};
use wmshost_flow::{Failure, FailureCause, FailureKind, StatementLimit};

/// The steps of SQLite's machine between two looks at the clock: one step may write a whole row to a temporary file.
const STEPS_PER_TICK: i32 = 1_000;
/// A request to stop lets a statement go on for this long, so that a read in progress is committed.
const GRACE: Duration = Duration::from_secs(1);
/// The time between two looks at the temporary files.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// The first letters of the names of SQLite's temporary files: its own, and the system's for a file that never had a name.
const TEMP_NAMES: [&[u8]; 2] = [b"etilqs_", b"#"];
/// The bytes of a block, as the system counts a file's.
const BLOCK_BYTES: u64 = 512;

/// The reasons to end a statement.
const STOPPED: u8 = 1;
const TOO_LONG: u8 = 2;
const TOO_LARGE: u8 = 3;

/// Ends statements that go beyond a limit.
pub(crate) struct StatementWatch {
    limit: StatementLimit,
    made: Instant,
    /// The milliseconds from then to the start of the present call, and to the last look at temporary files.
    started: AtomicU64,
    looked: AtomicU64,
    /// The reason why the last statement was ended; 0 for none.
    reason: AtomicU8,
}

impl StatementWatch {
    /// Watches a connection. Time counts from now on, and again from each [`Self::begin`].
    pub(crate) fn over(connection: &mut Connection, limit: StatementLimit) -> rusqlite::Result<Arc<Self>> {
        let watch = Arc::new(Self {
            limit,
            made: Instant::now(),
            started: AtomicU64::new(0),
            looked: AtomicU64::new(0),
            reason: AtomicU8::new(0),
        });
        let watching = Arc::clone(&watch);
        connection.progress_handler(STEPS_PER_TICK, Some(move || watching.ends()))?;
        Ok(watch)
    }

    /// Begins a call.
    pub(crate) fn begin(&self) {
        self.started.store(self.elapsed(), Ordering::Relaxed);
    }

    /// Returns the failure of a statement that this ended; any other failure as it is.
    pub(crate) fn explained(&self, place: &str, failure: Failure) -> Failure {
        match failure.cause {
            Some(FailureCause::Sqlite { code }) if code == ffi::SQLITE_INTERRUPT => self.failure().within(place),
            _ => failure,
        }
    }

    fn failure(&self) -> Failure {
        match self.reason.load(Ordering::Relaxed) {
            STOPPED => Failure::new(FailureKind::Cancelled, "the run was asked to stop"),
            TOO_LARGE => {
                let mib = self.limit.temp_bytes >> 20;
                Failure::limit("temp_mib", mib, "more")
                    .and("the statement sorts or keeps that much in temporary files")
                    .advise("use an index, read smaller parts, or raise `temp_mib` in [limits]")
            }
            _ => {
                let seconds = self.limit.time.as_secs();
                Failure::limit("statement_timeout", format_args!("{seconds} s"), "more")
                    .advise("use an index, read smaller parts, or raise `statement_timeout` in [limits]")
            }
        }
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.made.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// True if the statement has to end.
    fn ends(&self) -> bool {
        let now = self.elapsed();
        let since = |moment: &AtomicU64| Duration::from_millis(now.saturating_sub(moment.load(Ordering::Relaxed)));
        let is_larger = || {
            since(&self.looked) >= BETWEEN_LOOKS && {
                self.looked.store(now, Ordering::Relaxed);
                temp_bytes() > self.limit.temp_bytes
            }
        };
        let reason = match () {
            () if self.limit.cancel.is_set() && since(&self.started) > GRACE => STOPPED,
            () if since(&self.started) > self.limit.time => TOO_LONG,
            () if is_larger() => TOO_LARGE,
            () => return false,
        };
        self.reason.store(reason, Ordering::Relaxed);
        true
    }
}

/// Returns the bytes that SQLite's temporary files in this process take on disk. They have no name in any folder, so that
/// the open files are looked at. Where the system does not list those, it is 0.
fn temp_bytes() -> u64 {
    let Ok(open) = fs::read_dir("/proc/self/fd") else { return 0 };
    // A database that was replaced while it is read has no name any more either, but one that it had.
    let is_temporary = |entry: &fs::DirEntry| {
        let at = fs::read_link(entry.path()).unwrap_or_default();
        let name = at.file_name().unwrap_or_default().as_encoded_bytes();
        TEMP_NAMES.iter().any(|begin| name.starts_with(begin))
    };
    let files = open.flatten().filter(is_temporary).filter_map(|entry| fs::metadata(entry.path()).ok());
    files.filter(|file| file.is_file() && file.nlink() == 0).map(|file| file.blocks() * BLOCK_BYTES).sum()
}

#[cfg(test)]
mod tests {
    use wmshost_flow::Cancel;

    use super::*;

    /// Runs a statement under a limit; returns its failure.
    fn failure_of(limit: StatementLimit, statement: &str) -> Failure {
        let mut connection = Connection::open_in_memory().unwrap();
        let watch = StatementWatch::over(&mut connection, limit).unwrap();
        watch.begin();
        let error = connection.query_row(statement, [], |_| Ok(())).unwrap_err();
        watch.explained("here", crate::sqlite::failure::failure("computing", error))
    }

    const ENDLESS: &str = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT sum(n) FROM r";

    #[test]
    fn a_statement_ends_after_its_time() {
        let limit = StatementLimit { time: Duration::from_millis(50), ..StatementLimit::default() };
        let failure = failure_of(limit, ENDLESS);
        assert_eq!(failure.kind, FailureKind::Limit);
        assert!(failure.to_string().contains("statement_timeout"), "{failure}");
    }

    #[test]
    fn a_statement_ends_when_it_is_asked_to() {
        let cancel = Cancel::default();
        cancel.set();
        let failure = failure_of(StatementLimit { cancel, ..StatementLimit::default() }, ENDLESS);
        assert_eq!(failure.kind, FailureKind::Cancelled, "{failure}");
    }

    #[test]
    fn a_statement_ends_where_it_fills_the_disk() {
        let limit = StatementLimit { temp_bytes: 8 << 20, ..StatementLimit::default() };
        let sorting = "WITH RECURSIVE r(n, t) AS (SELECT 1, hex(randomblob(100000)) UNION ALL \
                       SELECT n + 1, hex(randomblob(100000)) FROM r WHERE n < 20000) SELECT t FROM r ORDER BY t";
        let failure = failure_of(limit, sorting);
        assert_eq!(failure.kind, FailureKind::Limit);
        assert!(failure.to_string().contains("limit temp_mib: 8 allowed"), "{failure}");
    }
}
