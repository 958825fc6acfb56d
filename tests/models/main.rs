//! `wmshost models` as it is typed: the program, a pipeline, plugins in the sandbox, a database. Needs the results of
//! `make build plugins`.

mod compare;
mod dbt;
mod leases;
mod metadata;
mod sql_project;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use rusqlite::Connection;
use serde_json::Value as Json;
use tempfile::TempDir;
use wmshost_tests::{plugin, program, root};

/// A folder with a sample warehouse and a pipeline whose models are two small ones.
struct ModelsTestProject {
    folder: TempDir,
}

impl ModelsTestProject {
    fn new(settings: &str) -> Self {
        Self::with_allocations(settings, 2_000)
    }

    fn with_allocations(settings: &str, allocations: u32) -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a folder") };
        let root = root();
        let root = root.display();
        let small = plugin("hostile-models");
        let pipeline = format!(
            "extends = \"{root}/pipelines/base.toml\"\n\
             [connections.wms]\ndriver = \"sqlite\"\npath = {{ env = \"WMS_SQLITE\" }}\n\
             [connections.analytics]\ndriver = \"sqlite\"\npath = {{ env = \"TARGET_SQLITE\" }}\n\
             [plugins]\nsmall.path = {small:?}\n\
             [models]\nplugins = [\"small\"]\n{settings}"
        );
        std::fs::write(place.path("p.toml"), pipeline).expect("written");
        let allocations = allocations.to_string();
        let made =
            place.run(&["sample", "create", &place.text("wms.db"), "--allocations", &allocations, "--seed", "1"]);
        assert_eq!(made.status.code(), Some(0), "{}", reported(&made));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the program starts")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(words)
            .current_dir(self.folder.path())
            .env("WMSHOST_HOME", self.path("home"))
            .env("WMS_SQLITE", self.path("wms.db"))
            .env("TARGET_SQLITE", self.path("target.db"))
            .env("NO_COLOR", "1")
            .env("LINEAGE_TEST_KEY", "open sesame");
        command
    }

    fn target(&self) -> Connection {
        Connection::open(self.path("target.db")).expect("the target")
    }

    fn ends(&self, code: i32, words: &[&str]) -> String {
        let ended = self.run(words);
        assert_eq!(ended.status.code(), Some(code), "{words:?}: {}", reported(&ended));
        reported(&ended)
    }

    fn json(&self, words: &[&str]) -> Json {
        let ended = self.run(&[words, &["--output", "json"]].concat());
        serde_json::from_slice(&ended.stdout).unwrap_or_else(|error| panic!("{words:?}: {error}: {}", reported(&ended)))
    }
}

fn reported(ended: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr))
}

/// Name and action of the nodes of a run's results.
fn actions(results: &Json) -> Vec<(&str, &str)> {
    let nodes = results["nodes"].as_array().expect("nodes");
    let models = nodes.iter().filter(|node| node["kind"] == "model");
    models.map(|node| (node["name"].as_str().unwrap_or(""), node["action"].as_str().unwrap_or("-"))).collect()
}

#[test]
fn a_run_ends_with_the_models_whose_inputs_changed() {
    let place = ModelsTestProject::new("");
    let first = place.ends(0, &["run", "p.toml"]);
    assert!(first.contains("models of wms succeeded"), "{first}");
    let again = place.json(&["models", "build", "p.toml"]);
    assert_eq!(actions(&again), [("stg_small", "unchanged"), ("per_day", "unchanged")]);
    assert!(place.ends(0, &["models", "diff", "p.toml"]).contains("unchanged"));
    place.ends(0, &["sample", "change", "wms.db", "--percent", "1", "--seed", "2"]);
    let second = place.ends(0, &["run", "p.toml"]);
    assert!(second.lines().any(|line| line.starts_with("per_day") && line.contains("full")), "{second}");
    let rows = |query| {
        let database = Connection::open(place.path("target.db")).expect("the target");
        database.query_row(query, [], |row| row.get::<_, i64>(0)).expect("a number")
    };
    assert_eq!(rows("SELECT SUM(allocations) FROM PER_DAY"), rows("SELECT COUNT(*) FROM WMS_ALLOCATION"));
}

#[test]
fn models_can_be_left_out_of_runs() {
    let place = ModelsTestProject::new("after_load = false\n");
    assert!(!place.ends(0, &["run", "p.toml"]).contains("models of"));
    assert!(place.ends(0, &["models", "build", "p.toml"]).contains("2 passed"));
}

#[test]
fn mistakes_end_with_2_before_anything_is_built() {
    let place = ModelsTestProject::new("");
    let unloaded = place.ends(1, &["models", "build", "p.toml"]);
    assert!(unloaded.contains("the stream allocation was never loaded"), "{unloaded}");
    place.ends(0, &["run", "p.toml"]);
    let slip = place.ends(2, &["models", "run", "p.toml", "--select", "per_dy"]);
    assert!(slip.contains("\"per_dy\" matches nothing; did you mean per_day?"), "{slip}");
    Connection::open(place.path("target.db"))
        .and_then(|database| {
            database.execute_batch("DROP VIEW STG_SMALL; ALTER TABLE WMS_ALLOCATION RENAME COLUMN created_date TO made")
        })
        .expect("renamed");
    let broken = place.ends(2, &["models", "build", "p.toml"]);
    assert!(broken.contains("plugin small, model stg_small, SQL 1:30"), "{broken}");
    assert!(broken.contains("no such column: created_date"), "{broken}");

    let refused = ModelsTestProject::new("[models.settings.small]\nbehaviour = \"many-models\"\n");
    let check = refused.ends(2, &["check", "p.toml", "--offline"]);
    assert!(check.contains("plugin small, declare: limit declared_models: 1000 allowed, 100002 asked for"), "{check}");
}

/// `check` reports it already, with model and place, and nothing is built.
#[test]
fn sql_that_reaches_out_is_refused_before_anything_runs() {
    let place = ModelsTestProject::new("[models.settings.small]\nbehaviour = \"reach-out\"\n");
    let check = place.ends(2, &["check", "p.toml", "--offline"]);
    for part in [
        "model another_table, SQL 1:66: it names the table WMS_ITEM_MASTER; tables are named by placeholders only",
        "model quoted_table, SQL 1:41: it names the table \"WMS_LOCATION\"",
        "model other_schema, SQL 1:41: it names the table main.WMS_LOCATION",
        "model the_catalogue, SQL 1:41: it names the table sqlite_master",
        "model the_users, SQL 1:41: it names the table ALL_USERS",
        "model shadowed, SQL 1:6: a part named WMS_LOCATION would hide the table of location",
        "model commented_out, SQL 1:40: a comment in a comment",
        "model in_quotes, SQL 1:28: a placeholder is a name or a value by itself",
        "model two_statements, SQL 1:39: it is one SELECT, without `;`",
        "model pragma, SQL 1:1: it is one SELECT; this begins with PRAGMA",
        "model attach, SQL 1:1: it is one SELECT; this begins with ATTACH",
        "model a_file, SQL 1:8: the function readfile is not among those that only compute",
        "model a_package, SQL 1:8: pack.age is not a column of a relation in FROM",
        "model anothers_package, SQL 1:8: other.pack.age is not a column of a relation in FROM",
        "model beside, SQL 1:56: pack.age is not a column of a relation in FROM",
        "model a_write, SQL 1:1: it is one SELECT; this begins with INSERT",
    ] {
        assert!(check.contains(part), "{part:?} is not in\n{check}");
    }
    assert_eq!(place.run(&["run", "p.toml"]).status.code(), Some(2));
    let built = "SELECT COUNT(*) FROM sqlite_schema WHERE name NOT LIKE 'WMS%' AND name NOT LIKE 'sqlite%'";
    let database = Connection::open(place.path("target.db")).expect("the target");
    assert_eq!(database.query_row(built, [], |row| row.get::<_, i64>(0)).expect("a number"), 0, "a model was built");
}

#[test]
fn retry_does_again_what_failed() {
    let place = ModelsTestProject::new("");
    place.ends(0, &["run", "p.toml"]);
    assert!(place.ends(0, &["models", "retry", "p.toml"]).contains("nothing of the last run failed"));
    let file = place.path("home/models/wms/run_results.json");
    let kept = std::fs::read_to_string(&file).expect("results");
    let mut results: Json = serde_json::from_str(&kept).expect("JSON");
    for node in results["nodes"].as_array_mut().expect("nodes") {
        if node["name"] == "per_day" {
            node["result"] = "error".into();
        }
    }
    std::fs::write(&file, results.to_string()).expect("written");
    assert_eq!(actions(&place.json(&["models", "retry", "p.toml"])), [("per_day", "unchanged")]);
}

#[test]
fn what_is_declared_and_what_happened_can_be_read_by_programs() {
    let place = ModelsTestProject::new("");
    place.ends(0, &["run", "p.toml"]);
    let list = place.json(&["models", "list", "p.toml", "--select", "per_day"]);
    assert_eq!(list[0]["columns"][0]["from"], serde_json::json!(["stg_small.day"]));
    let shown = place.json(&["models", "show", "p.toml", "stg_small"]);
    assert_eq!(shown["node"]["columns"][1]["from"], serde_json::json!(["allocation.created_date"]));
    assert_eq!(shown["last"]["tests"]["unique_allocation_id"]["status"], "passed");
    let compiled = place.json(&["models", "compile", "p.toml", "--select", "per_day"]);
    assert!(compiled[0]["compiled"].as_str().is_some_and(|sql| sql.contains("FROM \"STG_SMALL\"")));
    let fresh = place.json(&["models", "freshness", "p.toml"]);
    assert_eq!((fresh[0]["name"].as_str(), fresh[0]["status"].as_str()), (Some("allocation"), Some("fresh")));
    let events = std::fs::read_to_string(place.path("home/models/wms/openlineage.ndjson")).expect("events");
    let events: Vec<Json> = events.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let kinds: Vec<_> =
        events.iter().map(|event| (event["job"]["name"].as_str(), event["eventType"].as_str())).collect();
    let expected = [("stg_small", "START"), ("stg_small", "COMPLETE"), ("per_day", "START"), ("per_day", "COMPLETE")];
    assert_eq!(kinds, expected.map(|(name, kind)| (Some(name), Some(kind))));
    assert_eq!(events[3]["inputs"][0]["name"], "STG_SMALL");
    assert!(place.ends(0, &["kpi", "p.toml"]).contains("no plugin of this pipeline declares a metric"));
}

#[test]
fn what_reads_a_disabled_stream_without_a_table_is_left_out() {
    let place = ModelsTestProject::new("[streams.allocation]\nenabled = false\n");
    let run = place.ends(0, &["run", "p.toml"]);
    let why =
        "it reads the stream allocation, which is disabled and was never loaded: there is no table WMS_ALLOCATION";
    assert!(run.contains(&format!("left out stg_small: {why}")) && run.contains("models of wms succeeded"), "{run}");
    let built = place.json(&["models", "build", "p.toml"]);
    let results: Vec<_> =
        built["nodes"].as_array().expect("nodes").iter().map(|node| node["result"].as_str()).collect();
    assert_eq!(results, [Some("left_out"); 2], "{built:#}");
    assert!(place.ends(0, &["models", "retry", "p.toml"]).contains("nothing of the last run failed"));
}

/// A server that accepts lineage events, or answers with another code.
struct Listener {
    address: String,
    heard: Receiver<(String, Json)>,
}

impl Listener {
    fn answering(code: u16) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}/api/v1/lineage", socket.local_addr().expect("an address"));
        let (tell, heard) = channel();
        thread::spawn(move || {
            for connection in socket.incoming().map_while(Result::ok) {
                let tell = tell.clone();
                thread::spawn(move || {
                    while let Some(request) = answered(&connection, code) {
                        drop(tell.send(request));
                    }
                });
            }
        });
        Self { address, heard }
    }
}

/// Reads one request and answers it: the head, and the body.
fn answered(connection: &TcpStream, code: u16) -> Option<(String, Json)> {
    let mut reader = BufReader::new(connection);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
        if line == "\r\n" {
            break;
        }
        head.push_str(&line.to_ascii_lowercase());
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut connection = connection;
    connection.write_all(format!("HTTP/1.1 {code} .\r\ncontent-length: 0\r\n\r\n").as_bytes()).ok()?;
    Some((head, serde_json::from_slice(&body).ok()?))
}

/// Asserts that an event has the fields that the specification of OpenLineage requires of a RunEvent.
fn assert_is_run_event(event: &Json) {
    let text = |at: &str| event.pointer(at).and_then(Json::as_str).unwrap_or_else(|| panic!("no {at} in {event:#}"));
    assert!(["START", "COMPLETE", "FAIL"].contains(&text("/eventType")), "{event:#}");
    let time = text("/eventTime");
    assert!(time.len() >= 20 && &time[10..11] == "T" && time.ends_with('Z'), "{time} is no moment with a zone");
    let uuid: Vec<usize> = text("/run/runId").split('-').map(str::len).collect();
    assert_eq!(uuid, [8, 4, 4, 4, 12]);
    for part in ["/job/namespace", "/job/name"] {
        assert!(!text(part).is_empty());
    }
    for address in ["/producer", "/schemaURL"] {
        assert!(text(address).starts_with("https://"));
    }
    for side in ["inputs", "outputs"] {
        for dataset in event[side].as_array().expect("datasets") {
            assert!(dataset["namespace"].is_string() && dataset["name"].is_string(), "{dataset:#}");
            let facets = ["facets", "outputFacets"].map(|kind| dataset[kind].as_object());
            for facet in facets.into_iter().flatten().flat_map(|facets| facets.values()) {
                assert!(facet["_producer"].is_string() && facet["_schemaURL"].is_string(), "{facet:#}");
            }
        }
    }
}

#[test]
fn lineage_is_sent_to_a_server_and_fails_nothing() {
    let listener = Listener::answering(201);
    let key = "lineage_key = { env = \"LINEAGE_TEST_KEY\" }";
    let place = ModelsTestProject::new(&format!("lineage = \"{}\"\n{key}\n", listener.address));
    let reported = place.ends(0, &["run", "p.toml"]);
    assert!(!reported.contains("warning") && !reported.contains("sesame"), "{reported}");
    let heard: Vec<(String, Json)> = listener.heard.try_iter().collect();
    let names = heard.iter().map(|(_, event)| (event["job"]["name"].as_str(), event["eventType"].as_str()));
    let expected = [("stg_small", "START"), ("stg_small", "COMPLETE"), ("per_day", "START"), ("per_day", "COMPLETE")];
    assert!(names.eq(expected.map(|(name, kind)| (Some(name), Some(kind)))), "{heard:#?}");
    for (head, event) in &heard {
        assert!(
            head.starts_with("post /api/v1/lineage http/1.1") && head.contains("authorization: bearer open sesame")
        );
        assert_is_run_event(event);
    }

    // A busy server is tried three times, and then reported; the build has succeeded all the same.
    let busy = Listener::answering(503);
    let place = ModelsTestProject::new(&format!("lineage = \"{}\"\n", busy.address));
    let reported = place.ends(0, &["run", "p.toml"]);
    assert!(reported.contains("warning: lineage: 4 of 4 events were not delivered to http://127.0.0.1:"), "{reported}");
    assert!(reported.contains("it answered 503") && reported.contains("models of wms succeeded"), "{reported}");
    assert_eq!(busy.heard.try_iter().count(), 3);

    let place = ModelsTestProject::new("lineage = \"localhost:5000\"\n");
    let check = place.ends(2, &["check", "p.toml", "--offline"]);
    assert!(check.contains("begins with http:// or https://"), "{check}");
}

/// The page as a browser has rendered it; `None` where there is no browser.
fn drawn(place: &ModelsTestProject, anchor: &str) -> Option<String> {
    let page = format!("file://{}{anchor}", place.text("site/index.html"));
    let profile = format!("--user-data-dir={}", place.text("profile"));
    let flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000", "--dump-dom"];
    let ended = Command::new("chromium").args(flags).arg(profile).arg(page).output().ok()?;
    Some(String::from_utf8_lossy(&ended.stdout).into_owned())
}

#[test]
fn the_documentation_is_drawn_by_a_browser_without_a_network() {
    let place = ModelsTestProject::new("");
    place.ends(0, &["run", "p.toml"]);
    place.ends(0, &["models", "docs", "p.toml", "--to", "site"]);
    place.ends(0, &["models", "docs", "p.toml", "--to", "site"]);
    for name in ["index.html", "style.css", "site.js", "data.js"] {
        let content = std::fs::read_to_string(place.path("site").join(name)).expect("a file of the site");
        let is_own = |text: &str| ["http://www.w3.org/2000/svg", "http-equiv="].iter().any(|own| text.starts_with(own));
        let outside = content.match_indices("http").filter(|(at, _)| !is_own(&content[*at..]));
        assert_eq!(outside.count(), 0, "{name} reaches out");
    }
    let Some(all) = drawn(&place, "") else {
        eprintln!("chromium is not installed: the site was written, and not looked at");
        return;
    };
    for part in ["Models of wms", "wms-tables › allocation › table", "per_day", "2,000", "1 passed"] {
        assert!(all.contains(part), "{part:?} is not in {all}");
    }
    let model = drawn(&place, "#/per_day/day").expect("a browser");
    for part in
        ["Allocations per day.", "stg_small.day", "class=\"hit\"", "unique_day", "days are counted apart", "100 %"]
    {
        assert!(model.contains(part), "{part:?} is not in {model}");
    }
    let found = drawn(&place, "#/?how%20many").expect("a browser");
    assert!(found.contains("1 found") && found.contains("per_day.allocations"), "{found}");
}
