//! Models that read a stream without a table, where that is not a mistake: the stream is disabled, or was not part of
//! the run. They are left out, with the reason; models that do not need the stream are built from the tables as they
//! are.

use std::collections::BTreeMap;

use wmshost_flow::{Failure, Sql};

use super::report::NodeStatus;
use super::worker::{Runner, Worker, lock};
use crate::data_tests::{TestResult, TestStatus};
use crate::project::ParsedTest;
use crate::store::kind_of;

impl Runner<'_> {
    /// The nodes that are left out, with the reason.
    pub(super) fn missing_sources(&self, sql: &mut dyn Sql) -> Result<BTreeMap<usize, String>, Failure> {
        let project = self.project;
        let mut absent = BTreeMap::new();
        for (name, why) in &self.options.not_loaded {
            let Some(&at) = project.by_name.get(name) else { continue };
            let table = &project.nodes[at].table;
            if kind_of(sql, project.dialect, table)?.is_none() {
                let reason = format!("the stream {name}, which {why} and was never loaded: there is no table {table}");
                absent.insert(at, reason);
            }
        }
        let reads = (0..project.nodes.len()).filter_map(|at| {
            let ancestors = project.ancestors(at, usize::MAX);
            let reasons: Vec<&str> =
                absent.iter().filter(|(read, _)| ancestors.contains(read)).map(|(_, why)| why.as_str()).collect();
            (!reasons.is_empty()).then(|| (at, format!("it reads {}", reasons.join("; and "))))
        });
        let reads: Vec<(usize, String)> = reads.collect();
        absent.extend(reads);
        Ok(absent)
    }
}

impl Worker<'_> {
    /// Finishes the models that are left out before any other begins. A stream without a table is not reported.
    pub(super) fn skip_unreadable(&self) {
        let mut shared = lock(self.shared);
        for (&at, why) in self.missing_sources {
            if shared.waiting.remove(&at).is_some() && self.runner.project.nodes[at].model().is_some() {
                let result = self.ended(at, NodeStatus::LeftOut, why.clone());
                self.runner.observer.finished(&result);
                shared.results.push(result);
            }
        }
        for before in shared.waiting.values_mut() {
            before.retain(|at| !self.missing_sources.contains_key(at));
        }
    }

    /// The name of a node that a test reads and that is left out.
    pub(super) fn reads_missing_source(&self, parsed: &ParsedTest) -> Option<&str> {
        let project = self.runner.project;
        let found = parsed.relations(project).find(|other| self.missing_sources.contains_key(other));
        found.map(|other| project.nodes[other].name.as_str())
    }

    /// The tests of a node that cannot be run for that reason.
    pub(super) fn tests_of_missing_sources(&self, at: usize) -> Vec<TestResult> {
        let tests = self.runner.project.nodes[at].tests.iter();
        tests
            .filter_map(|parsed| {
                let other = self.reads_missing_source(parsed)?;
                Some(TestResult {
                    name: parsed.test.name.clone(),
                    assertion: parsed.test.assertion.name().to_owned(),
                    status: TestStatus::Skipped,
                    failing: 0,
                    at_most: false,
                    measured: None,
                    message: format!("it looks at {other}, which is left out"),
                    seconds: 0.0,
                })
            })
            .collect()
    }
}
