//! A plugin that reads a stream.

use wasmtime::component::ResourceAny;
use wmshost_flow::{Batch, Chunk, ExtractRequest, Extractor, Failure, Method, NullKeys, Opened, Step, hold_to_promise};

use crate::bindings::extractor::Extractor as World;
use crate::bindings::{extraction, types};
use crate::checks::check_key;
use crate::convert::{bookmark_from_wit, bookmark_to_wit, columns_from_wit, value_to_wit};
use crate::description::Offer;
use crate::instance::Instance;
use crate::plugin_state::PluginState;
use crate::purpose::Purpose;

/// The most streams that a source may offer.
const OFFERS: usize = 10_000;

/// A plugin that reads a stream.
pub(crate) struct PluginExtractor {
    instance: Instance<World>,
    reader: Option<ResourceAny>,
    opened: Option<Opened>,
    /// The number of the batch that was asked for last.
    number: u64,
    /// Batches without a row since the last one with rows.
    empty_batches: u32,
}

impl PluginExtractor {
    pub(crate) fn new(instance: Instance<World>) -> Self {
        Self { instance, reader: None, opened: None, number: 0, empty_batches: 0 }
    }

    pub(crate) fn discover(&mut self, label: &str) -> Result<Vec<Offer>, Failure> {
        let offers = self
            .instance
            .call_fallible("discover", |world, store| world.wmshost_plugin_extraction().call_discover(store, label))?;
        let most = self.instance.store.data().limits.batch_columns;
        if offers.len() > OFFERS {
            return Err(self.failed_in("discover", Failure::limit("offers", OFFERS, offers.len())));
        }
        let offer = |offer: extraction::Offer| {
            let columns =
                columns_from_wit(offer.columns, most).map_err(|failure| self.failed_in("discover", failure))?;
            Ok(Offer { table: offer.table, columns, key: offer.key, change_keys: offer.change_keys })
        };
        offers.into_iter().map(offer).collect()
    }

    /// A failure about the plugin's answer.
    fn failed_in(&self, function: &'static str, failure: Failure) -> Failure {
        failure.at(&self.instance.store.data().plugin, function)
    }

    /// Fails if the plugin answers as if nothing had happened, although reading its source broke off in the call: the
    /// rows that it did not read would be missing, and count as deleted.
    fn check_source(&mut self, function: &'static str) -> Result<(), Failure> {
        match self.instance.store.data_mut().source.failure.take() {
            Some(failure) => {
                Err(self.failed_in(function, failure.within("the plugin went on although reading broke off")))
            }
            None => Ok(()),
        }
    }

    fn reader(&self) -> Result<ResourceAny, Failure> {
        self.reader.ok_or_else(|| Failure::permanent("the stream is not open"))
    }

    /// Takes a chunk's batch out of the instance, with what the plugin set in its memory.
    fn take(&mut self, chunk: extraction::Chunk) -> Result<Chunk, Failure> {
        let state = self.instance.store.data_mut();
        let batch = state.handles.take_batch(chunk.rows)?.into_batch()?;
        let batch = match &self.opened {
            Some(opened) => Batch { rows: hold_to_promise(&opened.schema, batch.rows, &opened.key)?, ..batch },
            None => batch,
        };
        let bookmark = bookmark_from_wit(chunk.bookmark)?;
        let empty = batch.rows.num_rows() + batch.rejected.len() == 0;
        self.empty_batches = if empty { self.empty_batches + 1 } else { 0 };
        let most = state.limits.empty_batches;
        if self.empty_batches > most {
            return Err(Failure::limit("empty_batches", most, self.empty_batches));
        }
        Ok(Chunk { batch, bookmark, state: state.state.memory.take_changes() })
    }

    /// The schema and the key that the reader reports, checked against the request.
    fn opened(&self, schema: Vec<types::Column>, key: Vec<String>, asked: &[String]) -> Result<Opened, Failure> {
        let schema = columns_from_wit(schema, self.instance.store.data().limits.batch_columns)?;
        check_key(&key, &schema)?;
        let as_asked = asked.len() == key.len() && asked.iter().zip(&key).all(|(a, b)| a.eq_ignore_ascii_case(b));
        if !asked.is_empty() && !as_asked {
            let (asked, key) = (asked.join(", "), key.join(", "));
            return Err(Failure::permanent(format!("it reads by the key ({key}) instead of ({asked})")));
        }
        Ok(Opened { schema, key })
    }
}

impl Extractor for PluginExtractor {
    fn open(&mut self, request: &ExtractRequest) -> Result<Opened, Failure> {
        let state = self.instance.store.data_mut();
        state.state.memory = PluginState::of(&request.state);
        state.source.batch_rows = u32::try_from(request.batch_rows).unwrap_or(u32::MAX);
        let asked = &request.key;
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
            lookback: request.lookback_versions.unwrap_or(request.lookback_micros),
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
            batch_rows: state.source.batch_rows,
        };
        let reader = self
            .instance
            .call_fallible("open", |world, store| world.wmshost_plugin_extraction().call_open(store, &request))?;
        self.check_source("open")?;
        self.reader = Some(reader);
        let (schema, key) = self.instance.call("schema", |world, store| {
            let extraction = world.wmshost_plugin_extraction();
            let schema = extraction.reader().call_schema(&mut *store, reader)?;
            Ok((schema, extraction.reader().call_key(store, reader)?))
        })?;
        let opened = self.opened(schema, key, asked).map_err(|failure| self.failed_in("schema", failure))?;
        self.opened = Some(opened.clone());
        (self.number, self.empty_batches) = (0, 0);
        Ok(opened)
    }

    fn expected_rows(&mut self) -> Result<Option<u64>, Failure> {
        let reader = self.reader()?;
        self.instance.call("expected-rows", |world, store| {
            world.wmshost_plugin_extraction().reader().call_expected_rows(store, reader)
        })
    }

    fn next(&mut self) -> Result<Step, Failure> {
        let reader = self.reader()?;
        // Counting rows beforehand may fail without harm.
        self.instance.store.data_mut().source.failure = None;
        self.number += 1;
        let step = self.instance.call_fallible_in(Purpose::batch("next", self.number), |world, store| {
            world.wmshost_plugin_extraction().reader().call_next(store, reader)
        })?;
        self.check_source("next")?;
        let step = match step {
            extraction::Step::Chunk(chunk) => self.take(chunk).map(Step::Chunk),
            extraction::Step::End(bookmark) => bookmark_from_wit(bookmark).map(Step::End),
        };
        let step = step.map_err(|failure| self.failed_in("next", failure))?;
        let rows = match &step {
            Step::Chunk(Chunk { batch, .. }) => batch.rows.num_rows() + batch.rejected.len(),
            Step::End(_) => 0,
        };
        self.instance.count_rows("next", rows)?;
        Ok(step)
    }
}
