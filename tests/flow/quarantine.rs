//! Rejected rows, plugins that fail, budgets: F14, T12, T21.

use wmshost_tests::TestProject;

const TABLE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, name TEXT, amount DECIMAL(8,2));
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)
    INSERT INTO s SELECT i, 'n' || i, i FROM n;";

#[test]
fn a_value_that_does_not_fit_puts_its_row_into_quarantine_and_it_can_be_looked_at() {
    let project = TestProject::with_stream(TABLE, "");
    project.change("UPDATE s SET amount = 'many' WHERE id = 7; UPDATE s SET amount = 1.234 WHERE id = 8");
    let run = project.run_stream("s");
    assert_eq!((&run["rows_written"], &run["rows_rejected"]), (&248.into(), &2.into()));
    let listed = project.wmshost("quarantine list", &["--output", "json"]).succeeded().json();
    let keys: Vec<_> = listed.as_array().expect("rows").iter().map(|row| row["key"].as_str().expect("a key")).collect();
    assert_eq!(keys.len(), 2);
    assert!(keys.contains(&"id=7") && keys.contains(&"id=8"), "{keys:?}");
    let id = listed[0]["id"].as_str().expect("an id");
    let shown = project.wmshost("quarantine show", &[&id[..10]]).succeeded();
    assert!(shown.out().contains("bad-value"), "{}", shown.out());
    // The rows are corrected in the source: the next full load has them.
    project.change("UPDATE s SET amount = 7 WHERE id IN (7, 8)");
    project.run();
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 250);
}

#[test]
fn a_value_that_does_not_fit_can_fail_the_run() {
    let project = TestProject::with_stream(TABLE, "on_bad_value = \"fail\"");
    project.change("UPDATE s SET amount = 'many' WHERE id = 7");
    project.wmshost("run", &[]).ended(1).says(&["stream s, extract, batch 1", "amount"]);
}

#[test]
fn too_many_rejected_rows_fail_the_run_and_can_be_looked_at() {
    let project = TestProject::with_stream(TABLE, "max_rejected = 1");
    project.change("UPDATE s SET amount = 'many' WHERE id IN (7, 8)");
    project.wmshost("run", &[]).ended(1).says(&["max_rejected: 1 allowed, 2 asked for", "wmshost quarantine list"]);
    let listed = project.wmshost("quarantine list", &["--output", "json"]).succeeded().json();
    assert_eq!(listed.as_array().expect("rows").len(), 2);
    project.write_stream("max_rejected_percent = 1");
    project.change("UPDATE s SET amount = 'many' WHERE id < 5");
    project.wmshost("run", &[]).ended(1).says(&["max_rejected_percent: 1 allowed, 2.40 (6 of 250 rows)"]);
    project.write_stream("max_rejected_percent = 3");
    project.run();
}

#[test]
fn rows_are_replayed_when_the_rule_has_changed() {
    let table =
        "CREATE TABLE s (allocation_id INTEGER PRIMARY KEY, order_id INTEGER, item_id INTEGER, location_id INTEGER,
        quantity_allocated DECIMAL(12,3), allocation_status TEXT, allocated_by_user TEXT, priority_level INTEGER,
        created_date TIMESTAMP(6), last_updated TIMESTAMP(6));
        INSERT INTO s VALUES (1, 1, 1, 1, 5, 'LOST', 'me', 1, '2026-01-01 00:00:00', '2026-01-01 00:00:01.000002'),
                             (2, 1, 1, 1, 5.125, 'PICKED', NULL, 1, '2026-01-01 00:00:00', '2026-01-01 00:00:02'),
                             (3, 1, 1, 1, -1, 'PICKED', NULL, 1, '2026-01-01 00:00:00', '2026-01-01 00:00:03');";
    let stream = |reject: &str| {
        format!(
            "method = \"incremental\"\nchange_key = \"last_updated\"\ntransforms = [\"allocation\"]\n\
             [streams.s.settings.allocation]\nreject = [{reject}]"
        )
    };
    let project = TestProject::with_stream(table, &stream("\"invalid-status\", \"invalid-quantity\""));
    project.run();
    assert_eq!(project.rows("SELECT allocation_id FROM WMS_S"), ["2"]);
    // Nothing has changed: the rows are rejected again, and stay.
    let replay = ["--stream", "s", "--output", "json"];
    let kept = project.wmshost("quarantine replay", &replay).ended(1).json();
    assert_eq!((&kept["loaded"], kept["kept"].as_array().map(Vec::len)), (&0.into(), Some(2)));
    project.write_stream(&stream("\"invalid-quantity\""));
    let replayed =
        project.wmshost("quarantine replay", &["--stream", "s", "--rule", "invalid-status", "--output", "json"]);
    assert_eq!(replayed.succeeded().json()["loaded"], 1);
    assert_eq!(
        project.rows("SELECT allocation_id, status_group, last_updated FROM WMS_S ORDER BY 1"),
        ["1 Unknown 2026-01-01 00:00:01.000002", "2 Fulfilled 2026-01-01 00:00:02.000000"]
    );
    let left = project.wmshost("quarantine list", &["--output", "json"]).succeeded().json();
    assert_eq!(left.as_array().map(Vec::len), Some(1));
    project.wmshost("quarantine drop", &["--stream", "s"]).ended(1).says(&["pass --yes"]);
    project.wmshost("quarantine drop", &["--stream", "s", "--yes"]).succeeded();
    assert_eq!(project.number("SELECT count(*) FROM WMSHOST_QUARANTINE"), 0);
}

/// A stream through the hostile transform, which traps at rows whose name is `trap`.
fn trapping(policy: &str) -> String {
    format!("transforms = [\"hostile\"]\n{policy}\n[streams.s.settings.hostile]\nbehaviour = \"trap-at-name\"")
}

#[test]
fn a_row_that_breaks_a_plugin_is_found() {
    let project = TestProject::with_stream(TABLE, &trapping(""));
    project.change("UPDATE s SET name = 'trap' WHERE id = 137");
    project.wmshost("run", &[]).ended(1).says(&[
        "stream s, transform, batch 2",
        "plugin hostile in process",
        "row 37 of the batch causes it (id = 137)",
        "on_trap",
    ]);
    project.write_stream(&trapping("on_trap = \"retry\""));
    project.wmshost("run", &[]).ended(1).says(&["(id = 137)"]);
}

#[test]
fn rows_that_break_a_plugin_go_to_quarantine_and_the_rest_is_loaded() {
    let project = TestProject::with_stream(TABLE, &trapping("on_trap = \"quarantine\""));
    project.change("UPDATE s SET name = 'trap' WHERE id IN (1, 100, 101, 250)");
    let run = project.run_stream("s");
    assert_eq!((&run["rows_written"], &run["rows_rejected"]), (&246.into(), &4.into()));
    let keys = project.rows("SELECT row_key FROM WMSHOST_QUARANTINE WHERE rule = 'trap' ORDER BY row_key");
    assert_eq!(keys, ["id=1", "id=100", "id=101", "id=250"]);
}
