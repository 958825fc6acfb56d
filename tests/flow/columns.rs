//! Columns as a pipeline declares them: types, forms, names, computed columns. Each source is a table as applications
//! write it, and the expected rows are written out.

use wmshost_tests::TestProject;

fn loaded(project: &TestProject, columns: &str) -> Vec<String> {
    project.rows(&format!("SELECT {columns} FROM wms_s ORDER BY id"))
}

#[test]
fn every_form_is_read_as_the_type_that_the_pipeline_declares() {
    let project = TestProject::with_stream(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, sec INTEGER, ms, us BIGINT, jd REAL, iso DATETIME, mixed TEXT,
                         price TEXT, count VARCHAR(10), flag TEXT, day INTEGER, lat NUMERIC, note TEXT);
         INSERT INTO s VALUES
           (1, 1769860800, 1769860800123, 1769860800123456, julianday('2026-01-31 12:00:00.123'),
            '2026-01-31 10:00:00.000 +00:00', '2026-01-31T12:00:00', '12.50', '0042', 'Yes', 86400, 40.712776111119, 'a'),
           (2, 1769860800.5, '-1', 0, 2440587.5, '2026-01-31T10:00:00-02:00', '2026-01-31 13:00:00+01', '-3', '7', 'n',
            0, '1', 'b'),
           (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);",
        "[streams.s.columns]\n\
         sec = { from = \"epoch-s\" }\nms = { type = \"timestamp in UTC\", from = \"epoch-ms\" }\n\
         us = { from = \"epoch-us\" }\njd = { from = \"julian-day\" }\niso = \"timestamp in UTC\"\n\
         mixed = { from = \"iso-utc\" }\nprice = { type = \"decimal(10,2)\", from = \"text\" }\n\
         count = { type = \"int64\", from = \"text\" }\nflag = { from = \"words\" }\n\
         day = { type = \"date\", from = \"epoch-s\" }\nlat = \"decimal(20,12)\"\nnote = \"skip\"\n",
    );
    project.run();
    let rows = loaded(&project, "id, sec, ms, us, jd, iso, mixed, price, count, flag, day, lat");
    assert_eq!(
        rows,
        [
            "1 2026-01-31 12:00:00.000000 2026-01-31 12:00:00.123000Z 2026-01-31 12:00:00.123456 2026-01-31 \
             12:00:00.123000 2026-01-31 10:00:00.000000Z 2026-01-31 12:00:00.000000Z 12.5 42 1 1970-01-02 40.712776111119",
            "2 2026-01-31 12:00:00.500000 1969-12-31 23:59:59.999000Z 1970-01-01 00:00:00.000000 1970-01-01 \
             00:00:00.000000 2026-01-31 12:00:00.000000Z 2026-01-31 12:00:00.000000Z -3 7 0 1970-01-01 1.000000000000",
            "3 NULL NULL NULL NULL NULL NULL NULL NULL NULL NULL NULL",
        ]
    );
    assert_eq!(project.number("SELECT count(*) FROM pragma_table_info('WMS_S') WHERE name = 'note'"), 0);
    project.wmshost("verify", &[]).succeeded();
}

/// A table that wmshost wrote has both of the host's columns, which are not read. One of them alone is the source's own, and
/// so are two that have other types.
#[test]
fn a_column_with_a_name_of_the_hosts_does_not_vanish() {
    for (columns, values) in [
        ("wms_run_id TEXT", "'wave 17'"),
        ("Wms_Loaded_At TIMESTAMP", "'2026-01-01 00:00:00'"),
        ("wms_run_id INTEGER, wms_loaded_at TIMESTAMP", "17, NULL"),
    ] {
        let table = format!("CREATE TABLE s (id INTEGER PRIMARY KEY, {columns}); INSERT INTO s VALUES (1, {values})");
        let project = TestProject::with_stream(&table, "");
        for command in ["check", "run"] {
            let refused = project.wmshost(command, &[]).says(&["has a name that is reserved for the host"]);
            assert_eq!(refused.code(), Some(2), "{command} with {columns}");
        }
        assert_eq!(project.number("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'wms_s%'"), 0, "{columns}");
    }
    let table = "CREATE TABLE s (id INTEGER PRIMARY KEY, wms_run_id TEXT); INSERT INTO s VALUES (1, 'wave 17')";
    let project = TestProject::with_stream(table, "[streams.s.columns]\nwms_run_id = { rename = \"wave\" }\n");
    project.run();
    assert_eq!(loaded(&project, "id, wave"), ["1 wave 17"]);
}

#[test]
fn a_value_that_is_not_of_its_form_goes_to_quarantine_with_the_reason() {
    let project = TestProject::with_stream(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, at INTEGER, flag TEXT);
         INSERT INTO s VALUES (1, 1769860800, 'y'), (2, 'n/a', 'y'), (3, 1769860800, 'maybe');",
        "max_rejected_percent = 100\n[streams.s.columns]\nat = { from = \"epoch-s\" }\nflag = { from = \"words\" }\n",
    );
    project.run();
    assert_eq!(loaded(&project, "id"), ["1"]);
    let reasons = project.rows("SELECT reason FROM wmshost_quarantine ORDER BY reason");
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons[0].contains("column at") && reasons[0].contains("from epoch-s"), "{reasons:?}");
    assert!(reasons[1].contains("column flag") && reasons[1].contains("no word for true or false"), "{reasons:?}");
}

#[test]
fn names_of_any_kind_are_read_and_renamed() {
    let project = TestProject::with_stream(
        "CREATE TABLE \"Order \"\"Details\" (\"Order ID\" INTEGER PRIMARY KEY, \"Unit Price\" NUMERIC(10,2), wms_loaded_at TEXT,
                                           \"select\" TEXT, CHANGED timestamp);
         INSERT INTO \"Order \"\"Details\" VALUES (1, 2.5, 'x', 'y', '2026-01-01 00:00:00');",
        "table = 'Order \"Details'\nkey = [\"id\"]\nmethod = \"incremental\"\nchange_key = \"changed\"\nlookback = \"0s\"\n\
         [streams.s.columns]\n\"Order ID\" = { rename = \"id\" }\n\"Unit Price\" = { rename = \"unit_price\" }\n\
         wms_loaded_at = { rename = \"loaded_before\" }\n",
    );
    project.run();
    assert_eq!(loaded(&project, "id, unit_price, loaded_before, \"select\""), ["1 2.5 x y"]);
    project.change(
        "UPDATE \"Order \"\"Details\" SET \"Unit Price\" = 3, CHANGED = '2026-01-02 00:00:00';
         INSERT INTO \"Order \"\"Details\" VALUES (2, 4, NULL, NULL, '2026-01-01 00:00:01');",
    );
    project.run();
    assert_eq!(loaded(&project, "id, unit_price"), ["1 3", "2 4"]);
    project.wmshost("verify", &[]).succeeded();
}

/// Streams by every kind of change key: the type of the column, a value for the moment `n`, and the pipeline's words.
const CHANGE_KEYS: [(&str, &str, &str); 8] = [
    ("INTEGER", "{n}", "changed = { from = \"epoch-s\" }"),
    ("", "{n} * 1000", "changed = { from = \"epoch-ms\" }"),
    ("TEXT", "{n} || '000000'", "changed = { from = \"epoch-us\" }"),
    ("REAL", "julianday({n}, 'unixepoch')", "changed = { from = \"julian-day\" }"),
    ("TEXT", "strftime('%Y-%m-%dT%H:%M:%S', {n}, 'unixepoch')", "changed = \"timestamp\""),
    (
        "VARCHAR",
        "strftime('%Y-%m-%d %H:%M:%S', {n}, 'unixepoch') || substr(' +00:00', 1 + 7 * ({n} % 2))",
        "changed = { from = \"iso-utc\" }",
    ),
    ("INTEGER", "{n}", ""),
    ("TEXT", "{n}", "changed = { type = \"int64\", from = \"text\" }"),
];

#[test]
fn changes_are_found_by_every_kind_of_change_key() {
    for (kind, expression, rule) in CHANGE_KEYS {
        let value = |n: i64| expression.replace("{n}", &(1_000_000_000 + n).to_string());
        let is_version = !rule.contains("from = \"e")
            && !rule.contains("julian")
            && !rule.contains("iso")
            && !rule.contains("\"timestamp");
        let lookback = if is_version { "lookback_versions = 2" } else { "lookback = \"2s\"" };
        let stream = format!(
            "method = \"incremental\"\nchange_key = \"changed\"\n{lookback}\ndeletes = \"hard\"\nreconcile_every = \"0s\"\n[streams.s.columns]\n{rule}\n"
        );
        let project = TestProject::with_stream(
            &format!("CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, changed {kind});"),
            &stream,
        );
        let put = |id: i64, v: &str, n: Option<i64>| {
            let changed = n.map_or("NULL".to_owned(), value);
            project.change(&format!("INSERT OR REPLACE INTO s VALUES ({id}, '{v}', {changed});"));
        };
        let first = format!("({} + id / 3)", 1_000_000_000);
        project.change(&format!(
            "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 300)
             INSERT INTO s SELECT id, 'first', {} FROM n;",
            expression.replace("{n}", &first)
        ));
        put(301, "null", None);
        project.run();
        assert_eq!(project.number("SELECT count(*) FROM wms_s"), 301, "{kind} {rule}");
        // A tie with the latest, a later one, one within the lookback, one that is late beyond it, and a NULL.
        put(300, "tie", Some(100));
        put(1, "later", Some(101));
        put(302, "late", Some(98));
        put(303, "too late", Some(50));
        put(301, "null again", None);
        let end = project.run_stream("s");
        let changed = project.rows("SELECT id, v FROM wms_s WHERE v <> 'first' ORDER BY id");
        assert_eq!(changed, ["1 later", "300 tie", "301 null again", "302 late"], "{kind} {rule}: {end}");
        project.wmshost("verify", &["--repair"]).ended(0);
        assert_eq!(project.number("SELECT count(*) FROM wms_s"), 303, "{kind} {rule}");
        project.change("DELETE FROM s WHERE id = 7");
        put(2, "last", Some(102));
        project.run();
        project.wmshost("verify", &[]).succeeded();
    }
}

#[test]
fn the_greater_of_two_columns_is_a_change_key() {
    let project = TestProject::with_stream(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, created INTEGER, modified TEXT);
         INSERT INTO s VALUES (1, 'a', 1000000000, NULL), (2, 'b', 1000000000, '2001-09-09 01:46:45'), (3, 'c', NULL, NULL),
           (5, 'e', 1000000000, NULL);",
        "method = \"incremental\"\nchange_key = \"touched\"\nlookback = \"0s\"\n[streams.s.columns]\n\
         created = { from = \"epoch-s\" }\nmodified = \"timestamp\"\ntouched = { greatest = [\"created\", \"modified\"] }\n",
    );
    project.run();
    let rows = loaded(&project, "id, touched");
    assert_eq!(
        rows,
        ["1 2001-09-09 01:46:40.000000", "2 2001-09-09 01:46:45.000000", "3 NULL", "5 2001-09-09 01:46:40.000000"]
    );
    project.change(
        "UPDATE s SET v = 'modified', modified = '2001-09-09 01:46:50' WHERE id = 1;
         INSERT INTO s VALUES (4, 'created', 1000000011, NULL);
         UPDATE s SET v = 'unseen' WHERE id = 5;",
    );
    project.run();
    assert_eq!(loaded(&project, "id, v"), ["1 modified", "2 b", "3 c", "4 created", "5 e"]);
    project.wmshost("verify", &["--repair"]).ended(0);
    project.wmshost("verify", &[]).succeeded();
}

#[test]
fn a_computed_column_of_a_view_has_a_type_for_all_rows() {
    let project = TestProject::with_stream(
        "CREATE TABLE line (id INTEGER PRIMARY KEY, qty INTEGER, price NUMERIC(10,2));
         INSERT INTO line VALUES (1, 2, 10), (2, 3, 10.25), (3, NULL, 1);
         CREATE VIEW s AS SELECT id, qty * price AS total, CASE id WHEN 1 THEN 5 ELSE 'five' END AS word FROM line;",
        "key = [\"id\"]\n",
    );
    let end = project.run_stream("s");
    assert_eq!(end["rows_rejected"], 0, "{end}");
    assert_eq!(loaded(&project, "id, total, word"), ["1 20.0 5", "2 30.75 five", "3 NULL five"]);
    project.write_stream("key = [\"id\"]\n[streams.s.columns]\ntotal = \"decimal(12,2)\"\nword = \"text\"\n");
    project.wmshost("run", &["--full-refresh"]).succeeded();
    assert_eq!(loaded(&project, "id, total"), ["1 20", "2 30.75", "3 NULL"]);
}

#[test]
fn mistakes_in_columns_are_reported_all_at_once() {
    let project = TestProject::with_stream(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, a TEXT, b INTEGER, c TEXT);",
        "[streams.s.columns]\nx = \"int64\"\nid = \"skip\"\na = { rename = \"b\" }\ng = { greatest = [\"a\", \"b\"] }\n\
         h = { greatest = [\"b\", \"y\"] }\nc = { greatest = [\"b\", \"id\"] }\nscn = { from = \"ora-rowscn\" }\n",
    );
    project.wmshost("check", &[]).ended(2).says(&[
        "column x is not in table s, which has id, a, b, c",
        "column id is part of the primary key",
        "two columns would have the name b",
        "column g: the greatest of utf8 columns cannot be taken",
        "column y is not in table s",
        "column c is computed, but the table has a column of that name",
        "only Oracle has ORA_ROWSCN",
    ]);
    let project = TestProject::with_stream(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, version INTEGER, at timestamp);",
        "method = \"incremental\"\nchange_key = \"version\"\n",
    );
    project
        .wmshost("check", &[])
        .ended(2)
        .says(&["the change key version has whole numbers", "set `lookback_versions`"]);
    project.write_stream("method = \"incremental\"\nchange_key = \"at\"\nlookback_versions = 5\n");
    project.wmshost("check", &[]).ended(2).says(&["the change key at has no whole numbers", "set `lookback`"]);
}

#[test]
fn a_changed_form_belongs_to_the_definition_of_a_checkpoint() {
    let stream = |at: &str, v: &str| {
        format!(
            "method = \"incremental\"\nchange_key = \"at\"\nlookback = \"0s\"\n[streams.s.columns]\nat = {{ from = \"{at}\" }}\n{v}\n"
        )
    };
    let project = TestProject::with_stream(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, at INTEGER);
         INSERT INTO s VALUES (1, '5', 1000), (2, '6', 2000);",
        &stream("epoch-s", ""),
    );
    project.run();
    project.write_stream(&stream("epoch-ms", "v = \"skip\""));
    let plan = project.wmshost("plan", &[]).succeeded().out();
    assert!(plan.contains("columns of the keys at from epoch-s → at from epoch-ms"), "{plan}");
    assert!(plan.contains("the whole table is read again") && plan.contains("other columns none → v skip"), "{plan}");
}

/// A name that goes to another column of the source never has the values of both.
#[test]
fn names_that_change_columns_are_never_mixed() {
    let table = "CREATE TABLE s (id INTEGER PRIMARY KEY, no INTEGER UNIQUE, a TEXT, b TEXT, c TEXT, changed TIMESTAMP);
        INSERT INTO s VALUES (1, 2, 'a1', 'b1', 'c1', '2026-01-01'), (2, 1, 'a2', 'b2', 'c2', '2026-01-02')";
    let swapped = "a = { rename = \"b\" }\nb = { rename = \"a\" }\n";
    for method in ["method = \"incremental\"\nchange_key = \"changed\"\nlookback = \"0s\"", "method = \"append\"", ""] {
        for (before, after, expected) in [
            ("", swapped, ["b1 a1", "b2 a2", "b3 a3"]),
            (swapped, "", ["a1 b1", "a2 b2", "a3 b3"]),
            (
                "c = { rename = \"x\" }\n",
                "c = { rename = \"a\" }\na = { rename = \"x\" }\n",
                ["c1 b1", "c2 b2", "c3 b3"],
            ),
        ] {
            for (on_change, code) in [("tell", 0), ("reload", 0), ("fail", 2)] {
                let stream =
                    |rules: &str| format!("{method}\non_change = \"{on_change}\"\n[streams.s.columns]\n{rules}");
                let project = TestProject::with_stream(table, &stream(before));
                project.run();
                project.change("INSERT INTO s VALUES (3, 3, 'a3', 'b3', 'c3', '2026-01-03')");
                project.write_stream(&stream(after));
                let what = format!("{on_change}: {method} {before} -> {after}");
                let ran = project.wmshost("run", &[]);
                assert_eq!(ran.code(), Some(code), "{what}: {}", ran.err());
                // What the pipeline file says is refused before the source is opened.
                ran.says(&[if code == 0 { "source column of a" } else { "other columns" }]);
                let rows = project.rows("SELECT a, b FROM WMS_S ORDER BY id");
                if code == 0 {
                    assert_eq!(rows, expected, "{what}");
                    project.wmshost("verify", &[]).succeeded();
                } else {
                    assert_eq!(rows.len(), 2, "{what}");
                }
            }
        }
    }
    // Rows that two columns tell apart are different rows.
    let stream = |rules: &str| format!("method = \"append\"\nkey = [\"id\"]\n[streams.s.columns]\n{rules}");
    let project = TestProject::with_stream(table, &stream(""));
    project.run();
    project.write_stream(&stream("id = { rename = \"no\" }\nno = { rename = \"id\" }\n"));
    project.wmshost("run", &[]).ended(2).says(&["source column of id id → no", "--on-change reload"]);
    project.wmshost("run", &["--on-change", "reload"]).succeeded();
    assert_eq!(project.rows("SELECT id, no, a FROM WMS_S ORDER BY id"), ["1 2 a2", "2 1 a1"]);
}

/// Rows 1 to 9, whose change key this makes of the row's number.
fn numbered(change_key: &str, declared: &str, rules: &str) -> TestProject {
    TestProject::with_stream(
        &format!(
            "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, changed {declared});
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9)
             INSERT INTO s SELECT i, 'a', {change_key} FROM n;"
        ),
        &format!("method = \"incremental\"\nchange_key = \"changed\"\n{rules}\n"),
    )
}

#[test]
fn a_part_by_versions_or_by_dates_is_read_again() {
    let days = "lookback = \"0s\"\n[streams.s.columns]\nchanged = \"date\"";
    for (project, part, read) in [
        (numbered("i * 10", "INTEGER", "lookback_versions = 0"), ["--from", "20", "--to", "50"], 3),
        (numbered("i - 5", "INTEGER", "lookback_versions = 0"), ["--from", "-3", "--to", "0"], 3),
        (
            numbered("'2026-01-0' || i", "DATE_ONLY", "lookback = \"0s\""),
            ["--from", "2026-01-02", "--to", "2026-01-05"],
            3,
        ),
        (numbered("'2026-01-0' || i", "TEXT", days), ["--from", "2026-01-01 12:00", "--to", "2026-01-04 12:00"], 3),
        (
            numbered("'2026-01-0' || i", "DATE_ONLY", "lookback = \"0s\""),
            ["--from", "2026-01-02 01:00", "--to", "2026-01-02 02:00"],
            0,
        ),
    ] {
        project.run();
        project.change("UPDATE s SET v = 'b'");
        let arguments = [&["--stream", "s", "--output", "json"], &part[..]].concat();
        let done = project.wmshost("backfill", &arguments).succeeded().json();
        assert_eq!(done["total"]["rows_written"], read, "{part:?}: {done}");
        assert_eq!(project.rows("SELECT count(*) FROM WMS_S WHERE v = 'b'"), [read.to_string()], "{part:?}");
        assert_eq!(project.rows("SELECT id FROM WMS_S WHERE v = 'b' ORDER BY id LIMIT 1").len(), usize::from(read > 0));
    }
}

#[test]
fn a_part_of_another_type_than_the_change_key_fails_with_what_it_needs() {
    let versions = numbered("i", "INTEGER", "lookback_versions = 0");
    let dates = ["--stream", "s", "--from", "2026-01-01", "--to", "2026-01-05"];
    versions.wmshost("backfill", &dates).ended(2).says(&["needs two whole numbers, the first before the second"]);
    let moments = numbered("'2026-01-0' || i", "TIMESTAMP", "lookback = \"0s\"");
    let numbers = ["--stream", "s", "--from", "1", "--to", "5"];
    moments.wmshost("backfill", &numbers).ended(2).says(&["needs two moments, the first before the second"]);
}
