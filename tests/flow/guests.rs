//! Transforms that fail, through the program: the row that caused it, the messages for a person and in the log, and the
//! time until a signal ends it all.

use std::process::Command;
use std::time::{Duration, Instant};

use wmshost_tests::TestProject;

const TABLE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, name TEXT, amount INTEGER);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)
    INSERT INTO s SELECT i, 'n' || i, i FROM n;";

/// A stream through the hostile transform.
fn hostile(behaviour: &str, policy: &str, limits: &str) -> String {
    format!(
        "transforms = [\"hostile\"]\n{policy}\n[streams.s.settings.hostile]\nbehaviour = {behaviour:?}\n[limits]\n{limits}"
    )
}

/// The log of the last run.
fn log(project: &TestProject) -> String {
    let logs = std::fs::read_dir(project.path("home/logs")).expect("logs");
    let log = logs.map(|file| file.expect("a file").path()).max().expect("a log");
    std::fs::read_to_string(log).expect("a log")
}

#[test]
fn a_failure_that_a_transform_returns_is_treated_as_a_trap_is() {
    let project = TestProject::with_stream(TABLE, &hostile("fail-at-name", "", ""));
    project.change("UPDATE s SET name = 'trap' WHERE id IN (137, 138)");
    let words = ["plugin hostile in process: a row is called trap; row 37 of the batch causes it (id = 137)"];
    project.wmshost("run", &[]).ended(1).says(&words);
    project.write_stream(&hostile("fail-at-name", "on_trap = \"quarantine\"", ""));
    let run = project.run_stream("s");
    assert_eq!((&run["rows_written"], &run["rows_rejected"]), (&248.into(), &2.into()));
    let rows = project.rows("SELECT row_key, rule, reason FROM WMSHOST_QUARANTINE ORDER BY row_key");
    assert_eq!(rows, ["id=137 failure a row is called trap", "id=138 failure a row is called trap"]);
}

#[test]
fn a_panics_text_and_place_reach_the_operator_once() {
    let project = TestProject::with_stream(TABLE, &hostile("trap-at-name", "", ""));
    project.change("UPDATE s SET name = 'trap' WHERE id = 137");
    let words = ["it panicked at ", "compute.rs:", ": a row is called trap; row 37 of the batch causes it (id = 137)"];
    project.wmshost("run", &[]).ended(1).says(&words);
    let log = log(&project);
    let lines = log.lines().filter(|line| line.contains("a row is called trap"));
    // The reason of the stream's failure has it, too.
    let reported: Vec<_> = lines.filter(|line| !line.contains("the stream failed")).collect();
    assert_eq!(reported.len(), 1, "{log}");
    for field in ["\"function\":\"process\"", "\"batch\":2", "\"stream\":\"s\"", "\"plugin\":\"hostile\""] {
        assert!(reported[0].contains(field), "{field} is not in {}", reported[0]);
    }
    assert!(!log.contains("RUST_BACKTRACE"), "{log}");
    project.write_stream(&hostile("trap-at-name", "on_trap = \"quarantine\"", ""));
    project.run();
    let reasons = project.rows("SELECT reason FROM WMSHOST_QUARANTINE WHERE rule = 'trap'");
    assert!(reasons.len() == 1 && reasons[0].ends_with(": a row is called trap"), "{reasons:?}");
}

#[test]
fn an_endless_row_is_found_in_little_more_than_one_limit() {
    let project = TestProject::with_stream(TABLE, &hostile("loop-at-name", "", "call_timeout = \"4s\""));
    project.change("UPDATE s SET name = 'trap' WHERE id = 137");
    let began = Instant::now();
    let words = ["limit call_time: 4s allowed, more asked for; row 37 of the batch alone (id = 137) takes longer than"];
    project.wmshost("run", &[]).ended(1).says(&words);
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    let policy = "on_trap = \"quarantine\"";
    project.write_stream(&hostile("loop-at-name", policy, "call_timeout = \"4s\""));
    let began = Instant::now();
    let run = project.run_stream("s");
    assert_eq!((&run["rows_written"], &run["rows_rejected"]), (&249.into(), &1.into()));
    assert!(began.elapsed() < Duration::from_secs(14), "{:?}", began.elapsed());
}

#[test]
fn the_limit_of_the_log_holds_over_all_instances() {
    let limits = "log_messages = 100";
    let project = TestProject::with_stream(TABLE, &hostile("flood-then-trap", "on_trap = \"quarantine\"", limits));
    project.change("UPDATE s SET name = 'trap' WHERE id % 30 = 0");
    let run = project.run_stream("s");
    assert_eq!((&run["rows_written"], &run["rows_rejected"]), (&242.into(), &8.into()));
    let log = log(&project);
    let lines = log.lines().filter(|line| line.contains("\"hostile\"") && line.contains("line ")).count();
    assert!((1..=100).contains(&lines), "{lines} lines");
    assert!(log.contains("limit log_messages: 100 allowed, further messages are left out"), "{log}");
}

#[test]
fn a_key_that_a_transform_overwrites_ends_the_run() {
    let project = TestProject::with_stream(TABLE, &hostile("key-overwrite", "", ""));
    let words = ["column id identifies a row, and the transform changed it in row 2 of the batch (id = 2)"];
    project.wmshost("run", &[]).ended(1).says(&words);
    assert_eq!(
        project.number("SELECT count(*) FROM sqlite_schema WHERE name = 'WMS_S'"),
        0,
        "nothing took the table's place"
    );
}

#[test]
fn what_a_transform_makes_of_columns_is_seen_by_check() {
    for (behaviour, words) in [
        ("promise-more", "a batch without rows: column never-made (int64) was promised and is missing"),
        ("other-type", "a batch without rows: column extra was promised as int64 and is date"),
        ("promise-no-key", "column id identifies a row and is missing from what the transform makes"),
    ] {
        let project = TestProject::with_stream(TABLE, &hostile(behaviour, "", ""));
        project.wmshost("check", &[]).ended(2).says(&[words]);
        assert!(!project.target_path().exists(), "{behaviour}");
    }
    let project = TestProject::with_stream(TABLE, &hostile("stateful-trap", "on_trap = \"quarantine\"", ""));
    project.wmshost("check", &[]).ended(2).says(&["keeps state from batch to batch", "on_trap must be \"fail_run\""]);
}

/// Starts a command, sends it this signal when it has computed for a while, and returns its exit code and the time
/// after the signal.
fn interrupted(project: &TestProject, words: &str, signal: &str) -> (Option<i32>, Duration) {
    let mut command = Command::new(project.program());
    command.args(words.split(' ')).arg(project.pipeline()).envs(project.variables());
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut run = command.spawn().expect("the program runs");
    std::thread::sleep(Duration::from_millis(1_500));
    let sent = Instant::now();
    wmshost_tests::signal(&run, signal);
    let end = run.wait().expect("it ends");
    (end.code(), sent.elapsed())
}

#[test]
fn a_signal_ends_plugins_at_once() {
    let endless = "call_timeout = \"60s\"";
    let project = TestProject::with_stream(TABLE, &hostile("loop-at-name", "", endless));
    project.change("UPDATE s SET name = 'trap' WHERE id = 137");
    for signal in ["-TERM", "-INT"] {
        let (code, took) = interrupted(&project, "run", signal);
        assert_eq!(code, Some(130), "{signal}");
        assert!(took < Duration::from_secs(3), "{signal}: {took:?}");
    }
    // The rows that were committed before stay, and the next run continues.
    project.change("UPDATE s SET name = 'n' WHERE id = 137");
    project.run();
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 250);
    let project = TestProject::with_stream(TABLE, &hostile("loop-in-start", "", endless));
    for command in ["check", "run"] {
        let (code, took) = interrupted(&project, command, "-TERM");
        assert_eq!(code, Some(130), "{command}");
        assert!(took < Duration::from_secs(3), "{command}: {took:?}");
    }
}
