//! Reading a request and writing a reply. A request has limits of size and time, and a connection ends with its reply.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::exchange::{Refusal, Reply, Request};
use super::{Site, routes};

/// The most bytes of a request's head.
const MOST_HEAD: usize = 16 << 10;
const MOST_HEADERS: usize = 64;
/// The most bytes of a request's body.
const MOST_BODY: usize = 64 << 10;
/// The time for a whole request, and for each write of a reply.
const PATIENCE: Duration = Duration::from_secs(10);
/// The headers of each reply: nothing of it is kept, sniffed or framed.
const HEADERS: &str = "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n\
                       Connection: close\r\n";
/// The headers of what is no page: nothing of it is run.
const NO_PAGE: &str =
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nReferrer-Policy: no-referrer\r\n";
/// The headers of a page: it runs and shows only what this server has in files of their own. With `no-referrer` a browser would
/// not name the page that sends a form.
const PAGE: &str = "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; \
                    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r\n\
                    Referrer-Policy: same-origin\r\n";

/// Answers the request of a connection.
pub(super) fn serve(mut stream: TcpStream, site: &Site) {
    let _ = stream.set_write_timeout(Some(PATIENCE));
    let (reply, request) = match read(&mut stream) {
        Ok(None) => return,
        Ok(Some(request)) => (routes::answer(site, &request), Some(request)),
        Err(refusal) => (Reply::refusal(refusal), None),
    };
    // A sign-in may end while its page listens.
    let may_listen = || {
        let is_signed_in = |request: &Request| request.token.is_some() || site.sessions.viewer(request).is_some();
        request.as_ref().is_some_and(is_signed_in)
    };
    // A reader that went away needs no reply.
    let _ = match reply {
        Reply::Body(status, kind, body) => {
            write(&mut stream, status, &format!("Content-Type: {kind}\r\n{NO_PAGE}"), &body)
        }
        Reply::Page(status, html) => {
            write(&mut stream, status, &format!("Content-Type: text/html; charset=utf-8\r\n{PAGE}"), html.as_bytes())
        }
        Reply::Lead(to, cookie) => {
            let cookie = cookie.map(|cookie| format!("Set-Cookie: {cookie}\r\n")).unwrap_or_default();
            write(&mut stream, 303, &format!("Location: {to}\r\n{cookie}{NO_PAGE}"), b"")
        }
        Reply::Feed => {
            let begin = format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{HEADERS}{NO_PAGE}\r\n");
            stream.write_all(begin.as_bytes()).map(|()| site.feed.write_to(&mut stream, may_listen))
        }
    };
}

/// Refuses a connection beyond the limit.
pub(super) fn refuse_busy(mut stream: TcpStream) {
    let _ = stream.set_write_timeout(Some(Duration::from_millis(100)));
    let _ = stream.write_all(
        b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
}

fn write(stream: &mut TcpStream, status: u16, headers: &str, body: &[u8]) -> std::io::Result<()> {
    let reason = match status {
        200 => "OK",
        202 => "Accepted",
        303 => "See Other",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Content Too Large",
        421 => "Misdirected Request",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    };
    let challenge = if status == 401 { "WWW-Authenticate: Bearer\r\n" } else { "" };
    let length = body.len();
    let head = format!("HTTP/1.1 {status} {reason}\r\nContent-Length: {length}\r\n{challenge}{headers}{HEADERS}\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}

/// Reads a request; `None` if the connection ends before one.
fn read(stream: &mut TcpStream) -> Result<Option<Request>, Refusal> {
    let until = Instant::now() + PATIENCE;
    let mut bytes = Vec::new();
    loop {
        if let Some((mut request, head, length)) = head(&bytes)? {
            // A body that is left unread would reset the connection before the reply.
            while bytes.len() < head + length {
                if !more(stream, &mut bytes, until)? {
                    return Err(Refusal(400, "the body is shorter than its Content-Length".to_owned()));
                }
            }
            request.body = bytes[head..head + length].to_vec();
            return Ok(Some(request));
        }
        if bytes.len() > MOST_HEAD {
            return Err(large_head());
        }
        if !more(stream, &mut bytes, until)? {
            return if bytes.is_empty() { Ok(None) } else { Err(Refusal(400, "the request is cut off".to_owned())) };
        }
    }
}

fn large_head() -> Refusal {
    Refusal(431, format!("the head of the request has more than {MOST_HEAD} bytes"))
}

/// Reads what has come; returns false at the end of the connection.
fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>, until: Instant) -> Result<bool, Refusal> {
    let late = || Refusal(408, format!("the request took longer than {} s", PATIENCE.as_secs()));
    let left = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()).ok_or_else(late)?;
    let mut part = [0; 4_096];
    let read = stream.set_read_timeout(Some(left)).and_then(|()| stream.read(&mut part)).map_err(|_| late())?;
    bytes.extend_from_slice(&part[..read]);
    Ok(read > 0)
}

/// Reads the head of a request: the request, the length of the head and that of the body; `None` if more has to come.
fn head(bytes: &[u8]) -> Result<Option<(Request, usize, usize)>, Refusal> {
    let bad = |why: &str| Refusal(400, format!("this is not a request of HTTP/1.1: {why}"));
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let length = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length > MOST_HEAD => return Err(large_head()),
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Refusal(431, format!("more than {MOST_HEADERS} headers"))),
        Err(error) => return Err(bad(&error.to_string())),
    };
    let target = parsed.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        ..Request::default()
    };
    let mut body = None;
    for header in parsed.headers.iter() {
        let value = std::str::from_utf8(header.value).map_err(|_| bad("a header is not text"))?.trim();
        match header.name.to_ascii_lowercase().as_str() {
            "host" => request.host = value.to_owned(),
            "authorization" => request.token = value.strip_prefix("Bearer ").map(|token| token.trim().to_owned()),
            "cookie" => request.cookies = value.to_owned(),
            "origin" => request.origin = Some(value.to_owned()),
            "sec-fetch-site" => request.fetch_site = Some(value.to_owned()),
            "transfer-encoding" => return Err(bad("bodies need a Content-Length")),
            "content-length" if body.is_some() => return Err(bad("it has two lengths")),
            "content-length" => body = Some(value.parse().map_err(|_| bad("its Content-Length is no number"))?),
            _ => {}
        }
    }
    let body = body.unwrap_or(0);
    if body > MOST_BODY {
        return Err(Refusal(413, format!("the body has {body} bytes; at most {MOST_BODY} are taken")));
    }
    Ok(Some((request, length, body)))
}
