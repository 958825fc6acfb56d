//! Medians and ratios, for people and programs.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::contest::{Cost, Results, Setup, Way};
use crate::job::Phase;

/// The medians of one way in one phase.
struct Medians {
    wall: Duration,
    cpu: Duration,
    peak_bytes: u64,
}

fn medians(results: &Results, way: Way, phase: Phase) -> Medians {
    let costs: Vec<&Cost> = results.costs.iter().filter(|cost| cost.way == way && cost.phase == phase).collect();
    Medians {
        wall: median(costs.iter().map(|cost| cost.wall)),
        cpu: median(costs.iter().map(|cost| cost.cpu)),
        peak_bytes: median(costs.iter().map(|cost| cost.peak_bytes)),
    }
}

pub(crate) fn median<T: Ord + Default>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort();
    let middle = values.len() / 2;
    values.into_iter().nth(middle).unwrap_or_default()
}

fn ratio(results: &Results, phase: Phase, over: Way) -> f64 {
    let [ours, theirs] = [Way::Wmshost, over].map(|way| medians(results, way, phase).wall.as_secs_f64());
    ours / theirs
}

/// The number of rows that a phase moves; `None` where its time does not depend on them.
fn rows(setup: &Setup, results: &Results, phase: Phase) -> Option<u64> {
    match phase {
        Phase::Full => Some(setup.rows),
        Phase::Incremental => Some(results.changed),
        Phase::Idle => None,
    }
}

pub(crate) fn table(setup: &Setup, results: &Results) {
    println!(
        "{} allocations, {} % changed ({} rows written), medians of {}",
        setup.rows, setup.percent, results.changed, setup.rounds
    );
    println!("{:<12} {:<8} {:>9} {:>12} {:>9} {:>10}", "run", "way", "seconds", "rows/s", "CPU s", "peak MiB");
    for phase in Phase::ALL {
        for way in Way::ALL {
            let Medians { wall, cpu, peak_bytes } = medians(results, way, phase);
            let rate = rows(setup, results, phase).map(|rows| rows as f64 / wall.as_secs_f64());
            println!(
                "{:<12} {:<8} {:>9.3} {:>12} {:>9.3} {:>10.1}",
                phase.name(),
                way.name(),
                wall.as_secs_f64(),
                rate.map_or_else(String::new, |rate| format!("{rate:.0}")),
                cpu.as_secs_f64(),
                peak_bytes as f64 / f64::from(1 << 20)
            );
        }
    }
    for phase in [Phase::Full, Phase::Incremental] {
        println!(
            "{}: wmshost takes {:.2} × the time of plain SQL, {:.2} × that of native Rust",
            phase.name(),
            ratio(results, phase, Way::Sql),
            ratio(results, phase, Way::Native)
        );
    }
}

pub(crate) fn json(setup: &Setup, results: &Results, file: &Path) -> anyhow::Result<()> {
    let mut runs = Vec::new();
    for phase in Phase::ALL {
        for way in Way::ALL {
            let Medians { wall, cpu, peak_bytes } = medians(results, way, phase);
            runs.push(json!({
                "run": phase.name(),
                "way": way.name(),
                "seconds": wall.as_secs_f64(),
                "cpu_seconds": cpu.as_secs_f64(),
                "peak_bytes": peak_bytes,
                "rows": rows(setup, results, phase),
            }));
        }
    }
    let ratios =
        |phase| json!({ "sql": ratio(results, phase, Way::Sql), "native": ratio(results, phase, Way::Native) });
    let all = json!({
        "rows": setup.rows,
        "percent": setup.percent,
        "rounds": setup.rounds,
        "changed": results.changed,
        "runs": runs,
        "wall_ratio_of_wmshost_over": {
            "full": ratios(Phase::Full),
            "incremental": ratios(Phase::Incremental),
        },
    });
    std::fs::write(file, format!("{all:#}\n"))?;
    println!("written to {}", file.display());
    Ok(())
}
