//! A position in a table means the same rows in SQL as in the host: for every declared type, spelling, collation and
//! encoding, generated tables are ordered by the expressions of the description and compared with bound parameters,
//! once by the described expressions and once as an author would write it, against an order in plain Rust.

use std::cmp::Ordering;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array as _, ArrayRef};
use arrow_schema::DataType;
use wmshost_flow::{ColumnOrder, SourceSession, Value, order_of_values};

use crate::warehouse::{Warehouse, read_all};

const ENCODINGS: [&str; 3] = ["UTF-8", "UTF-16le", "UTF-16be"];
const ROWS: usize = 60;
const DAY: i64 = 86_400_000_000;
/// 2026-01-01.
const BASE: i64 = 1_767_225_600_000_000;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % most
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    fn whole(&mut self) -> i64 {
        let wide = i64::try_from(self.below(1 << 52)).expect("52 bits") * 1_000;
        let value = self.one(&[self.0 as i64 % 10, self.0 as i64 % 1_000, wide]);
        if self.below(3) == 0 { -value } else { value }
    }
}

/// One cell as SQL.
type Cell = fn(&mut Dice) -> String;

/// True if a comparison holds for two values in this order.
type Holds = fn(Ordering) -> bool;

fn whole(dice: &mut Dice) -> String {
    match dice.below(12) {
        0 => "NULL".to_owned(),
        1 => "'no number'".to_owned(),
        2 => "1.5".to_owned(),
        3 => format!("'{}'", dice.whole()),
        _ => dice.whole().to_string(),
    }
}

fn only_whole(dice: &mut Dice) -> String {
    (dice.below(2_000) as i64 - 500).to_string()
}

fn small(dice: &mut Dice) -> String {
    match dice.below(8) {
        0 => "NULL".to_owned(),
        1 => "'x'".to_owned(),
        2 => format!("'{}.{}0'", dice.below(200), dice.below(10)),
        3 => format!("-{}", dice.below(150)),
        4 => format!("{}", dice.below(150)),
        _ => format!("{}.{}", dice.below(2_000), dice.below(100)),
    }
}

fn decimal_text(dice: &mut Dice) -> String {
    let sign = dice.one(&["", "", "-", "+"]);
    let zeros = dice.one(&["", "", "0", "000"]);
    match dice.below(10) {
        0 => "NULL".to_owned(),
        1 => "'12a'".to_owned(),
        2 => format!("'{sign}{zeros}{}{}'", dice.below(1 << 52), dice.below(1 << 20)),
        3 => format!("'{sign}{}.'", dice.below(120)),
        _ => format!("'{sign}{zeros}{}.{}{zeros}'", dice.below(120), dice.below(100)),
    }
}

fn whole_text(dice: &mut Dice) -> String {
    format!("'{}{}'", dice.one(&["", "", "-"]), dice.below(20_000))
}

/// A moment of few days, so that many are equal or share their day, their minute or their second.
fn moment(dice: &mut Dice) -> i64 {
    let day = BASE + i64::try_from(dice.below(4)).expect("few") * DAY;
    let second = i64::try_from(dice.below(3) * 3_600 + dice.below(2) * 60 + dice.below(3)).expect("few");
    day + dice.one(&[0, second * 1_000_000, second * 1_000_000, DAY - 1_000_000]) + dice.one(&[0, 0, 500_000, 123_456])
}

fn spelled(dice: &mut Dice, micros: i64) -> String {
    let whole = Value::Timestamp(micros).to_string();
    let separator = dice.one(&[" ", "T"]);
    let whole = whole.replace(' ', separator);
    let shortest = whole.trim_end_matches('0').trim_end_matches('.');
    let (date, time) = whole.split_at(10);
    match dice.below(5) {
        0 if micros.rem_euclid(DAY) == 0 => date.to_owned(),
        1 if time.ends_with(":00.000000") => whole[..16].to_owned(),
        2 => format!("{whole}00"),
        3 if shortest.len() >= 19 => shortest.to_owned(),
        4 if whole.ends_with(".000000") => whole[..19].to_owned(),
        _ => whole,
    }
}

fn local(dice: &mut Dice) -> String {
    match dice.below(14) {
        0 => "NULL".to_owned(),
        1 => "'n/a'".to_owned(),
        2 => "1767225600".to_owned(),
        _ => {
            let at = moment(dice);
            format!("'{}'", spelled(dice, at))
        }
    }
}

fn zoned(dice: &mut Dice) -> String {
    if dice.below(14) == 0 {
        return dice.one(&["NULL", "'2026-01-01 00:00:00'", "''"]).to_owned();
    }
    let (at, offset) = (moment(dice), dice.one(&[0, 0, -3, 2, 14, -12]));
    let mut text = spelled(dice, at + offset * 3_600_000_000);
    if text.len() == 10 {
        text.push_str(" 00:00");
    }
    let sign = if offset < 0 { '-' } else { '+' };
    let zone = format!("{sign}{:02}", offset.abs());
    let zone = match dice.below(3) {
        0 if offset == 0 => "Z".to_owned(),
        1 => format!("{zone}:00"),
        2 => format!(" {zone}00"),
        _ => zone,
    };
    format!("'{text}{zone}'")
}

fn date(dice: &mut Dice) -> String {
    let text = Value::Timestamp(BASE + i64::try_from(dice.below(400)).expect("few") * DAY).to_string();
    if dice.below(10) == 0 { "NULL".to_owned() } else { format!("'{}'", &text[..10]) }
}

fn text(dice: &mut Dice) -> String {
    let letters = ["a", "A", "b", "B", "é", "É", "z", "ß", " ", "_", "9", "10", "\u{ff5e}", "\u{1F600}", "日", "''"];
    let count = dice.below(4);
    let text: String = (0..count).map(|_| dice.one(&letters)).collect();
    if dice.below(15) == 0 { dice.one(&["NULL", "x'00'"]).to_owned() } else { format!("'{text}'") }
}

fn anything(dice: &mut Dice) -> String {
    match dice.below(3) {
        0 => only_whole(dice),
        1 => format!("{}.5", dice.below(50)),
        _ => text(dice),
    }
}

fn bytes(dice: &mut Dice) -> String {
    let count = dice.below(4);
    let hex: String = (0..count).map(|_| dice.one(&["00", "01", "7f", "80", "ff"])).collect();
    format!("x'{hex}'")
}

fn flag(dice: &mut Dice) -> String {
    dice.one(&["0", "1", "NULL", "2"]).to_owned()
}

/// A declared column, its cells, and true if an author's own comparisons are made by meaning, too: texts with a
/// collation are compared by that.
const COLUMNS: &[(&str, Cell, bool)] = &[
    ("INTEGER", whole, true),
    ("BIG INT", whole, true),
    ("INT64", whole, true),
    ("SERIAL", whole, true),
    ("NUMBER(18)", whole, true),
    ("DECIMAL(18,0)", whole, true),
    ("NUMBER", small, true),
    ("NUMBER", whole, true),
    ("NUMERIC", small, true),
    ("MONEY", small, true),
    ("DECIMAL(19,0)", whole, true),
    ("NUMBER(19)", whole, true),
    ("NUMBER(16,2)", small, true),
    ("NUMBER(12,2)", small, true),
    ("DECIMAL(38,10)", small, true),
    ("DECIMAL_TEXT(38,10)", decimal_text, true),
    ("DECIMAL_TEXT(19,0)", whole_text, true),
    ("DECIMAL_TEXT(38,3) COLLATE NOCASE", decimal_text, true),
    ("REAL", small, true),
    ("FLOAT8", small, true),
    ("DATE", local, true),
    ("DATETIME", local, true),
    ("TIMESTAMP", local, true),
    ("TIMESTAMP(6) COLLATE NOCASE", local, true),
    ("TIMESTAMP COLLATE RTRIM", local, true),
    ("TIMESTAMPTZ", zoned, true),
    ("TIMESTAMP WITH TIME ZONE", zoned, true),
    ("DATE_ONLY", date, true),
    ("TEXT", text, true),
    ("VARCHAR2(20)", text, true),
    ("TEXT COLLATE NOCASE", text, false),
    ("VARCHAR(9) COLLATE RTRIM", text, false),
    ("", only_whole, true),
    ("", anything, true),
    ("", text, true),
    ("COLLATE NOCASE", anything, true),
    ("LONG", only_whole, true),
    ("LONG", anything, true),
    ("UUID", only_whole, true),
    ("UUID", text, true),
    ("STRING", anything, true),
    ("BLOB", bytes, true),
    ("RAW(16)", bytes, true),
    ("BOOLEAN", flag, true),
];

fn values(column: &ArrayRef) -> Vec<Value> {
    let value = |row: usize| match column.data_type() {
        _ if column.is_null(row) => Value::Null,
        DataType::Boolean => Value::Boolean(column.as_boolean().value(row)),
        DataType::Int64 => Value::Int64(column.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => Value::Float64(column.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(..) => Value::Decimal(column.as_primitive::<Decimal128Type>().value_as_string(row)),
        DataType::Binary => Value::Binary(column.as_binary::<i32>().value(row).to_vec()),
        DataType::Date32 => Value::Date(column.as_primitive::<Date32Type>().value(row)),
        DataType::Timestamp(..) => Value::Timestamp(column.as_primitive::<TimestampMicrosecondType>().value(row)),
        _ => Value::Text(column.as_string::<i32>().value(row).to_owned()),
    };
    (0..column.len()).map(value).collect()
}

fn selected(session: &mut dyn SourceSession, rest: &str, parameters: &[Value]) -> Vec<Value> {
    values(read_all(session, &format!("SELECT k FROM t {rest}"), parameters).rows.column(0))
}

fn order(a: &Value, b: &Value) -> Ordering {
    order_of_values(a, b).expect("values of one column")
}

fn sorted(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_by(order);
    values
}

fn table(declared: &str, cell: Cell, encoding: &str, dice: &mut Dice) -> Warehouse {
    let strict = if declared == "ANY" { "STRICT" } else { "" };
    let cells: Vec<String> = (0..ROWS).map(|_| format!("({})", cell(dice))).collect();
    Warehouse::new(&format!(
        "PRAGMA encoding = '{encoding}'; CREATE TABLE t (k {declared}) {strict}; CREATE INDEX i ON t (k);
         INSERT INTO t VALUES {}",
        cells.join(", ")
    ))
}

/// The differences between SQL and the host in the meaning of a table.
fn differences(session: &mut dyn SourceSession, by: &ColumnOrder, obvious: bool, dice: &mut Dice) -> Vec<String> {
    let mut differences = Vec::new();
    let all = selected(session, "", &[]);
    let by_sql = selected(session, &format!("ORDER BY {}", by.expression), &[]);
    if by_sql.iter().zip(by_sql.iter().skip(1)).any(|(a, b)| order(a, b) == Ordering::Greater) {
        differences.push(format!("ORDER BY {}: {by_sql:?}", by.expression));
    }
    let known: Vec<Value> = all.iter().filter(|value| **value != Value::Null).cloned().collect();
    for _ in 0..6 {
        let Some(at) = known.get(dice.below(known.len().max(1) as u64) as usize) else { break };
        let wanted = |holds: Holds| sorted(known.iter().filter(|value| holds(order(value, at))).cloned().collect());
        let (expression, parameter) = (&by.expression, by.parameter("?1"));
        let comparisons: [(&str, Holds); 5] = [
            (">", Ordering::is_gt),
            (">=", Ordering::is_ge),
            ("=", Ordering::is_eq),
            ("<", Ordering::is_lt),
            ("<=", Ordering::is_le),
        ];
        for (operator, holds) in comparisons {
            let mut conditions = vec![format!("{expression} {operator} {parameter}")];
            match &by.bounds {
                Some(bounds) if operator.starts_with('>') => {
                    conditions.push(format!("k >= {}(?1) AND {expression} {operator} {parameter}", bounds.least));
                }
                Some(bounds) => {
                    conditions.push(format!("k <= {}(?1) AND {expression} {operator} {parameter}", bounds.most));
                }
                None => {}
            }
            if obvious {
                conditions.push(format!("k {operator} ?1"));
            }
            for condition in conditions {
                let found = sorted(selected(session, &format!("WHERE {condition}"), std::slice::from_ref(at)));
                if found.len() != wanted(holds).len()
                    || found.iter().zip(wanted(holds)).any(|(a, b)| order(a, &b) != Ordering::Equal)
                {
                    differences.push(format!("{condition} with {at}: {} of {}", found.len(), wanted(holds).len()));
                }
            }
        }
    }
    differences
}

#[test]
fn every_place_means_the_same_rows_in_sql_and_in_the_host() {
    let mut dice = Dice(0x5eed);
    let (mut cells, mut wrong) = (0, Vec::new());
    for encoding in ENCODINGS {
        for (declared, cell, obvious) in COLUMNS.iter().copied().chain([("ANY", anything as Cell, true)]) {
            let warehouse = table(declared, cell, encoding, &mut dice);
            let mut session = warehouse.reader(&["t"]);
            let description = session.describe("t").expect("allowed").expect("there");
            let by = description.order_of("k").expect("an order").clone();
            let found = differences(session.as_mut(), &by, obvious, &mut dice);
            wrong.extend(found.iter().map(|what| format!("{encoding}, k {declared}: {what}")));
            cells += 1;
        }
    }
    println!("{cells} tables compared");
    assert!(wrong.is_empty(), "{} differences, as {:#?}", wrong.len(), &wrong[..wrong.len().min(12)]);
}

#[test]
fn the_columns_as_they_are_stored_would_not_do() {
    let mut dice = Dice(0x5eed);
    for (declared, cell, encoding) in [
        ("TIMESTAMP", local as Cell, "UTF-8"),
        ("TIMESTAMPTZ", zoned, "UTF-8"),
        ("DECIMAL_TEXT(38,10)", decimal_text, "UTF-8"),
        ("", anything, "UTF-8"),
        ("TEXT", text, "UTF-16le"),
        ("TEXT COLLATE NOCASE", text, "UTF-8"),
    ] {
        let warehouse = table(declared, cell, encoding, &mut dice);
        let mut session = warehouse.reader(&["t"]);
        let stored = match declared {
            "TEXT COLLATE NOCASE" => ColumnOrder::of("+k"),
            _ => ColumnOrder::of("k COLLATE BINARY"),
        };
        assert!(!differences(session.as_mut(), &stored, false, &mut dice).is_empty(), "{declared}, {encoding}");
    }
}

#[test]
fn a_key_without_a_type_is_what_is_in_it() {
    for declared in ["", "LONG", "UUID", "STRING"] {
        let warehouse = Warehouse::new(&format!(
            "CREATE TABLE t (k {declared} PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO t VALUES (9, 1), (10, 2), (11, 'x')"
        ));
        let mut session = warehouse.reader(&["t"]);
        let described = session.describe("t").expect("allowed").expect("there");
        assert_eq!(described.columns.field(0).data_type(), &DataType::Int64, "{declared}");
        assert_eq!(described.columns.field(1).data_type(), &DataType::Utf8, "{declared}: v is no key");
        let later = selected(session.as_mut(), "WHERE k > ?1 ORDER BY k", &[Value::Int64(9)]);
        assert_eq!(later, [Value::Int64(10), Value::Int64(11)], "{declared}");
    }
}

#[test]
fn a_view_has_the_types_and_the_order_of_its_tables() {
    let warehouse = Warehouse::new(
        "CREATE TABLE t (id PRIMARY KEY, at TIMESTAMP, q INTEGER);
         INSERT INTO t VALUES (9, '2026-01-01T10:00', 1), (10, '2026-01-01 10:00:00.000', 2);
         CREATE VIEW v AS SELECT id AS k, at, q * 2 AS twice FROM t",
    );
    let mut session = warehouse.reader(&["v"]);
    let described = session.describe("v").expect("allowed").expect("there");
    assert_eq!(described.columns.field(0).data_type(), &DataType::Int64);
    assert!(described.order_of("twice").expect_err("computed").contains("a view computes it"));
    let statement = "SELECT k FROM v WHERE at = ?1 ORDER BY k";
    let found = read_all(session.as_mut(), statement, &[Value::Timestamp(BASE + 36_000_000_000)]);
    assert_eq!(values(found.rows.column(0)), [Value::Int64(9), Value::Int64(10)]);
}

#[test]
fn keys_that_differ_only_in_how_they_are_stored_have_no_order() {
    let warehouse = Warehouse::new("CREATE TABLE t (k PRIMARY KEY); INSERT INTO t VALUES (1), ('1'), ('x')");
    let described = warehouse.reader(&["t"]).describe("t").expect("allowed").expect("there");
    assert!(described.order_of("k").expect_err("one key of two").contains("the text '1'"));
    let warehouse = Warehouse::new("CREATE TABLE t (k PRIMARY KEY); INSERT INTO t VALUES (1), ('2'), ('x')");
    let described = warehouse.reader(&["t"]).describe("t").expect("allowed").expect("there");
    assert!(described.order_of("k").is_ok());
}

#[test]
fn an_index_serves_the_order_and_the_bounds() {
    let warehouse = Warehouse::new(
        "CREATE TABLE t (k TEXT PRIMARY KEY, at TIMESTAMP, v TEXT); CREATE INDEX i ON t (at, k);
         CREATE TABLE w (k TEXT COLLATE NOCASE PRIMARY KEY)",
    );
    let mut session = warehouse.reader(&["t", "w"]);
    let described = session.describe("t").expect("allowed").expect("there");
    assert_eq!(described.order_of("k"), Ok(&ColumnOrder::of("\"k\"")));
    let described = session.describe("w").expect("allowed").expect("there");
    assert_eq!(described.order_of("k"), Ok(&ColumnOrder::of("\"k\" COLLATE BINARY")));
}
