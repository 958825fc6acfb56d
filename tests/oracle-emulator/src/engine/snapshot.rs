//! The snapshots of `AS OF SCN`: each system change number that a client asked for has a transaction that keeps its
//! snapshot, until there are too many newer ones or a test forgets them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::cluster::OWNER;
use super::link::Link;
use super::refusal::Refusal;

/// The number of snapshots that are kept.
const KEPT: usize = 32;

struct Kept {
    /// Keeps the snapshot by its open transaction.
    _link: Link,
    name: String,
}

/// All snapshots.
pub(crate) struct Snapshots {
    socket: PathBuf,
    kept: Mutex<BTreeMap<i64, Option<Kept>>>,
}

impl Snapshots {
    pub(crate) fn new(socket: PathBuf) -> Self {
        Self { socket, kept: Mutex::default() }
    }

    /// Takes a snapshot and returns its number.
    pub(crate) fn take(&self) -> Result<i64, Refusal> {
        let mut link = Link::open(&self.socket, OWNER)?;
        link.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", &|| false)?;
        // The number is read first: a row that is committed in between is seen and has a later number, which is
        // harmless.
        let number = link.rows("SELECT floor(sys.scn(clock_timestamp()))")?;
        let name = link.rows("SELECT pg_export_snapshot()")?;
        let (Some(number), Some(name)) = (only(number).and_then(|number| number.parse().ok()), only(name)) else {
            return Err(Refusal::internal("PostgreSQL exported no snapshot"));
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(number, Some(Kept { _link: link, name }));
        let count = kept.values().filter(|kept| kept.is_some()).count();
        for forgotten in kept.values_mut().filter(|kept| kept.is_some()).take(count.saturating_sub(KEPT)) {
            *forgotten = None;
        }
        Ok(number)
    }

    /// The name under which PostgreSQL knows the snapshot of a number.
    pub(crate) fn name(&self, number: i64) -> Result<String, Refusal> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.get(&number) {
            Some(Some(kept)) => Ok(kept.name.clone()),
            Some(None) => Err(Refusal::new(1555, "snapshot too old: rollback segment too small")),
            None => Err(Refusal::new(8181, "specified number is not a valid system change number")),
        }
    }

    /// Forgets all snapshots: reading as of one of them is ORA-01555.
    pub(crate) fn forget(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.values_mut().for_each(|kept| *kept = None);
    }
}

fn only(rows: Vec<Vec<Option<String>>>) -> Option<String> {
    rows.into_iter().next()?.into_iter().next()?
}
