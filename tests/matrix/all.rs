//! All cells of a matrix: their choice, and their report.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use wmshost_runtime::PluginRegistry;
use wmshost_sandbox::Cache;

use crate::cell::Cell;
use crate::story::{self, Verdict};

fn registry() -> PluginRegistry {
    PluginRegistry::new(Cache::beside(Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins")))
        .expect("a catalogue of plugins")
}

/// The CPU seconds of this process.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) / 100.0
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Hides the panics that simulate the end of a process.
fn silence() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let text = info.payload().downcast_ref::<&str>().copied().unwrap_or_default();
        if !text.contains("a scoped thread panicked") {
            usual(info);
        }
    }));
}

/// Runs `usual` cells, or the one that the environment names. In addition to the random ones there are cells that have
/// a value of a dimension that none had yet, or with `all_pairs` a pair of values.
///
/// Of a hundred cells `most_refused` may be refused: a host that refuses everything loses nothing either.
pub(crate) fn run(usual: u64, all_pairs: bool, most_refused: usize) {
    silence();
    if let Some(seed) = number("WMSHOST_MATRIX_CELL") {
        let cell = Cell::of(seed);
        match story::tell(&cell, &registry()) {
            Verdict::Broken(what) => panic!("{what}"),
            Verdict::Refused(why) => println!("{cell}\nrefused: {why}"),
            Verdict::Held(facts) => println!("{cell}\nheld: {facts:?}"),
        }
        return;
    }
    let usual = if wmshost_tests::is_long() { usual * 10 } else { usual };
    let usual = number("WMSHOST_MATRIX_PERCENT").map_or(usual, |percent| usual * percent / 100);
    let cells = cells(number("WMSHOST_MATRIX_CELLS").unwrap_or(usual), all_pairs);
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let registry = registry();
                while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdict = story::tell(cell, &registry);
                    note(cell, &verdict);
                    verdicts.lock().expect("unharmed").push((cell, verdict));
                }
            });
        }
    });
    report(&verdicts.into_inner().expect("unharmed"), most_refused);
}

/// Writes a line for a cell that fails, as soon as it fails, if that is requested.
fn note(cell: &Cell, verdict: &Verdict) {
    let (Ok(file), Verdict::Broken(what)) = (std::env::var("WMSHOST_MATRIX_REPORT"), verdict) else { return };
    let mut file = OpenOptions::new().create(true).append(true).open(file).expect("the report");
    writeln!(file, "{cell}\t{}", what.lines().nth(1).unwrap_or_default()).expect("a line");
}

/// This number of random cells, and then those that complete the values, or the pairs of values.
fn cells(count: u64, all_pairs: bool) -> Vec<Cell> {
    let (mut pairs, mut values) = (BTreeSet::new(), BTreeMap::new());
    let mut cells = Vec::new();
    for seed in 0..count * 20 {
        let cell = Cell::of(seed);
        let coordinates = cell.coordinates();
        let mut is_new = false;
        for (at, one) in coordinates.iter().enumerate() {
            is_new |= !all_pairs && !values.contains_key(one);
            for other in &coordinates[at + 1..] {
                is_new |= pairs.insert((one.clone(), other.clone())) && all_pairs;
            }
        }
        if seed < count || is_new {
            coordinates.into_iter().for_each(|value| *values.entry(value).or_insert(0) += 1);
            cells.push(cell);
        }
    }
    let least = values.values().min().copied().unwrap_or_default();
    println!(
        "matrix: {} cells of {} values in {} dimensions, each value in at least {least} cells, and {} pairs of values",
        cells.len(),
        values.len(),
        values.keys().map(|(dimension, _)| dimension).collect::<BTreeSet<_>>().len(),
        pairs.len()
    );
    cells
}

fn report(verdicts: &[(&Cell, Verdict)], most_refused: usize) {
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    let (mut held, mut broken_off, mut rows) = (0, 0, 0);
    let mut failed = Vec::new();
    for (cell, verdict) in verdicts {
        match verdict {
            Verdict::Held(facts) => {
                held += 1;
                broken_off += usize::from(facts.was_broken_off);
                rows += facts.rows;
                assert!(facts.unknown_points.is_empty(), "no cell breaks off at {:?}", facts.unknown_points);
            }
            Verdict::Refused(why) => {
                *refused
                    .entry(format!("{}: {}", cell.kind().declared, why.lines().next().unwrap_or("")))
                    .or_default() += 1
            }
            Verdict::Broken(what) => failed.push((*cell, what)),
        }
    }
    let refusals: usize = refused.values().sum();
    println!(
        "matrix: {} cells in {:.0} CPU seconds: {held} held ({broken_off} of them broken off on the way, {rows} rows at their \
         ends), {refusals} refused before anything was written, {} failed",
        verdicts.len(),
        cpu_seconds(),
        failed.len()
    );
    for (why, count) in &refused {
        println!("  refused {count} times: {why}");
    }
    for (_, what) in failed.iter().take(3) {
        println!("{what}\n");
    }
    assert!(refusals * 100 <= verdicts.len() * most_refused, "{refusals} of {} cells were refused", verdicts.len());
    let seeds: Vec<u64> = failed.iter().take(50).map(|(cell, _)| cell.seed).collect();
    assert!(failed.is_empty(), "{} cells failed; WMSHOST_MATRIX_CELL=… runs one of {seeds:?} again", failed.len());
}
