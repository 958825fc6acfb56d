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

/// The target may be unable to hold the failure, as where its disk is full.
#[test]
fn a_failure_that_the_target_could_not_record_is_found_on_the_machine_that_ran() {
    let project = TestProject::with_stream(SOURCE, STREAM);
    project.run();
    for event in ["INSERT", "UPDATE"] {
        let full = format!(
            "CREATE TRIGGER full_{event} BEFORE {event} ON WMSHOST_STATUS BEGIN SELECT RAISE(ABORT, 'full'); END"
        );
        project.target().execute_batch(&full).expect("a trigger");
    }
    project.change("INSERT INTO s VALUES (3, 'many', '2026-01-03 00:00:00')");
    project.wmshost("run", &[]).ended(1);
    let failed = state(&project, 1);
    assert_eq!(failed["state"], "failed", "{failed:#}");
    let reason = failed["reason"].as_str().expect("a reason");
    assert!(reason.contains("not recorded in the target") && reason.contains("the column v"), "{reason}");
    project.target().execute_batch("DROP TRIGGER full_INSERT; DROP TRIGGER full_UPDATE").expect("dropped");
    project.change("UPDATE s SET v = 3 WHERE id = 3");
    project.run();
    assert_eq!(state(&project, 0)["state"], "fresh");
}

/// The rights of the file are all that has to be mended.
#[test]
fn a_target_that_was_read_only_for_a_run_is_written_by_the_next() {
    let project = TestProject::with_stream(SOURCE, STREAM);
    project.run();
    project.change("INSERT INTO s VALUES (3, 3, '2026-01-03 00:00:00')");
    let set = |mode| {
        let rights = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(project.target_path(), rights).expect("rights");
    };
    set(0o444);
    project.wmshost("run", &[]).ended(2).says(&["the file is read-only; allow writing to it"]);
    set(0o644);
    project.run();
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 3);
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

#[test]
fn a_comparison_that_finds_both_sides_equal_moves_the_time_through_which_a_stream_is_verified() {
    let mut project = TestProject::with_stream(SOURCE, STREAM);
    project.wmshost("run", &[]).succeeded();
    assert_eq!(state(&project, 0)["verified_through"], Json::Null, "nobody has compared the whole table");
    project.wmshost("verify", &[]).succeeded();
    let first = state(&project, 0)["verified_through"].clone();
    assert!(first.is_string(), "{first}");
    let text = project.wmshost("status", &[]).succeeded().out();
    let second = &first.as_str().expect("a time")[..19].replace('T', " ");
    assert!(text.contains("verified through") && text.contains(second), "{second}: {text}");
    // Rows that differ leave it where it was, also where they are mended: nobody has seen yet that they are.
    project.set("WMSHOST_CLOCK_AHEAD", "3600");
    project.target().execute_batch("UPDATE WMS_S SET v = 7").expect("a change");
    project.wmshost("verify", &[]).ended(1);
    project.wmshost("verify", &["--repair"]).succeeded();
    assert_eq!(state(&project, 0)["verified_through"], first);
    project.wmshost("verify", &[]).succeeded();
    let third = state(&project, 0)["verified_through"].clone();
    assert!(third.as_str() > first.as_str(), "{third}");
    // A clock that was ahead is no reason to go back.
    project.set("WMSHOST_CLOCK_AHEAD", "0");
    project.wmshost("verify", &[]).succeeded();
    assert_eq!(state(&project, 0)["verified_through"], third);
}

#[test]
fn a_schedule_comes_round_to_all_streams_also_where_one_differs() {
    let project = TestProject::with_stream(
        SOURCE,
        &format!(
            "{STREAM}[streams.a]\nsource = \"wms\"\ntarget = \"ana\"\nextractor = \"wms-tables\"\nloader = \"table\"\ntable = \"s\"\n"
        ),
    );
    project.wmshost("run", &[]).succeeded();
    project.target().execute_batch("UPDATE WMS_A SET v = 7").expect("a change");
    let mut compared = Vec::new();
    for _ in 0..4 {
        let verify = project.wmshost("verify", &["--oldest", "1", "--output", "json"]).json();
        assert_eq!(verify["streams"].as_array().map(Vec::len), Some(1), "{verify:#}");
        compared.push(verify["streams"][0]["stream"].as_str().expect("a name").to_owned());
    }
    compared[..2].sort();
    assert_eq!(compared[..2], ["a", "s"]);
    assert_ne!(compared[2], compared[3]);
    project.wmshost("verify", &["--oldest", "0"]).ended(2);
}
