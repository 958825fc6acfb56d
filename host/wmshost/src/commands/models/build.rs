//! Building and testing models, by command and at the end of a run.

use std::sync::Arc;

use wmshost_flow::{Cancel, Failure, FailureKind, Hold, Lease};
use wmshost_models::{BuildOptions, Project, Report, Runner, Selected};
use wmshost_pipeline::{Checked, Stream};

use super::post::post;
use super::told::{self, Telling};
use super::typed::BuildArgs;
use super::workshop::{Memory, Workshop};
use crate::catalog::Catalog;
use crate::cli::Output;
use crate::commands::Edge;
use crate::exit::Exit;
use crate::home::{is_gone, new_run_id, this_process};
use crate::report;

/// What is to be done with models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Build,
    Test,
    BuildAndTest,
}

/// What a build is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// It is all that was asked for.
    Alone,
    /// A run of the pipeline's streams ends with it.
    OfRun,
}

/// `models run`, `models test`, `models build`.
pub(super) fn run(edge: &Edge, args: &BuildArgs, work: Work) -> anyhow::Result<Exit> {
    let workshop = Workshop::open(edge, &args.which.pipeline, &args.which.vars)?;
    let cancel = edge.signals.let_end();
    let selected = workshop.select(&args.which)?;
    go(edge, &workshop, args, selected, work, &cancel)
}

/// `models retry`.
pub(super) fn retry(edge: &Edge, args: &BuildArgs) -> anyhow::Result<Exit> {
    let workshop = Workshop::open(edge, &args.which.pipeline, &args.which.vars)?;
    let cancel = edge.signals.let_end();
    let failed: Vec<String> = ["error", "fail", "skipped"].map(|result| format!("result:{result}")).into();
    let selected = workshop.project.select(&failed, &args.which.exclude, &workshop.past()?);
    let selected = selected.map_err(|wrong| wmshost_flow::Failure::invalid_config(wrong.join("; ")))?;
    if selected.names(&workshop.project).is_empty() {
        report::note("nothing of the last run failed: there is nothing to do again");
        return Ok(Exit::Success);
    }
    go(edge, &workshop, args, selected, Work::BuildAndTest, &cancel)
}

fn go(
    edge: &Edge,
    workshop: &Workshop,
    args: &BuildArgs,
    selected: Selected,
    work: Work,
    cancel: &Cancel,
) -> anyhow::Result<Exit> {
    for stream in workshop.examine()? {
        report::note(&format!("the stream {stream} was never loaded; what reads it cannot be looked at yet"));
    }
    let options = BuildOptions {
        selected,
        build: work != Work::Test,
        test: work != Work::Build,
        unit_test: work != Work::Build,
        full_refresh: args.full_refresh,
        force: args.force,
        fail_fast: args.fail_fast,
        threads: args.threads.unwrap_or(workshop.threads),
        take_over: workshop.take_over.clone(),
        not_loaded: workshop.disabled.clone(),
    };
    let run_id = new_run_id(edge.clock.as_ref());
    build(edge, workshop, options, &run_id, cancel, args.which.output.output, Ending::Alone)
}

/// The models whose inputs have changed, at the end of a run of these streams.
pub(in crate::commands) fn after_load(
    edge: &Edge,
    pipeline: &Checked,
    catalog: &Catalog,
    declared: Option<Project>,
    (run_id, streams): (&str, &[&Stream]),
    cancel: &Cancel,
    output: Output,
) -> anyhow::Result<Exit> {
    let Some(declared) = declared.filter(|_| !cancel.is_set()) else { return Ok(Exit::Success) };
    let Some(workshop) = Workshop::of_declared(edge, pipeline, catalog, declared)? else { return Ok(Exit::Success) };
    // What was built as it is declared now, the database has looked at already.
    let built = workshop.past()?.fingerprints;
    if workshop.project.has_news(&built) {
        workshop.examine()?;
    }
    // A part of the pipeline may run before the rest ever did: its models are built as far as there are tables.
    let mut not_loaded = workshop.disabled.clone();
    for stream in &pipeline.streams {
        let runs = streams.iter().any(|run| run.plan.name == stream.plan.name);
        let why = if runs { "gave no table" } else { "is not part of this run" };
        not_loaded.insert(stream.plan.name.clone(), why.to_owned());
    }
    let options = BuildOptions {
        selected: workshop.project.everything(),
        build: true,
        test: true,
        unit_test: false,
        full_refresh: false,
        force: false,
        fail_fast: false,
        threads: workshop.threads,
        take_over: workshop.take_over.clone(),
        not_loaded,
    };
    build(edge, &workshop, options, run_id, cancel, output, Ending::OfRun).map_err(|error| {
        match error.downcast::<Failure>() {
            Ok(busy) if busy.kind == FailureKind::Busy => not_built(&busy, pipeline, run_id).into(),
            Ok(failure) => failure.into(),
            Err(error) => error,
        }
    })
}

/// What a run says whose rows are loaded when another process builds the models.
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
    edge: &Edge,
    workshop: &Workshop,
    options: BuildOptions,
    run_id: &str,
    cancel: &Cancel,
    output: Output,
    ending: Ending,
) -> anyhow::Result<Exit> {
    let hold = Hold {
        target: Arc::clone(&workshop.target),
        lease: Lease::of_models(&workshop.name, run_id, this_process()),
        is_gone,
        clock: Arc::clone(&edge.clock),
        beat: Hold::BEAT,
    };
    let telling = Telling::new(output);
    let ended = hold.during(|target| -> anyhow::Result<Report> {
        let runner = Runner {
            project: &workshop.project,
            proving: Some((workshop.proving(), &Memory)),
            target,
            clock: edge.clock.as_ref(),
            observer: &telling,
            cancel,
            pipeline: &workshop.name,
            run_id,
            options,
        };
        let ended = runner.run()?;
        keep(edge, workshop, &ended)?;
        match ending {
            // The run has told its own result there, and a program expects one.
            Ending::OfRun if output == Output::Json => told::note(workshop, &ended),
            _ => told::report(workshop, &ended, output),
        }
        Ok(ended)
    })??;
    Ok(match () {
        () if cancel.is_set() => Exit::Cancelled,
        () if ended.has_failed() => Exit::Failed,
        () => Exit::Success,
    })
}

fn keep(edge: &Edge, workshop: &Workshop, ended: &Report) -> anyhow::Result<()> {
    workshop.shelf.keep_manifest(&workshop.manifest(edge.clock.now()))?;
    workshop.shelf.keep_results(&ended.to_json(&workshop.name))?;
    let events = workshop.project.lineage_events(&workshop.name, ended);
    workshop.shelf.add_events(&events)?;
    if let Some(lineage) = &workshop.lineage
        && let Err(why) = post(lineage, &events)
    {
        tracing::warn!(why, "lineage events were not delivered");
        report::note(&format!("warning: {why}"));
    }
    Ok(())
}
