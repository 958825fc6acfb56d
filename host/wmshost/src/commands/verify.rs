//! `wmshost verify`: compares target and source, and repairs the target.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use wmshost_flow::{
    Compare, Compared, Comparison, Depth, Failure, FailureKind, Lease, Stage, StreamContext, StreamFailure,
};
use wmshost_pipeline::Stream;

use super::{App, ownership};
use crate::cli::Output;
use crate::cli::VerifyArgs;
use crate::connect;
use crate::data_dir::new_run_id;
use crate::exit::{Exit, of_failure};
use crate::report::ProgressObserver;
use crate::stream_factory::StreamFactory;
use crate::{logs, report};

/// The result for each stream, with its duration in seconds.
type Found = Vec<(String, f64, Compared)>;

pub(super) fn verify(app: &App, arguments: &VerifyArgs) -> anyhow::Result<Exit> {
    let run_id = new_run_id(app.clock.as_ref());
    let registry = app.registry()?;
    let pipeline = app.pipeline(&arguments.selection.pipeline, &registry)?;
    let plans = pipeline.select(&arguments.selection.streams)?;
    let cancel = app.signals.let_end();
    logs::start(Some(&app.data_dir.log(&run_id)), app.verbose)?;
    if arguments.repair {
        ownership::require(&pipeline, &plans, None)?;
    }
    let factory = StreamFactory::new(&pipeline, &registry, &app.clock, run_id);
    let factory = factory.allowing_deletes(&arguments.allowed.streams)?;
    let watcher = Arc::new(ProgressObserver::start(&plans, arguments.output.output));
    let context = factory.context(Arc::clone(&watcher) as _, cancel.clone());
    let compare = Compare { depth: Depth::Rows, repair: arguments.repair };
    let mut found = Found::new();
    for plan in &plans {
        if cancel.is_set() {
            break;
        }
        let started = app.clock.elapsed();
        let compared = match compare_stream(&factory, plan, compare, &context) {
            Ok(compared) => compared,
            // Before anything was compared or repaired, the command itself fails.
            Err(failure) if found.is_empty() => return Err(failure.into()),
            Err(failure) => Compared { found: Comparison::default(), failure: Some(not_opened(plan, &failure)) },
        };
        found.push((plan.plan.name.clone(), (app.clock.elapsed() - started).as_secs_f64(), compared));
    }
    watcher.finish();
    match arguments.output.output {
        Output::Json => report::json(&as_json(&pipeline.name, arguments.repair, &found)),
        Output::Text => print_report(arguments, &found),
    }
    for failure in found.iter().filter_map(|(.., compared)| compared.failure.as_ref()) {
        report::failure(&failure.to_string());
    }
    if cancel.is_set() {
        let (done, all) = (found.iter().filter(|(.., compared)| compared.failure.is_none()).count(), plans.len());
        report::note(&format!("stopped by a signal: {done} of {all} streams were compared to their end"));
    }
    Ok(exit(arguments.repair, &found, cancel.is_set()))
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

/// The failure of a stream whose connection could not be opened.
fn not_opened(plan: &Stream, failure: &Failure) -> StreamFailure {
    StreamFailure { stream: plan.plan.name.clone(), stage: Stage::Extract, batch: None, failure: failure.clone() }
}

fn exit(repair: bool, found: &Found, is_cancelled: bool) -> Exit {
    let failures = || found.iter().filter_map(|(.., compared)| compared.failure.as_ref());
    let is_in_order = |compared: &Compared| {
        compared.failure.is_none() && (compared.found.is_equal() || repair && compared.found.is_mended())
    };
    if is_cancelled {
        return Exit::Cancelled;
    }
    if let Some(failure) = failures().find(|failure| failure.failure.kind == FailureKind::Busy) {
        return of_failure(&failure.failure);
    }
    if found.iter().all(|(.., compared)| is_in_order(compared)) { Exit::Success } else { Exit::Failed }
}

fn print_report(arguments: &VerifyArgs, found: &Found) {
    let rows = found.iter().map(|(stream, seconds, compared)| {
        let found = &compared.found;
        let result = match &compared.failure {
            Some(failure) if failure.failure.kind == FailureKind::Cancelled => "stopped",
            Some(_) => "failed",
            None if found.is_equal() => "equal",
            None => "differs",
        };
        let counts = [
            found.source_rows,
            found.target_rows,
            found.rejected,
            found.missing,
            found.extra,
            found.different,
            found.repaired(),
        ];
        let mut row = vec![stream.clone(), result.to_owned()];
        row.extend(counts.map(report::count));
        row.push(format!("{seconds:.2}"));
        row
    });
    let head =
        ["stream", "result", "source", "target", "rejected", "missing", "extra", "different", "repaired", "seconds"];
    report::table(&head, &[2, 3, 4, 5, 6, 7, 8, 9], rows.collect());
    for (stream, _, compared) in found {
        print_stream(arguments, stream, &compared.found);
    }
}

fn print_stream(arguments: &VerifyArgs, stream: &str, found: &Comparison) {
    for note in notes(arguments.repair, found) {
        report::note(&format!("{stream}: {note}"));
    }
    for difference in found.samples.iter().take(arguments.show) {
        let columns = match difference.columns.as_slice() {
            [] => String::new(),
            columns => format!(" in {}", columns.join(", ")),
        };
        report::print(&format!("{stream}: {} {}{columns}", difference.kind.name(), difference.key));
    }
    let all = found.differing() + found.source_duplicates + found.target_duplicates;
    let more = all.saturating_sub(arguments.show as u64);
    if more > 0 && arguments.show > 0 {
        report::print(&format!("{stream}: and {} more", report::count(more)));
    }
}

/// Explanations of the counts of a comparison.
fn notes(repair: bool, found: &Comparison) -> Vec<String> {
    let mut notes = Vec::new();
    if repair && found.is_complete && found.extra > found.deleted {
        notes.push(format!("{} extra rows stay, as the stream's `deletes` says", found.extra - found.deleted));
    }
    if found.outdated > 0 {
        let outdated = report::count(found.outdated);
        notes.push(format!("{outdated} rows of the target stay as they were, for their new versions are rejected"));
    }
    for (side, count) in [("source", found.source_duplicates), ("target", found.target_duplicates)] {
        if count > 0 {
            notes.push(format!(
                "{} rows of the {side} have a key that another row of it has: a row's key must be its own, see `key`",
                report::count(count)
            ));
        }
    }
    if !found.columns_left_out.is_empty() {
        notes.push(format!("the target does not have {}", found.columns_left_out.join(", ")));
    }
    if !found.is_equal() && !repair {
        notes.push(format!(
            "{} of {} ranges of keys differ; --repair loads what is missing or different",
            found.ranges_different, found.ranges
        ));
    }
    notes
}

fn as_json(pipeline: &str, repair: bool, found: &Found) -> Json {
    let streams: Vec<Json> = found
        .iter()
        .map(|(stream, seconds, Compared { found, failure })| {
            json!({
                "stream": stream,
                "equal": found.is_equal(),
                "complete": found.is_complete,
                "seconds": seconds,
                "source_rows": found.source_rows,
                "target_rows": found.target_rows,
                "quarantined": found.rejected,
                "ranges": found.ranges,
                "ranges_different": found.ranges_different,
                "missing": found.missing,
                "extra": found.extra,
                "different": found.different,
                "outdated": found.outdated,
                "source_duplicates": found.source_duplicates,
                "target_duplicates": found.target_duplicates,
                "repaired": found.repaired(),
                "loaded": found.loaded,
                "deleted": found.deleted,
                "columns_left_out": found.columns_left_out,
                "rows": found.samples.iter().map(|row| json!({
                    "difference": row.kind.name(),
                    "key": serde_json::from_str::<Json>(&row.key).unwrap_or(Json::Null),
                    "columns": row.columns,
                })).collect::<Vec<_>>(),
                "error": failure.as_ref().map(ToString::to_string),
            })
        })
        .collect();
    json!({ "pipeline": pipeline, "repair": repair, "streams": streams })
}
