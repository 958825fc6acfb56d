//! Loaders: batches written into a target table.

use crate::about::{Description, Settings};
use crate::batch::Batch;
use crate::contract::loading::Request;
use crate::failure::Result;

/// A plugin that writes a stream. The host begins and commits the transactions.
pub trait Loader: Sized + 'static {
    /// The plugin's description of itself. Called without any capability.
    fn describe() -> Description;
    /// Makes the table ready. Called once, in a transaction of its own.
    fn prepare(settings: &Settings, request: Request) -> Result<Self>;
    /// Writes one batch.
    fn load(&mut self, rows: &Batch) -> Result<()>;
    /// Puts the result in place, after all batches were written.
    fn finish(&mut self) -> Result<()>;
}

#[cfg(target_family = "wasm")]
pub(crate) mod exported {
    //! A loader as the contract has it.

    use std::marker::PhantomData;

    use super::{Loader, Request, Settings};
    use crate::batch::Batch;
    use crate::failure::{Result, permanent};
    use crate::stage::instance;
    use wmshost_plugin_loader_world::{about, loading};

    /// The exports of a loader.
    pub struct Exported<L>(PhantomData<L>);

    fn unprepared<L>() -> Result<L> {
        Err(permanent("a loader must be prepared before it loads"))
    }

    impl<L: Loader> about::Guest for Exported<L> {
        fn describe() -> about::Description {
            L::describe().into()
        }
    }

    impl<L: Loader> loading::Guest for Exported<L> {
        fn prepare(request: Request) -> Result<()> {
            L::prepare(&Settings::of(&L::describe()), request).map(instance::keep)
        }

        fn load(rows: &Batch) -> Result<()> {
            instance::with(unprepared::<L>, |loader| loader.load(rows))
        }

        fn finish() -> Result<()> {
            instance::with(unprepared::<L>, Loader::finish)
        }
    }
}
