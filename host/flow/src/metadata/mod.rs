//! The host's own tables in a target, written in plain SQL in the same transactions as the rows. No plugin can name
//! them.
//!
//! | module | what it is for |
//! |---|---|
//! | `table` | creating and finding such a table in any dialect |
//! | `checkpoint` | the position of a stream, committed with its rows |
//! | `ledger` | the progress of each stream: every run's checkpoint and every change by hand |
//! | `json` | bookmarks and states as text |
//! | `lease` | the right to write a stream, or to build the models |
//! | `lease_guard` | a lease held over many transactions of plain SQL |
//! | `owner` | the owner of a table |
//! | `object` | the object that has a name in the target |
//! | `load_clock` | the load time of rows, which never decreases |
//! | `stream_status` | the outcome of each stream's last run |
//! | `verified` | the time through which each stream is verified |
//! | `quarantine` | rejected rows, with the reason |
//! | `row_key` | the key by which such a row is recognized |
//! | `met` | such rows when the source is read again |

pub(crate) mod checkpoint;
pub(crate) mod json;
mod lease;
mod lease_guard;
mod ledger;
mod load_clock;
mod met;
mod object;
mod owner;
mod quarantine;
pub(crate) mod row_key;
mod stream_status;
mod table;
mod verified;

use crate::failure::Failure;
use crate::ports::sql::{Sql, SqlSession};

pub use json::{
    bookmark_from_json, bookmark_to_json, state_from_json as extractor_state_from_json,
    state_to_json as extractor_state_to_json,
};
pub(crate) use lease::LEASE_RENEWAL_INTERVAL;
pub use lease::{LEASE_SECONDS, Lease, LeaseOwner, LeaseView};
pub use lease_guard::LeaseGuard;
pub use ledger::{Action, DamagedRow, Entry, Ledger, Trace};
pub use load_clock::LoadClock;
pub use met::RejectedKeys;
pub(crate) use met::{Known, id_without_key, take_loaded};
pub use object::{AUDIT_COLUMNS, DELETED_AT, SYSTEM_COLUMNS};
pub use owner::{
    Claim, MERGE_SUFFIX, OwnerKind, STAGED_SUFFIX, STAGING_PREFIXES, Secured, TableOwner, TableRecord, TakeOver,
    is_reserved, owns_table, record_of,
};
pub use quarantine::{Quarantine, QuarantineFilter, QuarantinedRow, RejectedIn};
pub use stream_status::{LastRun, LastRuns};
pub use table::own_table_objection;
pub use verified::{Verified, VerifiedMarks};

/// Returns the reasons why objects with the names of the host's own tables are not such tables, for a person. Changes
/// nothing.
pub fn metadata_objections(sql: &mut dyn Sql) -> Result<Vec<String>, Failure> {
    let progress = [ledger::TABLE, load_clock::TABLE, stream_status::TABLE, verified::TABLE];
    let own = [lease::TABLE, owner::TABLE, quarantine::TABLE];
    progress.iter().chain(&own).filter_map(|table| table.objection(sql).transpose()).collect()
}

/// The prefix of the names of all tables of the host; streams cannot write such tables.
pub const METADATA_PREFIX: &str = "WMSHOST_";

/// Calls `act` in a transaction.
fn in_transaction(
    session: &mut dyn SqlSession,
    act: impl FnOnce(&mut dyn SqlSession) -> Result<(), Failure>,
) -> Result<(), Failure> {
    session.begin()?;
    match act(session) {
        Ok(()) => session.commit(),
        Err(failure) => {
            session.rollback()?;
            Err(failure)
        }
    }
}
