//! The options and the results of a run over models.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wmshost_flow::{Micros, TakeOver};

use super::outcome::Action;
use crate::data_tests::TestResult;
use crate::manifest::NodeKind;
use crate::project::Selected;
use crate::unit::UnitResult;

/// The options of a run.
#[derive(Debug, Clone)]
pub struct BuildOptions {
    /// The selected nodes.
    pub selected: Selected,
    /// True if models are built.
    pub build: bool,
    /// True if tests are run. If models are built too, only tests of changed tables and tests that failed last.
    pub test: bool,
    /// True if unit tests are run, in the same way.
    pub unit_test: bool,
    /// True if incremental models are built in full, and snapshots from the start.
    pub full_refresh: bool,
    /// True to build even what has not changed.
    pub force: bool,
    /// True if the first failure ends the run.
    pub fail_fast: bool,
    /// The number of nodes that are built at once.
    pub threads: usize,
    /// Tables and views that models may take over from another owner.
    pub take_over: Vec<TakeOver>,
    /// True if models' tables may have triggers of others.
    pub allows_triggers: bool,
    /// Streams that may have no table yet, with the reason: models that read one without a table are left out, which is
    /// not a failure.
    pub not_loaded: BTreeMap<String, String>,
    /// Streams that failed in the same run: models that read one are skipped.
    pub failed: BTreeSet<String>,
}

impl BuildOptions {
    /// The options to build and test these nodes as far as they have changed.
    pub fn of(selected: Selected, threads: usize) -> Self {
        Self {
            selected,
            build: true,
            test: true,
            unit_test: true,
            full_refresh: false,
            force: false,
            fail_fast: false,
            threads,
            take_over: Vec::new(),
            allows_triggers: false,
            not_loaded: BTreeMap::new(),
            failed: BTreeSet::new(),
        }
    }
}

/// The status of a node at the end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NodeStatus {
    /// It was built, and its tests passed or warned.
    Succeeded,
    /// It could not be built; the old rows stay.
    Errored,
    /// One of its tests failed.
    Failed,
    /// A node that it reads failed, or the run was stopped.
    Skipped,
    /// It reads a stream that has no table and need not have one.
    #[serde(rename = "left out")]
    LeftOut,
}

impl NodeStatus {
    /// The status's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Errored => "errored",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::LeftOut => "left out",
        }
    }
}

/// The result of a node, with its numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeResult {
    /// Its name.
    pub name: String,
    /// The kind of the node.
    pub kind: NodeKind,
    /// The status.
    pub status: NodeStatus,
    /// The action taken; `None` if it was only tested.
    pub action: Option<Action>,
    /// The number of rows that it has now.
    pub rows: Option<u64>,
    /// The number of rows that were inserted, updated or deleted.
    pub changed: u64,
    /// The explanation of the status.
    pub message: String,
    /// Seconds since the run began.
    pub started: f64,
    /// The duration in seconds.
    pub seconds: f64,
    /// The results of its tests.
    pub tests: Vec<TestResult>,
    /// The results of its unit tests.
    pub unit_tests: Vec<UnitResult>,
}

impl NodeResult {
    /// Marks the node as failed if one of its tests failed.
    pub(super) fn apply_tests(&mut self) {
        if self.tests.iter().any(|test| test.status.stops()) {
            self.status = NodeStatus::Failed;
            self.message = "a test failed".to_owned();
        }
    }
}

/// Receives the events of a run.
pub trait Observer: Sync {
    /// A node starts.
    fn started(&self, _name: &str) {}
    /// A node has ended.
    fn finished(&self, _result: &NodeResult) {}
}

/// The result of a run over models.
#[derive(Debug, Clone)]
pub struct Report {
    /// The run's id.
    pub run_id: String,
    /// The time when it began, UTC.
    pub began_at: Micros,
    /// The duration in seconds.
    pub seconds: f64,
    /// The nodes, in the order in which they ended.
    pub nodes: Vec<NodeResult>,
}

impl Report {
    /// True if any node neither succeeded nor was left out.
    pub fn has_failed(&self) -> bool {
        self.nodes.iter().any(|node| !matches!(node.status, NodeStatus::Succeeded | NodeStatus::LeftOut))
    }
}
