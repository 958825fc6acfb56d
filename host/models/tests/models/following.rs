//! Incremental models: whatever happens between builds, they end up equal to a full build.

use wmshost_flow::model::{Materialization, Model, OnChange, Strategy};
use wmshost_models::Project;

use crate::warehouse::{HOUR, Warehouse, action, incremental, model, names, node, project, view};

const CHANGED: &str = "{when incremental} WHERE wms_loaded_at > {watermark} {end}";

fn merged() -> Model {
    let statement = format!("SELECT id, item, amount * 2 AS doubled FROM {{stock}} {CHANGED}");
    incremental(
        Strategy::Merge(names(&["id"])),
        None,
        model("merged", &["stock"], &["id", "item", "doubled"], &statement),
    )
}

/// A model whose windows are places; it reads a view that joins.
fn windowed() -> Vec<Model> {
    let columns = &["place", "items", "amount"];
    let statement = "SELECT place, COUNT(DISTINCT item) AS items, SUM(amount) AS amount FROM {stg} \
                     {when incremental} WHERE place IN (SELECT place FROM {changes}) {end} GROUP BY place";
    let changes = "SELECT place FROM {stg} WHERE loaded > {watermark}";
    let mut stg = view(
        "stg",
        &["stock", "item"],
        &["place", "item", "amount", "name", "loaded"],
        "SELECT s.place, s.item, s.amount, i.name, max(s.wms_loaded_at, i.wms_loaded_at) AS loaded \
         FROM {stock} s JOIN {item} i ON i.item = s.item",
    );
    stg.columns[4].kind = arrow_schema::DataType::Timestamp(arrow_schema::TimeUnit::Microsecond, None);
    vec![
        stg,
        incremental(Strategy::Replace(names(&["place"])), Some(changes), model("places", &["stg"], columns, statement)),
    ]
}

/// The rows of a model as it is, and as they would be after a full build.
fn both(warehouse: &Warehouse, models: &Project, query: &str) -> (Vec<String>, Vec<String>) {
    let followed = warehouse.rows(query);
    warehouse.run(models, |options| options.full_refresh = true);
    (followed, warehouse.rows(query))
}

#[test]
fn a_merge_takes_in_only_what_changed() {
    let warehouse = Warehouse::new();
    let models = project(vec![merged()]);
    assert_eq!(action(&warehouse.build(&models), "merged"), "full");
    warehouse.later(HOUR);
    warehouse.stock(2, 1, "B", 21);
    warehouse.stock(4, 2, "C", 7);
    let report = warehouse.build(&models);
    let merged = node(&report, "merged");
    assert_eq!((action(&report, "merged"), merged.changed, merged.rows), ("incremental", 2, Some(4)));
    let query = "SELECT id, item, doubled FROM MERGED ORDER BY id";
    assert_eq!(warehouse.rows(query), ["1 1 20", "2 1 42", "3 2 10", "4 2 14"]);
    assert_eq!(warehouse.rows("SELECT count(DISTINCT wms_loaded_at) FROM MERGED"), ["2"]);
    let (followed, whole) = both(&warehouse, &models, query);
    assert_eq!(followed, whole);
}

#[test]
fn rows_that_are_equal_are_left_alone() {
    let warehouse = Warehouse::new();
    let behind = model("behind", &["merged"], &["total"], "SELECT SUM(doubled) AS total FROM {merged}");
    let models = project(vec![merged(), behind]);
    warehouse.build(&models);
    warehouse.stock(2, 1, "Z", 20);
    let report = warehouse.build(&models);
    assert_eq!((action(&report, "merged"), node(&report, "merged").changed), ("incremental", 0));
    assert_eq!(action(&report, "behind"), "unchanged");
}

#[test]
fn windows_are_replaced_as_a_whole() {
    let warehouse = Warehouse::new();
    let models = project(windowed());
    warehouse.build(&models);
    let query = "SELECT place, items, amount FROM PLACES ORDER BY place";
    assert_eq!(warehouse.rows(query), ["A 2 15", "B 1 20"]);
    warehouse.stock(5, 2, "B", 4);
    let report = warehouse.build(&models);
    assert_eq!((action(&report, "places"), node(&report, "places").changed), ("incremental", 2));
    assert_eq!(node(&report, "places").rows, Some(2));
    assert_eq!(warehouse.rows(query), ["A 2 15", "B 2 24"]);
    // A change of an item affects the places that have it.
    warehouse.item(1, "carton");
    warehouse.build(&models);
    let (followed, whole) = both(&warehouse, &models, query);
    assert_eq!(followed, whole);
}

#[test]
fn windows_with_a_key_write_only_what_differs() {
    let warehouse = Warehouse::new();
    let mut declared = windowed();
    declared[1].tests = vec![crate::warehouse::test("one", wmshost_flow::model::Assertion::Unique(names(&["place"])))];
    let models = project(declared);
    warehouse.build(&models);
    // Both places are affected, and one of them has the same rows as before.
    warehouse.stock(5, 2, "B", 4);
    warehouse.stock(1, 1, "A", 10);
    let report = warehouse.build(&models);
    assert_eq!((action(&report, "places"), node(&report, "places").changed), ("incremental", 1));
    // A place without rows disappears: its window is found by the rows that were there.
    let query = "SELECT place, items, amount FROM PLACES ORDER BY place";
    let (followed, whole) = both(&warehouse, &models, query);
    assert_eq!(followed, whole);
    assert_eq!(followed, ["A 2 15", "B 2 24"]);
}

/// A duplicate key, before or after, identifies no rows; its test fails, and nothing else is wrong.
#[test]
fn rows_with_one_key_are_neither_lost_nor_doubled() {
    let warehouse = Warehouse::new();
    let statement =
        "SELECT item, place, amount FROM {stock} {when incremental} WHERE place IN (SELECT place FROM {changes}) {end}";
    let changes = "SELECT place FROM {stock} WHERE wms_loaded_at > {watermark}";
    let columns = &["item", "place", "amount"];
    let mut keyed = incremental(
        Strategy::Replace(names(&["place"])),
        Some(changes),
        model("keyed", &["stock"], columns, statement),
    );
    keyed.tests = vec![crate::warehouse::test("one", wmshost_flow::model::Assertion::Unique(names(&["item"])))];
    let models = project(vec![keyed]);
    let query = "SELECT item, place, amount FROM KEYED ORDER BY 1, 2, 3";
    // The item 1 is at two places, so the key is duplicate from the beginning.
    warehouse.build(&models);
    for (id, item, place, amount) in [(4, 1, "A", 7), (2, 2, "B", 3), (3, 3, "A", 5), (4, 4, "C", 1), (1, 1, "C", 9)] {
        warehouse.stock(id, item, place, amount);
        warehouse.stock(9, 9, "A", amount);
        warehouse.stock(8, 8, "B", amount);
        warehouse.build(&models);
        let followed = warehouse.rows(query);
        assert_eq!(
            followed,
            warehouse.rows(&query.replace("KEYED", "WMS_STOCK")),
            "after {id} {item} {place} {amount}"
        );
    }
}

#[test]
fn a_row_that_comes_out_twice_is_new() {
    let warehouse = Warehouse::new();
    let mut table = model("rows", &["stock"], &["item"], "SELECT item FROM {stock} WHERE id < 3");
    table.tests = vec![crate::warehouse::test("one", wmshost_flow::model::Assertion::Unique(names(&["item"])))];
    let behind = incremental(
        Strategy::Append,
        None,
        model(
            "behind",
            &["rows"],
            &["item"],
            "SELECT item FROM {rows} {when incremental} WHERE wms_loaded_at > {watermark} {end}",
        ),
    );
    let models = project(vec![table, behind]);
    warehouse.stock(2, 2, "B", 20);
    assert_eq!(node(&warehouse.build(&models), "rows").tests[0].status.name(), "passed");
    warehouse.stock(2, 1, "B", 20);
    let report = warehouse.build(&models);
    assert_eq!((node(&report, "rows").changed, node(&report, "rows").tests[0].status.name()), (2, "failed"));
}

#[test]
fn a_window_that_came_out_empty_is_emptied() {
    for keyed in [false, true] {
        let warehouse = Warehouse::new();
        let statement = "SELECT place, SUM(amount) AS amount FROM {stock} WHERE amount > 0 \
                         {when incremental} AND place IN (SELECT place FROM {changes}) {end} GROUP BY place";
        let changes = "SELECT place FROM {stock} WHERE wms_loaded_at > {watermark}";
        let mut sums = incremental(
            Strategy::Replace(names(&["place"])),
            Some(changes),
            model("sums", &["stock"], &["place", "amount"], statement),
        );
        if keyed {
            sums.tests = vec![crate::warehouse::test("one", wmshost_flow::model::Assertion::Unique(names(&["place"])))];
        }
        let models = project(vec![sums]);
        warehouse.build(&models);
        warehouse.stock(2, 1, "B", 0);
        let report = warehouse.build(&models);
        assert_eq!((action(&report, "sums"), node(&report, "sums").rows), ("incremental", Some(1)), "{keyed}");
        assert_eq!(warehouse.rows("SELECT place, amount FROM SUMS"), ["A 15"], "{keyed}");
    }
}

#[test]
fn what_is_appended_is_appended_once() {
    let warehouse = Warehouse::new();
    let statement = format!("SELECT id, amount FROM {{stock}} {CHANGED}");
    let log = model("log", &["stock"], &["id", "amount"], &statement);
    let models = project(vec![incremental(Strategy::Append, None, log)]);
    warehouse.build(&models);
    warehouse.build(&models);
    warehouse.stock(1, 1, "A", 11);
    warehouse.build(&models);
    warehouse.build(&models);
    assert_eq!(warehouse.rows("SELECT id, amount FROM LOG ORDER BY id, amount"), ["1 10", "1 11", "2 20", "3 5"]);
}

#[test]
fn a_late_commit_with_an_old_business_date_is_seen() {
    let warehouse = Warehouse::new();
    let models = project(vec![merged()]);
    warehouse.build(&models);
    warehouse.later(HOUR);
    // Its own time is long before what the model has seen; the load time decides.
    warehouse.run_sql(
        "INSERT INTO WMS_STOCK VALUES (9, 1, 'A', 3, '2020-01-01 00:00:00.000000', 'load', '2026-01-05 12:30:00.000000')",
    );
    warehouse.build(&models);
    assert_eq!(warehouse.rows("SELECT doubled FROM MERGED WHERE id = 9"), ["6"]);
}

#[test]
fn keys_that_are_none_fail_the_model_and_change_nothing() {
    let warehouse = Warehouse::new();
    let by_item = format!("SELECT item, amount FROM {{stock}} {CHANGED}");
    let broken = model("by_item", &["stock"], &["item", "amount"], &by_item);
    let report = warehouse.build(&project(vec![incremental(Strategy::Merge(names(&["item"])), None, broken)]));
    let message = &node(&report, "by_item").message;
    assert!(message.starts_with("the key item must be unique"), "{message}");

    let models = project(vec![merged()]);
    warehouse.build(&models);
    warehouse.run_sql(
        "INSERT INTO WMS_STOCK SELECT 7, item, place, amount, at, wms_run_id, '2026-01-06' FROM WMS_STOCK WHERE id = 1",
    );
    let twice = "SELECT 5 AS id, item, amount AS doubled FROM {stock} {when incremental} UNION ALL SELECT 5, 1, 1 {end} {when full} WHERE id = 1 {end}";
    let mut declared = merged();
    declared.statement = twice.into();
    if let Materialization::Incremental(increment) = &mut declared.materialization {
        increment.on_change = OnChange::AddColumns;
    }
    let report = warehouse.build(&project(vec![declared]));
    let message = &node(&report, "merged").message;
    assert_eq!(message, "its SQL returns two rows with one key (id); group or choose among them");
    assert_eq!(warehouse.rows("SELECT count(*) FROM MERGED"), ["3"]);
}

#[test]
fn columns_change_as_the_model_says() {
    let wider = |on_change| {
        let statement = format!("SELECT id, item, amount * 2 AS doubled, place FROM {{stock}} {CHANGED}");
        let columns = ["id", "item", "doubled", "place"];
        let mut wider =
            incremental(Strategy::Merge(names(&["id"])), None, model("merged", &["stock"], &columns, &statement));
        if let Materialization::Incremental(increment) = &mut wider.materialization {
            increment.on_change = on_change;
        }
        project(vec![wider])
    };
    for (on_change, expected, places) in [
        (OnChange::Rebuild, "full", &["A", "B", "A", "D"][..]),
        (OnChange::AddColumns, "incremental", &["NULL", "NULL", "NULL", "D"]),
        (OnChange::Fail, "errored", &[]),
    ] {
        let warehouse = Warehouse::new();
        warehouse.build(&project(vec![merged()]));
        warehouse.stock(4, 2, "D", 7);
        let report = warehouse.build(&wider(on_change));
        assert_eq!(action(&report, "merged"), expected, "{report:#?}");
        if !places.is_empty() {
            assert_eq!(warehouse.rows("SELECT place FROM MERGED ORDER BY id"), places);
        }
    }
}

#[test]
fn any_order_of_loads_and_builds_ends_alike() {
    // A fixed sequence of pseudo-random steps: loads, changes, builds.
    let mut seed = 7_u64;
    let mut random = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let warehouse = Warehouse::new();
    let mut declared = windowed();
    declared.push(merged());
    // The same windows again, with a key that identifies their rows.
    let mut keyed = windowed().remove(1);
    keyed.name = "keyed".into();
    keyed.tests = vec![crate::warehouse::test("one", wmshost_flow::model::Assertion::Unique(names(&["place"])))];
    declared.push(keyed);
    let models = project(declared);
    for _ in 0..60 {
        match random(4) {
            0 => warehouse.item(random(3) as i64 + 1, ["a", "b", "c"][random(3) as usize]),
            1 => drop(warehouse.build(&models)),
            _ => {
                let (id, item) = (random(12) as i64, random(3) as i64 + 1);
                // A row keeps its place: the model's `changes` would have to find a window that a row leaves.
                warehouse.stock(id, item, ["A", "B", "C"][(id % 3) as usize], random(50) as i64);
            }
        }
    }
    warehouse.build(&models);
    for query in [
        "SELECT id, item, doubled FROM MERGED ORDER BY id",
        "SELECT place, items, amount FROM PLACES ORDER BY place",
        "SELECT place, items, amount FROM KEYED ORDER BY place",
    ] {
        let followed = warehouse.rows(query);
        warehouse.run(&models, |options| options.full_refresh = true);
        assert_eq!(followed, warehouse.rows(query), "{query}");
    }
}

#[test]
fn a_table_that_is_built_anew_passes_on_only_what_changed() {
    let warehouse = Warehouse::new();
    let mut totals = model(
        "totals",
        &["stock"],
        &["item", "amount"],
        "SELECT item, SUM(amount) AS amount FROM {stock} GROUP BY item",
    );
    totals.tests = vec![crate::warehouse::test("one", wmshost_flow::model::Assertion::Unique(names(&["item"])))];
    let statement = format!("SELECT item, amount * 10 AS tenfold FROM {{totals}} {CHANGED}");
    let tens = model("tens", &["totals"], &["item", "tenfold"], &statement);
    let models = project(vec![totals, incremental(Strategy::Merge(names(&["item"])), None, tens)]);
    warehouse.build(&models);
    warehouse.stock(4, 2, "B", 1);
    let report = warehouse.build(&models);
    assert_eq!((action(&report, "totals"), node(&report, "totals").changed), ("full", 1));
    assert_eq!((action(&report, "tens"), node(&report, "tens").changed), ("incremental", 1));
    assert_eq!(warehouse.rows("SELECT item, tenfold FROM TENS ORDER BY item"), ["1 300", "2 60"]);
    // Another place, the same amounts: the table is the same as before, and no model after it has to be built.
    warehouse.stock(4, 2, "C", 1);
    let report = warehouse.build(&models);
    assert_eq!((action(&report, "totals"), node(&report, "totals").changed), ("full", 0));
    assert_eq!(action(&report, "tens"), "unchanged");
}
