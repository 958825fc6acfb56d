//! A position in a table means the same rows in Oracle's SQL as in the host, for every type that a key can have.

use std::cmp::Ordering;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Decimal128Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array as _, ArrayRef};
use arrow_schema::DataType;
use wmshost_flow::{SourceSession, Value, order_of_values};
use wmshost_oracle_emulator::Release;

use crate::server::{SHARED, read, reader, run, settings};

/// A declared type and cells as SQL.
const COLUMNS: &[(&str, &[&str])] = &[
    ("NUMBER(10)", &["9", "10", "-1", "0", "100", "NULL"]),
    ("NUMBER", &["9", "10", "9.5", "-0.25", "12345678901234567890", "0.0000000001", "NULL"]),
    ("NUMBER(19)", &["9", "10", "9223372036854775808", "-9999999999999999999"]),
    ("NUMBER(38)", &["9", "10", "12345678901234567890123456789012345678"]),
    ("NUMBER(16,2)", &["9", "10", "9.05", "9.50", "-1.5"]),
    (
        "VARCHAR2(20)",
        &["'a'", "'A'", "'a '", "'b'", "'B'", "'é'", "'10'", "'9'", "'~'", "'\u{ff5e}'", "'\u{1F600}'", "NULL"],
    ),
    ("CHAR(6)", &["'a'", "'A'", "'ab'", "'a b'", "'9'", "'10'"]),
    ("NCHAR(6)", &["'a'", "'A'", "'ab'", "'a b'", "'9'", "'10'"]),
    ("BOOLEAN", &["TRUE", "FALSE", "NULL"]),
    ("NVARCHAR2(20)", &["'a'", "'A'", "'é'", "'\u{ff5e}'", "'\u{1F600}'", "'日'"]),
    ("RAW(8)", &["HEXTORAW('00')", "HEXTORAW('0001')", "HEXTORAW('7F')", "HEXTORAW('80')", "HEXTORAW('FF')"]),
    ("DATE", DATES),
    ("TIMESTAMP(0)", DATES),
    ("TIMESTAMP(3)", MOMENTS),
    ("TIMESTAMP(6)", MOMENTS),
    (
        "TIMESTAMP(6) WITH TIME ZONE",
        &[
            "TIMESTAMP '2026-01-31 12:00:00 +00:00'",
            "TIMESTAMP '2026-01-31 12:30:00 +03:00'",
            "TIMESTAMP '2026-01-31 09:00:00 -03:00'",
            "TIMESTAMP '2026-01-31 11:59:59.999999 +00:00'",
            "TIMESTAMP '2026-02-01 01:00:00 +14:00'",
        ],
    ),
];

const DATES: &[&str] = &[
    "TO_DATE('2026-01-31 00:00:00', 'YYYY-MM-DD HH24:MI:SS')",
    "TO_DATE('2026-01-31 00:00:01', 'YYYY-MM-DD HH24:MI:SS')",
    "TO_DATE('2026-01-30 23:59:59', 'YYYY-MM-DD HH24:MI:SS')",
    "TO_DATE('0999-12-31 23:59:59', 'YYYY-MM-DD HH24:MI:SS')",
];

const MOMENTS: &[&str] = &[
    "TIMESTAMP '2026-01-31 12:00:00'",
    "TIMESTAMP '2026-01-31 12:00:00.5'",
    "TIMESTAMP '2026-01-31 12:00:00.499'",
    "TIMESTAMP '2026-01-31 11:59:59.999'",
    "TIMESTAMP '2026-02-01 00:00:00'",
];

fn values(column: &ArrayRef) -> Vec<Value> {
    let value = |row: usize| match column.data_type() {
        _ if column.is_null(row) => Value::Null,
        DataType::Int64 => Value::Int64(column.as_primitive::<Int64Type>().value(row)),
        DataType::Boolean => Value::Boolean(column.as_boolean().value(row)),
        DataType::Decimal128(..) => Value::Decimal(column.as_primitive::<Decimal128Type>().value_as_string(row)),
        DataType::Binary => Value::Binary(column.as_binary::<i32>().value(row).to_vec()),
        DataType::Timestamp(..) => Value::Timestamp(column.as_primitive::<TimestampMicrosecondType>().value(row)),
        _ => Value::Text(column.as_string::<i32>().value(row).to_owned()),
    };
    (0..column.len()).map(value).collect()
}

fn order(a: &Value, b: &Value) -> Ordering {
    order_of_values(a, b).expect("values of one column")
}

fn sorted(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_by(order);
    values
}

fn selected(session: &mut dyn SourceSession, table: &str, rest: &str, parameters: &[Value]) -> Vec<Value> {
    values(read(session, &format!("SELECT k AS \"k\" FROM {table} {rest}"), parameters).rows.column(0))
}

/// True if an operator holds for two values in this order.
type Holds = fn(Ordering) -> bool;

#[test]
fn every_place_means_the_same_rows_in_oracles_sql_and_in_the_host() {
    let settings = settings(&SHARED, Release::R23);
    let mut wrong = Vec::new();
    for (at, (declared, cells)) in COLUMNS.iter().enumerate() {
        let table = format!("ORDERING_{at}");
        let rows: Vec<String> = cells.iter().map(|cell| format!("INSERT INTO {table} VALUES ({cell})")).collect();
        let create = format!("CREATE TABLE {table} (K {declared})");
        let all: Vec<&str> = [create.as_str()].into_iter().chain(rows.iter().map(String::as_str)).collect();
        run(&settings, &all);
        let mut session = reader(&settings, &[&table]);
        let described = session.describe(&table).expect("granted").expect("there");
        let by = described.order_of("K").expect("an order").clone();
        let by_sql = selected(session.as_mut(), &table, &format!("ORDER BY {} NULLS FIRST", by.expression), &[]);
        if by_sql != sorted(by_sql.clone()) {
            wrong.push(format!("{declared}: ORDER BY {}: {by_sql:?}", by.expression));
        }
        let known: Vec<Value> = by_sql.into_iter().filter(|value| *value != Value::Null).collect();
        let comparisons: [(&str, Holds); 3] = [(">", Ordering::is_gt), ("=", Ordering::is_eq), ("<=", Ordering::is_le)];
        for (place, (operator, holds)) in known.iter().flat_map(|place| comparisons.map(|with| (place, with))) {
            let wanted: Vec<Value> = known.iter().filter(|value| holds(order(value, place))).cloned().collect();
            for condition in
                [format!("{} {operator} {}", by.expression, by.parameter(":1")), format!("k {operator} :1")]
            {
                let obvious = condition.starts_with('k');
                if obvious && ["CAST", "CASE"].iter().any(|word| by.expression.starts_with(word)) {
                    continue;
                }
                let rest = format!("WHERE {condition}");
                let found = sorted(selected(session.as_mut(), &table, &rest, std::slice::from_ref(place)));
                if found != wanted {
                    wrong.push(format!("{declared}: {condition} with {place}: {found:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_oracle_orders_otherwise_has_no_order() {
    let settings = settings(&SHARED, Release::R23);
    for (at, (declared, why)) in [
        ("NUMBER(38,-2)", "read as text"),
        ("INTERVAL DAY TO SECOND", "by length"),
        ("CLOB", "of any length"),
        ("BLOB", "of any length"),
    ]
    .into_iter()
    .enumerate()
    {
        let table = format!("NO_ORDER_{at}");
        run(&settings, &[&format!("CREATE TABLE {table} (K {declared})")]);
        let described = reader(&settings, &[&table]).describe(&table).expect("granted").expect("there");
        let reason = described.order_of("k").expect_err("no order");
        assert!(reason.contains(why), "{declared}: {reason}");
    }
}
