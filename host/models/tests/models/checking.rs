//! The mistakes of a declaration are reported before anything is built: all of them, with their places.

use wmshost_flow::model::{Assertion, Materialization, Strategy};
use wmshost_models::Project;

use crate::warehouse::{Warehouse, incremental, model, names, project, reported, setup, test, view};

fn wrong(models: Vec<wmshost_flow::model::Model>) -> String {
    reported(&Project::new(setup(models)).expect_err("mistakes"))
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let mut tested = model("tested", &["stock"], &["id"], "SELECT id FROM {stock}");
    tested.tests = vec![test("t", Assertion::NotNull(names(&["idd"]))), test("t", Assertion::Unique(names(&["id"])))];
    let reported = wrong(vec![
        model("Bad-Name", &[], &["id"], "SELECT 1 AS id"),
        model("stock", &[], &["id"], "SELECT 1 AS id"),
        model("wms_item", &[], &["id"], "SELECT 1 AS id"),
        model("twice", &[], &["id"], "SELECT 1 AS id"),
        model("twice", &[], &["id"], "SELECT 1 AS id"),
        model("reads", &["stok", "item"], &["id"], "SELECT id FROM {stok}\nWHERE {now} > {oops} AND {var:days} > 1"),
        model("bare", &[], &[], "SELECT 1"),
        incremental(
            Strategy::Replace(names(&["day"])),
            None,
            model("windows", &[], &["id"], "SELECT {watermark} AS id"),
        ),
        tested,
    ]);
    for part in [
        "model Bad-Name: the name is not valid",
        "model stock: a stream has that name",
        "model wms_item: its table would be that of the stream item",
        "model twice: declared twice: this plugin has a model of that name already",
        "model reads: it reads stok, which is neither a stream nor a model; did you mean stock?",
        "model reads: it says that it reads item, but its SQL has no {item}",
        "model reads, SQL 2:15: {oops} is not among what the model reads; add it there\n  2 | WHERE {now} > {oops}",
        "model reads, SQL 2:26: the variable days is not given",
        "model bare: it declares no columns",
        "model windows: its window names the column day, which it does not declare",
        "model windows: it replaces windows but does not say which",
        "model windows, SQL 1:8: it does not exist in a full build",
        "model tested, test t: another test has that name",
    ] {
        assert!(reported.contains(part), "{part:?} is not in\n{reported}");
    }
}

#[test]
fn a_circle_is_reported_once_with_its_way() {
    let reported = wrong(vec![
        model("a", &["b"], &["id"], "SELECT id FROM {b}"),
        model("b", &["c"], &["id"], "SELECT id FROM {c}"),
        model("c", &["a"], &["id"], "SELECT id FROM {a}"),
    ]);
    assert_eq!(reported, "plugin marts, model a: models read each other in a circle: a reads b reads c reads a");
}

#[test]
fn tests_and_unit_tests_name_columns_that_there_are() {
    let mut tested = model("tested", &["stock"], &["id"], "SELECT id FROM {stock}");
    tested.tests = vec![
        test("filled", Assertion::NotNull(names(&["idd"]))),
        test("there", Assertion::Relationship { column: "id".into(), to: "itm".into(), to_column: "item".into() }),
    ];
    let reported = wrong(vec![tested]);
    assert!(reported.contains("test filled: model tested has no column idd; did you mean id?"), "{reported}");
    assert!(reported.contains("test there: itm is neither a stream nor a model; did you mean item?"), "{reported}");
}

#[test]
fn the_database_looks_at_sql_before_anything_is_built() {
    let warehouse = Warehouse::new();
    let reported = |models| reported(&warehouse.examine(&project(models)).expect_err("mistakes"));
    let broken = "SELECT id,\n       amuont AS amount\nFROM {stock}";
    let found = reported(vec![
        model("broken", &["stock"], &["id", "amount"], broken),
        model("behind", &["broken"], &["id"], "SELECT id, amount FROM {broken}"),
        view("odd", &["stock"], &["id"], "SELECT id, abs() FROM {stock}"),
        view("unlike", &["stock"], &["id", "gone"], "SELECT id, item FROM {stock}"),
        view("more", &["stock"], &["id"], "SELECT id, item FROM {stock}"),
    ]);
    let expected = [
        "plugin marts, model broken, SQL 2:8: target analytics: no such column: amuont\n  2 |        amuont AS amount\n    |        ^",
        "model behind: its SQL returns columns that are not declared: amount",
        "model odd, SQL 1:12: target analytics: wrong number of arguments to function abs()",
        "model unlike: its SQL does not return the declared columns gone",
        "model more: its SQL returns columns that are not declared: item; declare them",
    ];
    for part in expected {
        assert!(found.contains(part), "{part:?} is not in\n{found}");
    }
    assert_eq!(warehouse.rows("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'WMS%'"), [""; 0]);
}

#[test]
fn a_stream_that_was_never_loaded_is_no_mistake() {
    let warehouse = Warehouse::new();
    warehouse.run_sql("DROP TABLE WMS_STOCK");
    let models = project(vec![
        model("broken", &["stock"], &["id"], "SELECT nothing FROM {stock}"),
        model("other", &["item"], &["item"], "SELECT item FROM {item}"),
    ]);
    assert_eq!(warehouse.examine(&models).expect("sound"), ["stock"]);
    let report = warehouse.build(&models);
    let broken = crate::warehouse::node(&report, "broken");
    assert!(broken.message.contains("the stream stock, which was never loaded"), "{}", broken.message);
    assert_eq!(crate::warehouse::action(&report, "other"), "full");
}

#[test]
fn incremental_sql_is_looked_at_too() {
    let warehouse = Warehouse::new();
    let statement = "SELECT id, amount FROM {stock} {when incremental} WHERE wrong IN (SELECT id FROM {changes}) {end}";
    let changes = "SELECT id FROM {stock} WHERE wms_loaded_at > {watermark}";
    let kept = model("kept", &["stock"], &["id", "amount"], statement);
    let found = reported(
        &warehouse
            .examine(&project(vec![incremental(Strategy::Merge(names(&["id"])), Some(changes), kept)]))
            .expect_err("a mistake"),
    );
    assert!(found.contains("model kept, SQL 1:57: target analytics: no such column: wrong"), "{found}");
}

#[test]
fn an_ephemeral_model_becomes_part_of_others() {
    let mut inner = view("inner_rows", &["stock"], &["id"], "SELECT id FROM {stock} WHERE amount > {var:least=7}");
    inner.materialization = Materialization::Ephemeral;
    let outer = model("outer_rows", &["inner_rows"], &["id"], "SELECT id FROM {inner_rows} x");
    let models = project(vec![inner, outer]);
    let compiled = models.compiled("outer_rows", 0).expect("a model");
    let (full, incremental) = (compiled.full, compiled.incremental);
    assert_eq!(full, "SELECT id FROM (SELECT id FROM \"WMS_STOCK\" WHERE amount > 7) x");
    assert_eq!(incremental, None);
    let warehouse = Warehouse::new();
    warehouse.build(&models);
    assert_eq!(warehouse.rows("SELECT id FROM OUTER_ROWS ORDER BY id"), ["1", "2"]);
}
