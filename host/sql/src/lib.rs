//! The SQL of each kind of database, in one place for the flow, the drivers and the models: names, literals, types,
//! queries of the catalogue, and the functions that guests may call. It opens no connection.
//!
//! | module | what it is for |
//! |---|---|
//! | `dialect` | the kinds of databases |
//! | `names` | names as identifiers, and as the catalogue has them |
//! | `literals` | values in the text of a statement |
//! | `declared` | the types that columns are declared with |
//! | `statements` | parts of statements for which each database has a form of its own |
//! | `catalogue` | queries of the catalogue |
//! | `functions` | functions that only compute |
//! | [`guard`] | the parts of a guard over guests' SQL, with the feature `guard` |
//! | `value` | single values, and times as text |
//! | `calendar` | days and dates |
//!
//! Not here, because one part of the host alone needs it: the types that a driver reads (each driver's `types`), SQLite's
//! authorizer, which answers the database's own questions about a compiled statement (`databases/src/sqlite/guard.rs`),
//! and the statements that one driver alone runs. The SDK's `Sql` writes expressions for the SQL of models; it is compiled
//! for guests, which know the contract and nothing of the host.

mod calendar;
mod catalogue;
mod declared;
mod dialect;
mod functions;
#[cfg(feature = "guard")]
pub mod guard;
mod literals;
mod names;
mod statements;
mod value;

pub use calendar::{date_of, days_of};
pub use catalogue::{BELONGINGS, CURRENT_SCHEMA, OWN_SCHEMA};
pub use declared::{ColumnPurpose, MOST_DIGITS, MetadataType, NUMBER_DIGITS, is_utc, stored_decimal};
pub use dialect::Dialect;
pub use literals::text_literal;
pub use names::by_name;
pub use statements::{all_of, any_of, gather_statistics};
pub use value::{Value, date_text, is_decimal, timestamp_from_text, timestamp_text};
