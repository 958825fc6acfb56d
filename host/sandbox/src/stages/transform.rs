//! A plugin that changes batches.

use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use wasmtime::component::Resource;
use wmshost_flow::{Batch, Call, Failure, Transform, Transformed};

use crate::bindings::transform::Transform as World;
use crate::columns::PluginBatch;
use crate::convert::{columns_from_wit, columns_to_wit};
use crate::instance::Instance;
use crate::purpose::Purpose;

/// Makes an instance.
type Make = Box<dyn Fn() -> Result<Instance<World>, Failure> + Send>;

/// A plugin that changes batches.
pub(crate) struct PluginTransform {
    make: Make,
    instance: Instance<World>,
    plugin: String,
    /// The columns that it was asked about, and the columns that it promised.
    asked: Option<(SchemaRef, SchemaRef)>,
    keeps_state: bool,
}

impl PluginTransform {
    pub(crate) fn new(make: Make) -> Result<Self, Failure> {
        let instance = make()?;
        let plugin = instance.store.data().plugin.clone();
        Ok(Self { make, instance, plugin, asked: None, keeps_state: false })
    }

    fn ask_columns(&mut self, input: &SchemaRef) -> Result<SchemaRef, Failure> {
        let input = columns_to_wit(input.fields())?;
        let output = self.instance.call_fallible("output-schema", |world, store| {
            world.wmshost_plugin_transformation().call_output_schema(store, &input)
        })?;
        let most = self.instance.store.data().limits.batch_columns;
        columns_from_wit(output, most).map_err(|failure| failure.at(&self.plugin, "output-schema"))
    }
}

impl Transform for PluginTransform {
    fn plugin(&self) -> &str {
        &self.plugin
    }

    fn output_schema(&mut self, input: &SchemaRef) -> Result<SchemaRef, Failure> {
        let output = self.ask_columns(input)?;
        self.keeps_state = self
            .instance
            .call("keeps-state", |world, store| world.wmshost_plugin_transformation().call_keeps_state(store))?;
        self.asked = Some((SchemaRef::clone(input), SchemaRef::clone(&output)));
        Ok(output)
    }

    fn promised(&self) -> Option<SchemaRef> {
        self.asked.as_ref().map(|(_, promised)| SchemaRef::clone(promised))
    }

    fn keeps_state(&self) -> bool {
        self.keeps_state
    }

    fn call_time(&self) -> Duration {
        self.instance.store.data().limits.call_time
    }

    /// Asks a fresh instance for its columns as the first one was; it must promise the same.
    fn renew(&mut self) -> Result<(), Failure> {
        self.instance = (self.make)()?;
        let Some((input, promised)) = self.asked.clone() else { return Ok(()) };
        if self.ask_columns(&input)? != promised {
            let failure = Failure::permanent("a fresh instance promises other columns than the first one");
            return Err(failure.at(&self.plugin, "output-schema"));
        }
        Ok(())
    }

    fn process(&mut self, rows: RecordBatch, call: &Call) -> Result<Transformed, Failure> {
        let count = rows.num_rows();
        let handle = self.instance.store.data_mut().handles.push_batch(PluginBatch::new(Batch::new(rows)))?;
        let lent = Resource::new_borrow(handle.rep());
        let purpose =
            Purpose { time: Some(call.time), is_silent: call.is_probe, ..Purpose::batch("process", call.batch) };
        let done = self
            .instance
            .call_fallible_in(purpose, |world, store| world.wmshost_plugin_transformation().call_process(store, lent));
        let batch = self.instance.store.data_mut().handles.take_batch(handle);
        done?;
        self.instance.count_rows("process", count)?;
        batch?.into_changed()
    }
}
