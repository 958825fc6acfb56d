//! The records of one stream on their way through the flow, like those of any other source: the same policies, quarantine,
//! leases and ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError};

use crossbeam_channel::Receiver;
use wmshost_flow::{
    DeleteGuard, Deletes, Failure, Ledger, LoadMode, Method, Observer, OnChange, Removal, Stream, StreamContext,
    StreamStatus, StreamSummary, Target, run_streams,
};
use wmshost_pipeline::{Checked, Connection, load_text, toml_text};
use wmshost_singer::{
    Activated, ColumnsOf, Input, ROW, RecordExtractor, Removals, Stamp, VersionedLoader, column_name,
};

use super::passing::{Commits, Passing};
use super::target_settings::{LoadMethod, TargetSettings};
use crate::assembly::{StreamFactory, connect};
use crate::environment::variable;
use crate::error::Result;
use crate::events::StreamEvents;
use crate::ownership;
use crate::plugin_registry::PluginRegistry;
use crate::runtime::Runtime;

/// The sessions that the streams of a run may have in the target.
pub(super) const SESSIONS: usize = 64;
/// The source of records: a label that no file needs to have.
const ORIGIN: &str = "singer";
/// The name of a stream that represents all while the settings are checked.
const ANY: &str = "any";

/// The parts that all streams of a run share.
pub(super) struct Shared<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) registry: &'a PluginRegistry,
    pub(super) settings: &'a TargetSettings,
    pub(super) run_id: String,
    /// The label of the target's connection.
    pub(super) label: String,
    pub(super) passing: Arc<Passing>,
    /// The streams that the pipeline file declares.
    declared: BTreeSet<String>,
    target: OnceLock<Arc<dyn Target>>,
}

/// The pipeline's word on a stream.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Settled {
    /// The columns that identify a row.
    pub(super) key: Vec<String>,
    /// True if the table is replaced at the end of the input.
    pub(super) is_replaced: bool,
}

/// A part of a stream: records with the same columns and key.
pub(super) struct Part {
    /// The stream's name in the pipeline.
    pub(super) name: String,
    /// Its number among the states.
    pub(super) number: usize,
    /// The records of the stream that were committed before.
    pub(super) before: u64,
    pub(super) columns: ColumnsOf,
    pub(super) settled: Settled,
    pub(super) stamp: Stamp,
    pub(super) activated: Activated,
    pub(super) input: Receiver<Input>,
}

impl<'a> Shared<'a> {
    /// Checks the settings with the pipeline before any message is read.
    pub(super) fn new(
        runtime: &'a Runtime,
        registry: &'a PluginRegistry,
        settings: &'a TargetSettings,
        run_id: &str,
        passing: Arc<Passing>,
    ) -> Result<Self> {
        let resolved = load_text(&place(settings), &head(settings, ANY)?, &variable)?;
        let label = match &settings.target {
            Some(label) => label.clone(),
            None => only_database(settings, &resolved.connections)?,
        };
        let declared = resolved.streams.into_iter().map(|plan| plan.name).collect();
        let (run_id, target) = (run_id.to_owned(), OnceLock::new());
        let shared = Self { runtime, registry, settings, run_id, label, passing, declared, target };
        // Every mistake of the file is reported now, and not when the first stream is met.
        shared.pipeline(ANY)?;
        Ok(shared)
    }

    /// The pipeline of the settings with a stream of this name. If the file has such a stream, its keys hold.
    pub(super) fn pipeline(&self, stream: &str) -> Result<Checked> {
        let mut text = head(self.settings, &self.label)? + &format!("[streams.{stream}]\n");
        if !self.declared.contains(stream) {
            text += &format!("target_table = {}\n", toml_text(&stream.to_uppercase()));
        }
        let resolved = load_text(&place(self.settings), &text, &variable)?;
        self.runtime.checked(&resolved, self.registry)
    }

    fn target(&self, pipeline: &Checked) -> Result<Arc<dyn Target>, Failure> {
        if let Some(target) = self.target.get() {
            return Ok(Arc::clone(target));
        }
        let clock = Arc::clone(&self.runtime.clock);
        let opened = connect::target(&self.label, &pipeline.connections[&self.label], SESSIONS, clock)?;
        Ok(Arc::clone(self.target.get_or_init(|| opened)))
    }

    /// Returns the name in the pipeline of a tap's stream: its own, if the file has such a stream, or one that is plain.
    pub(super) fn plain_name(&self, name: &str) -> Option<String> {
        if self.declared.contains(name) {
            return Some(name.to_owned());
        }
        let plain = column_name(name)?;
        let plain = plain.trim_start_matches('_');
        let is_digit = |letter: char| letter.is_ascii_digit();
        Some(if plain.starts_with(is_digit) { format!("s{plain}") } else { plain.to_owned() })
    }

    /// Returns what the pipeline says about a stream whose records have this key.
    pub(super) fn settle(&self, name: &str, key: &[String]) -> Result<Settled> {
        let pipeline = self.pipeline(name)?;
        let plans = pipeline.select(&[name.to_owned()])?;
        let [plan] = plans.as_slice() else { return Err(Failure::permanent("a stream without a plan").into()) };
        if !plan.plan.columns.is_empty() || !plan.plan.grants.is_empty() {
            let what =
                format!("the stream {name} has `columns` or `grants`, which do not apply to the records of a tap");
            let advice = "Remove them; mask or leave out columns by a transform, or in the tap";
            return Err(Failure::invalid_config(what).advise(advice).into());
        }
        let settled = Settled {
            key: match self.settings.method {
                LoadMethod::AppendOnly => vec![ROW.to_owned()],
                _ if plan.plan.key.is_empty() => key.to_vec(),
                _ => plan.plan.key.clone(),
            },
            is_replaced: plan.plan.method == Method::Full,
        };
        if settled.key.is_empty() && !settled.is_replaced {
            let what = format!("the stream {name} has no key_properties, and rows are merged by key");
            let advice = format!(
                "Name a key by `key` in [streams.{name}] of the pipeline file, or set load_method to \"append-only\" or \
                 \"overwrite\""
            );
            return Err(Failure::invalid_config(what).advise(advice).into());
        }
        Ok(settled)
    }

    /// Makes the flow of a part.
    pub(super) fn flow(&self, part: Part) -> Result<Flow> {
        let pipeline = self.pipeline(&part.name)?;
        let plans = pipeline.select(std::slice::from_ref(&part.name))?;
        ownership::require(self.runtime, &pipeline, &plans, None)?;
        let mut factory = StreamFactory::new(&pipeline, self.registry, &self.runtime.clock, self.run_id.clone());
        factory.allow_deletes = self.settings.allow_deletes.iter().cloned().collect();
        let [plan] = plans.as_slice() else { return Err(Failure::permanent("a stream without a plan").into()) };
        let columns = ColumnsOf { key: part.settled.key, ..part.columns };
        let cancel = self.runtime.cancel.clone();
        let extractor = RecordExtractor::new(&columns, &part.stamp, part.input, cancel.clone());
        let mut stream = factory.fed(plan, (ORIGIN, Box::new(extractor)), &columns.key, &self.target(&pipeline)?)?;
        if !part.settled.is_replaced {
            require_no_open_replacement(&stream, &pipeline.name)?;
        }
        if stream.policy.on_change == OnChange::Reload && !part.settled.is_replaced {
            // A tap cannot be asked for its rows again: a table that was replaced would hold the last ones only.
            stream.policy.on_change = OnChange::Tell;
        }
        if !part.settled.is_replaced && part.stamp.version {
            let removal = if self.settings.hard_delete { Removal::Delete } else { Removal::Soft };
            stream.policy.deletes = if self.settings.hard_delete { Deletes::Delete } else { Deletes::Soft };
            // The loader holds to the guard, since it knows how many rows there are.
            let guard = std::mem::replace(&mut stream.policy.delete_guard, DeleteGuard::NONE);
            let open = factory.opens_target(&plan.plan);
            let (pipeline, run_id) = (pipeline.name.clone(), self.run_id.clone());
            let removals = Removals { activated: part.activated, removal, guard, open, pipeline, run_id };
            stream.loader = Box::new(VersionedLoader::new(stream.loader, Arc::clone(&stream.target), removals));
        }
        let events = StreamEvents::start(&self.runtime.observer, std::slice::from_ref(&part.name));
        let observer: Arc<dyn Observer> = Arc::new(Commits {
            events: Arc::clone(&events),
            passing: Arc::clone(&self.passing),
            number: part.number,
            before: part.before,
            at_end_only: part.settled.is_replaced,
        });
        Ok(Flow { stream, context: factory.context(observer, cancel), events })
    }
}

/// The flow of a part, which is not begun yet.
pub(super) struct Flow {
    stream: Stream,
    context: StreamContext,
    events: Arc<StreamEvents>,
}

impl Flow {
    /// Moves the records to their end; returns the stream's summary.
    pub(super) fn run(self) -> Option<StreamSummary> {
        let ended = run_streams(vec![self.stream], 1, &self.context).pop();
        self.events.end();
        ended
    }
}

/// Fails if a run that was to replace the stream's table broke off: the flow would end that replacement with its own rows
/// alone, and report them as committed before.
fn require_no_open_replacement(stream: &Stream, pipeline: &str) -> Result<(), Failure> {
    let mut target = stream.target.lock().unwrap_or_else(PoisonError::into_inner);
    let last = Ledger { pipeline }.checkpoint(target.sql(), &stream.checkpoint_name)?;
    if last.is_some_and(|last| !last.complete && last.mode == LoadMode::Replace) {
        let what = format!("a run that was to replace the table of the stream {} broke off", stream.name);
        let advice = "End it with load_method \"overwrite\", or run `wmshost state reset` for the stream";
        return Err(Failure::invalid_config(what).advise(advice));
    }
    Ok(())
}

/// True if a stream left its target up to date.
pub(super) fn is_loaded(end: &StreamSummary) -> bool {
    matches!(end.status, StreamStatus::Succeeded | StreamStatus::Rejected | StreamStatus::Unchanged)
}

/// The name of the pipeline, under which the state of the streams is kept.
pub fn pipeline_name(settings: &TargetSettings) -> Result<String> {
    Ok(load_text(&place(settings), &head(settings, ANY)?, &variable)?.name)
}

/// The label of the only database that a file connects to.
fn only_database(settings: &TargetSettings, connections: &BTreeMap<String, Connection>) -> Result<String, Failure> {
    let is_database =
        |label: &str, connection: &Connection| label != ORIGIN && !matches!(connection, Connection::Http(_));
    let databases = connections.iter().filter(|(label, connection)| is_database(label, connection));
    match databases.map(|(label, _)| label.clone()).collect::<Vec<_>>().as_slice() {
        [only] => Ok(only.clone()),
        several => Err(Failure::invalid_config(format!(
            "{} has {} databases; name the one to load into by the setting `target`",
            settings.pipeline.display(),
            several.len()
        ))),
    }
}

/// The head of a pipeline file that is read from memory: it extends the file of the settings. Streams of pipelines name a
/// source and an extractor; those of records are never opened.
fn head(settings: &TargetSettings, label: &str) -> Result<String, Failure> {
    let file = std::path::absolute(&settings.pipeline)
        .map_err(|error| Failure::invalid_config(format!("{}: {error}", settings.pipeline.display())))?;
    let (label, loader) = (toml_text(label), toml_text(&settings.loader));
    let method = if settings.method == LoadMethod::Overwrite { "full" } else { "append" };
    let rows = settings.batch_rows.map(|rows| format!("[run]\nload_batch_rows = {rows}\n")).unwrap_or_default();
    Ok(format!(
        "extends = {}\n{rows}[connections.{ORIGIN}]\ndriver = \"sqlite\"\npath = \"records of a tap\"\n\
         [stream_defaults]\nsource = \"{ORIGIN}\"\ntarget = {label}\nextractor = \"wms-tables\"\n\
         loader = {loader}\nmethod = \"{method}\"\n",
        toml_text(&file.to_string_lossy())
    ))
}

/// The place of that text, beside the file.
fn place(settings: &TargetSettings) -> PathBuf {
    settings.pipeline.with_file_name("records of a tap")
}
