//! `run_results.json`: how a run over models ended, as a document for other programs. The fields are part of the
//! interface: new ones may be added, none changes its meaning; if one must, `format` increases.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data_tests::TestStatus;
use crate::manifest::FORMAT;
use crate::record::Moment;
use crate::run::{NodeResult, NodeStatus, Report};

/// The results of a run over models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunResults {
    /// The version of this format.
    pub format: u32,
    /// The pipeline.
    pub pipeline: String,
    /// The run.
    pub run_id: String,
    /// The time when it began, in ISO 8601.
    pub began_at: String,
    /// Its duration in seconds.
    pub seconds: f64,
    /// `failed` if any node neither succeeded nor was left out.
    pub status: RunStatus,
    /// The nodes, in the order in which they ended.
    pub nodes: Vec<NodeOutcome>,
}

/// The status of a run over models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// Every node succeeded or was left out.
    Succeeded,
    /// At least one node failed, could not be built or was skipped.
    Failed,
}

/// The result of a node, with its outcome in one word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeOutcome {
    /// The result; its fields are beside the outcome.
    #[serde(flatten)]
    pub node: NodeResult,
    /// The outcome.
    pub result: Outcome,
}

/// The outcome of a node, in the words that `result:` selects by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It could not be built.
    Error,
    /// One of its tests failed.
    Fail,
    /// A node that it reads failed, or the run was stopped.
    Skipped,
    /// It reads a stream that has no table and need not have one.
    LeftOut,
    /// It was built; one of its tests warned.
    Warn,
    /// It was built, and its tests passed.
    Success,
}

impl Outcome {
    /// The outcome's name in selections and documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Fail => "fail",
            Self::Skipped => "skipped",
            Self::LeftOut => "left_out",
            Self::Warn => "warn",
            Self::Success => "success",
        }
    }

    fn of(node: &NodeResult) -> Self {
        match node.status {
            NodeStatus::Errored => Self::Error,
            NodeStatus::Failed => Self::Fail,
            NodeStatus::Skipped => Self::Skipped,
            NodeStatus::LeftOut => Self::LeftOut,
            NodeStatus::Succeeded if node.tests.iter().any(|test| test.status == TestStatus::Warned) => Self::Warn,
            NodeStatus::Succeeded => Self::Success,
        }
    }
}

impl Report {
    /// The results as a document.
    pub fn results(&self, pipeline: &str) -> RunResults {
        let outcome = |node: &NodeResult| NodeOutcome { node: node.clone(), result: Outcome::of(node) };
        RunResults {
            format: FORMAT,
            pipeline: pipeline.to_owned(),
            run_id: self.run_id.clone(),
            began_at: Moment(self.began_at).iso_8601(),
            seconds: self.seconds,
            status: if self.has_failed() { RunStatus::Failed } else { RunStatus::Succeeded },
            nodes: self.nodes.iter().map(outcome).collect(),
        }
    }
}

impl RunResults {
    /// The outcome of each node, by name.
    pub fn outcomes(&self) -> BTreeMap<String, Outcome> {
        self.nodes.iter().map(|outcome| (outcome.node.name.clone(), outcome.result)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::de::DeserializeOwned;

    use super::*;
    use crate::manifest::NodeKind;
    use crate::run::Action;

    fn same<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T, name: &str) {
        let json = serde_json::to_value(&value).expect("JSON");
        assert_eq!(json, name);
        assert_eq!(serde_json::from_value::<T>(json).expect("the same"), value);
    }

    #[test]
    fn words_are_the_same_in_documents_and_in_reports() {
        use NodeStatus as Status;
        for status in [Status::Succeeded, Status::Errored, Status::Failed, Status::Skipped, Status::LeftOut] {
            same(status, status.name());
        }
        use Outcome as O;
        for outcome in [O::Error, O::Fail, O::Skipped, O::LeftOut, O::Warn, O::Success] {
            same(outcome, outcome.name());
        }
        use Action as A;
        for action in [A::View, A::Full, A::Incremental, A::Versions, A::Unchanged, A::Ephemeral] {
            same(action, action.name());
        }
        use TestStatus as T;
        for status in [T::Passed, T::Warned, T::Failed, T::Errored, T::Skipped, T::Unchanged] {
            same(status, status.name());
        }
        for kind in [NodeKind::Stream, NodeKind::Model] {
            same(kind, kind.name());
        }
    }
}
