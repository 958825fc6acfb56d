//! The flow of a stream from source to target, independent of how any part of it is implemented: no sandbox, no
//! database driver, no printing, no clock of its own. Everything that touches the outside world is a port.
//!
//! | module | what it is for |
//! |---|---|
//! | `failure` | failures, and whether a retry can help |
//! | `failure_cause` | the cause of a failure, as plain data |
//! | `failure_policy` | the consequences of a failure: retry, exit code, advice |
//! | `calendar` | days and dates |
//! | `value` | single values and bookmarks |
//! | `batch` | rows in flight, and the rows rejected on the way |
//! | `bad_rows` | rows with an unusable value, and the policy for them |
//! | `origin` | the source rows that a batch was made of |
//! | `source` | port: reading a database in one snapshot |
//! | `extract` | port: the stage that reads a stream |
//! | `transform` | port: the stage that changes batches |
//! | `load` | port: the stage that writes a stream |
//! | `sql` | port: plain SQL, for the host's own tables |
//! | `declared` | the types with which columns are declared |
//! | `functions` | SQL functions that only compute |
//! | `target` | port: writing a database in transactions |
//! | `definition` | the basis of a checkpoint, and what has changed since |
//! | `checkpoint` | the progress of a stream, stored in the target |
//! | `metadata` | the host's own tables in the target |
//! | `key` | the order of keys, and checking rows against it |
//! | `choice` | policies with a name for each value |
//! | `policy` | the policies of a stream |
//! | `transform_stage` | the transform stage: batches through plugins that may fail |
//! | `load_stage` | the load stage: rows and checkpoint in one transaction |
//! | `compare` | comparing a source with its target, and repairing |
//! | `on_change` | the reaction of a run to a changed definition of its stream |
//! | `open` | opening a stream, and finding its mistakes before any row is moved |
//! | `reconcile` | finding the changes that an incremental read cannot see |
//! | `row_json` | converting rows from quarantine back to columns |
//! | `repeats` | rows of a run that share a key |
//! | `replay` | loading rows from quarantine again |
//! | `stream` | one stream: extract → transform → load on threads of their own |
//! | `run` | the streams of a pipeline side by side |
//! | [`model`] | the declarations of a model plugin |
//! | `events` | typed events, for an observer |
//! | `order` | the host's order of values, and its expression in a database |
//! | `clock` | port: time |
//! | `testing` | the ports in memory, for unit tests |

mod bad_rows;
mod batch;
mod calendar;
mod checkpoint;
mod choice;
mod clock;
mod compare;
mod declared;
mod definition;
mod events;
mod extract;
mod failure;
mod failure_cause;
mod failure_policy;
mod functions;
mod key;
mod load;
mod load_stage;
mod metadata;
pub mod model;
mod on_change;
mod open;
mod order;
mod origin;
mod policy;
mod reconcile;
mod repeats;
mod replay;
mod row_json;
mod run;
mod source;
mod sql;
mod stream;
mod target;
#[cfg(test)]
mod testing;
mod transform;
mod transform_stage;
mod value;

pub use batch::{Batch, Cause, Rejected, cell_as_json, row_as_json};
pub use calendar::{date_of, days_of};
pub use checkpoint::{Checkpoint, LoadMode};
pub use clock::{Clock, Micros};
pub use compare::{Compare, Compared, Comparison, Depth, Difference, DifferenceKind, OpenTarget};
pub use declared::{ColumnPurpose, MOST_DIGITS, NUMBER_DIGITS, declared_type, is_utc, stored_decimal};
pub use definition::{
    ColumnUse, Definition, DefinitionChange, Impact, LARGEST_VALUE, PluginUse, Reaction, SOURCE_SCHEMA,
};
pub use events::{Event, Observer, StreamStats, StreamStatus, StreamSummary};
pub use extract::{Chunk, ExtractRequest, Extractor, Method, NullKeys, Opened, Step, Window};
pub use failure::{CallSite, Failure, FailureKind, Stage, StreamFailure};
pub use failure_cause::{ErrorClass, FailureCause, WasmError};
pub use failure_policy::{Exit, FailurePolicy, failure_policy};
pub use functions::only_computes;
pub use load::{LoadRequest, Loader};
pub use metadata::{
    Action, DamagedRow, Entry, LEASE_SECONDS, Lease, LeaseGuard, LeaseOwner, Ledger, LoadClock, METADATA_PREFIX,
    Quarantine, QuarantineFilter, QuarantinedRow, RejectedIn, Trace, bookmark_from_json, bookmark_to_json,
};
pub use metadata::{
    BELONGINGS, Claim, MERGE_SUFFIX, OwnerKind, STAGED_SUFFIX, STAGING_PREFIXES, Secured, TableOwner, TableRecord,
    TakeOver, is_reserved, owns_table, record_of,
};
pub use order::{Bounds, ColumnOrder, order_of_keys, order_of_values};
pub use origin::Origin;
pub use policy::{
    Budget, DeleteGuard, Deletes, NewColumns, NewTypes, OnBadValue, OnChange, OnTrap, Policy, SchemaPolicy,
};
pub use reconcile::Reconcile;
pub use replay::Replayed;
pub use run::{Cancel, check_streams, run_streams};
pub use source::{Cursor, Dialect, Source, SourceGrant, SourceSession, TableDescription};
pub use sql::{Sql, SqlSession};
pub use stream::{Stream, StreamContext};
pub use target::{
    MergeRule, Refused, Removal, SharedTarget, TableDefinition, Target, TargetGrant, TargetSession, WriteStats,
};
pub use transform::{Call, RejectedRow, Transform, Transformed};
pub use transform_stage::{hold_to_promise, type_name};
pub use value::{Bookmark, Position, Value, timestamp_from_text};
