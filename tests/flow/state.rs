//! Inspecting the checkpoints of streams, and changing them by hand.

use wmshost_tests::TestProject;

const TABLE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, changed TIMESTAMP(6));
    INSERT INTO s VALUES (1, 'a', '2026-01-01 00:00:00');";

fn lab() -> TestProject {
    TestProject::with_stream(TABLE, "method = \"incremental\"\nchange_key = \"changed\"\nlookback = \"0s\"")
}

fn day(lab: &TestProject, day: u32) -> String {
    lab.change(&format!("INSERT INTO s VALUES ({day}, 'day {day}', '2026-01-{day:02} 00:00:00')"));
    lab.run()["run_id"].as_str().expect("an id").to_owned()
}

#[test]
fn the_history_keeps_every_run_and_change_and_a_rollback_goes_back() {
    let lab = lab();
    let (second, third) = (day(&lab, 2), day(&lab, 3));
    lab.wmshost("state rollback", &["--stream", "s", "--to", &second])
        .ended(1)
        .says(&["keeps no older versions", "pass --yes"]);
    lab.wmshost("state rollback", &["--stream", "s", "--to", &second, "--yes"]).succeeded();
    let log = lab.wmshost("state log", &["--stream", "s", "--output", "json"]).succeeded().json();
    let actions: Vec<_> = log["history"].as_array().expect("rows").iter().map(|row| row["action"].clone()).collect();
    assert_eq!(actions, ["run", "run", "rollback"]);
    let diff = lab.wmshost("state diff", &["--stream", "s", "--from", &third]).succeeded();
    assert!(diff.out().contains("- bookmark") && diff.out().contains("+ bookmark"), "{}", diff.out());
    // The rows that changed since are read again and not written again.
    let run = lab.run_stream("s");
    assert!(run["rows_read"].as_u64() >= Some(1) && run["rows_written"] == 0, "{run}");
    lab.wmshost("state rollback", &["--stream", "s", "--to", "nobody", "--yes"]).ended(2).says(&["no run \"nobody\""]);
}

#[test]
fn a_reset_touches_one_stream_only() {
    let lab = TestProject::sample(500, 2);
    lab.run();
    lab.wmshost("state reset", &["--stream", "allocation", "--yes"]).succeeded();
    let list = lab.wmshost("state list", &["--output", "json"]).succeeded().json();
    for stream in list["streams"].as_array().expect("streams") {
        assert_eq!(stream["checkpoint"].is_null(), stream["stream"] == "allocation", "{stream}");
    }
    let run = lab.run_stream("allocation");
    assert_eq!((&run["rows_read"], &run["rows_written"]), (&500.into(), &0.into()));
    lab.wmshost("state reset", &["--stream", "nobody", "--yes"]).ended(2).says(&["there is no stream `nobody`"]);
}

#[test]
fn a_state_is_exported_and_imported() {
    let lab = lab();
    day(&lab, 2);
    let file = lab.path("state.json");
    let name = file.to_string_lossy().into_owned();
    lab.wmshost("state export", &["--file", &name]).succeeded();
    let before = lab.wmshost("state show", &["--stream", "s", "--output", "json"]).succeeded().json();
    lab.wmshost("state reset", &["--stream", "s", "--yes"]).succeeded();
    lab.wmshost("state import", &["--file", &name, "--yes"]).succeeded();
    let after = lab.wmshost("state show", &["--stream", "s", "--output", "json"]).succeeded().json();
    assert_eq!(before["checkpoint"]["bookmark"], after["checkpoint"]["bookmark"]);
    for (text, words) in [
        ("", "this is not JSON"),
        ("{}", "this is not an exported state"),
        ("{\"wmshost_state\": 9}", "its format is 9"),
        ("{\"wmshost_state\": 1, \"pipeline\": \"other\"}", "of the pipeline \"other\""),
        ("{\"wmshost_state\": 1, \"pipeline\": \"lab\", \"streams\": [{}]}", "damaged"),
    ] {
        std::fs::write(&file, text).expect("a file");
        lab.wmshost("state import", &["--file", &name, "--yes"]).ended(2).says(&[words]);
    }
}

#[test]
fn a_bookmark_is_set_and_one_of_the_future_is_refused() {
    let lab = lab();
    day(&lab, 2);
    day(&lab, 3);
    lab.wmshost("state set", &["--stream", "s", "--bookmark", "2026-01-02 12:00:00", "--yes"]).succeeded();
    let run = lab.run_stream("s");
    assert_eq!((&run["rows_read"], &run["rows_written"]), (&1.into(), &0.into()));
    lab.wmshost("state set", &["--stream", "s", "--bookmark", "noon", "--yes"])
        .ended(2)
        .says(&["this is not a bookmark"]);
    lab.wmshost("state set", &["--stream", "s", "--bookmark", "2199-01-01", "--yes"]).succeeded();
    lab.wmshost("run", &[]).says(&["bookmark from the future"]);
    assert_eq!(lab.number("SELECT count(*) FROM WMS_S"), 3);
}

#[test]
fn a_target_that_somebody_altered_or_dropped_is_refused_or_made_anew() {
    let lab = lab();
    day(&lab, 2);
    lab.target().execute_batch("ALTER TABLE WMS_S RENAME COLUMN v TO w").expect("altered");
    let lost = "column v of the target utf8 → none";
    // Even where the source has not changed since.
    lab.wmshost("run", &[]).ended(2).says(&[lost, "restore the column"]);
    lab.change("INSERT INTO s VALUES (3, 'c', '2026-01-03 00:00:00')");
    lab.wmshost("run", &[]).ended(2).says(&[lost]);
    lab.wmshost("check", &[]).ended(2).says(&[lost]);
    let backfill = ["--stream", "s", "--from", "2026-01-01", "--to", "2026-02-01"];
    lab.wmshost("backfill", &backfill).ended(2).says(&[lost]);
    lab.wmshost("verify", &["--repair"]).says(&[lost]);
    let run = lab.wmshost("run", &["--on-change", "reload", "--output", "json"]).succeeded().json();
    assert_eq!(run["streams"][0]["definition_changes"][0]["reaction"], "reload");
    assert_eq!(lab.rows("SELECT id, v, w FROM WMS_S ORDER BY id"), ["1 a a", "2 day 2 day 2", "3 c NULL"]);
    lab.target().execute_batch("DROP TABLE WMS_S").expect("dropped");
    lab.change("INSERT INTO s VALUES (4, 'd', '2026-01-04 00:00:00')");
    lab.wmshost("run", &[]).ended(2).says(&["WMS_S no longer exists", "state reset"]);
    let plan = lab.wmshost("plan", &[]).ended(2);
    assert!(
        plan.out().contains("fails before a row moves") && plan.out().contains("WMS_S no longer exists"),
        "{}",
        plan.out()
    );
}

#[test]
fn a_bookmark_is_not_set_where_it_means_nothing() {
    let lab = TestProject::with_stream(TABLE, "method = \"full\"");
    let set = |bookmark: &str| lab.wmshost("state set", &["--stream", "s", "--bookmark", bookmark, "--yes"]);
    set("2026-01-01").ended(2).says(&["read as a whole in every run", "nothing was set"]);
    lab.write_stream("method = \"append\"");
    set("2026-01-01").ended(2).says(&["after the highest key", "nothing was set"]);
    lab.run();
    let last = "[{\"name\": \"phase\", \"type\": \"text\", \"value\": \"whole\"}, \
                {\"name\": \"id\", \"type\": \"int64\", \"value\": 1}]";
    set(last).succeeded();
}

#[test]
fn a_rollback_to_another_definition_says_so_and_the_next_run_does_not_go_on_from_it() {
    let lab = lab();
    let first = day(&lab, 2);
    lab.write_stream("method = \"incremental\"\nchange_key = \"changed\"\nkey = [\"id\"]\nlookback = \"1h\"");
    day(&lab, 3);
    lab.change("ALTER TABLE s ADD COLUMN born TIMESTAMP(6); UPDATE s SET born = changed");
    lab.write_stream("method = \"incremental\"\nchange_key = \"born\"\nlookback = \"1h\"");
    lab.run();
    lab.wmshost("state rollback", &["--stream", "s", "--to", &first, "--yes"]).succeeded().says(&[
        "rests on another definition",
        "change key changed → born",
        "lookback 0s → 1h",
    ]);
    lab.change("UPDATE s SET v = 'silent' WHERE id = 1");
    let run = lab.run_stream("s");
    let told = run["definition_changes"].to_string();
    assert!(told.contains("change key") && told.contains("reload"), "{told}");
    assert_eq!(lab.rows("SELECT v FROM WMS_S WHERE id = 1"), ["silent"], "the whole table was read");
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
            let lab = TestProject::sample(60, 2);
            lab.run();
            let damage = format!("UPDATE WMSHOST_CHECKPOINT SET {column} = {value} WHERE stream = 'allocation'");
            lab.target().execute_batch(&damage).expect("damaged");
            let what = format!("{column} = {value}");
            let list = lab.wmshost("state list", &["--output", "json"]).ended(1).says(&["state reset", named]).json();
            for stream in list["streams"].as_array().expect("streams") {
                assert_eq!(stream["checkpoint"].is_null(), stream["stream"] == "allocation", "{what}: {stream}");
            }
            let log = lab.wmshost("state log", &["--stream", "allocation"]).succeeded();
            assert!(log.out().contains("damaged"), "{what}: {}", log.out());
            let plan = lab.wmshost("plan", &["--stream", "allocation"]).ended(2);
            assert!(plan.out().contains(named), "{what}: {}", plan.out());
            let run = lab.wmshost("run", &["--output", "json"]).ended(1).says(&["stream allocation", named]).json();
            let others = run["streams"].as_array().expect("streams").iter().filter(|end| end["status"] != "failed");
            assert_eq!(others.count(), 4, "{what}: {run}");
            if way == "reset" {
                lab.wmshost("state reset", &["--stream", "allocation", "--yes"]).succeeded().says(&[named]);
                assert_eq!(lab.run_stream("allocation")["rows_read"], 60, "{what}");
            } else {
                lab.wmshost("run", &["--stream", "allocation", "--full-refresh"]).succeeded();
            }
            lab.wmshost("verify", &["--stream", "allocation"]).succeeded();
            lab.wmshost("state list", &[]).succeeded();
            assert_eq!(lab.run_stream("allocation")["rows_written"], 0, "{what}");
        }
    }
}
