//! The streams of a pipeline as a tap's messages. Nothing is loaded and no ledger is kept: the state that the messages carry
//! is the checkpoint, and it never runs ahead of the records.

use std::io::Write;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use serde_json::Value as Json;
use wmshost_flow::{
    Chunk, ColumnUse, Definition, Extractor, Failure, FailureKind, Impact, Method, Opened, Step, type_name,
};
use wmshost_pipeline::{Checked, Stream};
use wmshost_singer::{Choice, Greatest, Offered, TapPosition, TapState, Writer, catalog, choices};

use super::tap_settings::TapSettings;
use crate::assembly::{StreamFactory, Unloaded};
use crate::error::Result;
use crate::plugin_registry::PluginRegistry;
use crate::runtime::Runtime;

/// The records after which a state is written.
const RECORDS_BETWEEN_STATES: u64 = 10_000;
/// Batches that may wait to be written.
const BATCHES: usize = 2;
/// The bad rows of a stream that are reported one by one.
const MOST_REPORTED: u64 = 10;

/// The files that a tap is called with, as text.
#[derive(Debug, Default)]
pub struct TapFiles {
    /// The catalog; without one, all streams are read.
    pub catalog: Option<String>,
    /// The state; without one, all streams are read from their starts.
    pub state: Option<String>,
}

/// The outcome of a stream.
#[derive(Debug)]
pub struct TapEnd {
    /// The stream.
    pub stream: String,
    /// The records that were written.
    pub records: u64,
    /// The bad rows that were left out.
    pub skipped: u64,
}

/// Returns the catalog of all streams of a tap.
pub fn discover(runtime: &Runtime, registry: &PluginRegistry, settings: &TapSettings) -> Result<Json> {
    let pipeline = runtime.pipeline(&settings.pipeline, registry)?;
    let plans = pipeline.select(&[])?;
    let factory = factory(runtime, registry, &pipeline);
    let offered = plans.iter().zip(factory.unloaded(&plans)?).map(|(plan, mut unloaded)| {
        let opened = unloaded.extractor.open(&unloaded.request)?;
        let change_key = unloaded.request.change_key.map(|name| spelled(name, &opened));
        Ok(Offered {
            name: plan.plan.name.clone(),
            table: unloaded.request.table,
            columns: opened.schema,
            key: opened.key,
            change_key,
            method: unloaded.request.method,
        })
    });
    Ok(catalog(&offered.collect::<Result<Vec<_>, Failure>>()?, settings.decimals))
}

/// Writes the records of the streams that are chosen, with a state after each part of them. Returns the streams' ends.
pub fn extract(
    runtime: &Runtime,
    registry: &PluginRegistry,
    settings: &TapSettings,
    files: &TapFiles,
    out: &mut dyn Write,
) -> Result<Vec<TapEnd>> {
    let pipeline = runtime.pipeline(&settings.pipeline, registry)?;
    let state = files.state.as_deref().map_or_else(|| Ok(TapState::default()), TapState::parse);
    let state = state.map_err(|why| Failure::invalid_config(format!("the state: {why}")))?;
    let chosen = chosen(&pipeline, files.catalog.as_deref())?;
    let plans: Vec<&Stream> = chosen.iter().map(|(plan, _)| *plan).collect();
    let unloaded = factory(runtime, registry, &pipeline).unloaded(&plans)?;
    let mut tap = Tap { runtime, settings, state, out };
    let mut parts = Vec::new();
    // What is wrong with a stream is found before the first record of any.
    for ((_, choice), unloaded) in chosen.iter().zip(unloaded) {
        parts.push(tap.open(choice, unloaded)?);
    }
    parts.into_iter().map(|part| tap.stream(part)).collect()
}

fn factory<'a>(runtime: &Runtime, registry: &'a PluginRegistry, pipeline: &'a Checked) -> StreamFactory<'a> {
    StreamFactory::new(pipeline, registry, &runtime.clock, runtime.new_run_id())
}

/// The streams that a catalog chooses, in the order of the pipeline; without a catalog, all.
fn chosen<'a>(pipeline: &'a Checked, catalog: Option<&str>) -> Result<Vec<(&'a Stream, Choice)>> {
    let plans = pipeline.select(&[])?;
    let Some(catalog) = catalog else {
        return Ok(plans.into_iter().map(|plan| (plan, Choice::of(&plan.plan.name))).collect());
    };
    let wrong = |what: &str| Failure::invalid_config(format!("the catalog: {what}"));
    let mut choices = choices(catalog).map_err(|mistakes| wrong(&mistakes.join("\nthe catalog: ")))?;
    let mut chosen = Vec::new();
    for plan in plans {
        if let Some(at) = choices.iter().position(|choice| choice.name == plan.plan.name) {
            chosen.push((plan, choices.swap_remove(at)));
        }
    }
    if choices.is_empty() {
        return Ok(chosen);
    }
    let names: Vec<String> = choices.into_iter().map(|choice| choice.name).collect();
    let what = format!("it selects {}, which the pipeline {} does not have", names.join(", "), pipeline.name);
    Err(wrong(&what).advise("Make a new catalog with --discover").into())
}

/// A column's name as the source spells it.
fn spelled(name: String, opened: &Opened) -> String {
    let mut fields = opened.schema.fields().iter();
    fields.find(|field| field.name().eq_ignore_ascii_case(&name)).map_or(name, |field| field.name().clone())
}

/// A stream that is open for reading.
struct Part {
    name: String,
    extractor: Box<dyn Extractor>,
    writer: Writer,
    position: TapPosition,
    /// The place and the name of the change key, if the stream is read by it.
    change_key: Option<(usize, String)>,
    /// The version that records have.
    version: Option<i64>,
}

/// The tap while it writes.
struct Tap<'a> {
    runtime: &'a Runtime,
    settings: &'a TapSettings,
    state: TapState,
    out: &'a mut dyn Write,
}

impl Tap<'_> {
    /// Opens a stream at the position of the state, or at its start if that has lost its meaning.
    fn open(&self, choice: &Choice, unloaded: Unloaded) -> Result<Part> {
        let Unloaded { mut request, mut definition, mut extractor } = unloaded;
        let name = &choice.name;
        if choice.reads_all == Some(true) {
            request.method = Method::Full;
        } else if let Some(change_key) = &choice.change_key {
            (request.method, request.change_key) = (Method::Incremental, Some(change_key.clone()));
        } else if choice.reads_all == Some(false) && request.method == Method::Full {
            let what = format!("stream {name}: the catalog wants what changed, and names no replication-key");
            return Err(Failure::invalid_config(what).into());
        }
        (definition.method, definition.change_key) = (request.method, request.change_key.clone());
        let before = self.position(name)?;
        let is_full = request.method == Method::Full;
        let mut goes_on = match &before {
            Some(before) if !is_full => self.goes_on(name, &before.definition, &definition)?,
            _ => false,
        };
        loop {
            let before = before.as_ref().filter(|_| goes_on);
            request.bookmark = before.map(|before| before.bookmark.clone()).filter(|bookmark| !bookmark.0.is_empty());
            request.state = before.map(|before| before.state.clone()).unwrap_or_default();
            let opened = extractor.open(&request)?;
            definition.key.clone_from(&opened.key);
            definition.columns = columns(&opened);
            definition.change_key = definition.change_key.map(|name| spelled(name, &opened));
            let still = match before {
                Some(before) => self.goes_on(name, &before.definition, &definition)?,
                None => false,
            };
            if goes_on && !still {
                goes_on = false;
                continue;
            }
            let change_key = definition.change_key.clone().filter(|_| !is_full);
            let place = |name: String| Some((opened.schema.index_of(&name).ok()?, name));
            let state = request.state;
            let bookmark = request.bookmark.unwrap_or_default();
            let last = self.position(name)?.and_then(|position| position.version);
            let now = self.runtime.clock.now() / 1_000;
            // A clock that goes back must not make the version of newer rows the lower one.
            let version = last.map_or(now, |last| now.max(last + 1));
            let version = (is_full && self.settings.emit_activate_version).then_some(version);
            let columns = (opened.schema.as_ref(), opened.key.as_slice());
            return Ok(Part {
                name: name.clone(),
                extractor,
                writer: Writer::new(name, columns, change_key.as_deref(), self.settings.decimals, |name| {
                    choice.has(name)
                }),
                position: TapPosition { bookmark, state, definition, version: version.or(last) },
                change_key: change_key.and_then(place),
                version,
            });
        }
    }

    fn position(&self, stream: &str) -> Result<Option<TapPosition>, Failure> {
        self.state.position(stream).map_err(|why| {
            Failure::invalid_config(format!("the state of the stream {stream} cannot be gone on from: {why}"))
                .advise("Take the stream out of the state, and it is read from its start")
        })
    }

    /// True if a bookmark of the earlier definition still has its meaning; reports what differs otherwise.
    fn goes_on(&self, stream: &str, before: &Definition, now: &Definition) -> Result<bool, Failure> {
        let changes = before.changes_to(now);
        let words = |of: &dyn Fn(Impact) -> bool| {
            let changes = changes.iter().filter(|change| of(change.impact));
            changes.map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        let other = words(&|impact| impact == Impact::Identity);
        if !other.is_empty() {
            let what = format!("the state of the stream {stream} is of other rows: {other}");
            let advice = "Take the stream out of the state, and empty its table in the target";
            return Err(Failure::invalid_config(what).advise(advice));
        }
        let lost = words(&|impact| matches!(impact, Impact::Position | Impact::Selection | Impact::Target));
        if !lost.is_empty() {
            self.runtime.note(&format!("stream {stream} is read from its start: {lost}"));
        }
        Ok(lost.is_empty())
    }

    /// Writes a stream's messages; one thread reads, this one writes.
    fn stream(&mut self, part: Part) -> Result<TapEnd> {
        let Part { name, mut extractor, writer, position, change_key, version } = part;
        self.write(writer.schema().as_bytes())?;
        let (sender, receiver) = bounded(BATCHES);
        thread::scope(|scope| {
            let cancel = self.runtime.cancel.clone();
            let span = tracing::Span::current();
            scope.spawn(move || span.in_scope(|| read(extractor.as_mut(), &sender, || cancel.is_set())));
            // If writing fails, nobody receives any more, and the thread ends.
            let receiver = receiver;
            let end = TapEnd { stream: name, records: 0, skipped: 0 };
            self.records(&receiver, end, (&writer, position, change_key), version)
        })
    }

    fn records(
        &mut self,
        steps: &Receiver<Result<Step, Failure>>,
        mut end: TapEnd,
        (writer, mut position, change_key): (&Writer, TapPosition, Option<(usize, String)>),
        version: Option<i64>,
    ) -> Result<TapEnd> {
        let (mut text, mut since, mut greatest): (Vec<u8>, u64, Option<Greatest>) = (Vec::new(), 0, None);
        loop {
            // The end of a stream is a step: a channel that closes without one was broken off.
            let broken_off = |_| Failure::new(FailureKind::Cancelled, "the run was asked to stop");
            match steps.recv().map_err(broken_off)?? {
                Step::Chunk(chunk) => {
                    text.clear();
                    let skipped = self.chunk(writer, &chunk, version, &mut text, &mut end)?;
                    self.write(&text)?;
                    let records = chunk.batch.rows.num_rows() as u64 - skipped;
                    (end.records, since) = (end.records + records, since + records);
                    if let Some((place, _)) = &change_key {
                        greatest = greatest.max(Greatest::of(chunk.batch.rows.column(*place).as_ref()));
                    }
                    position.bookmark = chunk.bookmark;
                    for (key, value) in chunk.state {
                        match value {
                            Some(value) => position.state.insert(key, value),
                            None => position.state.remove(&key),
                        };
                    }
                    if since >= RECORDS_BETWEEN_STATES && position.definition.method != Method::Full {
                        since = 0;
                        self.state.set(&end.stream, &position, None);
                        self.write_state()?;
                    }
                }
                Step::End(bookmark) => {
                    if let Some(version) = version {
                        self.write(writer.activate(version).as_bytes())?;
                    }
                    position.bookmark = bookmark;
                    let pair = change_key.as_ref().zip(greatest.as_ref());
                    let pair = pair.map(|((_, name), greatest)| (name.as_str(), greatest.text.as_str()));
                    self.state.set(&end.stream, &position, pair);
                    self.write_state()?;
                    return Ok(end);
                }
            }
        }
    }

    /// Appends the records of a chunk; returns the number of its rows that were left out.
    fn chunk(
        &self,
        writer: &Writer,
        chunk: &Chunk,
        version: Option<i64>,
        text: &mut Vec<u8>,
        end: &mut TapEnd,
    ) -> Result<u64> {
        let stream = &end.stream;
        let refused = writer
            .records(&chunk.batch.rows, version, self.runtime.clock.now(), text)
            .map_err(|why| Failure::permanent(format!("stream {stream}: {why}")))?;
        let mut reasons: Vec<String> = chunk.batch.rejected.iter().map(|rejected| rejected.reason.clone()).collect();
        let no_form =
            |(_, column): &(usize, String)| format!("the column {column} holds a number that JSON has no form of");
        reasons.extend(refused.iter().map(no_form));
        for reason in &reasons {
            if !self.settings.skip_bad_rows {
                let advice = "Correct the row, declare the column otherwise in [streams.NAME.columns] of the pipeline \
                              file, or set skip_bad_rows";
                return Err(Failure::permanent(format!("stream {stream}: {reason}")).advise(advice).into());
            }
            if end.skipped < MOST_REPORTED {
                self.runtime.note(&format!("stream {stream}: a row was left out: {reason}"));
            }
            end.skipped += 1;
        }
        Ok(refused.len() as u64)
    }

    fn write_state(&mut self) -> Result<(), Failure> {
        self.write(self.state.message().as_bytes())?;
        self.out.flush().map_err(|error| unwritable(&error))
    }

    fn write(&mut self, text: &[u8]) -> Result<(), Failure> {
        self.out.write_all(text).map_err(|error| unwritable(&error))
    }
}

fn unwritable(error: &std::io::Error) -> Failure {
    Failure::permanent(format!("the messages cannot be written: {error}"))
        .advise("If a target reads them, its own messages say why it ended")
}

/// The columns of an open stream, as its definition has them.
fn columns(opened: &Opened) -> Vec<ColumnUse> {
    let fields = opened.schema.fields().iter();
    fields.map(|field| ColumnUse { name: field.name().clone(), kind: type_name(field.data_type()) }).collect()
}

/// Reads until the end, a failure, the request to stop, or until nobody receives any more.
fn read(extractor: &mut dyn Extractor, out: &Sender<Result<Step, Failure>>, is_stopped: impl Fn() -> bool) {
    while !is_stopped() {
        let step = extractor.next();
        let goes_on = matches!(step, Ok(Step::Chunk(_)));
        if out.send(step).is_err() || !goes_on {
            return;
        }
    }
}
