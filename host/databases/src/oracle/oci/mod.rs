//! The second driver, over Oracle's own libraries (ODPI-C and the Instant Client, which must be installed where the
//! program runs), for servers that the thin one cannot reach: native network encryption, Kerberos, wallets of other
//! kinds, accounts with an 11G verifier only. Compiled only with the feature `oci`.
//!
//! What is here beyond the message that the Instant Client is missing was never run: no server and no Instant Client
//! were at hand. `make test-oracle` runs the shared tests by it where `WMSHOST_ORACLE_CLIENT=oci` says so.
//!
//! | module | what it is for |
//! |---|---|
//! | `connection` | connecting, and what is asked of a connection |
//! | `error` | its errors, sorted |
//! | `bind` | values and batches to the server |
//! | `column` | what it says of a column |
//! | `rows` | the rows of a query |

mod bind;
mod column;
mod connection;
mod error;
mod rows;

pub(super) use connection::{connect, violation};
