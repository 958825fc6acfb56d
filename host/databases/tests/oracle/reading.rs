//! Every type of Oracle's, as the table in the driver's module `types` says, and the values that cannot be kept.

use wmshost_databases::oracle::{BareNumber, Settings};
use wmshost_flow::{FailureKind, Value};
use wmshost_oracle_emulator::{Asked, Effect, Emulator, Fault, Moment, Options, Release};

use crate::server::{SHARED, as_json, read, reader, run, settings};

fn made(settings: &Settings, table: &str, columns: &str, rows: &[&str]) {
    let create = format!("CREATE TABLE {table} ({columns})");
    let inserts: Vec<String> = rows.iter().map(|row| format!("INSERT INTO {table} VALUES ({row})")).collect();
    let all: Vec<&str> = std::iter::once(create.as_str()).chain(inserts.iter().map(String::as_str)).collect();
    run(settings, &all);
}

/// A declared type, a value as it is written, the Arrow type, and the value as JSON.
const TYPES: &[(&str, &str, &str, &str)] = &[
    ("NUMBER(10)", "42", "Int64", "42"),
    ("NUMBER(18)", "-999999999999999999", "Int64", "-999999999999999999"),
    ("NUMBER(19)", "9999999999999999999", "Decimal128(19, 0)", "\"9999999999999999999\""),
    ("NUMBER(12,2)", "-1.5", "Decimal128(12, 2)", "\"-1.50\""),
    (
        "NUMBER(38,10)",
        "1234567890123456789012345678.0123456789",
        "Decimal128(38, 10)",
        "\"1234567890123456789012345678.0123456789\"",
    ),
    ("INTEGER", "7", "Decimal128(38, 0)", "\"7\""),
    ("NUMBER(5,-2)", "12345", "Int64", "12300"),
    ("NUMBER(3,5)", "0.00123", "Decimal128(5, 5)", "\"0.00123\""),
    ("NUMBER(38,-2)", "-1234500", "Utf8", "\"-1234500\""),
    ("NUMBER", "0.1", "Decimal128(38, 10)", "\"0.1000000000\""),
    ("FLOAT", "0.25", "Decimal128(38, 10)", "\"0.2500000000\""),
    ("BINARY_DOUBLE", "0.1", "Float64", "0.1"),
    ("BINARY_FLOAT", "0.5", "Float64", "0.5"),
    ("CHAR(4)", "'ab'", "Utf8", "\"ab  \""),
    ("NCHAR(4)", "'ä€'", "Utf8", "\"ä€  \""),
    ("VARCHAR2(20)", "'ä€ x'", "Utf8", "\"ä€ x\""),
    ("NVARCHAR2(20)", "'ä€'", "Utf8", "\"ä€\""),
    ("CLOB", "'long text'", "Utf8", "\"long text\""),
    ("NCLOB", "'ä€ 😀'", "Utf8", "\"ä€ 😀\""),
    ("LONG", "'as long as wanted'", "Utf8", "\"as long as wanted\""),
    ("LONG RAW", "HEXTORAW('00FF')", "Binary", "\"00ff\""),
    ("RAW(16)", "HEXTORAW('00112233445566778899AABBCCDDEEFF')", "Binary", "\"00112233445566778899aabbccddeeff\""),
    ("BLOB", "HEXTORAW('01')", "Binary", "\"01\""),
    (
        "DATE",
        "TO_DATE('2026-01-31 23:59:58', 'YYYY-MM-DD HH24:MI:SS')",
        "Timestamp(µs)",
        "\"2026-01-31 23:59:58.000000\"",
    ),
    ("DATE", "TO_DATE('0001-01-01', 'YYYY-MM-DD')", "Timestamp(µs)", "\"0001-01-01 00:00:00.000000\""),
    ("TIMESTAMP(0)", "TIMESTAMP '2026-01-31 23:59:58'", "Timestamp(µs)", "\"2026-01-31 23:59:58.000000\""),
    ("TIMESTAMP(6)", "TIMESTAMP '9999-12-31 23:59:59.999999'", "Timestamp(µs)", "\"9999-12-31 23:59:59.999999\""),
    ("TIMESTAMP(6)", "TIMESTAMP '2026-01-31 23:59:58.123456'", "Timestamp(µs)", "\"2026-01-31 23:59:58.123456\""),
    (
        "TIMESTAMP(6) WITH TIME ZONE",
        "TIMESTAMP '2026-01-31 09:00:00.5 -03:00'",
        "Timestamp(µs, \"UTC\")",
        "\"2026-01-31 12:00:00.500000Z\"",
    ),
    (
        "TIMESTAMP(6) WITH LOCAL TIME ZONE",
        "TIMESTAMP '2026-01-31 09:00:00.5 -03:00'",
        "Timestamp(µs, \"UTC\")",
        "\"2026-01-31 12:00:00.500000Z\"",
    ),
    ("INTERVAL YEAR(4) TO MONTH", "INTERVAL '1-2' YEAR TO MONTH", "Utf8", "\"+01-02\""),
    ("INTERVAL YEAR TO MONTH", "INTERVAL '-0-3' YEAR TO MONTH", "Utf8", "\"-00-03\""),
    ("INTERVAL DAY TO SECOND", "INTERVAL '3 04:05:06.789' DAY TO SECOND", "Utf8", "\"+003 04:05:06.789000000\""),
    ("INTERVAL DAY TO SECOND", "INTERVAL '0 00:00:01' DAY TO SECOND * -1", "Utf8", "\"-000 00:00:01.000000000\""),
    ("ROWID", "'AAAR3sAAEAAAACXAAA'", "Utf8", "\"AAAR3sAAEAAAACXAAA\""),
    ("UROWID", "'AAAR3sAAEAAAACXAAA'", "Utf8", "\"AAAR3sAAEAAAACXAAA\""),
    ("BOOLEAN", "TRUE", "Boolean", "true"),
    ("VARCHAR2(5)", "''", "Utf8", "null"),
    ("NUMBER(3)", "NULL", "Int64", "null"),
];

#[test]
fn every_type_is_read_as_the_table_says() {
    for release in Release::ALL {
        let settings = settings(&SHARED, release);
        for (at, (declared, value, arrow, json)) in TYPES.iter().enumerate() {
            if *declared == "BOOLEAN" && release == Release::R19 {
                continue;
            }
            let table = format!("TYPES_{release:?}_{at}");
            made(&settings, &table, &format!("V {declared}"), &[value]);
            let mut session = reader(&settings, &[&table]);
            let described = session.describe(&table).expect("granted").expect("there");
            let batch = read(session.as_mut(), &format!("SELECT v AS \"v\" FROM {table}"), &[]);
            assert_eq!(described.columns.field(0).data_type().to_string(), *arrow, "{declared}");
            assert_eq!(batch.rows.schema().field(0).data_type().to_string(), *arrow, "{declared}");
            assert_eq!(as_json(&batch), [format!("{{\"v\":{json}}}")], "{declared}");
        }
    }
}

#[test]
fn fractions_that_are_no_numbers_are_kept() {
    let settings = settings(&SHARED, Release::R23);
    run(&settings, &["CREATE TABLE ODD (ID NUMBER(5), D BINARY_DOUBLE, F BINARY_FLOAT)"]);
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MIN_POSITIVE];
    let mut sql = crate::server::target(&settings).sql().expect("a session");
    for (id, value) in odd.iter().enumerate() {
        // The smallest one is 0 as a BINARY_FLOAT.
        let row = [Value::Int64(id as i64), Value::Float64(*value), Value::Float64(f64::from(*value as f32))];
        sql.execute("INSERT INTO odd VALUES (:1, :2, :3)", &row).expect("a row");
    }
    let batch = read(reader(&settings, &["ODD"]).as_mut(), "SELECT d, f FROM odd ORDER BY id", &[]);
    let found = |column: usize| -> Vec<String> {
        let values =
            arrow_array::cast::AsArray::as_primitive::<arrow_array::types::Float64Type>(batch.rows.column(column));
        values.iter().map(|value| format!("{value:?}")).collect()
    };
    assert_eq!(found(0), odd.map(|value| format!("{:?}", Some(value))));
    assert_eq!(found(1), odd.map(|value| format!("{:?}", Some(f64::from(value as f32)))));
}

#[test]
fn a_moment_before_our_era_is_a_bad_value() {
    let settings = settings(&SHARED, Release::R19);
    run(&settings, &["CREATE TABLE EARLY (ID NUMBER(5), D DATE, T TIMESTAMP(6))"]);
    let mut admin = SHARED.admin().expect("PostgreSQL");
    admin.execute("INSERT INTO wms.early VALUES (1, '0044-03-15 BC', NULL), (2, NULL, '0001-12-31 23:59:59 BC'), (3, NULL, NULL)").expect("rows");
    let batch = read(reader(&settings, &["EARLY"]).as_mut(), "SELECT id, d, t FROM early ORDER BY id", &[]);
    assert_eq!(as_json(&batch), [r#"{"ID":3,"D":null,"T":null}"#]);
    assert_eq!(batch.rejected.len(), 2);
    for (rejected, words) in batch.rejected.iter().zip(["column D, declared DATE", "column T, declared TIMESTAMP(6)"]) {
        assert!(rejected.reason.contains(words) && rejected.reason.contains("years 1 to 9999"), "{rejected:?}");
    }
}

/// A declared type, a value that cannot be kept, and the reason.
const MISFITS: &[(&str, &str, &str)] = &[
    ("NUMBER", "0.12345678901", "11 digits after the point, the column holds 10"),
    ("NUMBER", "12345678901234567890123456789", "digits"),
    ("TIMESTAMP(9)", "TIMESTAMP '2026-01-31 00:00:00.123456789'", "finer than microseconds"),
    ("CLOB", "RPAD('x', 3000, 'x')", "is larger than what is read at most (lob_mib of the connection)"),
];

#[test]
fn values_that_cannot_be_kept_go_out_of_the_batch_or_fail_the_read() {
    let mut settings = settings(&SHARED, Release::R19);
    settings.lob_bytes = 2_000;
    for (at, (declared, value, words)) in MISFITS.iter().enumerate() {
        let table = format!("MISFITS_{at}");
        made(
            &settings,
            &table,
            &format!("ID NUMBER(5), V {declared}"),
            &["1, NULL", &format!("2, {value}"), "3, NULL"],
        );
        let statement = format!("SELECT id, v FROM {table} ORDER BY id");
        let mut session = reader(&settings, &[&table]);
        let batch = read(session.as_mut(), &statement, &[]);
        if batch.rejected.is_empty() && declared.starts_with("TIMESTAMP") {
            // The emulator keeps microseconds only.
            continue;
        }
        assert_eq!(as_json(&batch), [r#"{"ID":1,"V":null}"#, r#"{"ID":3,"V":null}"#], "{declared}");
        let [rejected] = batch.rejected.as_slice() else { panic!("{declared}: {:?}", batch.rejected) };
        assert!(rejected.reason.contains(words) && rejected.reason.contains("column V"), "{rejected:?}");
        assert!(rejected.row.starts_with(r#"{"ID":2,"#), "{rejected:?}");
    }
}

#[test]
fn bare_numbers_are_text_if_the_connection_says_so() {
    let mut settings = settings(&SHARED, Release::R19);
    settings.bare_number = BareNumber::Text;
    made(&settings, "BARE", "V NUMBER, W NUMBER(5,2)", &["0.123456789012345678901234567890123456789, 1.5"]);
    let mut session = reader(&settings, &["BARE"]);
    let batch = read(session.as_mut(), "SELECT v, w FROM bare", &[]);
    assert_eq!(as_json(&batch), [r#"{"V":"0.123456789012345678901234567890123456789","W":"1.50"}"#]);
}

#[test]
fn rows_come_in_batches_to_the_last_one() {
    for (release, fetch) in
        [(Release::R19, None), (Release::R23, None), (Release::R19, Some(7)), (Release::R23, Some(1))]
    {
        let mut settings = settings(&SHARED, release);
        settings.fetch_rows = fetch;
        let table = format!("MANY_{release:?}_{}", fetch.unwrap_or(0));
        run(&settings, &[&format!("CREATE TABLE {table} (ID NUMBER(10), NAME VARCHAR2(40))")]);
        let many: Vec<Vec<Value>> =
            (0..1_234).map(|id| vec![Value::Int64(id), Value::Text(format!("name {}", id % 3))]).collect();
        let mut sql = crate::server::target(&settings).sql().expect("a session");
        let inserted = sql.execute_many(&format!("INSERT INTO {table} VALUES (:1, :2)"), &many);
        assert_eq!(inserted, Ok(1_234));
        let mut session = reader(&settings, &[&table]);
        let mut cursor = session
            .query(&format!("SELECT id, name FROM {table} WHERE id >= :1 ORDER BY id"), &[Value::Int64(34)])
            .expect("a cursor");
        // The session is not needed any more: the cursor keeps the connection.
        drop(session);
        let mut sizes = Vec::new();
        let mut next = 34;
        while let Some(batch) = cursor.next(500).expect("rows") {
            sizes.push(batch.rows.num_rows());
            for json in as_json(&batch) {
                assert_eq!(json, format!("{{\"ID\":{next},\"NAME\":\"name {}\"}}", next % 3));
                next += 1;
            }
        }
        assert_eq!((sizes, next), (vec![500, 500, 200], 1_234), "{release:?} {fetch:?}");
        assert!(cursor.next(1).expect("the end").is_none());
    }
}

/// Below 23ai a round trip costs the driver the square of its rows.
#[test]
fn so_many_rows_are_asked_for_as_suit_the_server() {
    // Unless it is set, the number follows from the round trip and the width of a row.
    let measured = 10..=10_000;
    for (release, fetch_rows, expected) in [
        (Release::R19, None, measured.clone()),
        (Release::R23, None, measured),
        (Release::R19, Some(900), 900..=900),
        (Release::R23, Some(7), 7..=7),
    ] {
        let mut settings = settings(&SHARED, release);
        settings.fetch_rows = fetch_rows;
        let table = format!("ASKED_{release:?}_{}", expected.start());
        run(&settings, &[&format!("CREATE TABLE {table} (ID NUMBER(10))")]);
        let many: Vec<Vec<Value>> = (0..2_100).map(|id| vec![Value::Int64(id)]).collect();
        let mut sql = crate::server::target(&settings).sql().expect("a session");
        sql.execute_many(&format!("INSERT INTO {table} VALUES (:1)"), &many).expect("rows");
        let mut session = reader(&settings, &[&table]);
        assert_eq!(read(session.as_mut(), &format!("SELECT id FROM {table}"), &[]).rows.num_rows(), 2_100);
        let is_read = |sql: &str| sql.starts_with(&format!("SELECT id FROM {table}"));
        let asked = SHARED.asked().into_iter().filter_map(|asked| match asked {
            Asked::Rows(sql, rows) if is_read(&sql) => Some(rows),
            _ => None,
        });
        let asked: Vec<usize> = asked.collect();
        assert!(
            asked.len() >= 2_100 / expected.end() && asked.iter().all(|rows| expected.contains(rows)),
            "{release:?}: {asked:?}"
        );
    }
}

#[test]
fn parameters_of_every_type_are_compared_rightly() {
    let settings = settings(&SHARED, Release::R23);
    made(
        &settings,
        "PARAMETERS",
        "ID NUMBER(5), AMOUNT NUMBER(12,2), NAME VARCHAR2(20), AT TIMESTAMP(6), D DATE, TZ TIMESTAMP(6) WITH TIME ZONE",
        &[
            "1, 1.50, 'a', TIMESTAMP '2026-01-31 12:00:00.000001', DATE '2026-01-31', TIMESTAMP '2026-01-31 09:00:00 -03:00'",
        ],
    );
    let noon = 1_769_860_800_000_000;
    let mut session = reader(&settings, &["parameters"]);
    for (condition, value, found) in [
        ("id = :1", Value::Int64(1), 1),
        ("amount = :1", Value::Decimal("1.5".into()), 1),
        ("amount > :1", Value::Decimal("1.50".into()), 0),
        ("name = :1", Value::Text("a".into()), 1),
        ("at > :1", Value::Timestamp(noon), 1),
        ("at >= :1", Value::Timestamp(noon + 1), 1),
        ("at > :1", Value::Timestamp(noon + 1), 0),
        ("d = :1", Value::Date(20_484), 1),
        ("tz = :1", Value::Timestamp(noon), 1),
        ("tz < :1", Value::Timestamp(noon), 0),
        ("id = :1", Value::Null, 0),
    ] {
        let batch = read(
            session.as_mut(),
            &format!("SELECT id FROM parameters WHERE {condition}"),
            std::slice::from_ref(&value),
        );
        assert_eq!(batch.rows.num_rows(), found, "{condition} {value:?}");
    }
}

/// Past an index Oracle would turn the column, row by row.
#[test]
fn a_date_is_compared_with_dates() {
    let settings = settings(&SHARED, Release::R19);
    made(
        &settings,
        "DATED",
        "ID NUMBER(5), D DATE, T TIMESTAMP(6)",
        &[
            "1, DATE '2026-01-31', TIMESTAMP '2026-01-31 00:00:00'",
            "2, DATE '2026-02-01', TIMESTAMP '2026-02-01 00:00:00.5'",
        ],
    );
    let second = 1_769_817_600_000_000;
    let day = 86_400_000_000;
    let mut session = reader(&settings, &["dated"]);
    for (condition, micros, found) in [
        ("d > :1", second, 1),
        ("d > :1", second - 1, 2),
        ("d >= :1", second, 2),
        ("d >= :1", second + 1, 1),
        ("d <= :1", second + 1, 1),
        ("d < :1", second + 1, 1),
        ("d < :1", second, 0),
        ("d = :1", second, 1),
        ("d = :1", second + 1, 0),
        ("t > :1", second + day, 1),
        ("t > :1", second + day + 500_000, 0),
    ] {
        let statement = format!("SELECT id FROM dated WHERE {condition}");
        let batch = read(session.as_mut(), &statement, &[Value::Timestamp(micros)]);
        assert_eq!(batch.rows.num_rows(), found, "{condition} {micros}");
    }
    let sent: Vec<String> = SHARED
        .asked()
        .into_iter()
        .filter_map(|asked| match asked {
            Asked::Rows(sql, _) if sql.contains("FROM dated") => Some(sql),
            _ => None,
        })
        .collect();
    assert!(sent.iter().any(|sql| sql.ends_with("d > CAST(:1 AS DATE)")), "{sent:?}");
    assert!(!sent.iter().any(|sql| sql.contains("t > CAST")), "{sent:?}");
}

#[test]
fn views_synonyms_and_names_that_were_quoted_are_read_like_tables() {
    let settings = settings(&SHARED, Release::R23);
    run(
        &settings,
        &[
            "CREATE TABLE \"MixedCase\" (\"Id\" NUMBER(5) PRIMARY KEY, \"weird name\" VARCHAR2(5))",
            "INSERT INTO \"MixedCase\" VALUES (1, 'a')",
            "CREATE TABLE SEEN (ID NUMBER(5) PRIMARY KEY, N VARCHAR2(5))",
            "INSERT INTO SEEN VALUES (7, 'b')",
            "CREATE VIEW SEEN_BY AS SELECT id, n FROM seen",
            "CREATE SYNONYM ALSO_SEEN FOR seen",
        ],
    );
    let mut session = reader(&settings, &["MixedCase", "seen_by", "also_seen"]);
    assert_eq!(session.tables().expect("tables"), ["MixedCase", "ALSO_SEEN", "SEEN_BY"]);
    let described = session.describe("MixedCase").expect("granted").expect("there");
    assert_eq!((described.name.as_str(), described.key), ("MixedCase", vec!["Id".to_owned()]));
    let batch = read(session.as_mut(), "SELECT \"Id\", \"weird name\" AS n FROM \"MixedCase\"", &[]);
    assert_eq!(as_json(&batch), [r#"{"Id":1,"N":"a"}"#]);
    assert_eq!(session.query("SELECT id FROM mixedcase", &[]).err().expect("another one").kind, FailureKind::Denied);
    let described = session.describe("Seen_By").expect("granted").expect("there");
    assert_eq!((described.name.as_str(), described.key), ("SEEN_BY", Vec::new()));
    assert_eq!(as_json(&read(session.as_mut(), "SELECT id, n FROM seen_by", &[])), [r#"{"ID":7,"N":"b"}"#]);
    let described = session.describe("also_seen").expect("granted").expect("there");
    assert_eq!((described.name.as_str(), described.key), ("ALSO_SEEN", vec!["ID".to_owned()]));
    assert_eq!(as_json(&read(session.as_mut(), "SELECT id, n FROM also_seen", &[])), [r#"{"ID":7,"N":"b"}"#]);
}

#[test]
fn a_right_that_is_missing_is_reported_with_its_grant() {
    let server = Emulator::start(Options::default()).expect("a emulator");
    let mut settings = settings(&server, Release::R19);
    settings.schema = Some("wms".to_owned());
    run(&settings, &["CREATE TABLE T (ID NUMBER(5))"]);
    let mut session = reader(&settings, &["t"]);
    server.faults().add(Fault::new(Moment::Statement("AS OF SCN".into()), Effect::Fail(1_031)));
    let failure = session.query("SELECT id FROM t", &[]).err().expect("a right is missing");
    assert_eq!(failure.kind, FailureKind::Denied);
    for words in ["ORA-01031", "GRANT FLASHBACK ON WMS.T TO WMS", "snapshot = \"statement\""] {
        assert!(failure.to_string().contains(words), "{words} is not in {failure}");
    }
}

#[test]
fn a_table_is_described_with_its_key_and_only_if_it_is_granted() {
    let settings = settings(&SHARED, Release::R19);
    run(
        &settings,
        &["CREATE TABLE DESCRIBED (B VARCHAR2(5) NOT NULL, A NUMBER(5) NOT NULL, C DATE, PRIMARY KEY (A, B))"],
    );
    let mut session = reader(&settings, &["described", "missing"]);
    let described = session.describe("Described").expect("granted").expect("there");
    assert_eq!((described.name.as_str(), described.key), ("DESCRIBED", vec!["A".to_owned(), "B".to_owned()]));
    let nullable: Vec<_> = described.columns.fields().iter().map(|field| field.is_nullable()).collect();
    assert_eq!(nullable, [false, false, true]);
    assert!(session.describe("missing").expect("granted").is_none());
    assert_eq!(session.describe("other").expect_err("not granted").kind, FailureKind::Denied);
    assert_eq!(session.tables().expect("granted tables"), ["DESCRIBED"]);
    for statement in [
        "SELECT a FROM other",
        "DELETE FROM described",
        "SELECT dbms_random.value FROM described",
        "SELECT USER FROM described",
    ] {
        let failure = session.query(statement, &[]).err().expect("denied");
        assert_eq!(failure.kind, FailureKind::Denied, "{statement}: {failure}");
    }
}

#[test]
fn a_cursor_that_was_left_does_not_harm_the_next() {
    for release in Release::ALL {
        let settings = settings(&SHARED, release);
        let table = format!("LEFT_{release:?}");
        run(
            &settings,
            &[&format!(
                "CREATE TABLE {table} (ID NUMBER(18) PRIMARY KEY, AMOUNT NUMBER(12,3), NAME VARCHAR2(20), CHANGED TIMESTAMP(6))"
            )],
        );
        let many: Vec<Vec<Value>> = (0..3_000)
            .map(|id| {
                let moment = if id % 7 == 0 { Value::Null } else { Value::Timestamp(1_769_853_600_000_000 + id / 5) };
                let amount = if id % 11 == 0 { Value::Null } else { Value::Decimal(format!("{}.5", id % 10)) };
                vec![Value::Int64(id), amount, Value::Text("PICKED".into()), moment]
            })
            .collect();
        let mut sql = crate::server::target(&settings).sql().expect("a session");
        sql.execute_many(&format!("INSERT INTO {table} VALUES (:1, :2, :3, :4)"), &many).expect("rows");
        let mut session = reader(&settings, &[&table]);
        session.describe(&table).expect("granted").expect("there");
        let latest = format!(
            "SELECT \"CHANGED\" AS \"changed\" FROM \"{table}\" WHERE \"CHANGED\" <= :1 ORDER BY \"CHANGED\" DESC FETCH FIRST 100 ROWS ONLY"
        );
        let mut cursor = session.query(&latest, &[Value::Timestamp(1_869_853_600_000_000)]).expect("a cursor");
        assert_eq!(cursor.next(1).expect("a row").expect("one").rows.num_rows(), 1);
        drop(cursor);
        let all = format!(
            "SELECT \"ID\" AS \"id\", \"AMOUNT\" AS \"amount\", \"NAME\" AS \"name\", \"CHANGED\" AS \"changed\" FROM \"{table}\" ORDER BY \"ID\""
        );
        let mut cursor = session.query(&all, &[]).expect("a cursor");
        let mut rows = 0;
        while let Some(batch) = cursor.next(500).expect("rows") {
            rows += batch.rows.num_rows();
        }
        assert_eq!(rows, 3_000, "{release:?}");
    }
}
