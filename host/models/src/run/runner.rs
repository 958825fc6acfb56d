//! Schedules the nodes over threads. A node is built, then tested; the nodes that depend on it wait for both, and are
//! skipped if one of them failed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

use wmshost_flow::{Failure, SqlSession};

use super::before_images;
use super::context::BuildContext;
use super::inputs::StreamVersions;
use super::outcome::BuildOutcome;
use super::report::{NodeResult, NodeStatus, Report};
use super::worker::{Runner, Shared, Worker, lock};
use crate::data_tests::test_node;
use crate::manifest::NodeKind;
use crate::project::ParsedTest;
use crate::store::Store;
use crate::unit::run_unit_tests;

impl Runner<'_> {
    /// Runs the selected nodes. A node's failure is in the report; a failure that is returned is one of the target.
    pub fn run(&self) -> Result<Report, Failure> {
        let (began, began_at) = (self.clock.elapsed(), self.clock.now());
        let store = self.store();
        let mut sql = self.session()?;
        self.check_tables(sql.as_mut())?;
        store.prepare(sql.as_mut())?;
        let mut built = store.built(sql.as_mut())?;
        if self.options.build {
            before_images::prepare(&self.context(began_at), &mut built, sql.as_mut())?;
        }
        let tested = store.tested(sql.as_mut())?;
        let missing_sources = self.missing_sources(sql.as_mut())?;
        let context = self.context(began_at);
        let shared = Mutex::new(Shared {
            waiting: self.waiting(),
            running: 0,
            blocked: self.failed().collect(),
            stopped: false,
            built,
            streams: StreamVersions::new(),
            results: Vec::new(),
        });
        let moved = Condvar::new();
        let worker = Worker {
            runner: self,
            context: &context,
            tested: &tested,
            missing_sources: &missing_sources,
            shared: &shared,
            moved: &moved,
            began,
        };
        worker.skip_unreadable();
        let mut first = Some(sql);
        thread::scope(|scope| {
            let count = self.options.threads.clamp(1, 64).min(lock(&shared).waiting.len().max(1));
            for _ in 0..count {
                let session = first.take();
                let worker = &worker;
                scope.spawn(move || worker.work(session));
            }
        });
        let mut results = std::mem::take(&mut lock(&shared).results);
        worker.deferred_tests(&mut results)?;
        let seconds = (self.clock.elapsed() - began).as_secs_f64();
        Ok(Report { run_id: self.run_id.to_owned(), began_at, seconds, nodes: results })
    }

    /// Opens a session, whose statements have the limit of models.
    pub(super) fn session(&self) -> Result<Box<dyn SqlSession>, Failure> {
        let mut session = self.target.sql()?;
        session.limit_statements(&self.limit)?;
        Ok(session)
    }

    /// Fails before anything is written if tables of other owners have the names of models that are to be built.
    fn check_tables(&self, sql: &mut dyn SqlSession) -> Result<(), Failure> {
        if !self.options.build {
            return Ok(());
        }
        let chosen = self.options.selected.0.iter().copied();
        let allowed = (self.options.take_over.as_slice(), self.options.allows_triggers);
        let found = self.project.foreign_tables_of(chosen, self.pipeline, allowed, sql)?;
        if found.is_empty() {
            return Ok(());
        }
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        Err(Failure::invalid_config(format!("{}; nothing was built", found.join("\n"))))
    }

    fn store(&self) -> Store<'_> {
        Store { pipeline: self.pipeline, dialect: self.project.dialect }
    }

    fn context(&self, now: i64) -> BuildContext<'_> {
        let followed = self
            .project
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| node.model().is_some_and(|model| model.increment().is_some()))
            .flat_map(|(at, _)| self.project.bases(at))
            .collect();
        BuildContext {
            project: self.project,
            store: self.store(),
            clock: self.clock,
            run_id: self.run_id,
            now,
            full_refresh: self.options.full_refresh,
            force: self.options.force,
            take_over: &self.options.take_over,
            allows_triggers: self.options.allows_triggers,
            followed,
        }
    }

    /// The number of nodes that are going to be built or tested.
    pub fn nodes(&self) -> usize {
        self.waiting().len()
    }

    /// The streams that failed before.
    fn failed(&self) -> impl Iterator<Item = usize> {
        self.options.failed.iter().filter_map(|name| self.project.by_name.get(name).copied())
    }

    /// The nodes to run, each with the nodes that it waits for. The tests of a stream that failed are not run.
    fn waiting(&self) -> BTreeMap<usize, BTreeSet<usize>> {
        let failed: BTreeSet<usize> = self.failed().collect();
        let has_work = |at: &usize| {
            let node = &self.project.nodes[*at];
            node.model().is_some() || self.options.test && !node.tests.is_empty() && !failed.contains(at)
        };
        let chosen: BTreeSet<usize> = self.options.selected.0.iter().copied().filter(has_work).collect();
        let before = |at: usize| self.project.ancestors(at, usize::MAX).intersection(&chosen).copied().collect();
        chosen.iter().map(|&at| (at, before(at))).collect()
    }
}

impl Worker<'_> {
    fn work(&self, mut session: Option<Box<dyn SqlSession>>) {
        while let Some(at) = self.next() {
            let started = self.runner.clock.elapsed();
            self.runner.observer.started(&self.runner.project.nodes[at].name);
            let mut result = match self.session(&mut session) {
                Ok(sql) => self.node(at, sql),
                Err(failure) => self.ended(at, NodeStatus::Errored, failure.to_string()),
            };
            if result.status == NodeStatus::Errored {
                // Its connection may be gone.
                session = None;
            }
            result.started = (started - self.began).as_secs_f64();
            result.seconds = (self.runner.clock.elapsed() - started).as_secs_f64();
            self.finish(at, result);
        }
    }

    /// The next node that waits for nothing; `None` when there is none left. Nodes that depend on a failed one are
    /// finished at once.
    fn next(&self) -> Option<usize> {
        let mut shared = lock(self.shared);
        loop {
            shared.stopped |= self.runner.limit.cancel.is_set();
            self.skip(&mut shared);
            let ready = shared.waiting.iter().find(|(_, before)| before.is_empty()).map(|(&at, _)| at);
            if let Some(at) = ready {
                shared.waiting.remove(&at);
                shared.running += 1;
                return Some(at);
            }
            if shared.waiting.is_empty() || shared.running == 0 {
                return None;
            }
            shared = self.moved.wait(shared).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Finishes all nodes that can no longer begin.
    fn skip(&self, shared: &mut Shared) {
        let project = self.runner.project;
        let blocked: Vec<(usize, String)> = shared
            .waiting
            .keys()
            .filter_map(|&at| {
                let cause = project.ancestors(at, usize::MAX).into_iter().find(|read| shared.blocked.contains(read));
                match cause {
                    Some(cause) => Some((at, format!("it reads {}, which failed", project.nodes[cause].name))),
                    None if shared.stopped => Some((at, "the run was stopped before this node began".to_owned())),
                    None => None,
                }
            })
            .collect();
        for (at, why) in blocked {
            shared.waiting.remove(&at);
            let result = self.ended(at, NodeStatus::Skipped, why);
            self.runner.observer.finished(&result);
            shared.results.push(result);
        }
    }

    fn finish(&self, at: usize, result: NodeResult) {
        self.runner.observer.finished(&result);
        let mut shared = lock(self.shared);
        shared.running -= 1;
        if result.status != NodeStatus::Succeeded {
            shared.blocked.insert(at);
            shared.stopped |= self.runner.options.fail_fast;
        }
        for before in shared.waiting.values_mut() {
            before.remove(&at);
        }
        shared.results.push(result);
        drop(shared);
        self.moved.notify_all();
    }

    fn node(&self, at: usize, sql: &mut dyn SqlSession) -> NodeResult {
        let mut result = self.ended(at, NodeStatus::Succeeded, String::new());
        let outcome = self.unit_tests(at, &mut result).and_then(|()| self.build(at, sql, &mut result));
        let outcome = outcome.and_then(|()| self.tests(at, sql, &mut result));
        if let Err(failure) = outcome {
            (result.status, result.message) = (NodeStatus::Errored, failure.to_string());
        }
        result
    }

    fn unit_tests(&self, at: usize, result: &mut NodeResult) -> Result<(), Failure> {
        let options = &self.runner.options;
        let node = &self.runner.project.nodes[at];
        let (Some((project, scratch)), Some(model)) = (self.runner.unit_test_project, node.model()) else {
            return Ok(());
        };
        let is_proven = options.build
            && lock(self.shared).built.get(&node.name).is_some_and(|built| built.fingerprint == model.fingerprint);
        if !options.unit_test || is_proven {
            return Ok(());
        }
        result.unit_tests = run_unit_tests(project, &node.name, scratch)?;
        if result.unit_tests.iter().any(|test| !test.passed) {
            result.status = NodeStatus::Failed;
            result.message = "a unit test failed".to_owned();
        }
        Ok(())
    }

    fn build(&self, at: usize, sql: &mut dyn SqlSession, result: &mut NodeResult) -> Result<(), Failure> {
        if !self.runner.options.build || result.kind != NodeKind::Model || result.status != NodeStatus::Succeeded {
            return Ok(());
        }
        let (built, mut streams) = {
            let shared = lock(self.shared);
            (shared.built.clone(), shared.streams.clone())
        };
        let (BuildOutcome { action, rows, changed, .. }, note, remark) =
            self.context.build(at, &built, &mut streams, sql)?;
        (result.action, result.rows, result.changed) = (Some(action), rows, changed);
        result.message = remark.unwrap_or_default();
        let mut shared = lock(self.shared);
        shared.streams.extend(streams);
        if let Some(note) = note {
            shared.built.insert(result.name.clone(), note);
        }
        Ok(())
    }

    fn tests(&self, at: usize, sql: &mut dyn SqlSession, result: &mut NodeResult) -> Result<(), Failure> {
        if !self.runner.options.test || result.status != NodeStatus::Succeeded {
            return Ok(());
        }
        let node = &self.runner.project.nodes[at];
        let is_meant =
            |parsed: &&ParsedTest| !self.is_deferred(at, parsed) && self.reads_missing_source(parsed).is_none();
        let tests: Vec<&ParsedTest> = node.tests.iter().filter(is_meant).collect();
        let mut due = Vec::new();
        for parsed in tests {
            due.push((parsed, self.test_scope(at, parsed, sql)));
        }
        result.tests = test_node(&self.testing(), at, &due, sql)?;
        result.tests.extend(self.tests_of_missing_sources(at));
        result.apply_tests();
        Ok(())
    }
}
