//! Tests of models and streams.

use wmshost_flow::Value;
use wmshost_flow::model::{Assertion, Bounds, Declaration, Severity, Test, Threshold};
use wmshost_models::{Project, TestStatus};

use crate::warehouse::{HOUR, Warehouse, model, names, node, project, setup, source, test};

fn tested(tests: Vec<Test>) -> Project {
    let mut stock = model(
        "stock_now",
        &["stock"],
        &["id", "item", "place", "amount"],
        "SELECT id, item, place, amount FROM {stock}",
    );
    stock.tests = tests;
    project(vec![stock])
}

/// The stream `stock` with tests, and no model that reads it.
fn stream_tested(tests: Vec<Test>) -> Project {
    let mut declared = setup(Vec::new());
    declared.plugins[0].1.sources = vec![source("stock", tests)];
    Project::new(declared).expect("sound")
}

fn statuses(warehouse: &Warehouse, models: &Project) -> Vec<(String, TestStatus, u64)> {
    let report = warehouse.build(models);
    let tests = &node(&report, "stock_now").tests;
    tests.iter().map(|test| (test.name.clone(), test.status, test.failing)).collect()
}

#[test]
fn every_assertion_finds_its_rows() {
    let warehouse = Warehouse::new();
    warehouse.run_sql("INSERT INTO WMS_STOCK VALUES (7, NULL, NULL, -1, NULL, 'load', '2026-01-05 12:00:01')");
    warehouse.stock(8, 99, "A", 10);
    let range = |least, most| Assertion::Range { column: "amount".into(), least, most };
    let bounds = Bounds { least: Some(1.0), most: Some(4.0), ..Bounds::default() };
    let models = tested(vec![
        test("filled", Assertion::NotNull(names(&["item", "place"]))),
        test("filled_id", Assertion::NotNull(names(&["id"]))),
        test("one_per_place", Assertion::Unique(names(&["item", "place"]))),
        test("one_amount", Assertion::Unique(names(&["amount"]))),
        test("places", Assertion::AcceptedValues { column: "place".into(), values: vec![Value::Text("A".into())] }),
        test("known", Assertion::Relationship { column: "item".into(), to: "item".into(), to_column: "item".into() }),
        test("positive", range(Some(Value::Int64(0)), None)),
        test("small", range(None, Some(Value::Decimal("10.5".into())))),
        test("odd", Assertion::Expression("item <> 2".into())),
        test("rows", Assertion::RowCount(bounds)),
        test("mean", Assertion::Distribution { aggregate: "AVG(amount)".into(), bounds }),
        test("custom", Assertion::Custom("SELECT id FROM {this} WHERE id > 2".into())),
    ]);
    use TestStatus::{Failed, Passed};
    let expected = [
        ("filled", Failed, 1),
        ("filled_id", Passed, 0),
        ("one_per_place", Passed, 0),
        ("one_amount", Failed, 1),
        ("places", Failed, 1),
        ("known", Failed, 1),
        ("positive", Failed, 1),
        ("small", Failed, 1),
        // NULL is not true.
        ("odd", Failed, 2),
        ("rows", Failed, 0),
        ("mean", Failed, 0),
        ("custom", Failed, 3),
    ];
    assert_eq!(statuses(&warehouse, &models), expected.map(|(name, status, n)| (name.to_owned(), status, n)));
    let kept = "SELECT test, failing_row FROM WMSHOST_TEST_FAILURES WHERE test IN ('known', 'custom') ORDER BY test, row_number";
    assert_eq!(
        warehouse.rows(kept),
        [
            "custom {\"id\":3}",
            "custom {\"id\":7}",
            "custom {\"id\":8}",
            "known {\"amount\":10,\"id\":8,\"item\":99,\"place\":\"A\",\"wms_loaded_at\":\"2026-01-05 12:00:00.000005\",\
             \"wms_run_id\":\"run-1\"}",
        ]
        .map(|row| match row.find("\"wms_loaded_at\"") {
            // The time when the model was built does not matter here.
            Some(_) => warehouse.rows("SELECT 'known ' || failing_row FROM WMSHOST_TEST_FAILURES WHERE test = 'known'")[0].clone(),
            None => row.to_owned(),
        })
    );
    warehouse.run_sql("DELETE FROM WMS_STOCK WHERE id > 2");
    warehouse.stock(1, 1, "A", 11);
    statuses(&warehouse, &models);
    assert_eq!(warehouse.rows("SELECT count(*) FROM WMSHOST_TEST_FAILURES WHERE test IN ('known', 'custom')"), ["0"]);
}

#[test]
fn severity_and_thresholds_decide() {
    let warehouse = Warehouse::new();
    let odd = || Assertion::Expression("place = 'A'".into());
    let models = tested(vec![
        Test { severity: Severity::Warn, ..test("warns", odd()) },
        Test { error_if: Threshold::Rows(1), ..test("bears_one", odd()) },
        Test { error_if: Threshold::Percent(30.0), warn_if: Threshold::Percent(50.0), ..test("a_third", odd()) },
        Test { only_where: Some("item = 2".into()), ..test("only_item_2", odd()) },
        test("cannot_run", Assertion::Expression("abs(id, id)".into())),
    ]);
    let found: Vec<_> = statuses(&warehouse, &models).into_iter().map(|(_, status, n)| (status, n)).collect();
    use TestStatus::{Errored, Failed, Passed, Warned};
    assert_eq!(found, [(Warned, 1), (Warned, 1), (Failed, 1), (Passed, 0), (Errored, 0)]);
}

#[test]
fn numbers_are_held_against_the_last_run_that_passed() {
    let warehouse = Warehouse::new();
    let bounds = Bounds { most_fall: Some(10.0), ..Bounds::default() };
    let models = tested(vec![test("rows", Assertion::RowCount(bounds))]);
    assert_eq!(statuses(&warehouse, &models)[0].1, TestStatus::Passed);
    warehouse.run_sql("DELETE FROM WMS_STOCK WHERE id = 3");
    warehouse.stock(1, 1, "A", 1);
    for _ in 0..2 {
        let report = warehouse.build(&models);
        let test = &node(&report, "stock_now").tests[0];
        assert_eq!((test.status, test.measured), (TestStatus::Failed, Some(2.0)));
        assert_eq!(test.message, "2 is 33.3 % less than 3 before, 10 % may be");
    }
}

#[test]
fn streams_are_tested_before_what_reads_them() {
    let warehouse = Warehouse::new();
    warehouse.later(3 * HOUR);
    let mut declared = setup(vec![model("named", &["item"], &["name"], "SELECT name FROM {item}")]);
    let recency = Assertion::Recency { column: "wms_loaded_at".into(), seconds: 7_200 };
    declared.plugins[0].1 =
        Declaration { sources: vec![source("item", vec![test("fresh", recency)])], ..declared.plugins[0].1.clone() };
    let models = Project::new(declared).expect("sound");
    let report = warehouse.build(&models);
    let test = &node(&report, "item").tests[0];
    assert_eq!(
        (test.status, test.message.as_str()),
        (TestStatus::Failed, "the newest wms_loaded_at is 10800 s old; the limit is 7200 s")
    );
    assert_eq!(node(&report, "named").message, "it reads item, which failed");
    warehouse.item(2, "crate");
    assert!(!warehouse.build(&models).has_failed());
}

#[test]
fn a_test_waits_for_the_model_that_it_looks_at() {
    let warehouse = Warehouse::new();
    let mut lines = model("lines", &["stock"], &["item"], "SELECT item FROM {stock}");
    let there = Assertion::Relationship { column: "item".into(), to: "heads".into(), to_column: "item".into() };
    lines.tests = vec![test("has_head", there)];
    // This model reads the one that is tested against it.
    let heads = model(
        "heads",
        &["lines", "item"],
        &["item"],
        "SELECT i.item FROM {item} i WHERE i.item IN (SELECT item FROM {lines})",
    );
    let models = project(vec![lines, heads]);
    let report = warehouse.build(&models);
    assert!(!report.has_failed(), "{report:#?}");
    assert_eq!(node(&report, "lines").tests[0].status, TestStatus::Passed);
    assert_eq!(node(&warehouse.build(&models), "lines").tests.len(), 0);
    warehouse.stock(4, 77, "A", 1);
    let report = warehouse.build(&models);
    assert_eq!(node(&report, "lines").tests[0].status, TestStatus::Failed);
    assert_eq!(crate::warehouse::action(&report, "heads"), "full");
}

/// A test that has passed reads the rows that are new since, and nothing where nothing is new.
#[test]
fn tests_look_at_what_changed_since_they_passed() {
    use TestStatus::{Failed, Passed, Unchanged};
    let warehouse = Warehouse::new();
    let models = tested(vec![
        test("filled", Assertion::NotNull(names(&["place"]))),
        test("once", Assertion::Unique(names(&["id"]))),
        test("few", Assertion::RowCount(Bounds { most: Some(9.0), ..Bounds::default() })),
    ]);
    let all = |report: &wmshost_models::Report| -> Vec<TestStatus> {
        let mut tests: Vec<_> =
            node(report, "stock_now").tests.iter().map(|test| (test.name.clone(), test.status)).collect();
        tests.sort_by(|a, b| a.0.cmp(&b.0));
        tests.into_iter().map(|(_, status)| status).collect()
    };
    assert_eq!(all(&warehouse.build(&models)), [Passed; 3]);
    assert_eq!(all(&warehouse.build(&models)), [Unchanged; 3]);
    // Running tests alone, or with `--force`, runs all of them.
    assert_eq!(all(&warehouse.run(&models, |options| options.build = false)), [Passed; 3]);
    assert_eq!(all(&warehouse.run(&models, |options| options.full_refresh = true)), [Passed; 3]);
    warehouse.later(crate::warehouse::HOUR);
    warehouse.stock(4, 1, "C", 1);
    assert_eq!(all(&warehouse.build(&models)), [Passed; 3]);
    warehouse.later(crate::warehouse::HOUR);
    warehouse.stock(5, 1, "D", 1);
    warehouse.run_sql("UPDATE WMS_STOCK SET place = NULL WHERE id IN (4, 5)");
    let report = warehouse.build(&models);
    assert_eq!(all(&report), [Passed, Failed, Passed]);
    // Once it has failed, all rows are read, even the one that was not loaded again.
    let filled = node(&report, "stock_now").tests.iter().find(|test| test.name == "filled").expect("a test");
    assert_eq!(filled.failing, 2);
    assert_eq!(all(&warehouse.build(&models)), [Unchanged, Failed, Unchanged]);
}

/// New rows bound how many can fail; only where the bound is too high are all counted.
#[test]
fn what_new_rows_tell_is_the_most_that_can_fail() {
    use TestStatus::{Passed, Warned};
    let warehouse = Warehouse::new();
    for (id, place) in [(4, "?"), (5, "C")] {
        warehouse.stock(id, 1, place, 1);
    }
    let places = Assertion::AcceptedValues {
        column: "place".into(),
        values: ["A", "B", "C"].map(|place| Value::Text(place.into())).to_vec(),
    };
    let some = Threshold::Percent(34.0);
    let models = stream_tested(vec![Test { severity: Severity::Warn, warn_if: some, ..test("places", places) }]);
    let look = || {
        let test = node(&warehouse.build(&models), "stock").tests[0].clone();
        let kept = warehouse.rows("SELECT failing_row ->> 'id' FROM WMSHOST_TEST_FAILURES ORDER BY row_number");
        let noted = warehouse.rows("SELECT failing, at_most FROM WMSHOST_TEST");
        assert_eq!(noted, [format!("{} {}", test.failing, u8::from(test.at_most))]);
        (test.status, test.failing, test.at_most, kept)
    };
    assert_eq!(look(), (Passed, 1, false, names(&["4"])));
    // The row that failed passes again, and another one fails.
    warehouse.later(crate::warehouse::HOUR);
    warehouse.stock(4, 1, "A", 1);
    warehouse.stock(5, 1, "?", 1);
    warehouse.stock(6, 1, "C", 1);
    assert_eq!(look(), (Passed, 2, true, names(&["4"])), "at most 2 of 6");
    warehouse.later(crate::warehouse::HOUR);
    warehouse.stock(6, 1, "?", 1);
    assert_eq!(look(), (Passed, 2, false, names(&["5", "6"])), "at most 3 of 6 would be too many: all are counted");
    warehouse.later(crate::warehouse::HOUR);
    warehouse.stock(3, 1, "?", 1);
    assert_eq!(look(), (Warned, 3, false, names(&["3", "5", "6"])));
    // A test that has not passed reads all rows.
    warehouse.later(crate::warehouse::HOUR);
    warehouse.stock(3, 1, "A", 1);
    warehouse.stock(5, 1, "B", 1);
    warehouse.stock(6, 1, "B", 1);
    assert_eq!(look(), (Passed, 0, false, Vec::new()));
    // None failed before: the failing rows are among the new ones, and are counted exactly.
    warehouse.later(crate::warehouse::HOUR);
    warehouse.stock(2, 1, "?", 1);
    assert_eq!(look(), (Passed, 1, false, names(&["2"])));
}

/// A table that was replaced has new rows only: the failing ones among them are all that fail.
#[test]
fn where_all_rows_are_new_they_are_counted_exactly() {
    let warehouse = Warehouse::new();
    let filled = Assertion::NotNull(names(&["place"]));
    let models = stream_tested(vec![Test {
        error_if: Threshold::Percent(40.0),
        warn_if: Threshold::Rows(1),
        ..test("filled", filled)
    }]);
    for (without, expected) in
        [(1, (TestStatus::Passed, 1)), (1, (TestStatus::Passed, 1)), (2, (TestStatus::Failed, 2))]
    {
        warehouse.later(crate::warehouse::HOUR);
        warehouse.run_sql("DELETE FROM WMS_STOCK");
        for id in 1..=4 {
            warehouse.stock(id, 1, "A", 1);
        }
        warehouse.run_sql(&format!("UPDATE WMS_STOCK SET place = NULL WHERE id <= {without}"));
        let report = warehouse.build(&models);
        let test = &node(&report, "stock").tests[0];
        assert_eq!(((test.status, test.failing), test.at_most), (expected, false), "{test:?}");
    }
}

/// The same warehouse, whose test results were recorded by a version that recorded less.
#[test]
fn notes_of_an_earlier_version_are_gone_on_with() {
    use TestStatus::Unchanged;
    let warehouse = Warehouse::new();
    let models = tested(vec![test("filled", Assertion::NotNull(names(&["place"])))]);
    warehouse.build(&models);
    warehouse.run_sql("ALTER TABLE WMSHOST_TEST DROP COLUMN at_most");
    assert_eq!(node(&warehouse.build(&models), "stock_now").tests[0].status, Unchanged);
    warehouse.run_sql("ALTER TABLE WMSHOST_TEST DROP COLUMN seen");
    assert_eq!(statuses(&warehouse, &models)[0].1, TestStatus::Passed);
}

/// A reference of an old row holds as long as the table that it refers to has lost nothing: then only those of new rows
/// are looked up.
#[test]
fn references_are_followed_from_new_rows_alone_while_nothing_is_lost() {
    use TestStatus::{Failed, Passed};
    let warehouse = Warehouse::new();
    let there = Assertion::Relationship { column: "item".into(), to: "item".into(), to_column: "item".into() };
    let models = stream_tested(vec![test("known", there)]);
    let look = || {
        let report = warehouse.build(&models);
        let test = &node(&report, "stock").tests[0];
        (test.status, test.failing)
    };
    assert_eq!(look(), (Passed, 0));
    // No load leaves such a row: it shows which rows are read.
    warehouse.run_sql("UPDATE WMS_STOCK SET item = 77 WHERE id = 1");
    warehouse.later(crate::warehouse::HOUR);
    warehouse.stock(4, 2, "A", 1);
    assert_eq!(look(), (Passed, 0), "the old row is not looked at");
    warehouse.later(crate::warehouse::HOUR);
    warehouse.item(3, "barrel");
    warehouse.stock(5, 3, "A", 1);
    assert_eq!(look(), (Failed, 1), "what it refers to is another: all are looked at");
    warehouse.run_sql("UPDATE WMS_STOCK SET item = 1 WHERE id = 1");
    assert_eq!(look(), (Passed, 0));
    warehouse.later(crate::warehouse::HOUR);
    warehouse.stock(6, 78, "A", 1);
    assert_eq!(look(), (Failed, 1), "a new row refers to nothing");
}
