//! Tests that read models which their own node does not read. Those models may be built later, or read the node itself:
//! such a test waits until everything is built, and stops nothing.

use std::collections::BTreeSet;

use wmshost_flow::Failure;

use super::outcome::Action;
use super::report::{NodeResult, NodeStatus};
use super::worker::{Worker, lock};
use crate::data_tests::test_node;
use crate::project::ParsedTest;
use crate::record::TestRecord;

impl Worker<'_> {
    /// True if a test reads a model that its own node does not read: that model may be built later, or read the node.
    pub(super) fn is_deferred(&self, at: usize, parsed: &ParsedTest) -> bool {
        let project = self.runner.project;
        let before = project.ancestors(at, usize::MAX);
        parsed
            .relations(project)
            .any(|other| other != at && !before.contains(&other) && project.nodes[other].model().is_some())
    }

    /// Runs the tests that had to wait for other models, once all are built. They stop nothing.
    pub(super) fn deferred_tests(&self, results: &mut [NodeResult]) -> Result<(), Failure> {
        let project = self.runner.project;
        if !self.runner.options.test || lock(self.shared).stopped {
            return Ok(());
        }
        let nodes = |is_meant: &dyn Fn(&NodeResult) -> bool| -> BTreeSet<usize> {
            let meant = results.iter().filter(|result| is_meant(result));
            meant.filter_map(|result| project.by_name.get(&result.name).copied()).collect()
        };
        let mut unbuilt = nodes(&|result| matches!(result.status, NodeStatus::Errored | NodeStatus::Skipped));
        unbuilt.extend(self.missing_sources.keys());
        let acted = nodes(&|result| result.action != Some(Action::Unchanged));
        let mut session = None;
        for result in results.iter_mut().filter(|result| result.status == NodeStatus::Succeeded) {
            let Some(&at) = project.by_name.get(&result.name) else { continue };
            let name = result.name.clone();
            let is_due = |parsed: &ParsedTest| {
                let others: Vec<usize> = parsed.relations(project).collect();
                let before = self.tested.get(&(name.clone(), parsed.test.name.clone()));
                let is_news = !before.is_some_and(TestRecord::has_passed)
                    || acted.contains(&at)
                    || others.iter().any(|other| acted.contains(other));
                self.is_deferred(at, parsed) && is_news && !others.iter().any(|other| unbuilt.contains(other))
            };
            if !project.nodes[at].tests.iter().any(is_due) {
                continue;
            }
            let started = self.runner.clock.elapsed();
            let sql = self.session(&mut session)?;
            let mut due = Vec::new();
            for parsed in project.nodes[at].tests.iter().filter(|parsed| is_due(parsed)) {
                due.push((parsed, self.test_scope(at, parsed, sql)));
            }
            result.tests.extend(test_node(&self.testing(), at, &due, sql)?);
            result.seconds += (self.runner.clock.elapsed() - started).as_secs_f64();
            result.apply_tests();
            if result.status != NodeStatus::Succeeded {
                self.runner.observer.finished(result);
            }
        }
        Ok(())
    }
}
