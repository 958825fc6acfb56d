//! Rows from quarantine are replayed: as the source had them, changed once, and never over a newer row.

use wmshost_tests::{Numbers, TestProject};

/// A stream through a transform that changes rows in place before it rejects some of them.
fn in_place(behaviour: &str, more: &str) -> String {
    format!(
        "transforms = [\"hostile\"]\nmax_rejected_percent = 100\n{more}\n\
         [streams.s.settings.hostile]\nbehaviour = \"{behaviour}\""
    )
}

#[test]
fn a_replay_changes_the_sources_row_once_whatever_the_batches() {
    let mut numbers = Numbers(7);
    for batch_rows in ["1", "7", "100"] {
        for method in ["", "method = \"append\""] {
            let table = "CREATE TABLE s (id INTEGER PRIMARY KEY, qty INTEGER, extra TEXT, gone TEXT);";
            let mut project = TestProject::with_stream(table, &in_place("in-place-reject", method));
            project.set("WMS_BATCH_SIZE", batch_rows);
            let rows: Vec<(u64, u64)> = (1..=30).map(|id| (id, numbers.below(1_000))).collect();
            for (id, qty) in &rows {
                project.change(&format!("INSERT INTO s VALUES ({id}, {qty}, 'e{id}', 'g{id}')"));
            }
            let bad: Vec<_> = rows.iter().filter(|(_, qty)| qty % 2 == 1).collect();
            assert_eq!(project.run_stream("s")["rows_rejected"], bad.len());
            let kept = project.rows("SELECT row_json FROM WMSHOST_QUARANTINE ORDER BY CAST(row_key AS TEXT), id");
            for (id, qty) in bad {
                let row = format!("{{\"id\":{id},\"qty\":{qty},\"extra\":\"e{id}\",\"gone\":\"g{id}\"}}");
                assert!(kept.contains(&row), "{row} is not in {kept:?}");
            }
            let stages = project.rows("SELECT DISTINCT stage, length(digest) > 20 FROM WMSHOST_QUARANTINE");
            assert_eq!(stages, ["transform 1"]);
            project.write_stream(&in_place("in-place", method));
            project.wmshost("quarantine replay", &["--stream", "s"]).succeeded();
            let expected: Vec<String> = rows.iter().map(|(id, qty)| format!("{id} {} e{id}", 2 * qty)).collect();
            assert_eq!(project.rows("SELECT id, qty, more FROM WMS_S ORDER BY id"), expected, "{batch_rows} {method}");
            assert_eq!(project.number("SELECT count(*) FROM WMSHOST_QUARANTINE"), 0);
        }
    }
}

#[test]
fn an_older_copy_never_goes_over_a_row_that_was_loaded_since() {
    let table = "CREATE TABLE s (id INTEGER PRIMARY KEY, qty INTEGER, extra TEXT, gone TEXT);
        INSERT INTO s VALUES (1, 1, 'old', ''), (2, 2, 'other', '');";
    let project = TestProject::with_stream(table, &in_place("in-place-reject", ""));
    project.run();
    let target = project.target();
    target.execute_batch("CREATE TABLE kept AS SELECT * FROM WMSHOST_QUARANTINE").expect("a copy");
    project.change("UPDATE s SET qty = 4, extra = 'new' WHERE id = 1");
    project.run();
    assert_eq!(project.number("SELECT count(*) FROM WMSHOST_QUARANTINE"), 0, "what was loaded is forgotten");
    // The state after an interrupted load that another run continued.
    target.execute_batch("INSERT INTO WMSHOST_QUARANTINE SELECT * FROM kept").expect("the older copy");
    project.write_stream(&in_place("in-place", ""));
    let replay = project.wmshost("quarantine replay", &["--stream", "s"]).ended(1);
    assert!(replay.out().contains("after it was rejected"), "{}", replay.out());
    assert_eq!(project.rows("SELECT id, qty, more FROM WMS_S ORDER BY id"), ["1 8 new", "2 4 other"]);
    assert_eq!(project.number("SELECT count(*) FROM WMSHOST_QUARANTINE"), 1);
}

#[test]
fn a_row_that_is_rejected_in_another_version_takes_the_place_of_the_older_one() {
    let project = TestProject::with_stream(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, amount DECIMAL(8,2)); INSERT INTO s VALUES (1, 'a'), (2, 2);",
        "max_rejected_percent = 100",
    );
    project.run();
    project.change("UPDATE s SET amount = 'b' WHERE id = 1");
    project.run();
    let kept = project.rows("SELECT reason FROM WMSHOST_QUARANTINE");
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(kept[0].ends_with("'b'"), "{kept:?}");
    // A run that reads it again keeps it once, with its own run id.
    project.wmshost("run", &["--full-refresh"]).succeeded();
    let runs = project.rows("SELECT count(*), count(DISTINCT run_id) FROM WMSHOST_QUARANTINE");
    assert_eq!(runs, ["1 1"]);
}

#[test]
fn a_value_that_was_too_large_to_keep_is_read_again_and_not_made_up() {
    let project = TestProject::with_stream(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, note TEXT); INSERT INTO s VALUES (1, hex(zeroblob(600000))), (2, 'b');",
        "",
    );
    let text = std::fs::read_to_string(project.pipeline()).expect("a pipeline");
    let limited = text.replace("[connections.ana]", "lob_mib = 1\n[connections.ana]");
    std::fs::write(project.pipeline(), limited).expect("a pipeline");
    project.run();
    assert_eq!(project.rows("SELECT id FROM WMS_S"), ["2"]);
    std::fs::write(project.pipeline(), text).expect("a pipeline");
    let replay = project.wmshost("quarantine replay", &["--stream", "s"]).ended(1);
    assert!(
        replay.out().contains("column note: the value was too large to be kept (1200000 bytes)"),
        "{}",
        replay.out()
    );
    project.wmshost("run", &["--full-refresh"]).succeeded();
    assert_eq!(project.rows("SELECT id, length(note) FROM WMS_S ORDER BY id"), ["1 1200000", "2 1"]);
    assert_eq!(project.number("SELECT count(*) FROM WMSHOST_QUARANTINE"), 0);
}

#[test]
fn a_large_quarantine_is_listed_in_pages_and_any_text_in_it_is_shown() {
    let table = "CREATE TABLE s (id INTEGER PRIMARY KEY, amount DECIMAL(8,2));
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 130) INSERT INTO s SELECT i, 'x' || i FROM n;
        INSERT INTO s VALUES (1000, 1);";
    let project = TestProject::with_stream(table, "max_rejected_percent = 100");
    project.run();
    let ids = |more: &[&str]| -> Vec<String> {
        let listed = project.wmshost("quarantine list", &[&["--output", "json"], more].concat()).succeeded().json();
        listed.as_array().expect("rows").iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
    };
    let all = ids(&["--limit", "0"]);
    assert_eq!((all.len(), ids(&[]).len()), (130, 50));
    assert_eq!(ids(&["--limit", "20", "--after", &all[99]]), all[100..120]);
    assert_eq!(ids(&["--rule", "nobodys"]), Vec::<String>::new());
    project.wmshost("quarantine list", &["--after", "zz"]).ended(2).says(&["is not an id"]);
    // Somebody writes into the table by hand.
    project.target()
        .execute_batch(
            "INSERT INTO WMSHOST_QUARANTINE SELECT pipeline, stream, 'ä', char(27) || '[31m', char(8238), stage, rejected_by,
                 digest, run_id, rejected_at, passed, char(10) || 'error: no', key_digest, 'no json' FROM WMSHOST_QUARANTINE LIMIT 1;",
        )
        .expect("a strange row");
    let listed = project.wmshost("quarantine list", &["--limit", "0"]).succeeded().out();
    assert!(listed.contains('ä') && !listed.contains('\u{1b}') && !listed.contains('\u{202e}'), "{listed}");
    assert_eq!(listed.lines().count(), 133, "{listed}");
    project.wmshost("quarantine replay", &["--stream", "s"]).ended(1);
    project.wmshost("quarantine drop", &["--stream", "s", "--yes"]).succeeded();
    assert_eq!(project.number("SELECT count(*) FROM WMSHOST_QUARANTINE"), 0);
}

/// Whatever the policy for deleted rows and the version of the copy: a replay brings no row back that the source has
/// deleted, except where the stream leaves such rows in the target.
#[test]
fn a_row_that_the_source_has_deleted_does_not_come_back_by_a_replay() {
    let incremental =
        "method = \"incremental\"\nchange_key = \"changed\"\nlookback = \"0s\"\nreconcile_every = \"0s\"\n";
    let policies = ["deletes = \"soft\"", "deletes = \"hard\"", ""];
    let methods = [incremental, "method = \"append\"\nreconcile_every = \"0s\"\n", "method = \"full\"\n"];
    for (method, policy) in methods.into_iter().flat_map(|method| policies.map(|policy| (method, policy))) {
        let table = "CREATE TABLE s (id INTEGER PRIMARY KEY, code TEXT, changed TIMESTAMP);
            INSERT INTO s VALUES (1, 'a', '2026-01-01'), (3, 'c', '2026-01-01'), (4, 'd', '2026-01-01');";
        let project = TestProject::with_stream(table, &format!("{method}{policy}\nmax_rejected_percent = 100"));
        project.run();
        project.target().execute_batch("CREATE UNIQUE INDEX codes ON WMS_S (code)").expect("an index");
        // 5 is new and is refused; so is a newer version of 4, where it is read.
        project.change(
            "INSERT INTO s VALUES (5, 'a', '2026-01-02'), (6, 'f', '2026-01-02'); UPDATE s SET code = 'a', changed = '2026-01-02' WHERE id = 4",
        );
        project.run();
        project.change("DELETE FROM s WHERE id IN (4, 5); INSERT INTO s VALUES (9, 'z', '2026-01-03')");
        project.run();
        project.target().execute_batch("DROP INDEX codes").expect("dropped");
        let refused = project.number("SELECT count(*) FROM WMSHOST_QUARANTINE WHERE row_key IN ('id=4', 'id=5')");
        assert_eq!(refused, if method.contains("append") { 1 } else { 2 }, "{method} {policy}");
        let replay = project.wmshost("quarantine replay", &["--stream", "s"]);
        let live = if policy.contains("soft") { " WHERE wms_deleted_at IS NULL" } else { "" };
        let ids = project.rows(&format!("SELECT id FROM WMS_S{live} ORDER BY id"));
        let case = format!("{method} {policy}: {}", replay.out());
        if policy.is_empty() && !method.contains("full") {
            assert_eq!(ids, ["1", "3", "4", "5", "6", "9"], "{case}");
            continue;
        }
        assert_eq!(ids, ["1", "3", "6", "9"], "{case}");
        let gone = replay.out().matches("the source no longer has a row with this key").count();
        assert_eq!(i64::try_from(gone).expect("few"), refused, "{case}");
        project.wmshost("quarantine drop", &["--stream", "s", "--yes"]).succeeded();
        project.wmshost("verify", &[]).succeeded();
    }
}

#[test]
fn a_row_that_no_run_would_load_is_not_loaded_by_a_replay() {
    let table = "CREATE TABLE s (k TEXT PRIMARY KEY, v TEXT);
        INSERT INTO s VALUES ('a', 'x'), (hex(zeroblob(2500)), 'long');";
    let project = TestProject::with_stream(table, "max_rejected_percent = 100\n");
    project.run();
    let replay = project.wmshost("quarantine replay", &["--stream", "s"]).ended(1);
    assert!(replay.out().contains("a key has at most 4095"), "{}", replay.out());
    assert_eq!(project.rows("SELECT k FROM WMS_S"), ["a"]);
    assert_eq!(project.number("SELECT count(*) FROM WMSHOST_QUARANTINE"), 1);
}
