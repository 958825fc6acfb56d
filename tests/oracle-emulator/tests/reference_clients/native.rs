//! The crate oracledb runs its scenario in each release and by each transport.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::{
    ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, types::Decimal128Type,
};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use oracledb::{BindParameters, Config, Connection, Error, ErrorKind, Lob, ToDbValue, connect};
use wmshost_oracle_emulator::{Emulator, Release, Transport};

use crate::fixture::{emulator, ways};

/// The settings to connect as an account.
pub(crate) fn config(emulator: &Emulator, way: (Release, Transport), account: &str) -> Config {
    let config = Config::default().set_credentials(account, &account.to_lowercase());
    let config =
        if way.1 == Transport::Tcps { config.set_wallet_location(emulator.wallet().to_string_lossy()) } else { config };
    config.set_connect_string(&emulator.address(way.0, way.1)).expect("an address")
}

/// The ORA code of an error, or 0.
pub(crate) fn code(error: &Error) -> usize {
    match error.kind() {
        ErrorKind::DbError(error) => error.code(),
        _ => 0,
    }
}

pub(crate) fn number(connection: &Connection, sql: &str, binds: &[&dyn ToDbValue]) -> i64 {
    let row = connection.query_row(sql, binds).unwrap_or_else(|error| panic!("{sql}: {error}"));
    row.get::<i64>(0).expect("a number")
}

fn run(connection: &Connection, sql: &str) {
    connection.execute(sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

#[test]
fn the_crate_passes_every_way() {
    let Some(emulator) = emulator() else { return };
    for way in ways() {
        let connection = connect(config(emulator, way, "NATIVE")).expect("a connection");
        let major = connection.version().expect("a version").0;
        assert_eq!(major, if way.0 == Release::R19 { 19 } else { 23 });
        refusals_while_connecting(emulator, way);
        tags(&connection);
        let batch = arrays(&connection);
        streaming(&connection, &batch);
        changes(&connection);
        large_objects(&connection);
        given_back(&connection);
        time_out(&connection);
    }
}

fn refusals_while_connecting(emulator: &Emulator, way: (Release, Transport)) {
    let wrong = config(emulator, way, "NATIVE").set_password("wrong");
    assert_eq!(code(&connect(wrong).map(drop).expect_err("a wrong password")), 1017);
    assert_eq!(code(&connect(config(emulator, way, "LOCKED")).map(drop).expect_err("locked")), 28000);
    assert_eq!(code(&connect(config(emulator, way, "EXPIRED")).map(drop).expect_err("expired")), 28001);
    let elsewhere = emulator.address(way.0, way.1).replace("STANDIN", "NOPE");
    let elsewhere = config(emulator, way, "NATIVE").set_connect_string(&elsewhere).expect("an address");
    let error = connect(elsewhere).map(drop).expect_err("no such service");
    assert!(matches!(error.kind(), ErrorKind::InvalidServiceName(..)), "{error}");
    if way.1 == Transport::Tcps {
        let distrusting =
            config(emulator, way, "NATIVE").set_wallet_location(emulator.wrong_wallet().to_string_lossy());
        let error = connect(distrusting).map(drop).expect_err("another authority");
        assert!(matches!(error.kind(), ErrorKind::TlsOperation | ErrorKind::StreamOperation), "{:?}", error.kind());
    }
}

fn tags(connection: &Connection) {
    connection.set_module("wmshost").expect("a module");
    connection.set_action("load:42").expect("an action");
    connection.set_client_identifier("run-1").expect("an identifier");
    let sid = connection.session_id().expect("a number") as i64;
    let sql = "SELECT module, action, client_identifier FROM v$session WHERE sid = :1";
    let row = connection.query_row(sql, &[&sid]).expect("a row");
    let told: Vec<String> = (0..3).map(|at| row.get(at).expect("text")).collect();
    assert_eq!(told, ["wmshost", "load:42", "run-1"]);
}

const ROWS: i64 = 5_000;

fn batch() -> RecordBatch {
    let amounts = (1..=ROWS).map(|row| 12_345_678_901_234_567_890_i128 * 1_000_000_000 - i128::from(row));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("ID", Arc::new(Int64Array::from_iter_values(1..=ROWS))),
        (
            "NAME",
            Arc::new(StringArray::from_iter((1..=ROWS).map(|row| (row % 5 != 0).then(|| format!("é {}", row % 7))))),
        ),
        (
            "AMOUNT",
            Arc::new(Decimal128Array::from_iter_values(amounts).with_precision_and_scale(38, 10).expect("a decimal")),
        ),
        (
            "AT",
            Arc::new(TimestampMicrosecondArray::from_iter_values((1..=ROWS).map(|row| 1_772_323_198_123_456 + row))),
        ),
    ];
    let fields = columns.iter().map(|(name, values)| Field::new(*name, values.data_type().clone(), *name != "ID"));
    let schema = Schema::new(fields.collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), columns.into_iter().map(|(_, values)| values).collect()).expect("a batch")
}

fn arrays(connection: &Connection) -> RecordBatch {
    let gone = "BEGIN EXECUTE IMMEDIATE 'DROP TABLE item PURGE'; EXCEPTION WHEN OTHERS THEN NULL; END;";
    run(connection, gone);
    run(
        connection,
        "CREATE TABLE item (id NUMBER(10) PRIMARY KEY, name VARCHAR2(20 CHAR), amount NUMBER(38,10), at TIMESTAMP(6), \
         doc CLOB, bin BLOB)",
    );
    let batch = batch();
    let sql = "INSERT INTO item (id, name, amount, at) VALUES (:1, :2, :3, :4)";
    let done = connection.execute_batch(sql, batch.clone()).expect("inserted");
    assert_eq!(done.rows_affected(), ROWS as u64);
    connection.commit().expect("committed");
    let statement = connection.statement("SELECT id, name, amount, at FROM item ORDER BY id").expect("a statement");
    let statement = statement.fetch_array_size(1000).with_requested_schema(batch.schema()).build().expect("built");
    let back = statement.query_arrow(BindParameters::default()).expect("fetched");
    assert_eq!(back, batch);
    batch
}

/// A cursor, with other statements in between.
fn streaming(connection: &Connection, batch: &RecordBatch) {
    let statement = connection.statement("SELECT id, amount FROM item ORDER BY id").expect("a statement");
    let cursor = statement.fetch_array_size(7).build().expect("built").query(&[]).expect("a cursor");
    let amounts = arrow_array::cast::as_primitive_array::<Decimal128Type>(batch.column(2));
    for (at, row) in cursor.enumerate() {
        let row = row.expect("a row");
        assert_eq!(row.get::<i64>(0).expect("a number"), at as i64 + 1);
        if at % 1000 == 0 {
            assert_eq!(number(connection, "SELECT COUNT(*) FROM item", &[]), ROWS);
            let amount: String = row.get(1).expect("text");
            assert_eq!(amount.replace('.', ""), amounts.value(at).to_string());
        }
    }
    // Rows that repeat a column, then rows that repeat none.
    let sql =
        "SELECT id, CASE WHEN id < 25 THEN 'a' ELSE 'b' || id END FROM item WHERE id BETWEEN 21 AND 28 ORDER BY id";
    let told: Vec<(i64, String)> = connection
        .query(sql, &[])
        .expect("a cursor")
        .map(|row| row.and_then(|row| Ok((row.get(0)?, row.get(1)?))).expect("a row"))
        .collect();
    let expected = (21..29).map(|id| (id, if id < 25 { "a".to_owned() } else { format!("b{id}") }));
    assert_eq!(told, expected.collect::<Vec<_>>());
    assert_eq!(batch.schema().field(3).data_type(), &DataType::Timestamp(TimeUnit::Microsecond, None));
}

fn changes(connection: &Connection) {
    let renamed = connection.execute("UPDATE item SET name = 'x' WHERE id < :1", &[&100]).expect("updated");
    assert_eq!(renamed.rows_affected(), 99);
    connection.rollback().expect("rolled back");
    assert_eq!(number(connection, "SELECT COUNT(*) FROM item WHERE name = 'x'", &[]), 0);

    let merge = "MERGE INTO item t USING (SELECT :1 AS id, :2 AS name FROM dual) s ON (t.id = s.id) \
        WHEN MATCHED THEN UPDATE SET t.name = s.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)";
    let rows: &[&[&dyn ToDbValue]] = &[&[&1, &"merged"], &[&9_000, &"added"]];
    assert_eq!(connection.execute_batch(merge, BindParameters::Slice(rows)).expect("merged").rows_affected(), 2);
    assert_eq!(number(connection, "SELECT COUNT(*) FROM item WHERE name IN ('merged', 'added')", &[]), 2);
    let rows: &[&[&dyn ToDbValue]] = &[&[&9_001], &[&2], &[&9_002]];
    let refused = connection.execute_batch("INSERT INTO item (id) VALUES (:1)", BindParameters::Slice(rows));
    assert_eq!(code(&refused.map(drop).expect_err("a duplicate")), 1);
    assert_eq!(number(connection, "SELECT COUNT(*) FROM item WHERE id > 9000", &[]), 1);
    connection.rollback().expect("rolled back");

    for (sql, expected) in [
        ("SELECT * FROM nope", 942),
        ("SELECT nope FROM item", 904),
        ("INSERT INTO item (id) VALUES (1)", 1),
        ("INSERT INTO item (name) VALUES ('x')", 1400),
        ("INSERT INTO item (id, name) VALUES (9999, RPAD('x', 21, 'x'))", 12899),
        ("INSERT INTO item (id) VALUES (12345678901)", 1438),
        ("INSERT INTO item (id) VALUES ('abc')", 1722),
    ] {
        assert_eq!(code(&connection.execute(sql, &[]).map(drop).expect_err(sql)), expected, "{sql}");
        assert_eq!(number(connection, "SELECT COUNT(*) FROM item", &[]), ROWS);
    }
    let scn = number(connection, "SELECT current_scn FROM v$database", &[]);
    run(connection, "DELETE FROM item WHERE id <= 10");
    connection.commit().expect("committed");
    assert_eq!(number(connection, "SELECT COUNT(*) FROM item AS OF SCN :1", &[&scn]), ROWS);
    assert_eq!(number(connection, "SELECT COUNT(*) FROM item", &[]), ROWS - 10);
}

fn large_objects(connection: &Connection) {
    // No characters of two units: the crate cannot read a piece that ends within one.
    let text = "é☃x".repeat(20_000);
    let bytes: Vec<u8> = (0..100_000_u32).map(|at| at as u8).collect();
    run(connection, "DELETE FROM item WHERE id = 7000");
    connection.execute("INSERT INTO item (id, doc, bin) VALUES (7000, :1, :2)", &[&text, &bytes]).expect("inserted");
    let sql = "SELECT doc, bin FROM item WHERE id = 7000";
    let row = connection.query_row(sql, &[]).expect("a row");
    assert_eq!(row.get::<String>(0).expect("text"), text);
    assert_eq!(row.get::<Vec<u8>>(1).expect("bytes"), bytes);
    let statement = connection.statement(sql).expect("a statement").fetch_lobs().build().expect("built");
    let mut row = statement.query_row(&[]).expect("a row");
    let mut doc: Lob = row.take(0).expect("a locator");
    assert_eq!(doc.get_size().expect("a size"), text.encode_utf16().count());
    // The crate needs a buffer for the longest form of a character.
    let mut room = vec![0; 4 * text.len()];
    let mut read = Vec::new();
    while let count @ 1.. = std::io::Read::read(&mut doc, &mut room).expect("read") {
        read.extend_from_slice(&room[..count]);
    }
    assert!(read == text.as_bytes());
    let mut bin: Lob = row.take(1).expect("a locator");
    let mut read = Vec::new();
    std::io::Read::read_to_end(&mut bin, &mut read).expect("read");
    assert!(read == bytes);
    connection.rollback().expect("rolled back");
}

fn given_back(connection: &Connection) {
    let room = " ".repeat(20);
    let sql = "UPDATE item SET name = 'new' WHERE id BETWEEN 21 AND 23 RETURNING name INTO :1";
    let mut done = connection.execute(sql, &[&room]).expect("updated");
    assert_eq!(done.rows_affected(), 3);
    let names: Vec<String> = done.returned_data().into_iter().map(|row| row.get(0).expect("text")).collect();
    assert_eq!(names, ["new", "new", "new"]);
    connection.rollback().expect("rolled back");
    let block = "BEGIN :1 := DBMS_FLASHBACK.GET_SYSTEM_CHANGE_NUMBER; END;";
    let mut done = connection.execute(block, &[&oracledb::DB_TYPE_NUMBER]).expect("run");
    assert!(done.out_bind_data().get::<i64>(0).expect("a number") > 0);
}

fn time_out(connection: &Connection) {
    connection.set_call_timeout(Some(Duration::from_millis(200))).expect("set");
    let error = connection.execute("BEGIN DBMS_SESSION.SLEEP(5); END;", &[]).map(drop).expect_err("too long");
    assert!(matches!(error.kind(), ErrorKind::CallTimeoutExceeded), "{:?}", error.kind());
    connection.set_call_timeout(None).expect("set");
    assert_eq!(number(connection, "SELECT 1 FROM dual", &[]), 1);
}
