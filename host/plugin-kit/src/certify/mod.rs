//! Certification: the clauses that a component must keep, each with a name, and the verdict over one of them. Every clause is
//! proven able to fail by a component that breaks it (`plugins/hostile/`).
//!
//! | module | what it is for |
//! |---|---|
//! | `clause` | clauses: the demands on a component |
//! | `verdict` | verdicts over clauses |
//! | `subject` | the component under examination, and the case that it is examined with |
//! | `values` | rows that plugins get wrong |
//! | `description` | the clauses of every plugin |
//! | `transform` | the clauses of transforms |
//! | `promises` | the promises of transforms about columns, keys and rows |
//! | `extractor` | the clauses of extractors |
//! | `changes` | the clauses of extractors about later runs |
//! | `loader` | the clauses of loaders |
//! | `models` | the clauses of models |

mod changes;
mod clause;
mod description;
mod extractor;
mod loader;
mod models;
mod promises;
mod subject;
mod transform;
mod values;
mod verdict;

use std::collections::BTreeMap;
use std::path::PathBuf;

use wmshost_sandbox::{Plugin, World};

pub use clause::Clause;
use subject::Subject;
pub use verdict::Verdict;

use crate::error::Result;

/// The verdict over a clause.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The clause.
    pub clause: Clause,
    /// The verdict.
    pub verdict: Verdict,
}

/// Returns all clauses of a world; of all worlds for `None`.
pub fn clauses(world: Option<World>) -> Vec<Clause> {
    let all = [
        description::CLAUSES,
        transform::CLAUSES,
        promises::CLAUSES,
        extractor::CLAUSES,
        changes::CLAUSES,
        loader::CLAUSES,
        models::CLAUSES,
    ];
    let all = all.into_iter().flatten();
    all.filter(|clause| world.is_none() || clause.world.is_none() || clause.world == world).copied().collect()
}

/// Examines a component with the first case of these folders that does not expect a failure: these clauses and those that
/// they need, or all if none is named. Clauses that need rows are skipped where there is no case.
pub fn examine(plugin: &Plugin, cases: &[PathBuf], only: &[&str]) -> Result<Vec<Finding>> {
    let subject = Subject::new(plugin, cases)?;
    let mut verdicts: BTreeMap<&'static str, Verdict> = BTreeMap::new();
    let mut findings = Vec::new();
    let all = clauses(Some(plugin.world));
    let needed: Vec<&str> =
        all.iter().filter(|clause| only.contains(&clause.name)).flat_map(|clause| clause.needs).copied().collect();
    let is_asked = |clause: &Clause| only.is_empty() || only.contains(&clause.name) || needed.contains(&clause.name);
    for clause in all.into_iter().filter(is_asked) {
        let needed = clause.needs.iter().find(|needed| verdicts.get(**needed) != Some(&Verdict::Pass));
        let verdict = match needed {
            Some(needed) => Verdict::NotReached(format!("`{needed}` does not pass")),
            None => (clause.check)(&subject),
        };
        verdicts.insert(clause.name, verdict.clone());
        findings.push(Finding { clause, verdict });
    }
    Ok(findings)
}
