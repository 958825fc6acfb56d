//! Building and testing models, by command and at the end of a run.

use std::sync::Arc;

use wmshost_flow::{Cancel, Failure, FailureKind, Lease, LeaseGuard};
use wmshost_models::{BuildOptions, Project, Report, Runner, Selected};
use wmshost_pipeline::{Checked, Stream};

use super::args::BuildArgs;
use super::models_project::{InMemoryDatabases, ModelsProject};
use super::node_report::{self, NodeReporter};
use super::openlineage_client::post;
use crate::cli::Output;
use crate::commands::App;
use crate::data_dir::{is_dead, new_run_id, this_process};
use crate::exit::Exit;
use crate::plugin_registry::PluginRegistry;
use crate::report;

/// The work to do on models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Build,
    Test,
    BuildAndTest,
}

/// The context of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// The build is all that was asked for.
    Alone,
    /// The build is at the end of a run of the pipeline's streams.
    OfRun,
}

/// `models run`, `models test`, `models build`.
pub(super) fn run(app: &App, args: &BuildArgs, work: Work) -> anyhow::Result<Exit> {
    let models_project = ModelsProject::open(app, &args.which.pipeline, &args.which.vars)?;
    let cancel = app.signals.let_end();
    let selected = models_project.select(&args.which)?;
    execute(app, &models_project, args, selected, work, &cancel)
}

/// `models retry`.
pub(super) fn retry(app: &App, args: &BuildArgs) -> anyhow::Result<Exit> {
    let models_project = ModelsProject::open(app, &args.which.pipeline, &args.which.vars)?;
    let cancel = app.signals.let_end();
    let failed: Vec<String> = ["error", "fail", "skipped"].map(|result| format!("result:{result}")).into();
    let selected = models_project.project.select(&failed, &args.which.exclude, &models_project.previous()?);
    let selected = selected.map_err(|wrong| wmshost_flow::Failure::invalid_config(wrong.join("; ")))?;
    if selected.names(&models_project.project).is_empty() {
        report::note("nothing of the last run failed: there is nothing to do again");
        return Ok(Exit::Success);
    }
    execute(app, &models_project, args, selected, Work::BuildAndTest, &cancel)
}

fn execute(
    app: &App,
    models_project: &ModelsProject,
    args: &BuildArgs,
    selected: Selected,
    work: Work,
    cancel: &Cancel,
) -> anyhow::Result<Exit> {
    for stream in models_project.examine()? {
        report::note(&format!("the stream {stream} was never loaded; models that read it cannot be examined yet"));
    }
    let options = BuildOptions {
        selected,
        build: work != Work::Test,
        test: work != Work::Build,
        unit_test: work != Work::Build,
        full_refresh: args.full_refresh,
        force: args.force,
        fail_fast: args.fail_fast,
        threads: args.threads.unwrap_or(models_project.threads),
        take_over: models_project.take_over.clone(),
        not_loaded: models_project.disabled.clone(),
    };
    let run_id = new_run_id(app.clock.as_ref());
    build(app, models_project, options, &run_id, cancel, args.which.output.output, Ending::Alone)
}

/// The models whose inputs have changed, at the end of a run of these streams.
pub(in crate::commands) fn after_load(
    app: &App,
    pipeline: &Checked,
    registry: &PluginRegistry,
    declared: Option<Project>,
    (run_id, streams): (&str, &[&Stream]),
    cancel: &Cancel,
    output: Output,
) -> anyhow::Result<Exit> {
    let Some(declared) = declared.filter(|_| !cancel.is_set()) else { return Ok(Exit::Success) };
    let Some(models_project) = ModelsProject::of_declared(app, pipeline, registry, declared)? else {
        return Ok(Exit::Success);
    };
    // The database has already examined models that were built as they are declared now.
    let built = models_project.previous()?.fingerprints;
    if models_project.project.has_news(&built) {
        models_project.examine()?;
    }
    // A part of the pipeline may run before the rest ever did: the models are built as far as there are tables.
    let mut not_loaded = models_project.disabled.clone();
    for stream in &pipeline.streams {
        let runs = streams.iter().any(|run| run.plan.name == stream.plan.name);
        let why = if runs { "created no table" } else { "is not part of this run" };
        not_loaded.insert(stream.plan.name.clone(), why.to_owned());
    }
    let options = BuildOptions {
        selected: models_project.project.everything(),
        build: true,
        test: true,
        unit_test: false,
        full_refresh: false,
        force: false,
        fail_fast: false,
        threads: models_project.threads,
        take_over: models_project.take_over.clone(),
        not_loaded,
    };
    build(app, &models_project, options, run_id, cancel, output, Ending::OfRun).map_err(|error| {
        match error.downcast::<Failure>() {
            Ok(busy) if busy.kind == FailureKind::Busy => not_built(&busy, pipeline, run_id).into(),
            Ok(failure) => failure.into(),
            Err(error) => error,
        }
    })
}

/// The failure of a run whose rows are loaded while another process builds the models.
fn not_built(busy: &Failure, pipeline: &Checked, run_id: &str) -> Failure {
    let why = &busy.message;
    let file = pipeline.file.display();
    let message = format!(
        "the rows of run {run_id} are loaded, but its models are not built: {why}. Build them then, or leave it to the \
         next run: wmshost models build {file}"
    );
    Failure::new(FailureKind::Busy, message)
}

/// Builds under the lease of the models, which one process has at a time: two would share the names of the tables that
/// they build aside.
fn build(
    app: &App,
    models_project: &ModelsProject,
    options: BuildOptions,
    run_id: &str,
    cancel: &Cancel,
    output: Output,
    ending: Ending,
) -> anyhow::Result<Exit> {
    let hold = LeaseGuard {
        target: Arc::clone(&models_project.target),
        lease: Lease::of_models(&models_project.name, run_id, this_process()),
        is_dead,
        clock: Arc::clone(&app.clock),
        heartbeat_interval: LeaseGuard::HEARTBEAT_INTERVAL,
    };
    let telling = NodeReporter::new(output);
    let ended = hold.run(|target| -> anyhow::Result<Report> {
        let runner = Runner {
            project: &models_project.project,
            unit_test_project: Some((models_project.unit_test_project(), &InMemoryDatabases)),
            target,
            clock: app.clock.as_ref(),
            observer: &telling,
            cancel,
            pipeline: &models_project.name,
            run_id,
            options,
        };
        let ended = runner.run()?;
        keep(app, models_project, &ended)?;
        match ending {
            // The run has printed its own result as JSON, and a program expects only one.
            Ending::OfRun if output == Output::Json => node_report::note(models_project, &ended),
            _ => node_report::report(models_project, &ended, output),
        }
        Ok(ended)
    })??;
    Ok(match () {
        () if cancel.is_set() => Exit::Cancelled,
        () if ended.has_failed() => Exit::Failed,
        () => Exit::Success,
    })
}

fn keep(app: &App, models_project: &ModelsProject, ended: &Report) -> anyhow::Result<()> {
    models_project.artifacts.keep_manifest(&models_project.manifest(app.clock.now()))?;
    models_project.artifacts.keep_results(&ended.results(&models_project.name))?;
    let events = models_project.project.lineage_events(&models_project.name, ended);
    models_project.artifacts.add_events(&events)?;
    if let Some(lineage) = &models_project.lineage
        && let Err(why) = post(lineage, &events)
    {
        tracing::warn!(why, "lineage events were not delivered");
        report::note(&format!("warning: {why}"));
    }
    Ok(())
}
