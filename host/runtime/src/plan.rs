//! The outlook of each stream: its checkpoint, and the result of opening it as a run would. Nothing is written.

use wmshost_flow::{Checkpoint, DefinitionChange, Failure, Ledger, StreamSummary};
use wmshost_pipeline::{Checked, Stream};

use crate::assembly::{StreamFactory, connect};
use crate::certificate::{Certificate, certificate};
use crate::check::{open_streams, scratch_targets};
use crate::error::Result;
use crate::plugin_registry::PluginRegistry;
use crate::runtime::Runtime;

/// A stream with its checkpoint, and the result of opening it as a run would.
pub struct Outlook<'a> {
    /// The pipeline.
    pub pipeline: &'a Checked,
    /// The stream.
    pub stream: &'a Stream,
    /// The stream's checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// `None` if the databases could not be opened for it.
    pub opened: Option<StreamSummary>,
    /// The types of its columns; `None` likewise.
    pub certificate: Option<Certificate>,
    /// The reason why a run could not begin.
    pub failure: Option<String>,
}

impl Outlook<'_> {
    /// The differences between the stream's definition and the one that its checkpoint rests on.
    pub fn definition_changes(&self) -> &[DefinitionChange] {
        self.opened.as_ref().map(|end| end.definition_changes.as_slice()).unwrap_or_default()
    }
}

/// The outlooks of these streams.
pub fn outlooks<'a>(
    runtime: &Runtime,
    (pipeline, registry): (&'a Checked, &PluginRegistry),
    plans: &[&'a Stream],
) -> Result<Vec<Outlook<'a>>> {
    let scratch = scratch_targets(pipeline)?;
    let factory = StreamFactory::new(&scratch.0, registry, &runtime.clock, "plan".to_owned());
    let mut outlooks = Vec::new();
    for stream in plans.iter().copied() {
        // Each by itself, so that a mistake in one does not hide the others.
        let (opened, failure) = match open_streams(&factory, &[stream]) {
            Ok(mut ends) => (ends.pop(), None),
            Err(failure) => (None, Some(failure.to_string())),
        };
        let failed = opened.as_ref().and_then(|end| end.failure.as_ref());
        let failure = failure.or_else(|| failed.map(|at| at.failure.to_string()));
        // A checkpoint that cannot be read is among the failures.
        let checkpoint = match &failure {
            None => checkpoint(pipeline, stream)?,
            Some(_) => checkpoint(pipeline, stream).unwrap_or_default(),
        };
        let certificate = match &opened {
            Some(end) => certificate(&factory, stream, end)?,
            None => None,
        };
        outlooks.push(Outlook { pipeline, stream, checkpoint, opened, certificate, failure });
    }
    Ok(outlooks)
}

/// The stream's checkpoint; `None` also if the target does not exist yet.
fn checkpoint(pipeline: &Checked, stream: &Stream) -> Result<Option<Checkpoint>, Failure> {
    let label = &stream.plan.target;
    match connect::reader(label, &pipeline.connections[label])? {
        Some(mut reader) => Ledger { pipeline: &pipeline.name }.checkpoint(reader.as_mut(), &stream.plan.name),
        None => Ok(None),
    }
}
