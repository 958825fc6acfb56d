//! `wmshost sample`: a warehouse for practice.

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use wmshost_flow::Failure;
use wmshost_sample::{ChangeOptions, CreateOptions, SampleError, Summary, change, create};

use crate::cli::{Output, SampleCommand};
use crate::exit::Exit;
use crate::report;

pub(super) fn sample(command: SampleCommand) -> anyhow::Result<Exit> {
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
    bar.finish_and_clear();
    let summary = summary.map_err(failure)?;
    print_report(&summary, output);
    Ok(Exit::Success)
}

fn failure(error: SampleError) -> Failure {
    Failure::invalid_config(error.to_string())
}

fn print_report(summary: &Summary, output: Output) {
    if output == Output::Json {
        let tables: Vec<_> = summary
            .tables
            .iter()
            .map(|table| {
                json!({
                    "table": table.table,
                    "rows": table.rows,
                    "inserted": table.inserted,
                    "updated": table.updated,
                    "deleted": table.deleted,
                    "seconds": table.seconds,
                })
            })
            .collect();
        report::json(&json!({
            "file": summary.file, "bytes": summary.bytes, "seconds": summary.seconds, "tables": tables,
        }));
        return;
    }
    let rows = summary.tables.iter().map(|table| {
        let counts = [table.rows, table.inserted, table.updated, table.deleted];
        let mut row = vec![table.table.to_owned()];
        row.extend(counts.map(report::count));
        row
    });
    let head = ["table", "rows", "inserted", "updated", "deleted"];
    report::table(&head, &[1, 2, 3, 4], rows.collect());
    report::print(&format!(
        "{}: {} in {:.2} s",
        summary.file.display(),
        indicatif::HumanBytes(summary.bytes),
        summary.seconds
    ));
}
