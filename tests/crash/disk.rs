//! Full disks, and files that are missing, truncated or locked.

use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use wmshost_tests::{Numbers, TestProject, assert_target_equals_source};

use crate::times;

fn beside(path: PathBuf, suffix: &str) -> PathBuf {
    let mut name = path.into_os_string();
    name.push(suffix);
    name.into()
}

#[test]
fn a_power_cut_that_takes_the_end_of_the_log_loses_nothing_for_good() {
    let mut numbers = Numbers(3);
    for _ in 0..times(25) {
        let mut project = TestProject::sample(1_500, numbers.draw() % 1_000);
        project.set("WMS_BATCH_SIZE", "50");
        project.set("TARGET_BATCH_SIZE", "100");
        project.set("WMSHOST_CRASH_AT", &format!("allocation:batch-committed:{}", 1 + numbers.below(12)));
        assert_eq!(project.wmshost("run", &[]).code(), None);
        project.set("WMSHOST_CRASH_AT", "");
        // The files that the disk may have lost: the ends of the logs of target and history, and the index over them.
        for file in [project.target_path(), project.path("home/state.db")] {
            let log = beside(file.clone(), "-wal");
            if let Ok(log) = OpenOptions::new().write(true).open(&log) {
                let length = log.metadata().expect("metadata").len();
                log.set_len(numbers.below(length + 1)).expect("cut off");
            }
            let _ = std::fs::remove_file(beside(file, "-shm"));
        }
        project.run();
        assert_target_equals_source(&project);
    }
}

#[test]
fn a_full_disk_ends_the_run_and_the_next_one_goes_on() {
    let mut project = TestProject::sample(4_000, 6);
    project.run();
    let file = project.source_path();
    project.plain(&["sample", "change", &file.to_string_lossy(), "--percent", "90", "--seed", "1"]).succeeded();
    project.set("WMS_BATCH_SIZE", "100");
    project.set("TARGET_BATCH_SIZE", "100");
    // No file may become longer than this: the system reports it as a full disk, in the middle of a write.
    for kibibytes in [64, 200, 600, 1_200] {
        let script = format!("trap '' XFSZ; ulimit -f {kibibytes}; exec \"$@\"");
        let mut command = Command::new("bash");
        command.args(["-c", &script, "bash"]).arg(project.program()).args(["run", &project.pipeline()]);
        let ended = command.envs(project.variables()).output().expect("it runs");
        let err = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.code() == Some(1) || ended.status.code() == Some(2), "{:?} {err}", ended.status);
        assert!(!err.contains("panicked"), "{err}");
    }
    project.run();
    assert_target_equals_source(&project);
}

#[test]
fn a_source_that_is_gone_or_cut_off_is_reported_and_harms_nothing() {
    let project = TestProject::sample(800, 8);
    project.run();
    let kept = project.path("kept.db");
    std::fs::rename(project.source_path(), &kept).expect("moved");
    project.wmshost("run", &[]).ended(2).says(&["source wms", "there is no such file"]);
    std::fs::copy(&kept, project.source_path()).expect("copied");
    let half = std::fs::metadata(&kept).expect("metadata").len() / 2;
    File::options().write(true).open(project.source_path()).expect("the source").set_len(half).expect("cut off");
    let damaged = project.wmshost("run", &["--full-refresh"]);
    assert!(damaged.code() == Some(1) || damaged.code() == Some(2), "{}", damaged.err());
    assert!(damaged.err().contains("damaged") || damaged.err().contains("malformed"), "{}", damaged.err());
    // Within its last page SQLite itself notices nothing, and reads zeros.
    let end = std::fs::copy(&kept, project.source_path()).expect("copied") - 100;
    File::options().write(true).open(project.source_path()).expect("the source").set_len(end).expect("cut off");
    project.wmshost("run", &[]).ended(2).says(&["source wms", "the file is cut off", "restore it"]);
    std::fs::rename(&kept, project.source_path()).expect("moved");
    project.run();
    assert_target_equals_source(&project);
}

#[test]
fn a_target_that_another_program_has_locked_is_waited_for() {
    let project = TestProject::sample(800, 10);
    project.run();
    let file = project.source_path();
    project.plain(&["sample", "change", &file.to_string_lossy(), "--percent", "5", "--seed", "1"]).succeeded();
    let other = project.target();
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let mut run = project.begin_run();
    // It cannot end while the target is locked.
    std::thread::sleep(Duration::from_millis(300));
    assert!(run.try_wait().expect("a status").is_none(), "it did not wait");
    other.execute_batch("COMMIT").expect("unlocked");
    assert!(run.wait().expect("an end").success());
    assert_target_equals_source(&project);
}

#[test]
fn a_history_that_is_damaged_is_reported() {
    let project = TestProject::sample(200, 12);
    project.run();
    std::fs::write(project.path("home/state.db"), "not a database at all, but long enough to be read as one")
        .expect("written");
    let _ = std::fs::remove_file(project.path("home/state.db-wal"));
    project.wmshost("run", &[]).ended(2).says(&["state.db", "move it away"]);
}
