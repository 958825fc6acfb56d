//! A plugin that writes a stream.

use arrow_array::RecordBatch;
use wasmtime::Store;
use wasmtime::component::Resource;
use wmshost_flow::{Batch, Counts, Failure, LoadMode, LoadRequest, Loader, NewColumns, NewTypes};

use crate::bindings::loader::Loader as World;
use crate::bindings::{loading, types};
use crate::columns::PluginBatch;
use crate::convert::columns_to_wit;
use crate::guest::Guest;
use crate::instance::Instance;

/// A plugin that writes a stream.
pub(crate) struct PluginLoader {
    instance: Instance<World>,
}

impl PluginLoader {
    pub(crate) fn new(instance: Instance<World>) -> Self {
        Self { instance }
    }

    /// Calls the plugin and gives what the target says was done meanwhile.
    fn counted(
        &mut self,
        function: &'static str,
        call: impl FnOnce(&World, &mut Store<Guest>) -> wasmtime::Result<Result<(), types::Failure>>,
    ) -> Result<Counts, Failure> {
        self.instance.store.data_mut().counts = Counts::default();
        self.instance.ask(function, call)?;
        Ok(self.instance.store.data().counts)
    }
}

impl Loader for PluginLoader {
    fn prepare(&mut self, request: &LoadRequest) -> Result<Counts, Failure> {
        let request = loading::Request {
            name: request.stream.clone(),
            table: request.table.clone(),
            mode: match request.mode {
                LoadMode::Merge => loading::Mode::Merge,
                LoadMode::Replace => loading::Mode::Replace,
            },
            columns: columns_to_wit(request.columns.fields())?,
            key: request.key.clone(),
            version: request.version.clone(),
            new_columns: match request.schema.new_columns {
                NewColumns::Evolve => loading::NewColumns::Evolve,
                NewColumns::Freeze => loading::NewColumns::Freeze,
                NewColumns::Discard => loading::NewColumns::Discard,
            },
            new_types: match request.schema.new_types {
                NewTypes::Evolve => loading::NewTypes::Evolve,
                NewTypes::Freeze => loading::NewTypes::Freeze,
            },
            resume: request.resume,
        };
        self.counted("prepare", |world, store| world.wmshost_plugin_loading().call_prepare(store, &request))
    }

    fn load(&mut self, rows: RecordBatch) -> Result<Counts, Failure> {
        let handle = self.instance.store.data_mut().push(PluginBatch::new(Batch::new(rows)))?;
        let lent = Resource::new_borrow(handle.rep());
        let counts = self.counted("load", |world, store| world.wmshost_plugin_loading().call_load(store, lent));
        self.instance
            .store
            .data_mut()
            .table
            .delete(handle)
            .map_err(|error| Failure::permanent(format!("the batch: {error}")))?;
        counts
    }

    fn finish(&mut self) -> Result<Counts, Failure> {
        self.counted("finish", |world, store| world.wmshost_plugin_loading().call_finish(store))
    }
}
