//! Faults of gateways, proxies and servers: which request meets which, and what becomes of its reply.

use std::collections::HashSet;
use std::sync::Arc;

use crate::quirks::{Quirk, Quirks};
use crate::reply::{Delivery, Refusal, Reply};
use crate::tenant::Tenant;
use crate::value::{SECOND, http_date};

/// The most rows of a page that a gateway waits for under Q28.
const MOST_ROWS: usize = 250;
/// Faults that meet a request now and then.
const SPORADIC: [Quirk; 7] = [
    Quirk::TooMany,
    Quirk::HtmlUnavailable,
    Quirk::Silent,
    Quirk::BrokenBody,
    Quirk::CutJson,
    Quirk::ServerError,
    Quirk::Unauthorized,
];

/// The faults of a mock.
#[derive(Debug)]
pub(crate) struct Faults {
    /// Every request of this number meets one; 1: all of them.
    pub(crate) every: u64,
    /// The time for which Q29 keeps a connection open, in milliseconds.
    pub(crate) hang_ms: u64,
    /// The lists that are answered before all others are 403; `None`: any number.
    pub(crate) lists_left: Option<u64>,
    seen: u64,
    /// Requests that met a fault last: repeated once, they are answered.
    met: HashSet<String>,
}

impl Faults {
    pub(crate) fn new(every: u64, hang_ms: u64) -> Self {
        Self { every: every.max(1), hang_ms, lists_left: None, seen: 0, met: HashSet::new() }
    }

    /// The fault that a request meets; `size` is that of a page, for lists only.
    pub(crate) fn next(&mut self, quirks: Quirks, target: &str, size: Option<usize>) -> Option<Quirk> {
        if size.is_some() {
            match &mut self.lists_left {
                Some(0) => return Some(Quirk::Forbidden),
                Some(left) => *left -= 1,
                None => {}
            }
            let lasting = [Quirk::Forbidden, Quirk::Redirect, Quirk::LoginPage];
            if let Some(fault) = lasting.into_iter().find(|fault| quirks.has(*fault)) {
                return Some(fault);
            }
            if quirks.has(Quirk::BigPagesTimeOut) && size > Some(MOST_ROWS) {
                return Some(Quirk::BigPagesTimeOut);
            }
        }
        let possible: Vec<Quirk> = SPORADIC.into_iter().filter(|fault| quirks.has(*fault)).collect();
        if possible.is_empty() || self.met.remove(target) {
            return None;
        }
        self.seen += 1;
        if !self.seen.is_multiple_of(self.every) {
            return None;
        }
        if self.every > 1 {
            self.met.insert(target.to_owned());
        }
        Some(possible[(self.seen / self.every) as usize % possible.len()])
    }

    /// The reply under a fault; `whole` makes the one without.
    pub(crate) fn reply(&self, tenant: &Tenant, fault: Quirk, whole: impl FnOnce() -> Reply) -> Reply {
        match fault {
            Quirk::TooMany => self.too_many(tenant),
            Quirk::HtmlUnavailable => Reply::html(503, "Service Unavailable"),
            Quirk::BigPagesTimeOut => Reply::html(504, "Gateway Time-out"),
            Quirk::Silent => Reply::json(200, String::new()).delivered(Delivery::Never(self.hang_ms)),
            Quirk::BrokenBody => whole().delivered(Delivery::Half),
            Quirk::CutJson => {
                let reply = whole();
                let half: Arc<[u8]> = reply.body[..reply.body.len() / 2].into();
                Reply { body: half, ..reply }
            }
            Quirk::LoginPage => Reply::html(200, "Sign in"),
            Quirk::Redirect => Reply::html(302, "Found").with("Location", format!("{}/login", tenant.other_host)),
            Quirk::ServerError => Refusal::new(500, "UNHANDLED_ERROR", "An unexpected error occurred").reply(self.seen),
            Quirk::Forbidden => {
                Refusal::new(403, "PERMISSION_DENIED", "lgfapi_read_access is missing").reply(self.seen)
            }
            _ => Refusal::new(401, "AUTHENTICATION_FAILED", "Invalid credentials").reply(self.seen),
        }
    }

    fn too_many(&self, tenant: &Tenant) -> Reply {
        let reply = Refusal::new(429, "THROTTLED", "Too many requests").reply(self.seen);
        match self.seen / self.every % 3 {
            0 => reply.with("Retry-After", "1"),
            1 => reply.with("Retry-After", http_date(tenant.now + SECOND)),
            _ => reply,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_met_a_fault_is_answered_when_it_is_repeated() {
        let quirks = [Quirk::TooMany, Quirk::ServerError].into_iter().collect();
        let mut faults = Faults::new(2, 0);
        let met: Vec<_> = ["a", "b", "b", "c", "d"].map(|target| faults.next(quirks, target, Some(10))).into();
        assert_eq!(met, [None, Some(Quirk::ServerError), None, None, Some(Quirk::TooMany)]);
        let mut always = Faults::new(1, 0);
        assert!((0..3).all(|_| always.next(quirks, "a", None).is_some()));
        let big = [Quirk::BigPagesTimeOut].into_iter().collect();
        assert_eq!(always.next(big, "a", Some(251)), Some(Quirk::BigPagesTimeOut));
        assert_eq!(always.next(big, "a", Some(250)), None);
    }
}
