//! `wmshost clean`: what is old goes, and nothing else.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value as Json;
use wmshost_tests::TestProject;

const SOURCE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v INTEGER); INSERT INTO s VALUES (1, 1), (2, 2);";
/// A clock that is 578 days late.
const LONG_AGO: &str = "-50000000";
const DAY: Duration = Duration::from_secs(86_400);

fn clean(project: &TestProject, rest: &[&str]) -> Json {
    project.plain(&[&["clean", "--output", "json"], rest].concat()).succeeded().json()
}

/// The numbers of runs, logs and compiled plugins in a result.
fn numbers(cleaned: &Json) -> [u64; 3] {
    let number = |value: &Json| value.as_u64().unwrap_or_else(|| panic!("{cleaned:#}"));
    [number(&cleaned["runs"]), number(&cleaned["logs"]["files"]), number(&cleaned["plugins"]["files"])]
}

fn names(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("a file").file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> = fs::read_dir(folder).expect("a folder").map(name).collect();
    names.sort();
    names
}

#[test]
fn old_runs_and_logs_go_and_links_foreign_files_and_the_last_run_stay() {
    let mut project = TestProject::with_stream(SOURCE, "");
    project.set("WMSHOST_CLOCK_AHEAD", LONG_AGO);
    for _ in 0..2 {
        project.wmshost("run", &[]).succeeded();
    }
    project.set("WMSHOST_CLOCK_AHEAD", "0");
    project.wmshost("run", &[]).succeeded();
    let logs = project.path("home/logs");
    let before = names(&logs);
    assert_eq!(before.len(), 3, "{before:?}");
    fs::write(logs.join("notes.txt"), "mine").expect("a file");
    let linked = logs.join(before[0].replace(".jsonl", "").replace('0', "1") + ".jsonl");
    std::os::unix::fs::symlink(project.path("wms.db"), &linked).expect("a link");
    let compiled = names(&project.path("home/plugins")).len();
    let trial = clean(&project, &["--dry-run", "--plugins", "0s"]);
    assert_eq!((numbers(&trial), &trial["dry_run"]), ([2, 2, 0], &true.into()), "{trial:#}");
    assert_eq!(names(&logs).len(), 5);
    let said = project.plain(&["clean", "--dry-run"]).succeeded().out();
    assert!(said.starts_with("would be removed: runs of the history: 2; logs: 2 ("), "{said}");
    assert_eq!(numbers(&clean(&project, &["--plugins", "0s"])), [2, 2, 0]);
    let left = names(&logs);
    assert!(left.len() == 3 && left.contains(&before[2]) && left.contains(&"notes.txt".to_owned()), "{left:?}");
    assert!(linked.symlink_metadata().is_ok() && project.source_path().exists());
    // A folder that is a link belongs to somebody else.
    assert_eq!(names(&project.path("home/plugins")).len(), compiled);
    assert_eq!(numbers(&clean(&project, &[])), [0, 0, 0]);
    assert_eq!(numbers(&clean(&project, &["--history", "0s", "--logs", "0s"])), [0, 1, 0]);
    let runs = project.plain(&["runs", "list", "--output", "json"]).succeeded().json();
    assert_eq!(runs.as_array().map(Vec::len), Some(1), "{runs:#}");
    project.wmshost("run", &[]).succeeded();
    project.plain(&["clean", "--logs", "ninety days"]).ended(2).says(&["write a duration"]);
}

#[test]
fn compiled_plugins_go_that_no_run_uses_and_a_home_without_a_history_is_left_alone() {
    let mut project = TestProject::with_stream(SOURCE, "");
    let empty = project.path("empty");
    project.set("WMSHOST_HOME", &empty.to_string_lossy());
    assert_eq!(numbers(&clean(&project, &[])), [0, 0, 0]);
    assert!(!empty.exists(), "a folder was made for nothing");
    let home = project.path("own");
    project.set("WMSHOST_HOME", &home.to_string_lossy());
    project.wmshost("run", &[]).succeeded();
    let plugins = home.join("plugins");
    let used = names(&plugins);
    let digest = used.iter().find_map(|name| name.split_once('-')).expect("a compiled plugin").0;
    let unused = "0".repeat(64);
    let old = SystemTime::now() - 40 * DAY;
    let files = [
        (format!("{unused}-0123456789abcdef.aot"), old, false),
        (format!("{}-0123456789abcdef.aot", unused.replace('0', "1")), SystemTime::now(), true),
        (format!("{digest}-0123456789abcdef.aot"), old, false),
        (format!("{unused}-0123456789abcdef.tmp0123456789abcdef"), old, false),
        ("notes.aot.txt".to_owned(), old, true),
    ];
    for (name, at, _) in &files {
        fs::write(plugins.join(name), "compiled").expect("a file");
        File::options().write(true).open(plugins.join(name)).and_then(|file| file.set_modified(*at)).expect("a time");
    }
    for name in &used {
        let file = File::options().write(true).open(plugins.join(name)).expect("a file");
        file.set_modified(old + DAY).expect("a time");
    }
    let cleaned = clean(&project, &[]);
    assert_eq!((numbers(&cleaned), &cleaned["plugins"]["bytes"]), ([0, 0, 3], &24.into()), "{cleaned:#}");
    let left = names(&plugins);
    for (name, _, stays) in &files {
        assert_eq!(left.contains(name), *stays, "{name}");
    }
    assert!(used.iter().all(|name| left.contains(name)), "{left:?}");
}
