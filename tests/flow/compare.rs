//! Interrupted comparisons, signals, and guards against deletions, through the whole program.

use wmshost_tests::TestProject;

const ROWS: u64 = 20_000;

/// Rows with an old change key, and one with a new one.
fn table() -> String {
    format!(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, qty INTEGER, changed TIMESTAMP);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
         INSERT INTO s SELECT i, i % 10, CASE WHEN i < {ROWS} THEN '2026-01-01 00:00:00' ELSE '2026-01-02 00:00:00' END FROM n;"
    )
}

fn stream(deletes: &str) -> String {
    format!(
        "method = \"incremental\"\nchange_key = \"changed\"\nlookback = \"0s\"\nlate_rows = \"reconcile\"\n\
         deletes = \"{deletes}\"\nreconcile_every = \"0s\"\non_bad_value = \"fail\""
    )
}

/// The number of rows in the target that are not marked as deleted.
fn left(project: &TestProject, deletes: &str) -> i64 {
    let condition = if deletes == "soft" { " WHERE wms_deleted_at IS NULL" } else { "" };
    project.number(&format!("SELECT count(*) FROM WMS_S{condition}"))
}

#[test]
fn an_unreadable_cell_deletes_nothing() {
    for deletes in ["hard", "soft"] {
        let project = TestProject::with_stream(&table(), &stream(deletes));
        project.run();
        project.change("DELETE FROM s WHERE id IN (5, 6); UPDATE s SET qty = 'n/a' WHERE id = 15000");
        for command in ["run", "verify"] {
            let rest: &[&str] = if command == "run" { &[] } else { &["--repair"] };
            let ran = project.wmshost(command, rest).ended(1);
            ran.says(&["is text, not a whole number", "the comparison broke off", "none was deleted"]);
            assert_eq!(left(&project, deletes), 20_000, "{command} {deletes}");
        }
        // Once it is readable, the interrupted comparison is repeated.
        project.change("UPDATE s SET qty = 7 WHERE id = 15000");
        let run = project.run_stream("s");
        assert_eq!((&run["rows_deleted"], &run["reconciled"]["different"]), (&2.into(), &1.into()), "{run}");
        project.wmshost("verify", &[]).succeeded();
        assert_eq!(left(&project, deletes), 19_998);
    }
}

#[test]
fn a_signal_at_any_point_of_a_comparison_deletes_nothing() {
    for (command, rest) in [("run", &[][..]), ("verify", &["--repair"][..])] {
        for (point, times) in [("range-read", 1), ("range-compared", 2), ("all-compared", 1)] {
            let mut project = TestProject::with_stream(&table(), &stream("hard"));
            project.run();
            project.change("DELETE FROM s WHERE id IN (5, 19000)");
            project.set("WMSHOST_SIGNAL_AT", &format!("s:{point}:{times}"));
            let stopped = project.wmshost(command, rest).ended(130);
            let reported = format!("{}{}", stopped.out(), stopped.err());
            assert!(reported.contains("none was deleted"), "{command} {point}: {reported}");
            assert_eq!(left(&project, "hard"), 20_000, "{command} {point}");
            project.set("WMSHOST_SIGNAL_AT", "");
            project.wmshost(command, rest).succeeded();
            assert_eq!(left(&project, "hard"), 19_998, "{command} {point}");
        }
    }
}

#[test]
fn a_comparison_that_broke_off_is_made_up_for_though_nothing_has_changed() {
    let mut project = TestProject::with_stream(&table(), &stream("hard"));
    project.run();
    project.change("DELETE FROM s WHERE id = 5");
    project.set("WMSHOST_CRASH_AT", "s:range-compared:1");
    assert_eq!(project.wmshost("run", &[]).code(), None, "it dies");
    project.set("WMSHOST_CRASH_AT", "");
    // A file that changed in the last two to three seconds has no version yet; the program must be able to see that
    // nothing has changed.
    std::thread::sleep(std::time::Duration::from_millis(3_100));
    project.run();
    assert_eq!(left(&project, "hard"), 19_999);
    assert_eq!(project.run_stream("s")["status"], "unchanged");
}

#[test]
fn a_source_that_lost_many_rows_stops_until_that_is_allowed() {
    for (deletes, method) in [("hard", "incremental"), ("soft", "incremental"), ("ignore", "full"), ("soft", "full")] {
        let policy = match method {
            "full" => format!("deletes = \"{deletes}\""),
            _ => stream(deletes),
        };
        let project = TestProject::with_stream(&table(), &policy);
        project.run();
        project.change("DELETE FROM s WHERE id <= 5000");
        for _ in 0..2 {
            let words = ["5000 of the 20000 rows", "max_deleted_percent allows 20 %", "--allow-deletes s"];
            project.wmshost("run", &[]).ended(1).says(&words);
            assert_eq!(left(&project, deletes), 20_000, "{deletes} {method}");
        }
        if method == "incremental" {
            project.wmshost("verify", &["--repair"]).ended(1).says(&["--allow-deletes s"]);
        }
        project.wmshost("run", &["--allow-deletes", "nobody"]).ended(2).says(&["nobody"]);
        project.wmshost("run", &["--allow-deletes", "s"]).succeeded();
        assert_eq!(left(&project, deletes), 15_000, "{deletes} {method}");
        project.wmshost("verify", &[]).succeeded();
        // Below the percentage, and below an absolute number, nothing has to be allowed.
        project.change("DELETE FROM s WHERE id <= 5500");
        project.wmshost("run", &[]).succeeded();
        assert_eq!(left(&project, deletes), 14_500, "{deletes} {method}");
        project.write_stream(&format!("{policy}\nmax_deleted = 10"));
        project.change("DELETE FROM s WHERE id <= 5511");
        project.wmshost("run", &[]).ended(1).says(&["11 of the 14500 rows", "max_deleted allows 10"]);
    }
}

#[test]
fn rows_that_share_a_key_are_reported() {
    let project = TestProject::with_stream(
        "CREATE TABLE s (n INTEGER PRIMARY KEY, id INTEGER, v TEXT, changed TIMESTAMP(6));
         INSERT INTO s VALUES (1, 7, 'a', '2026-01-01'), (2, 7, 'b', '2026-01-02'), (3, 8, 'c', '2026-01-02')",
        "method = \"incremental\"\nchange_key = \"changed\"\nkey = [\"id\"]",
    );
    let run = project.wmshost("run", &[]).succeeded();
    run.says(&["s: 1 rows have a key that another row of this run has"]);
    for command in [&["--output", "json"][..], &["--repair", "--output", "json"]] {
        let found = project.wmshost("verify", command).ended(1).json()["streams"][0].clone();
        assert_eq!((&found["equal"], &found["source_duplicates"]), (&false.into(), &1.into()), "{found}");
        assert_eq!((&found["source_rows"], &found["target_rows"]), (&3.into(), &2.into()), "{found}");
    }
    // A merge leaves the newest version, and a repair does not touch it.
    assert_eq!(project.rows("SELECT id, v FROM WMS_S ORDER BY id"), ["7 b", "8 c"]);
}

#[test]
fn verify_names_the_columns_that_differ() {
    let project = TestProject::with_stream(&table(), &stream("hard"));
    project.run();
    project.target().execute_batch("UPDATE WMS_S SET qty = 99 WHERE id = 17").expect("altered");
    let found = project.wmshost("verify", &[]).ended(1);
    assert!(found.out().contains("s: different {\"id\":17} in qty"), "{}", found.out());
}

#[test]
fn rows_that_stay_because_of_a_rejected_row_without_a_readable_key_are_reported() {
    let project = TestProject::with_stream(
        "CREATE TABLE s (id NUMBER PRIMARY KEY, changed TIMESTAMP);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
         INSERT INTO s SELECT i, '2026-01-01' FROM n;
         INSERT INTO s VALUES ('x', '2026-01-01');",
        "method = \"incremental\"\nchange_key = \"changed\"\ndeletes = \"hard\"\nreconcile_every = \"0s\"\n\
         max_rejected_percent = 100",
    );
    project.run();
    project.change("DELETE FROM s WHERE id BETWEEN 2 AND 4");
    let words = [
        "3 rows of the target stay: each may be one of 1 rejected rows of the source whose key cannot be read",
        "at least 2 of them are no longer in the source",
        "see `wmshost quarantine list`",
    ];
    project.wmshost("run", &[]).succeeded().says(&words);
    let verified = project.wmshost("verify", &[]).ended(1).says(&words);
    assert!(!verified.err().contains("new versions are rejected"), "{}", verified.err());
    let found = project.wmshost("verify", &["--output", "json"]).ended(1).json()["streams"][0].clone();
    let counts = ["unclear", "unreadable_keys", "outdated", "extra"].map(|name| &found[name]);
    assert_eq!(counts, [3, 1, 0, 0], "{found}");
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 50);
}

/// Tables with three rows, two of whose keys are one on the way, and whether the key is named in the pipeline.
const FALLEN_TOGETHER: [(&str, bool); 4] = [
    (
        "CREATE TABLE s (id TIMESTAMP PRIMARY KEY, changed TIMESTAMP);
         INSERT INTO s VALUES ('2026-01-01', '2026-01-01'), ('2026-01-01 00:00:00', '2026-01-02'), ('2026-01-02', '2026-01-01')",
        false,
    ),
    (
        "CREATE TABLE s (id DATE PRIMARY KEY, changed TIMESTAMP);
         INSERT INTO s VALUES ('2026-01-01', '2026-01-01'), ('2026-01-01T00:00:00', '2026-01-02'), ('2026-01-02', '2026-01-01')",
        false,
    ),
    (
        "CREATE TABLE s (id INTEGER, changed TIMESTAMP);
         INSERT INTO s VALUES (1, '2026-01-01'), (1, '2026-01-02'), (2, '2026-01-01')",
        true,
    ),
    (
        "CREATE TABLE s (id TEXT, changed TIMESTAMP);
         INSERT INTO s VALUES ('a', '2026-01-01'), ('a', '2026-01-01'), ('b', '2026-01-01')",
        true,
    ),
];

#[test]
fn rows_whose_keys_fall_together_are_counted_and_named_and_never_called_equal() {
    let methods = ["method = \"full\"", "method = \"append\"", "method = \"incremental\"\nchange_key = \"changed\""];
    for ((table, is_named), method) in
        FALLEN_TOGETHER.into_iter().flat_map(|table| methods.map(|method| (table, method)))
    {
        let key = if is_named { "\nkey = [\"id\"]" } else { "" };
        let project = TestProject::with_stream(table, &format!("{method}{key}\nmax_rejected_percent = 100"));
        let run = project.run_stream("s");
        assert_eq!(
            (&run["rows_read"], project.number("SELECT count(*) FROM WMS_S")),
            (&3.into(), 2),
            "{method} {table}"
        );
        let number = |name: &str| run[name].as_u64().unwrap_or_default();
        assert_eq!(number("rows_with_duplicate_keys") + number("rows_rejected"), 1, "{method} {table}: {run}");
        let verified = project.wmshost("verify", &["--show", "5"]).ended(1);
        assert!(verified.out().contains("duplicate-in-source {\"id\":"), "{method} {table}: {}", verified.out());
    }
    // Keys that differ for SQLite alone are refused before anything is written.
    let table = "CREATE TABLE s (id PRIMARY KEY, changed TIMESTAMP); INSERT INTO s VALUES (1, '2026-01-01'), ('1', '2026-01-01')";
    for method in methods {
        let project = TestProject::with_stream(table, method);
        project.wmshost("check", &[]).ended(2).says(&["differ only in how SQLite stores them"]);
        project.wmshost("run", &[]).ended(2);
    }
}
