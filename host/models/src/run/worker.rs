//! A run over models and the state that its threads share: the base of scheduling, of deferred tests and of nodes that
//! are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use wmshost_flow::{Clock, Failure, SqlSession, StatementLimit, Target};

use super::context::BuildContext;
use super::inputs::{Reading, StreamVersions};
use super::report::{BuildOptions, NodeResult, NodeStatus, Observer};
use crate::data_tests::{TestScope, Testing, digest, test_scope};
use crate::project::{ParsedTest, Project, SqlRenderer};
use crate::record::{BuildRecord, Seen, TestRecord};
use crate::unit::Scratch;

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
    /// The limit of each statement, with the request to stop, which no further node begins after.
    pub limit: StatementLimit,
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
    pub(super) running: usize,
    pub(super) blocked: BTreeSet<usize>,
    pub(super) stopped: bool,
    pub(super) built: BTreeMap<String, BuildRecord>,
    /// The versions of streams that were already read.
    pub(super) streams: StreamVersions,
    pub(super) results: Vec<NodeResult>,
}

pub(super) fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) struct Worker<'w> {
    pub(super) runner: &'w Runner<'w>,
    pub(super) context: &'w BuildContext<'w>,
    pub(super) tested: &'w BTreeMap<(String, String), TestRecord>,
    /// The nodes that are left out because a stream has no table, with the reason.
    pub(super) missing_sources: &'w BTreeMap<usize, String>,
    pub(super) shared: &'w Mutex<Shared>,
    pub(super) moved: &'w Condvar,
    pub(super) began: std::time::Duration,
}

impl Worker<'_> {
    pub(super) fn session<'s>(
        &self,
        session: &'s mut Option<Box<dyn SqlSession>>,
    ) -> Result<&'s mut dyn SqlSession, Failure> {
        if session.is_none() {
            *session = Some(self.runner.session()?);
        }
        match session {
            Some(session) => Ok(session.as_mut()),
            None => Err(Failure::permanent("there is no session")),
        }
    }

    pub(super) fn ended(&self, at: usize, status: NodeStatus, message: String) -> NodeResult {
        let node = &self.runner.project.nodes[at];
        NodeResult {
            name: node.name.clone(),
            kind: node.kind(),
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

    /// The share of its rows that a test has to read. With tests alone, or with `--full-refresh` or `--force`, it is
    /// all rows.
    pub(super) fn test_scope(&self, at: usize, parsed: &ParsedTest, sql: &mut dyn SqlSession) -> TestScope {
        let options = &self.runner.options;
        let node = &self.runner.project.nodes[at];
        let seen = self.seen(at, parsed, sql).ok();
        let digest = digest(&SqlRenderer { now: 0, ..self.testing().renderer }, at, parsed);
        let goes_on = options.build && !options.full_refresh && !options.force && seen.is_some();
        let before = self.tested.get(&(node.name.clone(), parsed.test.name.clone())).filter(|_| goes_on);
        let has_load_times = node.model().is_none_or(|model| !model.is_live());
        test_scope(
            self.runner.project.dialect,
            parsed,
            before,
            seen.unwrap_or_default(),
            digest,
            has_load_times.then_some(node.name.as_str()),
        )
    }

    /// The load times of all that a test reads; those of a stream are kept for the next test.
    fn seen(&self, at: usize, parsed: &ParsedTest, sql: &mut dyn SqlSession) -> Result<Seen, Failure> {
        let project = self.runner.project;
        let (built, mut streams) = {
            let shared = lock(self.shared);
            (shared.built.clone(), shared.streams.clone())
        };
        let reading = Reading { project, built: &built, now: self.context.now };
        let mut seen = Seen::default();
        for other in parsed.relations(project).chain([at]) {
            reading.add_node(other, &mut seen, sql, &mut streams)?;
        }
        lock(self.shared).streams.extend(streams);
        Ok(seen)
    }

    pub(super) fn testing(&self) -> Testing<'_> {
        let renderer =
            SqlRenderer { now: self.context.now, run_id: self.runner.run_id, ..self.runner.project.renderer() };
        Testing { renderer, store: self.context.store, clock: self.runner.clock, before: self.tested }
    }
}
