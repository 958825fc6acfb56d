//! What is to be done with models, and how it went.

use std::collections::BTreeMap;

use wmshost_flow::{Micros, TakeOver};

use super::outcome::Action;
use crate::data_tests::TestResult;
use crate::select::Selected;
use crate::unit::UnitResult;

/// What is to be done.
#[derive(Debug, Clone)]
pub struct BuildOptions {
    /// With which nodes.
    pub selected: Selected,
    /// True if models are built.
    pub build: bool,
    /// True if tests are run. Where models are built too, only those whose tables changed, or whose last test failed.
    pub test: bool,
    /// True if unit tests are run, in the same way.
    pub unit_test: bool,
    /// True if incremental models are built in full, and histories from the start.
    pub full_refresh: bool,
    /// True to build what has not changed.
    pub force: bool,
    /// True if the first failure ends the run.
    pub fail_fast: bool,
    /// Nodes at once.
    pub threads: usize,
    /// Tables and views that models may take over from somebody else.
    pub take_over: Vec<TakeOver>,
    /// Streams that may have no table yet, each with why: what reads one that has none is left out, and nothing has
    /// failed by that.
    pub not_loaded: BTreeMap<String, String>,
}

/// How a node ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeStatus {
    /// As it should.
    Succeeded,
    /// It could not be built; what was there stays.
    Errored,
    /// One of its tests failed.
    Failed,
    /// Something that it reads failed, or the run was stopped.
    Skipped,
    /// It reads a stream that has no table, and need not have one.
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

/// How a node ended, with its numbers.
#[derive(Debug, Clone)]
pub struct NodeResult {
    /// Its name.
    pub name: String,
    /// True if it is a model.
    pub is_model: bool,
    /// How it ended.
    pub status: NodeStatus,
    /// What was done; nothing where it was only tested.
    pub action: Option<Action>,
    /// The rows it has now.
    pub rows: Option<u64>,
    /// The rows that were inserted, updated or deleted.
    pub changed: u64,
    /// What there is to say.
    pub message: String,
    /// Seconds since the run began.
    pub started: f64,
    /// How long it took.
    pub seconds: f64,
    /// How its tests went.
    pub tests: Vec<TestResult>,
    /// How its unit tests went.
    pub unit_tests: Vec<UnitResult>,
}

/// Receives the events.
pub trait Observer: Sync {
    /// A node begins.
    fn started(&self, _name: &str) {}
    /// A node has ended.
    fn finished(&self, _result: &NodeResult) {}
}

/// How a run over models ended.
#[derive(Debug, Clone)]
pub struct Report {
    /// The run.
    pub run_id: String,
    /// When it began, UTC.
    pub began_at: Micros,
    /// How long it took.
    pub seconds: f64,
    /// The nodes, in the order in which they ended.
    pub nodes: Vec<NodeResult>,
}

impl Report {
    /// Returns whether anything did not go as it should.
    pub fn has_failed(&self) -> bool {
        self.nodes.iter().any(|node| !matches!(node.status, NodeStatus::Succeeded | NodeStatus::LeftOut))
    }
}
