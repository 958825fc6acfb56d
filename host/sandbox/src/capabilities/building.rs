//! Batches that a plugin makes itself.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::Schema;
use wasmtime::component::{HasData, Resource};
use wmshost_flow::{Batch, Failure};

use super::{HostResult, into_guest};
use crate::bindings::building::Host;
use crate::columns::PluginBatch;
use crate::handles::Handles;

/// The most rows of a batch that a plugin makes.
const MOST_ROWS: u32 = 1_000_000;

/// The capability `building`. It sees a [`BuildingView`] and nothing else.
pub(crate) struct Building;

impl HasData for Building {
    type Data<'a> = BuildingView<'a>;
}

/// The handles that the capability makes.
pub(crate) struct BuildingView<'a>(pub(crate) &'a mut Handles);

impl Host for BuildingView<'_> {
    fn make(&mut self, rows: u32) -> HostResult<Resource<PluginBatch>> {
        if rows > MOST_ROWS {
            return into_guest(Err(Failure::limit("rows of a batch", MOST_ROWS, rows)));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows as usize));
        let made = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options);
        let made = made.map_err(|error| Failure::permanent(format!("a batch without columns: {error}")));
        into_guest(made.and_then(|rows| self.0.push_batch(PluginBatch::new(Batch::new(rows)))))
    }
}
