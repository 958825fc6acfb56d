//! `wmshost clean`: what is old goes, and nothing else.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value as Json;
use wmshost_tests::TestProject;

use crate::receipts::{leave_receipts, receipts};

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

/// The names in a folder, in order.
pub(crate) fn names(folder: &Path) -> Vec<String> {
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

#[test]
fn old_receipts_go_from_the_beginning_of_their_chain_and_the_last_one_stays() {
    let mut project = TestProject::with_stream(SOURCE, "");
    leave_receipts(&project, "receipt_key = \"receipts.key\"\n");
    let key = project.path("receipts.key").to_string_lossy().into_owned();
    project.plain(&["plugin", "key", "--to", &key, "--unprotected"]).succeeded();
    let run = |project: &mut TestProject, clock: &str| {
        project.set("WMSHOST_CLOCK_AHEAD", clock);
        project.wmshost("run", &[]).succeeded();
        project.set("WMSHOST_CLOCK_AHEAD", "0");
    };
    let files = |project: &TestProject| {
        let name = |file: &std::path::PathBuf| file.file_name().map(|name| name.to_string_lossy()[..6].to_owned());
        receipts(project).iter().filter_map(name).collect::<Vec<_>>()
    };
    let removed = |cleaned: &Json| cleaned["receipts"]["files"].as_u64().expect("a number");
    // The clock went back meanwhile: an old one after a newer one is no beginning.
    for clock in [LONG_AGO, LONG_AGO, "0", LONG_AGO, "0"] {
        run(&mut project, clock);
    }
    assert_eq!(removed(&clean(&project, &[])), 0, "receipts go only if that is asked");
    let trial = clean(&project, &["--receipts", "365d", "--dry-run"]);
    assert_eq!((removed(&trial), files(&project).len()), (4, 5), "{trial:#}");
    assert_eq!(removed(&clean(&project, &["--receipts", "365d"])), 4, "each with its signature");
    assert_eq!(files(&project), ["000003", "000004", "000005"]);
    let left = names(&project.path("home/receipts/lab"));
    assert_eq!(left.iter().filter(|name| name.ends_with(".minisig")).count(), 3, "{left:?}");
    let check = |project: &TestProject| {
        let all: Vec<_> = receipts(project).iter().map(|file| file.to_string_lossy().into_owned()).collect();
        let key = format!("{key}.pub");
        let mut arguments = vec!["receipt", "check", "--output", "json", "--key", &key];
        arguments.extend(all.iter().map(String::as_str));
        let checked = project.plain(&arguments).succeeded().json();
        checked.as_array().expect("a list").iter().map(|one| one["link"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(check(&project), ["unknown", "follows", "follows"]);
    std::thread::sleep(Duration::from_millis(5));
    assert_eq!(removed(&clean(&project, &["--receipts", "0s"])), 4);
    assert_eq!(files(&project), ["000005"], "the next one follows it");
    run(&mut project, "0");
    assert_eq!(
        (files(&project), check(&project)),
        (vec!["000005".to_owned(), "000006".to_owned()], vec!["unknown".into(), "follows".into()])
    );
}
