//! The program itself with a hostile plugin in a pipeline: it continues, ends with the right code, and reports what,
//! where and why. The plugin's output reaches neither the program's output nor the terminal, and only a limited part of
//! it reaches the log.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use rusqlite::Connection;
use tempfile::TempDir;

use wmshost_tests::{plugin as component, program};

/// A folder with a source of two tables and a pipeline of two streams, one of them through a hostile transform.
pub(crate) struct Site(TempDir);

impl Site {
    pub(crate) fn new(behaviour: &str) -> Self {
        let site = Self(tempfile::tempdir().expect("a folder"));
        let source = Connection::open(site.0.path().join("source.db")).expect("a source");
        let tables = ["orders", "neighbours"].map(|table| {
            format!(
                "CREATE TABLE {table} (id INTEGER PRIMARY KEY, name TEXT, amount INTEGER);
                 WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 8)
                 INSERT INTO {table} SELECT id, 'name ' || id, id * 10 FROM n;"
            )
        });
        source.execute_batch(&tables.join("\n")).expect("tables");
        source.execute_batch("CREATE TABLE secret (id INTEGER PRIMARY KEY, word TEXT)").expect("a table");
        fs::write(site.0.path().join("pipeline.toml"), pipeline(behaviour)).expect("a pipeline");
        site
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.wmshost(&[&["run", "pipeline.toml"], arguments].concat())
    }

    /// Runs any command.
    pub(crate) fn wmshost(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(program());
        command.args(arguments).current_dir(self.0.path());
        command.env("WMSHOST_HOME", self.0.path().join("home")).env_remove("RUST_BACKTRACE");
        command.output().expect("the program starts")
    }

    /// A file in its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The number of rows of a target table; 0 if it does not exist.
    pub(crate) fn rows(&self, table: &str) -> i64 {
        let target = Connection::open(self.0.path().join("target.db")).expect("the target");
        target.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap_or(0)
    }

    /// The log of its last run.
    fn log(&self) -> String {
        let logs = fs::read_dir(self.0.path().join("home/logs")).expect("logs");
        let log = logs.map(|file| file.expect("a file").path()).max().expect("a log");
        fs::read_to_string(log).expect("a log")
    }
}

fn pipeline(behaviour: &str) -> String {
    let [extractor, transform, loader] =
        ["wmshost_extractor_wms_tables", "hostile_transform", "wmshost_loader_table"].map(component);
    format!(
        r#"
        name = "hostile"
        [plugins]
        wms-tables.path = {extractor:?}
        hostile.path = {transform:?}
        table.path = {loader:?}
        [connections.wms]
        driver = "sqlite"
        path = "source.db"
        [connections.analytics]
        driver = "sqlite"
        path = "target.db"
        [limits]
        memory_mib = 16
        call_timeout = "1s"
        batch_mib = 4
        log_messages = 100
        [stream_defaults]
        source = "wms"
        target = "analytics"
        extractor = "wms-tables"
        loader = "table"
        [streams.orders]
        transforms = ["hostile"]
        settings.hostile.behaviour = "{behaviour}"
        [streams.neighbours]
        "#
    )
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn a_hostile_plugin_fails_its_stream_and_no_other() {
    for (behaviour, words) in [
        ("panic", "stream orders, transform, batch 1, plugin hostile in process: it panicked at hostile/stages/"),
        ("panic", ": the answer is not 42; row 1 of the batch causes it (id = 1)"),
        ("loop", "plugin hostile in process: limit call_time: 1s allowed, more asked for"),
        ("memory", "plugin hostile in process: limit memory_bytes: 16777216 allowed, "),
        ("bytes", "plugin hostile in process: limit batch_bytes: 4194304 allowed, "),
        ("exit", "plugin hostile in process: it called exit(0)"),
        ("promise-more", "in process: a batch without rows: column never-made (int64) was promised and is missing"),
        ("print-then-trap", "red"),
    ] {
        let site = Site::new(behaviour);
        let end = site.run(&[]);
        let reported = text(&end.stderr);
        assert_eq!(end.status.code(), Some(1), "{behaviour}: {reported}");
        assert!(reported.contains(words), "{behaviour}: {reported}");
        assert!(!reported.contains('\u{1b}') && !reported.contains("panicked at 'host"), "{behaviour}: {reported:?}");
        assert_eq!((site.rows("WMS_ORDERS"), site.rows("WMS_NEIGHBOURS")), (0, 8), "{behaviour}");
    }
}

#[test]
fn what_is_wrong_before_the_first_row_is_a_matter_of_configuration() {
    let site = Site::new("none");
    let pipeline = fs::read_to_string(site.0.path().join("pipeline.toml")).expect("a pipeline");
    for (guest, words) in [
        ("hostile_wants_source", "wmshost:plugin/source@0.1.0"),
        ("hostile_wants_network", "wasi:sockets/"),
        ("hostile_next_contract", "it was built for version 0.2.0 of the contract"),
        ("hostile_slow_describe", "limit call_time: 5s allowed"),
    ] {
        let name = |guest: &str| component(guest).display().to_string();
        let other = pipeline.replace(&name("hostile_transform"), &name(guest));
        fs::write(site.0.path().join("pipeline.toml"), other).expect("a pipeline");
        let end = site.run(&[]);
        let reported = text(&end.stderr);
        assert_eq!(end.status.code(), Some(2), "{guest}: {reported}");
        assert!(reported.contains(words), "{guest}: {reported}");
        assert!(!site.0.path().join("target.db").exists(), "{guest}");
    }
}

#[test]
fn a_failure_is_reported_to_programs_too() {
    let site = Site::new("loop");
    let end = site.run(&["--output", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&end.stdout).expect("JSON alone");
    let streams = report["streams"].as_array().expect("streams");
    let orders = streams.iter().find(|stream| stream["stream"] == "orders").expect("the stream");
    let error = &orders["error"];
    for (key, value) in [("kind", "timeout"), ("stage", "transform"), ("plugin", "hostile"), ("function", "process")] {
        assert_eq!(error[key], value, "{error}");
    }
    let message = error["message"].as_str().expect("a message");
    assert!(message.starts_with("limit call_time: 1s allowed, more asked for"), "{message}");
}

#[test]
fn what_a_plugin_prints_goes_into_the_log_and_nowhere_else() {
    for (behaviour, line) in
        [("stdout", "All work and no play"), ("stderr", "All work and no play"), ("log", "message 7")]
    {
        let site = Site::new(behaviour);
        let end = site.run(&["--output", "json"]);
        assert_eq!(end.status.code(), Some(0), "{behaviour}: {}", text(&end.stderr));
        serde_json::from_slice::<serde_json::Value>(&end.stdout).expect("JSON alone");
        assert!(!text(&end.stderr).contains(line), "{behaviour}");
        let log = site.log();
        assert!(log.contains(line), "{behaviour}: {log}");
        assert!(log.len() < 100 * (5 << 10), "{behaviour}: a log of {} bytes", log.len());
        let of_plugin = log.lines().filter(|line| line.contains("\"plugin\":\"hostile\"")).count();
        // Two more: one says that the limit is reached, one how many were left out.
        assert!(of_plugin <= 102, "{behaviour}: {of_plugin} messages");
        assert!(log.contains("limit log_messages: 100 allowed, "), "{behaviour}: {log}");
        assert_eq!(site.rows("WMS_ORDERS"), 8, "{behaviour}");
    }
}

#[test]
fn a_cache_that_cannot_be_written_does_not_stop_a_run() {
    let site = Site::new("none");
    fs::create_dir(site.0.path().join("home")).expect("a folder");
    fs::write(site.0.path().join("home/plugins"), "in the way").expect("a file");
    let end = site.run(&[]);
    assert_eq!(end.status.code(), Some(0), "{}", text(&end.stderr));
    assert_eq!(site.rows("WMS_ORDERS"), 8);
}

#[test]
fn a_denial_is_counted_and_in_the_log() {
    let site = Site::new("none");
    let greedy = component("hostile_extractor").display().to_string();
    let pipeline = fs::read_to_string(site.0.path().join("pipeline.toml")).expect("a pipeline");
    let pipeline = pipeline.replace("[connections.wms]", &format!("greedy.path = {greedy:?}\n[connections.wms]"));
    let stream = "extractor = \"greedy\"\nsettings.greedy.behaviour = \"other-table\"\n";
    fs::write(site.0.path().join("pipeline.toml"), pipeline + stream).expect("a pipeline");
    let end = site.run(&["--output", "json", "--keep-going"]);
    let report: serde_json::Value = serde_json::from_slice(&end.stdout).expect("JSON alone");
    let streams = report["streams"].as_array().expect("streams");
    let denied =
        |name: &str| streams.iter().find(|stream| stream["stream"] == name).map(|stream| &stream["calls_denied"]);
    assert_eq!(denied("orders"), Some(&0.into()), "{report}");
    assert_eq!(denied("neighbours"), Some(&1.into()), "{report}");
    let log = site.log();
    let line = log.lines().find(|line| line.contains("denied: ")).expect("a denial");
    for part in ["\"plugin\":\"greedy\"", "\"stream\":\"neighbours\"", "table secret is not granted"] {
        assert!(line.contains(part), "{line}");
    }
    assert_eq!(site.rows("WMS_ORDERS"), 8);
}

#[test]
fn a_component_that_differs_from_its_lock_does_not_run() {
    let site = Site::new("none");
    let program = |arguments: &[&str]| site.wmshost(arguments);
    let copied = site.0.path().join("transform.wasm");
    fs::copy(component("hostile_transform"), &copied).expect("a copy");
    let file = site.0.path().join("pipeline.toml");
    let pipeline = fs::read_to_string(&file).expect("a pipeline");
    let pipeline =
        pipeline.replace(&component("hostile_transform").display().to_string(), &copied.display().to_string());
    fs::write(&file, &pipeline).expect("a pipeline");
    assert_eq!(program(&["lock", "pipeline.toml"]).status.code(), Some(0));
    assert_eq!(site.run(&[]).status.code(), Some(0));
    // Another component in the same place.
    fs::copy(component("hostile_wants_network"), &copied).expect("replaced");
    let end = site.run(&[]);
    assert_eq!(end.status.code(), Some(2), "{}", text(&end.stderr));
    assert!(text(&end.stderr).contains("is not the component in wmshost.lock"), "{}", text(&end.stderr));
    // An upgrade that asks for nothing more, by a section at its end, is accepted by what the refusal says.
    let upgraded = [&fs::read(component("hostile_transform")).expect("a component")[..], b"\0\x05\x01xyz!"].concat();
    fs::write(&copied, upgraded).expect("replaced");
    let reported = text(&site.run(&[]).stderr);
    let shown = program(&["lock", "pipeline.toml"]);
    assert_eq!(shown.status.code(), Some(2), "{}", text(&shown.stderr));
    let accept = |said: &str| {
        let (_, command) = said.split_once("wmshost lock pipeline.toml --accept ").expect("a command");
        command.chars().take_while(char::is_ascii_hexdigit).collect::<String>()
    };
    assert_eq!(accept(&reported), accept(&text(&shown.stderr)), "{reported}");
    assert!(text(&shown.stdout).contains("hostile: "), "{}", text(&shown.stdout));
    assert_eq!(program(&["lock", "pipeline.toml", "--accept", &accept(&reported)]).status.code(), Some(0));
    // And back.
    fs::copy(component("hostile_transform"), &copied).expect("restored");
    let reported = text(&site.run(&[]).stderr);
    assert_eq!(program(&["lock", "pipeline.toml", "--accept", &accept(&reported)]).status.code(), Some(0));
    // Another grant.
    fs::write(&file, pipeline + "reads = [\"secret\"]\n").expect("a pipeline");
    let end = site.run(&[]);
    let reported = text(&end.stderr);
    assert_eq!(end.status.code(), Some(2), "{reported}");
    assert!(reported.contains("neighbours: + wms-tables may read all columns of secret of wms"), "{reported}");
    let (_, hash) = reported.split_once("--accept ").expect("a hash");
    let hash: String = hash.chars().take_while(char::is_ascii_hexdigit).collect();
    assert_eq!(program(&["lock", "pipeline.toml"]).status.code(), Some(2));
    assert_eq!(program(&["lock", "pipeline.toml", "--accept", "0123456789abcdef"]).status.code(), Some(2));
    assert_eq!(program(&["lock", "pipeline.toml", "--accept", &hash]).status.code(), Some(0));
    assert_eq!(site.run(&[]).status.code(), Some(0));
    // A lock that cannot be read closes the door.
    fs::write(site.0.path().join("wmshost.lock"), "{").expect("broken");
    assert_eq!(site.run(&[]).status.code(), Some(2));
}
