//! A plugin that changes batches.

use arrow_schema::SchemaRef;
use wasmtime::component::Resource;
use wmshost_flow::{Batch, Failure, Transform};

use crate::bindings::transform::Transform as World;
use crate::columns::PluginBatch;
use crate::convert::{columns_from_wit, columns_to_wit};
use crate::instance::Instance;

/// Makes an instance.
type Make = Box<dyn Fn() -> Result<Instance<World>, Failure> + Send>;

/// A plugin that changes batches.
pub(crate) struct PluginTransform {
    make: Make,
    instance: Instance<World>,
}

impl PluginTransform {
    pub(crate) fn new(make: Make) -> Result<Self, Failure> {
        Ok(Self { instance: make()?, make })
    }
}

impl Transform for PluginTransform {
    fn output_schema(&mut self, input: &SchemaRef) -> Result<SchemaRef, Failure> {
        let input = columns_to_wit(input.fields())?;
        let output = self.instance.ask("output-schema", |world, store| {
            world.wmshost_plugin_transformation().call_output_schema(store, &input)
        })?;
        columns_from_wit(output)
    }

    fn renew(&mut self) -> Result<(), Failure> {
        self.instance = (self.make)()?;
        Ok(())
    }

    fn process(&mut self, batch: Batch) -> Result<Batch, Failure> {
        let handle = self.instance.store.data_mut().push(PluginBatch::new(batch))?;
        let lent = Resource::new_borrow(handle.rep());
        let done = self
            .instance
            .ask("process", |world, store| world.wmshost_plugin_transformation().call_process(store, lent));
        let batch = self.instance.store.data_mut().table.delete(handle);
        done?;
        batch.map_err(|error| Failure::permanent(format!("the batch: {error}")))?.into_batch()
    }
}
