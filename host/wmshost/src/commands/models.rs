//! `wmshost models` and `wmshost kpi`: the models that are built from the loaded tables.

use std::path::Path;

use wmshost_models::{FreshnessStatus, Selected};
use wmshost_runtime::history::RunKind;
use wmshost_runtime::models::{
    self, BuildRequest, CompareRequest, ModelsProject, OtherBuild, Variables, Work, ages, build_models, compare_models,
    metric_days, watched_files, write_site,
};
use wmshost_runtime::{Result, Runtime};

use super::import::pairs;
use super::{App, at_each_change};
use crate::cli::{
    BuildArgs, CompareArgs, DocsArgs, KpiArgs, ModelsCommand, ModelsDevArgs, Output, SelectArgs, ShowArgs, variables,
};
use crate::exit::{Exit, of_comparison, of_models};
use crate::report;

/// Runs a command for models.
pub(super) fn models(app: &App, command: ModelsCommand) -> Result<Exit> {
    match command {
        ModelsCommand::Run(args) => build(app, &args, RunKind::ModelsRun),
        ModelsCommand::Test(args) => build(app, &args, RunKind::ModelsTest),
        ModelsCommand::Build(args) => build(app, &args, RunKind::ModelsBuild),
        ModelsCommand::Retry(args) => retry(app, &args),
        ModelsCommand::Dev(args) => dev(app, &args),
        ModelsCommand::List(args) => list(app, &args),
        ModelsCommand::Show(args) => show(app, &args),
        ModelsCommand::Compile(args) => compile(app, &args),
        ModelsCommand::Diff(args) => diff(app, &args),
        ModelsCommand::Compare(args) => compare(app, &args),
        ModelsCommand::Freshness(args) => freshness(app, &args),
        ModelsCommand::Docs(args) => docs(app, &args),
    }
}

/// Opens the models of a pipeline file for a command with this output.
fn open(app: &App, file: &Path, vars: &[String], output: Output) -> Result<(Runtime, ModelsProject)> {
    let runtime = app.runtime(output);
    let project = ModelsProject::open(&runtime, file, &variables(vars)?)?;
    Ok((runtime, project))
}

/// Opens the models of a pipeline file, and selects some of them.
fn select(app: &App, args: &SelectArgs) -> Result<(Runtime, ModelsProject, Selected)> {
    let (runtime, project) = open(app, &args.pipeline, &args.vars, args.output.output)?;
    let selected = project.select(&args.select, &args.exclude)?;
    Ok((runtime, project, selected))
}

fn build(app: &App, args: &BuildArgs, kind: RunKind) -> Result<Exit> {
    let (runtime, project) = open(app, &args.which.pipeline, &args.which.vars, args.which.output.output)?;
    let selected = project.select(&args.which.select, &args.which.exclude)?;
    execute(app, &runtime, &project, (args, kind), selected)
}

fn dev(app: &App, args: &ModelsDevArgs) -> Result<Exit> {
    let runtime = app.runtime(args.build.which.output.output);
    let files = || watched_files(&runtime, &args.build.which.pipeline);
    at_each_change(app, args.builds, files, || build(app, &args.build, RunKind::ModelsBuild))
}

fn retry(app: &App, args: &BuildArgs) -> Result<Exit> {
    let (runtime, project) = open(app, &args.which.pipeline, &args.which.vars, args.which.output.output)?;
    match project.select_failed(&args.which.exclude)? {
        Some(selected) => execute(app, &runtime, &project, (args, RunKind::ModelsRetry), selected),
        None => {
            report::note("nothing of the last run failed: there is nothing to do again");
            report::models::no_build(&project.name, &runtime, args.which.output.output)?;
            Ok(Exit::Success)
        }
    }
}

fn execute(
    app: &App,
    runtime: &Runtime,
    project: &ModelsProject,
    (args, kind): (&BuildArgs, RunKind),
    selected: Selected,
) -> Result<Exit> {
    let work = match kind {
        RunKind::ModelsRun => Work::Build,
        RunKind::ModelsTest => Work::Test,
        _ => Work::BuildAndTest,
    };
    let BuildArgs { full_refresh, force, fail_fast, threads, .. } = *args;
    let request = BuildRequest { selected, work, full_refresh, force, fail_fast, threads };
    app.recorded(runtime, kind, (&project.name, &args.which.pipeline), |recorder| {
        let built = build_models(runtime, project, recorder, request)?;
        report::models::build(&built, args.which.output.output)?;
        let exit = of_models(&built);
        built.lost.map_or(Ok(exit), |failure| Err(failure.into()))
    })
}

fn list(app: &App, args: &SelectArgs) -> Result<Exit> {
    let (runtime, project, selected) = select(app, args)?;
    report::models::list(&models::nodes(&runtime, &project, &selected), args.output.output)?;
    Ok(Exit::Success)
}

fn show(app: &App, args: &ShowArgs) -> Result<Exit> {
    let output = args.output.output;
    let (runtime, project) = open(app, &args.pipeline, &args.vars, output)?;
    report::models::show(models::show(&runtime, &project, &args.name, args.rows)?, output)?;
    Ok(Exit::Success)
}

fn compile(app: &App, args: &SelectArgs) -> Result<Exit> {
    let (runtime, project, selected) = select(app, args)?;
    project.examine()?;
    let nodes = models::nodes(&runtime, &project, &selected);
    report::models::compile(&nodes, args.output.output)?;
    Ok(Exit::Success)
}

fn diff(app: &App, args: &SelectArgs) -> Result<Exit> {
    let (runtime, project, selected) = select(app, args)?;
    report::models::diff(&models::plans(&runtime, &project, &selected)?, args.output.output)?;
    Ok(Exit::Success)
}

fn compare(app: &App, args: &CompareArgs) -> Result<Exit> {
    let given = variables(&args.which.vars)?;
    let runtime = app.runtime(args.which.output.output);
    let project = ModelsProject::open_built(&runtime, &args.which.pipeline, &given)?;
    let selected = project.select(&args.which.select, &args.which.exclude)?;
    let other = match (&args.other.other, &args.other.connection) {
        (Some(file), _) => OtherBuild::of_pipeline(&runtime, file, &given)?,
        (None, label) => OtherBuild::of_connection(&project, label.as_deref().unwrap_or_default())?,
    };
    let tables = pairs("--table", &args.tables)?;
    let request = CompareRequest { selected, tables, left_out: args.leave_out.clone(), most_examples: args.show };
    let comparison = compare_models(&runtime, &project, &other, &request)?;
    report::models::compare(&comparison, args.which.output.output)?;
    Ok(of_comparison(&comparison))
}

fn freshness(app: &App, args: &SelectArgs) -> Result<Exit> {
    let (runtime, project, selected) = select(app, args)?;
    let ages = ages(&runtime, &project, &selected)?;
    report::models::freshness(&ages, args.output.output)?;
    let is_too_old = ages.iter().any(|age| matches!(age.status, FreshnessStatus::TooOld | FreshnessStatus::Never));
    Ok(if is_too_old { Exit::Failed } else { Exit::Success })
}

fn docs(app: &App, args: &DocsArgs) -> Result<Exit> {
    let (runtime, project) = open(app, &args.pipeline, &args.vars, Output::Text)?;
    let page = write_site(&runtime, &project, &args.to, !args.no_profile)?;
    report::print(&page.display().to_string());
    Ok(Exit::Success)
}

/// Draws the metrics of the last days.
pub(super) fn kpi(app: &App, args: &KpiArgs) -> Result<Exit> {
    let output = args.output.output;
    let project = ModelsProject::open(&app.runtime(output), &args.pipeline, &Variables::new())?;
    report::models::kpi(&metric_days(&project, args.days)?, output)?;
    Ok(Exit::Success)
}
