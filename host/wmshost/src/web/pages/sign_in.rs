//! Signing in: a form takes a token of the server once, and a cookie that scripts cannot read takes its place.

use super::html::{element, text, words};
use super::{Answer, Visit, find, layout};
use crate::web::Site;
use crate::web::access::Access;
use crate::web::exchange::{Refusal, Reply};

/// Leads to the form, and from there to this path.
pub(super) fn lead_to(path: &str) -> Reply {
    let to = if path == "/" || path == "/events" { "/sign-in".to_owned() } else { format!("/sign-in?to={path}") };
    Reply::Lead(to, None)
}

/// The refusal of a request without a sign-in.
pub(super) fn missing(site: &Site, access: Access) -> Refusal {
    match site.tokens.are_any() {
        true if access == Access::Operate => {
            Refusal(401, "sign in with the token of --operate-token to order".to_owned())
        }
        true => Refusal(401, "sign in first".to_owned()),
        false => {
            let why = "this server shows nothing, which any user of the machine could read; start it with --read-token or \
                       --operate-token, and sign in with that token";
            Refusal(403, why.to_owned())
        }
    }
}

pub(super) fn page(visit: &Visit<'_>) -> Answer {
    if !visit.site.tokens.are_any() {
        return Err(missing(visit.site, Access::Read));
    }
    Ok(form(200, visit.call.parameter("to").unwrap_or("/"), None))
}

fn form(status: u16, to: &str, mistake: Option<&str>) -> Reply {
    let label = element("label", &[("for", "token")], [text("Token of --read-token or --operate-token")]);
    let input = [
        ("id", "token"),
        ("name", "token"),
        ("type", "password"),
        ("autocomplete", "current-password"),
        ("required", ""),
        ("autofocus", ""),
    ];
    let to = element("input", &[("type", "hidden"), ("name", "to"), ("value", to)], []);
    let button = element("button", &[("type", "submit")], [text("Sign in")]);
    let fields = [label, element("input", &input, []), to, button];
    let parts = [
        words("h1", "", "Sign in"),
        mistake.map(|why| element("p", &[("class", "bad"), ("role", "alert")], [text(why)])).unwrap_or_default(),
        element("form", &[("method", "post"), ("action", "/sign-in"), ("class", "card sign-in")], fields),
    ];
    Reply::Page(status, layout::bare("Sign in", parts).document())
}

pub(super) fn sign_in(visit: &Visit<'_>) -> Answer {
    let to = visit.call.parameter("to").unwrap_or("/");
    let Some(access) = visit.site.tokens.right(visit.call.parameter("token").unwrap_or_default().trim()) else {
        let why = "This is no token of this server. Its operator has set it by --read-token or --operate-token.";
        return Ok(form(401, to, Some(why)));
    };
    // Only to a page of this server.
    let to = find("GET", to).map_or("/", |_| to);
    Ok(Reply::Lead(to.to_owned(), Some(visit.site.sessions.open(access, visit.request)?)))
}

pub(super) fn sign_out(visit: &Visit<'_>) -> Answer {
    Ok(Reply::Lead("/sign-in".to_owned(), Some(visit.site.sessions.close(visit.request))))
}
