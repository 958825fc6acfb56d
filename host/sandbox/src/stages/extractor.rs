//! A plugin that reads a stream.

use wasmtime::component::ResourceAny;
use wmshost_flow::{Chunk, ExtractRequest, Extractor, Failure, Method, NullKeys, Opened, Step};

use crate::bindings::extraction;
use crate::bindings::extractor::Extractor as World;
use crate::convert::{bookmark_from_wit, bookmark_to_wit, columns_from_wit, value_to_wit};
use crate::instance::Instance;
use crate::plugin::Offer;

/// A plugin that reads a stream.
pub(crate) struct PluginExtractor {
    instance: Instance<World>,
    reader: Option<ResourceAny>,
}

impl PluginExtractor {
    pub(crate) fn new(instance: Instance<World>) -> Self {
        Self { instance, reader: None }
    }

    pub(crate) fn discover(&mut self, label: &str) -> Result<Vec<Offer>, Failure> {
        let offers = self
            .instance
            .ask("discover", |world, store| world.wmshost_plugin_extraction().call_discover(store, label))?;
        let offer = |offer: extraction::Offer| {
            let columns = columns_from_wit(offer.columns)?;
            Ok(Offer { table: offer.table, columns, key: offer.key, change_keys: offer.change_keys })
        };
        offers.into_iter().map(offer).collect()
    }

    fn reader(&self) -> Result<ResourceAny, Failure> {
        self.reader.ok_or_else(|| Failure::permanent("the stream is not open"))
    }

    /// Takes a chunk's batch out of the instance, with what the plugin set in its memory.
    fn take(&mut self, chunk: extraction::Chunk) -> Result<Chunk, Failure> {
        let guest = self.instance.store.data_mut();
        let batch = guest
            .table
            .delete(chunk.rows)
            .map_err(|error| Failure::permanent(format!("the chunk's batch: {error}")))?;
        Ok(Chunk {
            batch: batch.into_batch()?,
            bookmark: bookmark_from_wit(chunk.bookmark)?,
            state: std::mem::take(&mut guest.state_changes),
        })
    }
}

impl Extractor for PluginExtractor {
    fn open(&mut self, request: &ExtractRequest) -> Result<Opened, Failure> {
        self.instance.store.data_mut().state = request.state.clone();
        let request = extraction::Request {
            name: request.stream.clone(),
            source: request.source.clone(),
            table: request.table.clone(),
            method: match request.method {
                Method::Full => extraction::Method::Full,
                Method::Incremental => extraction::Method::Incremental,
                Method::Append => extraction::Method::Append,
            },
            key: request.key.clone(),
            change_key: request.change_key.clone(),
            lookback: request.lookback_micros,
            null_keys: match request.null_keys {
                NullKeys::Include => extraction::NullKeys::Include,
                NullKeys::Ignore => extraction::NullKeys::Ignore,
                NullKeys::Reject => extraction::NullKeys::Reject,
                NullKeys::Fail => extraction::NullKeys::Fail,
            },
            window: request.window.as_ref().map(|window| extraction::Window {
                start: value_to_wit(&window.start),
                end: value_to_wit(&window.end),
            }),
            columns: request.columns.clone(),
            bookmark: request.bookmark.as_ref().map(bookmark_to_wit),
            batch_rows: u32::try_from(request.batch_rows).unwrap_or(u32::MAX),
        };
        let reader =
            self.instance.ask("open", |world, store| world.wmshost_plugin_extraction().call_open(store, &request))?;
        self.reader = Some(reader);
        let (schema, key) = self.instance.call("schema", |world, store| {
            let extraction = world.wmshost_plugin_extraction();
            let schema = extraction.reader().call_schema(&mut *store, reader)?;
            Ok((schema, extraction.reader().call_key(store, reader)?))
        })?;
        Ok(Opened { schema: columns_from_wit(schema)?, key })
    }

    fn expected_rows(&mut self) -> Result<Option<u64>, Failure> {
        let reader = self.reader()?;
        self.instance.call("expected-rows", |world, store| {
            world.wmshost_plugin_extraction().reader().call_expected_rows(store, reader)
        })
    }

    fn next(&mut self) -> Result<Step, Failure> {
        let reader = self.reader()?;
        let step = self
            .instance
            .ask("next", |world, store| world.wmshost_plugin_extraction().reader().call_next(store, reader))?;
        match step {
            extraction::Step::Chunk(chunk) => self.take(chunk).map(Step::Chunk),
            extraction::Step::End(bookmark) => bookmark_from_wit(bookmark).map(Step::End),
        }
    }
}
