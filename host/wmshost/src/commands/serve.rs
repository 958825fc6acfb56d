//! `wmshost serve`: runs pipelines by their schedules.

use std::sync::Arc;

use wmshost_flow::Failure;
use wmshost_runtime::Result;
use wmshost_runtime::serve::{ServeOptions, Server};

use super::App;
use crate::cli::{Output, ServeArgs};
use crate::exit::Exit;
use crate::report;

pub(super) fn serve(app: &App, arguments: ServeArgs) -> Result<Exit> {
    let runtime = Arc::new(app.runtime(Output::Text));
    let program = std::env::current_exe()
        .map_err(|error| Failure::permanent(format!("the file of this program cannot be found: {error}")))?;
    let options = ServeOptions {
        files: arguments.pipelines,
        program,
        concurrency: arguments.concurrency.into(),
        drain: arguments.drain,
        reload: app.signals.reload()?,
    };
    let clock = Arc::clone(&app.clock);
    let report = move |event| report::serve::event(clock.now(), &event);
    let server = Server::start(runtime, options, &report)?;
    app.signals.let_end();
    server.serve()?;
    Ok(Exit::Success)
}
