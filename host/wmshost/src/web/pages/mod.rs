//! The dashboard: pages for a browser, which read without scripts and keep themselves up to date with one. They show what the
//! API shows, to those who have signed in with a token of it, and take the same orders by forms.
//!
//! | module | purpose |
//! |---|---|
//! | `html` | elements and texts: the only way to make HTML |
//! | `layout` | the frame of every page |
//! | `parts` | tables, states, times and forms |
//! | `chart` | charts of a stream's runs, and the timeline of a run |
//! | `overview` | the first page: all streams of all pipelines |
//! | `stream` | a stream: its last runs, bookmark, schedule and policies |
//! | `runs` | the history, and a run with its failures, timeline and log |
//! | `quarantine` | the rejected rows of a pipeline by rule |
//! | `sign_in` | signing in and out |
//! | `orders` | the orders that forms send |

mod chart;
mod html;
mod layout;
mod orders;
mod overview;
mod parts;
mod quarantine;
mod runs;
mod sign_in;
mod stream;

use wmshost_flow::Micros;

use super::Site;
use super::access::Access;
use super::exchange::{Call, Refusal, Reply, Request};
use super::route::names;
use super::sessions::{Viewer, refuse_other_origin};

type Answer = Result<Reply, Refusal>;

/// The parameter of a form with the key that shows that a page of this server sent it.
const FORM_KEY: (&str, &str) = ("form_key", "The key of the form");
const STYLE: &str = include_str!("dashboard.css");
const SCRIPT: &str = include_str!("dashboard.js");

/// A page, or the receiver of a form.
struct Page {
    method: &'static str,
    /// Its path, as that of a route.
    path: &'static str,
    access: Access,
    /// The parameters after `?`, or those of the form, each with its meaning.
    parameters: &'static [(&'static str, &'static str)],
    handle: fn(&Visit<'_>) -> Answer,
}

/// A request of a page.
struct Visit<'a> {
    site: &'a Site,
    request: &'a Request,
    call: Call<'a>,
    viewer: Viewer,
    /// The time of the request, UTC.
    now: Micros,
}

const fn page(path: &'static str, handle: fn(&Visit<'_>) -> Answer) -> Page {
    Page { method: "GET", path, access: Access::Read, parameters: &[], handle }
}

const fn order(path: &'static str, handle: fn(&Visit<'_>) -> Answer) -> Page {
    Page { method: "POST", path, access: Access::Operate, parameters: &[FORM_KEY], handle }
}

/// All pages.
const PAGES: &[Page] = &[
    Page {
        parameters: &[
            ("state", "Only streams in this state, or `broken`"),
            ("pipeline", "Only those of this pipeline"),
        ],
        ..page("/", overview::page)
    },
    page("/pipelines/{pipeline}/streams/{stream}", stream::page),
    Page {
        parameters: &[("stream", "Only rows of this stream")],
        ..page("/pipelines/{pipeline}/quarantine", quarantine::page)
    },
    Page {
        parameters: &[("pipeline", "Only runs of this pipeline"), ("failed", "Only runs that need a person, if `yes`")],
        ..page("/runs", runs::list)
    },
    page("/runs/{run}", runs::page),
    page("/runs/{run}/log", runs::log),
    page("/runs/{run}/receipt", runs::receipt_file),
    page("/events", |_| Ok(Reply::Feed)),
    Page { access: Access::Open, parameters: &[("to", "The page to show then")], ..page("/sign-in", sign_in::page) },
    Page {
        access: Access::Open,
        ..page("/style.css", |_| Ok(asset("text/css", &[wmshost_runtime::models::STYLE, STYLE])))
    },
    Page { access: Access::Open, ..page("/dashboard.js", |_| Ok(asset("text/javascript", &[SCRIPT]))) },
    Page {
        access: Access::Open,
        parameters: &[("token", "A token of this server"), ("to", "The page to show then")],
        ..order("/sign-in", sign_in::sign_in)
    },
    Page { access: Access::Read, ..order("/sign-out", sign_in::sign_out) },
    Page { parameters: &[FORM_KEY, ("stream", "Only this stream")], ..order("/pipelines/{pipeline}/run", orders::run) },
    order("/pipelines/{pipeline}/pause", orders::pause),
    order("/pipelines/{pipeline}/resume", orders::resume),
    order("/runs/{run}/restart", orders::restart),
    order("/runs/{run}/cancel", orders::cancel),
];

fn asset(kind: &'static str, parts: &[&str]) -> Reply {
    Reply::Body(200, kind, parts.concat().into_bytes())
}

/// The page with this path, and the names in it.
fn find<'a>(method: &str, path: &'a str) -> Option<(&'static Page, Vec<&'a str>)> {
    let matching = |page: &'static Page| Some((page, names(page.path, path)?));
    PAGES.iter().filter(|page| page.method == method).find_map(matching)
}

/// Answers a request of a page; `None` if no page has its path.
pub(super) fn answer(site: &Site, request: &Request) -> Option<Reply> {
    let methods: Vec<&str> =
        PAGES.iter().filter(|page| names(page.path, &request.path).is_some()).map(|page| page.method).collect();
    if methods.is_empty() {
        return None;
    }
    let answered = match find(&request.method, &request.path) {
        Some((page, names)) => visited(site, request, page, names),
        None => Err(Refusal(405, format!("this page takes {}", methods.join(", ")))),
    };
    Some(answered.unwrap_or_else(|Refusal(status, why)| layout::refused(status, &why)))
}

fn visited(site: &Site, request: &Request, page: &'static Page, names: Vec<&str>) -> Answer {
    let is_form = page.method == "POST";
    if is_form {
        refuse_other_origin(request)?;
    }
    let viewer = viewer(site, request);
    let viewer = match (page.access, viewer) {
        (Access::Open, viewer) => viewer.unwrap_or_default(),
        (_, None) if !is_form && site.tokens.are_any() => return Ok(sign_in::lead_to(&request.path)),
        (access, None) => return Err(sign_in::missing(site, access)),
        (Access::Operate, Some(viewer)) if !viewer.can_order => {
            let why = "your sign-in reads only; sign out, and sign in with the token of --operate-token to order";
            return Err(Refusal(403, why.to_owned()));
        }
        (_, Some(viewer)) => viewer,
    };
    let form = String::from_utf8_lossy(&request.body);
    let call = Call::new(if is_form { form.trim() } else { &request.query }, names, page.parameters)?;
    if is_form && page.access != Access::Open && !viewer.has_sent(call.parameter(FORM_KEY.0)) {
        let why = "the form is older than your sign-in; load its page again";
        return Err(Refusal(403, why.to_owned()));
    }
    let now = site.handle.runtime().clock.now();
    (page.handle)(&Visit { site, request, call, viewer, now })
}

/// The reader who sent a request: a browser that has signed in, or a program with a token.
fn viewer(site: &Site, request: &Request) -> Option<Viewer> {
    let by_token = || {
        let access = site.tokens.right(request.token.as_ref()?)?;
        Some(Viewer { can_order: access == Access::Operate, form_key: None })
    };
    site.sessions.viewer(request).or_else(by_token)
}
