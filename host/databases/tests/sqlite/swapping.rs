//! A replaced table: readers see the old rows or the new, and equal content changes nothing.

use arrow_array::RecordBatch;
use wmshost_flow::{FailureKind, TargetSession, WriteStats};

use crate::warehouse::{Warehouse, batch, definition, in_transaction};

/// Loads rows into the staged table and swaps.
fn replace(writer: &mut dyn TargetSession, key: &[&str], rows: &RecordBatch) -> WriteStats {
    in_transaction(writer, |writer| {
        let staged = writer.stage(&definition(key), false)?;
        let counts = writer.insert(&staged, rows)?;
        assert_eq!(counts, WriteStats { staged: rows.num_rows() as u64, ..WriteStats::default() });
        writer.swap("T")
    })
}

fn swapped(inserted: u64, updated: u64, unchanged: u64, deleted: u64) -> WriteStats {
    WriteStats { inserted, updated, unchanged, deleted, ..WriteStats::default() }
}

#[test]
fn a_swap_counts_what_readers_will_see_change() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    let first = batch(&[(1, Some("a"), None), (2, Some("b"), None), (3, None, None)]);
    assert_eq!(replace(writer.as_mut(), &["id"], &first), swapped(3, 0, 0, 0));
    assert_eq!(replace(writer.as_mut(), &["id"], &first), swapped(0, 0, 3, 0));
    let second = batch(&[(1, Some("a"), None), (2, Some("B"), None), (4, None, None)]);
    assert_eq!(replace(writer.as_mut(), &["id"], &second), swapped(1, 1, 1, 1));
    assert_eq!(warehouse.target_rows("SELECT id, name FROM T ORDER BY id"), ["1 'a'", "2 'B'", "4 NULL"]);
    assert_eq!(replace(writer.as_mut(), &["id"], &batch(&[])), swapped(0, 0, 0, 3));
    assert_eq!(warehouse.target_rows("SELECT name FROM sqlite_schema WHERE name LIKE 'T%'"), ["'T'"]);
}

#[test]
fn rows_without_a_key_are_compared_as_often_as_they_are_there() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    let first = batch(&[(1, None, None), (1, None, None), (2, Some("b"), None)]);
    assert_eq!(replace(writer.as_mut(), &[], &first), swapped(3, 0, 0, 0));
    assert_eq!(replace(writer.as_mut(), &[], &first), swapped(0, 0, 3, 0));
    let second = batch(&[(1, None, None), (2, Some("b"), None), (2, Some("b"), None)]);
    assert_eq!(replace(writer.as_mut(), &[], &second), swapped(1, 0, 2, 1));
    // With another key, the rows cannot be known to be the same.
    assert_eq!(replace(writer.as_mut(), &["id"], &batch(&[(1, None, None)])), swapped(1, 0, 0, 3));
}

#[test]
fn equal_content_leaves_the_old_table_alone() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    let rows = batch(&[(1, Some("a"), None)]);
    replace(writer.as_mut(), &["id"], &rows);
    let page = "SELECT rootpage, (SELECT wms_loaded_at FROM T) FROM sqlite_schema WHERE name = 'T'";
    let before = warehouse.target_rows(page);
    warehouse.clock.set(5_000_000);
    replace(writer.as_mut(), &["id"], &rows);
    assert_eq!(warehouse.target_rows(page), before);
}

#[test]
fn what_was_built_on_the_table_stays() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    replace(writer.as_mut(), &["id"], &batch(&[(1, Some("a"), None)]));
    warehouse
        .target_connection()
        .execute_batch(
            "CREATE INDEX by_name ON T (name);
             CREATE VIEW names AS SELECT name FROM T;
             CREATE TABLE log (n);
             CREATE TRIGGER told AFTER INSERT ON T BEGIN INSERT INTO log VALUES (new.id); END;",
        )
        .expect("an index, a view and a trigger");
    replace(writer.as_mut(), &["id"], &batch(&[(2, Some("b"), None)]));
    assert_eq!(warehouse.target_rows("SELECT * FROM names"), ["'b'"]);
    let belongings = "SELECT name FROM sqlite_schema WHERE type IN ('index', 'trigger') AND tbl_name = 'T' ORDER BY 1";
    assert_eq!(warehouse.target_rows(belongings), ["'by_name'", "'told'"]);
    assert_eq!(warehouse.target_rows("PRAGMA integrity_check"), ["'ok'"]);
}

#[test]
fn a_changed_shape_comes_with_the_swap() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    replace(writer.as_mut(), &["id"], &batch(&[(1, Some("a"), None)]));
    let rows = batch(&[(1, Some("a"), None)]).project(&[0, 1]).expect("two columns");
    let mut narrower = definition(&["id"]);
    narrower.columns = rows.schema();
    let counts = in_transaction(writer.as_mut(), |writer| {
        let staged = writer.stage(&narrower, false)?;
        writer.insert(&staged, &rows)?;
        writer.swap("T")
    });
    assert_eq!(counts, swapped(0, 1, 0, 0));
    let described = writer.describe("T").expect("granted").expect("there");
    assert_eq!(described.columns.fields().len(), 2);
}

#[test]
fn an_interrupted_load_goes_on() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    let stage = |writer: &mut dyn TargetSession, id: i64, resume| {
        in_transaction(writer, |writer| {
            let staged = writer.stage(&definition(&["id"]), resume)?;
            writer.insert(&staged, &batch(&[(id, None, None)]))
        })
    };
    stage(writer.as_mut(), 1, false);
    drop(writer);
    let mut writer = warehouse.writer();
    stage(writer.as_mut(), 2, true);
    assert_eq!(in_transaction(writer.as_mut(), |writer| writer.swap("T")), swapped(2, 0, 0, 0));

    writer.begin().expect("a transaction");
    let failure = writer.stage(&definition(&["id"]), true).expect_err("nothing to resume");
    assert!(failure.message.contains("T__NEXT of the interrupted load is gone"), "{failure}");
    writer.rollback().expect("a rollback");
    stage(writer.as_mut(), 1, false);
    writer.begin().expect("a transaction");
    let failure = writer.stage(&definition(&[]), true).expect_err("another table");
    assert!(failure.message.contains("has other columns"), "{failure}");
    writer.rollback().expect("a rollback");
    // From the start: what was left there is forgotten.
    stage(writer.as_mut(), 3, false);
    assert_eq!(warehouse.target_rows("SELECT id FROM T__NEXT"), ["3"]);
    in_transaction(writer.as_mut(), |writer| writer.swap("T"));
    writer.begin().expect("a transaction");
    let failure = writer.swap("T").expect_err("nothing is staged");
    assert_eq!(failure.kind, FailureKind::Permanent);
}
