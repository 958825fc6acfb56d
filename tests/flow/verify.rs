//! Comparing and repairing, and reading a part again: F12.

use wmshost_tests::{Lab, assert_target_equals_source};

#[test]
fn what_differs_is_found_named_and_repaired() {
    let lab = Lab::sample(3_000, 4);
    lab.run();
    let equal = lab.wmshost("verify", &["--output", "json"]).succeeded().json();
    assert!(equal["streams"].as_array().expect("streams").iter().all(|stream| stream["equal"] == true), "{equal}");
    // Counts alone would not see it: one row goes, one comes, one changes.
    lab.target()
        .execute_batch(
            "DELETE FROM WMS_ALLOCATION WHERE allocation_id = (SELECT min(allocation_id) FROM WMS_ALLOCATION);
             INSERT INTO WMS_ALLOCATION (allocation_id) VALUES (-5);
             UPDATE WMS_ALLOCATION SET priority_level = 77 WHERE allocation_id =
                 (SELECT max(allocation_id) FROM WMS_ALLOCATION);",
        )
        .expect("altered");
    let found = lab.wmshost("verify", &["--stream", "allocation", "--output", "json"]).ended(1).json();
    let stream = &found["streams"][0];
    assert_eq!([&stream["missing"], &stream["extra"], &stream["different"]], [1, 1, 1], "{stream}");
    assert!(stream["ranges_different"].as_u64() >= Some(1), "{stream}");
    lab.wmshost("verify", &["--stream", "allocation", "--repair"]).succeeded().says(&["1 extra rows stay"]);
    lab.target().execute_batch("DELETE FROM WMS_ALLOCATION WHERE allocation_id = -5").expect("deleted");
    lab.wmshost("verify", &[]).succeeded();
    assert_target_equals_source(&lab);
}

#[test]
fn extra_rows_are_taken_away_as_the_policy_says() {
    let table = "CREATE TABLE s (a TEXT, b INTEGER, v TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO s SELECT 'k' || (i % 7), i, 'v' FROM n;";
    let lab = Lab::with_stream(table, "method = \"append\"\ndeletes = \"hard\"\nreconcile_every = \"366d\"");
    lab.run();
    lab.change("DELETE FROM s WHERE b IN (1, 9999, 20000)");
    let repaired = lab.wmshost("verify", &["--repair", "--output", "json"]).succeeded().json();
    assert_eq!([&repaired["streams"][0]["extra"], &repaired["streams"][0]["repaired"]], [3, 3]);
    assert_eq!(lab.number("SELECT count(*) FROM WMS_S"), 19_997);
    lab.wmshost("verify", &[]).succeeded();
}

#[test]
fn a_backfill_reads_a_part_again_goes_on_and_leaves_the_bookmark_alone() {
    let table = "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, changed TIMESTAMP(6));
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
        INSERT INTO s SELECT i, 'v', datetime('2026-01-01', '+' || i || ' hours') FROM n;";
    let mut lab = Lab::with_stream(table, "method = \"incremental\"\nchange_key = \"changed\"");
    lab.run();
    let bookmark = lab.wmshost("state show", &["--stream", "s", "--output", "json"]).succeeded().out();
    lab.target().execute_batch("DELETE FROM WMS_S WHERE id BETWEEN 24 AND 500").expect("deleted");
    let backfill = ["--stream", "s", "--from", "2026-01-02", "--to", "2026-01-22", "--window", "3d"];
    lab.set("WMSHOST_CRASH_AT", "s:batch-committed:1");
    assert_eq!(lab.wmshost("backfill", &backfill).code(), None, "it dies");
    lab.set("WMSHOST_CRASH_AT", "");
    lab.wmshost("backfill", &backfill).succeeded().says(&["window 7 of 7"]);
    assert_eq!(lab.number("SELECT count(*) FROM WMS_S"), 1_000);
    assert_eq!(lab.wmshost("state show", &["--stream", "s", "--output", "json"]).succeeded().out(), bookmark);
    // What is done is not done again.
    let again = lab.wmshost("backfill", &backfill).succeeded();
    assert!(!again.out().contains(" 72 "), "{}", again.out());
    for (arguments, words) in [
        (["--from", "2026-02-01", "--to", "2026-01-01"], "is not before"),
        (["--from", "yesterday", "--to", "2026-01-01"], "write a moment"),
    ] {
        let all = [&["--stream", "s"][..], &arguments[..]].concat();
        lab.wmshost("backfill", &all).ended(2).says(&[words]);
    }
}
