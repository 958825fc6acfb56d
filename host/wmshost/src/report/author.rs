//! The reports of `wmshost plugin new`, `build` and `test`.

use std::fmt::Write as _;
use std::path::Path;

use console::style;
use wmshost_plugin_kit::{Bench, CaseDiff, CaseResult, NewProject, Outcome, PluginDiff};
use wmshost_runtime::Result;
use wmshost_sandbox::Plugin;

use super::documents::cases::CasesDocument;
use super::documents::plugin_diff::PluginDiffDocument;
use super::{json, plain, print, section};
use crate::cli::Output;
use crate::exit::Exit;

/// Reports a new project.
pub(crate) fn made(project: &NewProject) {
    print(&format!("{} is made:", project.folder.display()));
    for file in &project.files {
        print(&format!("  {}", file.display()));
    }
    print("  vendor/wmshost  (the contract and the SDK)");
    let install = project.install.as_ref().map_or_else(String::new, |install| format!("{install} && "));
    let folder = project.folder.display();
    print(&format!("next: cd {folder} && {install}wmshost plugin build && wmshost plugin test"));
}

/// Reports a component that was built.
pub(crate) fn built(component: &Path) {
    let size = std::fs::metadata(component).map_or(0, |file| file.len());
    print(&format!("{} ({} bytes)", component.display(), super::count(size)));
}

/// Reports the results of cases, and returns the exit code that follows.
pub(crate) fn cases(results: &[CaseResult], output: Output) -> Result<Exit> {
    if output == Output::Json {
        json(&CasesDocument::of(results))?;
    } else {
        results.iter().for_each(case);
        let good = results.iter().filter(|result| result.is_good()).count();
        let seconds: f64 = results.iter().map(|result| result.duration.as_secs_f64()).sum();
        print(&format!("{good} of {} cases passed in {seconds:.2} s", results.len()));
    }
    let is_wrong = |result: &CaseResult| matches!(result.outcome, Outcome::Wrong(_));
    Ok(match results {
        results if results.iter().any(is_wrong) => Exit::Configuration,
        results if results.iter().all(CaseResult::is_good) => Exit::Success,
        _ => Exit::Failed,
    })
}

fn case(result: &CaseResult) {
    let head = format!("{}  {}", result.name, style(&result.summary).dim());
    match &result.outcome {
        Outcome::Passed => print(&format!("{} {head}", style("pass").green())),
        Outcome::Updated(files) => print(&format!("{} {head}\n     {}", style("wrote").cyan(), files.join(", "))),
        Outcome::Failed(differences) => {
            print(&format!("{} {head}", style("FAIL").red().bold()));
            for line in differences.iter().flat_map(|difference| difference.lines()) {
                print(&format!("     {}", plain(line)));
            }
        }
        Outcome::Wrong(why) => {
            print(&format!("{} {head}", style("WRONG").red().bold()));
            why.lines().for_each(|line| print(&format!("     {}", plain(line))));
        }
    }
}

/// Reports the cost of a transform.
pub(crate) fn bench(plugin: &Plugin, found: &Bench, output: Output) -> Result<()> {
    if output == Output::Json {
        json(found)?;
        return Ok(());
    }
    let kib = |bytes: u64| format!("{} KiB", super::count(bytes.div_ceil(1 << 10)));
    section(
        &format!("{}, with the case {}", plugin.name, found.case),
        &[
            ("rows", format!("{}, {} per batch", super::count(found.rows), super::count(found.batch_rows))),
            ("without a transform", format!("{:.0} ns per row", found.without_ns_per_row)),
            ("with this one", format!("{:.0} ns per row", found.with_ns_per_row)),
            ("at the border", format!("{:.0} % of the calls", found.border_percent)),
            ("instructions", format!("{} per row", super::count(found.instructions_per_row))),
            ("memory", kib(found.memory_bytes)),
            ("component", kib(found.component_bytes)),
            ("start, cold", format!("{:.0} ms", found.cold_start_ms)),
            ("start, warm", format!("{:.1} ms", found.warm_start_ms)),
        ],
    );
    Ok(())
}

/// Reports the differences of two components.
pub(crate) fn diff(found: &PluginDiff, output: Output) -> Result<()> {
    if output == Output::Json {
        json(&PluginDiffDocument::from(found))?;
        return Ok(());
    }
    found.description.iter().for_each(|line| print(&plain(line)));
    for case in &found.cases {
        let cost = match case.instructions_per_row {
            Some([old, new]) if old == new => format!("{old} instructions per row"),
            Some([old, new]) => format!("{old} → {new} instructions per row"),
            None => String::new(),
        };
        let word = if case.is_empty() { style("same  ").green() } else { style("DIFFER").red().bold() };
        print(&format!("{word} {}  {}", case.name, style(cost).dim()));
        for line in in_lines(case) {
            print(&format!("       {}", plain(&line)));
        }
    }
    let differing = found.cases.iter().filter(|case| !case.is_empty()).count();
    let stated = if found.description.is_empty() { "they state the same" } else { "they state different things" };
    print(&format!("{stated}; {differing} of {} cases differ", found.cases.len()));
    Ok(())
}

/// The differences in a case, line by line, and their counts.
fn in_lines(case: &CaseDiff) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    if let [Some(failure), Some(other)] = &case.failures
        && failure == other
    {
        lines.push(format!("both fail: {failure}"));
    }
    lines.extend(case.differences.iter().flat_map(|difference| difference.lines()).map(str::to_owned));
    let Some(rows) = &case.rows else { return lines };
    lines.extend(rows.columns.iter().chain(&rows.shown).cloned());
    let counts = [
        (rows.cells, "cells"),
        (rows.kept_by_old, "rows that the earlier alone keeps"),
        (rows.kept_by_new, "rows that the later alone keeps"),
        (rows.other_reasons, "rows that neither keeps, for different reasons"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts.map(|(count, what)| format!("{} {what}", super::count(*count))).collect();
    let [differing, all] = [rows.differing, rows.rows].map(super::count);
    let what = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
    lines.push(format!("{differing} of {all} rows differ{what}"));
    lines
}

/// Returns the results of cases as JUnit's XML.
pub(crate) fn junit(component: &str, results: &[CaseResult]) -> String {
    let failed = results.iter().filter(|result| matches!(result.outcome, Outcome::Failed(_))).count();
    let wrong = results.iter().filter(|result| matches!(result.outcome, Outcome::Wrong(_))).count();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        xml,
        "<testsuite name=\"{}\" tests=\"{}\" failures=\"{failed}\" errors=\"{wrong}\">",
        escaped(component),
        results.len()
    );
    for result in results {
        let (name, seconds) = (escaped(&result.name), result.duration.as_secs_f64());
        let inside = match &result.outcome {
            Outcome::Passed | Outcome::Updated(_) => String::new(),
            Outcome::Failed(differences) => format!("<failure>{}</failure>", escaped(&differences.join("\n"))),
            Outcome::Wrong(why) => format!("<error>{}</error>", escaped(why)),
        };
        let _ = writeln!(xml, "  <testcase name=\"{name}\" time=\"{seconds:.3}\">{inside}</testcase>");
    }
    xml + "</testsuite>\n"
}

/// A text without the characters that XML has a meaning for, or cannot hold.
fn escaped(text: &str) -> String {
    let text: String =
        text.chars().map(|c| if c.is_control() && !"\n\t".contains(c) { '\u{fffd}' } else { c }).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
