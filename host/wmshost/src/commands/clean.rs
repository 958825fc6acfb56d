//! `wmshost clean`: removes what is older than it has to be kept.

use wmshost_runtime::Result;
use wmshost_runtime::clean::{Retention, clean as cleaned};

use super::App;
use crate::cli::CleanArgs;
use crate::exit::Exit;
use crate::report;

pub(super) fn clean(app: &App, arguments: &CleanArgs) -> Result<Exit> {
    let CleanArgs { history, logs, plugins, receipts, dry_run, output } = arguments;
    let retention = Retention { history: *history, logs: *logs, plugins: *plugins, receipts: *receipts };
    let result = cleaned(&app.runtime(output.output), &retention, *dry_run)?;
    report::clean::clean(&result, *dry_run, output.output)?;
    Ok(Exit::Success)
}
