//! Extractors: streams read from a source.

use crate::about::{Description, Settings};
use crate::batch::Batch;
use crate::contract::extraction::{Offer, Request};
use crate::contract::types::{Bookmark, Schema};
use crate::failure::Result;

/// A plugin that reads streams.
pub trait Extractor: 'static {
    /// A stream being read.
    type Reader: Reader + 'static;

    /// The plugin's description of itself. Called without any capability.
    fn describe() -> Description;
    /// The streams that the granted source offers; none, if the plugin does not look for them.
    fn discover(_settings: &Settings, _source: &str) -> Result<Vec<Offer>> {
        Ok(Vec::new())
    }
    /// Begins to read. Every mistake of the request is found here, before the first row.
    fn open(settings: &Settings, request: Request) -> Result<Self::Reader>;
}

/// A stream being read, in an order in which reading can continue after every bookmark.
pub trait Reader {
    /// The columns of every batch to come.
    fn schema(&self) -> Schema;
    /// The columns that identify a row.
    fn key(&self) -> Vec<String>;
    /// The expected number of rows, if it is cheap to know. For progress only.
    fn expected_rows(&self) -> Option<u64>;
    /// The next rows, or the end.
    fn next(&mut self) -> Result<Step>;
}

/// The next step of a reader.
#[derive(Debug)]
pub enum Step {
    /// Rows, and the position of the stream after them.
    Chunk(Batch, Bookmark),
    /// The end; the next run continues at the bookmark.
    End(Bookmark),
}

#[cfg(target_family = "wasm")]
pub(crate) mod exported {
    //! An extractor as the contract has it.

    use std::cell::RefCell;
    use std::marker::PhantomData;

    use super::{Extractor, Reader as _, Settings, Step};
    use crate::contract::types::Schema;
    use crate::failure::Result;
    use wmshost_plugin_extractor_world::{about, extraction};

    /// The exports of an extractor.
    pub struct Exported<E>(PhantomData<E>);

    /// A reader as a resource, whose methods have shared access to it.
    pub struct ExportedReader<E: Extractor>(RefCell<E::Reader>);

    impl<E: Extractor> about::Guest for Exported<E> {
        fn describe() -> about::Description {
            E::describe().into()
        }
    }

    impl<E: Extractor> extraction::Guest for Exported<E> {
        type Reader = ExportedReader<E>;

        fn discover(source: String) -> Result<Vec<extraction::Offer>> {
            E::discover(&Settings::of(&E::describe()), &source)
        }

        fn open(request: extraction::Request) -> Result<extraction::Reader> {
            let reader = E::open(&Settings::of(&E::describe()), request)?;
            Ok(extraction::Reader::new(ExportedReader::<E>(RefCell::new(reader))))
        }
    }

    impl<E: Extractor> extraction::GuestReader for ExportedReader<E> {
        fn schema(&self) -> Schema {
            self.0.borrow().schema()
        }

        fn key(&self) -> Vec<String> {
            self.0.borrow().key()
        }

        fn expected_rows(&self) -> Option<u64> {
            self.0.borrow().expected_rows()
        }

        fn next(&self) -> Result<extraction::Step> {
            Ok(match self.0.borrow_mut().next()? {
                Step::Chunk(rows, bookmark) => extraction::Step::Chunk(extraction::Chunk { rows, bookmark }),
                Step::End(bookmark) => extraction::Step::End(bookmark),
            })
        }
    }
}
