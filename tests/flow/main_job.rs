//! Full load, incremental load, nothing to do: the target equals the source.

use wmshost_tests::{TestProject, assert_target_equals_source, signal};

fn sample_change(project: &TestProject, percent: &str, seed: &str) {
    let file = project.source_path();
    project.plain(&["sample", "change", &file.to_string_lossy(), "--percent", percent, "--seed", seed]).succeeded();
}

/// The rows that the shipped pipeline does not look for: rows of incremental tables that the source has deleted.
fn deleted_rows(project: &TestProject) -> i64 {
    let target = project.target();
    target.execute("ATTACH ?1 AS source", [project.source_path().to_string_lossy()]).expect("the source");
    target
        .query_row(
            "SELECT (SELECT count(*) FROM WMS_ALLOCATION WHERE allocation_id NOT IN (SELECT allocation_id FROM source.allocation)) + \
             (SELECT count(*) FROM WMS_ORDER_HDR WHERE order_id NOT IN (SELECT order_id FROM source.order_hdr))",
            [],
            |row| row.get(0),
        )
        .expect("a number")
}

#[test]
fn the_target_equals_the_source_after_a_full_load_and_after_every_day() {
    let project = TestProject::sample(8_000, 11);
    let first = project.run_stream("allocation");
    assert_eq!((first["rows_read"].as_u64(), first["rows_written"].as_u64()), (Some(8_000), Some(8_000)));
    assert_target_equals_source(&project);
    for day in 1..=3 {
        sample_change(&project, "2", &day.to_string());
        let run = project.run_stream("allocation");
        let written = run["rows_written"].as_u64().expect("a number");
        assert!((1..=400).contains(&written), "a second run moves only what changed: {run}");
        assert_eq!(deleted_rows(&project), 0);
        assert_target_equals_source(&project);
    }
}

#[test]
fn a_run_with_nothing_to_do_writes_nothing() {
    let project = TestProject::sample(2_000, 3);
    project.run();
    let marks = "SELECT count(*), max(wms_loaded_at), max(wms_run_id) FROM WMS_ALLOCATION";
    let before = project.rows(marks);
    let run = project.run();
    for stream in run["streams"].as_array().expect("streams") {
        assert_eq!(stream["rows_written"], 0, "{stream}");
    }
    assert_eq!(project.rows(marks), before);
}

#[test]
fn a_full_refresh_puts_the_same_rows_in_place() {
    let project = TestProject::sample(1_000, 5);
    project.run();
    project.target().execute_batch("DELETE FROM WMS_ALLOCATION WHERE allocation_id % 3 = 0").expect("deleted");
    let run = project.wmshost("run", &["--full-refresh", "--output", "json"]).succeeded().json();
    assert_eq!(run["status"], "succeeded");
    assert_target_equals_source(&project);
}

#[test]
fn a_signal_stops_the_run_after_the_batch_in_hand_and_the_next_goes_on() {
    let mut project = TestProject::sample(60_000, 7);
    project.set("WMS_BATCH_SIZE", "50");
    project.set("TARGET_BATCH_SIZE", "50");
    let mut run = project.begin_run();
    // Something was committed: the run has started.
    let waiting = "SELECT count(*) FROM WMSHOST_CHECKPOINT WHERE bookmark IS NOT NULL AND complete = 0";
    while project.target().query_row(waiting, [], |row| row.get::<_, i64>(0)).unwrap_or(0) == 0 {
        assert!(run.try_wait().expect("a status").is_none(), "the run ended before it could be stopped");
        std::thread::yield_now();
    }
    signal(&run, "-TERM");
    assert_eq!(run.wait().expect("an end").code(), Some(130));
    let runs = project.plain(&["runs", "list", "--output", "json"]).succeeded().json();
    assert_eq!(runs[0]["status"], "cancelled");
    project.run();
    assert_target_equals_source(&project);
}
