//! A generated matrix: tables of every kind, histories of their rows, and a breakage somewhere on the way, against an
//! oracle in plain Rust over the generated rows. Each cell is one combination of
//!
//! key type × collation × encoding × kind of table × columns of the key × NULL in the key × duplicates × method × deletes ×
//! late rows × type of the change key × ties × NULL change keys × rows read and written at once × values that do not fit ×
//! what breaks off × which command it breaks off × what is done afterwards
//!
//! and must end with nothing lost, nothing twice, no value changed and no stranger's table touched; or it is refused before
//! anything is written, by a message that names the column. After every step, whether it came to its end or not, the target
//! must hold what the oracle allows. `verify` must say equal exactly where the rows are.
//!
//! The streams run in this process, through the program's own assembly of databases, plugins and policies. A process that
//! dies is a panic at a named point of the flow; a connection that is lost is an error of the port. `tests/crash` kills real
//! processes.
//!
//! | file | what it is for |
//! |---|---|
//! | `values` | the values of a key column, and what each means |
//! | `cell` | the dimensions, and the cell of a seed |
//! | `history` | the source: its rows, and what happens to them between runs |
//! | `expected` | the oracle |
//! | `faults` | what breaks a flow off |
//! | `lab` | one stream in a folder of its own |
//! | `story` | the steps of a cell, and what must hold after each |
//!
//! A cell that fails prints its parameters, the statements that make and change its source, the commands between them and
//! its pipeline file. `WMSHOST_MATRIX_CELL=17 cargo test --release --workspace --test matrix` runs the cell of the
//! seed 17 alone; `WMSHOST_MATRIX_CELLS=100` runs 100 cells (and those that complete the pairs of values);
//! `WMSHOST_MATRIX_REPORT=file` writes a line for each cell that fails as it fails. `make test-long` runs ten times as many.

mod cell;
mod expected;
mod faults;
mod history;
mod lab;
mod story;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use wmshost_runtime::Catalog;

use crate::cell::Cell;
use crate::story::Verdict;

fn catalog() -> Catalog {
    Catalog::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins")).expect("a catalogue of plugins")
}

/// The CPU seconds of this process.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) / 100.0
}

/// The most cells in a hundred that may be refused: a host that refuses everything loses nothing either.
const MOST_REFUSED: usize = 8;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Panics that stand for the end of a process are not told.
fn silence() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let text = info.payload().downcast_ref::<&str>().copied().unwrap_or_default();
        if !text.contains("a scoped thread panicked") {
            usual(info);
        }
    }));
}

#[test]
fn no_cell_loses_doubles_or_changes_a_row() {
    silence();
    if let Some(seed) = number("WMSHOST_MATRIX_CELL") {
        let cell = Cell::of(seed);
        match story::tell(&cell, &catalog()) {
            Verdict::Broken(what) => panic!("{what}"),
            Verdict::Refused(why) => println!("{cell}\nrefused: {why}"),
            Verdict::Held(facts) => println!("{cell}\nheld: {facts:?}"),
        }
        return;
    }
    let usual = if std::env::var_os("WMSHOST_TEST_LONG").is_some() { 50_000 } else { 5_000 };
    let cells = cells(number("WMSHOST_MATRIX_CELLS").unwrap_or(usual));
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let catalog = catalog();
                while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdict = story::tell(cell, &catalog);
                    note(cell, &verdict);
                    verdicts.lock().expect("unharmed").push((cell, verdict));
                }
            });
        }
    });
    report(&verdicts.into_inner().expect("unharmed"));
}

/// Writes a line for a cell that fails, as it fails, where that is asked for.
fn note(cell: &Cell, verdict: &Verdict) {
    let (Ok(file), Verdict::Broken(what)) = (std::env::var("WMSHOST_MATRIX_REPORT"), verdict) else { return };
    let mut file = OpenOptions::new().create(true).append(true).open(file).expect("the report");
    writeln!(file, "{cell}\t{}", what.lines().nth(1).unwrap_or_default()).expect("a line");
}

/// So many cells by chance, and then those that have a pair of values that none had yet.
fn cells(count: u64) -> Vec<Cell> {
    let (mut pairs, mut values) = (BTreeSet::new(), BTreeMap::new());
    let mut cells = Vec::new();
    for seed in 0..count * 20 {
        let cell = Cell::of(seed);
        let coordinates = cell.coordinates();
        let mut is_new = false;
        for (at, one) in coordinates.iter().enumerate() {
            for other in &coordinates[at + 1..] {
                is_new |= pairs.insert((one.clone(), other.clone()));
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

fn report(verdicts: &[(&Cell, Verdict)]) {
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
    assert!(refusals * 100 <= verdicts.len() * MOST_REFUSED, "{refusals} of {} cells were refused", verdicts.len());
    let seeds: Vec<u64> = failed.iter().take(50).map(|(cell, _)| cell.seed).collect();
    assert!(failed.is_empty(), "{} cells failed; WMSHOST_MATRIX_CELL=… runs one of {seeds:?} again", failed.len());
}
