//! A plugin that changes batches.

use arrow_schema::SchemaRef;
use wasmtime::component::Resource;
use wmshost_flow::{Batch, Failure, Transform};

use crate::bindings::transform::Transform as World;
use crate::columns::PluginBatch;
use crate::convert::{check_promise, columns_from_wit, columns_to_wit};
use crate::instance::Instance;

/// Makes an instance.
type Make = Box<dyn Fn() -> Result<Instance<World>, Failure> + Send>;

/// A plugin that changes batches.
pub(crate) struct PluginTransform {
    make: Make,
    instance: Instance<World>,
    promised: Option<SchemaRef>,
}

impl PluginTransform {
    pub(crate) fn new(make: Make) -> Result<Self, Failure> {
        Ok(Self { instance: make()?, make, promised: None })
    }
}

impl Transform for PluginTransform {
    fn output_schema(&mut self, input: &SchemaRef) -> Result<SchemaRef, Failure> {
        let input = columns_to_wit(input.fields())?;
        let output = self.instance.ask("output-schema", |world, store| {
            world.wmshost_plugin_transformation().call_output_schema(store, &input)
        })?;
        let guest = self.instance.store.data();
        let output = columns_from_wit(output, guest.limits.batch_columns)
            .map_err(|failure| failure.at(&guest.identity.plugin, "output-schema"))?;
        self.promised = Some(SchemaRef::clone(&output));
        Ok(output)
    }

    fn renew(&mut self) -> Result<(), Failure> {
        self.instance = (self.make)()?;
        Ok(())
    }

    fn process(&mut self, batch: Batch) -> Result<Batch, Failure> {
        let handle = self.instance.store.data_mut().push_batch(PluginBatch::new(batch))?;
        let lent = Resource::new_borrow(handle.rep());
        let done = self
            .instance
            .ask("process", |world, store| world.wmshost_plugin_transformation().call_process(store, lent));
        let guest = self.instance.store.data_mut();
        let batch = guest.take_batch(handle);
        done?;
        let batch = batch?.into_batch()?;
        check_promise(self.promised.as_ref(), &batch.rows.schema())
            .map_err(|failure| failure.at(&guest.identity.plugin, "process"))?;
        Ok(batch)
    }
}
