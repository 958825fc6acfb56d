//! `wmshost quarantine`: lists rejected rows, and sends them through the pipeline again.

use std::path::Path;

use wmshost_flow::QuarantineFilter;
use wmshost_runtime::history::RunKind;
use wmshost_runtime::quarantine::{self, ListOptions};
use wmshost_runtime::{Result, Runtime};

use super::{App, confirmed};
use crate::cli::{Output, QuarantineCommand, QuarantineListArgs, RowSelection};
use crate::exit::Exit;
use crate::report;
use crate::report::quarantine::RowList;

pub(super) fn quarantine(app: &App, command: QuarantineCommand) -> Result<Exit> {
    match command {
        QuarantineCommand::List(arguments) => list(&app.runtime(arguments.output.output), arguments),
        QuarantineCommand::Show { pipeline, id, output } => {
            show(&app.runtime(output.output), &pipeline, &id, output.output)
        }
        QuarantineCommand::Replay { rows, output } => replay(app, rows, output.output),
        QuarantineCommand::Drop { rows, yes } => drop_rows(app, rows, yes),
    }
}

fn list(runtime: &Runtime, arguments: QuarantineListArgs) -> Result<Exit> {
    let output = arguments.output.output;
    let pipeline = runtime.resolved(&arguments.selection.pipeline)?;
    let options = ListOptions {
        streams: &arguments.selection.streams,
        rule: arguments.rule,
        limit: Some(arguments.limit).filter(|limit| *limit > 0),
        after: arguments.after,
        with_row: output == Output::Json,
    };
    let mut rows = RowList::new(output);
    let listed = quarantine::list(&pipeline, &options, &mut |row| rows.add(row))?;
    rows.end(listed)?;
    Ok(Exit::Success)
}

fn show(runtime: &Runtime, file: &Path, id: &str, output: Output) -> Result<Exit> {
    let row = quarantine::find(&runtime.resolved(file)?, id)?;
    report::quarantine::row(&row, output)?;
    Ok(Exit::Success)
}

/// The selected rows of a stream.
fn filter(rows: RowSelection) -> QuarantineFilter {
    QuarantineFilter { stream: rows.stream, rule: rows.rule, ids: rows.ids }
}

fn replay(app: &App, rows: RowSelection, output: Output) -> Result<Exit> {
    let runtime = app.runtime(output);
    let file = rows.pipeline.clone();
    let filter = filter(rows);
    quarantine::count(&runtime.resolved(&file)?, &filter)?;
    let registry = runtime.registry()?;
    let pipeline = app.pipeline(&runtime, RunKind::Replay, &file, &registry)?;
    pipeline.select(std::slice::from_ref(&filter.stream))?;
    app.recorded(&runtime, RunKind::Replay, (&pipeline.name, &file), |recorder| {
        let run_id = recorder.run_id();
        let replayed = quarantine::replay(&runtime, (&pipeline, &registry), &filter, run_id)?;
        recorder.outcome(&format!("{}: {} rows loaded, {} stay", filter.stream, replayed.loaded, replayed.stayed));
        report::quarantine::replay(run_id, &filter.stream, &replayed, output)?;
        Ok(if replayed.stayed == 0 { Exit::Success } else { Exit::Failed })
    })
}

fn drop_rows(app: &App, rows: RowSelection, yes: bool) -> Result<Exit> {
    let runtime = app.runtime(Output::Text);
    let file = rows.pipeline.clone();
    let pipeline = runtime.resolved(&rows.pipeline)?;
    let filter = filter(rows);
    let count = quarantine::count(&pipeline, &filter)?;
    if count == 0 {
        report::print("there is no such row in quarantine");
        return Ok(Exit::Success);
    }
    report::note(&format!("{count} rows of {} are deleted from quarantine for good", filter.stream));
    if !confirmed(yes)? {
        report::print("nothing was deleted");
        return Ok(Exit::Failed);
    }
    app.recorded(&runtime, RunKind::Drop, (&pipeline.name, &file), |recorder| {
        let dropped = quarantine::drop_rows(&runtime, &pipeline, &filter)?;
        recorder.outcome(&format!("{}: {dropped} rows deleted", filter.stream));
        report::print(&format!("{dropped} rows deleted"));
        Ok(Exit::Success)
    })
}
