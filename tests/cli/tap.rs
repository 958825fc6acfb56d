//! `wmshost tap`: rows of a stream before and after its plugins.

use serde_json::{Value as Json, json};
use wmshost_tests::TestProject;

const SOURCE: &str = "CREATE TABLE s (allocation_id INTEGER PRIMARY KEY, order_id INTEGER, item_id INTEGER, location_id INTEGER,
        quantity_allocated DECIMAL(12,3), allocation_status VARCHAR2(20), allocated_by_user VARCHAR2(50), priority_level INTEGER,
        created_date TIMESTAMP, last_updated TIMESTAMP);
    INSERT INTO s VALUES
        (1, 1, 1, 1, 5.5, ' picked ', 'ann', 2, '2026-01-01 00:00:00', '2026-01-02 00:00:00'),
        (2, 1, 1, 1, 0, 'ALLOCATED', NULL, NULL, '2026-01-01 00:00:00', '2026-01-02 00:00:00'),
        (3, 1, 'no number', 1, 1, 'PICKED', 'bob', 1, '2026-01-01 00:00:00', '2026-01-02 00:00:00'),
        (4, 1, 1, 1, 2, 'PICKED', 'cyd', 1, '2026-01-01 00:00:00', '2026-01-02 00:00:00');";
const STREAM: &str = "method = \"incremental\"\nchange_key = \"last_updated\"\nlookback = \"1h\"\ntransforms = [\"allocation\"]\n\
    columns.allocated_by_user.mask = \"null\"\nsettings.allocation.reject = [\"invalid-quantity\"]\n";

fn tap(project: &TestProject, rest: &[&str]) -> Json {
    let rest = [&["--stream", "s", "--output", "json"], rest].concat();
    project.wmshost("tap", &rest).succeeded().json()
}

/// The cells of a row that changed, by column.
fn cells(row: &Json) -> Vec<(String, Json, Json)> {
    let cell = |cell: &Json| {
        (cell["column"].as_str().expect("a column").to_owned(), cell["before"].clone(), cell["after"].clone())
    };
    row["cells"].as_array().expect("cells").iter().map(cell).collect()
}

#[test]
fn rows_are_shown_cell_by_cell_and_nothing_is_written() {
    let project = TestProject::with_stream(SOURCE, STREAM);
    let found = tap(&project, &[]);
    let read = found["read"].as_array().expect("rows");
    assert_eq!(read.len(), 3, "{found:#}");
    assert!(read.iter().all(|row| row["allocated_by_user"].is_null()), "masked before anything else: {found:#}");
    assert_eq!(found["unreadable"][0]["row"]["allocation_id"], 3, "{found:#}");
    assert_eq!(found["key"], json!(["allocation_id"]));
    let plugin = &found["plugins"][0];
    assert_eq!((&plugin["plugin"], &plugin["failure"]), (&json!("allocation"), &Json::Null));
    assert!(
        plugin["columns"].as_array().is_some_and(|columns| columns.contains(&json!("+ column status_group:utf8!"))),
        "{plugin:#}"
    );
    let row = |number: usize| &plugin["rows"][number];
    assert_eq!(
        (&row(0)["row"], &row(0)["key"], &row(0)["outcome"]),
        (&json!(1), &json!({"allocation_id": 1}), &json!("kept"))
    );
    let changed = cells(row(0));
    assert!(changed.contains(&("allocation_status_clean".to_owned(), Json::Null, json!("PICKED"))), "{changed:?}");
    assert!(changed.contains(&("allocated_by_user_clean".to_owned(), Json::Null, json!("SYSTEM"))), "{changed:?}");
    assert!(changed.iter().all(|(column, ..)| column != "allocation_status"), "it is as before: {changed:?}");
    assert_eq!((&row(1)["outcome"], &row(1)["rule"]), (&json!("rejected"), &json!("invalid-quantity")), "{plugin:#}");
    assert_eq!(
        (&row(2)["row"], &row(2)["key"]["allocation_id"]),
        (&json!(3), &json!(4)),
        "the third that could be read"
    );

    let text = project.wmshost("tap", &["--stream", "s"]).succeeded();
    assert!(text.out().contains("allocation_status_clean  null    \"PICKED\""), "{}", text.out());
    assert!(text.out().contains("rejected by invalid-quantity"), "{}", text.out());
    assert!(!text.out().contains("ann") && text.err().contains("a row cannot be read"), "{}{}", text.out(), text.err());
    assert!(!project.target_path().exists(), "a target was made");
    assert!(!project.path("home/state.db").exists(), "a history was made");

    project.wmshost("run", &[]).succeeded();
    let rows = "SELECT count(*) FROM WMSHOST_CHECKPOINT UNION ALL SELECT count(*) FROM WMSHOST_QUARANTINE";
    let before = project.rows(rows);
    assert_eq!(tap(&project, &[])["read"].as_array().map(Vec::len), Some(3), "the bookmark does not matter");
    assert_eq!(project.rows(rows), before);
}

#[test]
fn one_plugin_of_the_stream_is_chosen_by_its_name() {
    let project = TestProject::with_stream(SOURCE, STREAM);
    let found = tap(&project, &["--after", "wms-tables", "--rows", "1"]);
    assert_eq!((found["read"].as_array().map(Vec::len), &found["plugins"]), (Some(1), &json!([])));
    let text = project.wmshost("tap", &["--stream", "s", "--after", "wms-tables", "--rows", "1"]).succeeded();
    assert!(text.out().contains("allocation_status   \" picked \""), "{}", text.out());
    assert_eq!(tap(&project, &["--after", "allocation"])["plugins"].as_array().map(Vec::len), Some(1));
    for (plugin, words) in [("table", "table is the loader of stream s"), ("none", "stream s has no plugin none")] {
        let said = [words, "name one of wms-tables, allocation"];
        project.wmshost("tap", &["--stream", "s", "--after", plugin]).ended(2).says(&said);
    }
    project.wmshost("tap", &["--stream", "none"]).ended(2);
    project.wmshost("tap", &["--stream", "s", "--rows", "0"]).ended(2);
}

#[test]
fn a_plugin_that_fails_on_the_rows_is_shown_with_its_failure() {
    let source = "CREATE TABLE s (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO s VALUES (1, 'a'), (2, 'trap');";
    let stream = "transforms = [\"hostile\"]\nsettings.hostile.behaviour = \"trap-at-name\"\n";
    let project = TestProject::with_stream(source, stream);
    let failed = project.wmshost("tap", &["--stream", "s", "--output", "json"]).ended(1).json();
    let plugin = &failed["plugins"][0];
    assert_eq!(
        (&plugin["plugin"], &plugin["rows"][1]["outcome"]),
        (&json!("hostile"), &json!("unknown")),
        "{failed:#}"
    );
    assert!(plugin["failure"].as_str().is_some_and(|why| why.contains("hostile")), "{failed:#}");
}
