//! The HTTP interface of `wmshost serve`: each route answers as its description says, and nobody else is answered.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use serde_json::Value as Json;
use wmshost_tests::TestProject;

use crate::json_schema::mistakes_in;
use crate::receipts::leave_receipts;
use crate::serve::{Server, log, wait_for};

const SOURCE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v INTEGER); INSERT INTO s VALUES (1, 1), (2, 2);";
pub(crate) const TOKEN: &str = "a-token-that-nobody-guesses";
pub(crate) const READ_TOKEN: &str = "another-one-that-only-reads";

/// A server of a project with an address.
pub(crate) struct Site {
    /// Its files, which are removed at the end.
    pub(crate) project: TestProject,
    pub(crate) server: Server,
    pub(crate) address: String,
}

impl Site {
    pub(crate) fn start(rest: &[&str]) -> Self {
        let project = TestProject::with_stream(SOURCE, "schedule = \"0 0 1 1 *\"\nmax_age = \"1h\"");
        leave_receipts(&project, "");
        project.wmshost("run", &[]).succeeded();
        Self::of(project, rest)
    }

    /// A server of this project.
    pub(crate) fn of(mut project: TestProject, rest: &[&str]) -> Self {
        project.set("SERVE_TOKEN", TOKEN);
        project.set("READ_TOKEN", READ_TOKEN);
        let server = Server::start_with(&project, &[&["--listen", "127.0.0.1:0"], rest].concat());
        wait_for("the address", &project, || log(&project).contains("/openapi.json"));
        let said = log(&project);
        let address = said.split("http://").nth(1).and_then(|rest| rest.split(';').next()).expect("an address");
        Self { address: address.to_owned(), project, server }
    }

    pub(crate) fn with_orders() -> Self {
        Self::start(&["--operate-token", "env:SERVE_TOKEN", "--read-token", "env:READ_TOKEN"])
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
        stream
    }

    /// The status and the body of the reply to these bytes.
    fn raw(&self, bytes: &[u8]) -> (u16, String) {
        let (status, _, body) = self.reply(bytes);
        (status, body)
    }

    /// The status, the head and the body of the reply to these bytes.
    pub(crate) fn reply(&self, bytes: &[u8]) -> (u16, String, String) {
        let mut stream = self.connect();
        stream.write_all(bytes).expect("a request");
        let mut reply = Vec::new();
        // A server that refuses a request before its end may reset the connection after the reply.
        let _ = stream.read_to_end(&mut reply);
        let reply = String::from_utf8_lossy(&reply).into_owned();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no reply: {reply:?}"));
        assert!(head.contains("Content-Security-Policy: default-src 'none'"), "{head}");
        (head[9..12].parse().expect("a status"), head.to_owned(), body.to_owned())
    }

    pub(crate) fn ask(&self, method: &str, path: &str, token: Option<&str>) -> (u16, String) {
        let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let address = &self.address;
        self.raw(format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n{authorization}\r\n").as_bytes())
    }

    pub(crate) fn json(&self, path: &str) -> Json {
        let (status, body) = self.ask("GET", path, Some(TOKEN));
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).expect("JSON")
    }
}

#[test]
fn each_route_answers_as_its_description_says_and_orders_need_the_token() {
    let site = Site::with_orders();
    let description = site.json("/openapi.json");
    assert_eq!(description["openapi"], "3.1.0");
    let run_id = site.json("/api/v1/runs")[0]["run_id"].as_str().expect("a run").to_owned();
    let mut orders = 0;
    for (form, operations) in description["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let rights = operation["security"].as_array().expect("rights");
            let method = method.to_uppercase();
            let path = form.replace("{pipeline}", "lab").replace("{run}", &run_id);
            let refusal = &operation["responses"]["default"]["content"]["application/json"]["schema"];
            let is_refused = |path: &str, token, expected| {
                let (status, body) = site.ask(&method, path, token);
                let body: Json = serde_json::from_str(&body).expect("JSON");
                assert_eq!((status, mistakes_in(&description, refusal, &body)), (expected, vec![]), "{method} {path}");
            };
            if form.contains('{') {
                is_refused(&form.replace("{pipeline}", "none").replace("{run}", "none"), Some(TOKEN), 404);
            }
            let token = if rights.is_empty() { None } else { Some(TOKEN) };
            assert_eq!(token.is_some(), form.starts_with("/api/"), "{form}");
            if token.is_some() {
                assert!(rights.iter().any(|right| right["operate"].is_array()), "{form}");
                is_refused(&path, None, 401);
                is_refused(&path, Some("a-token-that-nobody-guessed"), 401);
                is_refused(&format!("{path}?limits=1"), Some(TOKEN), 400);
            }
            if method == "POST" {
                orders += 1;
                is_refused(&path, Some(READ_TOKEN), 401);
            }
            // The only run has ended, and the events do not end.
            if form.ends_with("/cancel") || form.ends_with("/events") {
                continue;
            }
            let (status, body) =
                site.ask(&method, &path, token.map(|token| if method == "GET" { READ_TOKEN } else { token }));
            let documented = &operation["responses"][status.to_string()]["content"];
            assert!(documented.is_object() && status < 300, "{method} {path}: {status} is not documented: {body}");
            if let Some(schema) =
                documented["application/json"]["schema"].as_object().filter(|schema| !schema.is_empty())
            {
                let body: Json = serde_json::from_str(&body).expect("JSON");
                let found = mistakes_in(&description, &Json::Object(schema.clone()), &body);
                assert!(found.is_empty(), "{method} {path}: {found:?}\n{body:#}");
            }
        }
    }
    assert_eq!(orders, 4);
    assert_eq!(site.server.end(), 0);
}

#[test]
fn a_run_is_ordered_and_its_events_metrics_and_log_are_seen() {
    let site = Site::with_orders();
    let mut events = site.connect();
    events
        .write_all(
            format!(
                "GET /api/v1/events HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {READ_TOKEN}\r\n\r\n",
                site.address
            )
            .as_bytes(),
        )
        .expect("a request");
    let mut lines = BufReader::new(events).lines().map(|line| line.expect("a line"));
    assert!(lines.any(|line| line == ": connected"));
    let (status, body) = site.ask("POST", "/api/v1/pipelines/lab/run?stream=%73", Some(TOKEN));
    let ordered: Json = serde_json::from_str(&body).expect("JSON");
    let run_id = ordered["run_id"].as_str().unwrap_or_else(|| panic!("{status} {body}")).to_owned();
    let data = lines.by_ref().take(200).skip_while(|line| line != "event: ended").nth(1).expect("its data");
    assert!(data.contains(&run_id) && data.contains("succeeded"), "{data}");
    let run = site.json(&format!("/api/v1/runs/{run_id}"));
    assert_eq!((&run["status"], &run["streams"][0]["stream"]), (&"succeeded".into(), &"s".into()), "{run:#}");
    let (_, log) = site.ask("GET", &format!("/api/v1/runs/{run_id}/log"), Some(READ_TOKEN));
    assert!(
        log.lines().all(|line| serde_json::from_str::<Json>(line).is_ok())
            && (log.contains("the run ends") || log.contains("the run ended")),
        "{log}"
    );
    let (_, metrics) = site.ask("GET", "/metrics", None);
    for line in [
        "# TYPE wmshost_runs_ended counter",
        "wmshost_runs_ended_total{pipeline=\"lab\",outcome=\"succeeded\"} 1",
        "wmshost_stream_healthy{pipeline=\"lab\",stream=\"s\"} 1",
        "wmshost_stream_max_age_seconds{pipeline=\"lab\",stream=\"s\"} 3600",
        "wmshost_schedule_next_due_seconds{pipeline=\"lab\",schedule=\"0 0 1 1 *\"} ",
    ] {
        assert!(metrics.lines().any(|found| found.starts_with(line)), "{line} is not in\n{metrics}");
    }
    assert!(metrics.ends_with("# EOF\n"));
    let (status, body) = site.ask("POST", "/api/v1/pipelines/lab/run?stream=none", Some(TOKEN));
    assert!(status == 400 && body.contains("none"), "{status} {body}");
    assert_eq!(site.server.end(), 0);
}

#[test]
fn strangers_huge_requests_and_orders_without_a_token_are_refused() {
    let site = Site::with_orders();
    let host = format!("Host: {}\r\n", site.address);
    let big = "a".repeat(20_000);
    for (expected, request) in [
        (421, "GET /api/v1/runs HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned()),
        (421, "GET /api/v1/runs HTTP/1.1\r\n\r\n".to_owned()),
        (401, format!("POST /api/v1/pipelines/lab/pause HTTP/1.1\r\n{host}Authorization: Bearer x\r\n\r\n")),
        (405, format!("DELETE /api/v1/runs HTTP/1.1\r\n{host}\r\n")),
        (404, format!("GET /api/v1/runs/../../../etc/passwd/log HTTP/1.1\r\n{host}\r\n")),
        (404, format!("GET /api/v1/runs/..%2f..%2fetc/log HTTP/1.1\r\n{host}\r\n")),
        (400, format!("GET /api/v1/runs?limit=1001 HTTP/1.1\r\n{host}Authorization: Bearer {READ_TOKEN}\r\n\r\n")),
        (431, format!("GET / HTTP/1.1\r\n{host}X: {big}\r\n\r\n")),
        (413, format!("POST / HTTP/1.1\r\n{host}Content-Length: 99999999\r\n\r\n")),
        (400, format!("POST / HTTP/1.1\r\n{host}Content-Length: 1\r\nContent-Length: 2\r\n\r\n")),
        (400, format!("POST / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")),
        (400, "\u{16}\u{3}\u{1} a handshake of TLS\r\n\r\n".to_owned()),
    ] {
        let (status, body) = site.raw(request.as_bytes());
        assert_eq!(status, expected, "{:.80}: {body}", request);
        assert!(serde_json::from_str::<Json>(&body).is_ok_and(|body| body["error"].is_string()), "{body}");
    }
    assert_eq!(site.ask("GET", "/healthz", None), (200, "ok\n".to_owned()));
    assert_eq!(site.server.end(), 0);
}

#[test]
fn without_a_token_only_health_metrics_and_the_description_are_shown() {
    let site = Site::start(&[]);
    for path in ["/healthz", "/metrics", "/openapi.json"] {
        assert_eq!(site.ask("GET", path, None).0, 200, "{path}");
    }
    for (method, path, option) in [
        ("GET", "/api/v1/runs", "--read-token"),
        ("GET", "/api/v1/events", "--read-token"),
        ("GET", "/api/v1/pipelines/lab/schedules", "--read-token"),
        ("POST", "/api/v1/pipelines/lab/pause", "--operate-token"),
    ] {
        let (status, body) = site.ask(method, path, Some(TOKEN));
        assert!(status == 403 && body.contains(option), "{method} {path}: {status} {body}");
    }
    assert_eq!(site.server.end(), 0);
}

#[test]
fn addresses_that_others_reach_ports_in_use_and_weak_tokens_are_refused_before_anything_runs() {
    let project = TestProject::with_stream(SOURCE, "schedule = \"@daily\"");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").to_string();
    std::fs::write(project.path("token"), "short\n").expect("a file");
    let weak = format!("file:{}", project.path("token").display());
    let allow = |name: &str, mode| {
        let file = project.path(name);
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("rights");
        format!("file:{}", file.display())
    };
    allow("token", 0o600);
    std::fs::write(project.path("open"), "a token that is long enough\n").expect("a file");
    let open = allow("open", 0o644);
    for (arguments, why) in [
        (vec!["--listen", "0.0.0.0:0"], "can be reached from other machines"),
        (vec!["--listen", &port], "choose another port"),
        (vec!["--listen", "127.0.0.1:0", "--operate-token", "secret-on-the-command-line"], "write `env:VARIABLE`"),
        (vec!["--listen", "127.0.0.1:0", "--operate-token", "env:NOT_SET"], "is not set"),
        (vec!["--listen", "127.0.0.1:0", "--operate-token", &weak], "fewer than 16 letters"),
        (vec!["--listen", "127.0.0.1:0", "--operate-token", &open], "other users of the machine may read"),
    ] {
        project.wmshost("serve", &arguments).ended(2).says(&[why]);
    }
}
