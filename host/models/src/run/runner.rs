//! Schedules the nodes over threads. A node is built, then tested; the nodes that depend on it wait for both, and are
//! skipped if one of them failed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use wmshost_flow::{Cancel, Clock, Failure, SqlSession, Target};

use super::before_images;
use super::deferred_tests::judge;
use super::inputs::{Reading, Watermarks};
use super::model::BuildContext;
use super::outcome::BuildOutcome;
use super::report::{BuildOptions, NodeResult, NodeStatus, Observer, Report};
use crate::data_tests::{Seen, TestScope, Testing, digest, due, test_node};
use crate::project::{ParsedTest, Project, SqlRenderer};
use crate::store::{BuildRecord, Store, TestRecord};
use crate::unit::{Scratch, run_unit_tests};

/// Builds and tests the models of a project.
pub struct Runner<'r> {
    /// The models and streams.
    pub project: &'r Project,
    /// The same models in SQLite's SQL, for unit tests, and the databases to run those in.
    pub unit_test_project: Option<(&'r Project, &'r dyn Scratch)>,
    /// The database where they are built.
    pub target: &'r dyn Target,
    /// Time.
    pub clock: &'r dyn Clock,
    /// The observer of the events.
    pub observer: &'r dyn Observer,
    /// The request to stop.
    pub cancel: &'r Cancel,
    /// The pipeline's name.
    pub pipeline: &'r str,
    /// The run's id.
    pub run_id: &'r str,
    /// The options.
    pub options: BuildOptions,
}

/// The state that the threads share.
pub(super) struct Shared {
    /// The nodes that have not begun, each with the nodes that it waits for.
    pub(super) waiting: BTreeMap<usize, BTreeSet<usize>>,
    running: usize,
    blocked: BTreeSet<usize>,
    pub(super) stopped: bool,
    built: BTreeMap<String, BuildRecord>,
    watermarks: Watermarks,
    pub(super) results: Vec<NodeResult>,
}

impl Runner<'_> {
    /// Runs the selected nodes. A node's failure is in the report; a failure that is returned is one of the target.
    pub fn run(&self) -> Result<Report, Failure> {
        let (began, began_at) = (self.clock.elapsed(), self.clock.now());
        let store = self.store();
        let mut sql = self.target.sql()?;
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
            blocked: BTreeSet::new(),
            stopped: false,
            built,
            watermarks: Watermarks::new(),
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

    /// Fails before anything is written if tables of other owners have the names of models that are to be built.
    fn check_tables(&self, sql: &mut dyn SqlSession) -> Result<(), Failure> {
        if !self.options.build {
            return Ok(());
        }
        let chosen = self.options.selected.0.iter().copied();
        let found = self.project.foreign_tables_of(chosen, self.pipeline, &self.options.take_over, sql)?;
        if found.is_empty() {
            return Ok(());
        }
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        Err(Failure::invalid_config(format!("{}; nothing was built", found.join("\n"))))
    }

    fn store(&self) -> Store<'_> {
        Store { pipeline: self.pipeline, writer: self.project.writer() }
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
            followed,
        }
    }

    /// The nodes to run, each with the nodes that it waits for.
    fn waiting(&self) -> BTreeMap<usize, BTreeSet<usize>> {
        let has_work = |at: &usize| {
            let node = &self.project.nodes[*at];
            node.model().is_some() || self.options.test && !node.tests.is_empty()
        };
        let chosen: BTreeSet<usize> = self.options.selected.0.iter().copied().filter(has_work).collect();
        let before = |at: usize| self.project.ancestors(at, usize::MAX).intersection(&chosen).copied().collect();
        chosen.iter().map(|&at| (at, before(at))).collect()
    }
}

pub(super) fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) struct Worker<'w> {
    pub(super) runner: &'w Runner<'w>,
    context: &'w BuildContext<'w>,
    pub(super) tested: &'w BTreeMap<(String, String), TestRecord>,
    /// The nodes that are left out because a stream has no table, with the reason.
    pub(super) missing_sources: &'w BTreeMap<usize, String>,
    pub(super) shared: &'w Mutex<Shared>,
    moved: &'w Condvar,
    began: std::time::Duration,
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

    pub(super) fn session<'s>(
        &self,
        session: &'s mut Option<Box<dyn SqlSession>>,
    ) -> Result<&'s mut dyn SqlSession, Failure> {
        if session.is_none() {
            *session = Some(self.runner.target.sql()?);
        }
        match session {
            Some(session) => Ok(session.as_mut()),
            None => Err(Failure::permanent("there is no session")),
        }
    }

    /// The next node that waits for nothing; `None` when there is none left. Nodes that depend on a failed one are
    /// finished at once.
    fn next(&self) -> Option<usize> {
        let mut shared = lock(self.shared);
        loop {
            shared.stopped |= self.runner.cancel.is_set();
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

    pub(super) fn ended(&self, at: usize, status: NodeStatus, message: String) -> NodeResult {
        let node = &self.runner.project.nodes[at];
        NodeResult {
            name: node.name.clone(),
            is_model: node.model().is_some(),
            status,
            action: None,
            rows: None,
            changed: 0,
            message,
            started: (self.runner.clock.elapsed() - self.began).as_secs_f64(),
            seconds: 0.0,
            tests: Vec::new(),
            unit_tests: Vec::new(),
        }
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
        if !self.runner.options.build || !result.is_model || result.status != NodeStatus::Succeeded {
            return Ok(());
        }
        let (built, mut watermarks) = {
            let shared = lock(self.shared);
            (shared.built.clone(), shared.watermarks.clone())
        };
        let (BuildOutcome { action, rows, changed, .. }, note, remark) =
            self.context.build(at, &built, &mut watermarks, sql)?;
        (result.action, result.rows, result.changed) = (Some(action), rows, changed);
        result.message = remark.unwrap_or_default();
        let mut shared = lock(self.shared);
        shared.watermarks.extend(watermarks);
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
            due.push((parsed, self.due(at, parsed, sql)));
        }
        result.tests = test_node(&self.testing(), at, &due, sql)?;
        result.tests.extend(self.tests_of_missing_sources(at));
        judge(result);
        Ok(())
    }

    /// The share of its rows that a test has to read. With tests alone, or with `--full-refresh` or `--force`, it is
    /// all rows.
    pub(super) fn due(&self, at: usize, parsed: &ParsedTest, sql: &mut dyn SqlSession) -> TestScope {
        let options = &self.runner.options;
        let node = &self.runner.project.nodes[at];
        let seen = self.seen(at, parsed, sql).unwrap_or_default();
        let digest = digest(&SqlRenderer { now: 0, ..self.testing().renderer }, at, parsed);
        let goes_on = options.build && !options.full_refresh && !options.force && !seen.is_empty();
        let before = self.tested.get(&(node.name.clone(), parsed.test.name.clone())).filter(|_| goes_on);
        let has_marks = node.model().is_none_or(|model| !model.is_live());
        let dialect = self.runner.project.dialect;
        due(dialect, parsed, before, seen, digest, has_marks.then_some(node.name.as_str()))
    }

    /// The load times of all that a test reads; those of a stream are kept for the next test.
    fn seen(&self, at: usize, parsed: &ParsedTest, sql: &mut dyn SqlSession) -> Result<Seen, Failure> {
        let project = self.runner.project;
        let (built, mut watermarks) = {
            let shared = lock(self.shared);
            (shared.built.clone(), shared.watermarks.clone())
        };
        let reading = Reading { project, built: &built, now: self.context.now };
        let mut seen = Seen::new();
        for other in parsed.relations(project).chain([at]) {
            seen.extend(reading.of_node(other, sql, &mut watermarks)?);
        }
        lock(self.shared).watermarks.extend(watermarks);
        Ok(seen)
    }

    pub(super) fn testing(&self) -> Testing<'_> {
        let renderer =
            SqlRenderer { now: self.context.now, run_id: self.runner.run_id, ..self.runner.project.renderer() };
        Testing { renderer, store: self.context.store, clock: self.runner.clock, before: self.tested }
    }
}
