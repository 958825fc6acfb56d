//! `wmshost verify`: whether target equals source, and making it so.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use wmshost_flow::{Compare, Comparison, Depth, StreamFailure};

use super::Edge;
use crate::assemble::Assembly;
use crate::cli::Output;
use crate::cli::VerifyArgs;
use crate::connect;
use crate::exit::Exit;
use crate::home::new_run_id;
use crate::report::Watcher;
use crate::{logs, report};

/// What was found for each stream.
type Found = Vec<(String, f64, Result<Comparison, StreamFailure>)>;

pub(super) fn verify(edge: &Edge, arguments: &VerifyArgs) -> anyhow::Result<Exit> {
    let run_id = new_run_id(edge.clock.as_ref());
    let catalog = edge.catalog()?;
    let pipeline = edge.pipeline(&arguments.selection.pipeline, &catalog)?;
    let plans = pipeline.select(&arguments.selection.streams)?;
    let cancel = edge.signals.let_end();
    logs::start(Some(&edge.home.log(&run_id)), edge.verbose)?;
    let assembly = Assembly::new(&pipeline, &catalog, &edge.clock, run_id);
    let watcher = Arc::new(Watcher::start(&plans, arguments.output.output));
    let context = assembly.context(Arc::clone(&watcher) as _, cancel);
    let compare = Compare { depth: Depth::Rows, repair: arguments.repair };
    let mut found = Found::new();
    for (plan, stream) in plans.iter().zip(assembly.streams(&plans)?) {
        let plan = &plan.plan;
        let started = edge.clock.elapsed();
        let connection = &pipeline.connections[&plan.target];
        let reader = connect::target_reader(&plan.target, connection, &plan.target_table, &assembly.errand())?;
        let compared = stream.compare(reader, compare, &context);
        found.push((plan.name.clone(), (edge.clock.elapsed() - started).as_secs_f64(), compared));
    }
    watcher.finish();
    match arguments.output.output {
        Output::Json => report::json(&as_json(&pipeline.name, arguments.repair, &found)),
        Output::Text => tell(arguments, &found),
    }
    for (.., compared) in &found {
        if let Err(failure) = compared {
            report::failure(&failure.to_string());
        }
    }
    let in_order = |compared: &Result<Comparison, _>| match compared {
        Ok(found) => found.is_equal() || arguments.repair && found.repaired >= found.missing + found.different,
        Err(_) => false,
    };
    Ok(if found.iter().all(|(.., compared)| in_order(compared)) { Exit::Success } else { Exit::Failed })
}

fn tell(arguments: &VerifyArgs, found: &Found) {
    let rows = found.iter().map(|(stream, seconds, compared)| match compared {
        Err(_) => vec![stream.clone(), "failed".to_owned()],
        Ok(found) => {
            let counts = [
                found.source_rows,
                found.target_rows,
                found.rejected,
                found.missing,
                found.extra,
                found.different,
                found.repaired,
            ];
            let mut row = vec![stream.clone(), if found.is_equal() { "equal" } else { "differs" }.to_owned()];
            row.extend(counts.map(report::count));
            row.push(format!("{seconds:.2}"));
            row
        }
    });
    let head =
        ["stream", "result", "source", "target", "quarantined", "missing", "extra", "different", "repaired", "seconds"];
    report::table(&head, &[2, 3, 4, 5, 6, 7, 8, 9], rows.collect());
    for (stream, _, compared) in found {
        let Ok(found) = compared else { continue };
        if arguments.repair && found.remaining() > 0 {
            let stay = found.remaining();
            report::note(&format!("{stream}: {stay} extra rows stay, as the stream's `deletes` says"));
        }
        if !found.columns_left_out.is_empty() {
            report::note(&format!("{stream}: the target does not have {}", found.columns_left_out.join(", ")));
        }
        for difference in found.named.iter().take(arguments.show) {
            report::print(&format!("{stream}: {} {}", difference.kind.name(), difference.key));
        }
        let more = found.differing().saturating_sub(arguments.show as u64);
        if more > 0 && arguments.show > 0 {
            report::print(&format!("{stream}: and {} more", report::count(more)));
        }
        if !found.is_equal() && !arguments.repair {
            let ranges = format!("{} of {} ranges of keys differ", found.ranges_different, found.ranges);
            report::note(&format!(
                "{stream}: {ranges}; a run loads what has changed since, --repair loads just these rows"
            ));
        }
    }
}

fn as_json(pipeline: &str, repair: bool, found: &Found) -> Json {
    let streams: Vec<Json> = found
        .iter()
        .map(|(stream, seconds, compared)| match compared {
            Err(failure) => json!({ "stream": stream, "seconds": seconds, "error": failure.to_string() }),
            Ok(found) => json!({
                "stream": stream,
                "equal": found.is_equal(),
                "seconds": seconds,
                "source_rows": found.source_rows,
                "target_rows": found.target_rows,
                "quarantined": found.rejected,
                "ranges": found.ranges,
                "ranges_different": found.ranges_different,
                "missing": found.missing,
                "extra": found.extra,
                "different": found.different,
                "repaired": found.repaired,
                "columns_left_out": found.columns_left_out,
                "rows": found.named.iter().map(|row| json!({
                    "difference": row.kind.name(),
                    "key": serde_json::from_str::<Json>(&row.key).unwrap_or(Json::Null),
                })).collect::<Vec<_>>(),
            }),
        })
        .collect();
    json!({ "pipeline": pipeline, "repair": repair, "streams": streams })
}
