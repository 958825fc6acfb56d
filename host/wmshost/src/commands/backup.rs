//! `wmshost backup` and `wmshost restore`: copies of a pipeline's targets.

use wmshost_runtime::{Result, backup as backups};

use super::{App, confirmed};
use crate::cli::{BackupArgs, RestoreArgs};
use crate::exit::Exit;
use crate::report;

pub(super) fn backup(app: &App, arguments: &BackupArgs) -> Result<Exit> {
    let output = arguments.output.output;
    let runtime = app.runtime(output);
    let pipeline = runtime.resolved(&arguments.pipeline)?;
    let written = backups::backup(&runtime, &pipeline, &arguments.to)?;
    report::backup::backup(&written, output)?;
    Ok(Exit::Success)
}

pub(super) fn restore(app: &App, arguments: &RestoreArgs) -> Result<Exit> {
    let output = arguments.output.output;
    let runtime = app.runtime(output);
    let pipeline = runtime.resolved(&arguments.pipeline)?;
    let backup = backups::read(&arguments.from)?;
    report::backup::to_restore(&backup);
    if !confirmed(arguments.yes)? {
        report::print("nothing was replaced");
        return Ok(Exit::Failed);
    }
    let restored = backups::restore(&runtime, &pipeline, (&arguments.from, &backup), arguments.history)?;
    report::backup::restored(&restored, output)?;
    Ok(Exit::Success)
}
