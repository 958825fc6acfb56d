//! The consequences of a response, or of there being none.
//!
//! | response | consequence |
//! |---|---|
//! | 2xx with JSON, 304, 400, 404 and other faults of the request | it is the plugin's |
//! | 2xx with a page, or with JSON that is cut off | again, like 503 |
//! | 3xx | a failure: no redirect is followed |
//! | 401 | a new token once, then a failure after which nothing is sent |
//! | 403 | a failure |
//! | 409, 429, 502, 503 and the like | again after a pause, as long as the service asks for |
//! | 500 | again a few times, then the plugin's: a smaller request may help |
//! | 504 | the plugin's: a smaller request may help |
//! | a time limit | again once, then like a size limit |
//! | a size limit | a failure of the kind `limit`: a smaller request may help |
//! | no connection, or a broken one | again after a pause |

use std::fmt;
use std::time::Duration;

use wmshost_flow::Failure;

use crate::exchange::{Received, Trouble};
use crate::problem;
use wmshost_json::http_date;

/// The most further tries after a 500.
const FAULT_RETRIES: u32 = 2;

/// The consequence of a response.
pub(crate) enum Verdict {
    /// The response is the plugin's.
    Done(Received),
    /// The credentials, or the token, were refused; with the service's words.
    Unauthorized(String),
    /// A further try may help. With the pause that the service asks for, and the response to pass on after the last try.
    Again { why: String, asked: Option<Duration>, last: Option<Received> },
    /// Nothing helps.
    Stop(Failure),
}

/// Returns the consequence of a try; `tries` is the number of tries before it.
pub(crate) fn verdict(received: Result<Received, Trouble>, tries: u32, secrets: &[String]) -> Verdict {
    let received = match received {
        Ok(received) => received,
        Err(trouble) => return of_trouble(trouble, tries),
    };
    let said = || problem::words(&received.body, secrets);
    let again = |why: String, asked| Verdict::Again { why, asked, last: None };
    match received.status {
        200..=299 => match flaw(&received) {
            Some(flaw) => again(flaw.to_owned(), None),
            None => Verdict::Done(received),
        },
        304 => Verdict::Done(received),
        100..=399 => {
            let to = received.header("location").map_or_else(|| "no address".to_owned(), host_of);
            Verdict::Stop(
                Failure::permanent(format!(
                    "it answered {} and points to {to}, which is not followed",
                    received.status
                ))
                .advise("the service may be in maintenance, or the address is that of a page to sign in: check `url`"),
            )
        }
        401 => Verdict::Unauthorized(said()),
        403 => Verdict::Stop(
            Failure::invalid_config(format!("it answered 403: {}", said()))
                .advise("ask the service's administrator for the permission to read"),
        ),
        500 if tries < FAULT_RETRIES => {
            Verdict::Again { why: format!("it answered 500: {}", said()), asked: None, last: Some(received) }
        }
        500 | 504 => Verdict::Done(received),
        status @ (408 | 409 | 425 | 429 | 501..) => {
            again(format!("it answered {status}: {}", said()), retry_after(&received))
        }
        _ => Verdict::Done(received),
    }
}

fn of_trouble(trouble: Trouble, tries: u32) -> Verdict {
    match trouble {
        Trouble::Connection(why) => {
            let why = format!("{why} (check `url`, the network and `proxy`)");
            Verdict::Again { why, asked: None, last: None }
        }
        // It may have been lost; a second time it is too much for the service.
        Trouble::Time(..) if tries == 0 => Verdict::Again { why: trouble.to_string(), asked: None, last: None },
        Trouble::Time(name, limit) => Verdict::Stop(Failure::timeout(name, format_args!("{limit:?}"))),
        Trouble::Size(name, most) => Verdict::Stop(Failure::limit(name, format_args!("{most} bytes"), "more")),
        Trouble::Refused(why, advice) => Verdict::Stop(Failure::denied(why).advise(advice)),
        Trouble::Malformed(why) => Verdict::Stop(Failure::permanent(why).advise("check `url`")),
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(why) | Self::Refused(why, _) | Self::Malformed(why) => f.write_str(why),
            Self::Time(name, limit) => write!(f, "no answer within {limit:?} ({name})"),
            Self::Size(name, most) => write!(f, "an answer of more than {most} bytes ({name})"),
        }
    }
}

/// Returns the reason why a response with a status of 2xx cannot be the service's data.
fn flaw(received: &Received) -> Option<&'static str> {
    let body = received.body.trim_ascii();
    if body.is_empty() {
        return None;
    }
    let kind = received.header("content-type").unwrap_or_default().to_ascii_lowercase();
    if kind.contains("html") || problem::is_page(body) && !kind.contains("xml") {
        return Some("it answered with a page instead of data: maintenance, a page to sign in, or a proxy");
    }
    let ends = matches!((body.first(), body.last()), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')));
    (kind.contains("json") && !ends).then_some("its answer is cut off, or not JSON")
}

/// The pause that a service asks for: seconds, or a date that is compared with its own clock.
pub(crate) fn retry_after(received: &Received) -> Option<Duration> {
    let asked = received.header("retry-after")?.trim();
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let now = received.header("date").and_then(http_date)?;
    let micros = http_date(asked)?.saturating_sub(now);
    Some(Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
}

/// The host of an address, which may be one that nobody should see whole.
fn host_of(address: &str) -> String {
    match address.split_once("://") {
        Some((_, rest)) => {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = host.rsplit('@').next().unwrap_or_default();
            host.chars().filter(|c| c.is_ascii_graphic()).take(100).collect()
        }
        None => "another path".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use wmshost_flow::{FailureKind, RowsOf};

    use super::*;
    use wmshost_json::{Reading, rows_of};

    fn received(status: u16, headers: &[(&'static str, &str)], body: &str) -> Received {
        let headers = headers
            .iter()
            .map(|(name, value)| (ureq::http::HeaderName::from_static(name), value.parse().expect("a value")));
        let body = body.as_bytes().to_vec();
        Received { status, headers: headers.collect(), received_bytes: body.len() as u64, body }
    }

    const JSON: (&str, &str) = ("content-type", "application/json");

    #[test]
    fn every_status_has_its_consequence() {
        let of = |status| match verdict(Ok(received(status, &[JSON], "{}")), 9, &[]) {
            Verdict::Done(_) => "done",
            Verdict::Unauthorized(_) => "unauthorized",
            Verdict::Again { .. } => "again",
            Verdict::Stop(_) => "stop",
        };
        for (status, consequence) in [
            (200, "done"),
            (204, "done"),
            (304, "done"),
            (302, "stop"),
            (307, "stop"),
            (400, "done"),
            (401, "unauthorized"),
            (403, "stop"),
            (404, "done"),
            (405, "done"),
            (409, "again"),
            (429, "again"),
            (500, "done"),
            (502, "again"),
            (503, "again"),
            (504, "done"),
            (599, "again"),
        ] {
            assert_eq!(of(status), consequence, "{status}");
        }
        assert!(matches!(verdict(Ok(received(500, &[], "")), 0, &[]), Verdict::Again { last: Some(_), .. }));
    }

    #[test]
    fn a_page_and_a_body_that_is_cut_off_are_no_data() {
        for (headers, body) in [
            ([("content-type", "text/html")], "hello"),
            ([JSON], "<html>"),
            ([JSON], "{\"results\": [{\"id\": 1"),
            ([JSON], "OK"),
        ] {
            assert!(matches!(verdict(Ok(received(200, &headers, body)), 0, &[]), Verdict::Again { .. }), "{body}");
        }
        // One that ends after a row is found by the reader of its rows.
        let cut = "{\"results\": [{\"id\": 1}";
        assert!(flaw(&received(200, &[JSON], cut)).is_none());
        let found = rows_of(cut.as_bytes(), "/results", RowsOf::Elements, &[], Reading::STRICT);
        assert_eq!(found.err().map(|failure| failure.kind), Some(FailureKind::Transient));
        assert!(flaw(&received(200, &[JSON], " [1] \n")).is_none());
        assert!(flaw(&received(200, &[("content-type", "text/csv")], "a,b")).is_none());
    }

    #[test]
    fn a_pause_is_read_as_seconds_or_by_the_services_own_clock() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let after = |headers: &[(&'static str, &str)]| retry_after(&received(429, headers, ""));
        assert_eq!(after(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(after(&[("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT"), date]), Some(Duration::from_secs(30)));
        assert_eq!(after(&[("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"), date]), Some(Duration::ZERO));
        assert_eq!((after(&[("retry-after", "soon")]), after(&[])), (None, None));
    }

    #[test]
    fn a_redirect_shows_its_host_only() {
        assert_eq!(host_of("https://user:secret@evil.example:8443/a?token=hidden"), "evil.example:8443");
        assert_eq!(host_of("/login?next=x"), "another path");
    }
}
