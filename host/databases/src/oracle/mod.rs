//! Oracle as a source and as a target.
//!
//! | module | what it is for |
//! |---|---|
//! | `settings` | what it takes to reach a server |
//! | `failure` | what Oracle's errors mean for the flow |
//! | `retry` | when to try again |
//! | `names` | names, quoted and in upper case |
//! | `client` | what is asked of a connection |
//! | `thin` | a connection by Oracle's own driver in pure Rust: nothing has to be installed |
//! | `oci` | a connection by Oracle's Instant Client, if the program was built with it |
//! | `panic` | panics of the drivers, as lost connections |
//! | `connection` | one connection, with its session set up |
//! | `pool` | connections for many |
//! | `connect` | connecting within a budget |
//! | `moment` | dates and timestamps |
//! | `number` | exact decimals |
//! | `types` | Oracle's types and Arrow types, both ways |
//! | `sql_session` | plain SQL, for the host's own tables |
//! | `guard` | what a guest's statement may do |
//! | `clauses` | which clauses, functions and literals it may have |
//! | `scope` | the names that can be seen in a statement |
//! | `order` | the host's order of a column, in Oracle's words |
//! | `dates` | moments that are compared with a DATE |
//! | `source` | one moment over many sessions |
//! | `session` | one stream's reading |
//! | `lob` | large objects, with their rows or in pieces |
//! | `cursor` | the rows of a query |
//! | `column` | cells to Arrow columns |
//! | `target` | opening a server for writing |
//! | `target_session` | one stream's transactions |
//! | `commit` | committing, and whether it took place |
//! | `ownership` | whether a table is the stream's own |
//! | `table` | what the server knows of a table that is written |
//! | `ddl` | creating and changing tables |
//! | `encode` | batches as the driver binds them |
//! | `insert` | inserting, and finding the rows that cannot be |
//! | `merge` | inserting what is new, updating what differs |
//! | `bulk_merge` | merging a large batch at once |
//! | `swap` | staged tables |
//! | `copied` | what a staged table demands of its rows |
//! | `remove` | rows that the source no longer has |
//! | `load_times` | when rows were loaded |
//! | `probe` | trying a connection, and what its user lacks |

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
