//! `wmshost discover` and `wmshost init`: a pipeline for a database that nobody has described yet.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use wmshost_tests::TestProject;

/// Tables of every kind that people have: without a key, with a key of several columns, with odd names, virtual, empty,
/// with values that do not fit, and with columns that a change sets.
const ODD: &str = r#"
CREATE TABLE Customer (CustomerId INTEGER PRIMARY KEY, Name NVARCHAR(40) NOT NULL, Born DATE, UpdatedAt DATETIME);
CREATE INDEX customer_updated ON Customer (UpdatedAt);
INSERT INTO Customer SELECT value, 'name ' || value, '1970-01-01', datetime('2026-01-01', value || ' minutes')
    FROM generate_series(1, 300);
CREATE TABLE pairs (a INTEGER NOT NULL, b TEXT NOT NULL, amount NUMERIC(10,2), PRIMARY KEY (a, b)) WITHOUT ROWID;
INSERT INTO pairs VALUES (1, 'x', 1.5), (1, 'y', NULL), (2, 'x', 0.99);
CREATE TABLE by_index (code TEXT NOT NULL, v REAL);
CREATE UNIQUE INDEX by_index_code ON by_index (code);
INSERT INTO by_index VALUES ('a', 0.5), ('b', NULL);
CREATE TABLE no_key (a INTEGER, b TEXT);
INSERT INTO no_key VALUES (1, 'x'), (1, 'x');
CREATE TABLE "Order Details" (id INTEGER PRIMARY KEY);
INSERT INTO "Order Details" VALUES (1);
CREATE TABLE "Line ""Items""" ("line id" INTEGER, "pos#1" TEXT, "Updated At" DATETIME, PRIMARY KEY ("line id", "pos#1"));
INSERT INTO "Line ""Items""" VALUES (1, 'a', '2026-01-01 10:00:00'), (1, 'b', '2026-01-01 11:00:00');
CREATE TABLE "odd column" (id INTEGER PRIMARY KEY);
CREATE TABLE odd_columns (id INTEGER PRIMARY KEY, "with blank" TEXT, "quo""te" TEXT, "select" INTEGER);
INSERT INTO odd_columns VALUES (1, 'a', 'b', 3);
CREATE TABLE float_key (f REAL PRIMARY KEY, v TEXT);
INSERT INTO float_key VALUES (0.1, 'x');
CREATE TABLE misfits (id INTEGER PRIMARY KEY, made DATETIME);
INSERT INTO misfits SELECT value, 'not a date' FROM generate_series(1, 50);
CREATE TABLE few_misfits (id INTEGER PRIMARY KEY, made DATETIME);
INSERT INTO few_misfits SELECT value, CASE value WHEN 7 THEN 'soon' ELSE '2026-01-31' END FROM generate_series(1, 90);
CREATE TABLE null_keys (a TEXT, b TEXT, PRIMARY KEY (a, b));
INSERT INTO null_keys VALUES (NULL, 'x'), ('a', 'b');
CREATE TABLE empty (id INTEGER PRIMARY KEY, v TEXT);
CREATE TABLE "1st" (id INTEGER PRIMARY KEY);
CREATE TABLE wmshost_mine (id INTEGER PRIMARY KEY);
CREATE TABLE loaded_before (id INTEGER PRIMARY KEY, wms_run_id TEXT, wms_loaded_at TIMESTAMP(6), wms_deleted_at TIMESTAMP(6));
INSERT INTO loaded_before VALUES (1, 'a', '2026-01-01', NULL), (2, 'a', '2026-01-02', '2026-01-02');
CREATE TABLE a_b (id INTEGER PRIMARY KEY);
CREATE TABLE "a$b" (id INTEGER PRIMARY KEY);
CREATE VIEW adults AS SELECT CustomerId, Name FROM Customer;
CREATE VIEW broken AS SELECT * FROM nowhere;
"#;

/// A project whose source these statements make. SQLite as the tests have it lacks `generate_series`.
fn project(statements: &str) -> TestProject {
    let series =
        "(WITH RECURSIVE s(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM s LIMIT 300) SELECT value FROM s)";
    let mut plain = statements.to_owned();
    for most in [300, 90, 50] {
        plain = plain.replace(&format!("generate_series(1, {most})"), &format!("{series} WHERE value <= {most}"));
    }
    TestProject::with_pipeline(&plain, |_| String::new())
}

/// The arguments for a pipeline from the project's source to its target, in this file.
fn arguments(project: &TestProject, file: &str) -> Vec<String> {
    let database = |path: std::path::PathBuf| format!("sqlite:{}", path.display());
    let (source, target) = (database(project.source_path()), database(project.target_path()));
    let file = project.path(file).to_string_lossy().into_owned();
    ["init", "--source", &source, "--target", &target, "--output", &file].map(str::to_owned).to_vec()
}

fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// Values that are kept otherwise than their types say, in every row.
const FORMS: &str =
    "CREATE TABLE r (id INTEGER PRIMARY KEY, updated_at DATETIME, s DATETIME, ms TIMESTAMP, julian DATETIME, \
    day DATE, moment DATE, ok BOOLEAN, plain DATETIME);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
INSERT INTO r SELECT i, strftime('%Y-%m-%dT%H:%M:%SZ', 1760000000 + i, 'unixepoch'), 1760000000 + i,
    (1760000000 + i) * 1000 + 7, 2460000.5 + i, 1760054400, '2026-01-31 12:00:00',
    CASE i % 2 WHEN 0 THEN 'yes' ELSE 'no' END, '2026-01-31 12:00:00' FROM n;";

#[test]
fn columns_whose_values_are_kept_otherwise_get_the_form_that_fits() {
    let project = project(FORMS);
    let source = format!("sqlite:{}", project.source_path().display());
    let found = project.plain(&["discover", &source, "--output", "json"]).succeeded().json();
    assert_eq!(found[0]["columns"][1]["rule"], "{ from = \"iso-utc\" }", "{found}");
    let arguments = arguments(&project, "forms.toml");
    project.plain(&words(&arguments)).succeeded();
    let file = project.path("forms.toml");
    let text = fs::read_to_string(&file).expect("a pipeline");
    let rules = text.lines().skip_while(|line| !line.starts_with("[streams.r.columns]")).skip(1);
    assert_eq!(
        rules.collect::<Vec<_>>(),
        [
            "\"updated_at\" = { from = \"iso-utc\" }",
            "\"s\" = { from = \"epoch-s\" }",
            "\"ms\" = { from = \"epoch-ms\" }",
            "\"julian\" = { from = \"julian-day\" }",
            "\"day\" = { from = \"epoch-s\" }",
            "\"ok\" = { from = \"words\" }",
        ]
    );
    let file = file.to_string_lossy();
    project.plain(&["run", &file]).succeeded();
    project.plain(&["verify", &file]).succeeded();
    let row =
        "SELECT updated_at || ' ' || s || ' ' || ms || ' ' || julian || ' ' || day || ' ' || ok FROM R WHERE id = 2";
    assert_eq!(
        project.rows(row),
        [
            "2025-10-09 08:53:22.000000Z 2025-10-09 08:53:22.000000 2025-10-09 08:53:22.007000 2023-02-27 00:00:00.000000 2025-10-10 00:00:00.000000 1"
        ]
    );
}

#[test]
fn a_pipeline_for_an_odd_schema_runs_as_written_and_both_sides_are_equal() {
    let project = project(ODD);
    let arguments = arguments(&project, "odd.toml");
    let made = project.plain(&words(&arguments)).succeeded().says(&[
        "float_key is not moved",
        "null_keys is not moved: its key column a is NULL in 50 % of the first 2 rows",
        "misfits is not moved: 100 % of the first 50 rows",
        "adults is not moved: it is a view",
        "broken is not moved",
        "wmshost_mine is not moved: it is one of wmshost's own tables",
    ]);
    assert!(!made.err().contains("was not checked"), "{}", made.err());
    let file = project.path("odd.toml");
    let file = file.to_string_lossy();
    let text = fs::read_to_string(&*file).expect("a pipeline");
    for line in [
        "path = \"wms.db\"",
        "change_key = \"UpdatedAt\"",
        "table = \"Order Details\"",
        "target_table = \"ORDER_DETAILS\"",
        "table = \"Line \\\"Items\\\"\"",
        "change_key = \"Updated At\"",
        "key = [\"code\"]  # of a unique index: there is no primary key",
        "[streams.no_key]",
        "[streams.few_misfits]",
        "[streams.a_b_2]",
        "\"wms_deleted_at\" = { rename = \"source_wms_deleted_at\" }",
    ] {
        assert!(text.lines().any(|written| written == line), "{line:?} is not in:\n{text}");
    }
    assert!(!project.target_path().exists(), "only the pipeline is written");
    project.plain(&["run", &file]).succeeded();
    project.plain(&["verify", &file]).succeeded();
    let number = |query: &str| project.number(query);
    assert_eq!(number("SELECT count(*) FROM CUSTOMER"), 300);
    assert_eq!(number("SELECT count(*) FROM FEW_MISFITS"), 89);
    assert_eq!(number("SELECT \"select\" FROM ODD_COLUMNS WHERE \"with blank\" = 'a'"), 3);
    assert_eq!(number("SELECT count(*) FROM ORDER_DETAILS"), 1);
    assert_eq!(project.rows("SELECT a, b FROM NO_KEY"), ["1 x", "1 x"]);
    assert_eq!(
        project.rows("SELECT id, source_wms_deleted_at FROM LOADED_BEFORE ORDER BY id"),
        ["1 NULL", "2 2026-01-02 00:00:00.000000"]
    );
    // What was read by a change key is read by it again.
    project.change("UPDATE \"Line \"\"Items\"\"\" SET \"Updated At\" = '2026-02-01' WHERE \"pos#1\" = 'b'");
    project.change("UPDATE Customer SET Name = 'new', UpdatedAt = '2026-02-01' WHERE CustomerId = 5");
    project.plain(&["run", &file]).succeeded();
    assert_eq!(project.rows("SELECT Name FROM CUSTOMER WHERE CustomerId = 5"), ["new"]);
    project.plain(&["verify", &file]).succeeded();
    // The next pipeline of the same tables under another name finds them taken.
    let other = [&arguments[..5], &["--name".to_owned(), "other".to_owned()]].concat();
    let other = project.plain(&words(&other)).ended(1).says(&["Customer is not moved: ", "0 tables can be moved"]);
    assert!(other.out().contains("# [streams.customer]"), "{}", other.out());
}

#[test]
fn a_file_is_replaced_by_force_only() {
    let project = project("CREATE TABLE t (id INTEGER PRIMARY KEY);");
    let mut arguments = arguments(&project, "mine.toml");
    fs::write(project.path("mine.toml"), "mine").expect("a file");
    project.plain(&words(&arguments)).ended(2).says(&["mine.toml exists already", "--force"]);
    assert_eq!(fs::read_to_string(project.path("mine.toml")).expect("the file"), "mine");
    arguments.push("--force".to_owned());
    project.plain(&words(&arguments)).succeeded();
    assert!(fs::read_to_string(project.path("mine.toml")).expect("the file").contains("[streams.t]"));
}

#[test]
fn databases_that_are_named_wrongly_are_refused() {
    let project = project("CREATE TABLE t (id INTEGER PRIMARY KEY);");
    let nowhere = format!("sqlite:{}", project.path("nowhere.db").display());
    let folder = format!("sqlite:{}", project.path("").display());
    let source = format!("sqlite:{}", project.source_path().display());
    for (name, expected) in [
        ("postgres://db/x", "neither SQLite nor Oracle"),
        ("sqlite:", "names no file"),
        (&*nowhere, "no such file"),
        (&*folder, "is a folder"),
        ("wms", "no file declares it"),
        ("oracle:db", "is not HOST:PORT/SERVICE"),
        ("oracle:scott/tiger@db/x", "has a user or a password"),
        ("oracle:db/x", "the variable SOURCE_PASSWORD is not set"),
    ] {
        let refused = project.plain(&["discover", name]).ended(2).says(&[expected]);
        assert!(!refused.err().contains("tiger"), "{}", refused.err());
    }
    project.plain(&["discover", &source, "--table", "t", "--table", "u"]).ended(2).says(&["has no table or view u"]);
    project.plain(&["discover", &source, "--schema", "x"]).ended(2).says(&["has no schemas"]);
    project.change("DROP TABLE t");
    project.plain(&["init", "--source", &source, "--target", &nowhere]).ended(2).says(&["has no table"]);
}

#[test]
fn connections_come_from_a_pipeline_file_too() {
    let project = project("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);");
    let connection = |label: &str, path: std::path::PathBuf| {
        format!("[connections.{label}]\ndriver = \"sqlite\"\npath = {path:?}\n")
    };
    let declared = connection("wms", project.source_path()) + &connection("ana", project.target_path());
    let base = project.path("connections.toml");
    fs::write(&base, format!("name = \"base\"\n{declared}")).expect("a file");
    let base = base.to_string_lossy();
    let found = project.plain(&["discover", "wms", "--pipeline", &base, "--output", "json"]).succeeded().json();
    assert_eq!((&found[0]["table"], &found[0]["rows"]), (&Json::from("t"), &Json::from(1)));
    project.plain(&["discover", "other", "--pipeline", &base]).ended(2).says(&["has no connection other", "ana, wms"]);
    let file = project.path("t.toml");
    let file = file.to_string_lossy();
    let made = ["init", "--source", "wms", "--target", "ana", "--pipeline", &base, "--output", &file];
    project.plain(&made).succeeded();
    assert!(fs::read_to_string(&*file).expect("a pipeline").contains("extends = \"connections.toml\""));
    project.plain(&["run", &file]).succeeded();
    assert_eq!(project.number("SELECT count(*) FROM T"), 1);
}

#[test]
fn the_best_change_key_comes_first() {
    let project = project(ODD);
    let source = format!("sqlite:{}", project.source_path().display());
    let found = project.plain(&["discover", &source, "--table", "customer", "--output", "json"]).succeeded().json();
    let names: Vec<&Json> =
        found[0]["change_keys"].as_array().expect("a list").iter().map(|key| &key["column"]).collect();
    assert_eq!(names, ["UpdatedAt", "Born"]);
    assert_eq!(found[0]["change_keys"][0]["indexed"], true);
    assert_eq!(found[0]["change_keys"][1]["tied_percent"], 100.0);
    let shown = project.plain(&["discover", &source]).succeeded().out();
    for words in
        ["Customer", "NVARCHAR(40)", "change keys", "UpdatedAt (indexed", "by_index", "unique index", "trouble"]
    {
        assert!(shown.contains(words), "{words:?} is not in:\n{shown}");
    }
}

#[test]
fn a_schema_of_two_hundred_tables_does_not_take_long() {
    let tables = (0..200).map(|at| {
        format!(
            "CREATE TABLE table_{at} (id INTEGER PRIMARY KEY, code TEXT, amount NUMERIC, made DATETIME, updated_at DATETIME);
             INSERT INTO table_{at} VALUES (1, 'a', 0.5, '2026-01-01', '2026-01-01'), (2, 'b', 7, '2026-01-02', NULL);"
        )
    });
    let project = project(&tables.collect::<String>());
    let arguments = arguments(&project, "large.toml");
    // The first time compiles the plugins.
    project.plain(&["discover", &arguments[2], "--table", "table_0"]).succeeded();
    let begun = Instant::now();
    project.plain(&words(&arguments)).succeeded();
    // Generous for a machine that does much else, and for a program that was compiled to be built soon.
    assert!(begun.elapsed() < Duration::from_secs(180), "{:?}", begun.elapsed());
    println!("init of 200 tables took {:?}", begun.elapsed());
    let text = fs::read_to_string(project.path("large.toml")).expect("a pipeline");
    assert_eq!(text.lines().filter(|line| line.starts_with("[streams.")).count(), 200);
}
