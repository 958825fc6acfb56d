//! One policy for a row on each way into the target: runs, comparisons, repairs, replays and backfills.

use wmshost_tests::TestProject;

const STREAM: &str =
    "method = \"incremental\"\nchange_key = \"changed\"\nlookback = \"0s\"\nmax_rejected_percent = 100\n";
const KEPT: &str = "SELECT row_key, rule FROM WMSHOST_QUARANTINE ORDER BY 1, 2";

/// A table of ids and codes, all of one change key.
fn table(rows: &[(u32, &str)]) -> String {
    let values: Vec<_> = rows.iter().map(|(id, code)| format!("({id}, '{code}', '2026-01-02')")).collect();
    format!(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, code TEXT, changed TIMESTAMP); INSERT INTO s VALUES {}",
        values.join(", ")
    )
}

/// A stream whose target has a unique index over `code`.
fn indexed(rows: &[(u32, &str)], more: &str) -> TestProject {
    let project = TestProject::with_stream(&table(rows), &format!("{STREAM}{more}"));
    project.run();
    project.target().execute_batch("CREATE UNIQUE INDEX codes ON WMS_S (code)").expect("an index");
    project
}

#[test]
fn rows_without_a_change_key_stay_out_on_each_way_into_the_target() {
    let stream = |null_keys: &str, more: &str| format!("{STREAM}null_keys = \"{null_keys}\"\n{more}");
    let project = TestProject::with_stream(&table(&[(1, "a"), (2, "b"), (3, "c")]), &stream("reject", ""));
    project.run();
    project.change("INSERT INTO s VALUES (4, 'd', NULL); UPDATE s SET changed = NULL, code = 'x' WHERE id = 3");
    project.run();
    let rows = || project.rows("SELECT id, code FROM WMS_S ORDER BY id");
    let kept = ["id=3 null-change-key", "id=4 null-change-key"];
    let check = |way: &str| {
        assert_eq!(rows(), ["1 a", "2 b", "3 c"], "{way}");
        assert_eq!(project.rows(KEPT), kept, "{way}");
    };
    check("a run");
    let found = project.wmshost("verify", &["--repair", "--output", "json"]).ended(0).json()["streams"][0].clone();
    assert_eq!((&found["quarantined"], &found["outdated"], &found["loaded"]), (&2.into(), &1.into(), &0.into()));
    check("a repair");
    project.wmshost("quarantine replay", &["--stream", "s"]).ended(1);
    check("a replay");
    project.write_stream(&stream("reject", "late_rows = \"reconcile\"\nreconcile_every = \"0s\""));
    project.change("INSERT INTO s VALUES (5, 'e', '2026-01-03')");
    project.run();
    assert_eq!(project.rows("SELECT id FROM WMS_S ORDER BY id"), ["1", "2", "3", "5"], "a run that compares");
    project.wmshost("run", &["--full-refresh"]).succeeded();
    assert_eq!(project.rows("SELECT id FROM WMS_S ORDER BY id"), ["1", "2", "5"], "a full refresh");
    project.write_stream(&stream("fail", ""));
    project.wmshost("verify", &["--repair"]).ended(1).says(&["a row without changed", "id = 3", "null_keys"]);
    project.write_stream(&stream("include", ""));
    project.wmshost("quarantine replay", &["--stream", "s"]).succeeded();
    assert_eq!(project.rows("SELECT id FROM WMS_S ORDER BY id"), ["1", "2", "3", "4", "5"], "the policy has changed");
}

#[test]
fn a_row_that_the_target_refuses_during_a_repair_goes_to_quarantine_by_name() {
    let project = indexed(&[(1, "a"), (2, "b"), (3, "c")], "");
    // Two rows change without a word; the target takes one of them.
    project.change("UPDATE s SET code = 'a' WHERE id = 2; UPDATE s SET code = 'y' WHERE id = 3");
    let found = project.wmshost("verify", &["--repair", "--output", "json"]).ended(1).json()["streams"][0].clone();
    assert_eq!((&found["loaded"], &found["refused"]), (&1.into(), &1.into()), "{found}");
    assert_eq!(project.rows(KEPT), ["id=2 unique"]);
    let row = project.rows("SELECT row_json, stage, rejected_by FROM WMSHOST_QUARANTINE");
    assert_eq!(row, ["{\"id\":2,\"code\":\"a\",\"changed\":\"2026-01-02 00:00:00.000000\"} load sqlite"]);
    assert_eq!(project.rows("SELECT id, code FROM WMS_S ORDER BY id"), ["1 a", "2 b", "3 y"]);
    // The same again is kept once, and leaves quarantine once it is loaded.
    project.wmshost("verify", &["--repair"]).ended(1).says(&["the target refused 1 rows", "wmshost quarantine list"]);
    assert_eq!(project.rows(KEPT), ["id=2 unique"]);
    project.change("UPDATE s SET code = 'z' WHERE id = 2");
    project.wmshost("verify", &["--repair"]).succeeded();
    assert_eq!(project.number("SELECT count(*) FROM WMSHOST_QUARANTINE"), 0);
    // A run that compares, and a stream that asks to fail.
    let compares = "late_rows = \"reconcile\"\nreconcile_every = \"0s\"\n";
    project.write_stream(&format!("{STREAM}{compares}"));
    project.change("UPDATE s SET code = 'a' WHERE id = 2; INSERT INTO s VALUES (9, 'i', '2026-01-09')");
    let run = project.run_stream("s");
    assert_eq!(run["reconciled"]["refused"], 1, "{run}");
    assert_eq!(project.rows(KEPT), ["id=2 unique"]);
    project.write_stream(&format!("{STREAM}on_bad_value = \"fail\"\n"));
    project.wmshost("verify", &["--repair"]).ended(1).says(&["(id=2)", "UNIQUE constraint failed: WMS_S.code"]);
}

#[test]
fn a_refused_row_is_the_sources_in_whichever_batch_and_range_it_came() {
    let project = TestProject::with_stream(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, code TEXT, changed TIMESTAMP);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
         INSERT INTO s SELECT i, 'c' || i, '2026-01-02' FROM n",
        STREAM,
    );
    project.run();
    project.target().execute_batch("CREATE UNIQUE INDEX codes ON WMS_S (code)").expect("an index");
    let ids = [2, 8_191, 8_192, 8_193, 12_000, 16_384, 19_999, 20_000];
    for id in ids {
        project.change(&format!(
            "UPDATE s SET code = 'c1' WHERE id = {id}; UPDATE s SET code = 'n' || id WHERE id = {id} - 3"
        ));
    }
    project.wmshost("verify", &["--repair"]).ended(1);
    let mut expected: Vec<String> = ids
        .iter()
        .map(|id| format!("{{\"id\":{id},\"code\":\"c1\",\"changed\":\"2026-01-02 00:00:00.000000\"}}"))
        .collect();
    expected.sort();
    assert_eq!(project.rows("SELECT row_json FROM WMSHOST_QUARANTINE ORDER BY row_json"), expected);
    assert_eq!(project.number("SELECT count(*) FROM WMS_S WHERE code LIKE 'n%'"), 7, "their neighbours are loaded");
}

#[test]
fn what_a_repair_finds_bad_goes_to_quarantine_too() {
    let project = TestProject::with_stream(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, amount DECIMAL(8,2), changed TIMESTAMP);
         INSERT INTO s VALUES (1, 1, '2026-01-01'), (2, 2, '2026-01-01'), (3, 3, '2026-01-02')",
        STREAM,
    );
    project.run();
    project.change("UPDATE s SET amount = 'n/a' WHERE id = 2");
    project.wmshost("verify", &[]).ended(1);
    assert_eq!(project.number("SELECT count(*) FROM sqlite_schema WHERE name = 'WMSHOST_QUARANTINE'"), 0);
    project.wmshost("verify", &["--repair"]).succeeded().says(&["1 rows of the target stay as they were"]);
    assert_eq!(project.rows(KEPT), ["id=2 bad-value"]);
}

#[test]
fn a_backfill_and_a_replay_keep_what_the_target_refuses_for_its_true_reason() {
    let project = indexed(&[(1, "a"), (2, "b")], "null_keys = \"reject\"\n");
    project.change("UPDATE s SET code = 'a' WHERE id = 2");
    let window = ["--stream", "s", "--from", "2026-01-01", "--to", "2026-01-05", "--window", "5d"];
    project.wmshost("backfill", &window).succeeded();
    assert_eq!(project.rows(KEPT), ["id=2 unique"]);
    // Rejected for one reason, replayed and refused for another.
    project.change("UPDATE s SET code = 'b' WHERE id = 2; INSERT INTO s VALUES (3, 'a', NULL), (4, 'd', NULL)");
    project.run();
    project.wmshost("verify", &["--repair"]).succeeded();
    assert_eq!(project.rows(KEPT)[..], ["id=3 null-change-key", "id=4 null-change-key"]);
    let before = project.rows("SELECT rejected_at FROM WMSHOST_QUARANTINE WHERE row_key = 'id=3'");
    project.write_stream(&format!("{STREAM}null_keys = \"include\"\n"));
    for _ in 0..2 {
        let replay = project.wmshost("quarantine replay", &["--stream", "s"]).ended(1).out();
        assert!(replay.contains("UNIQUE constraint failed"), "{replay}");
        let kept = "SELECT row_key, rule, stage, reason LIKE '%UNIQUE%', rejected_at FROM WMSHOST_QUARANTINE";
        assert_eq!(project.rows(kept), [format!("id=3 unique load 1 {}", before[0])]);
    }
    assert_eq!(project.rows("SELECT id FROM WMS_S ORDER BY id"), ["1", "2", "4"]);
}

#[test]
fn a_run_that_goes_on_after_a_crash_charges_known_rows_once() {
    for (method, bad) in [
        ("method = \"append\"\n", "INSERT INTO s VALUES (NULL, {}, '2026-01-02')"),
        (STREAM, "INSERT INTO s VALUES ({}, 'n/a', '2026-01-02')"),
    ] {
        let stream = |most: u32| format!("{method}key = [\"id\"]\nmax_rejected = {most}\nmax_rejected_percent = 100\n");
        let stream =
            |most: u32| stream(most).replacen("max_rejected_percent = 100\n", "", usize::from(method == STREAM));
        let mut project =
            TestProject::with_stream("CREATE TABLE s (id INTEGER, n INTEGER, changed TIMESTAMP)", &stream(3));
        let reject = |project: &TestProject, id: u32| project.change(&bad.replace("{}", &id.to_string()));
        let add = |project: &TestProject, ids: std::ops::Range<u32>| {
            ids.for_each(|id| project.change(&format!("INSERT INTO s VALUES ({id}, 1, '2026-01-02')")));
        };
        project.set("WMS_BATCH_SIZE", "2");
        project.set("TARGET_BATCH_SIZE", "2");
        add(&project, 1..6);
        (101..104).for_each(|id| reject(&project, id));
        project.run();
        let kept = |project: &TestProject| project.number("SELECT count(*) FROM WMSHOST_QUARANTINE");
        assert_eq!(kept(&project), 3, "{method}");
        // All of them stand within what the next runs read.
        add(&project, 201..212);
        reject(&project, 301);
        project.set("WMSHOST_CRASH_AT", "s:batch-committed:2");
        assert_eq!(project.wmshost("run", &[]).code(), None, "it dies");
        project.set("WMSHOST_CRASH_AT", "");
        let run = project.run_stream("s");
        assert!(run["rows_rejected"].as_u64() >= Some(1), "{method}: {run}");
        assert_eq!(kept(&project), 4, "{method}");
        assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 16, "{method}");
    }
}

#[test]
fn a_row_kept_as_deleted_that_is_in_the_way_is_named_with_what_to_do() {
    let project = TestProject::with_stream(&table(&[(1, "a"), (2, "b"), (3, "c")]), "deletes = \"soft\"");
    project.run();
    project.target().execute_batch("CREATE UNIQUE INDEX codes ON WMS_S (code)").expect("an index");
    project.change("DELETE FROM s WHERE id = 2; INSERT INTO s VALUES (5, 'b', '2026-01-03')");
    let words = ["row (id=2), which is kept as deleted", "same code as the loaded row (id=5)", "the index codes"];
    project.wmshost("run", &[]).ended(1).says(&words).says(&["WHERE wms_deleted_at IS NULL", "Nothing was changed"]);
    assert_eq!(project.rows("SELECT id FROM WMS_S ORDER BY id"), ["1", "2", "3"]);
    let partial = "DROP INDEX codes; CREATE UNIQUE INDEX codes ON WMS_S (code) WHERE wms_deleted_at IS NULL";
    project.target().execute_batch(partial).expect("an index");
    project.run();
    let rows = "SELECT id, code, wms_deleted_at IS NULL FROM WMS_S ORDER BY id";
    assert_eq!(project.rows(rows), ["1 a 1", "2 b 0", "3 c 1", "5 b 1"]);
    // Of two rows that are there, the second one is refused by name.
    project.change("INSERT INTO s VALUES (6, 'c', '2026-01-03')");
    project.run();
    assert_eq!(project.rows(KEPT), ["id=6 unique"]);
    assert_eq!(project.rows("SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND name = 'codes'"), ["1"]);
}

#[test]
fn a_merge_says_that_a_row_kept_as_deleted_counts() {
    let project = indexed(&[(1, "a"), (2, "b")], "deletes = \"soft\"\nreconcile_every = \"0s\"\n");
    project.change("DELETE FROM s WHERE id = 2; INSERT INTO s VALUES (3, 'c', '2026-01-03')");
    project.run();
    project.change("INSERT INTO s VALUES (4, 'b', '2026-01-04'), (5, 'e', '2026-01-04')");
    project.run();
    assert_eq!(project.rows("SELECT id FROM WMS_S ORDER BY id"), ["1", "2", "3", "5"]);
    let kept = project.rows("SELECT row_key, reason FROM WMSHOST_QUARANTINE").join("; ");
    assert!(
        kept.starts_with("id=4 the target refuses it: UNIQUE constraint failed: WMS_S.code; a row that is"),
        "{kept}"
    );
    assert!(kept.contains("kept as deleted counts"), "{kept}");
}

#[test]
fn a_change_key_that_goes_back_is_found_by_a_comparison() {
    let project = TestProject::with_stream(&table(&[(1, "a"), (2, "b")]), &STREAM.replace("0s", "9d"));
    project.run();
    let plan = project.wmshost("plan", &[]).succeeded().out();
    assert!(plan.contains("whose change key went back, by `wmshost verify`"), "{plan}");
    project.change("UPDATE s SET code = 'restored', changed = '2026-01-01' WHERE id = 2");
    project.run();
    assert_eq!(project.rows("SELECT id, code FROM WMS_S ORDER BY id"), ["1 a", "2 b"], "the newer version stays");
    project.wmshost("verify", &[]).ended(1);
    project.wmshost("verify", &["--repair"]).succeeded();
    assert_eq!(project.rows("SELECT id, code FROM WMS_S ORDER BY id"), ["1 a", "2 restored"]);
}
