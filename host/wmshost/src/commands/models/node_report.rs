//! Reports of models for people: one line per node while a run goes on, and the result.

use console::style;
use serde_json::json;
use wmshost_models::{NodeResult, NodeStatus, Observer, Report, TestResult, TestStatus};

use super::models_project::ModelsProject;
use crate::cli::Output;
use crate::report::{self, count, table};

/// Logs each node as it ends, and reports a failed one on standard error.
pub(super) struct NodeReporter {
    output: Output,
}

impl NodeReporter {
    pub(super) fn new(output: Output) -> Self {
        Self { output }
    }
}

impl Observer for NodeReporter {
    fn finished(&self, result: &NodeResult) {
        tracing::info!(model = result.name, status = result.status.name(), seconds = result.seconds, "node ended");
        let is_well = matches!(result.status, NodeStatus::Succeeded | NodeStatus::LeftOut);
        if self.output == Output::Text && !is_well {
            report::failure(&format!("{}: {}: {}", result.name, result.status.name(), result.message));
        }
    }
}

/// Reports the result in one line, for a run that has printed its own result already.
pub(super) fn note(models_project: &ModelsProject, ended: &Report) {
    let status = if ended.has_failed() { "failed" } else { "succeeded" };
    let results = models_project.artifacts.0.join("run_results.json");
    report::note(&format!("models of {} {status}; see {}", models_project.name, results.display()));
}

/// Reports the result of a run.
pub(super) fn report(models_project: &ModelsProject, ended: &Report, output: Output) {
    if output == Output::Json {
        return report::json(&json!(ended.results(&models_project.name)));
    }
    let mut nodes: Vec<&NodeResult> = ended.nodes.iter().collect();
    nodes.sort_by(|a, b| a.started.total_cmp(&b.started));
    let head = ["node", "status", "action", "rows", "changed", "tests", "seconds"];
    let rows = nodes.iter().map(|node| {
        vec![
            node.name.clone(),
            shown(node.status),
            node.action.map(|action| action.name().to_owned()).unwrap_or_default(),
            node.rows.map(count).unwrap_or_default(),
            count(node.changed),
            tests(node),
            format!("{:.2}", node.seconds),
        ]
    });
    table(&head, &[3, 4, 6], rows.collect());
    for node in nodes {
        details(node);
    }
    let status = if ended.has_failed() { style("failed").red() } else { style("succeeded").green() };
    report::print(&format!(
        "run {}: models of {} {status} in {:.2} s",
        ended.run_id, models_project.name, ended.seconds
    ));
}

fn shown(status: NodeStatus) -> String {
    let name = style(status.name());
    match status {
        NodeStatus::Succeeded => name.green(),
        NodeStatus::Skipped | NodeStatus::LeftOut => name.yellow(),
        NodeStatus::Errored | NodeStatus::Failed => name.red(),
    }
    .to_string()
}

/// `12 passed, 1 warned`.
fn tests(node: &NodeResult) -> String {
    let statuses =
        [TestStatus::Passed, TestStatus::Warned, TestStatus::Failed, TestStatus::Errored, TestStatus::Unchanged];
    let parts: Vec<String> = statuses
        .into_iter()
        .map(|status| {
            let units = match status {
                TestStatus::Passed => node.unit_tests.iter().filter(|test| test.passed).count(),
                TestStatus::Failed => node.unit_tests.iter().filter(|test| !test.passed).count(),
                _ => 0,
            };
            (node.tests.iter().filter(|test| test.status == status).count() + units, status.name())
        })
        .filter(|(number, _)| *number > 0)
        .map(|(number, name)| format!("{number} {name}"))
        .collect();
    parts.join(", ")
}

/// Prints why a node was left out, further messages about one that was built, and the tests that did not pass.
fn details(node: &NodeResult) {
    if matches!(node.status, NodeStatus::Succeeded | NodeStatus::LeftOut) && !node.message.is_empty() {
        report::print(&format!("  {} {}: {}", shown(node.status), node.name, node.message));
    }
    let is_told = |test: &&TestResult| !matches!(test.status, TestStatus::Passed | TestStatus::Unchanged);
    for test in node.tests.iter().filter(is_told) {
        let mark = match test.status {
            TestStatus::Warned => style("warned").yellow(),
            TestStatus::Skipped => style("not run").yellow(),
            _ => style("failed").red(),
        };
        report::print(&format!("  {mark} {}.{} ({}): {}", node.name, test.name, test.assertion, test.message));
    }
    for test in node.unit_tests.iter().filter(|test| !test.passed) {
        report::print(&format!("  {} {}, unit test {:?}:", style("failed").red(), node.name, test.name));
        for line in test.difference.lines() {
            report::print(&format!("    {line}"));
        }
    }
}
