//! The browsers that have signed in. They are kept in memory: after a restart they sign in again. A cookie holds a key of its
//! own instead of the token, and orders need a second key, which only pages of this server hold: other servers on this machine
//! are the same site to a browser, so that `SameSite` alone does not keep their pages from sending forms.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wmshost_flow::hex;

use super::access::{Access, is_same};
use super::exchange::{Refusal, Request};

/// The time for which a sign-in lasts.
const LIFE: Duration = Duration::from_secs(12 * 3_600);
/// The most sign-ins; the oldest ends for a further one.
const MOST: usize = 256;

/// A browser that has signed in.
#[derive(Clone)]
struct Session {
    can_order: bool,
    form_key: String,
    until: Instant,
}

/// The reader of a page.
#[derive(Debug, Clone, Default)]
pub(super) struct Viewer {
    pub(super) can_order: bool,
    /// The key that its forms hold; `None` without a sign-in.
    pub(super) form_key: Option<String>,
}

impl Viewer {
    /// True if a form with this key came from a page that this reader was shown.
    pub(super) fn has_sent(&self, form_key: Option<&str>) -> bool {
        matches!((&self.form_key, form_key), (Some(known), Some(given)) if is_same(given, known))
    }
}

/// The sign-ins, by the keys in the cookies.
#[derive(Default)]
pub(super) struct Sessions(Mutex<BTreeMap<String, Session>>);

impl Sessions {
    /// Signs a browser in; returns the cookie to set.
    pub(super) fn open(&self, access: Access, request: &Request) -> Result<String, Refusal> {
        let failed = |error: std::io::Error| Refusal(500, format!("no key can be made: {error}"));
        let [key, form_key] = [key().map_err(failed)?, key().map_err(failed)?];
        let session = Session { can_order: access == Access::Operate, form_key, until: Instant::now() + LIFE };
        let mut sessions = self.living();
        while sessions.len() >= MOST {
            let oldest = sessions.iter().min_by_key(|(_, session)| session.until).map(|(key, _)| key.clone());
            oldest.map(|key| sessions.remove(&key));
        }
        sessions.insert(key.clone(), session);
        Ok(cookie(request, &key, LIFE))
    }

    /// Signs a browser out; returns the cookie to set.
    pub(super) fn close(&self, request: &Request) -> String {
        if let Some(key) = given(request) {
            self.living().remove(key);
        }
        cookie(request, "", Duration::ZERO)
    }

    /// The reader who sent a request; `None` without a sign-in that lasts.
    pub(super) fn viewer(&self, request: &Request) -> Option<Viewer> {
        let session = self.living().get(given(request)?).cloned()?;
        Some(Viewer { can_order: session.can_order, form_key: Some(session.form_key) })
    }

    /// The sign-ins that last.
    fn living(&self) -> MutexGuard<'_, BTreeMap<String, Session>> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        sessions.retain(|_, session| session.until > now);
        sessions
    }
}

/// A key that nobody can guess, in hexadecimal digits.
fn key() -> std::io::Result<String> {
    Ok(hex(&wmshost_sandbox::random_key()?))
}

/// The name of the cookie. To a browser, all ports of a machine share their cookies.
fn name(request: &Request) -> String {
    let port = request.host.rsplit_once(':').map_or("", |(_, port)| port);
    format!("wmshost-{port}")
}

fn cookie(request: &Request, key: &str, life: Duration) -> String {
    format!("{}={key}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict", name(request), life.as_secs())
}

/// The key that a request has in its cookie.
fn given(request: &Request) -> Option<&str> {
    let name = name(request);
    let pairs = request.cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.into_iter().find(|(known, _)| *known == name).map(|(_, key)| key)
}

/// Refuses a form that a page of another server sent. Browsers say so in `Sec-Fetch-Site`; older ones name the page's server in
/// `Origin`.
pub(super) fn refuse_other_origin(request: &Request) -> Result<(), Refusal> {
    let is_own = match (&request.fetch_site, &request.origin) {
        (Some(relation), _) => relation == "same-origin",
        (None, Some(origin)) => origin.split_once("://").is_some_and(|(_, host)| host == request.host),
        (None, None) => false,
    };
    let why = "this form was not sent by a page of this server; programs order by POST below /api/v1, with a token";
    if is_own { Ok(()) } else { Err(Refusal(403, why.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(cookies: &str) -> Request {
        Request { host: "127.0.0.1:80".to_owned(), cookies: cookies.to_owned(), ..Request::default() }
    }

    #[test]
    fn a_sign_in_lasts_until_it_is_closed_and_is_of_one_port() {
        let sessions = Sessions::default();
        let set = sessions.open(Access::Read, &request("")).map_err(|refusal| refusal.1).unwrap();
        let pair = set.split(';').next().unwrap();
        assert!(set.ends_with("; HttpOnly; SameSite=Strict") && pair.starts_with("wmshost-80="), "{set}");
        let viewer = sessions.viewer(&request(&format!("other=1; {pair}"))).unwrap();
        assert!(!viewer.can_order && viewer.has_sent(viewer.form_key.as_deref()));
        assert!(!viewer.has_sent(None) && !viewer.has_sent(Some("")) && !Viewer::default().has_sent(Some("")));
        let other_port = Request { host: "127.0.0.1:81".to_owned(), ..request(pair) };
        for other in [request(""), request("wmshost-80="), other_port] {
            assert!(sessions.viewer(&other).is_none(), "{}", other.cookies);
        }
        sessions.close(&request(pair));
        assert!(sessions.viewer(&request(pair)).is_none());
    }

    #[test]
    fn sign_ins_are_bounded_and_the_oldest_ends() {
        let sessions = Sessions::default();
        let open = || sessions.open(Access::Operate, &request("")).map_err(|refusal| refusal.1).unwrap();
        let all: Vec<String> = (0..=MOST).map(|_| open()).collect();
        let is_known = |set: &str| sessions.viewer(&request(set.split(';').next().unwrap())).is_some();
        assert!(!is_known(&all[0]) && is_known(&all[1]) && is_known(&all[MOST]));
    }

    #[test]
    fn forms_of_other_servers_are_refused() {
        let sent = |fetch_site: Option<&str>, origin: Option<&str>| {
            let [fetch_site, origin] = [fetch_site, origin].map(|text| text.map(str::to_owned));
            refuse_other_origin(&Request { fetch_site, origin, ..request("") }).is_ok()
        };
        assert!(sent(Some("same-origin"), None) && sent(None, Some("http://127.0.0.1:80")));
        assert!(sent(Some("same-origin"), Some("https://proxy.example")));
        for (fetch_site, origin) in [
            (Some("same-site"), Some("http://127.0.0.1:80")),
            (Some("cross-site"), None),
            (Some("none"), None),
            (None, Some("http://127.0.0.1:81")),
            (None, Some("null")),
            (None, None),
        ] {
            assert!(!sent(fetch_site, origin), "{fetch_site:?} {origin:?}");
        }
    }
}
