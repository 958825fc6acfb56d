//! Oracle as a source and as a target.
//!
//! | module | what it is for |
//! |---|---|
//! | `failure` | what Oracle's errors mean for the flow |
//! | `codes` | the codes of Oracle's errors, with class and description |
//! | `catalog` | the tables of a schema |
//! | `charset` | the letters that a database can hold |
//! | `names` | names, quoted and in upper case |
//! | `owner` | the owner of a table, and the user of a GRANT |
//! | `moment` | dates and timestamps |
//! | `number` | exact decimals |
//! | `types` | Oracle's types and Arrow types, both ways |
//! | `client` | connections by the pure Rust driver, or by Oracle's Instant Client |
//! | `connect` | reaching a server: settings, pool, retries, probe |
//! | `sql_session` | plain SQL, for the host's own tables |
//! | `guard` | what a guest's statement may do |
//! | `read` | reading: sessions of one moment, cursors, cells to columns |
//! | `write` | writing: transactions, tables and their rows |

mod catalog;
mod charset;
mod client;
mod codes;
mod connect;
mod failure;
mod guard;
mod moment;
mod names;
mod number;
mod owner;
mod read;
mod sql_session;
mod types;
mod write;

pub(crate) use catalog::{read_catalog, sample_query};
pub use connect::manager::unusable;
pub use connect::probe::{Missing, Probe, Purpose, probe_source, probe_target};
pub use connect::settings::{
    Address, BareNumber, ClientKind, Protocol, Secret, Server, Service, Settings, Snapshot, Tags, Trust,
};
pub use guard::admitted;
pub use read::source::open_source;
pub use write::target::{open_reader, open_target};
