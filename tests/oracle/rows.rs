//! Rows without a place, from Oracle to Oracle. Of a table with a key: a NULL in the key, a duplicate key. The others are
//! loaded; quarantine has these as the source had them, and forgets them when they are loaded. Of a table without a key: all
//! rows arrive, each as often as it is there.

use serde_json::Value as Json;
use wmshost_oracle_emulator::{Emulator, Options};

use crate::warehouse::{Warehouse, reported};

const STREAM: &str = "\n[models]\nafter_load = false\n[streams.allocation]\nenabled = false\n[streams.order_hdr]\n\
    enabled = false\n[streams.order_dtl]\nenabled = false\n[streams.item_master]\nenabled = false\n[streams.location]\n\
    enabled = false\n[streams.uni]\ntable = \"uni\"\n";
const KEY: &str = "key = [\"a\", \"b\"]\n";

fn quarantined(warehouse: &Warehouse, pipeline: &str) -> Vec<(String, String)> {
    let listed = warehouse.wmshost(&["quarantine", "list", pipeline, "--stream", "uni", "--output", "json"], &[]);
    let rows: Json =
        serde_json::from_slice(&listed.stdout).unwrap_or_else(|error| panic!("{error}: {}", reported(&listed)));
    let rows = rows.as_array().expect("rows").iter();
    let mut rows: Vec<_> =
        rows.map(|row| (row["rule"].as_str().unwrap_or("?").to_owned(), row["row"].to_string())).collect();
    rows.sort();
    rows
}

#[test]
fn rows_without_a_place_are_rejected_alone_and_forgotten_when_they_are_loaded() {
    let warehouse = Warehouse::new(Emulator::start(Options::default()).expect("an emulator"), 1);
    let pipeline = warehouse.pipeline(&warehouse.server.wallet().join("ca.pem"), &format!("{STREAM}{KEY}"));
    let mut sql = warehouse.sql("WMS", "wms");
    for statement in [
        "CREATE TABLE uni (a NUMBER(9), b NUMBER(9), v VARCHAR2(20))",
        "INSERT INTO uni VALUES (1, 1, 'one')",
        "INSERT INTO uni VALUES (1, NULL, 'none')",
        "INSERT INTO uni VALUES (2, 2, 'two')",
        "INSERT INTO uni VALUES (2, 2, 'too')",
    ] {
        sql.execute(statement, &[]).expect("a statement");
    }
    let ran = warehouse.wmshost(&["run", &pipeline], &[]);
    assert!(ran.status.success() && reported(&ran).contains("2 of 4 rows were rejected"), "{}", reported(&ran));
    let rows = |table: &str| -> Vec<String> {
        let mut sql = warehouse.sql("MART", "mart");
        let rows = sql.query(&format!("SELECT a, b FROM {table} ORDER BY a, b"), &[]).expect("rows");
        rows.iter().map(|row| format!("{} {}", row[0], row[1])).collect()
    };
    assert_eq!(rows("wms_uni"), ["1 1", "2 2"]);
    let kept = quarantined(&warehouse, &pipeline);
    assert_eq!(kept.iter().map(|(rule, _)| rule.as_str()).collect::<Vec<_>>(), ["null-key", "ora-00001"]);
    assert_eq!(kept[0].1, r#"{"a":1,"b":null,"v":"none"}"#);

    sql.execute("UPDATE uni SET b = 5 WHERE b IS NULL", &[]).expect("a correction");
    sql.execute("DELETE FROM uni WHERE v = 'too'", &[]).expect("a correction");
    warehouse.run(&pipeline);
    assert_eq!(rows("wms_uni"), ["1 1", "1 5", "2 2"]);
    let kept = quarantined(&warehouse, &pipeline);
    assert!(kept.is_empty(), "everything was read, and neither row was met again: {kept:?}");

    sql.execute("INSERT INTO uni VALUES (3, NULL, 'again')", &[]).expect("a row");
    assert!(warehouse.wmshost(&["run", &pipeline], &[]).status.success());
    assert_eq!(quarantined(&warehouse, &pipeline).len(), 1);
    let dropped = warehouse.wmshost(&["quarantine", "drop", &pipeline, "--stream", "uni", "--yes"], &[]);
    assert!(dropped.status.success(), "{}", reported(&dropped));
    assert!(quarantined(&warehouse, &pipeline).is_empty());
}

#[test]
fn a_table_without_a_key_arrives_with_each_row_as_often_as_it_is_there() {
    let warehouse = Warehouse::new(Emulator::start(Options::default()).expect("an emulator"), 1);
    let stream = format!("{STREAM}max_deleted_percent = 100\n");
    let pipeline = warehouse.pipeline(&warehouse.server.wallet().join("ca.pem"), &stream);
    let mut sql = warehouse.sql("WMS", "wms");
    sql.execute("CREATE TABLE uni (a NUMBER(9), b NUMBER(9), v VARCHAR2(20))", &[]).expect("a table");
    let bag = |user: &str, password: &str, table: &str| -> Vec<String> {
        let mut sql = warehouse.sql(user, password);
        let query = format!("SELECT a, b, v, COUNT(*) FROM {table} GROUP BY a, b, v");
        let rows = sql.query(&query, &[]).expect("rows");
        let mut rows: Vec<_> = rows.iter().map(|row| format!("{row:?}")).collect();
        rows.sort();
        rows
    };
    for changes in [
        &[
            "INSERT INTO uni SELECT 1, NULL, 'x' FROM dual",
            "INSERT INTO uni SELECT 1, NULL, 'x' FROM dual",
            "INSERT INTO uni SELECT 2, 2, NULL FROM dual",
        ][..],
        &["INSERT INTO uni SELECT a, b, v FROM uni"],
        &["UPDATE uni SET v = 'y' WHERE a = 2", "INSERT INTO uni SELECT NULL, NULL, NULL FROM dual"],
        &["DELETE FROM uni WHERE a = 1"],
    ] {
        for change in changes {
            sql.execute(change, &[]).unwrap_or_else(|failure| panic!("{change}: {failure}"));
        }
        warehouse.run(&pipeline);
        assert_eq!(bag("MART", "mart", "wms_uni"), bag("WMS", "wms", "uni"), "{changes:?}");
        let verified = warehouse.wmshost(&["verify", &pipeline, "--stream", "uni"], &[]);
        assert!(verified.status.success(), "{}", reported(&verified));
    }
}
