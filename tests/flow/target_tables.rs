//! What somebody added to a table that a stream writes: triggers, columns, constraints. Nothing of it changes, drops or
//! loses rows without a sign, and nothing of it is lost itself.

use std::fs;

use wmshost_tests::TestProject;

const TABLE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, changed TIMESTAMP(6));
    INSERT INTO s VALUES (1, 'a', '2026-01-01 00:00:00'), (2, 'b', '2026-01-01 00:00:01');";
const INCREMENTAL: &str =
    "method = \"incremental\"\nchange_key = \"changed\"\ndeletes = \"hard\"\nreconcile_every = \"0s\"\n";
const METHODS: [&str; 3] = [INCREMENTAL, "method = \"append\"\n", "method = \"full\"\n"];

/// Triggers, each with whether it lets the rows be.
const TRIGGERS: [(&str, bool); 6] = [
    ("BEFORE INSERT ON WMS_S WHEN new.id = 4 BEGIN SELECT RAISE(IGNORE); END", false),
    ("BEFORE UPDATE ON WMS_S WHEN new.id = 1 BEGIN SELECT RAISE(IGNORE); END", false),
    ("AFTER INSERT ON WMS_S BEGIN UPDATE WMS_S SET v = upper(v) WHERE id = new.id; END", false),
    ("AFTER INSERT ON WMS_S BEGIN DELETE FROM WMS_S WHERE id = 2; END", false),
    ("BEFORE DELETE ON WMS_S BEGIN SELECT RAISE(IGNORE); END", false),
    ("AFTER INSERT ON WMS_S BEGIN INSERT INTO audit VALUES (new.id); END", true),
];

/// Everything in the target.
fn seen(project: &TestProject) -> Vec<String> {
    let mut all = project.rows("SELECT name, sql FROM sqlite_schema ORDER BY name");
    for table in ["WMS_S", "WMSHOST_CHECKPOINT", "WMSHOST_TABLE", "WMSHOST_QUARANTINE"] {
        if project.number(&format!("SELECT count(*) FROM sqlite_schema WHERE name = '{table}'")) > 0 {
            all.extend(project.rows(&format!("SELECT * FROM {table} ORDER BY 1, 2, 3")));
        }
    }
    all
}

#[test]
fn a_table_with_a_trigger_is_not_written_unless_that_is_accepted() {
    let [first, .., harmless] = TRIGGERS;
    for (method, triggers) in METHODS.into_iter().zip([&TRIGGERS[..], &[first], &[harmless]]) {
        for (trigger, is_harmless) in triggers {
            let project = TestProject::with_stream(TABLE, method);
            project.run();
            let create = format!("CREATE TABLE audit (id); CREATE TRIGGER theirs {trigger}");
            project.target().execute_batch(&create).expect("a trigger");
            project.change(
                "INSERT INTO s VALUES (4, 'd', '2026-01-02'); UPDATE s SET v = 'c', changed = '2026-01-02' WHERE id = 1;
                 DELETE FROM s WHERE id = 2",
            );
            let before = seen(&project);
            let commands = [("check", &[][..]), ("run", &[]), ("run", &["--full-refresh"]), ("verify", &["--repair"])];
            for (command, rest) in commands {
                let said = project.wmshost(command, rest).ended(2);
                said.says(&[
                    "table WMS_S has triggers that wmshost did not make (theirs)",
                    "target_triggers = \"allow\"",
                ]);
                assert_eq!(seen(&project), before, "{command} {rest:?}: {method} {trigger}");
            }
            project.write_stream(&format!("{method}target_triggers = \"allow\"\nmax_deleted_percent = 100"));
            project.wmshost("check", &[]).succeeded();
            project.wmshost("run", &[]);
            assert!(
                project.rows("SELECT name FROM sqlite_schema WHERE type = 'trigger'").contains(&"theirs".to_owned())
            );
            if *is_harmless {
                let rows = project.rows("SELECT id, v FROM WMS_S ORDER BY id");
                let expected: &[&str] = if method == METHODS[1] { &["1 a", "2 b", "4 d"] } else { &["1 c", "4 d"] };
                assert_eq!(rows, expected, "{method}");
            }
        }
    }
}

/// A trigger that ends the transaction would let everything after it be written without one.
#[test]
fn a_trigger_that_rolls_the_transaction_back_leaves_nothing_half_done() {
    for method in [METHODS[0], METHODS[1]] {
        let stream = format!("{method}target_triggers = \"allow\"\n");
        let mut project = TestProject::with_stream(TABLE, &stream);
        project.set("TARGET_BATCH_SIZE", "100");
        project.run();
        let trigger = "CREATE TRIGGER theirs BEFORE INSERT ON WMS_S WHEN new.id = 5 BEGIN SELECT RAISE(ROLLBACK, 'not five'); END";
        project.target().execute_batch(trigger).expect("a trigger");
        project.change("INSERT INTO s VALUES (4, 'd', '2026-01-02'), (5, 'e', '2026-01-02'), (6, 'f', '2026-01-02')");
        let before = seen(&project);
        let run = project.wmshost("run", &[]);
        assert_ne!(run.code(), Some(0), "{}", run.err());
        run.says(&["rolled the whole transaction back", "not five"]);
        assert_eq!(seen(&project), before, "{method}");
        project.target().execute_batch("DROP TRIGGER theirs").expect("dropped");
        project.run();
        assert_eq!(project.rows("SELECT id FROM WMS_S ORDER BY id"), ["1", "2", "4", "5", "6"], "{method}");
    }
}

/// Declarations of the column `v`, how the host names what was added, and the rule by which a row breaks it.
const ADDED: [(&str, &str, Option<&str>); 7] = [
    ("TEXT CHECK (v <> 'bad')", "a CHECK constraint", Some("check")),
    ("TEXT NOT NULL", "NOT NULL of v", None),
    ("TEXT UNIQUE", "a UNIQUE constraint", None),
    ("TEXT DEFAULT 'x'", "the default of v", None),
    ("TEXT COLLATE NOCASE", "a collation", None),
    ("TEXT REFERENCES other (id)", "the reference to other", None),
    ("TEXT AS ('v' || id)", "the computed column v", None),
];

/// Builds the target's table again with another declaration of a column.
fn declare(project: &TestProject, declared: &str) {
    let columns = if declared.contains(" AS ") { "id, changed" } else { "id, v, changed" };
    let statements = format!(
        "PRAGMA foreign_keys = OFF; CREATE TABLE other (id TEXT PRIMARY KEY);
         CREATE TABLE n (id INTEGER PRIMARY KEY, v {declared}, changed TIMESTAMP(6), wms_run_id TEXT, wms_loaded_at TIMESTAMP(6));
         INSERT INTO n ({columns}, wms_run_id, wms_loaded_at) SELECT {columns}, wms_run_id, wms_loaded_at FROM WMS_S;
         DROP TABLE WMS_S; ALTER TABLE n RENAME TO WMS_S;"
    );
    project.target().execute_batch(&statements).expect("another table");
}

#[test]
fn what_a_full_load_would_lose_stops_it_before_anything_is_written() {
    for (declared, words, _) in ADDED {
        let project = TestProject::with_stream(TABLE, METHODS[2]);
        project.run();
        declare(&project, declared);
        project.change("INSERT INTO s VALUES (4, 'd', '2026-01-02')");
        let before = seen(&project);
        project.wmshost("plan", &[]).ended(2);
        for command in ["check", "run"] {
            project.wmshost(command, &[]).ended(2).says(&["would lose what somebody added to it", words]);
            assert_eq!(seen(&project), before, "{command}: {declared}");
        }
    }
}

#[test]
fn a_row_that_a_constraint_of_others_refuses_is_rejected_with_the_reason() {
    for (declared, _, rule) in ADDED {
        let Some(rule) = rule else { continue };
        let project = TestProject::with_stream(TABLE, &format!("{INCREMENTAL}max_rejected_percent = 100"));
        project.run();
        declare(&project, declared);
        project.change("INSERT INTO s VALUES (4, 'bad', '2026-01-02'), (5, 'e', '2026-01-02')");
        project.run();
        assert_eq!(project.rows("SELECT id FROM WMS_S ORDER BY id"), ["1", "2", "5"], "{declared}");
        assert_eq!(
            project.rows("SELECT row_key, rule FROM WMSHOST_QUARANTINE"),
            [format!("id=4 {rule}")],
            "{declared}"
        );
    }
}

#[test]
fn a_type_is_not_widened_where_that_would_lose_what_somebody_added() {
    let project = TestProject::with_stream(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, n DECIMAL(5,1)); INSERT INTO s VALUES (1, 2.5);",
        METHODS[1],
    );
    project.run();
    project.target().execute_batch("ALTER TABLE WMS_S ADD COLUMN twice AS (n * 2)").expect("a column");
    project.change(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n DECIMAL(8,3)); INSERT INTO t SELECT * FROM s; DROP TABLE s;
        ALTER TABLE t RENAME TO s; INSERT INTO s VALUES (2, 1.125)",
    );
    let before = seen(&project);
    project.wmshost("run", &[]).ended(2).says(&["the computed column twice", "nothing was changed"]);
    assert_eq!(seen(&project), before);
}

/// The target may ignore the case of texts in a key, or the blanks at their ends. The source's rows still never take each
/// other's places, on any way into the target, and none is removed with another.
#[test]
fn rows_whose_keys_only_the_target_takes_for_one_never_fall_together() {
    const KEYS: [(&str, &str); 4] = [("a", "of a"), ("A", "of A"), ("a ", "of a and a blank"), ("b", "of b")];
    let rows: Vec<String> = KEYS.map(|(key, v)| format!("('{key}', 1, '{v}', '2026-01-01')")).to_vec();
    let source = "CREATE TABLE s (k TEXT, n INTEGER, v TEXT, changed TIMESTAMP, PRIMARY KEY (k, n));";
    let columns = "n INTEGER, v TEXT, changed TIMESTAMP(6), wms_run_id TEXT, wms_loaded_at TIMESTAMP(6)";
    let incremental = "method = \"incremental\"\nchange_key = \"changed\"\ndeletes = \"hard\"\nreconcile_every = \"0s\"\n\
                       max_deleted_percent = 100\nmax_rejected_percent = 100\n";
    for method in [incremental, "method = \"append\"\nmax_rejected_percent = 100\n"] {
        for collation in ["NOCASE", "RTRIM"] {
            // A table of somebody else's that compares the key in such a way: refused, and nothing is written.
            let project = TestProject::with_stream(source, &format!("{method}take_over = \"WMS_S\"\n"));
            let theirs = format!("CREATE TABLE WMS_S (k TEXT COLLATE {collation}, {columns}, PRIMARY KEY (k, n))");
            project.target().execute_batch(&theirs).expect("a table");
            let before = seen(&project);
            // Already without a row that would have to be distinguished from another one.
            project.wmshost("check", &[]).ended(2).says(&["compares texts by their bytes", "COLLATE BINARY"]);
            assert!(project.wmshost("plan", &[]).ended(2).out().contains("compares texts by their bytes"));
            assert_eq!(seen(&project), before, "{collation} {method}");
            project.change(&format!("INSERT INTO s VALUES {}", rows.join(", ")));
            project.wmshost("run", &[]).ended(2).says(&["compares texts by their bytes"]);
            assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 0, "{collation} {method}");

            // A second index: the rows that it refuses are in quarantine, and no other row has changed.
            let project = TestProject::with_stream(source, method);
            project.run();
            let index = format!("CREATE UNIQUE INDEX theirs ON WMS_S (k COLLATE {collation}, n)");
            project.target().execute_batch(&index).expect("an index");
            project.change(&format!("INSERT INTO s VALUES {}", rows.join(", ")));
            let run = project.run_stream("s");
            let loaded = project.rows("SELECT k || '|' || v FROM WMS_S");
            assert_eq!(loaded.len(), 3, "{collation} {method}: {loaded:?}");
            assert_eq!(run["rows_rejected"], 1, "{collation} {method}");
            let as_in_source = |row: &String| KEYS.iter().any(|(key, v)| *row == format!("{key}|{v}"));
            assert!(loaded.iter().all(as_in_source), "{collation} {method}: {loaded:?}");

            // A column that compares in such a way, with a key that does not: all rows are there, and one is removed alone.
            let project = TestProject::with_stream(source, &format!("{method}take_over = \"WMS_S\"\n"));
            let exact = format!(
                "CREATE TABLE WMS_S (k TEXT COLLATE {collation}, {columns});
                 CREATE UNIQUE INDEX exact ON WMS_S (k COLLATE BINARY, n)"
            );
            project.target().execute_batch(&exact).expect("a table");
            project.change(&format!("INSERT INTO s VALUES {}", rows.join(", ")));
            project.run();
            assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 4, "{collation} {method}");
            if method == incremental {
                project.change("DELETE FROM s WHERE k = 'A'");
                project.run();
                let left = project.rows("SELECT k FROM WMS_S ORDER BY k COLLATE BINARY");
                assert_eq!(left, ["a", "a ", "b"], "{collation}");
            }
            project.wmshost("verify", &[]).succeeded();
        }
    }
}

/// SQLite goes on writing into a file that was moved away. The run does not say that the rows are in the target.
#[test]
fn a_target_that_is_moved_away_or_replaced_while_it_is_written_fails_the_run() {
    for is_replaced in [false, true] {
        let mut project = TestProject::with_stream(TABLE, METHODS[2]);
        project.change("WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) INSERT INTO s (id) SELECT i FROM n");
        project.set("WMS_BATCH_SIZE", "5");
        project.set("TARGET_BATCH_SIZE", "5");
        let mut run = project.begin_run();
        while !project.target_path().exists() || project.target_path().metadata().map_or(0, |file| file.len()) < 40_000
        {
            assert!(run.try_wait().expect("a status").is_none(), "the run ended too soon");
            std::thread::yield_now();
        }
        let away = project.path("away.db");
        match is_replaced {
            false => fs::rename(project.target_path(), &away).expect("moved"),
            true => {
                fs::copy(project.target_path(), &away).expect("a copy");
                fs::rename(&away, project.target_path()).expect("replaced");
            }
        }
        assert_eq!(run.wait().expect("an end").code(), Some(1), "replaced: {is_replaced}");
    }
}
