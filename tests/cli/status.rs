//! `wmshost status`: the state of streams, by what is in the target alone.

use serde_json::Value as Json;
use wmshost_tests::TestProject;

const SOURCE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v INTEGER, changed TIMESTAMP);
    INSERT INTO s VALUES (1, 1, '2026-01-01 00:00:00'), (2, 2, '2026-01-02 00:00:00');";
const STREAM: &str = "method = \"incremental\"\nchange_key = \"changed\"\non_bad_value = \"fail\"\n";

/// The only stream of the pipeline; the command has to end with this code.
fn state(project: &TestProject, code: i32) -> Json {
    let status = project.wmshost("status", &["--output", "json"]).ended(code).json();
    assert_eq!(status["healthy"], code == 0, "{status:#}");
    status["streams"][0].clone()
}

#[test]
fn a_stream_is_never_loaded_fresh_failed_and_fresh_again() {
    let project = TestProject::with_stream(SOURCE, STREAM);
    assert_eq!(state(&project, 1)["state"], "never loaded");
    project.wmshost("run", &[]).succeeded();
    let fresh = state(&project, 0);
    assert_eq!(
        (&fresh["state"], &fresh["watermark"]),
        (&"fresh".into(), &"2026-01-02 00:00:00.000000".into()),
        "{fresh:#}"
    );
    let first = fresh["last_run"]["run_id"].clone();
    // A run that finds nothing new leaves the target up to date, too.
    project.wmshost("run", &[]).succeeded();
    let unchanged = state(&project, 0);
    assert_ne!(unchanged["last_run"]["run_id"], first);
    project.change("INSERT INTO s VALUES (3, 'many', '2026-01-03 00:00:00')");
    project.wmshost("run", &[]).ended(1);
    let failed = state(&project, 1);
    assert_eq!(failed["state"], "failed", "{failed:#}");
    assert!(failed["reason"].as_str().expect("a reason").contains("the column v"), "{failed:#}");
    assert!(failed["age_seconds"].is_u64(), "the last success is kept: {failed:#}");
    project.change("UPDATE s SET v = 3 WHERE id = 3");
    project.wmshost("run", &[]).succeeded();
    assert_eq!(state(&project, 0)["state"], "fresh");
}

#[test]
fn a_run_that_never_happened_is_seen_on_a_machine_without_a_history() {
    let mut project = TestProject::with_stream(SOURCE, &format!("{STREAM}max_age = \"1h\""));
    project.wmshost("run", &[]).succeeded();
    let home = project.path("another-home").to_string_lossy().into_owned();
    project.set("WMSHOST_HOME", &home);
    assert_eq!(state(&project, 0)["state"], "fresh");
    project.set("WMSHOST_CLOCK_AHEAD", "7200");
    let late = state(&project, 1);
    assert_eq!((&late["state"], &late["max_age_seconds"]), (&"late".into(), &3_600.into()), "{late:#}");
    let text = project.wmshost("status", &[]).ended(1).out();
    assert!(text.contains("2 h") && text.contains("pipeline lab: 1 late"), "{text}");
}

#[test]
fn rows_in_quarantine_and_a_target_that_cannot_be_read_are_said() {
    let project = TestProject::with_stream(SOURCE, "on_bad_value = \"reject\"");
    project.change("UPDATE s SET v = 'many' WHERE id = 2");
    project.wmshost("run", &[]).succeeded();
    let rejected = state(&project, 0);
    assert_eq!(rejected["quarantined"], 1, "{rejected:#}");
    std::fs::write(project.target_path(), "no database at all, but a text").expect("a file");
    let unknown = state(&project, 1);
    assert_eq!(unknown["state"], "unknown", "{unknown:#}");
    assert!(unknown["reason"].is_string(), "{unknown:#}");
}
