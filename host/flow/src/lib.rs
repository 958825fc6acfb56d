//! The flow of a stream from source to target, without knowing how any part of it is made: no sandbox, no
//! database driver, no printing, no clock of its own. Everything that touches the world comes in as a port.
//!
//! | module | what it is for |
//! |---|---|
//! | `choice` | enums whose values are named in pipeline files |
//! | `csv` | comma-separated values |
//! | `failure` | failures: kind, cause, message, advice, and their consequences |
//! | `limits` | the limits of a plugin |
//! | `regular_file` | files that a person names |
//! | `values` | bookmarks, and the order of values |
//! | `columns` | the columns of a stream as a pipeline declares them |
//! | `rows` | rows in flight: batches, and the rows taken out of them |
//! | `ports` | the traits through which the flow meets databases, plugins and time |
//! | `definition` | what a checkpoint rests on, and what has changed since |
//! | `metadata` | the host's own tables in the target: ledger, leases, quarantine, owners |
//! | `stream` | a stream, its policies, and what its phases share |
//! | `stages` | extract, transform and load, each on a thread of its own |
//! | `compare` | comparing a source with its target, and repairing |
//! | `receipt` | the proof that the rows of a run are in the target |
//! | `run` | opening, running, reconciling and replaying the streams of a pipeline |
//! | `setting` | the settings of a plugin |
//! | [`model`] | the declarations of a plugin of models |

mod choice;
mod columns;
mod compare;
mod csv;
mod definition;
mod failure;
mod limits;
mod metadata;
pub mod model;
mod ports;
mod receipt;
mod regular_file;
mod rows;
mod run;
mod setting;
mod stages;
mod stream;
#[cfg(test)]
mod testing;
mod values;

pub use columns::{
    ColumnCertificate, ColumnReading, ColumnRule, ColumnRules, Mask, MovedColumns, SourceForm, certify, type_of_name,
};
pub use compare::{
    CellDifference, ColumnTypes, Compare, Compared, Comparison, Depth, Difference, DifferenceKind, OpenTarget,
    RowExample, TableComparison, TableRules, TableSide, compare_tables, like_source,
};
pub use csv::{CsvCell, CsvRecord, csv_records};
pub use definition::{
    ColumnUse, Definition, DefinitionChange, Impact, LARGEST_VALUE, PluginUse, Reaction, SOURCE_DATABASE,
    SOURCE_SCHEMA, column_options, grant_options, mask_option, renamed_columns,
};
pub use failure::cause::{ErrorClass, FailureCause, WasmError};
pub use failure::kind::FailureKind;
pub use failure::policy::{Exit, FailurePolicy, failure_policy};
pub use failure::{CallSite, Failure, Stage, StreamFailure};
pub use limits::{CompileLimits, Limits, TotalLimits};
pub use metadata::checkpoint::{Checkpoint, LoadMode};
pub use metadata::json::hex;
pub use metadata::{
    AUDIT_COLUMNS, Action, Claim, DELETED_AT, DamagedRow, Entry, LEASE_SECONDS, LastRun, LastRuns, Lease, LeaseGuard,
    LeaseOwner, LeaseView, Ledger, LoadClock, MERGE_SUFFIX, METADATA_PREFIX, OwnerKind, Quarantine, QuarantineFilter,
    QuarantinedRow, RejectedIn, RejectedKeys, STAGED_SUFFIX, STAGING_PREFIXES, SYSTEM_COLUMNS, Secured, TableOwner,
    TableRecord, TakeOver, Trace, Verified, VerifiedMarks, bookmark_from_json, bookmark_to_json,
    extractor_state_from_json, extractor_state_to_json, is_reserved, metadata_objections, own_table_objection,
    owns_table, record_of,
};
pub use ports::cancel::Cancel;
pub use ports::clock::{CLOCK_TOLERANCE, Clock, Micros};
pub use ports::events::{Event, NoObserver, Observer, StreamStats, StreamStatus, StreamSummary};
pub use ports::extractor::{Chunk, ExtractRequest, Extractor, Method, NullKeys, Opened, Step, Window};
pub use ports::loader::{LoadRequest, Loader};
pub use ports::service::{
    JsonColumn, JsonPlace, JsonRows, ResponseFacts, RowsOf, Service, ServiceRequest, ServiceResponse, ServiceSession,
};
pub use ports::source::{
    Cursor, MaskKey, Source, SourceColumn, SourceGrant, SourceSession, TableDescription, column_not_granted,
    table_not_granted,
};
pub use ports::sql::{Sql, SqlSession, StatementLimit};
pub use ports::table_grant::{TableGrant, TableGrants, grant_of, is_pattern, matches_pattern};
pub use ports::target::{
    MergeRule, Refused, Removal, SharedTarget, TableDefinition, Target, TargetGrant, TargetSession, WriteStats,
};
pub use ports::transform::{Call, RejectedRow, Transform, Transformed};
pub use receipt::{Proof, ProvenRange, RangeRoots, Root, Scope};
pub use regular_file::{check_is_file, secret_file_advice};
pub use rows::bad_rows::without_long_keys;
pub use rows::batch::{Batch, Cause, Rejected};
pub use rows::cell_json::{cell_as_json, row_as_json};
pub use rows::cell_value::cell_value;
pub use rows::origin::Origin;
pub use rows::row_json::row_from_json;
pub use rows::stored_value::StoredValue;
pub use run::replay::Replayed;
pub use run::trial::Trial;
pub use run::{check_streams, run_streams};
pub use setting::{Setting, SettingKind};
pub use stages::transform::{hold_to_promise, type_name};
pub use stream::context::StreamContext;
pub use stream::policy::{
    Budget, DeleteGuard, Deletes, NewColumns, NewTypes, OnBadValue, OnChange, OnTrap, Policy, SchemaPolicy,
    TargetTriggers,
};
pub use stream::{Reconcile, Stream};
pub use values::order::{Bounds, ColumnOrder, DecimalDigits, order_of_values};
pub use values::{Bookmark, Position};
pub use wmshost_sql::{Dialect, Value, is_decimal, timestamp_from_text};
