//! Runs that are killed at random times.

use std::time::{Duration, Instant};

use wmshost_tests::{Numbers, TestProject, assert_target_equals_source};

use crate::times;

/// Kills a run after a while; `false` if it had ended before.
fn kill_after(lab: &TestProject, wait: Duration) -> bool {
    let mut run = lab.begin_run();
    std::thread::sleep(wait);
    let killed = run.try_wait().expect("a status").is_none();
    run.kill().expect("killed");
    run.wait().expect("an end");
    killed
}

fn lab(numbers: &mut Numbers) -> TestProject {
    let mut lab = TestProject::sample(1_000 + numbers.below(500), numbers.draw() % 1_000_000);
    lab.set("WMS_BATCH_SIZE", &(20 + numbers.below(200)).to_string());
    lab.set("TARGET_BATCH_SIZE", &(20 + numbers.below(400)).to_string());
    lab
}

/// The time that a run takes from its start to its end.
fn usual_time(lab: &TestProject) -> Duration {
    let started = Instant::now();
    lab.wmshost("run", &[]).succeeded();
    started.elapsed()
}

#[test]
fn full_loads_that_are_killed_end_equal() {
    let mut numbers = Numbers(1);
    let whole = usual_time(&lab(&mut numbers));
    let mut killed = 0;
    for _ in 0..times(100) {
        let lab = lab(&mut numbers);
        let wait = whole.mul_f64(numbers.below(1_000) as f64 / 1_000.0);
        killed += u64::from(kill_after(&lab, wait));
        lab.run();
        assert_target_equals_source(&lab);
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
        let mut lab = lab(&mut numbers);
        lab.run();
        for day in 1..=DAYS {
            let file = lab.source_path();
            let file = file.to_string_lossy();
            lab.plain(&["sample", "change", &file, "--percent", "20", "--seed", &day.to_string()]).succeeded();
            lab.set("TARGET_BATCH_SIZE", &(20 + numbers.below(100)).to_string());
            killed += u64::from(kill_after(&lab, Duration::from_micros(5_000 + numbers.below(60_000))));
            lab.run();
            assert_target_equals_source(&lab);
        }
    }
    println!("incremental runs: {} begun, {killed} killed on the way, 0 rows lost, 0 doubled", times(120));
    assert!(killed >= times(120) / 4, "too few runs were killed on the way: {killed}");
}
