//! Alerts: real receivers on loopback, one message per cause whatever dies in between, and channels that are broken.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value as Json;
use wmshost_tests::TestProject;

use crate::serve::{Server, wait_for};

const SOURCE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v INTEGER, changed TIMESTAMP);
    INSERT INTO s VALUES (1, 1, '2026-01-01 00:00:00');";
const STREAM: &str = "method = \"incremental\"\nchange_key = \"changed\"\non_bad_value = \"fail\"\n";
const BROKEN_ROW: &str = "INSERT INTO s VALUES (2, 'many', '2026-01-02 00:00:00')";
const MENDED_ROW: &str = "UPDATE s SET v = 2 WHERE id = 2";
pub(crate) const HOUR: i64 = 3_600;

/// A request that a receiver got: its path, headers and body.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    path: String,
    head: String,
    body: String,
}

impl Request {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// A receiver of HTTP on loopback. It answers each request with the status that is set.
pub(crate) struct Receiver {
    port: u16,
    got: Arc<Mutex<Vec<Request>>>,
    status: Arc<Mutex<u16>>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (got, status) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(200)));
        let (requests, answer) = (Arc::clone(&got), Arc::clone(&status));
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let status = *answer.lock().expect("a status");
                if let Some(request) = served(connection, status).filter(|_| status == 200) {
                    requests.lock().expect("requests").push(request);
                }
            }
        });
        Self { port, got, status }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    fn answer(&self, status: u16) {
        *self.status.lock().expect("a status") = status;
    }

    /// The requests so far, which are then forgotten.
    pub(crate) fn take(&self) -> Vec<Request> {
        std::mem::take(&mut self.got.lock().expect("requests"))
    }

    /// The kinds and causes of the messages so far, which are then forgotten.
    pub(crate) fn kinds(&self) -> Vec<String> {
        let text = |message: &Json, key: &str| message[key].as_str().expect("a text").to_owned();
        self.take()
            .iter()
            .map(Request::json)
            .map(|message| format!("{} {}", text(&message, "kind"), text(&message, "cause")))
            .collect()
    }
}

/// Reads one request and answers it.
fn served(connection: TcpStream, status: u16) -> Option<Request> {
    let mut reader = BufReader::new(connection.try_clone().ok()?);
    let (mut head, mut line) = (String::new(), String::new());
    while reader.read_line(&mut line).ok()? > 2 {
        head.push_str(&line);
        line.clear();
    }
    let length = head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    let mut writer = connection;
    write!(writer, "HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").ok()?;
    Some(Request { path, head, body: String::from_utf8(body).ok()? })
}

/// A project with one stream and a webhook at the receiver; `more` is added to the file.
pub(crate) fn project(receiver: &Receiver, stream: &str, more: &str) -> TestProject {
    let alerts =
        "[alerts]\nowner = \"night shift\"\n[alerts.channels.ops]\nkind = \"webhook\"\nurl = { env = \"HOOK\" }\n";
    let mut project = TestProject::with_stream(SOURCE, &format!("{STREAM}{stream}\n{alerts}{more}"));
    project.set("HOOK", &receiver.url("ops/geheim"));
    project.set("SIGNING_KEY", "Jefe");
    project
}

/// Moves the clock of the program this far ahead.
pub(crate) fn ahead(project: &mut TestProject, seconds: i64) {
    project.set("WMSHOST_CLOCK_AHEAD", &seconds.to_string());
}

#[test]
fn a_failure_is_reported_once_with_its_explanation_again_after_a_while_and_when_it_has_passed() {
    let receiver = Receiver::start();
    let more = "signing_key = { env = \"SIGNING_KEY\" }\n";
    let mut project = project(&receiver, "owner = \"team a\"", more);
    project.run();
    assert_eq!(receiver.kinds(), [] as [&str; 0]);
    project.change(BROKEN_ROW);
    project.wmshost("run", &[]).ended(1);
    let sent = receiver.take();
    assert_eq!(sent.len(), 1, "{sent:#?}");
    let message = sent[0].json();
    assert_eq!(
        (&message["kind"], &message["cause"], &message["owner"], &message["subjects"]),
        (&"alert".into(), &"lab/stream/s".into(), &"team a".into(), &serde_json::json!(["s"])),
        "{message:#}"
    );
    let finding = &message["findings"][0];
    let next = format!("wmshost quarantine list {} --stream s", project.pipeline());
    assert!(finding["happened"].as_str().is_some_and(|text| text.contains("the column v")), "{message:#}");
    assert!(
        finding["next"].as_array().expect("steps").iter().any(|step| step["command"] == next.as_str()),
        "{message:#}"
    );
    let head = &sent[0].head;
    assert!(head.contains("wmshost-signature: sha256=") && sent[0].path == "/ops/geheim", "{head}");
    assert!(head.contains(&format!("wmshost-delivery: {}", message["id"].as_str().expect("an id"))), "{head}");
    assert!(!sent[0].body.contains("geheim"), "the address is a secret: {}", sent[0].body);
    // The same cause says nothing for a day, then again.
    project.wmshost("run", &[]).ended(1);
    assert_eq!(receiver.kinds(), [] as [&str; 0]);
    ahead(&mut project, 25 * HOUR);
    project.wmshost("run", &[]).ended(1);
    assert_eq!(receiver.kinds(), ["reminder lab/stream/s"]);
    let listed = project.wmshost("alerts list", &["--output", "json"]).succeeded().json();
    assert_eq!(
        (&listed["incidents"][0]["owner"], listed["messages"].as_array().map(Vec::len)),
        (&"team a".into(), Some(2))
    );
    project.change(MENDED_ROW);
    project.run();
    assert_eq!(receiver.kinds(), ["recovery lab/stream/s"]);
    project.run();
    assert_eq!(receiver.kinds(), [] as [&str; 0]);
    let said = project.wmshost("alerts list", &[]).succeeded().out();
    assert!(said.contains("nothing goes on") && said.contains("recovery"), "{said}");
}

#[test]
fn a_failure_is_reported_after_as_many_in_a_row_as_the_file_says() {
    let receiver = Receiver::start();
    let project = project(&receiver, "", "[alerts.channels.second]\nkind = \"webhook\"\nurl = { env = \"HOOK\" }\n");
    let text =
        std::fs::read_to_string(project.pipeline()).expect("a file").replace("[alerts]\n", "[alerts]\nfailures = 2\n");
    std::fs::write(project.pipeline(), text).expect("a file");
    project.change(BROKEN_ROW);
    project.wmshost("run", &[]).ended(1);
    project.change(MENDED_ROW);
    project.run();
    project.change("UPDATE s SET v = 'many', changed = '2026-01-03 00:00:00' WHERE id = 2");
    project.wmshost("run", &[]).ended(1);
    assert_eq!(receiver.kinds(), [] as [&str; 0], "one failure is not two in a row");
    project.wmshost("run", &[]).ended(1);
    let said = receiver.take();
    let titles: Vec<Json> = said.iter().map(|request| request.json()["title"].clone()).collect();
    assert_eq!(titles, vec![Json::from("lab: the stream s failed 2 times in a row"); 2]);
}

#[test]
fn a_broken_channel_fails_no_run_and_loses_nothing() {
    let receiver = Receiver::start();
    let mut project = project(&receiver, "", "");
    project.run();
    receiver.answer(500);
    project.change(BROKEN_ROW);
    project.wmshost("run", &[]).ended(1).says(&["alerts: ops: not sent, and kept for later: it answered 500"]);
    let listed = project.wmshost("alerts list", &["--output", "json"]).succeeded().json();
    assert_eq!(
        (&listed["messages"][0]["tries"], &listed["messages"][0]["sent_at"]),
        (&1.into(), &Json::Null),
        "{listed:#}"
    );
    // Nobody listens at all, and the run that mends it succeeds.
    project.set("HOOK", "http://127.0.0.1:9/geheim");
    project.change(MENDED_ROW);
    ahead(&mut project, HOUR);
    let mended = project.wmshost("run", &[]).succeeded();
    assert!(!mended.err().contains("geheim") && mended.err().contains("alerts: ops: not sent"), "{}", mended.err());
    project.set("HOOK", &receiver.url("ops"));
    receiver.answer(200);
    ahead(&mut project, 3 * HOUR);
    project.wmshost("alerts send", &[]).succeeded();
    assert_eq!(receiver.kinds(), ["alert lab/stream/s", "recovery lab/stream/s"]);
    project.wmshost("alerts send", &[]).succeeded();
    assert_eq!(receiver.kinds(), [] as [&str; 0]);
}

#[test]
fn a_process_that_dies_before_or_after_sending_leaves_one_message_with_one_id() {
    let receiver = Receiver::start();
    let mut project = project(&receiver, "", "");
    project.run();
    project.change(BROKEN_ROW);
    // It dies after the outcome is recorded and the message is written, before it is sent.
    project.set("WMSHOST_CRASH_AT", "alerts:noted:1");
    assert_eq!(project.wmshost("run", &[]).code(), None);
    assert_eq!(receiver.kinds(), [] as [&str; 0]);
    // It dies after the message is sent, before that is written.
    project.set("WMSHOST_CRASH_AT", "alerts:sent:1");
    assert_eq!(project.wmshost("alerts send", &[]).code(), None);
    let first = receiver.take();
    // Another process keeps away from the message until the claim of the one that died has expired.
    project.set("WMSHOST_CRASH_AT", "");
    project.wmshost("alerts send", &[]).succeeded();
    assert_eq!(receiver.take().len(), 0);
    ahead(&mut project, HOUR);
    project.wmshost("alerts send", &[]).succeeded();
    let second = receiver.take();
    assert_eq!((first.len(), second.len()), (1, 1), "{first:#?} {second:#?}");
    assert_eq!(first[0].body, second[0].body, "a receiver drops the second one by its id");
    project.wmshost("alerts send", &[]).succeeded();
    assert_eq!(receiver.take().len(), 0);
}

#[test]
fn a_run_that_is_killed_is_reported_by_the_next_process() {
    let receiver = Receiver::start();
    let mut project = project(&receiver, "", "");
    project.set("WMSHOST_CRASH_AT", "s:batch-committed:1");
    assert_eq!(project.wmshost("run", &[]).code(), None);
    project.set("WMSHOST_CRASH_AT", "");
    project.wmshost("alerts send", &[]).succeeded();
    assert_eq!(receiver.kinds(), ["alert lab/run"]);
    project.run();
    assert_eq!(receiver.kinds(), ["recovery lab/run"]);
}

#[test]
fn quiet_hours_hold_messages_back_and_what_has_passed_meanwhile_is_not_sent() {
    let receiver = Receiver::start();
    // All hours but the one that begins in three: the program's clock is moved into it later.
    let hour = |from_now: i64| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs();
        format!("{:02}:00", (i64::try_from(now / 3_600).expect("an hour") + from_now).rem_euclid(24))
    };
    let mut project = project(&receiver, "", &format!("quiet_hours = \"{}-{}\"\n", hour(4), hour(3)));
    project.run();
    project.change(BROKEN_ROW);
    project.wmshost("run", &[]).ended(1);
    assert_eq!(receiver.kinds(), [] as [&str; 0]);
    project.change(MENDED_ROW);
    project.run();
    project.change("UPDATE s SET v = 'many', changed = '2026-01-03 00:00:00' WHERE id = 2");
    project.wmshost("run", &[]).ended(1);
    let listed = project.wmshost("alerts list", &["--output", "json"]).succeeded().json();
    assert_eq!(listed["messages"].as_array().map(Vec::len), Some(1), "{listed:#}");
    ahead(&mut project, 3 * HOUR);
    project.wmshost("alerts send", &[]).succeeded();
    assert_eq!(receiver.kinds(), ["alert lab/stream/s"]);
}

#[test]
fn a_server_reports_what_never_ran_and_that_it_lives() {
    let receiver = Receiver::start();
    let beat = Receiver::start();
    let mut project = project(&receiver, "max_age = \"1h\"", "");
    let text = std::fs::read_to_string(project.pipeline()).expect("a file");
    let text = text.replace("[alerts]\n", "[alerts]\nheartbeat = { env = \"BEAT\" }\n");
    std::fs::write(project.pipeline(), text).expect("a file");
    project.set("BEAT", &beat.url("beat"));
    project.run();
    ahead(&mut project, 2 * HOUR);
    let server = Server::start_with(&project, &[]);
    let mut said = Vec::new();
    wait_for("an alert", &project, || {
        said.extend(receiver.kinds());
        !said.is_empty()
    });
    assert_eq!(said, ["alert lab/late"]);
    let mut beats = Vec::new();
    wait_for("a heartbeat", &project, || {
        beats.extend(beat.take());
        !beats.is_empty()
    });
    assert_eq!((beats[0].path.as_str(), beats[0].head.starts_with("GET ")), ("/beat", true));
    assert_eq!(server.end(), 0);
    project.run();
    assert_eq!(receiver.kinds(), ["recovery lab/late"]);
}

#[test]
fn every_channel_is_tried_by_hand() {
    let receiver = Receiver::start();
    let more = "[alerts.channels.chat]\nkind = \"slack\"\nurl = { env = \"HOOK\" }\n\
                [alerts.channels.pager]\nkind = \"command\"\ncommand = [\"PROGRAM\", \"a b\", \"$HOME\"]\n\
                [alerts.channels.broken]\nkind = \"command\"\ncommand = [\"/no/such/program\"]\n";
    let mut project = project(&receiver, "", "");
    let (program, page) = (project.path("page"), project.path("page.txt"));
    let script = format!("#!/bin/sh\nprintf '%s|' \"$@\" > {0}\ncat >> {0}\n", page.display());
    std::fs::write(&program, script).expect("a program");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).expect("rights");
    let mut text = std::fs::read_to_string(project.pipeline()).expect("a file");
    text.push_str(&more.replace("PROGRAM", &program.display().to_string()));
    std::fs::write(project.pipeline(), text).expect("a file");
    let tried = project.wmshost("alerts test", &[]).ended(1);
    assert!(
        tried.out().contains("pager (command): sent") && tried.err().contains("/no/such/program"),
        "{}",
        tried.err()
    );
    let page = std::fs::read_to_string(page).expect("a page");
    let (arguments, body) = page.rsplit_once('|').expect("arguments");
    let message: Json = serde_json::from_str(body).expect("a document");
    assert_eq!((arguments, &message["kind"]), ("a b|$HOME", &"test".into()));
    let requests = receiver.take();
    let chat = requests.iter().map(Request::json).find(|body| body["text"].is_string()).expect("a text");
    assert!(
        chat["text"].as_str().is_some_and(|text| text.starts_with("[test] lab: a trial of the channel chat")),
        "{chat}"
    );
    assert_eq!(requests.len(), 2);
    project.wmshost("alerts test", &["--channel", "ops"]).succeeded();
    project.wmshost("alerts test", &["--channel", "none"]).ended(2).says(&["there is no channel \"none\"", "ops"]);
    project.set("HOOK", "ftp://geheim");
    let refused =
        project.wmshost("alerts test", &[]).ended(2).says(&["alerts.channels.ops.url", "https:// or http://"]);
    assert!(!refused.err().contains("geheim"), "{}", refused.err());
    let silent = TestProject::with_stream(SOURCE, STREAM);
    silent.wmshost("alerts test", &[]).ended(2).says(&["has no section `[alerts]`"]);
    assert!(silent.wmshost("alerts list", &[]).succeeded().out().contains("nothing goes on"));
}

/// A mail server on loopback that takes one mail without encryption; returns its port and, later, what it heard.
fn mail_server() -> (u16, thread::JoinHandle<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let serve = move || {
        let (connection, _) = listener.accept().expect("a connection");
        let mut writer = connection.try_clone().expect("a connection");
        let (mut heard, mut is_mail) = (String::new(), false);
        write!(writer, "220 mail.test\r\n").expect("a greeting");
        for line in BufReader::new(connection).lines().map_while(Result::ok) {
            heard.push_str(&line);
            heard.push('\n');
            let reply = match line.split(' ').next().unwrap_or_default() {
                "." if is_mail => {
                    is_mail = false;
                    "250 taken"
                }
                _ if is_mail => continue,
                "DATA" => {
                    is_mail = true;
                    "354 go on"
                }
                "QUIT" => "221 bye",
                _ => "250 mail.test",
            };
            if write!(writer, "{reply}\r\n").is_err() || reply.starts_with("221") {
                break;
            }
        }
        heard
    };
    (port, thread::spawn(serve))
}

#[test]
fn a_mail_has_the_explanation_and_the_id_of_the_message() {
    let (port, heard) = mail_server();
    let receiver = Receiver::start();
    let more = format!(
        "[alerts.channels.mail]\nkind = \"email\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n\
         from = \"wmshost@example.com\"\nto = [\"on-call@example.com\", \"b@example.com\"]\n"
    );
    let project = project(&receiver, "", &more);
    project.change(BROKEN_ROW);
    project.wmshost("run", &[]).ended(1);
    let id = receiver.take()[0].json()["id"].as_str().expect("an id").to_owned();
    let heard = heard.join().expect("a mail");
    for part in [
        "MAIL FROM:<wmshost@example.com>",
        "RCPT TO:<on-call@example.com>",
        "RCPT TO:<b@example.com>",
        "Subject: [alert] lab: the stream s failed",
        &format!("Message-ID: <{id}@example.com>"),
        "owner: night shift",
        "likely cause: ",
    ] {
        assert!(heard.contains(part), "{part:?} is not in:\n{heard}");
    }
    // A server that cannot encrypt gets nothing.
    let (port, heard) = mail_server();
    let text = std::fs::read_to_string(project.pipeline()).expect("a file");
    let (before, _) = text.split_once("port = ").expect("a port");
    let strict = format!("{before}port = {port}\nfrom = \"wmshost@example.com\"\nto = [\"b@example.com\"]\n");
    std::fs::write(project.pipeline(), strict).expect("a file");
    project.wmshost("alerts test", &["--channel", "mail"]).ended(1).says(&["mail (email): not sent"]);
    assert!(!heard.join().expect("a connection").contains("MAIL FROM"));
}
