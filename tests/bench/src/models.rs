//! The models `wms-marts` compared with the same statements run by hand in the same engine: built in full, tested, and
//! built again after larger and larger shares of the warehouse have changed. CPU time is compared: it is the same on a
//! busy machine.
//!
//! | module | purpose |
//! |---|---|
//! | `place` | the warehouse, and the targets of the host and of the statements by hand |
//! | `hand` | the same models by hand |
//! | `same` | checks that two targets have the same rows |
//! | `figures` | the measurements, for people and programs |

mod figures;
mod hand;
mod place;
mod same;

use std::path::Path;
use std::time::Duration;

use figures::{Figures, Increment};
use place::Place;

pub(crate) use hand::by_hand;

/// The number of times that each thing is measured; the median counts.
const ROUNDS: u64 = 3;
/// The shares that change, in percent.
const SHARES: [f64; 3] = [0.01, 0.1, 1.0];

/// The cost of a process.
#[derive(Clone, Copy)]
struct Took {
    wall: Duration,
    cpu: Duration,
}

/// The kind of change in the warehouse.
#[derive(Clone, Copy)]
enum Change {
    /// A day of activity: rows of all tables are new, changed, or late.
    Warehouse,
    /// Quantities of allocations.
    Allocations,
}

impl Change {
    fn name(self) -> &'static str {
        match self {
            Self::Warehouse => "warehouse",
            Self::Allocations => "allocations",
        }
    }
}

/// Measures, prints, and writes the figures to a file. There are none where rows differ from the expected ones.
pub(crate) fn run(rows: u64, file: &Path) -> anyhow::Result<()> {
    let place = Place::prepare(rows)?;
    let (mut full, mut hand, mut tests) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        eprintln!("in full and by hand, round {round} of {ROUNDS}");
        full.push(place.build_in_full()?);
        tests.push(place.build()?);
        hand.push(place.by_hand()?);
    }
    eprintln!("comparing all rows with those by hand");
    place.check_by_hand()?;
    let nothing = median((0..ROUNDS).map(|_| place.build()).collect::<anyhow::Result<_>>()?);
    let mut increments = Vec::new();
    for change in [Change::Warehouse, Change::Allocations] {
        for percent in SHARES {
            eprintln!("{percent} % of {} changed, {ROUNDS} times", change.name());
            let mut costs = Vec::new();
            for _ in 0..ROUNDS {
                place.change(change, percent)?;
                costs.push(place.build()?);
            }
            increments.push(Increment { change, percent, took: median(costs) });
        }
    }
    eprintln!("comparing all rows with those of a full build");
    place.check_in_full()?;
    let figures = Figures { rows, full: median(full), hand: median(hand), tests: median(tests), nothing, increments };
    figures.print();
    figures.keep(file)
}

/// The median, by CPU time.
fn median(mut costs: Vec<Took>) -> Took {
    costs.sort_by_key(|took| took.cpu);
    costs[costs.len() / 2]
}
