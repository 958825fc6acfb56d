//! Looking at how far streams have come, and changing it by hand.

use wmshost_tests::Lab;

const TABLE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, changed TIMESTAMP(6));
    INSERT INTO s VALUES (1, 'a', '2026-01-01 00:00:00');";

fn lab() -> Lab {
    Lab::with_stream(TABLE, "method = \"incremental\"\nchange_key = \"changed\"\nlookback = \"0s\"")
}

fn day(lab: &Lab, day: u32) -> String {
    lab.change(&format!("INSERT INTO s VALUES ({day}, 'day {day}', '2026-01-{day:02} 00:00:00')"));
    lab.run()["run_id"].as_str().expect("an id").to_owned()
}

#[test]
fn the_history_keeps_every_run_and_change_and_a_rollback_goes_back() {
    let lab = lab();
    let (second, third) = (day(&lab, 2), day(&lab, 3));
    lab.wmshost("state rollback", &["--stream", "s", "--to", &second])
        .ended(1)
        .says(&["keeps no older versions", "say --yes"]);
    lab.wmshost("state rollback", &["--stream", "s", "--to", &second, "--yes"]).succeeded();
    let log = lab.wmshost("state log", &["--stream", "s", "--output", "json"]).succeeded().json();
    let actions: Vec<_> = log["history"].as_array().expect("rows").iter().map(|row| row["action"].clone()).collect();
    assert_eq!(actions, ["run", "run", "rollback"]);
    let diff = lab.wmshost("state diff", &["--stream", "s", "--from", &third]).succeeded();
    assert!(diff.out().contains("- bookmark") && diff.out().contains("+ bookmark"), "{}", diff.out());
    // What changed since is read again and writes nothing.
    let run = lab.run_stream("s");
    assert!(run["rows_read"].as_u64() >= Some(1) && run["rows_written"] == 0, "{run}");
    lab.wmshost("state rollback", &["--stream", "s", "--to", "nobody", "--yes"]).ended(2).says(&["no run \"nobody\""]);
}

#[test]
fn a_reset_touches_one_stream_only() {
    let lab = Lab::sample(500, 2);
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
        ("", "this is no JSON"),
        ("{}", "this is no exported state"),
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
    lab.wmshost("state set", &["--stream", "s", "--bookmark", "noon", "--yes"]).ended(2).says(&["this is no bookmark"]);
    lab.wmshost("state set", &["--stream", "s", "--bookmark", "2199-01-01", "--yes"]).succeeded();
    lab.wmshost("run", &[]).says(&["bookmark from the future"]);
    assert_eq!(lab.number("SELECT count(*) FROM WMS_S"), 3);
}

#[test]
fn a_target_that_somebody_altered_or_dropped_is_refused_or_made_anew() {
    let lab = lab();
    day(&lab, 2);
    lab.target().execute_batch("ALTER TABLE WMS_S RENAME COLUMN v TO w").expect("altered");
    lab.change("INSERT INTO s VALUES (3, 'c', '2026-01-03 00:00:00')");
    let run = lab.run_stream("s");
    assert_eq!(run["schema_changes"][0], "w no longer comes from the source");
    lab.target().execute_batch("DROP TABLE WMS_S").expect("dropped");
    lab.change("INSERT INTO s VALUES (4, 'd', '2026-01-04 00:00:00')");
    lab.wmshost("run", &[]).ended(2).says(&["WMS_S is gone", "state reset"]);
}
