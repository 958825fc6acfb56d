//! Declared types decide; values come exactly or not at all, and values that do not fit are taken out.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Decimal128Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array as _, RecordBatch};
use arrow_schema::DataType;
use wmshost_databases::sqlite;
use wmshost_flow::{FailureKind, Value, row_as_json};

use crate::warehouse::{Warehouse, read_all, refusal};

const TYPES: &str = "
    CREATE TABLE a (
        id INTEGER PRIMARY KEY, flag BOOLEAN, small NUMBER(5), price NUMBER(12,2), big NUMBER(38,0),
        ratio BINARY_DOUBLE, name VARCHAR2(10), note CLOB, raw RAW(16), day DATE, at TIMESTAMP(6),
        zoned TIMESTAMP WITH TIME ZONE, calendar DATE_ONLY, untyped
    );
    INSERT INTO a VALUES (1, 1, 99999, 12.34, '12345678901234567', 0.5, 'Ünï', '', x'00ff', '2026-01-31',
        '2026-01-31T10:00:00.5', '2026-01-31 10:00:00-03:00', '2026-01-31', 'text');
    INSERT INTO a VALUES (2, 0, -1, 12, 99999999999999999, 3, NULL, NULL, x'', '2026-01-31 23:59:59',
        '2026-01-31 10:00:00.123456', '2026-01-31T13:00:00Z', NULL, 7);
    INSERT INTO a (id) VALUES (3);";

fn json(rows: &RecordBatch) -> Vec<String> {
    (0..rows.num_rows()).map(|row| row_as_json(rows, row)).collect()
}

#[test]
fn every_declared_type_is_read() {
    let warehouse = Warehouse::new(TYPES);
    let mut reader = warehouse.reader(&["A"]);
    let described = reader.describe("A").expect("allowed").expect("there");
    assert_eq!((described.name.as_str(), described.key), ("a", vec!["id".to_owned()]));
    let batch = read_all(reader.as_mut(), "SELECT * FROM a", &[]);
    assert_eq!(batch.rejected, []);
    for (described, read) in described.columns.fields().iter().zip(batch.rows.schema().fields()) {
        assert_eq!((described.name(), described.data_type()), (read.name(), read.data_type()));
    }
    assert_eq!(
        json(&batch.rows),
        [
            r#"{"id":1,"flag":true,"small":99999,"price":"12.34","big":"12345678901234567","ratio":0.5,"name":"Ünï","note":"","raw":"00ff","day":"2026-01-31 00:00:00.000000","at":"2026-01-31 10:00:00.500000","zoned":"2026-01-31 13:00:00.000000Z","calendar":"2026-01-31","untyped":"text"}"#,
            r#"{"id":2,"flag":false,"small":-1,"price":"12.00","big":"99999999999999999","ratio":3.0,"name":null,"note":null,"raw":"","day":"2026-01-31 23:59:59.000000","at":"2026-01-31 10:00:00.123456","zoned":"2026-01-31 13:00:00.000000Z","calendar":null,"untyped":"7"}"#,
            r#"{"id":3,"flag":null,"small":null,"price":null,"big":null,"ratio":null,"name":null,"note":null,"raw":null,"day":null,"at":null,"zoned":null,"calendar":null,"untyped":null}"#,
        ]
    );
}

#[test]
fn a_bad_value_takes_its_row_out_and_leaves_the_others() {
    for (declared, value, why) in [
        ("BOOLEAN", "2", "is neither 0 nor 1"),
        ("BOOLEAN", "'true'", "is neither 0 nor 1"),
        ("INTEGER", "'x'", "is text, not a whole number"),
        ("INTEGER", "1.5", "is not a whole number"),
        ("NUMBER(5,2)", "1000", "has 4 digits before the point, the column holds 3"),
        ("NUMBER(5,2)", "1.005", "has 3 digits after the point, the column holds 2"),
        (
            "NUMBER(20,2)",
            "1234567890123456.25",
            "is a binary fraction of more than 15 digits, which is not an exact decimal",
        ),
        ("NUMBER(5,2)", "x'01'", "is stored as BLOB, which is not a number"),
        ("NUMBER", "0.12345678901", "has 11 digits after the point, the column holds 10"),
        ("DECIMAL_TEXT(38,0)", "'1e3'", "is text, not a number"),
        ("FLOAT", "'x'", "is text, not a number"),
        ("TEXT", "x'01'", "is not text but BLOB"),
        ("TEXT", "CAST(x'ff' AS TEXT)", "is not UTF-8 text"),
        ("BLOB", "'x'", "is stored as TEXT, not as BLOB"),
        ("DATE", "'2026-02-30'", "is not a date or moment"),
        ("DATE", "20260131", "is stored as INTEGER, where dates and moments are text"),
        ("TIMESTAMP(9)", "'2026-01-31 10:00:00.123456789'", "is finer than microseconds"),
        (
            "TIMESTAMP",
            "'2026-01-31 10:00:00Z'",
            "has an offset from UTC, which the column's type does not keep: `timestamp in UTC` in `columns` does",
        ),
        (
            "TIMESTAMPTZ",
            "'2026-01-31 10:00:00'",
            "has no offset from UTC, which the column's type requires: the form iso-utc in `columns` takes it for UTC",
        ),
        ("DATE_ONLY", "'2026-01-31 10:00:00'", "is not a date"),
    ] {
        let warehouse = Warehouse::new(&format!(
            "CREATE TABLE a (id INTEGER PRIMARY KEY, v {declared}, w TEXT);
             INSERT INTO a VALUES (1, NULL, 'x'), (2, {value}, 'y'), (3, NULL, 'z');"
        ));
        let mut reader = warehouse.reader(&["a"]);
        let batch = read_all(reader.as_mut(), "SELECT id, w, v FROM a", &[]);
        let ids = batch.rows.column(0).as_primitive::<Int64Type>().values().to_vec();
        assert_eq!((ids, batch.rejected.len()), (vec![1, 3], 1), "{declared} {value}");
        let rejected = &batch.rejected[0];
        assert_eq!((rejected.rule.as_str(), rejected.by.as_str()), ("bad-value", "sqlite"));
        assert_eq!(rejected.reason, format!("the column v, declared {declared}, holds a value that {why}"));
        assert!(rejected.row.starts_with(r#"{"id":2,"w":"y","v":"#), "{}", rejected.row);
        assert_eq!(rejected.place, Some(1));
    }
}

#[test]
fn batches_end_where_they_are_asked_to_and_count_what_was_taken_out() {
    let warehouse = Warehouse::new(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, v INTEGER);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
         INSERT INTO a SELECT i, CASE WHEN i IN (3, 4, 9, 10) THEN 'x' ELSE i END FROM n;",
    );
    let mut reader = warehouse.reader(&["a"]);
    let mut cursor = reader.query("SELECT id, v FROM a ORDER BY id", &[]).expect("a cursor");
    let mut sizes = Vec::new();
    while let Some(batch) = cursor.next(4).expect("rows") {
        sizes.push((batch.rows.num_rows(), batch.rejected.len()));
    }
    assert_eq!(sizes, [(2, 2), (4, 0), (0, 2)]);
}

#[test]
fn a_batch_ends_before_it_fills_the_memory() {
    let warehouse = Warehouse::new(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, v BLOB);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
         INSERT INTO a SELECT i, zeroblob(1000000) FROM n;",
    );
    let mut reader = warehouse.reader(&["a"]);
    let mut cursor = reader.query("SELECT v FROM a", &[]).expect("a cursor");
    let mut sizes = Vec::new();
    while let Some(batch) = cursor.next(1_000).expect("rows") {
        sizes.push(batch.rows.num_rows());
    }
    assert_eq!(sizes, [17, 17, 6]);
    let mut cursor = reader.query("SELECT zeroblob(100000000) AS v FROM a", &[]);
    let failure = match &mut cursor {
        Ok(cursor) => cursor.next(1).expect_err("too big"),
        Err(failure) => failure.clone(),
    };
    assert_eq!(failure.kind, FailureKind::Limit, "{failure}");
}

#[test]
fn endless_computing_comes_to_an_end() {
    let warehouse = Warehouse::new("CREATE TABLE a (id INTEGER PRIMARY KEY)");
    let mut reader = warehouse.reader(&["a"]);
    // Endless rows come batch by batch.
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    let mut cursor = reader.query(endless, &[]).expect("a cursor");
    let batch = cursor.next(3).expect("rows").expect("rows");
    assert_eq!(batch.rows.column(0).as_primitive::<Int64Type>().values().to_vec(), [1, 2, 3]);
}

#[test]
fn parameters_meet_columns_of_their_type() {
    let warehouse = Warehouse::new(TYPES);
    let mut reader = warehouse.reader(&["a"]);
    for (condition, value, ids) in [
        ("id > ?1", Value::Int64(1), vec![2, 3]),
        ("flag = ?1", Value::Boolean(true), vec![1]),
        ("price = ?1", Value::Decimal("12.34".to_owned()), vec![1]),
        ("price > ?1", Value::Decimal("12.0".to_owned()), vec![1]),
        ("ratio < ?1", Value::Float64(1.0), vec![1]),
        ("name = ?1", Value::Text("Ünï".to_owned()), vec![1]),
        ("raw = ?1", Value::Binary(Vec::new()), vec![2]),
        ("calendar = ?1", Value::Date(20_484), vec![1]),
        ("at >= ?1", Value::Timestamp(1_769_853_600_123_456), vec![1, 2]),
        ("name IS ?1", Value::Null, vec![2, 3]),
    ] {
        let query = format!("SELECT id FROM a WHERE {condition} ORDER BY id");
        let batch = read_all(reader.as_mut(), &query, std::slice::from_ref(&value));
        let found = batch.rows.column(0).as_primitive::<Int64Type>().values().to_vec();
        assert_eq!(found, ids, "{condition} {value:?}");
    }
    let failure = match reader.query("SELECT id FROM a WHERE id = ?1", &[]) {
        Err(failure) => failure,
        Ok(_) => panic!("a parameter is missing"),
    };
    assert_eq!(failure.kind, FailureKind::Permanent);
    assert!(reader.query("SELECT id FROM a WHERE at = ?1", &[Value::Timestamp(i64::MAX)]).is_err());
}

#[test]
fn the_first_row_decides_about_expressions() {
    let warehouse = Warehouse::new(TYPES);
    let mut reader = warehouse.reader(&["a"]);
    let query = "SELECT count(*) AS n, max(at) AS at, avg(ratio) AS r, NULL AS \"nothing\" FROM a";
    let batch = read_all(reader.as_mut(), query, &[]);
    assert_eq!(json(&batch.rows), [r#"{"n":3,"at":"2026-01-31T10:00:00.5","r":1.75,"nothing":null}"#]);
    let nothing = read_all(reader.as_mut(), "SELECT id + 1 AS n FROM a WHERE false", &[]);
    assert_eq!(nothing.rows.num_rows(), 0);
    let failure = refusal(reader.as_mut(), "SELECT id, id FROM a");
    assert!(failure.to_string().contains("two columns with the name id"), "{failure}");
}

#[test]
fn decimals_are_exact_to_38_digits() {
    let warehouse = Warehouse::new(
        "CREATE TABLE a (v DECIMAL_TEXT(38,4));
         INSERT INTO a VALUES ('9999999999999999999999999999999999.9999'), ('-0.0001'), ('5');",
    );
    let mut reader = warehouse.reader(&["a"]);
    let batch = read_all(reader.as_mut(), "SELECT v FROM a", &[]);
    let values = batch.rows.column(0).as_primitive::<Decimal128Type>();
    let most = 10_i128.pow(38) - 1;
    assert_eq!(values.values().to_vec(), [most, -1, 50_000]);
}

#[test]
fn a_database_in_utf_16_is_read_as_utf_8() {
    let warehouse = Warehouse::new(
        "PRAGMA encoding = 'UTF-16'; CREATE TABLE a (v TEXT, at TIMESTAMP);
         INSERT INTO a VALUES ('Ünï', '2026-01-31 10:00:00'), ('', NULL);",
    );
    let batch = read_all(warehouse.reader(&["a"]).as_mut(), "SELECT v, at FROM a", &[]);
    assert_eq!(batch.rows.column(0).as_string::<i32>().value(0), "Ünï");
    assert_eq!(batch.rows.column(0).as_string::<i32>().value(1), "");
    assert_eq!(batch.rows.column(1).as_primitive::<TimestampMicrosecondType>().null_count(), 1);
}

#[test]
fn what_the_session_knows() {
    let warehouse = Warehouse::new(
        "CREATE TABLE b (x TEXT, y INTEGER NOT NULL, PRIMARY KEY (y, x)); CREATE TABLE secret (id);
         CREATE TABLE vague (n NUMBER(99));",
    );
    let mut reader = warehouse.reader(&["B", "missing", "vague"]);
    assert_eq!(reader.tables().expect("tables"), ["b", "vague"]);
    let described = reader.describe("B").expect("allowed").expect("there");
    assert_eq!(described.key, ["y", "x"]);
    assert_eq!(described.columns.field(0).data_type(), &DataType::Utf8);
    assert!(described.columns.field(0).is_nullable() && !described.columns.field(1).is_nullable());
    assert!(reader.describe("missing").expect("allowed").is_none());
    assert_eq!(reader.describe("secret").expect_err("denied").kind, FailureKind::Denied);
    assert_eq!(reader.describe("vague").expect_err("vague").kind, FailureKind::InvalidConfig);
    assert!(reader.now().expect("a clock") > 1_700_000_000_000_000);
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("missing.db");
    let other = folder.path().join("other.db");
    std::fs::write(&other, "this is no database, however long the text may be".repeat(100)).expect("a file");
    let inner = folder.path().join("folder.db");
    std::fs::create_dir(&inner).expect("a folder");
    let socket = folder.path().join("socket.db");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    for (path, words) in [
        (&missing, "there is no such file"),
        (&other, "file is not a database; name a SQLite database, or restore"),
        (&inner, "this is a folder"),
        (&socket, "this is not a file but a pipe, a socket or a device"),
    ] {
        let failure = match sqlite::open_source(path, 1, "wms") {
            Err(failure) => failure,
            Ok(_) => panic!("opened"),
        };
        assert_eq!(failure.kind, FailureKind::InvalidConfig, "{failure}");
        assert!(failure.to_string().contains(words), "{failure}");
        assert!(failure.to_string().contains("source wms") && failure.to_string().contains("db)"), "{failure}");
    }
}
