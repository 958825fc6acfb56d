//! Before images: models that follow them are correct after every history, however often each of them is built, and
//! read nothing that did not change.

use proptest::prelude::*;
use wmshost_flow::model::{Assertion, Model, Strategy as Way};
use wmshost_models::Project;

use crate::warehouse::{
    HOUR, Warehouse, action, incremental, model, names, node, project, reported, selected, setup, test, view,
};

/// The present rows of the stock, without those that the stream no longer has.
fn followed(name: &str, way: Way) -> Model {
    let changes = "SELECT id FROM {stock} WHERE wms_loaded_at > {watermark:stock} UNION ALL \
                   SELECT built.id FROM {this} built WHERE built.id NOT IN (SELECT id FROM {stock})";
    let statement = "SELECT id, place, amount FROM {stock} \
                     {when incremental} WHERE id IN (SELECT id FROM {changes}) {end}";
    let mut model = incremental(way, Some(changes), model(name, &["stock"], &["id", "place", "amount"], statement));
    model.tests = vec![test("one", Assertion::Unique(names(&["id"])))];
    model
}

/// The totals of each place, from its new rows and before images.
fn sums(name: &str, of: &str) -> Model {
    let statement = format!(
        "SELECT place, SUM(items) AS items, SUM(amount) AS amount FROM ( \
         SELECT place, 1 AS items, amount FROM {{{of}}} came \
         {{when incremental}} WHERE wms_loaded_at > {{watermark:{of}}} \
         UNION ALL SELECT place, -1, -amount FROM {{before:{of}}} went \
         UNION ALL SELECT place, items, amount FROM {{this}} built WHERE place IN (SELECT place FROM {{changes}}) {{end}} \
         ) terms GROUP BY place {{when incremental}} HAVING SUM(items) > 0 {{end}}"
    );
    let changes = windows(of);
    incremental(
        Way::Replace(names(&["place"])),
        Some(&changes),
        model(name, &[of], &["place", "items", "amount"], &statement),
    )
}

fn windows(of: &str) -> String {
    format!(
        "SELECT place FROM {{{of}}} came WHERE wms_loaded_at > {{watermark:{of}}} UNION ALL \
         SELECT place FROM {{before:{of}}} went"
    )
}

/// The greatest amount of each place, computed again where a row was added or removed.
fn tops() -> Model {
    let statement = "SELECT place, MAX(amount) AS amount FROM {rows} \
                     {when incremental} WHERE place IN (SELECT place FROM {changes}) {end} GROUP BY place";
    let changes = windows("rows");
    incremental(
        Way::Replace(names(&["place"])),
        Some(&changes),
        model("tops", &["rows"], &["place", "amount"], statement),
    )
}

fn models() -> Project {
    project(vec![
        followed("rows", Way::Replace(names(&["id"]))),
        sums("sums", "rows"),
        tops(),
        // A merge keeps keys that vanish from its statement.
        followed("merged", Way::Merge(names(&["id"]))),
        sums("merged_sums", "merged"),
    ])
}

fn assert_right(warehouse: &Warehouse, when: &str) {
    let sum = "SELECT place, COUNT(*), SUM(amount) FROM";
    for (followed, whole) in [
        ("SELECT id, place, amount FROM ROWS".to_owned(), "SELECT id, place, amount FROM WMS_STOCK".to_owned()),
        ("SELECT place, items, amount FROM SUMS".to_owned(), format!("{sum} ROWS GROUP BY place")),
        ("SELECT place, items, amount FROM MERGED_SUMS".to_owned(), format!("{sum} MERGED GROUP BY place")),
        ("SELECT place, amount FROM TOPS".to_owned(), "SELECT place, MAX(amount) FROM ROWS GROUP BY place".to_owned()),
    ] {
        let (followed, whole) = (format!("{followed} ORDER BY 1"), format!("{whole} ORDER BY 1"));
        assert_eq!(warehouse.rows(&followed), warehouse.rows(&whole), "{when}: {followed}");
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// Inserts or changes a row.
    Put(i64, i64, i64),
    /// Deletes a row.
    Remove(i64),
    /// Builds the named models; an empty list builds all.
    Build(Vec<&'static str>),
    /// Builds a model in full.
    Refresh(&'static str),
    /// Sets the clock forward or back.
    Clock(i64),
    /// Drops the table of before images.
    Drop(&'static str),
}

fn step() -> impl Strategy<Value = Step> {
    let name = prop::sample::select(vec!["rows", "sums", "tops", "merged", "merged_sums"]);
    prop_oneof![
        6 => (1..8_i64, 0..3_i64, 0..5_i64).prop_map(|(id, place, amount)| Step::Put(id, place, amount)),
        2 => (1..8_i64).prop_map(Step::Remove),
        3 => prop::collection::vec(name.clone(), 1..3).prop_map(Step::Build),
        2 => Just(Step::Build(Vec::new())),
        1 => name.prop_map(Step::Refresh),
        1 => (-2..3_i64).prop_map(Step::Clock),
        1 => prop::sample::select(vec!["ROWS", "MERGED"]).prop_map(Step::Drop),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn after_any_history_what_follows_is_right(steps in prop::collection::vec(step(), 1..24)) {
        let (warehouse, models) = (Warehouse::new(), models());
        warehouse.build(&models);
        for step in &steps {
            match step {
                Step::Put(id, place, amount) => warehouse.stock(*id, 1, ["A", "B", "C"][*place as usize], *amount),
                Step::Remove(id) => warehouse.run_sql(&format!("DELETE FROM WMS_STOCK WHERE id = {id}")),
                Step::Build(some) if some.is_empty() => {
                    warehouse.build(&models);
                    assert_right(&warehouse, "on the way");
                }
                Step::Build(some) => {
                    warehouse.run(&models, |options| options.selected = selected(&models, some));
                }
                Step::Refresh(one) => {
                    warehouse.run(&models, |options| {
                        (options.selected, options.full_refresh) = (selected(&models, &[one]), true);
                    });
                }
                // The load times of streams come from the loads; only the models' clock may go back here.
                Step::Clock(hours) if *hours < 0 => {
                    warehouse.build(&models);
                    warehouse.later(HOUR * hours);
                    warehouse.run(&models, |options| options.full_refresh = true);
                    warehouse.later(-HOUR * hours);
                }
                Step::Clock(hours) => warehouse.later(HOUR * hours),
                Step::Drop(table) => warehouse.run_sql(&format!("DROP TABLE IF EXISTS WMSHOST_BEFORE_{table}")),
            }
        }
        warehouse.build(&models);
        assert_right(&warehouse, "at the end");
    }
}

#[test]
fn what_nobody_needs_any_more_is_forgotten() {
    let (warehouse, models) = (Warehouse::new(), models());
    warehouse.build(&models);
    let kept = || warehouse.rows("SELECT id, amount FROM WMSHOST_BEFORE_ROWS ORDER BY id");
    warehouse.stock(1, 1, "C", 11);
    warehouse.run(&models, |options| options.selected = selected(&models, &["rows"]));
    warehouse.stock(2, 1, "C", 21);
    warehouse.run(&models, |options| options.selected = selected(&models, &["rows", "sums"]));
    // `tops` has seen neither of them.
    assert_eq!(kept(), ["1 10", "2 20"]);
    let report = warehouse.build(&models);
    assert_eq!((action(&report, "tops"), node(&report, "tops").changed), ("incremental", 4));
    assert_eq!(action(&report, "sums"), "unchanged");
    warehouse.stock(3, 1, "C", 6);
    warehouse.run(&models, |options| options.selected = selected(&models, &["rows"]));
    assert_eq!(kept(), ["3 5"]);
}

#[test]
fn a_full_build_has_followers_begin_anew() {
    let (warehouse, models) = (Warehouse::new(), models());
    warehouse.build(&models);
    warehouse.stock(1, 1, "C", 11);
    warehouse.run(&models, |options| (options.selected, options.full_refresh) = (selected(&models, &["rows"]), true));
    let report = warehouse.build(&models);
    let actions = ["rows", "sums", "tops", "merged", "merged_sums"].map(|name| action(&report, name));
    assert_eq!(actions, ["unchanged", "full", "full", "incremental", "incremental"]);
    assert_right(&warehouse, "behind a full build");
}

#[test]
fn a_stream_that_only_lost_rows_wakes_its_models() {
    let (warehouse, models) = (Warehouse::new(), models());
    warehouse.build(&models);
    warehouse.run_sql("DELETE FROM WMS_STOCK WHERE id = 2");
    let report = warehouse.build(&models);
    assert_eq!((action(&report, "rows"), node(&report, "rows").changed), ("incremental", 1));
    assert_right(&warehouse, "without new rows");
    // A soft deletion does not change the load time of a row either.
    warehouse.run_sql("ALTER TABLE WMS_STOCK ADD COLUMN wms_deleted_at TIMESTAMP(6)");
    warehouse.build(&models);
    warehouse.run_sql("UPDATE WMS_STOCK SET wms_deleted_at = '2026-01-05 13:00:00.000000' WHERE id = 1");
    assert_eq!(action(&warehouse.build(&models), "rows"), "incremental");
    assert_eq!(action(&warehouse.build(&models), "rows"), "unchanged");
}

#[test]
fn a_days_end_is_reported() {
    let statement = "SELECT COUNT(*) AS rows_today FROM {stock} WHERE at < {today} \
                     {when incremental} OR {built_today} <> {today} {end}";
    let days = incremental(Way::Append, None, model("days", &["stock"], &["rows_today"], statement));
    let (warehouse, models) = (Warehouse::new(), project(vec![days]));
    warehouse.build(&models);
    warehouse.later(HOUR);
    warehouse.stock(1, 1, "A", 12);
    warehouse.build(&models);
    warehouse.later(24 * HOUR);
    warehouse.build(&models);
    assert_eq!(warehouse.rows("SELECT rows_today FROM DAYS ORDER BY wms_loaded_at"), ["0", "0", "3"]);
}

#[test]
fn what_cannot_be_followed_is_reported() {
    let stg = view("stg", &["stock"], &["place", "amount"], "SELECT place, amount FROM {stock}");
    let table =
        model("plain", &["stock"], &["place", "items", "amount"], "SELECT place, 1 AS items, amount FROM {stock}");
    let mut late = sums("late", "rows");
    if let wmshost_flow::model::Materialization::Incremental(increment) = &mut late.materialization {
        increment.lookback = 60;
    }
    let declared =
        vec![stg, table, followed("rows", Way::Append), sums("of_view", "stg"), sums("of_table", "plain"), late];
    let wrong = Project::new(setup(declared)).expect_err("mistakes");
    let reported = reported(&wrong);
    for part in [
        "stg has no rows of its own, and no watermark",
        "before images are kept of incremental models only, and plain is not one",
        "with a lookback the before images of rows are not those of the last build",
    ] {
        assert!(reported.contains(part), "{part:?} is not in {reported}");
    }
    let full = model("always", &["rows"], &["place"], "SELECT place FROM {before:rows}");
    let wrong = Project::new(setup(vec![followed("rows", Way::Append), full])).expect_err("a mistake");
    assert!(crate::warehouse::reported(&wrong).contains("only an incremental model has this placeholder"));
}
