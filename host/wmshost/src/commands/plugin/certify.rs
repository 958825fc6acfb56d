//! `wmshost plugin check`: a component, clause by clause.

use wmshost_flow::Failure;
use wmshost_plugin_kit::{Project, clauses, examine};
use wmshost_runtime::Result;

use super::author::{check_is_built, failure};
use super::component;
use crate::cli::CheckPluginArgs;
use crate::commands::App;
use crate::exit::Exit;
use crate::report;

pub(super) fn check(app: &App, arguments: &CheckPluginArgs) -> Result<Exit> {
    let names: Vec<&str> = clauses(None).iter().map(|clause| clause.name).collect();
    for name in arguments.accept_skip.iter().chain(&arguments.only).chain(&arguments.explain) {
        if !names.contains(&name.as_str()) {
            let message = format!("there is no clause `{name}`; there is {}", names.join(", "));
            return Err(Failure::invalid_config(message).into());
        }
    }
    if let Some(name) = &arguments.explain {
        clauses(None).iter().filter(|clause| clause.name == name).for_each(report::certify::explained);
        return Ok(Exit::Success);
    }
    let project = || Project::find(&arguments.project.project).map_err(|error| failure(&error));
    let file = match &arguments.component {
        Some(file) => file.clone(),
        None => project()?.component(),
    };
    check_is_built(&file)?;
    let folders = match (arguments.cases.as_slice(), &arguments.component) {
        ([], Some(_)) => Vec::new(),
        ([], None) => vec![project()?.cases()],
        (folders, _) => folders.to_vec(),
    };
    let plugin = component(&app.runtime(arguments.output.output).registry()?, &file)?;
    let only: Vec<&str> = arguments.only.iter().map(String::as_str).collect();
    let findings = examine(&plugin, &folders, &only).map_err(|error| failure(&error))?;
    report::certify::findings(&plugin, &findings, &arguments.accept_skip, arguments.output.output)
}
