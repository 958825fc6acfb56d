//! `wmshost sample`: a warehouse for practice.

use indicatif::{ProgressBar, ProgressStyle};
use wmshost_flow::Failure;
use wmshost_runtime::Result;
use wmshost_sample::{ChangeOptions, CreateOptions, SampleError, change, create};

use crate::cli::SampleCommand;
use crate::exit::Exit;
use crate::report;

pub(super) fn sample(command: SampleCommand) -> Result<Exit> {
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
        SampleCommand::Create { file, allocations, seed, force, output } => {
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

fn failure(error: SampleError) -> Failure {
    Failure::invalid_config(error.to_string())
}
