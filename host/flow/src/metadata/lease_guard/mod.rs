//! A lease held over many transactions of plain SQL, as when models are built. A separate thread renews the lease while
//! a statement takes long. Each transaction renews it as its last act, so that a run that lost the lease commits
//! nothing. A run that has not renewed it for a full lease period checks the lease before its next write.
//!
//! | event | result |
//! |---|---|
//! | another build starts | it fails with the name of the build that is running, and does nothing |
//! | a build fails, or is asked to stop | the lease is released |
//! | a build is killed | as with any lease: taken over at once on that machine, elsewhere after it has expired |
//! | a build hung, and continues after another one has begun | its next statement or commit fails with `busy` |

#[cfg(test)]
mod tests;

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use wmshost_sql::{Dialect, Value};

use super::lease::{LEASE_RENEWAL_INTERVAL, LEASE_SECONDS, Lease, LeaseOwner};
use crate::failure::Failure;
use crate::failure::kind::FailureKind;
use crate::ports::clock::Clock;
use crate::ports::sql::{Sql, SqlSession, StatementLimit};
use crate::ports::target::{Target, TargetGrant, TargetSession};

/// A lease to be held while models are built.
pub struct LeaseGuard {
    /// The database that the lease is for, and that contains it.
    pub target: Arc<dyn Target>,
    /// The lease.
    pub lease: Lease,
    /// Returns true if the process of another run is known to have ended.
    pub is_dead: fn(&LeaseOwner) -> bool,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The interval at which the lease is renewed besides the transactions.
    pub heartbeat_interval: Duration,
}

impl LeaseGuard {
    /// The interval in production.
    pub const HEARTBEAT_INTERVAL: Duration = LEASE_RENEWAL_INTERVAL;

    /// Takes the lease and calls `act`, which must write through the target it receives. Fails with `busy` if another
    /// run holds the lease, or has taken it over in the meantime.
    pub fn run<T>(&self, act: impl FnOnce(&dyn Target) -> T) -> Result<T, Failure> {
        let before = self.clock.elapsed();
        self.lease.take(self.target.sql()?.as_mut(), &self.is_dead)?;
        let fencing = Arc::new(Fencing {
            lease: self.lease.clone(),
            clock: Arc::clone(&self.clock),
            renewed: Mutex::new(before),
            lost: OnceLock::new(),
        });
        let fenced_target = FencedTarget { target: Arc::clone(&self.target), fencing: Arc::clone(&fencing) };
        let span = &tracing::Span::current();
        let done = thread::scope(|scope| {
            let (stop, stopped) = channel::<()>();
            let fencing = &fencing;
            scope.spawn(move || span.in_scope(|| self.renew_lease(fencing, &stopped)));
            let done = act(&fenced_target);
            drop(stop);
            done
        });
        if let Some(lost) = fencing.lost.get() {
            return Err(lost.clone());
        }
        let given = self.target.sql().and_then(|mut sql| self.lease.release_now(sql.as_mut()));
        if let Err(failure) = given {
            // On failure the lease expires, and the next run takes it over.
            tracing::warn!("the lease was not released: {failure}");
        }
        Ok(done)
    }

    /// Renews the lease at each interval until the sender of `stopped` is dropped.
    fn renew_lease(&self, fencing: &Fencing, stopped: &Receiver<()>) {
        while stopped.recv_timeout(self.heartbeat_interval) == Err(RecvTimeoutError::Timeout) {
            let renewed = self.target.sql().and_then(|mut sql| {
                sql.begin()?;
                fencing.commit(sql.as_mut())
            });
            match renewed {
                Err(failure) if failure.kind == FailureKind::Busy => return,
                Err(failure) => tracing::warn!("the lease was not renewed: {failure}"),
                Ok(()) => {}
            }
        }
    }
}

/// The shared state that keeps sessions from writing without the lease.
struct Fencing {
    lease: Lease,
    clock: Arc<dyn Clock>,
    /// The time of the last renewal, by the monotonic clock.
    renewed: Mutex<Duration>,
    /// The failure that says that another run has taken the lease over.
    lost: OnceLock<Failure>,
}

impl Fencing {
    /// Checks that the lease is still held, if it may have expired.
    fn check(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        if let Some(lost) = self.lost.get() {
            return Err(lost.clone());
        }
        let now = self.clock.elapsed();
        let renewed = *self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_sub(renewed) < Duration::from_secs(LEASE_SECONDS.unsigned_abs()) {
            return Ok(());
        }
        self.renew(sql)?;
        self.note(now);
        Ok(())
    }

    fn renew(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        self.lease.renew(sql).inspect_err(|failure| {
            if failure.kind == FailureKind::Busy {
                let _ = self.lost.set(failure.clone());
            }
        })
    }

    /// Commits what was done under the lease, or rolls it back.
    fn commit(&self, session: &mut dyn SqlSession) -> Result<(), Failure> {
        let now = self.clock.elapsed();
        if let Err(failure) = self.renew(session) {
            // On a lost connection this fails too; the first failure is the one to report.
            let _ = session.rollback();
            return Err(failure);
        }
        session.commit()?;
        self.note(now);
        Ok(())
    }

    fn note(&self, renewed: Duration) {
        let mut last = self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        *last = renewed.max(*last);
    }
}

/// The target, for the holder of the lease.
struct FencedTarget {
    target: Arc<dyn Target>,
    fencing: Arc<Fencing>,
}

impl Target for FencedTarget {
    fn session(&self, grant: TargetGrant) -> Result<Box<dyn TargetSession>, Failure> {
        self.target.session(grant)
    }

    fn sql(&self) -> Result<Box<dyn SqlSession>, Failure> {
        Ok(Box::new(FencedSession { session: self.target.sql()?, fencing: Arc::clone(&self.fencing) }))
    }
}

struct FencedSession {
    session: Box<dyn SqlSession>,
    fencing: Arc<Fencing>,
}

impl Sql for FencedSession {
    fn dialect(&self) -> Dialect {
        self.session.dialect()
    }

    fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, Failure> {
        self.fencing.check(self.session.as_mut())?;
        self.session.execute(statement, parameters)
    }

    fn execute_many(&mut self, statement: &str, rows: &[Vec<Value>]) -> Result<u64, Failure> {
        self.fencing.check(self.session.as_mut())?;
        self.session.execute_many(statement, rows)
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Failure> {
        self.session.query(statement, parameters)
    }

    fn columns(&mut self, query: &str) -> Result<Vec<(String, String)>, Failure> {
        self.session.columns(query)
    }

    fn create_if_missing(&mut self, statement: &str) -> Result<(), Failure> {
        self.fencing.check(self.session.as_mut())?;
        self.session.create_if_missing(statement)
    }

    fn carries_checkpoint(&mut self) {
        self.session.carries_checkpoint();
    }
}

impl SqlSession for FencedSession {
    fn begin(&mut self) -> Result<(), Failure> {
        self.session.begin()
    }

    fn commit(&mut self) -> Result<(), Failure> {
        self.fencing.commit(self.session.as_mut())
    }

    fn rollback(&mut self) -> Result<(), Failure> {
        self.session.rollback()
    }

    fn limit_statements(&mut self, limit: &StatementLimit) -> Result<(), Failure> {
        self.session.limit_statements(limit)
    }
}
