//! Transforms: batches changed in flight.

use crate::about::{Description, Settings};
use crate::batch::Rows;
use crate::contract::types::Schema;
use crate::failure::Result;

/// A plugin that changes batches. It sees the batches of one stream in order, and nothing else.
pub trait Transform: Sized + 'static {
    /// The plugin's description of itself. Called without any capability.
    fn describe() -> Description;
    /// Creates the transform, with the settings of the pipeline file.
    fn new(settings: &Settings) -> Result<Self>;
    /// The columns that `process` makes of the input's.
    fn output_schema(&self, input: Schema) -> Result<Schema>;
    /// True if the transform keeps state from one batch to the next: a running total, keys that it has seen. If not,
    /// parts of a batch must have the same result as the whole, in any instance.
    fn keeps_state(&self) -> bool {
        false
    }
    /// Changes one batch in place.
    fn process(&mut self, rows: Rows<'_>) -> Result<()>;
}

#[cfg(target_family = "wasm")]
pub(crate) mod exported {
    //! A transform as the contract has it.

    use std::marker::PhantomData;

    use super::{Rows, Schema, Settings, Transform};
    use crate::batch::Batch;
    use crate::failure::Result;
    use crate::stage::instance;
    use wmshost_plugin_transform_world::{about, transformation};

    /// The exports of a transform.
    pub struct Exported<T>(PhantomData<T>);

    fn begin<T: Transform>() -> Result<T> {
        T::new(&Settings::of(&T::describe()))
    }

    impl<T: Transform> about::Guest for Exported<T> {
        fn describe() -> about::Description {
            T::describe().into()
        }
    }

    impl<T: Transform> transformation::Guest for Exported<T> {
        fn output_schema(input: Schema) -> Result<Schema> {
            instance::with(begin::<T>, |transform| transform.output_schema(input))
        }

        fn keeps_state() -> bool {
            instance::with(begin::<T>, |transform| Ok(transform.keeps_state())).unwrap_or_default()
        }

        fn process(rows: &Batch) -> Result<()> {
            instance::with(begin::<T>, |transform| transform.process(Rows::of(rows)))
        }
    }
}
