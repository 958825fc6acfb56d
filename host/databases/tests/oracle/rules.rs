//! Columns as a pipeline declares them, read from the server.

use std::sync::Arc;

use arrow_schema::{DataType, TimeUnit};
use wmshost_flow::{ColumnReading, ColumnRule, ColumnRules, SourceForm, SourceGrant, SourceSession, Value};
use wmshost_oracle_emulator::Release;

use crate::server::{SHARED, as_json, grant, read, run, settings, source};

fn read_as(kind: Option<DataType>, form: Option<SourceForm>, rename: Option<&str>) -> ColumnRule {
    ColumnRule::Read(ColumnReading { kind, form, rename: rename.map(str::to_owned), mask: None })
}

fn timestamp(zoned: bool) -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, zoned.then(|| Arc::from("UTC")))
}

fn session(release: Release, table: &str, rules: &[(&str, ColumnRule)]) -> Box<dyn SourceSession> {
    let columns: ColumnRules = rules.iter().map(|(name, rule)| ((*name).to_owned(), rule.clone())).collect();
    let grant = SourceGrant { columns: [(table.to_lowercase(), columns)].into(), ..grant(&[table]) };
    source(&settings(&SHARED, release)).expect("a source").session(&grant).expect("a session")
}

/// A table with values of every form, the last row of which fits none.
fn fill(release: Release, table: &str) {
    run(
        &settings(&SHARED, release),
        &[
            &format!(
                "CREATE TABLE {table} (ID NUMBER(5) PRIMARY KEY, LAT NUMBER, DIGITS NUMBER, MS NUMBER, ISO \
                 VARCHAR2(40), PRICE VARCHAR2(10), FLAG CHAR(3), DAY DATE, NOTE CLOB, CREATED DATE, MODIFIED \
                 TIMESTAMP(6))"
            ),
            &format!(
                "INSERT INTO {table} VALUES (1, 40.712776111119, 0.12345678901, 1769860800123, \
                 '2026-01-31T09:00:00-03:00', '12.50', 'Y', DATE '2026-01-31', 'x', DATE '2026-01-02', TIMESTAMP \
                 '2026-01-01 00:00:00.5')"
            ),
            &format!(
                "INSERT INTO {table} VALUES (2, 1, 2, -1, '2026-01-31 12:00', '-3', 'no', DATE '1999-12-31', 'y', \
                 DATE '2026-01-01', NULL)"
            ),
            &format!(
                "INSERT INTO {table} VALUES (3, 1, 2, 0.00005, 'n/a', '1,5', '?', TIMESTAMP '2026-01-31 01:00:00', 'z', \
                 NULL, NULL)"
            ),
        ],
    );
}

fn rules() -> [(&'static str, ColumnRule); 10] {
    [
        ("lat", read_as(Some(DataType::Decimal128(20, 12)), None, None)),
        ("digits", read_as(Some(DataType::Utf8), None, None)),
        ("ms", read_as(Some(timestamp(true)), Some(SourceForm::EpochMillis), None)),
        ("iso", read_as(None, Some(SourceForm::IsoUtc), Some("moment"))),
        ("price", read_as(Some(DataType::Decimal128(10, 2)), Some(SourceForm::Text), None)),
        ("flag", read_as(None, Some(SourceForm::Words), None)),
        ("day", read_as(Some(DataType::Date32), None, None)),
        ("note", ColumnRule::Skip),
        ("touched", ColumnRule::Greatest(vec!["created".to_owned(), "modified".to_owned()])),
        ("scn", ColumnRule::RowScn),
    ]
}

#[test]
fn every_form_is_read_as_the_type_that_the_pipeline_declares() {
    for release in Release::ALL {
        let table = format!("RULED_{release:?}").to_uppercase();
        fill(release, &table);
        let rules = rules();
        let mut session = session(release, &table, &rules);
        let described = session.describe(&table).expect("granted").expect("there");
        let names: Vec<_> = described.columns.fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(
            names,
            ["ID", "LAT", "DIGITS", "MS", "MOMENT", "PRICE", "FLAG", "DAY", "CREATED", "MODIFIED", "SCN", "TOUCHED"]
        );
        let chosen =
            r#"SELECT "ID", "LAT", "DIGITS", "MS", "MOMENT" AS "moment", "PRICE", "FLAG", "DAY", "TOUCHED" FROM "T""#;
        let chosen = chosen.replace("\"T\"", &format!("\"{table}\""));
        let batch = read(session.as_mut(), &format!("{chosen} ORDER BY \"ID\""), &[]);
        assert_eq!(
            as_json(&batch),
            [
                r#"{"ID":1,"LAT":"40.712776111119","DIGITS":"0.12345678901","MS":"2026-01-31 12:00:00.123000Z","moment":"2026-01-31 12:00:00.000000Z","PRICE":"12.50","FLAG":true,"DAY":"2026-01-31","TOUCHED":"2026-01-02 00:00:00.000000"}"#,
                r#"{"ID":2,"LAT":"1.000000000000","DIGITS":"2","MS":"1969-12-31 23:59:59.999000Z","moment":"2026-01-31 12:00:00.000000Z","PRICE":"-3.00","FLAG":false,"DAY":"1999-12-31","TOUCHED":"2026-01-01 00:00:00.000000"}"#,
            ]
        );
        let reason = &batch.rejected[0].reason;
        for words in ["column MS", "column moment", "column PRICE", "column FLAG", "time of day"] {
            assert!(reason.contains(words), "{words} is not in {reason}");
        }
        // Compared by what the numbers mean, by the change number of the row, and by the greater of two.
        let micros = 1_769_860_800_123_000;
        for (condition, value, expected) in [
            ("\"MS\" >= :1", Value::Timestamp(micros), 1),
            ("\"MS\" > :1", Value::Timestamp(micros), 0),
            ("\"MS\" > :1", Value::Timestamp(-500), 2),
            ("\"SCN\" > :1", Value::Int64(0), 3),
            ("\"TOUCHED\" >= :1", Value::Timestamp(1_767_312_000_000_000), 1),
        ] {
            let found = read(session.as_mut(), &format!("SELECT \"ID\" FROM \"{table}\" WHERE {condition}"), &[value]);
            assert_eq!(found.rows.num_rows(), expected, "{condition}");
        }
    }
}

#[test]
fn what_cannot_be_read_as_declared_is_refused_all_at_once() {
    let settings = settings(&SHARED, Release::R23);
    run(
        &settings,
        &["CREATE TABLE UNRULED (ID NUMBER(5) PRIMARY KEY, T TIMESTAMP(6), V VARCHAR2(5), D BINARY_DOUBLE)"],
    );
    let rules = [
        ("x", ColumnRule::Skip),
        ("t", read_as(Some(DataType::Int64), None, None)),
        ("v", read_as(Some(timestamp(false)), None, None)),
        ("d", read_as(Some(DataType::Decimal128(5, 2)), None, None)),
        ("g", ColumnRule::Greatest(vec!["t".to_owned(), "id".to_owned()])),
    ];
    let refused = session(Release::R23, "UNRULED", &rules).describe("UNRULED").expect_err("mistakes").to_string();
    for words in [
        "column x is not in table UNRULED, which has id, t, v, d",
        "column T is TIMESTAMP(6) and cannot be read as int64",
        "column V is VARCHAR2(5) and cannot be read as timestamp without zone; name the form of its text",
        "column D is BINARY_DOUBLE and cannot be read as decimal(5, 2)",
    ] {
        assert!(refused.contains(words), "{words} is not in {refused}");
    }
    let skipped = session(Release::R23, "UNRULED", &[("id", ColumnRule::Skip)]).describe("UNRULED");
    let skipped = skipped.expect_err("a mistake").to_string();
    assert!(skipped.contains("ID is part of the primary key"), "{skipped}");
}
