//! Two runs cannot both write a stream: F17, T15.

use wmshost_tests::TestProject;

const TABLE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO s VALUES (1, 'a');";

fn hold(project: &TestProject, machine: &str, expires: &str) {
    project.target()
        .execute_batch(&format!(
            "INSERT OR REPLACE INTO WMSHOST_LEASE VALUES ('lab', 's', 'other-run', '{machine}', 4242424, unixepoch(), {expires})"
        ))
        .expect("a lease");
}

#[test]
fn a_stream_that_another_run_holds_is_left_alone_and_the_message_says_who() {
    let project = TestProject::with_stream(TABLE, "");
    project.run();
    project.change("INSERT INTO s VALUES (2, 'b')");
    hold(&project, "elsewhere 1 pid", "unixepoch() + 100");
    project.wmshost("run", &[]).ended(3).says(&[
        "run other-run",
        "process 4242424 on elsewhere",
        "the lease expires at",
    ]);
    project.wmshost("state reset", &["--stream", "s", "--yes"]).ended(3).says(&["other-run"]);
    project.wmshost("verify", &["--repair"]).ended(3).says(&["other-run"]);
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 1);
    // Reading is always allowed.
    project.wmshost("state log", &["--stream", "s"]).succeeded();
    project.wmshost("verify", &[]).ended(1);
}

#[test]
fn an_expired_lease_is_taken_over_and_given_back() {
    let project = TestProject::with_stream(TABLE, "");
    project.run();
    project.change("INSERT INTO s VALUES (2, 'b')");
    hold(&project, "elsewhere 1 pid", "unixepoch() - 1");
    project.run();
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 2);
    assert_eq!(project.number("SELECT count(*) FROM WMSHOST_LEASE"), 0);
}

#[test]
fn two_runs_at_once_end_equal_and_one_of_them_says_that_it_had_to_wait() {
    let mut project = TestProject::sample(30_000, 9);
    // Enough commits that the second run begins among them, also where they need not wait for a disk.
    project.set("WMS_BATCH_SIZE", "20");
    project.set("TARGET_BATCH_SIZE", "20");
    let mut first = project.begin_run();
    let waiting = "SELECT count(*) FROM WMSHOST_LEASE WHERE stream = 'allocation'";
    while project.target().query_row(waiting, [], |row| row.get::<_, i64>(0)).unwrap_or(0) == 0 {
        assert!(first.try_wait().expect("a status").is_none(), "the first run ended too soon");
        std::thread::yield_now();
    }
    let second = project.wmshost("run", &["--stream", "allocation"]);
    assert_eq!(second.code(), Some(3), "{}", second.err());
    assert!(second.err().contains("holds the stream"), "{}", second.err());
    assert!(first.wait().expect("an end").success());
    wmshost_tests::assert_target_equals_source(&project);
}
