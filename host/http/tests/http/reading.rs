//! Requests, responses and further tries.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Decimal128Type, Int64Type, TimestampMicrosecondType};
use arrow_schema::{DataType, Field, TimeUnit};
use wmshost_flow::{Cancel, FailureKind, JsonColumn, JsonPlace, RowsOf, ServiceRequest};
use wmshost_pipeline::{SignIn, WebService};

use crate::server::{Reply, Server, get, session};

fn column(name: &str, kind: DataType, path: &[&str]) -> JsonColumn {
    let names = path.iter().map(|name| (*name).to_owned()).collect();
    let place = JsonPlace::Path { names, or_bare: true };
    JsonColumn { field: Arc::new(Field::new(name, kind, true)), place }
}

#[test]
fn a_page_becomes_rows() {
    let page = r#"{"result_count": 2, "next_page": null, "results": [
        {"id": 1, "qty": "0.50", "facility_id": {"id": 7, "key": "F"}, "mod_ts": "2026-01-31T00:00:00+01:00", "new": 1},
        {"qty": 12e1, "facility_id": 8, "id": "9007199254740993", "mod_ts": null},
        {"id": 3, "qty": "poison", "facility_id": null, "mod_ts": "2026-13-01T00:00:00Z"},
        {"id": 4, "id": 5}, 7]}"#;
    let server = Server::start(move |_, _| Reply::json(page));
    let response = get(&mut server.session(), "entity/allocation/").expect("a response");
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let columns = [
        column("id", DataType::Int64, &["id"]),
        column("qty", DataType::Decimal128(38, 10), &["qty"]),
        column("facility_id", DataType::Int64, &["facility_id", "id"]),
        column("mod_ts", utc, &["mod_ts"]),
        column("gone", DataType::Utf8, &["gone"]),
    ];
    let made = response.rows("/results", RowsOf::Elements, &columns).expect("rows");
    let rows = &made.batch.rows;
    assert_eq!(rows.column(0).as_primitive::<Int64Type>().values(), &[1, 9_007_199_254_740_993]);
    assert_eq!(rows.column(1).as_primitive::<Decimal128Type>().values(), &[5_000_000_000, 1_200_000_000_000]);
    assert_eq!(rows.column(2).as_primitive::<Int64Type>().values(), &[7, 8]);
    assert_eq!(rows.column(3).as_primitive::<TimestampMicrosecondType>().value(0), 1_769_814_000_000_000);
    assert_eq!((made.other_members, made.absent_columns), (vec!["new".to_owned()], vec!["gone".to_owned()]));
    let rejected: Vec<_> =
        made.batch.rejected.iter().map(|row| (row.place, row.reason.as_str(), row.row.as_str())).collect();
    assert_eq!(rejected[0].0, Some(2));
    assert!(
        rejected[0].1.contains("column qty, Decimal128(38, 10), holds a value that is not a number"),
        "{rejected:?}"
    );
    assert!(rejected[0].2.contains(r#""id":3,"qty":"poison""#) && !rejected[0].1.contains("poison"), "{rejected:?}");
    assert!(rejected[1].1.contains("the member id twice") && rejected[2].1.contains("not an object"), "{rejected:?}");
}

#[test]
fn an_object_becomes_a_row_for_each_member_or_one_row() {
    let body = r#"{"fields": {"id": {"type": "integer"}, "qty": {"type": "number", "required": true}}}"#;
    let server = Server::start(move |_, _| Reply::json(body));
    let response = get(&mut server.session(), "entity/item/describe/").expect("a response");
    let name = JsonColumn { field: Arc::new(Field::new("name", DataType::Utf8, true)), place: JsonPlace::MemberName };
    let columns = [name, column("type", DataType::Utf8, &["type"])];
    let made = response.rows("/fields", RowsOf::Members, &columns).expect("rows").batch.rows;
    let texts = |at: usize| made.column(at).as_string::<i32>().iter().flatten().collect::<Vec<_>>();
    assert_eq!((texts(0), texts(1)), (vec!["id", "qty"], vec!["integer", "number"]));
    let one = response.rows("", RowsOf::Document, &[column("type", DataType::Utf8, &["fields", "id", "type"])]);
    assert_eq!(one.expect("a row").batch.rows.column(0).as_string::<i32>().value(0), "integer");
    let missing = response.rows("/results", RowsOf::Elements, &columns).expect_err("nothing there");
    assert_eq!(missing.kind, FailureKind::Transient);
}

#[test]
fn only_the_path_and_the_parameters_are_the_plugins() {
    let server = Server::start(|_, _| Reply::json("{}"));
    let mut session = server.session();
    let parameters = vec![("ordering".to_owned(), "-id".to_owned()), ("t".to_owned(), "a b&c=d".to_owned())];
    for is_head in [false, true] {
        let request = ServiceRequest { is_head, path: "entity/item/".to_owned(), parameters: parameters.clone() };
        let response = session.send(&request, &Cancel::default()).expect("a response");
        assert_eq!(response.facts().status, 200);
    }
    let got = server.got();
    assert_eq!(got.iter().map(|got| got.method.as_str()).collect::<Vec<_>>(), ["GET", "HEAD"]);
    assert_eq!(got[0].path, "/env/entity/item/?ordering=-id&t=a%20b%26c%3Dd");
    assert!(got[0].head.contains("accept: application/json") && got[0].body.is_empty(), "{got:?}");
}

#[test]
fn packed_bodies_are_unpacked() {
    let server = Server::start(|_, _| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(format!("[{}1]", "1,".repeat(1_000)).as_bytes()).expect("packed");
        Reply::Plain(200, "content-encoding: gzip\r\n", packer.finish().expect("packed"))
    });
    let response = get(&mut server.session(), "a").expect("a response");
    assert!(response.facts().bytes == 2_003 && response.facts().received_bytes < 100, "{:?}", response.facts());
    assert_eq!(response.body().len(), 2_003);
}

#[test]
fn what_may_pass_is_tried_again_and_nothing_of_a_broken_body_is_used() {
    let server = Server::start(|_, number| match number {
        0 => Reply::status(503, "retry-after: 0\r\n"),
        1 => Reply::raw(|stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 -\r\ncontent-length: 100\r\n\r\n{\"results\": [");
        }),
        2 => Reply::Plain(200, "content-type: text/html\r\n", b"<html>Maintenance</html>".to_vec()),
        3 => Reply::Plain(200, "content-type: application/json\r\n", b"{\"results\": [{".to_vec()),
        _ => Reply::json(r#"{"results": []}"#),
    });
    let response = get(&mut server.session(), "a").expect("the fifth answer");
    assert_eq!((response.body(), server.got().len()), (&br#"{"results": []}"#[..], 5));
}

#[test]
fn a_service_that_stays_busy_is_left_alone_after_the_last_try() {
    let server = Server::start(|_, _| Reply::Plain(429, "retry-after: 0\r\n", b"slow down".to_vec()));
    let service = WebService { request_retries: 9, retry_budget: 3, ..server.service(SignIn::None) };
    let client = wmshost_http::open("cloud", &service).expect("a client");
    for (stream, tries) in [("a", 4), ("b", 5)] {
        let failure = get(&mut client.session(stream), "entity/item/").err().expect("busy");
        assert_eq!((failure.kind, server.got().len()), (FailureKind::Transient, tries), "{failure}");
        let words = "service cloud, entity/item/: it answered 429: slow down";
        assert!(failure.to_string().contains(words), "{failure}");
    }
}

#[test]
fn what_a_smaller_request_may_help_against_is_the_plugins_to_decide() {
    let server = Server::start(|got, _| match got.path.as_str() {
        "/env/gateway" => Reply::status(504, ""),
        "/env/fault" => Reply::Plain(500, "", br#"{"reference": "r-1", "code": "FAULT"}"#.to_vec()),
        "/env/field" => Reply::Plain(400, "", b"{\"details\": {\"ordering\":\n [\"no\"]}}".to_vec()),
        _ => Reply::status(404, "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
    });
    let mut session = server.session();
    let mut facts = |path: &str| get(&mut session, path).expect("a response").facts().clone();
    assert_eq!(facts("gateway").status, 504);
    assert_eq!(facts("fault").problem, r#"{"reference": "r-1", "code": "FAULT"}"#);
    assert_eq!(facts("field").problem, r#"{"details": {"ordering": ["no"]}}"#);
    let none = facts("none");
    assert_eq!((none.status, none.date), (404, Some(784_111_777_000_000)));
    assert_eq!(server.got().iter().filter(|got| got.path == "/env/fault").count(), 3, "a fault is tried again twice");
}

#[test]
fn a_request_to_stop_ends_the_waiting() {
    let server = Server::start(|_, _| Reply::status(503, "retry-after: 60\r\n"));
    let cancel = Cancel::default();
    let (stop, begun) = (cancel.clone(), Instant::now());
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        stop.set();
    });
    let request = ServiceRequest { is_head: false, path: "a".to_owned(), parameters: Vec::new() };
    let failure = session(&server.service(SignIn::None)).send(&request, &cancel).err().expect("stopped");
    assert_eq!(failure.kind, FailureKind::Cancelled);
    assert!(begun.elapsed() < Duration::from_secs(5));
}
