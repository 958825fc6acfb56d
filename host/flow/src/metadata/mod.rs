//! What the host keeps in a target beside the rows: tables of its own, written in plain SQL, in the same
//! transactions as the rows. No plugin can name them.
//!
//! | module | what it is for |
//! |---|---|
//! | `table` | making and finding such a table in any dialect |
//! | `ledger` | how far each stream has come: every run's checkpoint and every change by hand |
//! | `json` | bookmarks and states as text |
//! | `lease` | who may write a stream now, or build the models |
//! | `lease_guard` | a lease held over many transactions of plain SQL |
//! | `owner` | which pipeline owns a table |
//! | `object` | what the target has under a name |
//! | `load_clock` | when rows were written, by a clock that never goes back |
//! | `quarantine` | rows that were taken out, with the reason |
//! | `row_key` | by which key such a row is known again |
//! | `met` | what becomes of such rows when the source is read again |

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
mod table;

pub use json::{bookmark_from_json, bookmark_to_json};
pub use lease::{LEASE_SECONDS, Lease, LeaseOwner};
pub use lease_guard::LeaseGuard;
pub use ledger::{Action, DamagedRow, Entry, Ledger, Trace};
pub use load_clock::LoadClock;
pub(crate) use met::{Known, id_without_key, take_loaded};
pub use object::BELONGINGS;
pub use owner::{
    Claim, MERGE_SUFFIX, OwnerKind, STAGED_SUFFIX, STAGING_PREFIXES, Secured, TableOwner, TableRecord, TakeOver,
    is_reserved, owns_table, record_of,
};
pub use quarantine::{Quarantine, QuarantineFilter, QuarantinedRow, RejectedIn};

/// How the name of every table of the host begins; streams cannot write such tables.
pub const METADATA_PREFIX: &str = "WMSHOST_";
