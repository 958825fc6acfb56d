//! The handles of a plugin: batches, connections, cursors, services, responses, and the streams of WASI, in one table.

use wasmtime::component::{Resource, ResourceTable};
use wmshost_flow::{Cursor, Failure, Limits, ServiceResponse};

use crate::columns::PluginBatch;

/// A plugin's handle to the granted database.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Connection;

/// A query whose rows are being read.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OpenCursor(pub(crate) Box<dyn Cursor>);

/// A plugin's handle to the granted web service.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OpenService;

/// A response of a web service.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OpenResponse(pub(crate) Box<dyn ServiceResponse>);

/// All handles of one instance, and how many there may be.
pub(crate) struct Handles {
    table: ResourceTable,
    most: usize,
    batches: usize,
    most_batches: usize,
}

impl Handles {
    /// No handles yet, and later no more than the limits allow.
    pub(crate) fn new(limits: &Limits) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        Self { table, most: limits.handles, batches: 0, most_batches: limits.batches }
    }

    /// The table itself, for WASI.
    pub(crate) fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    /// A new handle for the plugin, if it does not have too many.
    pub(crate) fn push<T: Send + 'static>(&mut self, entry: T) -> Result<Resource<T>, Failure> {
        self.table.push(entry).map_err(|_| Failure::limit("handles", self.most, self.most + 1))
    }

    /// Returns the entry of a handle; a handle that the plugin does not have is a trap.
    pub(crate) fn get<T: 'static>(&self, handle: &Resource<T>) -> wasmtime::Result<&T> {
        Ok(self.table.get(handle)?)
    }

    /// The same, to be changed.
    pub(crate) fn get_mut<T: 'static>(&mut self, handle: &Resource<T>) -> wasmtime::Result<&mut T> {
        Ok(self.table.get_mut(handle)?)
    }

    /// Forgets an entry that is no batch.
    pub(crate) fn delete<T: 'static>(&mut self, handle: Resource<T>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }

    /// A new handle for a batch, if the plugin does not have too many of them.
    pub(crate) fn push_batch(&mut self, batch: PluginBatch) -> Result<Resource<PluginBatch>, Failure> {
        if self.batches == self.most_batches {
            return Err(Failure::limit("batches", self.most_batches, self.most_batches + 1));
        }
        let handle = self.push(batch)?;
        self.batches += 1;
        Ok(handle)
    }

    /// Takes a batch back.
    pub(crate) fn take_batch(&mut self, handle: Resource<PluginBatch>) -> Result<PluginBatch, Failure> {
        let batch = self.table.delete(handle).map_err(|error| Failure::permanent(format!("the batch: {error}")))?;
        self.batches -= 1;
        Ok(batch)
    }
}
