//! One process builds the models of a pipeline at a time.

use std::process::{Child, Stdio};

use wmshost_tests::signal;

use super::{ModelsTestProject, reported};

const LEASES: &str = "SELECT count(*) FROM WMSHOST_LEASE WHERE stream = '(models)'";

fn number(place: &ModelsTestProject, query: &str) -> i64 {
    place.target().query_row(query, [], |row| row.get(0)).unwrap_or(0)
}

/// A build that is stopped in the middle, while it holds its lease.
fn stopped_build(place: &ModelsTestProject) -> Child {
    let words = ["models", "build", "p.toml", "--force"];
    let mut build = place.command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    while number(place, LEASES) == 0 {
        assert!(build.try_wait().expect("a status").is_none(), "the build ended before it could be stopped");
        std::thread::yield_now();
    }
    signal(&build, "-STOP");
    assert_eq!(number(place, LEASES), 1, "the build ended before it was stopped");
    build
}

/// The lease of a run on another machine, which expires in this number of seconds.
fn hold_elsewhere(place: &ModelsTestProject, seconds: i64) {
    place
        .target()
        .execute_batch(&format!(
            "INSERT OR REPLACE INTO WMSHOST_LEASE VALUES \
             ('wms', '(models)', 'other-run', 'elsewhere 1 pid', 4242424, unixepoch(), unixepoch() + {seconds})"
        ))
        .expect("a lease");
}

#[test]
fn the_second_of_two_builds_learns_who_is_at_work() {
    let place = ModelsTestProject::with_allocations("after_load = false\n", 20_000);
    place.ends(0, &["run", "p.toml"]);
    let first = stopped_build(&place);
    for words in [&["models", "build", "p.toml"][..], &["models", "run", "p.toml"], &["models", "test", "p.toml"]] {
        let second = place.ends(3, words);
        assert!(second.contains(&format!("(process {} on ", first.id())), "{second}");
        assert!(second.contains("holds the models, last seen") && second.contains("wait for it to end"), "{second}");
    }
    signal(&first, "-CONT");
    let first = first.wait_with_output().expect("an end");
    assert_eq!(first.status.code(), Some(0), "{}", reported(&first));
    assert_eq!(number(&place, LEASES), 0, "the lease was given back");
    assert_eq!(number(&place, "SELECT SUM(allocations) FROM PER_DAY"), 20_000);
}

#[test]
fn who_was_killed_is_followed_at_once() {
    let place = ModelsTestProject::with_allocations("after_load = false\n", 20_000);
    place.ends(0, &["run", "p.toml"]);
    let mut first = stopped_build(&place);
    signal(&first, "-KILL");
    first.wait().expect("an end");
    assert_eq!(number(&place, LEASES), 1, "it was killed with its lease");
    place.ends(0, &["models", "build", "p.toml"]);
    assert_eq!(number(&place, LEASES), 0);
    assert_eq!(number(&place, "SELECT SUM(allocations) FROM PER_DAY"), 20_000);
}

#[test]
fn a_build_that_hung_and_lost_its_lease_commits_nothing_more() {
    let place = ModelsTestProject::with_allocations("after_load = false\n", 20_000);
    place.ends(0, &["run", "p.toml"]);
    let first = stopped_build(&place);
    // The host waits here until the first build's transaction is over, if it is in one.
    let target = place.target();
    target.busy_timeout(std::time::Duration::ZERO).expect("no patience");
    let take_over = "UPDATE WMSHOST_LEASE SET run_id = 'other-run', machine = 'elsewhere 1 pid', process = 7";
    while target.execute_batch(take_over).is_err() {
        signal(&first, "-CONT");
        std::thread::yield_now();
        signal(&first, "-STOP");
    }
    signal(&first, "-CONT");
    let first = first.wait_with_output().expect("an end");
    let reported = reported(&first);
    assert_eq!(first.status.code(), Some(3), "{reported}");
    let words = "this run lost its lease: run other-run (process 7 on elsewhere) has taken the models over";
    assert!(reported.contains(words), "{reported}");
    assert_eq!(number(&place, LEASES), 1, "the other one's lease stands");
}

#[test]
fn a_run_whose_models_another_one_builds_says_what_is_there_and_what_is_not() {
    let place = ModelsTestProject::new("");
    place.ends(0, &["run", "p.toml"]);
    place.ends(0, &["sample", "change", "wms.db", "--percent", "1", "--seed", "2"]);
    hold_elsewhere(&place, 100);
    let before = number(&place, "SELECT SUM(allocations) FROM PER_DAY");
    let run = place.ends(3, &["run", "p.toml"]);
    for part in [
        "the rows of run ",
        " are loaded, but its models are not built: run other-run (process 4242424 on elsewhere) holds the models",
        "Build them then, or leave it to the next run: wmshost models build ",
        "p.toml",
    ] {
        assert!(run.contains(part), "{part:?} is not in {run}");
    }
    let rows = number(&place, "SELECT COUNT(*) FROM WMS_ALLOCATION");
    assert_eq!(number(&place, "SELECT SUM(allocations) FROM PER_DAY"), before, "the models are as they were");
    let runs = place.json(&["runs", "list"]);
    assert_eq!((&runs[0]["status"], &runs[0]["exit_code"]), (&"failed".into(), &3.into()), "{runs:#}");

    // Reading is always allowed.
    for words in ["list", "compile", "diff", "freshness", "docs"] {
        place.ends(0, &["models", words, "p.toml"]);
    }
    place.ends(0, &["models", "show", "p.toml", "per_day"]);
    place.ends(0, &["plan", "p.toml"]);
    place.ends(0, &["kpi", "p.toml"]);

    // That machine is gone: its lease expires, and the next run builds the rest.
    hold_elsewhere(&place, -1);
    assert!(place.ends(0, &["run", "p.toml"]).contains("models of wms succeeded"));
    assert_eq!(number(&place, "SELECT SUM(allocations) FROM PER_DAY"), rows);
    assert_eq!(number(&place, LEASES), 0);
}

#[test]
fn a_build_that_fails_gives_the_lease_back() {
    let place = ModelsTestProject::new("after_load = false\n");
    place.ends(1, &["models", "build", "p.toml"]);
    assert_eq!(number(&place, LEASES), 0);
    assert_eq!(number(&place, "SELECT count(*) FROM sqlite_schema WHERE name = 'WMSHOST_LEASE'"), 1);
}
