//! Responses without end, without sense, or too large: each is a clear failure within its limit.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_schema::{DataType, Field};
use wmshost_flow::{Failure, FailureKind, JsonColumn, JsonPlace, JsonRows, RowsOf};
use wmshost_pipeline::{SignIn, WebService};

use crate::server::{Reply, Server, get, session};

/// Writes until nobody listens any more, for at most ten seconds.
fn for_ever(stream: &mut TcpStream, begin: &[u8], again: &[u8]) {
    let begun = Instant::now();
    let mut sent = stream.write_all(begin);
    while sent.is_ok() && begun.elapsed() < Duration::from_secs(10) {
        sent = stream.write_all(again);
    }
}

const HEAD: &[u8] = b"HTTP/1.1 200 -\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";

#[test]
fn everything_without_end_has_one() {
    let drip = |stream: &mut TcpStream| {
        let begun = Instant::now();
        while stream.write_all(b"1\r\n \r\n").is_ok() && begun.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&vec![b' '; 32 << 20]).expect("packed");
    let bomb = packer.finish().expect("packed");
    for (name, kind, words) in [
        ("body", FailureKind::Limit, "limit body_mib: 1048576 bytes allowed"),
        ("bomb", FailureKind::Limit, "limit body_mib: 1048576 bytes allowed"),
        ("slow", FailureKind::Timeout, "limit body_timeout: 1s allowed"),
        ("silent", FailureKind::Timeout, "limit response_timeout: 1s allowed"),
        ("slow-head", FailureKind::Timeout, "limit response_timeout: 1s allowed"),
        ("header", FailureKind::Limit, "limit header_kib: 4096 bytes allowed"),
        ("headers", FailureKind::Permanent, "too many headers"),
    ] {
        let bomb = if name == "bomb" { bomb.clone() } else { Vec::new() };
        let server = Server::start(move |_, _| match name {
            "body" => Reply::raw(|stream| {
                let chunk = format!("{:x}\r\n{}\r\n", 65_536, " ".repeat(65_536));
                for_ever(stream, HEAD, chunk.as_bytes());
            }),
            "bomb" => Reply::Plain(200, "content-encoding: gzip\r\n", bomb.clone()),
            "slow" => Reply::raw(move |stream| {
                let _ = stream.write_all(HEAD);
                drip(stream);
            }),
            "silent" => Reply::raw(|_| std::thread::sleep(Duration::from_secs(5))),
            "slow-head" => Reply::raw(|stream| {
                let _ = stream.write_all(b"HTTP/1.1 200 -\r\nx: ");
                let begun = Instant::now();
                while stream.write_all(b"y").is_ok() && begun.elapsed() < Duration::from_secs(5) {
                    std::thread::sleep(Duration::from_millis(50));
                }
            }),
            "header" => Reply::raw(|stream| for_ever(stream, b"HTTP/1.1 200 -\r\nx: ", &[b'y'; 1_000])),
            _ => Reply::raw(|stream| for_ever(stream, b"HTTP/1.1 200 -\r\n", b"x-header: 0123456789abcdef\r\n")),
        });
        // Only what is slow on purpose may meet a limit of time, however busy the machine is.
        let patience = Duration::from_secs(if kind == FailureKind::Timeout { 1 } else { 60 });
        let service = WebService {
            body_bytes: 1 << 20,
            header_bytes: 4 << 10,
            body_timeout: patience,
            response_timeout: patience,
            ..server.service(SignIn::None)
        };
        let begun = Instant::now();
        let failure = get(&mut session(&service), "a").err().unwrap_or_else(|| panic!("{name} is a response"));
        assert_eq!((failure.kind, failure.to_string().contains(words)), (kind, true), "{name}: {failure}");
        assert!(begun.elapsed() < Duration::from_secs(30), "{name} took {:?}", begun.elapsed());
        let tries = if kind == FailureKind::Timeout { 2 } else { 1 };
        assert_eq!(server.got().len(), tries, "{name}: a smaller request may help, the same one does not");
    }
}

#[test]
fn what_is_no_http_is_said_so() {
    for (name, bytes) in [
        ("nonsense", &b"SSH-2.0-OpenSSH_9.2\r\n\r\n"[..]),
        ("two lengths", b"HTTP/1.1 200 -\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"),
        ("other packing", b"HTTP/1.1 200 -\r\ncontent-encoding: zstd\r\ncontent-length: 2\r\n\r\n{}"),
        ("damaged packing", b"HTTP/1.1 200 -\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}"),
    ] {
        let server = Server::start(move |_, _| Reply::raw(move |stream| drop(stream.write_all(bytes))));
        let service = WebService { request_retries: 0, ..server.service(SignIn::None) };
        let failure = get(&mut session(&service), "a").err().unwrap_or_else(|| panic!("{name} is a response"));
        assert!(matches!(failure.kind, FailureKind::Permanent | FailureKind::Transient), "{name}: {failure}");
    }
}

fn rows(body: Vec<u8>) -> Result<JsonRows, Failure> {
    let server = Server::start(move |_, _| Reply::Plain(200, "content-type: application/json\r\n", body.clone()));
    let column = |name: &str, kind| JsonColumn {
        field: Arc::new(Field::new(name, kind, true)),
        place: JsonPlace::Path { names: vec![name.to_owned()], or_bare: false },
    };
    let columns = [column("id", DataType::Int64), column("text", DataType::Utf8)];
    get(&mut server.session(), "a")?.rows("/results", RowsOf::Elements, &columns)
}

#[test]
fn documents_that_are_not_what_they_should_be_are_said_so() {
    let deep = format!("{{\"results\": {}1{}}}", "[".repeat(500_000), "]".repeat(500_000));
    for (body, words) in [
        (b"{\"results\": [{\"text\": \"\xff\xfe\"}]}".to_vec(), "not UTF-8 from byte 23 on"),
        (b"{\"results\": [{\"id\": 1}, {\"id\": }".to_vec(), "expected value"),
        (b"{\"results\": [{\"id\": 1}]} {}".to_vec(), "trailing characters"),
        (b"{\"results\": {\"id\": 1}}".to_vec(), "expected a list"),
        (b"{\"results\": \"a secret value\"}".to_vec(), "expected a list"),
        (b"{\"other\": []}".to_vec(), "nothing at /results"),
        (b"{\"results\": [], \"results\": []}".to_vec(), "the member results twice"),
        (b"{\"results\": [{\"id\": 01}]}".to_vec(), "invalid number"),
        (format!("{{\"results\": [{}0]}}", "0,".repeat(100_001)).into_bytes(), "limit rows of a document"),
    ] {
        let failure = rows(body).expect_err(words);
        assert!(failure.to_string().contains(words), "{words}: {failure}");
        assert!(!failure.to_string().contains("a secret value"), "{failure}");
    }
    let made = rows(deep.into_bytes()).expect("one row that is a list");
    assert_eq!((made.batch.rows.num_rows(), made.batch.rejected.len()), (0, 1));
}

#[test]
fn a_bad_row_leaves_the_others_alone_and_its_size_has_an_end() {
    let number = "7".repeat(10 << 20);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = format!(
        "{{\"results\": [{{\"id\": 1}}, {{\"id\": {number}}}, {{\"id\": 2, \"id\": 2}}, {{\"id\": {deep}}}, \
         {{\"text\": \"\\ud800\", \"id\": 3}}, {{\"id\": 4, \"text\": \"\\u0000\", \"other\": {deep}}}]}}"
    );
    let made = rows(body.into_bytes()).expect("rows");
    assert_eq!((made.batch.rows.num_rows(), made.batch.rejected.len()), (2, 4));
    let reasons: Vec<&str> = made.batch.rejected.iter().map(|row| row.reason.as_str()).collect();
    for (reason, words) in reasons.iter().zip(["more than 64 bits", "twice", "a list", "surrogate"]) {
        assert!(reason.contains(words), "{words}: {reason}");
    }
    let kept: usize =
        made.batch.rejected.iter().map(|row| row.row.len() + row.value.as_ref().map_or(0, String::len)).sum();
    assert!(kept < 10_000, "{kept} bytes are kept");
}
