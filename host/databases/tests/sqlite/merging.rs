//! Rows are written once, counted rightly, and newer ones win.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use wmshost_flow::{FailureKind, MergeRule, TargetSession, WriteStats};

use crate::warehouse::{Warehouse, batch, counts, definition, in_transaction, write_grant};

fn by_id(version: Option<&str>) -> MergeRule {
    MergeRule { key: vec!["id".to_owned()], version: version.map(str::to_owned) }
}

fn merge(writer: &mut dyn TargetSession, rows: &RecordBatch, version: Option<&str>) -> WriteStats {
    in_transaction(writer, |writer| writer.merge("T", rows, &by_id(version)))
}

#[test]
fn counts_are_exact() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    in_transaction(writer.as_mut(), |writer| writer.create(&definition(&["id"])));
    let rows = batch(&[(1, Some("a"), Some(1)), (2, Some("b"), Some(1)), (3, None, None)]);
    assert_eq!(merge(writer.as_mut(), &rows, None), counts(3, 0, 0));
    assert_eq!(merge(writer.as_mut(), &rows, None), counts(0, 0, 3));
    let rows = batch(&[(1, Some("a"), Some(1)), (2, Some("B"), Some(1)), (3, Some(""), None), (4, None, None)]);
    assert_eq!(merge(writer.as_mut(), &rows, None), counts(1, 2, 1));
    // One key several times in a batch: each version meets the one before.
    let rows = batch(&[(9, Some("x"), None), (9, Some("y"), None), (9, Some("y"), None), (9, Some("x"), None)]);
    assert_eq!(merge(writer.as_mut(), &rows, None), counts(1, 2, 1));
    assert_eq!(
        warehouse.target_rows("SELECT id, name FROM T ORDER BY id"),
        ["1 'a'", "2 'B'", "3 ''", "4 NULL", "9 'x'"]
    );
}

#[test]
fn newer_versions_win() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    in_transaction(writer.as_mut(), |writer| writer.create(&definition(&["id"])));
    merge(writer.as_mut(), &batch(&[(1, Some("a"), Some(5)), (2, Some("a"), None)]), Some("changed"));
    for (name, changed, expected) in [
        ("older", Some(4), counts(0, 0, 1)),
        ("equal", Some(5), counts(0, 1, 0)),
        ("equal", Some(5), counts(0, 0, 1)),
        ("newer", Some(6), counts(0, 1, 0)),
        ("null", None, counts(0, 1, 0)),
        ("over null", Some(1), counts(0, 1, 0)),
    ] {
        let rows = batch(&[(1, Some(name), changed)]);
        assert_eq!(merge(writer.as_mut(), &rows, Some("changed")), expected, "{name}");
    }
    let rows = batch(&[(7, Some("new"), Some(2)), (7, Some("old"), Some(1))]);
    assert_eq!(merge(writer.as_mut(), &rows, Some("changed")), counts(1, 0, 1));
    assert_eq!(
        warehouse.target_rows("SELECT id, name, changed FROM T WHERE id <> 2 ORDER BY id"),
        ["1 'over null' '1970-01-01 00:00:00.000001'", "7 'new' '1970-01-01 00:00:00.000002'"]
    );
}

#[test]
fn only_changed_rows_get_the_marks_of_the_run() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    in_transaction(writer.as_mut(), |writer| writer.create(&definition(&["id"])));
    merge(writer.as_mut(), &batch(&[(1, Some("a"), None), (2, Some("b"), None)]), None);
    drop(writer);
    warehouse.clock.set(86_400_000_000);
    let mut writer = warehouse.target().session(write_grant("run-2")).expect("a session");
    merge(writer.as_mut(), &batch(&[(1, Some("a"), None), (2, Some("c"), None)]), None);
    assert_eq!(
        warehouse.target_rows("SELECT id, wms_run_id, wms_loaded_at FROM T ORDER BY id"),
        ["1 'run-1' '1970-01-01 00:00:00.000000'", "2 'run-2' '1970-01-02 00:00:00.000000'"]
    );
}

#[test]
fn keys_of_any_kind_merge() {
    for (key, sql) in [(vec!["name"], "PRIMARY KEY (\"name\")"), (vec!["id", "name"], "PRIMARY KEY (\"id\", \"name\")")]
    {
        let warehouse = Warehouse::new("");
        let mut writer = warehouse.writer();
        in_transaction(writer.as_mut(), |writer| writer.create(&definition(&key)));
        let made = warehouse.target_rows("SELECT sql FROM sqlite_schema WHERE name = 'T'");
        assert!(made[0].contains(sql), "{made:?}");
        let rule = MergeRule { key: key.iter().map(|k| (*k).to_owned()).collect(), version: None };
        let rows = batch(&[(1, Some("a"), None), (1, Some("b"), None)]);
        for expected in [counts(2, 0, 0), counts(0, 0, 2)] {
            assert_eq!(in_transaction(writer.as_mut(), |w| w.merge("T", &rows, &rule)), expected);
        }
    }
    // Nothing but a key: there is nothing to update.
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 2]));
    let rows = RecordBatch::try_from_iter([("id", ids)]).expect("a batch");
    let mut only_key = definition(&["id"]);
    only_key.columns = rows.schema();
    in_transaction(writer.as_mut(), |writer| writer.create(&only_key));
    assert_eq!(merge(writer.as_mut(), &rows, None), counts(2, 0, 1));
}

#[test]
fn a_table_of_somebody_else_is_merged_by_its_unique_index() {
    let warehouse = Warehouse::new("");
    drop(warehouse.writer());
    warehouse
        .target_connection()
        .execute_batch(
            "CREATE TABLE t (id INTEGER NOT NULL, name TEXT COLLATE NOCASE, changed TIMESTAMP,
                 other TEXT DEFAULT 'kept', wms_run_id TEXT, wms_loaded_at TIMESTAMP(6));
             INSERT INTO t (id, name) VALUES (1, 'a');",
        )
        .expect("a table");
    let mut writer = warehouse.writer();
    writer.begin().expect("a transaction");
    let failure = writer.merge("T", &batch(&[(1, None, None)]), &by_id(None)).expect_err("no index");
    assert_eq!(failure.kind, FailureKind::InvalidConfig);
    assert!(failure.message.contains("no primary key or unique index"), "{failure}");
    writer.rollback().expect("a rollback");
    warehouse.target_connection().execute_batch("CREATE UNIQUE INDEX i ON t (id)").expect("an index");
    // The table's collation takes A for a, the merge does not.
    let rows = batch(&[(1, Some("A"), None), (2, Some("b"), None)]);
    assert_eq!(merge(writer.as_mut(), &rows, None), counts(1, 1, 0));
    assert_eq!(warehouse.target_rows("SELECT id, name, other FROM t ORDER BY id"), ["1 'A' 'kept'", "2 'b' 'kept'"]);
    warehouse.target_connection().execute_batch("ALTER TABLE t DROP COLUMN wms_run_id").expect("dropped");
    drop(writer);
    // It was taken over and has lost a column of the host: it belongs to another owner again.
    let mut grant = crate::warehouse::write_grant("run-1");
    grant.take_over = None;
    let mut writer = warehouse.target().session(grant).expect("a session");
    writer.begin().expect("a transaction");
    let failure = writer.merge("T", &rows, &by_id(None)).expect_err("no mark");
    assert_eq!(failure.kind, FailureKind::InvalidConfig);
    assert!(failure.message.contains("is not the one that wmshost made"), "{failure}");
}

#[test]
fn what_breaks_a_rule_is_named() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    in_transaction(writer.as_mut(), |writer| writer.create(&definition(&["id"])));
    in_transaction(writer.as_mut(), |writer| writer.insert("T", &batch(&[(2, Some("there"), None)])));
    let rows = batch(&[(1, None, None), (2, None, None), (3, None, None)]);
    writer.begin().expect("a transaction");
    let counted = writer.insert("T", &rows).expect("the others");
    assert_eq!((counted.inserted, counted.rejected), (2, 1));
    let refused = writer.take_refused();
    assert_eq!((refused[0].row, refused[0].rule.as_str()), (1, "duplicate-key"));
    assert!(refused[0].reason.contains("UNIQUE constraint failed: T.id"), "{refused:?}");
    writer.commit().expect("a commit");
    assert_eq!(warehouse.target_rows("SELECT id FROM T ORDER BY id"), ["1", "2", "3"]);

    let ids: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
    let no_key = RecordBatch::try_from_iter_with_nullable([("id", ids, true)]).expect("a batch");
    writer.begin().expect("a transaction");
    let counted = writer.insert("T", &no_key).expect("the others");
    assert_eq!(counted.rejected, 2, "the key 1 is there, the other is NULL");
    let refused = writer.take_refused();
    assert!(refused.iter().any(|refused| refused.row == 1 && refused.rule == "null-key"), "{refused:?}");
    writer.rollback().expect("a rollback");

    for (column, values, words) in [
        ("name", Arc::new(Int64Array::from(vec![1])) as ArrayRef, "declared TEXT"),
        ("nothing", Arc::new(Int64Array::from(vec![1])) as ArrayRef, "no column nothing"),
        ("WMS_RUN_ID", Arc::new(StringArray::from(vec!["x"])) as ArrayRef, "by the host itself"),
    ] {
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let rows = RecordBatch::try_from_iter([("id", ids), (column, values)]).expect("a batch");
        writer.begin().expect("a transaction");
        let failure = writer.merge("T", &rows, &by_id(None)).expect_err("a column that does not fit");
        assert!(failure.message.contains(words), "{failure}");
        assert_eq!(failure.kind, FailureKind::Permanent);
        writer.rollback().expect("a rollback");
    }
}

#[test]
fn values_that_sqlite_cannot_keep_are_refused() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    let numbers: ArrayRef = Arc::new(Float64Array::from(vec![1.0, f64::NAN]));
    let rows = RecordBatch::try_from_iter([("ratio", numbers)]).expect("a batch");
    let mut keyless = definition(&[]);
    keyless.columns = rows.schema();
    in_transaction(writer.as_mut(), |writer| writer.create(&keyless));
    writer.begin().expect("a transaction");
    assert_eq!(writer.insert("T", &rows).expect("the other").rejected, 1);
    let refused = writer.take_refused();
    assert_eq!((refused[0].row, refused[0].reason.as_str()), (1, "column ratio: SQLite cannot store NaN"));
}

#[test]
fn columns_that_come_later_are_added() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    in_transaction(writer.as_mut(), |writer| writer.create(&definition(&["id"])));
    merge(writer.as_mut(), &batch(&[(1, Some("a"), None)]), None);
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let more: ArrayRef = Arc::new(StringArray::from(vec!["m", "n"]));
    let rows = RecordBatch::try_from_iter([("id", ids), ("more", more)]).expect("a batch");
    let added = Arc::new(rows.schema().project(&[1]).expect("a column"));
    in_transaction(writer.as_mut(), |writer| writer.add_columns("T", &added));
    assert_eq!(merge(writer.as_mut(), &rows, None), counts(1, 1, 0));
    let described = writer.describe("T").expect("granted").expect("there");
    let names: Vec<_> = described.columns.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["id", "name", "changed", "more"]);
    assert_eq!(described.key, ["id"]);
    assert_eq!(warehouse.target_rows("SELECT id, name, more FROM T ORDER BY id"), ["1 'a' 'm'", "2 NULL 'n'"]);
}
