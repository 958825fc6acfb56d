//! The second driver, over Oracle's own libraries (ODPI-C and the Instant Client, which must be installed where the
//! program runs), for servers that the thin one cannot reach: native network encryption, proxy users, wallets of other
//! kinds, accounts with an 11G verifier only. Compiled only with the feature `oci`.
//!
//! Except for the message that the Instant Client is missing, nothing in here was ever run: no server and no Instant
//! Client were at hand. `make test-oracle` runs the shared tests with this driver if `WMSHOST_ORACLE_CLIENT=oci` is
//! set.
//!
//! | module | what it is for |
//! |---|---|
//! | `connection` | connecting, and the interface of a connection |
//! | `error` | its errors, classified |
//! | `bind` | values and batches to the server |
//! | `column` | its description of a column |
//! | `rows` | the rows of a query |

mod bind;
mod column;
mod connection;
mod error;
mod rows;

pub(crate) use connection::{connect, violation};
