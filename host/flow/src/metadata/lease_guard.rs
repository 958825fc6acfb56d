//! A lease held over many transactions of plain SQL, as a build of models makes them. A thread of its own keeps the
//! lease alive while a statement takes long; each transaction renews it as its last act, so that nothing is committed
//! by who has lost it; and who was not heard of for as long as a lease lasts looks first, before anything is written.
//!
//! | what may happen | what becomes of it |
//! |---|---|
//! | another build comes | it is reported at once who is at work, and does nothing |
//! | a build fails, or is asked to stop | the lease is given back |
//! | a build is killed | as with any lease: taken over at once on that machine, else when it has expired |
//! | a build hung, and goes on when another one has begun | its next statement or commit fails with `busy` |

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use super::lease::{LEASE_SECONDS, Lease, LeaseOwner};
use crate::clock::Clock;
use crate::failure::{Failure, FailureKind};
use crate::source::Dialect;
use crate::sql::{Sql, SqlSession};
use crate::target::{Target, TargetGrant, TargetSession};
use crate::value::Value;

/// A lease that is to be held.
pub struct LeaseGuard {
    /// The database that it is about, and in which it is.
    pub target: Arc<dyn Target>,
    /// The lease.
    pub lease: Lease,
    /// Whether the process of another run is known to have ended.
    pub is_dead: fn(&LeaseOwner) -> bool,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// How often the lease is renewed beside the transactions.
    pub heartbeat_interval: Duration,
}

impl LeaseGuard {
    /// How often a lease is renewed in real life.
    pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(LEASE_SECONDS.unsigned_abs() / 3);

    /// Takes the lease and acts; what is written goes through the target that `act` is given. Fails with `busy` if
    /// another run holds the lease, or has taken it over in between.
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
        let done = thread::scope(|scope| {
            let (stop, stopped) = channel::<()>();
            let fencing = &fencing;
            scope.spawn(move || self.renew_lease(fencing, &stopped));
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
            tracing::warn!("the lease was not given back: {failure}");
        }
        Ok(done)
    }

    /// Renews the lease now and then, until nobody holds the other end.
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

/// What keeps sessions from writing without the lease.
struct Fencing {
    lease: Lease,
    clock: Arc<dyn Clock>,
    /// When it was last renewed, by the clock that never goes back.
    renewed: Mutex<Duration>,
    /// That it is somebody else's.
    lost: OnceLock<Failure>,
}

impl Fencing {
    /// Looks whether the lease is still there, if it may have expired.
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

    /// Commits what was done under the lease, or undoes it.
    fn commit(&self, session: &mut dyn SqlSession) -> Result<(), Failure> {
        let now = self.clock.elapsed();
        if let Err(failure) = self.renew(session) {
            // On a connection that is gone this fails too; the first failure is the one to tell.
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

/// The target, for who holds the lease.
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
}
