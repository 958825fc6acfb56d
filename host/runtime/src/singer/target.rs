//! The messages of a tap, one after the other: records go to the flow of their stream, and what changes a stream's columns or
//! its version waits until its records before are committed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, Read};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use wmshost_flow::{Failure, FailureKind, StreamSummary, Value};
use wmshost_singer::{Block, Message, Record, Records, Stamp, columns, parse, read_blocks, without_bare_words};

use super::flow::Shared;
use super::passing::Passing;
use super::streams::{Streams, TapStream};
use super::target_settings::{LoadMethod, TargetSettings};
use crate::error::Result;
use crate::history::RunRecorder;
use crate::plugin_registry::PluginRegistry;
use crate::runtime::Runtime;

/// The records and bytes that are passed on together.
const RECORDS_AT_ONCE: usize = 5_000;
const BYTES_AT_ONCE: usize = 8 << 20;
/// Blocks of lines that may wait.
const BLOCKS: usize = 8;
/// The interval at which the input is waited for before the request to stop is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Loads what a tap says into the target of the settings, until the input ends. `pass` is called with each state of which
/// all is committed. Returns the summaries of the streams.
pub fn load(
    runtime: &Runtime,
    registry: &PluginRegistry,
    settings: &TargetSettings,
    recorder: &RunRecorder<'_>,
    input: impl Read + Send + 'static,
    pass: Box<dyn FnMut(&str) + Send>,
) -> Result<Vec<StreamSummary>> {
    let passing = Arc::new(Passing::new(pass));
    let shared = Shared::new(runtime, registry, settings, recorder.run_id(), Arc::clone(&passing))?;
    let (sender, blocks) = bounded(BLOCKS);
    // It may wait for input for ever, so that nobody waits for it.
    thread::spawn(move || read_blocks(input, &sender));
    let mut tap = Tap::new(&shared);
    let outcome = tap.read(&blocks);
    let ends = tap.streams.end();
    recorder.streams(&ends)?;
    match outcome {
        // The streams say more than that one of them failed.
        Err(error) if ends.iter().all(|end| end.failure.is_none()) => Err(error),
        _ => Ok(ends),
    }
}

/// The tap, as far as it was read.
struct Tap<'env> {
    shared: &'env Shared<'env>,
    streams: Streams<'env>,
    /// The number of the line that is read.
    line: u64,
    /// The records that are passed on together.
    portion: usize,
    /// Members that all records are stamped with.
    constant: String,
    /// Messages of types that are not known, by type.
    unknown: BTreeMap<String, u64>,
}

impl<'env> Tap<'env> {
    fn new(shared: &'env Shared<'env>) -> Self {
        let clock = shared.runtime.clock.as_ref();
        let now = clock.now();
        let (at, millis) = (Value::Timestamp(now).to_string(), now / 1_000);
        let constant = format!(
            "\"_sdc_received_at\":\"{at}\",\"_sdc_batched_at\":\"{at}\",\"_sdc_sequence\":{millis},\
             \"_sdc_sync_started_at\":{millis}"
        );
        let constant = if shared.settings.adds_metadata { constant } else { String::new() };
        let rows = shared.settings.batch_rows.and_then(|rows| usize::try_from(rows).ok());
        let portion = rows.unwrap_or(RECORDS_AT_ONCE).min(RECORDS_AT_ONCE);
        Self { shared, streams: Streams::new(shared), line: 0, portion, constant, unknown: BTreeMap::new() }
    }

    /// Reads all messages, and ends the streams if all of them could be read.
    fn read(&mut self, blocks: &Receiver<io::Result<Block>>) -> Result<()> {
        loop {
            if self.shared.runtime.cancel.is_set() {
                return Err(Failure::new(FailureKind::Cancelled, "the run was asked to stop").into());
            }
            match blocks.recv_timeout(POLL_INTERVAL) {
                Ok(Ok(Block::Lines(lines))) => self.block(&lines)?,
                Ok(Ok(Block::End)) => break,
                Ok(Err(error)) => return Err(self.unreadable(&error).into()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(self.unreadable("it broke off").into()),
            }
            self.streams.drain_if_due()?;
        }
        let names: Vec<String> = self.streams.by_name.keys().cloned().collect();
        for name in &names {
            let stream = self.stream(name)?;
            if !stream.was_loaded {
                self.streams.begin(name)?;
            }
            self.streams.pass_on(name)?;
        }
        self.streams.drain(true)?;
        for (kind, count) in &self.unknown {
            self.shared.runtime.note(&format!("{count} messages of the type {kind} were skipped: it is not known"));
        }
        Ok(())
    }

    fn unreadable(&self, why: &(impl Display + ?Sized)) -> Failure {
        Failure::permanent(format!("the input after line {}: {why}", self.line))
    }

    fn block(&mut self, block: &[u8]) -> Result<()> {
        let mut lines = block.split(|byte| *byte == b'\n');
        if block.ends_with(b"\n") {
            lines.next_back();
        }
        for line in lines {
            self.line += 1;
            let at = |what: String| Failure::permanent(format!("line {}: {what}", self.line));
            let text = std::str::from_utf8(line)
                .map_err(|error| at(format!("it is not UTF-8 from byte {} on", error.valid_up_to())))?;
            let text = text.trim_start_matches('\u{feff}').trim();
            if text.is_empty() {
                continue;
            }
            match parse(text) {
                Ok(message) => self.message(message)?,
                Err(what) => {
                    let mended = without_bare_words(text).ok_or_else(|| at(what))?;
                    let message = parse(&mended).map_err(at)?;
                    if !matches!(message, Message::Record(_)) {
                        return Err(at("it has a number that JSON has no word for".to_owned()).into());
                    }
                    self.message(message)?;
                }
            }
        }
        Ok(())
    }

    fn message(&mut self, message: Message<'_>) -> Result<()> {
        match message {
            Message::Record(record) => self.record(&record),
            Message::State(value) => {
                self.shared.passing.with(|states| states.add(value));
                Ok(())
            }
            Message::Schema { stream, schema, key } => self.schema(&stream, schema, key),
            Message::ActivateVersion { stream, version } => self.activate(&stream, version),
            Message::Unknown(kind) => {
                *self.unknown.entry(kind.into_owned()).or_default() += 1;
                Ok(())
            }
        }
    }

    fn stream(&mut self, name: &str) -> Result<&mut TapStream> {
        let line = self.line;
        let unknown = || Failure::permanent(format!("line {line}: the stream {name} has no SCHEMA before it"));
        Ok(self.streams.by_name.get_mut(name).ok_or_else(unknown)?)
    }

    fn schema(&mut self, name: &str, schema: &str, key: Vec<String>) -> Result<()> {
        if self.streams.by_name.get(name).is_some_and(|stream| stream.schema == schema && stream.key == key) {
            return Ok(());
        }
        let line = self.line;
        let at = |what: String| Failure::permanent(format!("line {line}, stream {name}: {what}"));
        let columns = columns(schema, &key).map_err(|mistakes| at(mistakes.join("; ")))?;
        if let Some(stream) = self.streams.by_name.get(name) {
            let settled = self.shared.settle(&stream.name, &columns.key)?;
            if stream.columns != columns || stream.settled != settled {
                if stream.settled.is_replaced && self.shared.passing.with(|states| states.received(stream.number)) > 0 {
                    let what = "its columns or its key change after records, and a table that is replaced has one form";
                    return Err(at(what.to_owned())
                        .advise("Run the tap again from its beginning with one form of the table")
                        .into());
                }
                self.streams.finish(name)?;
            }
            let stream = self.stream(name)?;
            stream.was_loaded &= stream.columns == columns;
            (stream.schema, stream.key, stream.columns, stream.settled) = (schema.to_owned(), key, columns, settled);
            return Ok(());
        }
        let plain = self.shared.plain_name(name).ok_or_else(|| at("its name has no letter or digit".to_owned()))?;
        if let Some((other, _)) = self.streams.by_name.iter().find(|(_, stream)| stream.name == plain) {
            return Err(at(format!("it and the stream {other} would both be {plain}")).into());
        }
        let settled = self.shared.settle(&plain, &columns.key)?;
        let stamp = Stamp {
            version: self.shared.settings.adds_metadata,
            constant: self.constant.clone(),
            extracted: self.shared.settings.adds_metadata,
            row: (self.shared.settings.method == LoadMethod::AppendOnly).then(|| self.shared.run_id.clone()),
        };
        let stream = TapStream {
            name: plain,
            number: self.shared.passing.with(|states| states.add_stream()),
            schema: schema.to_owned(),
            key,
            columns,
            settled,
            stamp,
            records: Records::default(),
            flow: None,
            was_loaded: false,
        };
        self.streams.by_name.insert(name.to_owned(), stream);
        Ok(())
    }

    fn record(&mut self, record: &Record<'_>) -> Result<()> {
        let name: Cow<'_, str> = Cow::clone(&record.stream);
        if record.version.is_some() && !self.stream(&name)?.settled.is_replaced {
            self.stamp_versions(&name)?;
        }
        let (portion, passing) = (self.portion, &self.shared.passing);
        let stream = self.stream(&name)?;
        stream.records.push(record, &stream.stamp, passing.receive(stream.number));
        let is_full = stream.records.rows >= portion || stream.records.bytes() >= BYTES_AT_ONCE;
        if is_full { self.streams.pass_on(&name) } else { Ok(()) }
    }

    /// From now on records of a stream are stamped with their version.
    fn stamp_versions(&mut self, name: &str) -> Result<()> {
        if !self.stream(name)?.stamp.version {
            self.streams.finish(name)?;
            self.stream(name)?.stamp.version = true;
        }
        Ok(())
    }

    fn activate(&mut self, name: &str, version: i64) -> Result<()> {
        if self.stream(name)?.settled.is_replaced || !self.shared.settings.activates {
            return Ok(());
        }
        self.stamp_versions(name)?;
        self.streams.begin(name)?;
        if let Some(flow) = &self.stream(name)?.flow {
            flow.activated.set(version);
        }
        self.streams.finish(name)
    }
}
