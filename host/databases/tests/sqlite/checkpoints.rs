//! A checkpoint stands with its rows or not at all, and comes back as it was.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wmshost_databases::sqlite;
use wmshost_flow::{Bookmark, Checkpoint, FailureKind, LoadMode, Position, Value};

use crate::warehouse::{Warehouse, batch, definition, in_transaction, write_grant};

fn checkpoint(values: Vec<Value>) -> Checkpoint {
    let positions = values.into_iter().enumerate();
    Checkpoint {
        bookmark: Bookmark(positions.map(|(at, value)| Position { name: format!("p{at}"), value }).collect()),
        mode: LoadMode::Merge,
        complete: false,
        source_version: Some("v1".to_owned()),
        shape: "shape".to_owned(),
        state: BTreeMap::from([("k".to_owned(), vec![0, 255]), ("é".to_owned(), Vec::new())]),
        run_id: "run-1".to_owned(),
        batch: 7,
        committed_at: 1_769_853_600_123_456,
    }
}

#[test]
fn a_checkpoint_goes_with_its_rows() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    assert_eq!(writer.checkpoint().expect("no table yet"), None);
    in_transaction(writer.as_mut(), |writer| writer.create(&definition(&["id"])));
    let first = checkpoint(vec![Value::Int64(1)]);
    in_transaction(writer.as_mut(), |writer| {
        writer.insert("T", &batch(&[(1, None, None)]))?;
        writer.write_checkpoint(&first)
    });
    writer.begin().expect("a transaction");
    writer.insert("T", &batch(&[(2, None, None)])).expect("written");
    writer.write_checkpoint(&checkpoint(vec![Value::Int64(2)])).expect("written");
    drop(writer);
    let mut writer = warehouse.writer();
    assert_eq!(writer.checkpoint().expect("a checkpoint"), Some(first.clone()));
    assert_eq!(warehouse.target_rows("SELECT id FROM T"), ["1"]);
    // Another stream has its own.
    let mut grant = write_grant("run-1");
    grant.stream = "other".to_owned();
    let mut other = warehouse.target().session(grant).expect("a session");
    assert_eq!(other.checkpoint().expect("none"), None);
}

#[test]
fn the_edge_reads_and_resets() {
    let warehouse = Warehouse::new("");
    let path = warehouse.target_path();
    assert_eq!(sqlite::checkpoints(&path, "p").expect("no file"), []);
    assert!(!sqlite::reset_checkpoint(&path, "p", "s").expect("no file"));
    let mut writer = warehouse.writer();
    assert_eq!(sqlite::checkpoints(&path, "p").expect("no table"), []);
    let mut complete = checkpoint(Vec::new());
    (complete.complete, complete.mode, complete.source_version) = (true, LoadMode::Replace, None);
    in_transaction(writer.as_mut(), |writer| writer.write_checkpoint(&complete));
    drop(writer);
    assert_eq!(sqlite::checkpoints(&path, "p").expect("one"), [("s".to_owned(), complete)]);
    assert_eq!(sqlite::checkpoints(&path, "q").expect("none"), []);
    assert!(!sqlite::reset_checkpoint(&path, "p", "t").expect("another stream"));
    assert!(sqlite::reset_checkpoint(&path, "p", "s").expect("this stream"));
    assert_eq!(sqlite::checkpoints(&path, "p").expect("none"), []);
}

#[test]
fn a_checkpoint_from_the_future_or_with_damage_is_refused() {
    for (change, words) in [
        ("format = 2", "format 2, this host knows formats up to 1"),
        ("bookmark = '[{}]'", "column bookmark is damaged"),
        ("state = '{\"k\":\"0\"}'", "column state is damaged"),
        ("mode = 'append'", "column mode is damaged"),
        ("committed_at = 'noon'", "column committed_at is damaged"),
    ] {
        let warehouse = Warehouse::new("");
        let mut writer = warehouse.writer();
        in_transaction(writer.as_mut(), |writer| writer.write_checkpoint(&checkpoint(Vec::new())));
        let update = format!("UPDATE WMSHOST_CHECKPOINT SET {change}");
        warehouse.target_connection().execute_batch(&update).expect("an update");
        let failure = writer.checkpoint().expect_err(change);
        assert_eq!(failure.kind, FailureKind::Permanent);
        assert!(failure.message.contains(words), "{failure}");
        assert!(sqlite::checkpoints(&warehouse.target_path(), "p").is_err());
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(Value::Int64),
        any::<f64>().prop_filter("equal to itself", |v| !v.is_nan()).prop_map(Value::Float64),
        "-?[0-9]{1,38}(\\.[0-9]{1,10})?".prop_map(Value::Decimal),
        any::<String>().prop_map(Value::Text),
        any::<Vec<u8>>().prop_map(Value::Binary),
        any::<i32>().prop_map(Value::Date),
        any::<i64>().prop_map(Value::Timestamp),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_value_comes_back(values in prop::collection::vec(any_value(), 0..10)) {
        let warehouse = Warehouse::new("");
        let mut writer = warehouse.writer();
        let written = checkpoint(values);
        in_transaction(writer.as_mut(), |writer| writer.write_checkpoint(&written));
        prop_assert_eq!(writer.checkpoint().expect("a checkpoint"), Some(written));
    }
}
