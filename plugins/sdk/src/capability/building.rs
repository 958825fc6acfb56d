//! Making a batch, for extractors that make rows themselves.

use crate::batch::Batch;
use crate::failure::Result;

/// A batch of this many rows without columns; they are added by its `write_` methods.
#[cfg(target_family = "wasm")]
pub fn make(rows: u32) -> Result<Batch> {
    wmshost_plugin_capabilities::building::make(rows)
}

/// A batch of this many rows without columns; they are added by its `write_` methods.
#[cfg(not(target_family = "wasm"))]
pub fn make(rows: u32) -> Result<Batch> {
    Ok(Batch::with_rows(rows as usize))
}
