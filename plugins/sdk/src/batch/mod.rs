//! Batches: the host's handle to rows, or the same in memory where there is no host.
//!
//! | module | what it is |
//! |---|---|
//! | `rows` | one batch, as a plugin works on it |
//! | `derive` | types that can be written as a column |
//! | `one_column` | transforms of one column |
//! | `data` | one column of a batch in memory |
//! | `memory` | a batch in memory, for native tests and benchmarks |
//! | `shown` | values in readable form |
//! | `trial` | a whole transform on a batch in memory |

#[cfg(not(target_family = "wasm"))]
mod data;
mod derive;
#[cfg(not(target_family = "wasm"))]
mod memory;
mod one_column;
mod rows;
#[cfg(not(target_family = "wasm"))]
mod shown;
#[cfg(all(not(target_family = "wasm"), feature = "transform"))]
mod trial;

pub use derive::Derived;
#[cfg(not(target_family = "wasm"))]
pub use memory::{Batch, Rejected};
pub use one_column::{declare_text, map_text};
pub use rows::{Rows, Violation};
#[cfg(not(target_family = "wasm"))]
pub use shown::shown;
#[cfg(all(not(target_family = "wasm"), feature = "transform"))]
pub use trial::run_transform;
#[cfg(target_family = "wasm")]
pub use wmshost_plugin_capabilities::batches::Batch;
