//! Unit tests of models.

use wmshost_flow::Value;
use wmshost_flow::model::{Rows, Strategy, UnitTest};
use wmshost_models::NodeStatus;

use crate::warehouse::{Warehouse, incremental, model, names, node, project};

fn rows(columns: &[&str], rows: &[&[i64]]) -> Rows {
    Rows {
        columns: names(columns),
        rows: rows.iter().map(|row| row.iter().map(|value| Value::Int64(*value)).collect()).collect(),
    }
}

fn unit_test(name: &str, given: Vec<(&str, Rows)>, expected: Rows) -> UnitTest {
    UnitTest {
        name: name.to_owned(),
        given: given.into_iter().map(|(name, rows)| (name.to_owned(), rows)).collect(),
        now: None,
        variables: Vec::new(),
        watermark: None,
        expected,
    }
}

#[test]
fn a_model_is_proven_before_it_is_built() {
    let warehouse = Warehouse::new();
    let statement = "SELECT item, SUM(amount) * {var:factor=1} AS amount FROM {stock} GROUP BY item";
    let mut totals = model("totals", &["stock"], &["item", "amount"], statement);
    let given = || vec![("stock", rows(&["item", "amount"], &[&[1, 2], &[1, 3], &[2, 4]]))];
    let mut tripled = unit_test("a variable counts", given(), rows(&["amount"], &[&[12], &[15]]));
    tripled.variables = vec![("factor".to_owned(), "3".to_owned())];
    totals.unit_tests = vec![
        unit_test("amounts add up", given(), rows(&["item", "amount"], &[&[2, 4], &[1, 5]])),
        tripled,
        unit_test("nothing gives nothing", vec![("stock", rows(&["item", "amount"], &[]))], rows(&["item"], &[])),
        unit_test("this is wrong", given(), rows(&["item", "amount"], &[&[1, 6], &[2, 4]])),
    ];
    let report = warehouse.build(&project(vec![totals.clone()]));
    let result = node(&report, "totals");
    assert_eq!((result.status, result.message.as_str()), (NodeStatus::Failed, "a unit test failed"));
    let passed: Vec<_> = result.unit_tests.iter().map(|test| test.passed).collect();
    assert_eq!(passed, [true, true, true, false], "{:#?}", result.unit_tests);
    assert_eq!(result.unit_tests[3].difference, "  item | amount\n- 1 | 6\n+ 1 | 5");
    assert_eq!(warehouse.rows("SELECT count(*) FROM sqlite_schema WHERE name = 'TOTALS'"), ["0"]);

    totals.unit_tests.pop();
    let models = project(vec![totals]);
    assert_eq!(node(&warehouse.build(&models), "totals").unit_tests.len(), 3);
    // A model that was built and whose unit tests have passed does not run them again.
    assert_eq!(node(&warehouse.build(&models), "totals").unit_tests.len(), 0);
}

#[test]
fn an_incremental_build_is_proven_over_what_is_there() {
    let warehouse = Warehouse::new();
    let statement = "SELECT item, SUM(amount) AS amount FROM {stock} \
                     {when incremental} WHERE item IN (SELECT item FROM {changes}) {end} GROUP BY item";
    let changes = "SELECT item FROM {stock} WHERE wms_loaded_at > {watermark} \
                   UNION SELECT item FROM {this} WHERE amount < 0";
    let mut totals = incremental(
        Strategy::Replace(names(&["item"])),
        Some(changes),
        model("totals", &["stock"], &["item", "amount"], statement),
    );
    let moment = Value::Timestamp;
    let stock = Rows {
        columns: names(&["item", "amount", "wms_loaded_at"]),
        rows: vec![
            vec![Value::Int64(1), Value::Int64(2), moment(5_000_000)],
            vec![Value::Int64(2), Value::Int64(3), moment(9_000_000)],
            vec![Value::Int64(3), Value::Int64(4), moment(5_000_000)],
        ],
    };
    let this = rows(&["item", "amount"], &[&[3, -1]]);
    let expected = rows(&["item", "amount"], &[&[2, 3], &[3, 4]]);
    let mut test = unit_test("only what changed", vec![("stock", stock), ("this", this)], expected);
    test.watermark = Some(7_000_000);
    totals.unit_tests = vec![test];
    let report = warehouse.build(&project(vec![totals]));
    assert!(!report.has_failed(), "{report:#?}");
}
