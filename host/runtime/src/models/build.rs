//! Building and testing models, by command and at the end of a run.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use wmshost_flow::{Failure, FailureKind, Lease, LeaseGuard};
use wmshost_models::{BuildOptions, NodeResult, NodeStatus, Observer, Project, Report, Runner, Selected};
use wmshost_pipeline::{Checked, Stream};

use super::models_project::ModelsProject;
use super::openlineage_client::post;
use crate::error::{Error, Result};
use crate::events::RunEvent;
use crate::history::RunRecorder;
use crate::plugin_registry::PluginRegistry;
use crate::process::{is_dead, this_process};
use crate::runtime::Runtime;

/// The work to do on models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Build them.
    Build,
    /// Run their tests and unit tests.
    Test,
    /// Build them and run their tests and unit tests.
    BuildAndTest,
}

/// Work on selected models.
#[derive(Debug, Clone)]
pub struct BuildRequest {
    /// The models and streams.
    pub selected: Selected,
    /// The work.
    pub work: Work,
    /// True to build incremental models in full, and snapshots from the start.
    pub full_refresh: bool,
    /// True to build also what has not changed.
    pub force: bool,
    /// True to begin nothing more after the first failure.
    pub fail_fast: bool,
    /// The number of models that are built at once; `None` for the pipeline's setting.
    pub threads: Option<usize>,
}

/// The outcome of a build.
#[derive(Debug)]
pub struct ModelsOutcome {
    /// The pipeline's name.
    pub pipeline: String,
    /// The results of the nodes.
    pub report: Report,
    /// The file with the results.
    pub results_file: PathBuf,
    /// True if it was asked to stop.
    pub is_cancelled: bool,
    /// The failure of a build that another one took over before it ended.
    pub lost: Option<Failure>,
}

/// Builds or tests selected models.
pub fn build_models(
    runtime: &Runtime,
    project: &ModelsProject,
    recorder: &RunRecorder<'_>,
    request: BuildRequest,
) -> Result<ModelsOutcome> {
    for stream in project.examine()? {
        runtime.note(&format!("the stream {stream} was never loaded; models that read it cannot be examined yet"));
    }
    let BuildRequest { selected, work, full_refresh, force, fail_fast, threads } = request;
    let options = BuildOptions {
        build: work != Work::Test,
        test: work != Work::Build,
        unit_test: work != Work::Build,
        full_refresh,
        force,
        fail_fast,
        take_over: project.take_over.clone(),
        allows_triggers: project.allows_triggers,
        not_loaded: project.disabled.clone(),
        ..BuildOptions::of(selected, threads.unwrap_or(project.threads))
    };
    build(runtime, project, options, recorder)
}

/// The models whose inputs have changed, at the end of a run of these streams, of which some may have failed.
pub(crate) fn build_after_load(
    runtime: &Runtime,
    (pipeline, registry): (&Checked, &PluginRegistry),
    declared: Project,
    recorder: &RunRecorder<'_>,
    (streams, failed): (&[&Stream], &BTreeSet<String>),
) -> Result<Option<ModelsOutcome>> {
    let Some(project) = ModelsProject::of_declared(runtime, pipeline, registry, declared)? else { return Ok(None) };
    // The database has already examined models that were built as they are declared now.
    let built = project.previous()?.fingerprints;
    if project.project.has_news(&built) {
        project.examine()?;
    }
    // A part of the pipeline may run before the rest ever did: the models are built as far as there are tables.
    let mut not_loaded = project.disabled.clone();
    for stream in &pipeline.streams {
        let runs = streams.iter().any(|run| run.plan.name == stream.plan.name);
        let why = if runs { "created no table" } else { "is not part of this run" };
        not_loaded.insert(stream.plan.name.clone(), why.to_owned());
    }
    let options = BuildOptions {
        unit_test: false,
        take_over: project.take_over.clone(),
        allows_triggers: project.allows_triggers,
        not_loaded,
        failed: failed.clone(),
        ..BuildOptions::of(project.project.everything(), project.threads)
    };
    let run_id = recorder.run_id();
    match build(runtime, &project, options, recorder) {
        Ok(outcome) => {
            let lost = outcome.lost.map(|failure| not_built(failure, pipeline, run_id));
            Ok(Some(ModelsOutcome { lost, ..outcome }))
        }
        Err(Error::Failure(failure)) => Err(not_built(failure, pipeline, run_id).into()),
        Err(error) => Err(error),
    }
}

/// The failure of a run whose rows are loaded while another process builds the models; any other failure as it is.
fn not_built(failure: Failure, pipeline: &Checked, run_id: &str) -> Failure {
    if failure.kind != FailureKind::Busy {
        return failure;
    }
    let message = format!("the rows of run {run_id} are loaded, but its models are not built: {failure}");
    Failure::new(FailureKind::Busy, message).advise(format_args!(
        "Build them then, or leave it to the next run: wmshost models build {}",
        pipeline.file.display()
    ))
}

/// Builds under the lease of the models, which one process has at a time: two would share the names of the tables that
/// they build aside.
fn build(
    runtime: &Runtime,
    project: &ModelsProject,
    options: BuildOptions,
    recorder: &RunRecorder<'_>,
) -> Result<ModelsOutcome> {
    let run_id = recorder.run_id();
    let guard = LeaseGuard {
        target: Arc::clone(&project.target),
        lease: Lease::of_models(&project.name, run_id, this_process()),
        is_dead,
        clock: Arc::clone(&runtime.clock),
        heartbeat_interval: LeaseGuard::HEARTBEAT_INTERVAL,
    };
    let events = NodeEvents { runtime, span: tracing::Span::current() };
    let mut built = None;
    let held = guard.run(|target| -> Result<()> {
        let runner = Runner {
            project: &project.project,
            unit_test_project: Some((project.unit_test_project(), project)),
            target,
            clock: runtime.clock.as_ref(),
            observer: &events,
            limit: project.limit.clone(),
            pipeline: &project.name,
            run_id,
            options,
        };
        runtime.observer.event(&RunEvent::ModelsStarted { nodes: runner.nodes() });
        let report = runner.run();
        runtime.observer.event(&RunEvent::ModelsEnded);
        let report = report?;
        keep(runtime, project, &report)?;
        recorder.models(&report)?;
        built = Some(report);
        Ok(())
    });
    // What was built before the lease was lost is reported, too.
    let (report, lost) = match (built, held) {
        (Some(report), held) => (report, held.err()),
        (None, Ok(Err(error))) => return Err(error),
        (None, Err(failure)) => return Err(failure.into()),
        (None, Ok(Ok(()))) => return Err(Failure::permanent("the build has no result").into()),
    };
    Ok(ModelsOutcome {
        pipeline: project.name.clone(),
        report,
        results_file: project.artifacts.results_file(),
        is_cancelled: runtime.cancel.is_set(),
        lost,
    })
}

/// Logs each node as it ends, and passes it on to the observer of the run.
struct NodeEvents<'a> {
    runtime: &'a Runtime,
    /// The span of the run, which the threads that build models do not know.
    span: tracing::Span,
}

impl Observer for NodeEvents<'_> {
    fn started(&self, name: &str) {
        self.runtime.observer.event(&RunEvent::NodeStarted { name });
    }

    fn finished(&self, result: &NodeResult) {
        let _in_span = self.span.enter();
        let (model, status, seconds) = (&result.name, result.status.name(), result.seconds);
        match result.status {
            NodeStatus::Succeeded | NodeStatus::LeftOut => tracing::info!(model, status, seconds, "the model ended"),
            _ => tracing::error!(model, status, seconds, "the model ended: {}", result.message),
        }
        for test in result.tests.iter().filter(|test| test.status.stops()) {
            tracing::error!(model, test = test.name, "the test failed: {}", test.message);
        }
        self.runtime.observer.event(&RunEvent::NodeFinished(result));
    }
}

/// Keeps the manifest, the results and the lineage events of a build.
fn keep(runtime: &Runtime, project: &ModelsProject, report: &Report) -> Result<()> {
    project.artifacts.keep_manifest(&project.manifest(runtime.clock.now()))?;
    project.artifacts.keep_results(&report.results(&project.name))?;
    let events = project.project.lineage_events(&project.name, report);
    project.artifacts.add_events(&events)?;
    if let Some(lineage) = &project.lineage
        && let Err(why) = post(lineage, &events)
    {
        tracing::warn!(why, "lineage events were not delivered");
        runtime.note(&format!("warning: {why}"));
    }
    Ok(())
}
