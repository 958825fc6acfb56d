//! `wmshost sample`: a warehouse for practice.

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use wmshost_flow::Failure;
use wmshost_pipeline::Connection;
use wmshost_runtime::Result;
use wmshost_runtime::sample::{SampleTable, copy_sample, scratch_folder};
use wmshost_sample::{ChangeOptions, CreateOptions, SampleError, Summary, change, create, oracle_tables};

use super::App;
use crate::cli::{Output, SampleCommand};
use crate::exit::Exit;
use crate::report;

pub(super) fn sample(app: &App, command: SampleCommand) -> Result<Exit> {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{msg:12} {bar:30} {human_pos}/{human_len} rows") {
        bar.set_style(style);
    }
    let mut progress = |table: &str, done: u64, total: u64| {
        if bar.message() != table {
            bar.set_message(table.to_owned());
        }
        bar.set_length(total);
        bar.set_position(done);
    };
    let (summary, output) = match command {
        SampleCommand::Create { file, to: Some(to), allocations, seed, output, .. } => {
            let made = create_in(app, (&file, &to), (allocations, seed), &mut progress)?;
            bar.finish_and_clear();
            report::sample::sample(&made, output.output)?;
            return Ok(Exit::Success);
        }
        SampleCommand::Create { file, to: None, allocations, seed, force, output } => {
            let mut options = CreateOptions::new(file, allocations, seed);
            options.force = force;
            (create(&options, &mut progress), output.output)
        }
        SampleCommand::Change { file, percent, seed, output } => {
            (change(&ChangeOptions { file, percent, seed }, &mut progress), output.output)
        }
    };
    report::set_output(output);
    bar.finish_and_clear();
    let summary = summary.map_err(failure)?;
    report::sample::sample(&summary, output)?;
    Ok(Exit::Success)
}

/// Makes a sample in the database of a connection of a pipeline: in the file of a SQLite connection itself, in any other by
/// way of a temporary file.
fn create_in(
    app: &App,
    (file, to): (&Path, &str),
    (allocations, seed): (u64, u64),
    progress: &mut impl FnMut(&str, u64, u64),
) -> Result<Summary> {
    let runtime = app.runtime(Output::Text);
    let pipeline = runtime.resolved(file)?;
    if let Some(Connection::Sqlite(sqlite)) = pipeline.connections.get(to) {
        let options = CreateOptions::new(sqlite.path.clone(), allocations, seed);
        return Ok(create(&options, progress).map_err(failure)?);
    }
    let folder = scratch_folder()?;
    let options = CreateOptions::new(folder.path().join("sample.db"), allocations, seed);
    let made = create(&options, &mut *progress).map_err(failure)?;
    let tables = oracle_tables();
    let tables: Vec<_> = tables.iter().map(|(name, create)| SampleTable { name, create }).collect();
    let total = |name: &str| made.tables.iter().find(|table| table.table == name).map_or(0, |table| table.rows);
    copy_sample(&runtime, &pipeline, to, (&options.file, &tables), |table, done| progress(table, done, total(table)))?;
    Ok(Summary { file: PathBuf::from(format!("connection {to}")), ..made })
}

fn failure(error: SampleError) -> Failure {
    Failure::invalid_config(error.to_string())
}
