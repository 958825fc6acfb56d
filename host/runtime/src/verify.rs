//! Comparing source and target of streams, and repairing the target.

use std::collections::BTreeMap;
use std::sync::Arc;

use wmshost_flow::{Compare, Compared, Comparison, Depth, Failure, FailureKind, Lease, StreamContext, StreamFailure};
use wmshost_pipeline::{Checked, Stream};

use crate::assembly::{StreamFactory, connect};
use crate::error::Result;
use crate::events::StreamEvents;
use crate::history::{RunKind, RunRecorder, StreamRecord};
use crate::ownership;
use crate::plugin_registry::PluginRegistry;
use crate::run::not_opened;
use crate::runtime::Runtime;
use crate::verified;

/// The options of a comparison.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// True to load what is missing or different, and to delete what is extra as the stream's `deletes` says.
    pub repair: bool,
    /// The streams whose guards against many deletions are lifted.
    pub allow_deletes: Vec<String>,
}

/// A stream that was compared.
#[derive(Debug)]
pub struct VerifiedStream {
    /// The stream's name.
    pub stream: String,
    /// The duration in seconds.
    pub seconds: f64,
    /// The result of the comparison.
    pub compared: Compared,
}

impl VerifiedStream {
    /// The result in one word: `equal`, `differs`, `stopped` or `failed`.
    pub fn result(&self) -> &'static str {
        match &self.compared.failure {
            Some(at) if at.failure.kind == FailureKind::Cancelled => "stopped",
            Some(_) => "failed",
            None if self.compared.found.is_equal() => "equal",
            None => "differs",
        }
    }
}

impl From<&VerifiedStream> for StreamRecord {
    fn from(verified: &VerifiedStream) -> Self {
        let found = &verified.compared.found;
        Self {
            stream: verified.stream.clone(),
            status: verified.result().to_owned(),
            rows_read: found.source_rows,
            rows_written: found.repaired(),
            rows_unchanged: found.source_rows.saturating_sub(found.missing + found.different),
            rows_rejected: found.rejected,
            seconds: verified.seconds,
            bookmark: None,
            failure: verified.compared.failure.as_ref().map(ToString::to_string),
            types: None,
            reason: verified.compared.failure.as_ref().map(Into::into),
        }
    }
}

/// The outcome of comparing streams.
#[derive(Debug)]
pub struct VerifyOutcome {
    /// The pipeline's name.
    pub pipeline: String,
    /// True if the target was to be repaired.
    pub repair: bool,
    /// The streams that were compared.
    pub streams: Vec<VerifiedStream>,
    /// The number of streams that were to be compared.
    pub selected: usize,
    /// True if it was asked to stop.
    pub is_cancelled: bool,
}

impl VerifyOutcome {
    /// The number of streams that were compared to their end.
    pub fn completed(&self) -> usize {
        self.streams.iter().filter(|stream| stream.compared.failure.is_none()).count()
    }

    /// The failures of streams.
    pub fn failures(&self) -> impl Iterator<Item = &StreamFailure> {
        self.streams.iter().filter_map(|stream| stream.compared.failure.as_ref())
    }

    /// True if each target equals its source, or was repaired.
    pub fn is_in_order(&self) -> bool {
        let is_in_order = |Compared { found, failure }: &Compared| {
            failure.is_none() && (found.is_equal() || self.repair && found.is_mended())
        };
        self.streams.iter().all(|stream| is_in_order(&stream.compared))
    }
}

/// Returns those of the streams whose last comparison or repair on this machine is longest ago, at most this number of them;
/// streams that were never compared come first. So a schedule comes round to all of them, also where some of them differ.
pub fn oldest<'a>(
    runtime: &Runtime,
    pipeline: &str,
    mut plans: Vec<&'a Stream>,
    most: usize,
) -> Result<Vec<&'a Stream>> {
    let history = runtime.history()?;
    let mut compared = BTreeMap::new();
    for plan in &plans {
        let name = &plan.plan.name;
        let of_kind = |kind| history.of_stream_in(pipeline, name, 1, Some(kind));
        let runs = of_kind(RunKind::Verify)?.into_iter().chain(of_kind(RunKind::Repair)?);
        compared.insert(name.as_str(), runs.map(|(run, _)| run.started_at).max());
    }
    plans.sort_by_key(|plan| compared[plan.plan.name.as_str()]);
    plans.truncate(most);
    Ok(plans)
}

/// Compares streams one after the other.
pub fn verify(
    runtime: &Runtime,
    (pipeline, registry): (&Checked, &PluginRegistry),
    plans: &[&Stream],
    recorder: &RunRecorder<'_>,
    options: &VerifyOptions,
) -> Result<VerifyOutcome> {
    let repair = options.repair;
    if repair {
        ownership::require(runtime, pipeline, plans, None)?;
    }
    let factory = StreamFactory::new(pipeline, registry, &runtime.clock, recorder.run_id().to_owned());
    let factory = factory.allowing_deletes(&options.allow_deletes)?;
    let names: Vec<String> = plans.iter().map(|plan| plan.plan.name.clone()).collect();
    let events = StreamEvents::start(&runtime.observer, &names);
    let context = factory.context(Arc::clone(&events) as _, runtime.cancel.clone());
    let compare = Compare { depth: Depth::Rows, repair };
    let mut streams: Vec<VerifiedStream> = Vec::new();
    for plan in plans {
        if runtime.cancel.is_set() {
            break;
        }
        let (started, opened_at) = (runtime.clock.elapsed(), runtime.clock.now());
        let compared = match compare_stream(&factory, plan, compare, &context) {
            Ok(compared) => compared,
            // Before anything was compared or repaired, the operation itself fails.
            Err(failure) if streams.is_empty() => return Err(failure.into()),
            Err(failure) => {
                let failure = Some(not_opened(&plan.plan.name, failure));
                Compared { found: Comparison::default(), failure }
            }
        };
        if compared.failure.is_none() && compared.found.is_equal() {
            verified::record(&factory, std::iter::once((&plan.plan, opened_at)));
        }
        let seconds = (runtime.clock.elapsed() - started).as_secs_f64();
        streams.push(VerifiedStream { stream: plan.plan.name.clone(), seconds, compared });
    }
    events.end();
    recorder.stream_records(&streams.iter().map(Into::into).collect::<Vec<_>>())?;
    let is_cancelled = runtime.cancel.is_set();
    Ok(VerifyOutcome { pipeline: pipeline.name.clone(), repair, streams, selected: plans.len(), is_cancelled })
}

/// Compares one stream. To repair, the stream's lease is acquired before its source is opened: rows that another run
/// loads after the source's snapshot would look like rows that the source no longer has.
fn compare_stream(
    factory: &StreamFactory<'_>,
    plan: &Stream,
    compare: Compare,
    context: &StreamContext,
) -> Result<Compared, Failure> {
    let label = &plan.plan.target;
    let connection = &factory.pipeline.connections[label];
    let lease = Lease {
        pipeline: context.pipeline.clone(),
        stream: plan.plan.name.clone(),
        run_id: context.run_id.clone(),
        holder: context.holder.clone(),
    };
    let open = || connect::target(label, connection, 1, Arc::clone(&factory.clock))?.sql();
    if compare.repair {
        lease.take(open()?.as_mut(), &context.is_dead)?;
    }
    match factory.streams(&[plan]).map(|mut streams| streams.pop()) {
        Ok(Some(stream)) => Ok(stream.compare(factory.opens_target(&plan.plan), compare, context)),
        Ok(None) => Err(Failure::permanent("there is no stream")),
        Err(failure) => {
            if compare.repair {
                lease.release_now(open()?.as_mut())?;
            }
            Err(failure)
        }
    }
}
