//! A sample of a stream's rows on their way: the first rows of the source as the extractor reads them, and before and after
//! each transform. Neither a source nor a target is written, and no checkpoint counts.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use wmshost_flow::{Batch, Cancel, Failure, NoObserver, OnBadValue, Opened, Rejected, Step, Trial};
use wmshost_pipeline::{Checked, ConfiguredPlugin, Stream};

use crate::assembly::StreamFactory;
use crate::error::Result;
use crate::plugin_registry::PluginRegistry;
use crate::runtime::Runtime;

/// The sample.
#[derive(Debug)]
pub struct Tapped {
    /// The columns that identify a row.
    pub key: Vec<String>,
    /// The rows as they were read, masked as the stream declares it.
    pub read: RecordBatch,
    /// The rows that could not be read.
    pub unreadable: Vec<Rejected>,
    /// The transforms that were asked for, in their order.
    pub stages: Vec<TappedStage>,
}

/// A transform of the stream.
#[derive(Debug)]
pub struct TappedStage {
    /// The plugin.
    pub plugin: ConfiguredPlugin,
    /// The rows that it received.
    pub before: RecordBatch,
    /// The place in the sample of each of them, from 0.
    pub places: Vec<usize>,
    /// The rows that it made of them, or the failure that ended the sample.
    pub after: std::result::Result<Batch, Failure>,
}

/// Takes a sample of up to this number of rows, up to the plugin with this label; without one, all transforms are shown.
pub fn tap(
    runtime: &Runtime,
    (pipeline, registry): (&Checked, &PluginRegistry),
    stream: &Stream,
    after: Option<&str>,
    rows: usize,
) -> Result<Tapped> {
    let shown = shown(stream, after)?;
    let factory = StreamFactory::new(pipeline, registry, &runtime.clock, runtime.new_run_id());
    let (opened, read, unreadable) = read(&factory, stream, rows)?;
    let mut tapped = Tapped { key: opened.key.clone(), read: read.clone(), unreadable, stages: Vec::new() };
    let (mut before, mut places): (_, Vec<usize>) = (read.clone(), (0..read.num_rows()).collect());
    for (number, plugin) in stream.transforms.iter().enumerate().take(shown.end) {
        let changed = change(&factory, stream, plugin, &opened.key, &before, runtime.cancel.clone());
        let next = changed.as_ref().ok().map(|batch| (batch.rows.clone(), origins(batch, &places)));
        if shown.contains(&number) || next.is_none() {
            tapped.stages.push(TappedStage { plugin: plugin.clone(), before, places, after: changed });
        }
        let Some(next) = next else { break };
        (before, places) = next;
    }
    Ok(tapped)
}

/// The transforms to show.
fn shown(stream: &Stream, after: Option<&str>) -> Result<std::ops::Range<usize>, Failure> {
    let Some(after) = after else { return Ok(0..stream.transforms.len()) };
    if after == stream.extractor.plugin {
        return Ok(0..0);
    }
    if let Some(at) = stream.transforms.iter().position(|stage| stage.plugin == after) {
        return Ok(at..at + 1);
    }
    let name = &stream.plan.name;
    let labels = [&stream.extractor].into_iter().chain(&stream.transforms).map(|stage| stage.plugin.as_str());
    let labels = labels.collect::<Vec<_>>().join(", ");
    let why = match after == stream.loader.plugin {
        true => {
            format!("{after} is the loader of stream {name}: it loads the rows as they are after the last transform")
        }
        false => format!("stream {name} has no plugin {after}"),
    };
    Err(Failure::invalid_config(why).advise(format!("name one of {labels}")))
}

/// Reads the first rows of the stream's source.
fn read(factory: &StreamFactory<'_>, stream: &Stream, most: usize) -> Result<(Opened, RecordBatch, Vec<Rejected>)> {
    let nothing = || Failure::permanent(format!("stream {} was not opened", stream.plan.name));
    let mut unloaded = factory.unloaded(&[stream])?.pop().ok_or_else(nothing)?;
    unloaded.request.batch_rows = most.min(unloaded.request.batch_rows);
    let opened = unloaded.extractor.open(&unloaded.request)?;
    let (mut parts, mut unreadable, mut count) = (Vec::new(), Vec::new(), 0);
    while count + unreadable.len() < most {
        let Step::Chunk(chunk) = unloaded.extractor.next()? else { break };
        let part = chunk.batch.rows.slice(0, chunk.batch.rows.num_rows().min(most - count));
        count += part.num_rows();
        parts.push(part);
        unreadable.extend(chunk.batch.rejected);
    }
    unreadable.truncate(most);
    let rows = concat_batches(&opened.schema, &parts);
    let rows = rows.map_err(|error| Failure::permanent(format!("the batches of the extractor: {error}")))?;
    Ok((opened, rows, unreadable))
}

/// Passes rows through one transform.
fn change(
    factory: &StreamFactory<'_>,
    stream: &Stream,
    plugin: &ConfiguredPlugin,
    key: &[String],
    rows: &RecordBatch,
    cancel: Cancel,
) -> std::result::Result<Batch, Failure> {
    let mut trial = Trial {
        stream: stream.plan.name.clone(),
        transforms: vec![factory.transform(plugin, &stream.plan.name)?],
        opened: Opened { schema: rows.schema(), key: key.to_vec() },
        version: stream.plan.change_key.clone(),
        on_trap: stream.plan.on_trap,
        on_bad_value: OnBadValue::Reject,
    };
    let context = factory.context(Arc::new(NoObserver), cancel);
    let columns = trial.open().map_err(|at| at.failure)?;
    trial.change(1, rows.clone(), &columns, &context).map_err(|at| at.failure)
}

/// The places in the sample of the rows of a result, by those of the rows that it was made of.
fn origins(batch: &Batch, places: &[usize]) -> Vec<usize> {
    (0..batch.rows.num_rows()).filter_map(|row| places.get(batch.origin.place(row)).copied()).collect()
}
