//! Two tables that were made in different ways, row for row.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wmshost_flow::{Cancel, DifferenceKind, Failure, TableComparison, TableRules, TableSide, compare_tables};

use crate::warehouse::Warehouse;

/// Compares the tables `a` and `b` that these statements make, with few rows in memory at once.
fn compared(statements: &str, key: &[&str], left_out: &[&str]) -> Result<TableComparison, Failure> {
    let warehouse = Warehouse::new(statements);
    let (mut first, mut second) = (warehouse.reader(&["a"]), warehouse.reader(&["b"]));
    let rules = TableRules {
        key: key.iter().map(|name| (*name).to_owned()).collect(),
        left_out: left_out.iter().map(|name| (*name).to_owned()).collect(),
        most_examples: 5,
        held_rows: 7,
    };
    let sides = [
        TableSide { session: first.as_mut(), table: "a".to_owned() },
        TableSide { session: second.as_mut(), table: "b".to_owned() },
    ];
    compare_tables(sides, &rules, &Cancel::default())
}

#[test]
fn the_value_counts_and_not_the_type() {
    let found = compared(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, price DECIMAL(10,2), flag BOOLEAN, at TIMESTAMP, day DATE_ONLY, name TEXT,
            wms_run_id TEXT);
         CREATE TABLE b (NAME VARCHAR(9), ID INT, price NUM, flag, at TEXT, day TEXT);
         INSERT INTO a VALUES (1, 12.5, 1, '2026-01-31 00:00:00', '2026-01-31', '01', 'r'),
            (2, 3, 0, NULL, NULL, '', 'r');
         INSERT INTO b VALUES ('', 2, 3, 0, NULL, NULL), ('01', 1, 12.50, 1, '2026-01-31T00:00:00Z', '2026-01-31');",
        &["id"],
        &[],
    )
    .expect("both are there");
    assert!(found.is_equal(), "{found:?}");
    let types: Vec<_> = found.types.iter().map(|types| types.column.as_str()).collect();
    assert_eq!(types, ["id", "price", "flag", "at", "day", "name"]);
    let text = compared(
        "CREATE TABLE a (x TEXT); CREATE TABLE b (x TEXT); INSERT INTO a VALUES ('1'); INSERT INTO b VALUES ('1.0')",
        &[],
        &[],
    );
    assert!(!text.expect("both are there").is_equal(), "two texts are equal only if each letter is");
}

#[test]
fn rows_that_differ_are_named_with_their_cells() {
    let found = compared(
        "CREATE TABLE a (id INTEGER, price DECIMAL(10,2), note TEXT, made_at TEXT);
         CREATE TABLE b (id INTEGER, price REAL, note TEXT, more TEXT, made_at TEXT);
         INSERT INTO a VALUES (1, 1.25, 'same', 'x'), (2, 2.5, 'ours', 'x'), (3, 3, NULL, 'x');
         INSERT INTO b VALUES (1, 1.25, 'same', 'm', 'y'), (2, 2.75, NULL, 'm', 'y'), (4, 4, 'new', 'm', 'y');",
        &["ID"],
        &["made_at"],
    )
    .expect("both are there");
    assert_eq!((found.rows, found.missing, found.extra, found.different), ([3, 3], 1, 1, 1));
    assert_eq!((&found.only_in[0], &found.only_in[1]), (&Vec::new(), &vec!["more".to_owned()]));
    let rows: Vec<_> = found.examples.iter().map(|row| (row.kind, row.key.as_str())).collect();
    use DifferenceKind::{Different, Extra, Missing};
    assert_eq!(rows, [(Different, "{\"id\":2}"), (Missing, "{\"id\":3}"), (Extra, "{\"id\":4}")]);
    let columns: Vec<_> = found.examples[0].cells.iter().map(|cell| cell.column.as_str()).collect();
    assert_eq!(columns, ["price", "note"]);
    assert_eq!(found.examples[0].cells[0].values, ["\"2.50\"", "2.75"]);
    assert_eq!(found.examples[0].cells[1].values, ["\"ours\"", "null"]);
}

#[test]
fn tables_that_cannot_be_compared_say_why() {
    for (statements, why) in [
        ("CREATE TABLE a (x); CREATE TABLE b (y)", "no column in common"),
        ("CREATE TABLE a (x); CREATE TABLE c (x)", "not there any more"),
        (
            "CREATE TABLE a (x INTEGER); CREATE TABLE b (x INTEGER); INSERT INTO b VALUES ('many')",
            "does not fit its own",
        ),
    ] {
        let failure = compared(statements, &[], &[]).expect_err(why);
        assert!(failure.to_string().contains(why), "{failure}");
    }
}

/// Rows of two columns, of which the first may be a key that is not unique.
fn rows() -> impl Strategy<Value = Vec<(Option<u8>, Option<u8>)>> {
    proptest::collection::vec((proptest::option::of(0..9_u8), proptest::option::of(0..3_u8)), 0..40)
}

fn insert(table: &str, rows: &[(Option<u8>, Option<u8>)]) -> String {
    let text = |value: Option<u8>| value.map_or("NULL".to_owned(), |value| value.to_string());
    rows.iter().map(|(k, v)| format!("INSERT INTO {table} VALUES ({}, {});", text(*k), text(*v))).collect()
}

/// The number of rows that only one side has, by the whole row.
fn unmatched(ours: &[(Option<u8>, Option<u8>)], theirs: &[(Option<u8>, Option<u8>)]) -> (u64, u64) {
    let mut counts: BTreeMap<_, i64> = BTreeMap::new();
    ours.iter().for_each(|row| *counts.entry(*row).or_default() += 1);
    theirs.iter().for_each(|row| *counts.entry(*row).or_default() -= 1);
    let sum = |sign: i64| counts.values().map(|count| (count * sign).max(0).unsigned_abs()).sum();
    (sum(1), sum(-1))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_row_is_counted_once(ours in rows(), theirs in rows(), keyed: bool) {
        let statements = format!(
            "CREATE TABLE a (k INTEGER, v INTEGER); CREATE TABLE b (k INTEGER, v INTEGER); {}{}",
            insert("a", &ours), insert("b", &theirs)
        );
        let found = compared(&statements, if keyed { &["k"] } else { &[] }, &[]).expect("a comparison");
        let (missing, extra) = unmatched(&ours, &theirs);
        prop_assert_eq!((found.missing + found.different, found.extra + found.different), (missing, extra));
        prop_assert_eq!(found.is_equal(), missing + extra == 0);
        prop_assert!(keyed || found.different == 0);
        let all = found.missing + found.extra + found.different;
        prop_assert!(found.examples.len() <= 5 && found.examples.is_empty() == (all == 0));
    }
}
