//! The report of `wmshost plugin check`.

use console::style;
use wmshost_plugin_kit::{Clause, Finding, Verdict};
use wmshost_runtime::Result;
use wmshost_sandbox::Plugin;

use super::documents::certificate::CertificateDocument;
use super::{json, plain, print};
use crate::cli::Output;
use crate::exit::Exit;

/// Explains a clause.
pub(crate) fn explained(clause: &Clause) {
    let world = clause.world.map_or_else(|| "every world".to_owned(), |world| format!("the world {world}"));
    print(&format!("{} ({world})\n  {}\n  {}", clause.name, clause.demand, clause.explanation));
}

/// Reports the verdicts, and returns the exit code that follows.
pub(crate) fn findings(plugin: &Plugin, findings: &[Finding], accepted: &[String], output: Output) -> Result<Exit> {
    let is_good = |finding: &Finding| match finding.verdict {
        Verdict::Pass => true,
        Verdict::Skip(_) => accepted.iter().any(|name| name == finding.clause.name),
        Verdict::Fail(_) | Verdict::NotReached(_) => false,
    };
    let good = findings.iter().filter(|finding| is_good(finding)).count();
    if output == Output::Json {
        json(&CertificateDocument::of(plugin, findings, accepted, good == findings.len()))?;
    } else {
        findings.iter().for_each(|finding| verdict(finding, is_good(finding)));
        print(&format!("{good} of {} clauses of the world {} are kept or accepted", findings.len(), plugin.world));
    }
    Ok(if good == findings.len() { Exit::Success } else { Exit::Failed })
}

fn verdict(finding: &Finding, is_good: bool) {
    let name = format!("{:11}", finding.verdict.name());
    let name = match (&finding.verdict, is_good) {
        (Verdict::Pass, _) => style(name).green(),
        (_, true) => style(name).cyan(),
        _ => style(name).red().bold(),
    };
    print(&format!("{name} {}  {}", finding.clause.name, style(finding.clause.demand).dim()));
    for line in finding.verdict.reason().into_iter().flat_map(str::lines) {
        print(&format!("            {}", plain(line)));
    }
}
