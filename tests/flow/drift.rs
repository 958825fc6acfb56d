//! Columns that are added, dropped, widened and narrowed: F13, T11, T20.

use wmshost_tests::TestProject;

const TABLE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, amount DECIMAL(8,2));
    INSERT INTO s VALUES (1, 12.5), (2, -0.01);";

fn project(policy: &str) -> TestProject {
    let project = TestProject::with_stream(TABLE, &format!("method = \"append\"\n{policy}"));
    project.run();
    project
}

#[test]
fn a_new_column_evolves_the_table_and_is_reported() {
    let project = project("");
    project.change("ALTER TABLE s ADD COLUMN note TEXT; INSERT INTO s VALUES (3, 1, 'new')");
    let run = project.run_stream("s");
    assert_eq!(run["schema_changes"][0], "note was added (utf8)");
    let change = &run["definition_changes"][0];
    let reported = "2 of the 3 rows in WMS_S have no value in it";
    assert!(change["consequence"].as_str().is_some_and(|text| text.starts_with(reported)), "{change}");
    assert_eq!(project.rows("SELECT id, note FROM WMS_S ORDER BY id"), ["1 NULL", "2 NULL", "3 new"]);
}

#[test]
fn a_frozen_table_refuses_before_a_row_moves() {
    let project = project("new_columns = \"freeze\"");
    project.change("ALTER TABLE s ADD COLUMN note TEXT; INSERT INTO s VALUES (3, 1, 'new')");
    project.wmshost("run", &[]).ended(2).says(&[
        "stream s, load",
        "column note (utf8) is new",
        "frozen",
        "new_columns",
    ]);
    project.wmshost("check", &[]).ended(2).says(&["column note (utf8) is new"]);
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 2);
}

#[test]
fn a_discarded_column_is_left_out_and_reported() {
    let project = project("new_columns = \"discard\"");
    project.change("ALTER TABLE s ADD COLUMN note TEXT; INSERT INTO s VALUES (3, 1, 'new')");
    let run = project.run_stream("s");
    assert_eq!(run["schema_changes"][0], "note is left out (utf8)");
    assert_eq!(project.rows("SELECT id, amount FROM WMS_S ORDER BY id"), ["1 12.5", "2 -0.01", "3 1"]);
}

#[test]
fn a_wider_type_widens_the_table_and_changes_no_value() {
    for (wider, stored) in [
        ("DECIMAL(12,4)", vec!["1 12.5", "2 -0.01", "3 1234567.8901"]),
        ("DECIMAL(30,4)", vec!["1 12.5000", "2 -0.0100", "3 1234567.8901"]),
    ] {
        let project = project("");
        project.target().execute_batch("CREATE INDEX by_amount ON WMS_S (amount)").expect("an index");
        project.change(&format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, amount {wider}); INSERT INTO t SELECT * FROM s; DROP TABLE s;
             ALTER TABLE t RENAME TO s; INSERT INTO s VALUES (3, 1234567.8901)"
        ));
        let run = project.run_stream("s");
        assert!(run["schema_changes"][0].as_str().expect("a change").starts_with("amount changed from"), "{run}");
        assert_eq!(project.rows("SELECT id, amount FROM WMS_S ORDER BY id"), stored, "{wider}");
        assert_eq!(project.number("SELECT count(*) FROM sqlite_schema WHERE name = 'by_amount'"), 1, "indexes stay");
        project.wmshost("verify", &[]).succeeded();
    }
}

#[test]
fn a_run_that_dies_after_it_widened_the_table_is_continued() {
    let mut project = TestProject::with_stream(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, amount INTEGER); INSERT INTO s VALUES (1, 9223372036854775807);",
        "method = \"append\"",
    );
    project.run();
    project.change(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, amount DECIMAL(15,5)); INSERT INTO t VALUES (2, 12.5); DROP TABLE s;
         ALTER TABLE t RENAME TO s",
    );
    project.set("WMSHOST_CRASH_AT", "s:table-prepared:1");
    assert_eq!(project.wmshost("run", &[]).code(), None);
    project.set("WMSHOST_CRASH_AT", "");
    project.run();
    let rows = ["1 9223372036854775807.00000", "2 12.50000"];
    assert_eq!(project.rows("SELECT id, amount FROM WMS_S ORDER BY id"), rows);
}

#[test]
fn a_type_that_nothing_holds_is_refused() {
    let project = project("");
    project.change("CREATE TABLE t (id INTEGER PRIMARY KEY, amount TEXT); INSERT INTO t VALUES (3, 'x'); DROP TABLE s; ALTER TABLE t RENAME TO s");
    project
        .wmshost("run", &[])
        .ended(2)
        .says(&["WMS_S.amount is decimal(8, 2), the stream has utf8", "--full-refresh"]);
    let frozen = project;
    frozen.write_stream("method = \"append\"\nnew_types = \"freeze\"");
    frozen.wmshost("run", &[]).ended(2).says(&["types are frozen"]);
}

#[test]
fn a_narrower_type_a_column_that_went_and_another_order_are_no_problem() {
    let project = project("");
    project.change(
        "CREATE TABLE t (amount DECIMAL(6,1), id INTEGER PRIMARY KEY); INSERT INTO t (id, amount) VALUES (3, 7.5);
         DROP TABLE s; ALTER TABLE t RENAME TO s",
    );
    project.run();
    assert_eq!(project.rows("SELECT id, amount FROM WMS_S ORDER BY id"), ["1 12.5", "2 -0.01", "3 7.5"]);
    project.change(
        "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (4); DROP TABLE s; ALTER TABLE t RENAME TO s",
    );
    let run = project.run_stream("s");
    assert_eq!(run["schema_changes"][0], "amount is no longer in the source");
    assert_eq!(project.rows("SELECT id, amount FROM WMS_S ORDER BY id"), ["1 12.5", "2 -0.01", "3 7.5", "4 NULL"]);
    // It was the stream's own once, so that a load which replaces the table may drop it, however long ago that was.
    project.change("INSERT INTO s (id) VALUES (5)");
    project.run();
    project.wmshost("run", &["--full-refresh"]).succeeded();
    assert_eq!(project.rows("SELECT id FROM WMS_S ORDER BY id"), ["4", "5"]);
}

#[test]
fn a_changed_key_is_refused() {
    let project = project("");
    project.change("ALTER TABLE s ADD COLUMN code TEXT; UPDATE s SET code = 'c' || id");
    project.write_stream("method = \"append\"\nkey = [\"code\"]");
    project.wmshost("run", &[]).ended(2).says(&["key (id) → (code)", "--on-change reload"]);
    project.wmshost("plan", &[]).ended(2);
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 2);
}

#[test]
fn a_load_that_replaces_the_table_tells_what_it_did_to_it() {
    let project = TestProject::with_stream(TABLE, "method = \"full\"");
    project.run();
    project.change("ALTER TABLE s ADD COLUMN weight INTEGER; UPDATE s SET weight = id");
    let run = project.run_stream("s");
    assert_eq!(run["schema_changes"], serde_json::json!(["weight was added (int64)"]));
    assert_eq!(project.rows("SELECT id, weight FROM WMS_S ORDER BY id"), ["1 1", "2 2"]);
    // A column that somebody else added is not dropped with the old table.
    project
        .target()
        .execute_batch("ALTER TABLE WMS_S ADD COLUMN remark TEXT; UPDATE WMS_S SET remark = 'r'")
        .expect("added");
    project.change("ALTER TABLE s DROP COLUMN amount");
    project.wmshost("plan", &[]).ended(2);
    for command in ["check", "run"] {
        project.wmshost(command, &[]).ended(2).says(&["the stream never wrote the columns remark of the table WMS_S"]);
    }
    assert_eq!(project.rows("SELECT id, remark FROM WMS_S ORDER BY id"), ["1 r", "2 r"]);
    project.target().execute_batch("ALTER TABLE WMS_S DROP COLUMN remark").expect("dropped");
    let run = project.run_stream("s");
    let told = ["amount is no longer in the source and was dropped with the old table"];
    assert_eq!(run["schema_changes"], serde_json::json!(told));
}

#[test]
fn a_column_that_is_not_the_streams_is_no_news_where_rows_are_merged() {
    let project = project("");
    project
        .target()
        .execute_batch("ALTER TABLE WMS_S ADD COLUMN remark TEXT; UPDATE WMS_S SET remark = 'r'")
        .expect("added");
    project.change("INSERT INTO s VALUES (3, 1)");
    assert_eq!(project.run_stream("s")["schema_changes"], serde_json::json!([]));
    assert_eq!(project.rows("SELECT id, remark FROM WMS_S ORDER BY id"), ["1 r", "2 r", "3 NULL"]);
}
