//! Rows that the source no longer has are deleted, or marked.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use wmshost_flow::{MergeRule, Removal};

use crate::world::{batch, counts, in_transaction, worlds};

fn ids(ids: &[i64]) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from(ids.to_vec()));
    RecordBatch::try_from_iter([("id", ids)]).expect("a batch")
}

#[test]
fn rows_are_taken_away_by_key() {
    for world in worlds() {
        let mut writer = world.writer();
        in_transaction(writer.as_mut(), |writer| writer.create(&world.definition(&["id"])));
        let rows = batch(&[(1, Some("a"), None), (2, Some("b"), None), (3, Some("c"), None)]);
        in_transaction(writer.as_mut(), |writer| writer.insert(&world.table, &rows));
        let removed =
            in_transaction(writer.as_mut(), |writer| writer.remove(&world.table, &ids(&[1, 9]), Removal::Delete));
        assert_eq!(removed, 1, "{}", world.driver());
        in_transaction(writer.as_mut(), |writer| writer.keep_deleted(&world.table));
        for expected in [1, 0] {
            let removed =
                in_transaction(writer.as_mut(), |writer| writer.remove(&world.table, &ids(&[2]), Removal::Soft));
            assert_eq!(removed, expected, "{}", world.driver());
        }
        assert_eq!(world.rows("SELECT id FROM T WHERE wms_deleted_at IS NULL"), ["3"], "{}", world.driver());
        // A row that comes again is no longer deleted.
        let rule = MergeRule { key: vec!["id".to_owned()], version: Some("changed".to_owned()) };
        let again = batch(&[(2, Some("b"), None)]);
        let counted = in_transaction(writer.as_mut(), |writer| writer.merge(&world.table, &again, &rule));
        assert_eq!(counted, counts(0, 1, 0), "{}", world.driver());
        let there = world.rows("SELECT id FROM T WHERE wms_deleted_at IS NULL ORDER BY id");
        assert_eq!(there, ["2", "3"], "{}", world.driver());
    }
}
