//! The servers: connections that stay open, signing in, and the other host.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::auth::{CLIENT_ID, CLIENT_SECRET, PASSWORD, SCOPE, USER};
use crate::quirks::Quirk;
use crate::text::{base64, percent};
use crate::{Mock, Options, Stray};

/// A connection of a client.
struct Client(BufReader<TcpStream>);

impl Client {
    fn to(url: &str) -> Self {
        let host = url.strip_prefix("http://").and_then(|rest| rest.split('/').next()).expect("an address");
        Self(BufReader::new(TcpStream::connect(host).expect("a connection")))
    }

    /// The status, the head and the body of the reply to a request.
    fn ask(&mut self, method: &str, path: &str, authorization: &str, body: &str) -> (u16, String, String) {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: mock\r\nAuthorization: {authorization}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.0.get_mut().write_all(request.as_bytes()).expect("a request");
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") && self.0.read_line(&mut head).expect("a head") > 0 {}
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "))
            .map_or(0, |text| text.parse().expect("a length"));
        let mut body = vec![0; if method == "HEAD" { 0 } else { length }];
        self.0.read_exact(&mut body).expect("a body");
        (head[9..12].parse().expect("a status"), head, String::from_utf8(body).expect("a text"))
    }
}

fn basic(name: &str, secret: &str) -> String {
    format!("Basic {}", base64(format!("{name}:{secret}").as_bytes()))
}

fn mock(options: Options) -> Mock {
    Mock::start(&Options { allocations: 40, ..options }).expect("a mock")
}

#[test]
fn a_connection_serves_many_requests() {
    let mock = mock(Options::default());
    let mut client = Client::to(&mock.host_url());
    let right = basic(USER, PASSWORD);
    for _ in 0..3 {
        let (status, head, body) = client.ask("GET", "/dev/wms/lgfapi/v10/entity/uom/", &right, "");
        assert!(
            status == 200 && head.contains("Date: Tue, 30 Jun 2026 21:00:") && body.contains("\"EA\""),
            "{head}{body}"
        );
    }
    assert_eq!(client.ask("HEAD", "/dev/wms/lgfapi/v10/entity/uom/", &right, "").0, 200);
    assert_eq!(client.ask("POST", "/dev/wms/lgfapi/v10/entity/uom/", &right, "{}").0, 405);
    assert_eq!(client.ask("GET", "/dev/wms/lgfapi/v10/entity/uom/", &basic(USER, "wrong"), "").0, 401);
    assert_eq!(client.ask("GET", "/prod/wms/lgfapi/v10/entity/uom/", &right, "").0, 404);
    let methods: Vec<String> = mock.take_exchanges().into_iter().map(|exchange| exchange.method).collect();
    assert_eq!(methods, ["GET", "GET", "GET", "HEAD", "POST", "GET", "GET"]);
}

#[test]
fn tokens_are_issued_expire_and_die_early() {
    let mock = mock(Options { token_life: Duration::from_secs(1), ..Options::default() });
    let (mut address, mut client) = (Client::to(&mock.token_url()), Client::to(&mock.host_url()));
    let scope = percent(SCOPE);
    let application = basic(&percent(CLIENT_ID), &percent(CLIENT_SECRET));
    let mut token = |form: &str, authorization: &str| {
        let (status, _, body) = address.ask("POST", "/oauth2/v1/token", authorization, form);
        let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        (status, body)
    };
    let (status, granted) = token(&format!("grant_type=client_credentials&scope={scope}"), &application);
    assert_eq!((status, &granted["expires_in"]), (200, &1.into()));
    let by_password = format!("grant_type=password&scope={scope}&username={USER}&password={PASSWORD}");
    let refresh = token(&by_password, &application).1["refresh_token"].as_str().expect("a token").to_owned();
    assert_eq!(token(&format!("grant_type=refresh_token&refresh_token={refresh}"), &application).0, 200);
    assert_eq!(token("grant_type=client_credentials", &application).0, 400);
    assert_eq!(token(&by_password, &basic(CLIENT_ID, "wrong")).0, 401);
    let bearer = format!("Bearer {}", granted["access_token"].as_str().expect("a token"));
    let mut ask = |bearer: &str| client.ask("GET", "/dev/wms/lgfapi/v10/entity/uom/", bearer, "").0;
    mock.set_quirks([Quirk::TokensDieEarly].into_iter().collect());
    assert_eq!((0..13).map(|_| ask(&bearer)).filter(|status| *status == 200).count(), 12);
    mock.set_quirks(Default::default());
    std::thread::sleep(Duration::from_millis(1_050));
    assert_eq!(ask(&bearer), 401);
    assert_eq!(mock.tokens_asked(), 5);
}

#[test]
fn the_other_host_records_what_reaches_it() {
    let mock = mock(Options { quirks: [Quirk::Redirect].into_iter().collect(), ..Options::default() });
    let right = basic(USER, PASSWORD);
    let (status, head, _) = Client::to(&mock.host_url()).ask("GET", "/dev/wms/lgfapi/v10/entity/uom/", &right, "");
    let location = head.lines().find_map(|line| line.strip_prefix("Location: ")).expect("a location");
    assert!(status == 302 && mock.strays().is_empty());
    Client::to(location).ask("GET", "/login", &right, "");
    assert_eq!(mock.strays(), [Stray { target: "/login".into(), has_credentials: true }]);
}

#[test]
fn a_body_that_breaks_is_shorter_than_it_says() {
    let quirks = [Quirk::BrokenBody].into_iter().collect();
    let mock = mock(Options { quirks, fault_every: 1, ..Options::default() });
    let mut client = Client::to(&mock.host_url());
    let authorization = basic(USER, PASSWORD);
    let request = format!("GET /dev/wms/lgfapi/v10/entity/uom/ HTTP/1.1\r\nAuthorization: {authorization}\r\n\r\n");
    client.0.get_mut().write_all(request.as_bytes()).expect("a request");
    let mut all = String::new();
    client.0.read_to_string(&mut all).expect("a reply");
    let (head, body) = all.split_once("\r\n\r\n").expect("a body");
    let length: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .expect("a length")
        .parse()
        .expect("a number");
    assert_eq!(body.len(), length / 2);
}

#[test]
fn a_mock_is_changed_by_requests_only_where_that_is_asked_for() {
    assert_eq!(mock(Options::default()).control_url(), None);
    let mock = mock(Options { control: true, ..Options::default() });
    let mut client = Client::to(&mock.control_url().expect("an address"));
    assert_eq!(client.ask("POST", "/quirks?set=Q6,moving", "", "").2, "Q6 Q10");
    assert_eq!(client.ask("POST", "/quirks?set=Q99", "", "").0, 400);
    let rows =
        |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON").as_array().expect("rows").len();
    assert_eq!(rows(&client.ask("GET", "/truth/allocation", "", "").2), 40);
    assert!(client.ask("POST", "/changes?percent=200", "", "").2.ends_with(" changes"));
    assert!(rows(&client.ask("GET", "/truth/allocation", "", "").2) > 40);
    assert_eq!(client.ask("GET", "/truth/nothing", "", "").0, 404);
}
