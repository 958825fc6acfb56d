//! `wmshost serve`: runs pipelines by their schedules.

use std::sync::Arc;

use wmshost_flow::Failure;
use wmshost_runtime::Result;
use wmshost_runtime::serve::{ServeOptions, Server};

use super::App;
use crate::cli::{Output, ServeArgs};
use crate::exit::Exit;
use crate::report;
use crate::web::{self, Feed, Site, Tokens};

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
    // The address is taken first: nothing runs if another server has it.
    let listener = arguments.listen.map(web::bind).transpose()?;
    let feed = Arc::new(Feed::default());
    let readers = Arc::clone(&feed);
    let report = move |event| {
        let now = clock.now();
        report::serve::event(now, &event);
        readers.publish(event.name(), &report::serve::event_as_json(now, &event));
    };
    let server = Server::start(runtime, options, &report)?;
    if let Some(listener) = listener {
        if let Ok(address) = listener.local_addr() {
            report::note(&format!("listens on http://{address}; /openapi.json describes it"));
        }
        let [read, operate] = [arguments.read_token, arguments.operate_token].map(|token| token.map(|token| token.0));
        web::listen(listener, Site::new(server.handle(), feed, Tokens { read, operate }))?;
    }
    app.signals.let_end();
    server.serve()?;
    Ok(Exit::Success)
}
