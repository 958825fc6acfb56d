//! The measurements, for people and programs.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::{Change, ROUNDS, Took};

/// All measurements: medians.
pub(super) struct Figures {
    pub(super) rows: u64,
    /// All models in full, without tests.
    pub(super) full: Took,
    /// The same statements by hand.
    pub(super) hand: Took,
    /// All tests.
    pub(super) tests: Took,
    /// A build where nothing has changed.
    pub(super) nothing: Took,
    pub(super) increments: Vec<Increment>,
}

/// A build with tests after a share has changed.
pub(super) struct Increment {
    pub(super) change: Change,
    pub(super) percent: f64,
    pub(super) took: Took,
}

impl Figures {
    fn over_by_hand(&self) -> f64 {
        self.full.cpu.as_secs_f64() / self.hand.cpu.as_secs_f64()
    }

    /// The cost of a build as a percentage of a full one, both with tests.
    fn percent_of_full(&self, took: Took) -> f64 {
        100.0 * took.cpu.as_secs_f64() / (self.full.cpu + self.tests.cpu).as_secs_f64()
    }

    fn runs(&self) -> [(&'static str, Took); 4] {
        [("full", self.full), ("by hand", self.hand), ("all tests", self.tests), ("nothing to do", self.nothing)]
    }

    pub(super) fn print(&self) {
        println!("models over {} allocations, medians of {ROUNDS}", self.rows);
        let line = |name: &str, took: Took, more: String| {
            println!("{name:<30} {:>8.2} CPU s {:>8.2} s{more}", took.cpu.as_secs_f64(), took.wall.as_secs_f64());
        };
        for (name, took) in self.runs() {
            line(name, took, String::new());
        }
        for increment in &self.increments {
            let name = format!("{} % of {} changed", increment.percent, increment.change.name());
            let more = format!("  {:>5.1} % of full, both with tests", self.percent_of_full(increment.took));
            line(&name, increment.took, more);
        }
        println!("full: {:.2} × the CPU time of the same statements by hand", self.over_by_hand());
        println!("all rows are those by hand; after all changes, those of a full build");
    }

    /// Writes all figures as JSON.
    pub(super) fn keep(&self, file: &Path) -> anyhow::Result<()> {
        let costs = |took: Took| [("cpu_seconds", took.cpu.as_secs_f64()), ("seconds", took.wall.as_secs_f64())];
        let with_costs = |mut json: Json, took: Took| {
            for (name, seconds) in costs(took) {
                json[name] = seconds.into();
            }
            json
        };
        let runs = self.runs().map(|(name, took)| with_costs(json!({ "run": name }), took));
        let increments: Vec<Json> = self
            .increments
            .iter()
            .map(|Increment { change, percent, took }| {
                let json = json!({
                    "changed": change.name(), "percent": percent, "percent_of_full": self.percent_of_full(*took),
                });
                with_costs(json, *took)
            })
            .collect();
        let kept = json!({
            "rows": self.rows, "rounds": ROUNDS, "runs": runs, "full_over_by_hand": self.over_by_hand(),
            "increments": increments,
        });
        std::fs::write(file, format!("{kept:#}\n"))?;
        println!("written to {}", file.display());
        Ok(())
    }
}
