//! Every strategy to build a model in Oracle's SQL, on the emulator.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use wmshost_databases::oracle::{self, Address, Protocol, Secret, Service, Settings};
use wmshost_flow::model::{Assertion, Materialization, Model, OnChange, Snapshot, Strategy};
use wmshost_flow::{Dialect, Value};
use wmshost_models::{NodeStatus, Project, Setup};
use wmshost_oracle_emulator::{Account, Effect, Emulator, Fault, Moment, Options, Release, Transport};

use crate::warehouse::{HOUR, Warehouse, action, incremental, model, names, node, reported, setup, test, view};

const ACCOUNTS: u32 = 24;

/// One emulator for all tests, each of which has an account of its own.
pub(crate) static SERVER: LazyLock<Emulator> = LazyLock::new(|| {
    let accounts = (1..=ACCOUNTS).map(|number| Account::new(&format!("MART{number}"), "mart"));
    Emulator::start(accounts.fold(Options::default(), Options::account)).expect("an emulator")
});
static NEXT: AtomicU32 = AtomicU32::new(1);

/// The two streams, as in the other tests, and the account that owns them.
pub(crate) fn warehouse() -> (Warehouse, String) {
    let account = format!("MART{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let address = Address::Host {
        host: "localhost".to_owned(),
        port: SERVER.port(Release::R19, Transport::Tcp),
        service: Service::Name("STANDIN".to_owned()),
        protocol: Protocol::Tcp,
    };
    let settings = Settings::new(address, &account, Secret::new("mart"));
    let warehouse = Warehouse::over(|clock| oracle::open_target(settings, 6, "analytics", clock).expect("a target"));
    for table in [
        "CREATE TABLE WMS_STOCK (id NUMBER(19) PRIMARY KEY, item NUMBER(19), place VARCHAR2(4000), amount NUMBER(19), \
         wms_run_id VARCHAR2(128), wms_loaded_at TIMESTAMP(6))",
        "CREATE TABLE WMS_ITEM (item NUMBER(19) PRIMARY KEY, name VARCHAR2(4000), wms_run_id VARCHAR2(128), \
         wms_loaded_at TIMESTAMP(6))",
    ] {
        warehouse.run_sql(table);
    }
    item(&warehouse, 1, "box");
    item(&warehouse, 2, "crate");
    for (id, item, place, amount) in [(1, 1, "A", 10), (2, 1, "B", 20), (3, 2, "A", 5)] {
        stock(&warehouse, id, item, place, amount);
    }
    (warehouse, account)
}

fn stock(warehouse: &Warehouse, id: i64, item: i64, place: &str, amount: i64) {
    warehouse.run_sql(&format!("DELETE FROM WMS_STOCK WHERE id = {id}"));
    let now = Value::Timestamp(wmshost_flow::Clock::now(warehouse.clock.as_ref()));
    warehouse.run_sql(&format!(
        "INSERT INTO WMS_STOCK VALUES ({id}, {item}, '{place}', {amount}, 'load', TIMESTAMP '{now}')"
    ));
}

fn item(warehouse: &Warehouse, item: i64, name: &str) {
    warehouse.run_sql(&format!("DELETE FROM WMS_ITEM WHERE item = {item}"));
    let now = Value::Timestamp(wmshost_flow::Clock::now(warehouse.clock.as_ref()));
    warehouse.run_sql(&format!("INSERT INTO WMS_ITEM VALUES ({item}, '{name}', 'load', TIMESTAMP '{now}')"));
}

fn project(models: Vec<Model>) -> Project {
    let setup = Setup { dialect: Dialect::Oracle, ..setup(models) };
    Project::new(setup).unwrap_or_else(|wrong| panic!("{}", reported(&wrong)))
}

const CHANGED: &str = "{when incremental} WHERE wms_loaded_at > {watermark} {end}";

fn totals() -> Vec<Model> {
    vec![
        view("stg", &["stock"], &["item", "amount"], "SELECT item, amount FROM {stock} WHERE amount > 0"),
        model("totals", &["stg"], &["item", "amount"], "SELECT item, SUM(amount) AS amount FROM {stg} GROUP BY item"),
        view(
            "named",
            &["totals", "item"],
            &["name", "amount"],
            "SELECT i.name, t.amount FROM {totals} t JOIN {item} i ON i.item = t.item",
        ),
    ]
}

const NAMED: &str = "SELECT name, amount FROM NAMED ORDER BY name";

#[test]
fn views_and_tables_follow_their_declaration() {
    let (warehouse, _) = warehouse();
    let models = project(totals());
    assert_eq!(warehouse.examine(&models), Ok(Vec::new()));
    let report = warehouse.build(&models);
    assert!(!report.has_failed(), "{report:#?}");
    assert_eq!(warehouse.rows(NAMED), ["box 30", "crate 5"]);
    assert_eq!(["stg", "totals"].map(|name| action(&warehouse.build(&models), name)), ["unchanged"; 2]);
    stock(&warehouse, 4, 2, "B", 1);
    assert_eq!(action(&warehouse.build(&models), "totals"), "full");
    assert_eq!(warehouse.rows(NAMED), ["box 30", "crate 6"]);

    // Other columns: the tables are exchanged under the view that reads them.
    let mut wider = totals();
    wider[1] = model(
        "totals",
        &["stg"],
        &["item", "amount", "rows_of"],
        "SELECT item, SUM(amount) AS amount, COUNT(*) AS rows_of FROM {stg} GROUP BY item",
    );
    let report = warehouse.build(&project(wider.clone()));
    assert!(!report.has_failed() && action(&report, "totals") == "full", "{report:#?}");
    assert_eq!(warehouse.rows(NAMED), ["box 30", "crate 6"]);
    assert_eq!(warehouse.rows("SELECT rows_of FROM TOTALS ORDER BY item"), ["2", "2"]);

    // A view becomes a table, a table a view.
    wider[0].materialization = Materialization::Table;
    wider[1].materialization = Materialization::View;
    let report = warehouse.build(&project(wider));
    assert!(!report.has_failed(), "{report:#?}");
    let kinds =
        "SELECT object_name, object_type FROM user_objects WHERE object_name IN ('STG', 'TOTALS', 'NAMED') ORDER BY 1";
    assert_eq!(warehouse.rows(kinds), ["NAMED VIEW", "STG TABLE", "TOTALS VIEW"]);
    assert_eq!(warehouse.rows(NAMED), ["box 30", "crate 6"]);
    let left =
        "SELECT COUNT(*) FROM user_objects WHERE object_name LIKE 'WMSHOST_NEW%' OR object_name LIKE 'WMSHOST_OLD%'";
    assert_eq!(warehouse.rows(left), ["0"]);
}

#[test]
fn a_failed_model_leaves_what_was_there_and_says_where() {
    let (warehouse, account) = warehouse();
    warehouse.build(&project(totals()));
    stock(&warehouse, 4, 2, "B", 0);
    let mut broken = totals();
    broken[1].statement = "SELECT item, SUM(1 / amount) AS amount\nFROM {stock} GROUP BY item".into();
    broken[1].depends_on = names(&["stock"]);
    let report = warehouse.build(&project(broken.clone()));
    let totals_node = node(&report, "totals");
    assert_eq!(totals_node.status, NodeStatus::Errored);
    assert!(totals_node.message.contains("ORA-01476"), "{}", totals_node.message);
    assert_eq!(node(&report, "named").status, NodeStatus::Skipped);
    assert_eq!(warehouse.rows(NAMED), ["box 30", "crate 5"]);

    // The name in the server's error is found in the model's own text, before anything is built and during a build.
    broken[1].statement = "SELECT item,\n  SUM(s.amonut) AS amount\nFROM {stock} s GROUP BY item".into();
    let broken = project(broken);
    let wrong = reported(&warehouse.examine(&broken).expect_err("a mistake"));
    assert!(wrong.contains("plugin marts, model totals, SQL 2:9") && wrong.contains("ORA-00904"), "{wrong}");
    let message = node(&warehouse.build(&broken), "totals").message.clone();
    assert!(message.starts_with("SQL 2:9: target analytics: ORA-00904"), "{message}");
    assert!(message.contains("SUM(s.amonut)"), "{message}");

    // An exchange of which the second half fails is undone.
    let mut wider = totals();
    wider[1] = model(
        "totals",
        &["stg"],
        &["item", "amount", "more"],
        "SELECT item, SUM(amount) AS amount, 1 AS more FROM {stg} GROUP BY item",
    );
    let second = Moment::Statement("ALTER TABLE \"WMSHOST_NEW_TOTALS\"".into());
    SERVER.faults().add(Fault::new(second, Effect::Fail(60)).account(&account));
    let report = warehouse.build(&project(wider.clone()));
    assert!(node(&report, "totals").message.contains("ORA-00060"), "{report:#?}");
    assert_eq!(warehouse.rows(NAMED), ["box 30", "crate 5"]);
    assert!(!warehouse.build(&project(wider)).has_failed());
    assert_eq!(warehouse.rows("SELECT item, amount, more FROM TOTALS ORDER BY item"), ["1 30 1", "2 5 1"]);
}

/// A view is to become a table, and the table does not get the name: the view exists again, and so do its readers.
#[test]
fn a_view_comes_back_where_a_table_cannot_take_its_place() {
    let (warehouse, account) = warehouse();
    let mut models = totals();
    models[0].statement =
        "SELECT item, amount /* all but 'nothing' */ FROM {stock} WHERE amount > 0 AND COALESCE(place, 'it''s') <> 'none'"
            .into();
    models.push(view("read", &["stg"], &["item"], "SELECT item FROM {stg}"));
    warehouse.build(&project(models.clone()));
    let rows = |warehouse: &Warehouse| {
        warehouse.rows("SELECT s.item, s.amount FROM STG s JOIN READ r ON r.item = s.item ORDER BY 1, 2")
    };
    let before = rows(&warehouse);
    assert_eq!(before.len(), 5);
    models[0].materialization = Materialization::Table;
    let models = project(models);
    for effect in [Effect::Fail(60), Effect::DropBefore] {
        let second = Moment::Statement("ALTER TABLE \"WMSHOST_NEW_STG\"".into());
        let fault = SERVER.faults().add(Fault::new(second, effect).account(&account));
        let report = warehouse.run(&models, |options| options.threads = 1);
        assert_eq!(SERVER.faults().struck(fault), 1);
        assert_eq!(node(&report, "stg").status, NodeStatus::Errored, "{report:#?}");
        let kind = "SELECT object_type FROM user_objects WHERE object_name = 'STG'";
        assert_eq!(warehouse.rows(kind), ["VIEW"], "{}", node(&report, "stg").message);
        assert_eq!(rows(&warehouse), before);
        stock(&warehouse, 9, 2, "C", 0);
    }
    assert!(!warehouse.build(&models).has_failed());
    assert_eq!(warehouse.rows("SELECT object_type FROM user_objects WHERE object_name = 'STG'"), ["TABLE"]);
    assert_eq!(rows(&warehouse), before);
}

#[test]
fn a_lost_connection_costs_one_model() {
    let (warehouse, account) = warehouse();
    let models = project(totals());
    warehouse.build(&models);
    item(&warehouse, 1, "carton");
    stock(&warehouse, 4, 2, "B", 1);
    let lost = Moment::Statement("DELETE FROM \"TOTALS\"".into());
    SERVER.faults().add(Fault::new(lost, Effect::DropBefore).account(&account));
    let report = warehouse.run(&models, |options| options.threads = 1);
    assert_eq!(node(&report, "totals").status, NodeStatus::Errored, "{report:#?}");
    assert_eq!(warehouse.rows(NAMED), ["carton 30", "crate 5"]);
    assert!(!warehouse.build(&models).has_failed());
    assert_eq!(warehouse.rows(NAMED), ["carton 30", "crate 6"]);
}

fn merged() -> Model {
    let statement = format!("SELECT id, item, amount * 2 AS doubled FROM {{stock}} {CHANGED}");
    let merged = model("merged", &["stock"], &["id", "item", "doubled"], &statement);
    incremental(Strategy::Merge(names(&["id"])), None, merged)
}

#[test]
fn a_merge_takes_in_only_what_changed() {
    let (warehouse, _) = warehouse();
    let behind = model("behind", &["merged"], &["total"], "SELECT SUM(doubled) AS total FROM {merged}");
    let models = project(vec![merged(), behind]);
    assert_eq!(warehouse.examine(&models), Ok(Vec::new()));
    assert_eq!(action(&warehouse.build(&models), "merged"), "full");
    warehouse.later(HOUR);
    stock(&warehouse, 2, 1, "B", 21);
    stock(&warehouse, 3, 2, "Z", 5);
    stock(&warehouse, 4, 2, "C", 7);
    let report = warehouse.build(&models);
    let merged_node = node(&report, "merged");
    let reported = (action(&report, "merged"), merged_node.changed, merged_node.rows);
    assert_eq!(reported, ("incremental", 2, Some(4)), "{}", merged_node.message);
    let query = "SELECT id, item, doubled FROM MERGED ORDER BY id";
    assert_eq!(warehouse.rows(query), ["1 1 20", "2 1 42", "3 2 10", "4 2 14"]);
    assert_eq!(warehouse.rows("SELECT COUNT(DISTINCT wms_loaded_at) FROM MERGED"), ["2"]);
    stock(&warehouse, 2, 1, "Q", 21);
    assert_eq!(action(&warehouse.build(&models), "behind"), "unchanged");
    let by_item = format!("SELECT item, amount FROM {{stock}} {CHANGED}");
    let broken = model("by_item", &["stock"], &["item", "amount"], &by_item);
    let report = warehouse.build(&project(vec![incremental(Strategy::Merge(names(&["item"])), None, broken)]));
    let message = &node(&report, "by_item").message;
    assert_eq!(message, "its SQL returns two rows with one key (item); group or choose among them");
}

#[test]
fn windows_are_replaced_and_those_that_are_empty_are_emptied() {
    for keyed in [false, true] {
        let (warehouse, _) = warehouse();
        let statement = "SELECT place, SUM(amount) AS amount FROM {stock} WHERE amount > 0 \
                         {when incremental} AND COALESCE(place, '-') IN (SELECT COALESCE(place, '-') FROM {changes}) {end} \
                         GROUP BY place";
        let changes = "SELECT place FROM {stock} WHERE wms_loaded_at > {watermark}";
        let sums = model("sums", &["stock"], &["place", "amount"], statement);
        let mut sums = incremental(Strategy::Replace(names(&["place"])), Some(changes), sums);
        if keyed {
            sums.tests = vec![test("one", Assertion::Unique(names(&["place"])))];
        }
        let models = project(vec![sums]);
        assert_eq!(warehouse.examine(&models), Ok(Vec::new()));
        warehouse.build(&models);
        stock(&warehouse, 2, 1, "B", 0);
        stock(&warehouse, 1, 1, "A", 10);
        stock(&warehouse, 9, 1, "", 1);
        let report = warehouse.build(&models);
        assert_eq!(action(&report, "sums"), "incremental", "{keyed}");
        assert_eq!(warehouse.rows("SELECT place, amount FROM SUMS ORDER BY place"), ["A 15", "NULL 1"], "{keyed}");
        // A window whose only column is NULL is found too.
        stock(&warehouse, 9, 1, "", 2);
        let report = warehouse.build(&models);
        assert_eq!(node(&report, "sums").rows, Some(2), "{keyed}");
        assert_eq!(warehouse.rows("SELECT place, amount FROM SUMS ORDER BY place"), ["A 15", "NULL 2"], "{keyed}");
    }
}

#[test]
fn what_is_appended_is_appended_once() {
    let (warehouse, account) = warehouse();
    let statement = format!("SELECT id, amount FROM {{stock}} {CHANGED}");
    let log = model("log", &["stock"], &["id", "amount"], &statement);
    let models = project(vec![incremental(Strategy::Append, None, log)]);
    warehouse.build(&models);
    stock(&warehouse, 1, 1, "A", 11);
    // The rows and their record are committed together: what is lost before the record does not exist.
    let note = Moment::Statement("INSERT INTO WMSHOST_MODEL".into());
    SERVER.faults().add(Fault::new(note, Effect::DropBefore).account(&account));
    assert!(warehouse.build(&models).has_failed());
    for _ in 0..2 {
        assert!(!warehouse.build(&models).has_failed());
    }
    assert_eq!(warehouse.rows("SELECT id, amount FROM LOG ORDER BY id, amount"), ["1 10", "1 11", "2 20", "3 5"]);
}

#[test]
fn a_history_keeps_every_version() {
    let (warehouse, _) = warehouse();
    let snapshot =
        Snapshot { key: names(&["item"]), check_columns: Vec::new(), updated_at: None, invalidate_deleted: true };
    let mut versions = model("item_history", &["item"], &["item", "name"], "SELECT item, name FROM {item}");
    versions.materialization = Materialization::Snapshot(snapshot);
    let models = project(vec![versions]);
    assert_eq!(action(&warehouse.build(&models), "item_history"), "full");
    warehouse.later(HOUR);
    item(&warehouse, 1, "carton");
    assert_eq!(action(&warehouse.build(&models), "item_history"), "versions");
    warehouse.later(HOUR);
    warehouse.run_sql("DELETE FROM WMS_ITEM WHERE item = 2");
    item(&warehouse, 3, "barrel");
    warehouse.build(&models);
    let versions = "SELECT item, name, TO_CHAR(wms_valid_from, 'HH24:MI'), TO_CHAR(wms_valid_to, 'HH24:MI'), \
                    wms_is_current FROM ITEM_HISTORY ORDER BY item, wms_valid_from";
    let expected = ["1 box 12:00 13:00 0", "1 carton 13:00 NULL 1", "2 crate 12:00 14:00 0", "3 barrel 14:00 NULL 1"];
    assert_eq!(warehouse.rows(versions), expected);
    let report = warehouse.run(&models, |options| options.full_refresh = true);
    assert_eq!(action(&report, "item_history"), "full");
    assert_eq!(warehouse.rows("SELECT item, name FROM ITEM_HISTORY ORDER BY item"), ["1 carton", "3 barrel"]);
}

#[test]
fn columns_change_as_the_model_says() {
    for (on_change, expected, places) in [
        (OnChange::Rebuild, "full", &["A", "B", "A", "D"]),
        (OnChange::AddColumns, "incremental", &["NULL", "NULL", "NULL", "D"]),
    ] {
        let (warehouse, _) = warehouse();
        warehouse.build(&project(vec![merged()]));
        stock(&warehouse, 4, 2, "D", 7);
        let statement = format!("SELECT id, item, amount * 2 AS doubled, place FROM {{stock}} {CHANGED}");
        let wider = model("merged", &["stock"], &["id", "item", "doubled", "place"], &statement);
        let mut wider = incremental(Strategy::Merge(names(&["id"])), None, wider);
        if let Materialization::Incremental(increment) = &mut wider.materialization {
            increment.on_change = on_change;
        }
        let report = warehouse.build(&project(vec![wider]));
        assert_eq!(action(&report, "merged"), expected, "{report:#?}");
        assert_eq!(warehouse.rows("SELECT place FROM MERGED ORDER BY id"), places);
    }
}

#[test]
fn a_table_that_is_built_anew_passes_on_only_what_changed() {
    let (warehouse, _) = warehouse();
    let statement = "SELECT item, SUM(amount) AS amount FROM {stock} GROUP BY item";
    let mut totals = model("totals", &["stock"], &["item", "amount"], statement);
    totals.tests = vec![test("one", Assertion::Unique(names(&["item"])))];
    let statement = format!("SELECT item, amount * 10 AS tenfold FROM {{totals}} {CHANGED}");
    let tens = model("tens", &["totals"], &["item", "tenfold"], &statement);
    let models = project(vec![totals, incremental(Strategy::Merge(names(&["item"])), None, tens)]);
    warehouse.build(&models);
    stock(&warehouse, 4, 2, "B", 1);
    let report = warehouse.build(&models);
    assert_eq!((action(&report, "totals"), node(&report, "totals").changed), ("full", 1));
    assert_eq!((action(&report, "tens"), node(&report, "tens").changed), ("incremental", 1));
    assert_eq!(warehouse.rows("SELECT item, tenfold FROM TENS ORDER BY item"), ["1 300", "2 60"]);
    stock(&warehouse, 4, 2, "C", 1);
    let report = warehouse.build(&models);
    assert_eq!((action(&report, "totals"), node(&report, "totals").changed), ("full", 0));
    assert_eq!(action(&report, "tens"), "unchanged");
}

#[test]
fn texts_of_an_index_share_its_room() {
    let (warehouse, _) = warehouse();
    let statement = "SELECT i.item, i.name, s.place FROM {item} i JOIN {stock} s ON s.item = i.item";
    let mut placed = model("placed", &["item", "stock"], &["item", "name", "place"], statement);
    placed.storage.indexes = vec![names(&["name", "place"]), names(&["item"])];
    assert!(!warehouse.build(&project(vec![placed.clone()])).has_failed());
    let widths = "SELECT data_type, data_length FROM user_tab_columns WHERE table_name = 'PLACED' ORDER BY column_id";
    let expected = ["NUMBER 22", "VARCHAR2 3000", "VARCHAR2 3000", "VARCHAR2 128", "TIMESTAMP(6) 11"];
    assert_eq!(warehouse.rows(widths), expected);
    // Other indexes on the same columns are created and dropped without a new table.
    placed.storage.indexes = vec![names(&["name", "place"]), names(&["place", "item"])];
    assert!(!warehouse.build(&project(vec![placed])).has_failed());
    let indexes =
        "SELECT index_name, column_name FROM user_ind_columns WHERE table_name = 'PLACED' ORDER BY 1, column_position";
    let expected = ["PLACED_IX1 NAME", "PLACED_IX1 PLACE", "PLACED_IX2 PLACE", "PLACED_IX2 ITEM"];
    assert_eq!(warehouse.rows(indexes), expected);
}
