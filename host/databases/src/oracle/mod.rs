//! Oracle as a source and as a target.
//!
//! | module | what it is for |
//! |---|---|
//! | `settings` | the address, the login and the limits of a server |
//! | `failure` | the meaning of Oracle's errors for the flow |
//! | `retry` | retries of connecting |
//! | `names` | names, quoted and in upper case |
//! | `client` | the interface of a connection |
//! | `thin` | a connection by Oracle's own driver in pure Rust: nothing has to be installed |
//! | `oci` | a connection by Oracle's Instant Client, if the program was built with it |
//! | `panic` | panics of the drivers, as lost connections |
//! | `connection` | one connection, with its session set up |
//! | `pool` | a pool of connections |
//! | `connect` | connecting within a budget |
//! | `moment` | dates and timestamps |
//! | `number` | exact decimals |
//! | `types` | Oracle's types and Arrow types, both ways |
//! | `sql_session` | plain SQL, for the host's own tables |
//! | `guard` | the rules for a guest's statement |
//! | `clauses` | the clauses, functions and literals that it may have |
//! | `scope` | the names that are visible in a statement |
//! | `order` | the host's order of a column, in Oracle's SQL |
//! | `dates` | moments that are compared with a DATE |
//! | `source` | one moment over many sessions |
//! | `session` | the reading session of one stream |
//! | `lob` | large objects, with their rows or in pieces |
//! | `cursor` | the rows of a query |
//! | `column` | cells to Arrow columns |
//! | `target` | opening a server for writing |
//! | `target_session` | the transactions of one stream |
//! | `commit` | committing, and whether it took place |
//! | `ownership` | whether a table is the stream's own |
//! | `table` | the server's description of a table that is written |
//! | `ddl` | creating and changing tables |
//! | `encode` | batches as the driver binds them |
//! | `insert` | inserting, and finding the rows that cannot be |
//! | `merge` | inserting new rows, updating rows that differ |
//! | `bulk_merge` | merging a large batch at once |
//! | `swap` | staged tables |
//! | `copied` | the constraints that a staged table copies |
//! | `remove` | rows that the source no longer has |
//! | `load_times` | when rows were loaded |
//! | `probe` | testing a connection, and the rights that its user lacks |

mod bulk_merge;
mod clauses;
mod client;
mod column;
mod commit;
mod connect;
mod connection;
mod copied;
mod cursor;
mod dates;
mod ddl;
mod encode;
mod failure;
mod guard;
mod insert;
mod load_times;
mod lob;
mod merge;
mod moment;
mod names;
mod number;
#[cfg(feature = "oci")]
mod oci;
mod order;
mod ownership;
mod panic;
mod pool;
mod probe;
mod remove;
mod retry;
mod scope;
mod session;
mod settings;
mod source;
mod sql_session;
mod swap;
mod table;
mod target;
mod target_session;
mod thin;
mod types;

pub use connect::unusable;
pub use probe::{Missing, Probe, probe_source, probe_target};
pub use settings::{
    Address, BareNumber, ClientKind, Protocol, Secret, Server, Service, Settings, Snapshot, Tags, Trust,
};
pub use source::open_source;
pub use target::{open_reader, open_target};
