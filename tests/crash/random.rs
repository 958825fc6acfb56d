//! Runs that are killed at random times.

use std::time::{Duration, Instant};

use wmshost_tests::{Numbers, TestProject, assert_target_equals_source};

use crate::times;

/// Kills a run after a while; `false` if it had ended before.
fn kill_after(project: &TestProject, wait: Duration) -> bool {
    let mut run = project.begin_run();
    std::thread::sleep(wait);
    let killed = run.try_wait().expect("a status").is_none();
    run.kill().expect("killed");
    run.wait().expect("an end");
    killed
}

fn project(numbers: &mut Numbers) -> TestProject {
    let mut project = TestProject::sample(1_000 + numbers.below(500), numbers.draw() % 1_000_000);
    project.set("WMS_BATCH_SIZE", &(20 + numbers.below(200)).to_string());
    project.set("TARGET_BATCH_SIZE", &(20 + numbers.below(400)).to_string());
    project
}

/// The time that a run takes from its start to its end.
fn usual_time(project: &TestProject) -> Duration {
    let started = Instant::now();
    project.wmshost("run", &[]).succeeded();
    started.elapsed()
}

#[test]
fn full_loads_that_are_killed_end_equal() {
    let mut numbers = Numbers(1);
    let whole = usual_time(&project(&mut numbers));
    let mut killed = 0;
    for _ in 0..times(100) {
        let project = project(&mut numbers);
        let wait = whole.mul_f64(numbers.below(1_000) as f64 / 1_000.0);
        killed += u64::from(kill_after(&project, wait));
        project.run();
        assert_target_equals_source(&project);
    }
    println!("full loads: {} begun, {killed} killed on the way, 0 rows lost, 0 doubled", times(100));
    assert!(killed >= times(100) / 2, "too few runs were killed on the way: {killed}");
}

/// A warehouse grows with every day of changes, so it is replaced after this number of days.
const DAYS: u64 = 12;

#[test]
fn incremental_runs_that_are_killed_end_equal() {
    let mut numbers = Numbers(2);
    let mut killed = 0;
    for _ in 0..times(120) / DAYS {
        let mut project = project(&mut numbers);
        project.run();
        for day in 1..=DAYS {
            let file = project.source_path();
            let file = file.to_string_lossy();
            project.plain(&["sample", "change", &file, "--percent", "20", "--seed", &day.to_string()]).succeeded();
            project.set("TARGET_BATCH_SIZE", &(20 + numbers.below(100)).to_string());
            killed += u64::from(kill_after(&project, Duration::from_micros(5_000 + numbers.below(60_000))));
            project.run();
            assert_target_equals_source(&project);
        }
    }
    println!("incremental runs: {} begun, {killed} killed on the way, 0 rows lost, 0 doubled", times(120));
    assert!(killed >= times(120) / 4, "too few runs were killed on the way: {killed}");
}
