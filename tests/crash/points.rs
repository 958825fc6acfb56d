//! A run that dies at a named point.

use wmshost_tests::{TestProject, assert_target_equals_source};

const POINTS: [&str; 9] = [
    "lease-taken",
    "table-prepared",
    "batch-gathered",
    "batch-loaded",
    "checkpoint-written",
    "batch-committed",
    "finish-begun",
    "finished",
    "end-committed",
];

fn project() -> TestProject {
    let mut project = TestProject::sample(1_500, 21);
    project.set("WMS_BATCH_SIZE", "100");
    project.set("TARGET_BATCH_SIZE", "200");
    project
}

/// Dies at the point, then runs to the end. Returns the number of rows that the second run read of the stream.
fn die_and_go_on(project: &mut TestProject, stream: &str, point: &str) -> u64 {
    project.set("WMSHOST_CRASH_AT", &format!("{stream}:{point}:1"));
    let died = project.wmshost("run", &[]);
    assert_eq!(died.code(), None, "{stream} at {point}: {}", died.err());
    project.set("WMSHOST_CRASH_AT", "");
    let read = project.run_stream(stream)["rows_read"].as_u64().expect("a number");
    assert_target_equals_source(project);
    read
}

#[test]
fn a_full_load_that_dies_at_any_point_ends_equal() {
    for stream in ["allocation", "item_master"] {
        for point in POINTS {
            let mut project = project();
            let read = die_and_go_on(&mut project, stream, point);
            if stream == "allocation" && point == "batch-committed" {
                assert!(read < 1_500, "what was committed is not read again: {read}");
            }
        }
    }
}

#[test]
fn an_incremental_run_that_dies_at_any_point_ends_equal() {
    let mut project = project();
    project.run();
    for (day, point) in (1..).zip(POINTS) {
        let file = project.source_path();
        project
            .plain(&["sample", "change", &file.to_string_lossy(), "--percent", "30", "--seed", &day.to_string()])
            .succeeded();
        die_and_go_on(&mut project, "allocation", point);
    }
}

#[test]
fn the_run_that_died_is_reported_as_interrupted() {
    let mut project = project();
    die_and_go_on(&mut project, "allocation", "batch-committed");
    let runs = project.plain(&["runs", "list", "--output", "json"]).succeeded().json();
    let statuses: Vec<_> = runs.as_array().expect("runs").iter().map(|run| run["status"].clone()).collect();
    assert_eq!(statuses, ["succeeded", "interrupted"]);
}
