//! The frame of every page: its head, the way to the other pages, and the landmarks that readers jump to.

use super::Visit;
use super::html::{Html, element, link, text, words};
use super::parts::order;
use crate::web::exchange::Reply;

/// A page with a title.
pub(super) fn page(visit: &Visit<'_>, title: &str, parts: impl IntoIterator<Item = Html>) -> Reply {
    let pages = [("/", "Streams"), ("/runs", "Runs")].map(|(to, name)| {
        let current = [("href", to), ("aria-current", "page")];
        let count = if visit.request.path == to { 2 } else { 1 };
        element("a", &current[..count], [text(name)])
    });
    let sign_out = match &visit.viewer.form_key {
        Some(_) => order(visit, "/sign-out", "Sign out", &[]),
        None => Html::default(),
    };
    let status = element("span", &[("id", "live"), ("role", "status"), ("class", "soft")], []);
    let header = element(
        "header",
        &[],
        [
            element("a", &[("class", "brand"), ("href", "/")], [element("b", &[], [text("wmshost")])]),
            element("nav", &[("aria-label", "Pages")], pages),
            status,
            sign_out,
        ],
    );
    Reply::Page(200, frame(title, header, parts, true).document())
}

/// A page that says why another one is not shown.
pub(super) fn refused(status: u16, why: &str) -> Reply {
    let title = match status {
        404 => "There is nothing here",
        409 => "This cannot be now",
        _ => "This is refused",
    };
    let parts = [words("h1", "", title), words("p", "bad", why), element("p", &[], [link("/", "Show all streams")])];
    Reply::Page(status, bare(title, parts).document())
}

/// A page without a way to others.
pub(super) fn bare(title: &str, parts: impl IntoIterator<Item = Html>) -> Html {
    let header = element("header", &[], [words("b", "brand", "wmshost")]);
    frame(title, header, parts, false)
}

fn frame(title: &str, header: Html, parts: impl IntoIterator<Item = Html>, is_live: bool) -> Html {
    let script = match is_live {
        true => element("script", &[("src", "/dashboard.js"), ("defer", "")], []),
        false => Html::default(),
    };
    let head = [
        element("meta", &[("charset", "utf-8")], []),
        element("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")], []),
        words("title", "", format!("{title} – wmshost")),
        element("link", &[("rel", "stylesheet"), ("href", "/style.css")], []),
        element("link", &[("rel", "icon"), ("href", "data:,")], []),
        script,
    ];
    let skip = element("a", &[("class", "skip"), ("href", "#main")], [text("Skip to the content")]);
    let main = element("main", &[("id", "main"), ("tabindex", "-1")], parts);
    element("html", &[("lang", "en")], [element("head", &[], head), element("body", &[], [skip, header, main])])
}
