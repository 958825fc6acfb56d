//! Inspecting the checkpoints of streams, and changing them by hand.

use wmshost_tests::TestProject;

const TABLE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, changed TIMESTAMP(6));
    INSERT INTO s VALUES (1, 'a', '2026-01-01 00:00:00');";

fn project() -> TestProject {
    TestProject::with_stream(TABLE, "method = \"incremental\"\nchange_key = \"changed\"\nlookback = \"0s\"")
}

fn day(project: &TestProject, day: u32) -> String {
    project.change(&format!("INSERT INTO s VALUES ({day}, 'day {day}', '2026-01-{day:02} 00:00:00')"));
    project.run()["run_id"].as_str().expect("an id").to_owned()
}

#[test]
fn the_history_keeps_every_run_and_change_and_a_rollback_goes_back() {
    let project = project();
    let (second, third) = (day(&project, 2), day(&project, 3));
    project
        .wmshost("state rollback", &["--stream", "s", "--to", &second])
        .ended(1)
        .says(&["keeps no older versions", "pass --yes"]);
    project.wmshost("state rollback", &["--stream", "s", "--to", &second, "--yes"]).succeeded();
    let log = project.wmshost("state log", &["--stream", "s", "--output", "json"]).succeeded().json();
    let actions: Vec<_> = log["history"].as_array().expect("rows").iter().map(|row| row["action"].clone()).collect();
    assert_eq!(actions, ["run", "run", "rollback"]);
    let diff = project.wmshost("state diff", &["--stream", "s", "--from", &third]).succeeded();
    assert!(diff.out().contains("- bookmark") && diff.out().contains("+ bookmark"), "{}", diff.out());
    // The rows that changed since are read again and not written again.
    let run = project.run_stream("s");
    assert!(run["rows_read"].as_u64() >= Some(1) && run["rows_written"] == 0, "{run}");
    project
        .wmshost("state rollback", &["--stream", "s", "--to", "nobody", "--yes"])
        .ended(2)
        .says(&["no run \"nobody\""]);
}

#[test]
fn a_reset_touches_one_stream_only() {
    let project = TestProject::sample(500, 2);
    project.run();
    project.wmshost("state reset", &["--stream", "allocation", "--yes"]).succeeded();
    let list = project.wmshost("state list", &["--output", "json"]).succeeded().json();
    for stream in list["streams"].as_array().expect("streams") {
        assert_eq!(stream["checkpoint"].is_null(), stream["stream"] == "allocation", "{stream}");
    }
    let run = project.run_stream("allocation");
    assert_eq!((&run["rows_read"], &run["rows_written"]), (&500.into(), &0.into()));
    project.wmshost("state reset", &["--stream", "nobody", "--yes"]).ended(2).says(&["there is no stream `nobody`"]);
}

#[test]
fn a_state_is_exported_and_imported() {
    let project = project();
    day(&project, 2);
    let file = project.path("state.json");
    let name = file.to_string_lossy().into_owned();
    project.wmshost("state export", &["--file", &name]).succeeded();
    let before = project.wmshost("state show", &["--stream", "s", "--output", "json"]).succeeded().json();
    project.wmshost("state reset", &["--stream", "s", "--yes"]).succeeded();
    project.wmshost("state import", &["--file", &name, "--yes"]).succeeded();
    let after = project.wmshost("state show", &["--stream", "s", "--output", "json"]).succeeded().json();
    assert_eq!(before["checkpoint"]["bookmark"], after["checkpoint"]["bookmark"]);
    for (text, words) in [
        ("", "this is not JSON"),
        ("{}", "this is not an exported state"),
        ("{\"wmshost_state\": 9}", "its format is 9"),
        ("{\"wmshost_state\": 1, \"pipeline\": \"other\"}", "of the pipeline \"other\""),
        ("{\"wmshost_state\": 1, \"pipeline\": \"lab\", \"streams\": [{}]}", "damaged"),
    ] {
        std::fs::write(&file, text).expect("a file");
        project.wmshost("state import", &["--file", &name, "--yes"]).ended(2).says(&[words]);
    }
}

#[test]
fn a_bookmark_is_set_and_one_of_the_future_is_refused() {
    let project = project();
    day(&project, 2);
    day(&project, 3);
    project.wmshost("state set", &["--stream", "s", "--bookmark", "2026-01-02 12:00:00", "--yes"]).succeeded();
    let run = project.run_stream("s");
    assert_eq!((&run["rows_read"], &run["rows_written"]), (&1.into(), &0.into()));
    project
        .wmshost("state set", &["--stream", "s", "--bookmark", "noon", "--yes"])
        .ended(2)
        .says(&["this is not a bookmark"]);
    project.wmshost("state set", &["--stream", "s", "--bookmark", "2199-01-01", "--yes"]).succeeded();
    project.wmshost("run", &[]).says(&["bookmark from the future"]);
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 3);
}

#[test]
fn a_target_that_somebody_altered_or_dropped_is_refused_or_made_anew() {
    let project = project();
    day(&project, 2);
    project.target().execute_batch("ALTER TABLE WMS_S RENAME COLUMN v TO w").expect("altered");
    let lost = "column v of the target utf8 → none";
    // Even where the source has not changed since.
    project.wmshost("run", &[]).ended(2).says(&[lost, "restore the column"]);
    project.change("INSERT INTO s VALUES (3, 'c', '2026-01-03 00:00:00')");
    project.wmshost("run", &[]).ended(2).says(&[lost]);
    project.wmshost("check", &[]).ended(2).says(&[lost]);
    let backfill = ["--stream", "s", "--from", "2026-01-01", "--to", "2026-02-01"];
    project.wmshost("backfill", &backfill).ended(2).says(&[lost]);
    project.wmshost("verify", &["--repair"]).says(&[lost]);
    let run = project.wmshost("run", &["--on-change", "reload", "--output", "json"]).succeeded().json();
    assert_eq!(run["streams"][0]["definition_changes"][0]["reaction"], "reload");
    assert_eq!(project.rows("SELECT id, v, w FROM WMS_S ORDER BY id"), ["1 a a", "2 day 2 day 2", "3 c NULL"]);
    project.target().execute_batch("DROP TABLE WMS_S").expect("dropped");
    project.change("INSERT INTO s VALUES (4, 'd', '2026-01-04 00:00:00')");
    project.wmshost("run", &[]).ended(2).says(&["WMS_S no longer exists", "state reset"]);
    let plan = project.wmshost("plan", &[]).ended(2);
    assert!(
        plan.out().contains("fails before a row moves") && plan.out().contains("WMS_S no longer exists"),
        "{}",
        plan.out()
    );
}

#[test]
fn a_bookmark_is_not_set_where_it_means_nothing() {
    let project = TestProject::with_stream(TABLE, "method = \"full\"");
    let set = |bookmark: &str| project.wmshost("state set", &["--stream", "s", "--bookmark", bookmark, "--yes"]);
    set("2026-01-01").ended(2).says(&["read as a whole in every run", "nothing was set"]);
    project.write_stream("method = \"append\"");
    set("2026-01-01").ended(2).says(&["after the highest key", "nothing was set"]);
    project.run();
    let last = "[{\"name\": \"phase\", \"type\": \"text\", \"value\": \"whole\"}, \
                {\"name\": \"id\", \"type\": \"int64\", \"value\": 1}]";
    set(last).succeeded();
}

#[test]
fn a_rollback_to_another_definition_says_so_and_the_next_run_does_not_go_on_from_it() {
    let project = project();
    let first = day(&project, 2);
    project.write_stream("method = \"incremental\"\nchange_key = \"changed\"\nkey = [\"id\"]\nlookback = \"1h\"");
    day(&project, 3);
    project.change("ALTER TABLE s ADD COLUMN born TIMESTAMP(6); UPDATE s SET born = changed");
    project.write_stream("method = \"incremental\"\nchange_key = \"born\"\nlookback = \"1h\"");
    project.run();
    project.wmshost("state rollback", &["--stream", "s", "--to", &first, "--yes"]).succeeded().says(&[
        "rests on another definition",
        "change key changed → born",
        "lookback 0s → 1h",
    ]);
    project.change("UPDATE s SET v = 'silent' WHERE id = 1");
    let run = project.run_stream("s");
    let reported = run["definition_changes"].to_string();
    assert!(reported.contains("change key") && reported.contains("reload"), "{reported}");
    assert_eq!(project.rows("SELECT v FROM WMS_S WHERE id = 1"), ["silent"], "the whole table was read");
}

#[test]
fn a_damaged_row_of_the_ledger_is_named_and_can_be_reset_without_harm_to_others() {
    let columns = [
        ("sequence", "'first'"),
        ("action", "'dream'"),
        ("run_id", "x'00'"),
        ("note", "x'00'"),
        ("format", "'one'"),
        ("bookmark", "'[{}]'"),
        ("bookmark", "NULL"),
        ("mode", "'append'"),
        ("complete", "NULL"),
        ("source_version", "x'00'"),
        ("definition_hash", "'00'"),
        ("definition", "substr(definition, 1, 40)"),
        ("state", "'{'"),
        ("batch", "-1"),
        ("committed_at", "'noon'"),
    ];
    for way in ["reset", "refresh"] {
        for (column, value) in columns {
            // A hash is of the definition next to it.
            let named = column.trim_end_matches("_hash");
            let project = TestProject::sample(60, 2);
            project.run();
            let damage = format!("UPDATE WMSHOST_CHECKPOINT SET {column} = {value} WHERE stream = 'allocation'");
            project.target().execute_batch(&damage).expect("damaged");
            let what = format!("{column} = {value}");
            let list =
                project.wmshost("state list", &["--output", "json"]).ended(1).says(&["state reset", named]).json();
            for stream in list["streams"].as_array().expect("streams") {
                assert_eq!(stream["checkpoint"].is_null(), stream["stream"] == "allocation", "{what}: {stream}");
            }
            let log = project.wmshost("state log", &["--stream", "allocation"]).succeeded();
            assert!(log.out().contains("damaged"), "{what}: {}", log.out());
            let plan = project.wmshost("plan", &["--stream", "allocation"]).ended(2);
            assert!(plan.out().contains(named), "{what}: {}", plan.out());
            let run = project.wmshost("run", &["--output", "json"]).ended(1).says(&["stream allocation", named]).json();
            let others = run["streams"].as_array().expect("streams").iter().filter(|end| end["status"] != "failed");
            assert_eq!(others.count(), 4, "{what}: {run}");
            if way == "reset" {
                project.wmshost("state reset", &["--stream", "allocation", "--yes"]).succeeded().says(&[named]);
                assert_eq!(project.run_stream("allocation")["rows_read"], 60, "{what}");
            } else {
                project.wmshost("run", &["--stream", "allocation", "--full-refresh"]).succeeded();
            }
            project.wmshost("verify", &["--stream", "allocation"]).succeeded();
            project.wmshost("state list", &[]).succeeded();
            assert_eq!(project.run_stream("allocation")["rows_written"], 0, "{what}");
        }
    }
}
