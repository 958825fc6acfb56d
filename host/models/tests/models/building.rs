//! The order of builds, their outcome, and the state after a failure.

use wmshost_flow::model::{Assertion, Materialization, Snapshot};
use wmshost_models::NodeStatus;

use crate::warehouse::{HOUR, Warehouse, action, model, names, node, project, selected, test, view};

fn chain() -> Vec<wmshost_flow::model::Model> {
    vec![
        model("totals", &["stg"], &["item", "amount"], "SELECT item, SUM(amount) AS amount FROM {stg} GROUP BY item"),
        view("stg", &["stock"], &["item", "amount"], "SELECT item, amount FROM {stock} WHERE amount > 0"),
        model(
            "named",
            &["totals", "item"],
            &["name", "amount"],
            "SELECT i.name, t.amount FROM {totals} t JOIN {item} i ON i.item = t.item",
        ),
    ]
}

#[test]
fn models_are_built_in_the_order_of_what_they_read() {
    let warehouse = Warehouse::new();
    let models = project(chain());
    let report = warehouse.build(&models);
    assert!(!report.has_failed(), "{report:#?}");
    assert_eq!(warehouse.rows("SELECT name, amount FROM NAMED ORDER BY name"), ["box 30", "crate 5"]);
    assert_eq!(node(&report, "totals").rows, Some(2));
    assert_eq!(models.model_names(), ["stg", "totals", "named"]);
    assert_eq!(warehouse.rows("SELECT DISTINCT wms_run_id FROM NAMED"), ["run-1"]);
    assert_eq!(warehouse.rows("SELECT typeof(amount), typeof(wms_loaded_at) FROM NAMED LIMIT 1"), ["integer text"]);
}

#[test]
fn what_has_not_changed_is_left_alone() {
    let warehouse = Warehouse::new();
    let models = project(chain());
    warehouse.build(&models);
    warehouse.later(HOUR);
    let again = warehouse.build(&models);
    assert_eq!(["stg", "totals", "named"].map(|name| action(&again, name)), ["unchanged"; 3]);
    warehouse.item(1, "carton");
    let again = warehouse.build(&models);
    assert_eq!(["stg", "totals", "named"].map(|name| action(&again, name)), ["unchanged", "unchanged", "full"]);
    assert_eq!(warehouse.rows("SELECT name FROM NAMED ORDER BY name"), ["carton", "crate"]);
    warehouse.stock(4, 2, "B", 1);
    let again = warehouse.build(&models);
    assert_eq!(["stg", "totals", "named"].map(|name| action(&again, name)), ["unchanged", "full", "full"]);
    let forced = warehouse.run(&models, |options| options.force = true);
    assert_eq!(action(&forced, "totals"), "full");
}

#[test]
fn another_declaration_is_built_anew() {
    let warehouse = Warehouse::new();
    warehouse.build(&project(chain()));
    let mut changed = chain();
    changed[1].statement = "SELECT item, amount FROM {stock} WHERE amount > 7".into();
    let report = warehouse.build(&project(changed));
    assert_eq!(["stg", "totals", "named"].map(|name| action(&report, name)), ["view", "full", "full"]);
    assert_eq!(warehouse.rows("SELECT amount FROM TOTALS"), ["30"]);
    let mut as_table = chain();
    as_table[1].materialization = Materialization::Table;
    as_table[0].materialization = Materialization::View;
    let report = warehouse.build(&project(as_table));
    assert!(!report.has_failed(), "{report:#?}");
    assert_eq!(
        warehouse.rows("SELECT name || ' ' || type FROM sqlite_schema WHERE name IN ('STG', 'TOTALS') ORDER BY 1"),
        ["STG table", "TOTALS view"]
    );
}

#[test]
fn a_failed_model_leaves_what_was_there_and_stops_what_is_behind() {
    let warehouse = Warehouse::new();
    warehouse.build(&project(chain()));
    warehouse.stock(4, 2, "B", 1);
    let mut broken = chain();
    broken[0].statement =
        "SELECT item, SUM(amount) + abs(-9223372036854775807 - 1) AS amount FROM {stg} GROUP BY item".into();
    broken.push(model("apart", &["item"], &["item"], "SELECT item FROM {item}"));
    let report = warehouse.build(&project(broken));
    assert_eq!(node(&report, "totals").status, NodeStatus::Errored);
    assert!(node(&report, "totals").message.contains("integer overflow"), "{}", node(&report, "totals").message);
    assert_eq!(node(&report, "named").status, NodeStatus::Skipped);
    assert_eq!(node(&report, "named").message, "it reads totals, which failed");
    assert_eq!(action(&report, "apart"), "full");
    assert_eq!(warehouse.rows("SELECT amount FROM TOTALS ORDER BY item"), ["30", "5"]);
    assert_eq!(warehouse.rows("SELECT name FROM sqlite_schema WHERE name LIKE 'WMSHOST_NEW%'"), [""; 0]);
    let repaired = warehouse.build(&project(chain()));
    assert!(!repaired.has_failed());
    assert_eq!(warehouse.rows("SELECT amount FROM TOTALS ORDER BY item"), ["30", "6"]);
}

#[test]
fn a_failed_test_stops_what_is_behind_until_it_passes() {
    let warehouse = Warehouse::new();
    let mut models = chain();
    models[0].tests = vec![test("few", Assertion::Expression("amount < 30".into()))];
    let models = project(models);
    let report = warehouse.build(&models);
    assert_eq!(node(&report, "totals").status, NodeStatus::Failed);
    assert_eq!(node(&report, "named").status, NodeStatus::Skipped);
    // Nothing has changed, but the failed test is run again.
    assert_eq!(node(&warehouse.build(&models), "totals").status, NodeStatus::Failed);
    warehouse.stock(2, 1, "B", 1);
    assert!(!warehouse.build(&models).has_failed());
    assert_eq!(warehouse.rows("SELECT count(*) FROM NAMED"), ["2"]);
}

#[test]
fn fail_fast_begins_nothing_more() {
    let warehouse = Warehouse::new();
    let models: Vec<_> = (0..5)
        .map(|n| {
            let overflow = format!("SELECT {n} + abs(-9223372036854775807 - 1) AS id FROM {{item}}");
            model(&format!("m{n}"), &["item"], &["id"], &overflow)
        })
        .collect();
    let report = warehouse.run(&project(models), |options| {
        options.fail_fast = true;
        options.threads = 1;
    });
    let errored = report.nodes.iter().filter(|node| node.status == NodeStatus::Errored).count();
    assert_eq!((errored, report.nodes.len()), (1, 5));
}

#[test]
fn a_selection_needs_what_it_reads_to_be_there() {
    let warehouse = Warehouse::new();
    let models = project(chain());
    let alone = selected(&models, &["named"]);
    let report = warehouse.run(&models, |options| options.selected = alone.clone());
    assert!(
        node(&report, "named")
            .message
            .contains("it reads totals, which is not built yet; build that too: --select +named"),
        "{}",
        node(&report, "named").message
    );
    warehouse.build(&models);
    warehouse.item(1, "carton");
    let report = warehouse.run(&models, |options| options.selected = alone);
    assert_eq!((report.nodes.len(), action(&report, "named")), (1, "full"));
}

#[test]
fn readers_never_see_half_a_table() {
    let warehouse = Warehouse::new();
    let many = "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 20000) \
                SELECT n.id, i.item FROM n CROSS JOIN {item} i";
    let models = project(vec![model("many", &["item"], &["id", "item"], many)]);
    warehouse.build(&models);
    let done = std::sync::atomic::AtomicBool::new(false);
    let (counts, report) = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut counts = std::collections::BTreeSet::new();
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                counts.extend(warehouse.rows("SELECT COUNT(*) FROM MANY"));
            }
            counts
        });
        for item in 3..8 {
            warehouse.item(item, "more");
            warehouse.build(&models);
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        (reader.join().expect("the reader"), warehouse.build(&models))
    });
    assert_eq!(action(&report, "many"), "unchanged");
    let whole: Vec<String> = (2..8).map(|items| (items * 20_000).to_string()).collect();
    assert!(!counts.is_empty() && counts.iter().all(|count| whole.contains(count)), "{counts:?}");
}

#[test]
fn a_history_keeps_every_version() {
    let warehouse = Warehouse::new();
    let snapshot =
        Snapshot { key: names(&["item"]), check_columns: Vec::new(), updated_at: None, invalidate_deleted: true };
    let mut versions = model("item_history", &["item"], &["item", "name"], "SELECT item, name FROM {item}");
    versions.materialization = Materialization::Snapshot(snapshot);
    let models = project(vec![versions]);
    assert_eq!(action(&warehouse.build(&models), "item_history"), "full");
    warehouse.later(HOUR);
    warehouse.item(1, "carton");
    assert_eq!(action(&warehouse.build(&models), "item_history"), "versions");
    warehouse.later(HOUR);
    warehouse.run_sql("DELETE FROM WMS_ITEM WHERE item = 2");
    warehouse.item(3, "barrel");
    warehouse.build(&models);
    let versions = "SELECT item, name, substr(wms_valid_from, 12, 5), coalesce(substr(wms_valid_to, 12, 5), '-'), \
                    wms_is_current FROM ITEM_HISTORY ORDER BY item, wms_valid_from";
    assert_eq!(
        warehouse.rows(versions),
        ["1 box 12:00 13:00 0", "1 carton 13:00 - 1", "2 crate 12:00 14:00 0", "3 barrel 14:00 - 1"]
    );
}

/// The rows of a model are checked against its declaration before they replace the old ones; the failure names the
/// model, the column, the declared type and the type that was found.
#[test]
fn another_type_than_declared_leaves_what_was_there() {
    let warehouse = Warehouse::new();
    let declared = |amount: &str| {
        project(vec![model(
            "kept",
            &["stock"],
            &["id", "amount"],
            &format!("SELECT id, {amount} AS amount FROM {{stock}}"),
        )])
    };
    warehouse.build(&declared("amount"));
    for (amount, found) in [
        ("CASE id WHEN 2 THEN 'many' ELSE amount END", "text there, in 1 rows"),
        ("amount + 0.5", "real there, in 3 rows"),
        ("CASE WHEN id > 1 THEN x'00' END", "blob there, in 2 rows"),
    ] {
        let report = warehouse.build(&declared(amount));
        let kept = node(&report, "kept");
        let reported = format!("the column amount is declared Int64, and its SQL returns {found}");
        assert!(kept.message.contains(&reported), "{amount}: {}", kept.message);
        assert_eq!(warehouse.rows("SELECT SUM(amount) FROM KEPT"), ["35"], "what was there stays");
    }
    // Text that is a number is stored as one in a numeric column, and NULL is of every type.
    assert!(!warehouse.build(&declared("CASE id WHEN 1 THEN '7' END")).has_failed());
    assert_eq!(warehouse.rows("SELECT SUM(amount), COUNT(*) FROM KEPT"), ["7 3"]);
}

/// The rows of an incremental build are checked too.
#[test]
fn another_type_in_an_increment_leaves_what_was_there() {
    use wmshost_flow::model::Strategy;
    let warehouse = Warehouse::new();
    let statement = "SELECT id, CASE WHEN amount = 99 THEN 'much' ELSE amount END AS amount FROM {stock} \
                     {when incremental} WHERE wms_loaded_at > {watermark} {end}";
    let kept = model("kept", &["stock"], &["id", "amount"], statement);
    let models =
        project(vec![crate::warehouse::incremental(Strategy::Merge(crate::warehouse::names(&["id"])), None, kept)]);
    warehouse.build(&models);
    warehouse.later(crate::warehouse::HOUR);
    warehouse.stock(4, 1, "A", 99);
    let report = warehouse.build(&models);
    assert!(node(&report, "kept").message.contains("declared Int64, and its SQL returns text"), "{report:#?}");
    assert_eq!(warehouse.rows("SELECT COUNT(*) FROM KEPT"), ["3"]);
}
