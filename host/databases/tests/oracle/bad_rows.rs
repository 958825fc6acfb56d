//! Rows that the database refuses are reported one by one; their neighbours are inserted.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use wmshost_databases::oracle::Settings;
use wmshost_flow::{MergeRule, Value, WriteStats};
use wmshost_oracle_emulator::Release;

use crate::server::{SHARED, rows, run, settings, writer};

fn batch(count: i64, text: impl Fn(i64) -> Option<String>) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..count));
    let texts: ArrayRef = Arc::new(StringArray::from_iter((0..count).map(text)));
    RecordBatch::try_from_iter_with_nullable([("id", ids, false), ("name", texts, true)]).expect("a batch")
}

const TABLE: &str = "(ID NUMBER(19) PRIMARY KEY, NAME VARCHAR2(10 BYTE) CHECK (NAME <> 'forbidden'), \
                     WMS_RUN_ID VARCHAR2(128), WMS_LOADED_AT TIMESTAMP(6))";

#[test]
fn bad_rows_are_found_and_the_others_written() {
    for (table, merges, bulk_merge_rows) in
        [("BAD_INSERT", false, usize::MAX), ("BAD_MERGE", true, usize::MAX), ("BAD_BULK", true, 1)]
    {
        let settings = Settings { bulk_merge_rows, ..settings(&SHARED, Release::R19) };
        run(&settings, &[&format!("CREATE TABLE {table} {TABLE}")]);
        // Ten letters fit, ten that are two bytes each do not.
        let rows_given = batch(1_000, |id| match id {
            17 => Some("ä".repeat(10)),
            503 => Some("forbidden".into()),
            _ => Some(format!("n{id}")),
        });
        let mut writer = writer(&settings, table);
        writer.begin().expect("a transaction");
        let counted = if merges {
            writer.merge(table, &rows_given, &MergeRule { key: vec!["id".into()], version: None })
        } else {
            writer.insert(table, &rows_given)
        };
        assert_eq!(counted, Ok(WriteStats { inserted: 998, rejected: 2, ..WriteStats::default() }), "{table}");
        let mut refused = writer.take_refused();
        writer.commit().expect("a commit");
        assert_eq!(rows(&settings, &format!("SELECT COUNT(*) FROM {table}")), [[Value::Int64(998)]]);
        refused.sort_by_key(|refused| refused.row);
        let found: Vec<_> = refused.iter().map(|refused| (refused.row, refused.rule.as_str())).collect();
        assert_eq!(found, [(17, "ora-12899"), (503, "ora-02290")], "{table}");
    }
}

#[test]
fn a_row_that_is_there_already_is_refused_alone() {
    let settings = settings(&SHARED, Release::R23);
    run(&settings, &[&format!("CREATE TABLE BAD_TWICE {TABLE}"), "INSERT INTO BAD_TWICE (ID) VALUES (3)"]);
    let mut writer = writer(&settings, "BAD_TWICE");
    writer.begin().expect("a transaction");
    let counted = writer.insert("BAD_TWICE", &batch(8, |_| None));
    assert_eq!(counted, Ok(WriteStats { inserted: 7, rejected: 1, ..WriteStats::default() }));
    writer.commit().expect("a commit");
}

#[test]
fn what_oracle_would_change_silently_is_refused() {
    let settings = settings(&SHARED, Release::R19);
    run(
        &settings,
        &[
            "CREATE TABLE BAD_ROUND (ID NUMBER(19) PRIMARY KEY, AT DATE, WMS_RUN_ID VARCHAR2(128), WMS_LOADED_AT TIMESTAMP(6))",
        ],
    );
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let at: ArrayRef = Arc::new(arrow_array::TimestampMicrosecondArray::from(vec![1_500_000]));
    let rows = RecordBatch::try_from_iter([("id", ids), ("at", at)]).expect("a batch");
    let mut writer = writer(&settings, "BAD_ROUND");
    writer.begin().expect("a transaction");
    let counted = writer.insert("BAD_ROUND", &rows);
    assert_eq!(counted, Ok(WriteStats { rejected: 1, ..WriteStats::default() }));
    let refused = writer.take_refused();
    assert!(refused[0].reason.contains("column at: the column keeps fewer digits of a second"), "{refused:?}");
}
