//! The table of routes, which answers requests and describes itself (`openapi`).

use schemars::{Schema, SchemaGenerator};
use wmshost_runtime::receipts::Receipt;

use super::exchange::{Call, Refusal, Reply, Request};
use super::route::{Form, Route, names};
use super::{Site, api, metrics, openapi, pages};
use crate::report::documents::api::{OrderedRunDocument, PausedDocument, ServedPipelineDocument, ServedRunDocument};
use crate::report::documents::runs::{RunRecordDocument, ShownRunDocument};
use crate::report::documents::schedule::SchedulesDocument;
use crate::report::documents::status::StatusDocument;

fn json<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

macro_rules! routes {
    ($($method:literal $path:literal $name:literal $status:literal $form:expr, $handle:expr, [$($query:expr),*], $summary:literal;)+) => {
        /// All routes; `Route::access` says which need a token.
        pub(super) const ROUTES: &[Route] = &[$(Route {
            method: $method, path: $path, name: $name, summary: $summary, query: &[$($query),*], status: $status, form: $form,
            handle: $handle,
        }),+];
    };
}

routes! {
    "GET" "/healthz" "health" 200 Form::Text("text/plain"), api::health, [], "Answers while the server is alive";
    "GET" "/metrics" "metrics" 200 Form::Text(metrics::KIND), metrics::metrics, [], "The metrics, in the form of OpenMetrics";
    "GET" "/openapi.json" "openapi" 200 Form::Text("application/json"), described, [], "This description";
    "GET" "/api/v1/pipelines" "listPipelines" 200 Form::Json(json::<Vec<ServedPipelineDocument>>), api::pipelines, [],
        "The pipelines that are served, and the mistakes of those that are not";
    "GET" "/api/v1/pipelines/{pipeline}/status" "pipelineStatus" 200 Form::Json(json::<StatusDocument>), api::status, [],
        "The state of each stream, as `wmshost status` prints it; at most two seconds old";
    "GET" "/api/v1/pipelines/{pipeline}/schedules" "pipelineSchedules" 200 Form::Json(json::<SchedulesDocument>),
        api::schedules, [], "The schedules, as `wmshost schedule list` prints them";
    "POST" "/api/v1/pipelines/{pipeline}/run" "runPipeline" 202 Form::Json(json::<OrderedRunDocument>), api::run,
        [("stream", "Only this stream, or those with a tag (`tag:NAME`)")], "Runs a pipeline, or a part of it, now";
    "POST" "/api/v1/pipelines/{pipeline}/pause" "pausePipeline" 200 Form::Json(json::<PausedDocument>), api::pause, [],
        "Has no scheduled run begin; what goes on is not stopped";
    "POST" "/api/v1/pipelines/{pipeline}/resume" "resumePipeline" 200 Form::Json(json::<PausedDocument>), api::resume, [],
        "Lets scheduled runs begin again";
    "GET" "/api/v1/running" "listRunning" 200 Form::Json(json::<Vec<ServedRunDocument>>), api::running, [],
        "The runs of this server that go on, with what they wait for";
    "GET" "/api/v1/runs" "listRuns" 200 Form::Json(json::<Vec<RunRecordDocument>>), api::runs,
        [("pipeline", "Only runs of this pipeline"), ("limit", "At most this number, 1 to 1000; 50 if not named")],
        "The history of this machine, the newest first";
    "GET" "/api/v1/runs/{run}" "showRun" 200 Form::Json(json::<ShownRunDocument>), api::shown_run, [],
        "A run with its streams, models and plugins";
    "GET" "/api/v1/runs/{run}/log" "runLog" 200 Form::Text("application/x-ndjson"), api::log, [],
        "The log of a run, one object per line";
    "GET" "/api/v1/runs/{run}/receipt" "runReceipt" 200 Form::Json(json::<Receipt>), api::receipt, [],
        "The receipt of a run, as it is in its file";
    "POST" "/api/v1/runs/{run}/cancel" "cancelRun" 202 Form::Json(json::<OrderedRunDocument>), api::cancel, [],
        "Stops a run of this server; what was committed stays";
    "GET" "/api/v1/events" "events" 200 Form::Text("text/event-stream"), api::events, [],
        "Events as they happen: runs that begin, wait and end, files that were read again";
}

/// The reply with the description of all routes.
fn described(_: &Site, _: &Call<'_>) -> Result<Reply, Refusal> {
    Ok(Reply::json(200, &openapi::document(ROUTES)))
}

/// Answers a request.
pub(super) fn answer(site: &Site, request: &Request) -> Reply {
    if let Err(refusal) = refused_host(request) {
        return Reply::refusal(refusal);
    }
    let answered = || {
        let (route, names) = find(request)?;
        site.tokens.allow(route.access(), request)?;
        (route.handle)(site, &Call::new(&request.query, names, route.query)?)
    };
    pages::answer(site, request).unwrap_or_else(|| answered().unwrap_or_else(Reply::refusal))
}

/// A page of another site must not read this machine's state by a name of its own that leads here.
fn refused_host(request: &Request) -> Result<(), Refusal> {
    let host = request.host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|c| c.is_ascii_digit()));
    let name = host.map_or(request.host.as_str(), |(name, _)| name);
    if ["127.0.0.1", "localhost", "[::1]"].contains(&name) {
        return Ok(());
    }
    Err(Refusal(421, "this server is asked as 127.0.0.1, [::1] or localhost only".to_owned()))
}

fn find(request: &Request) -> Result<(&'static Route, Vec<&str>), Refusal> {
    let matching = |route: &'static Route| Some((route, names(route.path, &request.path)?));
    let found: Vec<_> = ROUTES.iter().filter_map(matching).collect();
    let methods: Vec<&str> = found.iter().map(|(route, _)| route.method).collect();
    if methods.is_empty() {
        return Err(Refusal(404, "there is no such path; /openapi.json lists those there are".to_owned()));
    }
    let route = found.into_iter().find(|(route, _)| route.method == request.method);
    route.ok_or_else(|| Refusal(405, format!("this path takes {}", methods.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_answered() {
        let asked = |host: &str| refused_host(&Request { host: host.to_owned(), ..Request::default() }).is_ok();
        assert!(asked("127.0.0.1:8080") && asked("localhost") && asked("[::1]:80"));
        assert!(!asked("evil.example") && !asked("127.0.0.1.evil.example:80") && !asked(""));
    }
}
