//! `wmshost state`: shows the checkpoints of streams, and changes them by hand.

use std::path::Path;

use wmshost_flow::DefinitionChange;
use wmshost_runtime::history::RunKind;
use wmshost_runtime::state::{
    CheckpointChange, Import, ResetPlan, StateExport, StoredStream, entry_of, last_checkpoints,
};
use wmshost_runtime::{Result, Runtime};

use super::{App, confirmed};
use crate::cli::{Output, Selection, StateCommand};
use crate::exit::Exit;
use crate::report;

pub(super) fn state(app: &App, command: StateCommand) -> Result<Exit> {
    let runtime = app.runtime(command.output());
    let runtime = &runtime;
    let change = |kind, pipeline, yes| Change { app, runtime, kind, pipeline, yes };
    match command {
        StateCommand::List { selection, output } => list(runtime, &selection, output.output),
        StateCommand::Show { pipeline, stream, output } => show(runtime, &pipeline, &stream, output.output),
        StateCommand::Log { pipeline, stream, output } => log(runtime, &pipeline, &stream, output.output),
        StateCommand::Diff { pipeline, stream, from, to, output } => {
            diff(runtime, (&pipeline, &stream), &from, to.as_deref(), output.output)
        }
        StateCommand::Reset { pipeline, streams, yes } => reset(&change(RunKind::StateReset, &pipeline, yes), &streams),
        StateCommand::Rollback { pipeline, stream, to, yes } => {
            rollback(&change(RunKind::StateRollback, &pipeline, yes), &stream, &to)
        }
        StateCommand::Set { pipeline, stream, bookmark, yes } => {
            set(&change(RunKind::StateSet, &pipeline, yes), &stream, &bookmark)
        }
        StateCommand::Export { selection, file } => export(runtime, &selection, file.as_deref()),
        StateCommand::Import { pipeline, file, yes } => import(&change(RunKind::StateImport, &pipeline, yes), &file),
    }
}

fn list(runtime: &Runtime, selection: &Selection, output: Output) -> Result<Exit> {
    let pipeline = runtime.resolved(&selection.pipeline)?;
    let streams = last_checkpoints(&pipeline, &selection.streams)?;
    report::state::list(&pipeline.name, &streams, output)?;
    Ok(if streams.iter().any(|(_, last)| last.is_err()) { Exit::Failed } else { Exit::Success })
}

fn show(runtime: &Runtime, file: &Path, stream: &str, output: Output) -> Result<Exit> {
    let checkpoint = StoredStream::open(runtime, file, stream)?.checkpoint()?;
    report::state::show(stream, checkpoint.as_ref(), output)?;
    Ok(Exit::Success)
}

fn log(runtime: &Runtime, file: &Path, stream: &str, output: Output) -> Result<Exit> {
    let history = StoredStream::open(runtime, file, stream)?.all_rows()?;
    report::state::log(stream, &history, output)?;
    Ok(Exit::Success)
}

/// Shows the differences between the checkpoints of two runs; the second is the newest if none is named.
fn diff(
    runtime: &Runtime,
    (file, stream): (&Path, &str),
    from: &str,
    to: Option<&str>,
    output: Output,
) -> Result<Exit> {
    let history = StoredStream::open(runtime, file, stream)?.history()?;
    let from = entry_of(&history, stream, from)?;
    let to = match (to, history.last()) {
        (Some(run), _) => entry_of(&history, stream, run)?,
        (None, Some(last)) => last,
        (None, None) => from,
    };
    report::state::diff(stream, from, to, output)?;
    Ok(Exit::Success)
}

/// A change of checkpoints by hand.
struct Change<'a> {
    app: &'a App,
    runtime: &'a Runtime,
    kind: RunKind,
    pipeline: &'a Path,
    yes: bool,
}

impl Change<'_> {
    /// Asks, applies the change as a run of its own and reports it in these words.
    fn apply(&self, done: &str, undone: &str, apply: impl FnOnce() -> Result<()>) -> Result<Exit> {
        if !confirmed(self.yes)? {
            report::print(undone);
            return Ok(Exit::Failed);
        }
        let name = self.runtime.resolved(self.pipeline)?.name;
        self.app.recorded(self.runtime, self.kind, (&name, self.pipeline), |recorder| {
            apply()?;
            recorder.outcome(done);
            report::print(done);
            Ok(Exit::Success)
        })
    }
}

/// Prints a note if a checkpoint that is put in place depends on another definition than the present one.
fn warn_other_definition(stream: &str, changes: &[DefinitionChange]) {
    if changes.is_empty() {
        return;
    }
    let all = changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    report::note(&format!(
        "stream {stream}: this checkpoint rests on another definition: {all}. The next run does about it what the \
         stream's `on_change` says; `wmshost plan` shows that"
    ));
}

fn reset(change: &Change<'_>, streams: &[String]) -> Result<Exit> {
    let plan = ResetPlan::prepare(change.runtime, change.pipeline, streams)?;
    for damaged in &plan.damaged {
        report::note(&damaged.to_string());
    }
    let names = plan.names().join(", ");
    if names.is_empty() {
        report::print("there is no checkpoint to reset");
        return Ok(Exit::Success);
    }
    report::note(&format!(
        "the checkpoint of {names} is forgotten: the next run reads everything again and merges it; rows in the target \
         stay, other streams are not touched"
    ));
    change.apply(&format!("reset: {names}"), "nothing was reset", || plan.apply(change.runtime))
}

fn rollback(change: &Change<'_>, stream: &str, to: &str) -> Result<Exit> {
    let runtime = change.runtime;
    let rollback = CheckpointChange::rollback(runtime, change.pipeline, stream, to)?;
    report::note(&format!(
        "stream {stream} goes back to {}. The next run reads what changed since then again and merges it: rows of the \
         target that are newer stay as they are, for the target keeps no older versions; nothing is lost or doubled. \
         Other streams are not touched",
        rollback.bookmark()
    ));
    warn_other_definition(stream, &rollback.other_definition(runtime));
    change.apply(&format!("rolled back: {stream}"), "nothing was rolled back", || rollback.apply(runtime))
}

fn set(change: &Change<'_>, stream: &str, bookmark: &str) -> Result<Exit> {
    let runtime = change.runtime;
    let set = CheckpointChange::set(runtime, change.pipeline, stream, bookmark)?;
    report::note(&format!(
        "stream {stream} is set to {}: the next run goes on from there. Rows that changed before are not looked at; \
         `wmshost verify` finds what is missing",
        set.bookmark()
    ));
    change.apply(&format!("set: {stream}"), "nothing was set", || set.apply(runtime))
}

fn export(runtime: &Runtime, selection: &Selection, file: Option<&Path>) -> Result<Exit> {
    let pipeline = runtime.resolved(&selection.pipeline)?;
    let export = StateExport::read(&pipeline, &selection.streams)?;
    match file {
        None => report::state::export(&export)?,
        Some(file) => {
            export.write(file)?;
            report::print(&format!("{}: the state of {} streams", file.display(), export.streams.len()));
        }
    }
    Ok(Exit::Success)
}

fn import(change: &Change<'_>, file: &Path) -> Result<Exit> {
    let runtime = change.runtime;
    let import = Import::prepare(runtime, change.pipeline, file)?;
    let names = import.names().join(", ");
    if names.is_empty() {
        report::print("the file has no stream");
        return Ok(Exit::Success);
    }
    report::note(&format!(
        "the state of {names} comes from {}: the next runs go on from there. Rows that are not in the target are not \
         looked for; `wmshost verify` finds what is missing",
        file.display()
    ));
    for (stream, changes) in import.other_definitions(runtime) {
        warn_other_definition(stream, &changes);
    }
    change.apply(&format!("imported: {names}"), "nothing was imported", || import.apply(runtime))
}
