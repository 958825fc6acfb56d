//! The report of a build of models.

use console::style;
use wmshost_flow::Failure;
use wmshost_models::{NodeResult, NodeStatus, Report, TestResult, TestStatus};
use wmshost_runtime::Runtime;
use wmshost_runtime::models::ModelsOutcome;

use crate::cli::Output;
use crate::report::{count, json, print, table};

/// Reports to programs that nothing was built.
pub(crate) fn no_build(pipeline: &str, runtime: &Runtime, output: Output) -> Result<(), Failure> {
    let (run_id, began_at) = (runtime.new_run_id(), runtime.clock.now());
    let nothing = Report { run_id, began_at, seconds: 0.0, nodes: Vec::new() };
    if output == Output::Json { json(&nothing.results(pipeline)) } else { Ok(()) }
}

/// Reports a build.
pub(crate) fn build(outcome: &ModelsOutcome, output: Output) -> Result<(), Failure> {
    let ended = &outcome.report;
    if output == Output::Json {
        return json(&ended.results(&outcome.pipeline));
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
    print(&format!("run {}: models of {} {status} in {:.2} s", ended.run_id, outcome.pipeline, ended.seconds));
    Ok(())
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
        print(&format!("  {} {}: {}", shown(node.status), node.name, node.message));
    }
    let is_reported = |test: &&TestResult| !matches!(test.status, TestStatus::Passed | TestStatus::Unchanged);
    for test in node.tests.iter().filter(is_reported) {
        let symbol = match test.status {
            TestStatus::Warned => style("warned").yellow(),
            TestStatus::Skipped => style("not run").yellow(),
            _ => style("failed").red(),
        };
        print(&format!("  {symbol} {}.{} ({}): {}", node.name, test.name, test.assertion, test.message));
    }
    for test in node.unit_tests.iter().filter(|test| !test.passed) {
        print(&format!("  {} {}, unit test {:?}:", style("failed").red(), node.name, test.name));
        for line in test.difference.lines() {
            print(&format!("    {line}"));
        }
    }
}
