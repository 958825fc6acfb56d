//! The dashboard of `wmshost serve`: what it shows, to whom, and who may order by it.

use std::process::Command;

use serde_json::Value as Json;
use wmshost_tests::{TestProject, root};

use crate::serve::{log, wait_for};
use crate::web::{READ_TOKEN, Site, TOKEN};

/// A source with a value that its column's type does not hold, and that would be markup.
const HOSTILE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v INTEGER);
    INSERT INTO s VALUES (1, 1), (2, 2), (3, '<img src=x onerror=alert(1)>');";
/// A second stream, which fails: its table does not exist, and its name would be markup.
const FAILING: &str = "schedule = \"0 0 1 1 *\"\n[streams.bad]\nsource = \"wms\"\ntarget = \"ana\"\nextractor = \"wms-tables\"\n\
    loader = \"table\"\ntarget_table = \"BAD\"\ntable = \"<script>alert(1)</script>\"\n";

/// A browser, as far as it matters here: it keeps a cookie and says where a form comes from.
struct Browser<'a> {
    site: &'a Site,
    cookie: String,
}

/// A reply: its status, its head and its body.
struct Shown {
    status: u16,
    head: String,
    body: String,
}

impl Shown {
    /// The value of a header; empty if it is not there.
    fn header(&self, name: &str) -> &str {
        let found = self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        found.unwrap_or_default()
    }
}

impl<'a> Browser<'a> {
    fn new(site: &'a Site) -> Self {
        Self { site, cookie: String::new() }
    }

    fn signed_in(site: &'a Site, token: &str) -> Self {
        let mut browser = Self::new(site);
        let shown = browser.post("/sign-in", &format!("token={token}"), "same-origin");
        assert_eq!((shown.status, shown.header("Location")), (303, "/"), "{}", shown.body);
        let cookie = shown.header("Set-Cookie").to_owned();
        assert!(cookie.contains("; HttpOnly; SameSite=Strict") && !cookie.contains(token), "{cookie}");
        browser.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        browser
    }

    fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Shown {
        let (address, cookie, length) = (&self.site.address, &self.cookie, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        let (status, head, body) = self.site.reply(request.as_bytes());
        Shown { status, head, body }
    }

    fn get(&self, path: &str) -> Shown {
        self.send("GET", path, "", "")
    }

    fn post(&self, path: &str, form: &str, from: &str) -> Shown {
        self.send("POST", path, &format!("Sec-Fetch-Site: {from}\r\n"), form)
    }

    /// The key of the forms on a page.
    fn form_key(&self, path: &str) -> String {
        let page = self.get(path).body;
        let key = page.split("name=\"form_key\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        key.unwrap_or_else(|| panic!("no form: {page}")).to_owned()
    }
}

/// Asserts that a page is one that all can read, and that nothing of it is run.
fn assert_page(path: &str, shown: &Shown) {
    let Shown { status, body, .. } = shown;
    assert_eq!((*status, shown.header("Content-Type")), (200, "text/html; charset=utf-8"), "{path}: {body}");
    for part in
        ["<!doctype html>\n<html lang=\"en\">", "<main id=\"main\"", "<nav aria-label=\"Pages\">", "name=\"viewport\""]
    {
        assert_eq!(body.matches(part).count(), 1, "{path}: {part}");
    }
    assert_eq!(body.matches("<h1>").count(), 1, "{path}");
    assert_eq!(body.matches("<script").count(), 1, "{path}: {body}");
    for forbidden in ["<img", "style=", "<script>", " onerror=\"", "javascript:", "http://", "https://"] {
        assert!(!body.contains(forbidden), "{path} has {forbidden}: {body}");
    }
    let policy = shown.header("Content-Security-Policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'; "), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
}

fn hostile() -> TestProject {
    let project = TestProject::with_stream(HOSTILE, FAILING);
    project.wmshost("run", &["--stream", "s"]).succeeded();
    let failed = project.wmshost("run", &["--stream", "bad"]);
    assert_ne!(failed.code(), Some(0));
    project
}

fn last_run(site: &Site) -> String {
    site.json("/api/v1/runs")[0]["run_id"].as_str().expect("a run").to_owned()
}

#[test]
fn pages_show_what_there_is_as_text_and_filter_without_scripts() {
    let site = Site::of(hostile(), &["--read-token", "env:READ_TOKEN", "--operate-token", "env:SERVE_TOKEN"]);
    let browser = Browser::signed_in(&site, READ_TOKEN);
    let run = format!("/runs/{}", last_run(&site));
    let escaped = "&lt;script&gt;alert(1)&lt;/script&gt;";
    for (path, parts) in [
        (
            "/",
            vec![
                "2 streams",
                "needs a person",
                ">failed 1<",
                "/pipelines/lab/quarantine?stream=s\">1<",
                escaped,
                "next due",
            ],
        ),
        ("/runs", vec![run.as_str(), "failed"]),
        ("/runs?failed=yes&pipeline=lab", vec![run.as_str()]),
        (&run, vec!["Failures", escaped, "likely cause", "wmshost check ", "Timeline", "Log"]),
        ("/pipelines/lab/streams/s", vec!["Rows written of the last 1 runs: the last 2", "0 0 1 1 *", "rejected rows"]),
        ("/pipelines/lab/streams/bad", vec![escaped]),
        ("/pipelines/lab/quarantine", vec!["&lt;img src=x onerror=alert(1)&gt;", "wmshost quarantine replay"]),
    ] {
        let shown = browser.get(path);
        assert_page(path, &shown);
        for part in parts {
            assert!(shown.body.contains(part), "{path}: {part} is not in {}", shown.body);
        }
        assert!(!shown.body.contains("action=\"/pipelines"), "{path}: a reader is offered orders");
    }
    let rows = |path: &str| {
        let body = browser.get(path).body;
        ["s", "bad"].map(|name| body.contains(&format!("<a href=\"/pipelines/lab/streams/{name}\">")))
    };
    for (path, expected) in [
        ("/", [true, true]),
        ("/?state=", [true, true]),
        ("/?state=failed", [false, true]),
        ("/?state=broken", [false, true]),
        ("/?state=fresh&pipeline=lab", [true, false]),
        ("/?state=never+loaded", [false, false]),
        ("/?pipeline=other", [false, false]),
    ] {
        assert_eq!(rows(path), expected, "{path}");
    }
    for (path, status) in [
        ("/runs/none", 404),
        ("/pipelines/lab/streams/none", 404),
        ("/pipelines/none/quarantine", 404),
        ("/?stat=x", 400),
    ] {
        let shown = browser.get(path);
        assert_eq!((shown.status, shown.body.contains("<h1>")), (status, true), "{path}: {}", shown.body);
    }
    assert_eq!(site.server.end(), 0);
}

#[test]
fn a_run_shows_its_receipt() {
    let site = Site::with_orders();
    let browser = Browser::signed_in(&site, READ_TOKEN);
    let run = last_run(&site);
    let path = format!("/runs/{run}");
    let shown = browser.get(&path);
    assert_page(&path, &shown);
    for part in
        ["<h2>Receipt</h2>", "receipt 1 of lab", "the first one", ">equal<", "the whole table", "receipt check "]
    {
        assert!(shown.body.contains(part), "{part} is not in {}", shown.body);
    }
    let receipt = browser.get(&format!("{path}/receipt"));
    let receipt: Json = serde_json::from_str(&receipt.body).expect("JSON");
    assert_eq!(receipt, site.json(&format!("/api/v1/runs/{run}/receipt")));
    assert_eq!((&receipt["run_id"], &receipt["streams"][0]["proof"]["equal"]), (&run.into(), &true.into()));
    let file = crate::receipts::receipts(&site.project).pop().expect("a receipt");
    std::fs::write(&file, "<script>").expect("no receipt");
    let shown = browser.get(&path);
    assert_page(&path, &shown);
    assert!(shown.body.contains("it is no receipt"), "{}", shown.body);
    std::fs::remove_file(&file).expect("a file");
    assert!(!browser.get(&path).body.contains("Receipt"));
    assert_eq!(browser.get(&format!("{path}/receipt")).status, 404);
    assert_eq!(site.server.end(), 0);
}

#[test]
fn nobody_sees_a_page_without_a_sign_in() {
    let site = Site::with_orders();
    let stranger = Browser::new(&site);
    let run = format!("/runs/{}", last_run(&site));
    for (path, to) in [
        ("/", "/sign-in"),
        ("/runs", "/sign-in?to=/runs"),
        (&run, &format!("/sign-in?to={run}")),
        ("/events", "/sign-in"),
    ] {
        let shown = stranger.get(path);
        assert_eq!((shown.status, shown.header("Location"), shown.body.as_str()), (303, to, ""), "{path}");
    }
    let forged =
        Browser { site: &site, cookie: format!("wmshost-{}=0000", site.address.split(':').nth(1).expect("a port")) };
    assert_eq!(forged.get("/").status, 303);
    assert!(stranger.get("/sign-in").body.contains("<label for=\"token\">"));
    for (form, from, status, part) in [
        ("token=a-token-that-nobody-guessed", "same-origin", 401, "no token of this server"),
        ("", "same-origin", 401, "no token of this server"),
        (&format!("token={TOKEN}"), "same-site", 403, "not sent by a page of this server"),
        (&format!("token={TOKEN}"), "cross-site", 403, "not sent by a page of this server"),
        (&format!("token={TOKEN}&more=1"), "same-origin", 400, "no parameter `more`"),
    ] {
        let shown = stranger.post("/sign-in", form, from);
        assert_eq!((shown.status, shown.header("Set-Cookie")), (status, ""), "{form} {from}");
        assert!(shown.body.contains(part), "{}", shown.body);
    }
    // A sign-in leads to pages of this server only.
    for (to, expected) in
        [("/runs", "/runs"), ("//evil.example", "/"), ("https://evil.example", "/"), ("/runs%0d%0aX:1", "/")]
    {
        let shown = stranger.post("/sign-in", &format!("token={TOKEN}&to={to}"), "same-origin");
        assert_eq!((shown.status, shown.header("Location")), (303, expected), "{to}");
    }
    let browser = Browser::signed_in(&site, READ_TOKEN);
    assert_eq!(browser.get("/").status, 200);
    let key = browser.form_key("/");
    assert_eq!(browser.post("/sign-out", &format!("form_key={key}"), "same-origin").status, 303);
    assert_eq!(browser.get("/").status, 303);
    assert_eq!(site.server.end(), 0);
    let closed = Site::start(&[]);
    let shown = Browser::new(&closed).get("/");
    assert!(shown.status == 403 && shown.body.contains("--read-token"), "{} {}", shown.status, shown.body);
    assert_eq!(closed.server.end(), 0);
}

#[test]
fn orders_by_forms_need_the_right_and_a_page_of_this_server() {
    let site = Site::of(hostile(), &["--read-token", "env:READ_TOKEN", "--operate-token", "env:SERVE_TOKEN"]);
    let reader = Browser::signed_in(&site, READ_TOKEN);
    let browser = Browser::signed_in(&site, TOKEN);
    let failed = format!("/runs/{}", last_run(&site));
    let [read_key, key] = [&reader, &browser].map(|browser| browser.form_key("/"));
    let pause = "/pipelines/lab/pause";
    for (who, path, form, from, status) in [
        (&reader, pause, format!("form_key={read_key}"), "same-origin", 403),
        (&browser, pause, format!("form_key={read_key}"), "same-origin", 403),
        (&browser, pause, String::new(), "same-origin", 403),
        (&browser, pause, "form_key=".to_owned(), "same-origin", 403),
        (&browser, pause, format!("form_key={key}"), "same-site", 403),
        (&browser, pause, format!("form_key={key}"), "cross-site", 403),
        (&Browser::new(&site), pause, format!("form_key={key}"), "same-origin", 401),
        (&browser, "/pipelines/none/pause", format!("form_key={key}"), "same-origin", 404),
        (&browser, "/pipelines/lab/run", format!("form_key={key}&stream=none"), "same-origin", 400),
        // A cookie alone orders nothing of the API, which knows no forms.
        (&browser, "/api/v1/pipelines/lab/pause", String::new(), "same-origin", 401),
    ] {
        let shown = who.post(path, &form, from);
        assert_eq!(shown.status, status, "{path} {form} {from}: {}", shown.body);
    }
    assert!(browser.get("/").body.contains("action=\"/pipelines/lab/pause\""), "an order was obeyed");
    let order = |path: &str| browser.post(path, &format!("form_key={key}"), "same-origin");
    assert_eq!((order(pause).status, order(pause).header("Location")), (303, "/"));
    assert!(browser.get("/").body.contains("action=\"/pipelines/lab/resume\""));
    assert_eq!(order("/pipelines/lab/resume").status, 303);
    // What failed is run again, and nothing else.
    assert!(browser.get(&failed).body.contains(&format!("action=\"{failed}/restart\"")));
    let shown = order(&format!("{failed}/restart"));
    let again = shown.header("Location").to_owned();
    assert!(shown.status == 303 && again.starts_with("/runs/"), "{} {}", shown.status, shown.body);
    let path = format!("/api/v1{again}");
    wait_for("the run", &site.project, || {
        let (status, body) = site.ask("GET", &path, Some(TOKEN));
        status == 200 && !body.contains("\"status\":\"running\"")
    });
    let run = site.json(&path);
    let streams: Vec<_> = run["streams"].as_array().expect("streams").iter().map(|end| &end["stream"]).collect();
    assert_eq!(streams, ["bad"], "{run:#}\n{}", log(&site.project));
    assert_eq!(site.server.end(), 0);
}

/// In Chromium, which `make test-long` asks for: no error in the console, no page wider than its screen, nothing that axe-core finds.
#[test]
fn a_browser_finds_nothing_wrong_with_the_pages() {
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
    if std::env::var_os("WMSHOST_TEST_LONG").is_none() {
        return;
    }
    if !(has("node") && has("chromium")) {
        println!("left out: it needs node and chromium");
        return;
    }
    let site = Site::of(hostile(), &["--read-token", "env:READ_TOKEN", "--operate-token", "env:SERVE_TOKEN"]);
    let run = format!("/runs/{}", last_run(&site));
    let paths =
        ["/", "/?state=failed", "/runs", &run, "/pipelines/lab/streams/s", "/pipelines/lab/quarantine"].join(",");
    let mut command = Command::new("node");
    command.arg(root().join("tests/dashboard/browse.mjs")).args([&site.address, TOKEN, &paths]);
    let axe = root().join("target/browser/node_modules/axe-core/axe.min.js");
    match axe.exists() {
        true => drop(command.arg("--axe").arg(axe)),
        false => println!("without axe-core: `make setup-browser` installs it"),
    }
    if let Some(folder) = std::env::var_os("WMSHOST_SCREENSHOTS") {
        command.arg("--to").arg(folder);
    }
    let found = command.output().expect("node runs");
    let said = [found.stdout, found.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(found.status.success(), "{}{}", said[0], said[1]);
    assert_eq!(site.server.end(), 0);
}
