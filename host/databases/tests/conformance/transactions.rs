//! Rows that are not committed were never there; a denied action is not done.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema};
use wmshost_flow::FailureKind;

use crate::world::{batch, in_transaction, worlds};

#[test]
fn a_transaction_that_is_not_committed_leaves_nothing() {
    for world in worlds() {
        let mut writer = world.writer();
        in_transaction(writer.as_mut(), |writer| writer.create(&world.definition(&["id"])));
        writer.begin().expect("a transaction");
        writer.insert(&world.table, &batch(&[(1, None, None)])).expect("a write");
        writer.rollback().expect("a rollback");
        writer.begin().expect("a transaction");
        writer.insert(&world.table, &batch(&[(2, None, None)])).expect("a write");
        drop(writer);
        assert!(world.rows("SELECT id FROM T").is_empty(), "{}", world.driver());
    }
}

#[test]
fn making_a_table_ready_and_rolling_back_makes_no_table() {
    for world in worlds() {
        let mut writer = world.writer();
        writer.begin().expect("a transaction");
        writer.create(&world.definition(&["id"])).expect("a table");
        let described = writer.describe(&world.table).expect("granted").expect("seen within the transaction");
        assert_eq!(described.key, ["id"]);
        writer.rollback().expect("a rollback");
        assert!(writer.describe(&world.table).expect("granted").is_none(), "{}", world.driver());
        writer.begin().expect("a transaction");
        writer.stage(&world.definition(&["id"]), false).expect("a staged table");
        writer.rollback().expect("a rollback");
        assert!(writer.describe(&world.table).expect("granted").is_none(), "{}", world.driver());
    }
}

#[test]
fn a_table_is_made_and_written_in_one_transaction() {
    for world in worlds() {
        let mut writer = world.writer();
        in_transaction(writer.as_mut(), |writer| {
            writer.create(&world.definition(&["id"]))?;
            writer.insert(&world.table, &batch(&[(1, Some("a"), None)]))
        });
        assert_eq!(world.rows("SELECT id, name FROM T"), ["1 a"], "{}", world.driver());
    }
}

#[test]
fn other_tables_are_denied() {
    for world in worlds() {
        let mut writer = world.writer();
        in_transaction(writer.as_mut(), |writer| writer.create(&world.definition(&["id"])));
        writer.begin().expect("a transaction");
        let denied = writer.insert("OTHER", &batch(&[])).expect_err("not granted");
        assert_eq!(denied.kind, FailureKind::Denied, "{}", world.driver());
        writer.rollback().expect("a rollback");
        assert_eq!(writer.describe("OTHER").expect_err("not granted").kind, FailureKind::Denied);
        let mut grant = world.grant("run");
        grant.table = "wmshost_lease".to_owned();
        let failure = world.target().session(grant).err().expect("kept for the host");
        assert_eq!(failure.kind, FailureKind::InvalidConfig, "{}", world.driver());
    }
}

#[test]
fn writes_need_a_transaction_and_a_failed_one_is_only_undone() {
    for world in worlds() {
        let mut writer = world.writer();
        in_transaction(writer.as_mut(), |writer| writer.create(&world.definition(&["id"])));
        assert!(writer.insert(&world.table, &batch(&[(1, None, None)])).is_err(), "{}", world.driver());
        writer.begin().expect("a transaction");
        assert!(writer.begin().is_err(), "{}", world.driver());
        writer.insert(&world.table, &batch(&[(1, None, None)])).expect("a write");
        assert!(writer.insert("OTHER", &batch(&[])).is_err());
        let failure = writer.commit().expect_err("it is broken");
        assert!(failure.to_string().contains("only be rolled back"), "{}: {failure}", world.driver());
        assert!(world.rows("SELECT id FROM T").is_empty(), "{}", world.driver());
        in_transaction(writer.as_mut(), |writer| writer.insert(&world.table, &batch(&[(2, None, None)])));
        assert_eq!(world.rows("SELECT id FROM T"), ["2"], "{}", world.driver());
    }
}

#[test]
fn a_table_is_described_as_the_stream_spells_its_columns() {
    for world in worlds() {
        let mut writer = world.writer();
        in_transaction(writer.as_mut(), |writer| writer.create(&world.definition(&["id"])));
        let names = |schema: &Schema| schema.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
        let field = |name: &str| Field::new(name, DataType::Int64, true);
        writer.spell_as(&Arc::new(Schema::new(vec![field("Id"), field("NAME"), field("other")])));
        let described = writer.describe(&world.table).expect("granted").expect("a table");
        assert_eq!(names(&described.columns), ["Id", "NAME", "changed"], "{}", world.driver());
        assert_eq!(described.key, ["Id"], "{}", world.driver());
    }
}
