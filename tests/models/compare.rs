//! Two builds of the same models, row for row: what dbt built, or another pipeline, beside that of a pipeline.

use serde_json::Value as Json;
use std::fs;

use rusqlite::Connection;
use wmshost_tests::TestProject;

const SOURCE: &str = "
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, status TEXT, cents INTEGER, updated_at TIMESTAMP NOT NULL);
INSERT INTO orders VALUES (1, 'NEW', 1250, '2026-01-01 00:00:00'), (2, 'OPEN', 999, '2026-01-02 12:00:00'),
    (3, 'DONE', 0, '2026-01-03 00:00:00'), (4, 'DONE', 5, '2026-01-04 00:00:00');";

/// The build of another tool from the same orders: a table without declared types and a view.
const OTHER: &str = "
CREATE TABLE totals AS SELECT order_id, status, cents / 100.0 AS amount, updated_at FROM orders ORDER BY order_id DESC;
CREATE VIEW per_status AS SELECT status, count(*) AS orders FROM totals GROUP BY status;";

fn pipeline(project: &TestProject) -> String {
    let (source, target, other) = (project.source_path(), project.target_path(), project.path("dbt.db"));
    format!(
        "name = \"shop\"\n[connections.wms]\ndriver = \"sqlite\"\npath = {source:?}\n\
         [connections.ana]\ndriver = \"sqlite\"\npath = {target:?}\n\
         [connections.dbt]\ndriver = \"sqlite\"\npath = {other:?}\n\
         [streams.orders]\nsource = \"wms\"\ntarget = \"ana\"\nextractor = \"wms-tables\"\nloader = \"table\"\n\
         method = \"full\"\ntarget_table = \"orders\"\n[models]\nplugins = []\nproject = \"sql\"\ntarget = \"ana\"\n"
    )
}

/// A pipeline that was built, and what the other tool has built.
fn built() -> TestProject {
    let project = TestProject::with_pipeline(SOURCE, pipeline);
    let write = |name: &str, text: &str| {
        fs::create_dir_all(project.path("sql")).expect("a folder");
        fs::write(project.path("sql").join(name), text).expect("written");
    };
    write("totals.sql", "SELECT order_id, status, cents / 100.0 AS amount, updated_at FROM {orders}");
    write("per_status.sql", "SELECT status, count(*) AS orders FROM {totals} GROUP BY status");
    write("nothing.sql", "SELECT 1 AS one");
    write(
        "models.yml",
        "models:\n  - name: totals\n    config: {materialized: table}\n    columns:\n      - name: order_id\n        \
         data_type: bigint\n        data_tests: [unique]\n      - name: amount\n        data_type: numeric(10,2)\n  \
         - name: nothing\n    config: {materialized: ephemeral}\n",
    );
    project.wmshost("run", &[]).succeeded();
    other(&project, &format!("{SOURCE}{OTHER}"));
    project
}

fn other(project: &TestProject, statements: &str) {
    let database = Connection::open(project.path("dbt.db")).expect("a database");
    database.execute_batch(statements).expect("valid statements");
}

fn compare(project: &TestProject, code: i32, rest: &[&str]) -> Json {
    project.wmshost("models compare", &[rest, &["--output", "json"]].concat()).ended(code).json()
}

#[test]
fn what_another_tool_built_is_equal_value_by_value() {
    let project = built();
    let same = compare(&project, 0, &["--connection", "dbt"]);
    assert_eq!(same["equal"], true, "{same:#}");
    let models = same["models"].as_array().expect("models");
    let found: Vec<_> = models.iter().map(|model| (&model["model"], &model["found"]["key"])).collect();
    let expected = [("totals", serde_json::json!(["order_id"])), ("per_status", serde_json::json!([]))];
    assert!(
        found.len() == 2 && found.iter().zip(&expected).all(|(found, (name, key))| *found.0 == *name && found.1 == key),
        "{same:#}"
    );
    assert!(!models[0]["found"]["types"].as_array().expect("types").is_empty(), "{same:#}");
    let tables = Connection::open(project.path("dbt.db")).expect("a database");
    let foreign = "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'WMSHOST%'";
    assert_eq!(tables.query_row(foreign, [], |row| row.get::<_, i64>(0)).expect("a number"), 0, "nothing is written");
}

#[test]
fn what_differs_is_named_by_key_and_cell() {
    let project = built();
    other(
        &project,
        "DELETE FROM totals WHERE order_id = 1; UPDATE totals SET amount = 10.0, status = NULL WHERE order_id = 2;
         INSERT INTO totals VALUES (9, 'NEW', 1, '2026-01-01 00:00:00'); ALTER TABLE totals ADD COLUMN loaded_at TEXT;",
    );
    let out = project.wmshost("models compare", &["--connection", "dbt"]).ended(1).out();
    for part in [
        "totals: only the second has the columns loaded_at",
        "totals: only-first {\"order_id\":1}",
        "totals: different {\"order_id\":2}: status \"OPEN\" / null, amount \"9.99\" / \"10.0\"",
        "totals: only-second {\"order_id\":9}",
        "per_status: only-second {\"status\":null,\"orders\":1}",
    ] {
        assert!(out.contains(part), "{part:?} is not in\n{out}");
    }
    other(&project, "ALTER TABLE totals RENAME TO sums");
    let renamed = ["--connection", "dbt", "--select", "totals", "--table", "totals=sums", "--leave-out", "loaded_at"];
    assert_eq!(compare(&project, 1, &renamed)["models"][0]["found"]["different"], 1);
    other(&project, "ALTER TABLE sums RENAME TO totals");
    let counted =
        compare(&project, 1, &["--connection", "dbt", "--leave-out", "LOADED_AT", "--select", "totals", "--show", "1"]);
    let found = &counted["models"][0]["found"];
    assert_eq!((&found["only_first"], &found["only_second"], &found["different"]), (&1.into(), &1.into(), &1.into()));
    assert_eq!(
        (found["rows"].as_array().map(Vec::len), &found["columns_only_second"]),
        (Some(1), &serde_json::json!([]))
    );
}

#[test]
fn another_pipeline_is_compared_by_its_own_tables() {
    let project = built();
    let text = fs::read_to_string(project.pipeline()).expect("a pipeline");
    let moved = text
        .replace("name = \"shop\"", "name = \"moved\"")
        .replace(&format!("{:?}", project.target_path()), &format!("{:?}", project.path("moved.db")));
    let file = project.path("moved.toml").to_string_lossy().into_owned();
    fs::write(&file, moved).expect("written");
    project.wmshost("models compare", &[&file]).ended(2).says(&["moved.db", "it is not there"]);
    project.plain(&["run", &file]).succeeded();
    assert_eq!(compare(&project, 0, &[&file])["equal"], true);
    project.change("UPDATE orders SET status = 'GONE' WHERE order_id = 3");
    project.plain(&["run", &file]).succeeded();
    let differs = compare(&project, 1, &[&file]);
    assert_eq!(differs["models"][0]["found"]["rows"][0]["cells"][0]["second"], "GONE", "{differs:#}");
}

#[test]
fn what_cannot_be_compared_is_refused_with_the_reason() {
    let project = built();
    let refused =
        |code: i32, rest: &[&str], says: &[&str]| drop(project.wmshost("models compare", rest).ended(code).says(says));
    refused(2, &[], &["--connection"]);
    refused(2, &["--connection", "dtb"], &["no connection dtb", "ana, dbt, wms"]);
    refused(2, &["--connection", "dbt", "--select", "nothing"], &["none of what was selected has a table"]);
    refused(2, &["--connection", "dbt", "--table", "total=x"], &["--table total: no model of that name"]);
    refused(2, &["--connection", "ana"], &["both builds have the same table"]);
    other(&project, "DROP VIEW per_status; DROP TABLE totals");
    let failed = compare(&project, 1, &["--connection", "dbt"]);
    assert!(
        failed["models"][0]["error"].as_str().is_some_and(|why| why.contains("has no table or view")),
        "{failed:#}"
    );
    fs::remove_file(project.path("dbt.db")).expect("removed");
    refused(2, &["--connection", "dbt"], &["it is not there"]);
}
