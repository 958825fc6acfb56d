//! Bad rows, from Oracle to Oracle: a NULL in the key, a duplicate key. The others are loaded; quarantine has these as
//! the source had them, and forgets them when they are loaded.

use serde_json::Value as Json;
use wmshost_oracle_emulator::{Emulator, Options};

use crate::warehouse::{Warehouse, reported};

const STREAM: &str = "\n[models]\nafter_load = false\n[streams.allocation]\nenabled = false\n[streams.order_hdr]\n\
    enabled = false\n[streams.order_dtl]\nenabled = false\n[streams.item_master]\nenabled = false\n[streams.location]\n\
    enabled = false\n[streams.uni]\ntable = \"uni\"\nkey = [\"a\", \"b\"]\n";

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
    let pipeline = warehouse.pipeline(&warehouse.server.wallet().join("ca.pem"), STREAM);
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
