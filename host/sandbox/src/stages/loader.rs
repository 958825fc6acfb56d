//! A plugin that writes a stream.

use arrow_array::RecordBatch;
use wasmtime::Store;
use wasmtime::component::Resource;
use wmshost_flow::{Failure, LoadMode, LoadRequest, Loader, NewColumns, NewTypes, WriteStats};

use crate::bindings::loader::Loader as World;
use crate::bindings::{loading, types};
use crate::columns::PluginBatch;
use crate::convert::columns_to_wit;
use crate::instance::Instance;
use crate::instance_state::InstanceState;
use crate::load_policy::{LoadPolicy, Phase};
use crate::purpose::Purpose;

/// A plugin that writes a stream.
pub(crate) struct PluginLoader {
    instance: Instance<World>,
    /// The number of the current batch.
    batch: Option<u64>,
}

impl PluginLoader {
    pub(crate) fn new(instance: Instance<World>) -> Self {
        Self { instance, batch: None }
    }

    /// Calls the plugin and returns the target's counts of what was done meanwhile.
    fn counted(
        &mut self,
        phase: Phase,
        function: &'static str,
        call: impl FnOnce(&World, &mut Store<InstanceState>) -> wasmtime::Result<Result<(), types::Failure>>,
    ) -> Result<WriteStats, Failure> {
        let target = &mut self.instance.store.data_mut().target;
        target.counts = WriteStats::default();
        if let Some(policy) = &mut target.policy {
            policy.phase = phase;
        }
        let purpose = Purpose { batch: self.batch, ..Purpose::of(function) };
        self.instance.call_fallible_in(purpose, call)?;
        Ok(self.instance.store.data().target.counts)
    }
}

impl Loader for PluginLoader {
    fn prepare(&mut self, request: &LoadRequest) -> Result<WriteStats, Failure> {
        self.instance.store.data_mut().target.policy = Some(LoadPolicy::of(request));
        let request = loading::Request {
            name: request.stream.clone(),
            table: request.table.clone(),
            mode: match request.mode {
                LoadMode::Merge | LoadMode::Reload => loading::Mode::Merge,
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
        self.counted(Phase::Prepare, "prepare", |world, store| {
            world.wmshost_plugin_loading().call_prepare(store, &request)
        })
    }

    fn begin_batch(&mut self, number: u64) {
        self.batch = Some(number);
    }

    fn load(&mut self, rows: RecordBatch) -> Result<WriteStats, Failure> {
        let count = rows.num_rows();
        let state = self.instance.store.data_mut();
        let may_drop = state.target.policy.as_ref().is_some_and(|policy| policy.may_drop);
        let handle = state.handles.push_batch(PluginBatch::fixed(rows, may_drop))?;
        let lent = Resource::new_borrow(handle.rep());
        let counts =
            self.counted(Phase::Load, "load", |world, store| world.wmshost_plugin_loading().call_load(store, lent));
        self.instance.store.data_mut().handles.take_batch(handle)?;
        let counts = counts?;
        self.instance.count_rows("load", count)?;
        Ok(counts)
    }

    fn finish(&mut self) -> Result<WriteStats, Failure> {
        self.batch = None;
        let counts =
            self.counted(Phase::Finish, "finish", |world, store| world.wmshost_plugin_loading().call_finish(store))?;
        let state = self.instance.store.data();
        let finished = state.target.policy.as_ref().map_or(Ok(()), LoadPolicy::check_finished);
        finished.map_err(|failure| failure.at(&state.plugin, "finish"))?;
        Ok(counts)
    }
}
