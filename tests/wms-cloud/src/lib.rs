//! A mock of Oracle WMS Cloud's REST API: seeded tenants whose rows are those of the sample warehouse in the cloud's words,
//! its pages, filters and ways of signing in, the quirks of real tenants by switch, changes that happen while it is read,
//! and its truth. It shares no code with the host that reads it. No real tenant was ever called: where one differs, the
//! tenant is right.
//!
//! Left out: filters backwards over relations, `distinct`, XML, gzip, and everything that writes.
//!
//! | module | what it is for |
//! |---|---|
//! | `quirks` | the quirks, each a switch |
//! | `value` | values of fields, and their text |
//! | `text` | base64, percent and JSON |
//! | `random` | draws that depend on the seed alone |
//! | `catalogue` | the entities and their fields |
//! | `store` | rows in memory |
//! | `generate` | a tenant from a seed |
//! | `tenant` | the rows with their clock and their quirks |
//! | `changes` | a day of changes |
//! | `truth` | the rows as they are |
//! | `reply` | requests and replies as plain values |
//! | `query` | filters, orderings and paths over relations |
//! | `cursor` | the cursor of sequenced pages |
//! | `render` | rows as JSON |
//! | `pages` | lists in pages |
//! | `describe` | the entities and their fields as the API describes them |
//! | `auth` | signing in |
//! | `faults` | which request meets which fault |
//! | `api` | one request, one reply |
//! | `control` | changing the mock by requests |
//! | `http` | the server |
//! | `mock` | the mock as a whole |

mod api;
mod auth;
mod catalogue;
mod changes;
mod control;
mod cursor;
mod describe;
mod faults;
mod generate;
mod http;
mod mock;
mod pages;
mod query;
mod quirks;
mod random;
mod render;
mod reply;
mod store;
mod tenant;
mod text;
mod truth;
mod value;

#[cfg(test)]
mod tests;

pub use api::Exchange;
pub use auth::{CLIENT_ID, CLIENT_SECRET, PASSWORD, SCOPE, USER};
pub use mock::{Mock, Options, Stray};
pub use quirks::{Quirk, Quirks};
pub use store::Fate;
pub use truth::TrueRow;
