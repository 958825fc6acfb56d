//! The models: the same rows as on SQLite, whatever happens between; readers, faults and parts of a pipeline.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::Value as Json;
use wmshost_flow::{SqlSession, Value};
use wmshost_oracle_emulator::{Account, Effect, Emulator, Fault, Moment, Options};

use crate::warehouse::{TODAY, Warehouse, reported};

/// Seeds of days on which no item is deleted that many rows refer to: with others the tests of the streams would
/// rightly fail.
const DAYS: std::ops::RangeInclusive<u32> = 3..=4;

/// The models that can be read, and the columns that identify their rows.
const MODELS: [(&str, &str); 13] = [
    ("STG_WMS_ALLOCATION", "allocation_id"),
    ("STG_WMS_ORDER_LINES", "order_detail_id"),
    ("STG_WMS_ORDERS", "order_id"),
    ("STG_WMS_ITEMS", "item_id"),
    ("STG_WMS_LOCATIONS", "location_id"),
    ("INT_LOCATION_PERFORMANCE", "location_id"),
    ("INT_USER_PERFORMANCE", "allocated_by_user"),
    ("INT_ALLOCATION_PERFORMANCE", "allocation_id"),
    ("INT_ITEM_TURNOVER", "item_id"),
    ("DIM_ITEMS", "item_id"),
    ("FACT_ALLOCATION_PERFORMANCE", "performance_key"),
    ("FACT_INVENTORY_MOVEMENT", "movement_key"),
    ("KPI_DAILY", "allocation_date"),
];

fn warehouse(allocations: u32) -> Warehouse {
    Warehouse::new(Emulator::start(Options::default()).expect("an emulator"), allocations)
}

fn models(warehouse: &Warehouse, words: &[&str]) -> String {
    let output = warehouse.wmshost(&[&["models"], words].concat(), &[]);
    assert!(output.status.success(), "{words:?}: {}", reported(&output));
    reported(&output)
}

fn json(warehouse: &Warehouse, words: &[&str]) -> Json {
    let output = warehouse.wmshost(&[words, &["--output", "json"]].concat(), &[]);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{words:?}: {error}: {}", reported(&output)))
}

/// The action taken for each model.
fn actions(results: &Json) -> BTreeMap<String, String> {
    let nodes = results["nodes"].as_array().expect("nodes").iter().filter(|node| node["kind"] == "model");
    let text = |value: &Json| value.as_str().unwrap_or("-").to_owned();
    nodes.map(|node| (text(&node["name"]), text(&node["action"]))).collect()
}

fn rows(sql: &mut dyn SqlSession, query: &str) -> Vec<Vec<Value>> {
    sql.query(query, &[]).unwrap_or_else(|failure| panic!("{query}: {failure}"))
}

/// One normalisation for both databases: numbers by value to 12 digits, timestamps by their moment, no text without
/// letters.
fn is_same(expected: &Cell, found: &Value) -> bool {
    let number = |found: &Value| match found {
        Value::Int64(number) => Some(*number as f64),
        Value::Float64(number) => Some(*number),
        Value::Decimal(digits) => digits.parse().ok(),
        _ => None,
    };
    let is_close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * a.abs().max(b.abs()).max(1.0);
    match (expected, found) {
        (Cell::Null, Value::Null) => true,
        (Cell::Text(text), Value::Null) => text.is_empty(),
        (Cell::Integer(a), b) => number(b).is_some_and(|b| is_close(*a as f64, b)),
        (Cell::Real(a), b) => number(b).is_some_and(|b| is_close(*a, b)),
        (Cell::Text(a), Value::Text(b)) => a == b,
        (Cell::Text(a), Value::Timestamp(b)) => wmshost_flow::timestamp_from_text(a) == Some(*b),
        // Decimals of many digits are text there.
        (Cell::Text(a), b) => number(b).zip(a.parse().ok()).is_some_and(|(b, a)| is_close(a, b)),
        _ => false,
    }
}

/// The rows of a model on SQLite, by their key as text, and the names of its columns.
fn on_sqlite(target: &Connection, model: &str, key: &str) -> (BTreeMap<String, Vec<Cell>>, Vec<String>) {
    let mut look = target.prepare(&format!("SELECT * FROM {model} LIMIT 0")).expect("the model");
    let columns: Vec<String> =
        look.column_names().filter(|name| !name.starts_with("wms_")).map(str::to_owned).collect();
    drop(look.query([]).expect("no rows"));
    let list = columns.join(", ");
    let mut statement = target.prepare(&format!("SELECT {key}, {list} FROM {model}")).expect("a query");
    let row = |row: &rusqlite::Row<'_>| {
        let key = match row.get::<_, Cell>(0)? {
            Cell::Integer(number) => number.to_string(),
            Cell::Text(text) => text,
            other => format!("{other:?}"),
        };
        let cells = (1..=columns.len()).map(|at| row.get::<_, Cell>(at)).collect::<Result<_, _>>()?;
        Ok((key, cells))
    };
    let mut found = BTreeMap::new();
    for entry in statement.query_map([], row).expect("rows") {
        let (key, cells) = entry.expect("a row");
        assert!(found.insert(key.clone(), cells).is_none(), "{model} has {key} twice");
    }
    (found, columns)
}

/// Every row of every model is the same in both databases, and so is the result of every test.
fn assert_same_models(warehouse: &Warehouse, when: &str) {
    let target = Connection::open(warehouse.path("analytics.db")).expect("the target");
    let mut sql = warehouse.sql("MART", "mart");
    for (model, key) in MODELS {
        let (expected, columns) = on_sqlite(&target, model, key);
        let list = columns.join(", ");
        let found = rows(sql.as_mut(), &format!("SELECT {key}, {list} FROM {model}"));
        assert!(!found.is_empty() && found.len() == expected.len(), "{when}: {model}: {} rows", found.len());
        for row in found {
            let key = match &row[0] {
                // The only key that is a date.
                Value::Timestamp(_) => row[0].to_string()[..10].to_owned(),
                other => other.to_string(),
            };
            let expected = expected.get(&key).unwrap_or_else(|| panic!("{when}: {model} has no {key} on SQLite"));
            for ((name, expected), found) in columns.iter().zip(expected).zip(&row[1..]) {
                assert!(is_same(expected, found), "{when}: {model} {key}, {name}: {expected:?} and {found:?}");
            }
        }
    }
    let tests = "SELECT node, test, status, at_most, failing FROM WMSHOST_TEST ORDER BY node, test";
    let mut statement = target.prepare(tests).expect("a query");
    let row = |row: &rusqlite::Row<'_>| (0..5).map(|at| row.get::<_, Cell>(at)).collect::<Result<Vec<_>, _>>();
    let expected: Vec<Vec<Cell>> = statement.query_map([], row).expect("rows").map(|row| row.expect("a row")).collect();
    let found = rows(sql.as_mut(), tests);
    assert_eq!(found.len(), expected.len(), "{when}: tests");
    for (found, expected) in found.iter().zip(&expected) {
        let same = found.iter().zip(expected).take(3).all(|(found, expected)| is_same(expected, found));
        let failing = match is_same(&expected[3], &found[3]) {
            true => is_same(&expected[4], &found[4]),
            // Only here all rows were counted.
            false => matches!((&expected[4], &found[4]), (Cell::Integer(most), Value::Int64(all)) if all <= most),
        };
        assert!(same && failing, "{when}: {expected:?} and {found:?}");
    }
}

/// The program finds the same of models without sums, which SQLite makes of binary fractions, and compares a table that
/// another user has made.
fn assert_compared(warehouse: &Warehouse, oracle: &str, sqlite: &str) {
    let compare = |code: i32, words: &[&str]| {
        let output = warehouse.wmshost(&[&["models", "compare", oracle], words].concat(), &[]);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", reported(&output));
        reported(&output)
    };
    compare(0, &[sqlite, "--select", "stg_wms_allocation stg_wms_items stg_wms_locations stg_wms_order_lines"]);
    let elsewhere = ["--connection", "wms", "--select", "dim_items"];
    let missing = compare(1, &elsewhere);
    assert!(missing.contains("has no table or view DIM_ITEMS"), "{missing}");
    let mut sql = warehouse.sql("WMS", "wms");
    warehouse.sql("MART", "mart").execute("GRANT SELECT ON DIM_ITEMS TO WMS", &[]).expect("granted");
    sql.execute("CREATE TABLE DIM_ITEMS AS SELECT * FROM MART.DIM_ITEMS", &[]).expect("a copy");
    compare(0, &elsewhere);
    let change = "UPDATE DIM_ITEMS SET item_code = 'other' WHERE item_id = (SELECT MIN(item_id) FROM DIM_ITEMS)";
    assert_eq!(sql.execute(change, &[]).expect("a change"), 1);
    let differs = compare(1, &elsewhere);
    assert!(differs.contains("dim_items: different {\"ITEM_ID\":") && differs.contains("ITEM_CODE"), "{differs}");
    sql.execute("DROP TABLE DIM_ITEMS", &[]).expect("dropped");
}

#[test]
fn models_give_the_same_rows_as_on_sqlite() {
    let warehouse = warehouse(3_000);
    let (oracle, sqlite) = (warehouse.usual_pipeline(), warehouse.sqlite_pipeline());
    for pipeline in [&oracle, &sqlite] {
        assert!(reported(&warehouse.run(pipeline)).contains("models of wms succeeded"));
    }
    assert_same_models(&warehouse, "after the first run");
    assert_compared(&warehouse, &oracle, &sqlite);
    for day in DAYS {
        warehouse.change_sample(day);
        warehouse.copy_sample();
        warehouse.run(&oracle);
        warehouse.run(&sqlite);
        assert_same_models(&warehouse, "after a day of changes");
    }
    let results = json(&warehouse, &["models", "build", &oracle]);
    assert!(actions(&results).values().all(|action| action == "unchanged" || action == "ephemeral"), "{results:#}");

    // After a full build, every model has the rows that it had.
    models(&warehouse, &["build", &oracle, "--full-refresh"]);
    assert_same_models(&warehouse, "built from the start");
    let results = json(&warehouse, &["models", "build", &oracle, "--force", "--threads", "4"]);
    assert_eq!(results["status"], "succeeded", "{results:#}");
    assert_same_models(&warehouse, "built again by four at once");

    let age = |pipeline: &str| -> Vec<(Json, Json)> {
        let ages = json(&warehouse, &["models", "freshness", pipeline]);
        let ages = ages.as_array().expect("ages").iter();
        ages.map(|age| (age["name"].clone(), age["status"].clone())).collect()
    };
    assert_eq!(age(&oracle), age(&sqlite));
    let metrics = |pipeline: &str| -> Vec<(String, String, f64)> {
        let all = json(&warehouse, &["kpi", pipeline]);
        let all = all.as_array().expect("metrics").iter();
        let days = all.flat_map(|one| {
            let name = one["name"].as_str().expect("a name").to_owned();
            let days = one["days"].as_array().expect("days").iter();
            days.map(move |day| {
                let value = day["value"].as_f64().unwrap_or(-1.0);
                (name.clone(), day["day"].as_str().expect("a day").to_owned(), (value * 1e6).round())
            })
        });
        days.collect()
    };
    let found = metrics(&oracle);
    assert!(found.len() > 20, "{found:?}");
    assert_eq!(found, metrics(&sqlite));
    assert!(models(&warehouse, &["diff", &oracle]).contains("unchanged"));
    assert!(json(&warehouse, &["models", "show", &oracle, "kpi_daily"])["last"]["rows"].as_u64() > Some(100));
    models(&warehouse, &["docs", &oracle, "--to", &warehouse.path("site")]);
}

/// T16: the clock of the machine that runs the program is an hour fast, then an hour slow, then right.
#[test]
fn a_wrong_clock_hides_nothing_from_models() {
    let warehouse = warehouse(1_000);
    let (oracle, sqlite) = (warehouse.usual_pipeline(), warehouse.sqlite_pipeline());
    for (day, skew) in (*DAYS.start()..).zip(["3600", "-3600", "0"]) {
        let output = warehouse.wmshost(&["run", &oracle], &[("WMSHOST_CLOCK_AHEAD", skew)]);
        assert!(output.status.success(), "{skew} s: {}", reported(&output));
        warehouse.run(&sqlite);
        assert_same_models(&warehouse, &format!("with the clock {skew} s ahead"));
        warehouse.change_sample(day);
        warehouse.copy_sample();
    }
}

/// Local time west of UTC, with a change of the clocks: the days of rows differ, and timestamps are instants.
#[test]
fn instants_give_the_same_rows_as_on_sqlite() {
    let warehouse = warehouse(500);
    let settings = format!("{TODAY}utc_offsets = [\"-03:00\", \"2026-02-22 02:00:00 +05:30\"]\n");
    let wallet = warehouse.server.wallet().join("ca.pem");
    warehouse.run(&warehouse.usual_pipeline());
    let mut sql = warehouse.sql("MART", "mart");
    sql.execute("GRANT SELECT ON STG_WMS_ALLOCATION TO WMS WITH GRANT OPTION", &[]).expect("granted");
    let sqlite = warehouse.sqlite_pipeline_with(&settings);
    // The tables exist with other types: they are exchanged, and the views that read them stay.
    for pipeline in [&warehouse.pipeline(&wallet, &settings), &sqlite] {
        warehouse.run(pipeline);
    }
    assert_same_models(&warehouse, "with offsets");
    let readers = "SELECT privilege, grantee, grantable FROM all_tab_privs WHERE table_name = 'STG_WMS_ALLOCATION'";
    assert_eq!(rows(sql.as_mut(), readers), [["SELECT", "WMS", "YES"].map(|text| Value::Text(text.to_owned()))]);
    let zoned = "SELECT COUNT(*) FROM all_tab_columns WHERE owner = 'MART' AND table_name = 'STG_WMS_ALLOCATION' \
                 AND data_type = 'TIMESTAMP(6) WITH TIME ZONE'";
    assert_eq!(rows(sql.as_mut(), zoned), [[Value::Int64(2)]]);
}

/// Cases that the shipped pipelines do not have: a stream of receipts, and streams that keep rows deleted in the
/// source.
const RECEIPTS_AND_DELETES: &str = "receipts = \"receipt\"\n\
    soft_deletes = [\"allocation\", \"order_dtl\", \"item_master\", \"receipt\"]\n\
    [streams.receipt]\nmethod = \"incremental\"\nkey = [\"receipt_id\"]\nchange_key = \"last_updated\"\n\
    deletes = \"soft\"\nreconcile_every = \"0s\"\n\
    [streams.allocation]\ndeletes = \"soft\"\nreconcile_every = \"0s\"\n\
    [streams.order_dtl]\ndeletes = \"soft\"\nreconcile_every = \"0s\"\n\
    [streams.item_master]\ndeletes = \"soft\"\n";

#[test]
fn receipts_and_deleted_rows_give_the_same_rows_as_on_sqlite() {
    let warehouse = warehouse(1_000);
    warehouse.add_receipts();
    let settings = format!("{TODAY}{RECEIPTS_AND_DELETES}");
    let oracle = warehouse.pipeline(&warehouse.server.wallet().join("ca.pem"), &settings);
    let sqlite = warehouse.sqlite_pipeline_with(&settings);
    let run = |when: &str| {
        warehouse.copy_sample();
        warehouse.copy_table("receipt");
        warehouse.run(&oracle);
        warehouse.run(&sqlite);
        assert_same_models(&warehouse, when);
    };
    let number = |query: &str| match rows(warehouse.sql("MART", "mart").as_mut(), query)[0][0] {
        Value::Int64(number) => number,
        ref other => panic!("{query}: {other}"),
    };
    run("after the first run");
    let inbound = "SELECT COUNT(*) FROM FACT_INVENTORY_MOVEMENT WHERE movement_type = 'INBOUND'";
    let (inbound_before, allocations) = (number(inbound), number("SELECT COUNT(*) FROM STG_WMS_ALLOCATION"));
    assert!(inbound_before > 300, "{inbound_before}");

    warehouse.change(
        "DELETE FROM receipt WHERE receipt_id % 11 = 0;
         DELETE FROM allocation WHERE allocation_id % 13 = 0;
         DELETE FROM order_dtl WHERE order_detail_id % 17 = 0;
         DELETE FROM item_master WHERE item_id IN (SELECT item_id FROM item_master ORDER BY item_id LIMIT 2);
         UPDATE receipt SET quantity_received = 77, last_updated = '2026-06-30 12:00:00.000000' WHERE receipt_id % 19 = 0;",
    );
    run("after rows were deleted");
    assert!(number(inbound) < inbound_before && number("SELECT COUNT(*) FROM STG_WMS_ALLOCATION") < allocations);
    assert_eq!(number("SELECT COUNT(*) FROM WMS_ITEM_MASTER WHERE wms_deleted_at IS NOT NULL"), 2);
    for deleted in ["WMS_RECEIPT", "WMS_ALLOCATION", "WMS_ORDER_DTL"] {
        assert!(number(&format!("SELECT COUNT(*) FROM {deleted} WHERE wms_deleted_at IS NOT NULL")) > 20, "{deleted}");
    }

    // Some are inserted again.
    warehouse.change(
        "INSERT INTO receipt SELECT receipt_id + 1000000, order_id, item_id, location_id, quantity_received, 'RECEIVED',
             received_date, '2026-06-30 13:00:00.000000' FROM receipt WHERE receipt_id % 23 = 0;
         INSERT INTO receipt VALUES (11, 1, 1, 1, 5, 'RECEIVED', '2026-06-29 10:00:00.000000', '2026-06-30 13:00:00.000000'),
             (22, 1, 1, 1, 5, 'RECEIVED', '2026-06-29 10:00:00.000000', '2026-06-30 13:00:00.000000')
             ON CONFLICT DO NOTHING;",
    );
    warehouse.change_sample(*DAYS.start());
    run("after rows came back");
    models(&warehouse, &["build", &oracle, "--full-refresh"]);
    assert_same_models(&warehouse, "built from the start");
    let tests = "SELECT COUNT(*) FROM WMSHOST_TEST WHERE node = 'receipt' AND status = 'passed'";
    assert!(number(tests) > 0);
}

#[test]
fn columns_have_the_types_that_were_declared() {
    let warehouse = warehouse(300);
    // This server has no partitions: two tables are created without.
    let partitions = Fault::new(Moment::Statement("PARTITION BY RANGE".into()), Effect::Fail(439)).times(3);
    let partitions = warehouse.server.faults().add(partitions.account("MART"));
    warehouse.run(&warehouse.usual_pipeline());
    assert_eq!(warehouse.server.faults().struck(partitions), 2);
    let mut sql = warehouse.sql("MART", "mart");
    let query = "SELECT column_name, data_type, data_length, data_precision, data_scale FROM all_tab_columns \
                 WHERE owner = 'MART' AND table_name = 'STG_WMS_ALLOCATION' ORDER BY column_id";
    let found: Vec<String> = rows(sql.as_mut(), query)
        .iter()
        .map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        .collect();
    for column in [
        "ALLOCATION_ID NUMBER 22 19 0",
        "ITEM_KEY VARCHAR2 4000 NULL NULL",
        "QUANTITY_ALLOCATED NUMBER 22 15 3",
        "QUANTITY_TIER VARCHAR2 4000 NULL NULL",
        "HAS_INVALID_QUANTITY NUMBER 22 1 0",
        "CREATED_DATE TIMESTAMP(6) 11 NULL 6",
        "ALLOCATION_DATE DATE 7 NULL NULL",
        "PROCESSING_TIME_SECONDS BINARY_DOUBLE 8 NULL NULL",
        "WMS_RUN_ID VARCHAR2 128 NULL NULL",
        "WMS_LOADED_AT TIMESTAMP(6) 11 NULL 6",
    ] {
        assert!(found.iter().any(|known| known == column), "{column} is not in {found:#?}");
    }
    let indexed = "SELECT COUNT(*) FROM all_ind_columns WHERE table_owner = 'MART' \
                   AND table_name = 'FACT_ALLOCATION_PERFORMANCE' AND column_name = 'ALLOCATION_DATE' AND column_position = 1";
    assert_eq!(rows(sql.as_mut(), indexed), [[Value::Int64(1)]]);
}

#[test]
fn a_reader_sees_all_rows_at_any_time() {
    let warehouse = warehouse(2_000);
    let pipeline = warehouse.usual_pipeline();
    warehouse.run(&pipeline);
    let tables =
        ["STG_WMS_ALLOCATION", "INT_USER_PERFORMANCE", "DIM_ITEMS", "FACT_ALLOCATION_PERFORMANCE", "KPI_DAILY"];
    let counts = |sql: &mut dyn SqlSession| {
        tables.map(|table| match sql.query(&format!("SELECT COUNT(*) FROM {table}"), &[]) {
            Ok(rows) => rows[0][0].to_string(),
            Err(failure) => failure.to_string(),
        })
    };
    let expected = counts(warehouse.sql("MART", "mart").as_mut());
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut sql = warehouse.sql("MART", "mart");
            let mut looked = 0;
            while !is_over.load(Ordering::Relaxed) {
                assert_eq!(counts(sql.as_mut()), expected);
                looked += 1;
            }
            looked
        });
        for _ in 0..3 {
            if reader.is_finished() {
                break;
            }
            models(&warehouse, &["build", &pipeline, "--full-refresh"]);
        }
        is_over.store(true, Ordering::Relaxed);
        let looked = reader.join().expect("the reader saw the same at any time");
        assert!(looked > 20, "{looked}");
    });
}

#[test]
fn whatever_fails_the_old_rows_stand_and_retry_goes_on() {
    let kpi = || Moment::Statement("INSERT INTO \"KPI_DAILY\"".into());
    for (name, fault) in [
        ("a connection lost while rows are replaced", Fault::new(kpi(), Effect::DropBefore)),
        ("one lost after that", Fault::new(kpi(), Effect::DropAfter)),
        (
            "one lost while rows are gathered",
            Fault::new(Moment::Statement("WMSHOST_NEW_KPI".into()), Effect::DropBefore),
        ),
        ("no room", Fault::new(kpi(), Effect::Fail(1_653))),
        ("a note that is refused", Fault::new(Moment::Statement("INSERT INTO WMSHOST_MODEL".into()), Effect::Fail(60))),
    ] {
        let warehouse = warehouse(500);
        let pipeline = warehouse.usual_pipeline();
        warehouse.run(&pipeline);
        let days = "SELECT COUNT(*), MIN(wms_run_id), MAX(wms_run_id) FROM KPI_DAILY";
        let before = rows(warehouse.sql("MART", "mart").as_mut(), days);
        let id = warehouse.server.faults().add(fault.account("MART"));
        let output = warehouse.wmshost(&["models", "build", &pipeline, "--force", "--threads", "2"], &[]);
        assert_eq!(warehouse.server.faults().struck(id), 1, "{name}: it did not strike: {}", reported(&output));
        assert_eq!(output.status.code(), Some(1), "{name}: {}", reported(&output));
        if !name.starts_with("a note") {
            assert!(reported(&output).contains("kpi_daily: errored"), "{name}: {}", reported(&output));
            assert_eq!(rows(warehouse.sql("MART", "mart").as_mut(), days), before, "{name}");
        }
        models(&warehouse, &["retry", &pipeline]);
        warehouse.run(&warehouse.sqlite_pipeline());
        assert_same_models(&warehouse, name);
    }
}

#[test]
fn a_part_of_the_pipeline_builds_what_it_can() {
    let warehouse = warehouse(500);
    let pipeline = warehouse.usual_pipeline();
    let output = warehouse.wmshost(&["run", &pipeline, "--stream", "allocation"], &[]);
    let text = reported(&output);
    assert!(output.status.success(), "{text}");
    let why = "stg_wms_orders: it reads the stream order_dtl, which is not part of this run and was never loaded: there \
               is no table WMS_ORDER_DTL; and the stream order_hdr, which is not part of this run";
    assert!(text.contains(why) && text.contains("models of wms succeeded"), "{text}");
    let mut sql = warehouse.sql("MART", "mart");
    assert_eq!(rows(sql.as_mut(), "SELECT COUNT(*) FROM STG_WMS_ALLOCATION"), [[Value::Int64(500)]]);
    assert!(text.contains("not run allocation.order_id_exists_in_order_hdr"), "{text}");

    // With `models build` a stream that was never loaded is a mistake, unless it is disabled.
    let output = warehouse.wmshost(&["models", "build", &pipeline], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(reported(&output).contains("the stream order_hdr was never loaded"), "{}", reported(&output));
    let off = ["order_hdr", "order_dtl", "item_master", "location"]
        .map(|stream| format!("[streams.{stream}]\nenabled = false\n"))
        .concat();
    let disabled = warehouse.pipeline(&warehouse.server.wallet().join("ca.pem"), &format!("{TODAY}{off}"));
    let text = models(&warehouse, &["build", &disabled]);
    assert!(text.contains("dim_items: it reads the stream item_master, which is disabled"), "{text}");

    // Once the tables exist, a part of the pipeline is enough for all models.
    let pipeline = warehouse.usual_pipeline();
    warehouse.run(&pipeline);
    warehouse.run(&warehouse.sqlite_pipeline());
    assert_same_models(&warehouse, "after all of it");
    warehouse.change_sample(1);
    warehouse.copy_sample();
    let text = reported(&warehouse.wmshost(&["run", &pipeline, "--stream", "allocation"], &[]));
    assert!(text.contains("models of wms succeeded") && !text.contains("left out"), "{text}");
}

#[test]
fn models_are_built_in_the_schema_of_the_connection() {
    let options = Options::default().account(Account::new("LOADER", "loader"));
    let warehouse = Warehouse::new(Emulator::start(options).expect("an emulator"), 300);
    let mut admin = warehouse.server.admin().expect("an admin");
    admin.execute("GRANT CREATE ON SCHEMA mart TO loader").expect("a right");
    let pipeline = warehouse.usual_pipeline();
    let loader = [("TARGET_ORACLE_USERNAME", "LOADER"), ("TARGET_ORACLE_PASSWORD", "loader")];
    for words in [&["run", &pipeline][..], &["models", "build", &pipeline, "--full-refresh"]] {
        let output = warehouse.wmshost(words, &loader);
        assert!(output.status.success(), "{}", reported(&output));
    }
    let owners = "SELECT owner, COUNT(*) FROM all_objects WHERE object_name IN ('KPI_DAILY', 'STG_WMS_ITEMS', 'WMSHOST_MODEL') \
                  GROUP BY owner";
    let mut sql = warehouse.sql("LOADER", "loader");
    assert_eq!(rows(sql.as_mut(), owners), [[Value::Text("MART".into()), Value::Int64(3)]]);
}
