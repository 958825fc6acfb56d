//! Rows that a table refuses are reported one by one, by their positions and with a reason; the others are written, and
//! the counts are those of writing the others alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use wmshost_flow::{MergeRule, Refused, TargetSession, WriteStats};

use crate::world::{World, in_transaction, worlds};

/// A batch of (id, name, changed).
fn rows_of(rows: &[(Option<i64>, String)]) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.0)));
    let names: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.1.as_str())));
    let changed: ArrayRef = Arc::new(TimestampMicrosecondArray::from_value(0, rows.len()));
    RecordBatch::try_from_iter_with_nullable([("id", ids, true), ("name", names, true), ("changed", changed, true)])
        .expect("a batch")
}

/// Numbers that look random and are the same in every run.
fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    }
}

/// A table in which a name may occur once.
fn with_unique_names(world: &World, writer: &mut dyn TargetSession) {
    in_transaction(writer, |writer| writer.create(&world.definition(&["id"])));
    let mut sql = world.target().sql().expect("a session");
    let quoted = |name: &str| if world.is_oracle() { name.to_uppercase() } else { name.to_owned() };
    let index = format!("CREATE UNIQUE INDEX {0}N ON {0} ({1})", world.table, quoted("name"));
    sql.execute(&index, &[]).expect("an index");
}

/// The rows that are refused, if they are written one after the other into a table with these names.
fn expected(rows: &[(Option<i64>, String)], taken: &BTreeSet<String>) -> Vec<usize> {
    let (mut names, mut refused) = (taken.clone(), Vec::new());
    for (at, (id, name)) in rows.iter().enumerate() {
        if id.is_none() || !names.insert(name.clone()) {
            refused.push(at);
        }
    }
    refused
}

#[test]
fn rows_that_a_table_refuses_are_reported_and_the_others_written() {
    for world in worlds() {
        let mut writer = world.writer();
        with_unique_names(&world, writer.as_mut());
        let mut random = numbers(5);
        let (mut taken, mut written, mut next) = (BTreeSet::new(), Vec::new(), 0);
        for batch in 0..6 {
            let rows: Vec<(Option<i64>, String)> = (0..40)
                .map(|_| {
                    next += 1;
                    (if random(10) == 0 { None } else { Some(next) }, format!("n{:03}", random(300)))
                })
                .collect();
            let refused = expected(&rows, &taken);
            let rule = MergeRule { key: vec!["id".to_owned()], version: None };
            let merges = batch % 2 == 0;
            let counted = in_transaction(writer.as_mut(), |writer| match merges {
                true => writer.merge(&world.table, &rows_of(&rows), &rule),
                false => writer.insert(&world.table, &rows_of(&rows)),
            });
            let mut reported: Vec<Refused> = writer.take_refused();
            reported.sort_by_key(|refused| refused.row);
            let when = format!("{}, batch {batch}", world.driver());
            assert_eq!(reported.iter().map(|refused| refused.row).collect::<Vec<_>>(), refused, "{when}");
            let inserted = (rows.len() - refused.len()) as u64;
            let rejected = refused.len() as u64;
            assert_eq!(counted, WriteStats { inserted, rejected, ..WriteStats::default() }, "{when}");
            for refused in &reported {
                let is_null = rows[refused.row].0.is_none();
                assert_eq!(refused.rule == "null-key", is_null, "{when}: {refused:?}");
                assert!(!refused.reason.contains(&rows[refused.row].1), "a value is reported: {refused:?}");
            }
            let good = rows.iter().enumerate().filter(|(at, _)| !refused.contains(at)).map(|(_, row)| row);
            for (id, name) in good {
                taken.insert(name.clone());
                written.push((id.expect("a key"), name.clone()));
            }
            let expected: Vec<String> = written.iter().map(|(id, name)| format!("{id} {name}")).collect();
            assert_eq!(world.rows("SELECT id, name FROM T ORDER BY id"), expected, "{when}");
        }
        assert!(writer.take_refused().is_empty(), "they are reported once");
    }
}

#[test]
fn an_update_that_is_refused_leaves_the_row_and_its_neighbours_are_written() {
    for world in worlds() {
        let mut writer = world.writer();
        with_unique_names(&world, writer.as_mut());
        let rule = MergeRule { key: vec!["id".to_owned()], version: None };
        let row = |id: i64, name: &str| (Some(id), name.to_owned());
        let first = rows_of(&[row(1, "a"), row(2, "b"), row(3, "c")]);
        in_transaction(writer.as_mut(), |writer| writer.merge(&world.table, &first, &rule));
        let second = rows_of(&[row(1, "x"), row(4, "d"), row(2, "c"), row(5, "e"), row(3, "y")]);
        let counted = in_transaction(writer.as_mut(), |writer| writer.merge(&world.table, &second, &rule));
        let reported: Vec<usize> = writer.take_refused().iter().map(|refused| refused.row).collect();
        assert_eq!(reported, [2], "{}", world.driver());
        let counts = WriteStats { inserted: 2, updated: 2, rejected: 1, ..WriteStats::default() };
        assert_eq!(counted, counts, "{}", world.driver());
        assert_eq!(
            world.rows("SELECT id, name FROM T ORDER BY id"),
            ["1 x", "2 b", "3 y", "4 d", "5 e"],
            "{}",
            world.driver()
        );
    }
}

/// The table's constraints apply while a load that will replace it is written, so that a row which breaks one is known
/// by its position in the batch; the swap finds nothing more to refuse.
#[test]
fn a_row_that_the_swap_would_refuse_is_refused_with_its_batch() {
    for world in worlds() {
        let mut writer = world.writer();
        with_unique_names(&world, writer.as_mut());
        if world.is_oracle() {
            let mut sql = world.target().sql().expect("a session");
            for demand in ["ADD CHECK (ID < 100)", "MODIFY (NAME NOT NULL)"] {
                sql.execute(&format!("ALTER TABLE {} {demand}", world.table), &[]).expect("a constraint");
            }
        }
        let row = |id: i64, name: &str| (Some(id), name.to_owned());
        let rule = MergeRule { key: vec!["id".to_owned()], version: None };
        let old = rows_of(&[row(1, "a"), row(2, "b")]);
        in_transaction(writer.as_mut(), |writer| writer.merge(&world.table, &old, &rule));
        // The existing rows do not matter to the load, because they will be gone: 3 may have the name that 1 had.
        let batches = [vec![row(1, "c"), row(3, "a"), row(4, "c"), row(5, "d")], vec![row(6, "a"), row(7, "e")]];
        let staged = in_transaction(writer.as_mut(), |writer| writer.stage(&world.definition(&["id"]), false));
        for (batch, refused) in batches.iter().zip([2, 0]) {
            let counted = in_transaction(writer.as_mut(), |writer| writer.insert(&staged, &rows_of(batch)));
            let staged = batch.len() as u64 - 1;
            assert_eq!(counted, WriteStats { staged, rejected: 1, ..WriteStats::default() }, "{}", world.driver());
            let reported = writer.take_refused();
            assert_eq!(
                reported.iter().map(|reported| reported.row).collect::<Vec<_>>(),
                [refused],
                "{}",
                world.driver()
            );
            assert!(!reported[0].reason.contains("__NEXT"), "{}: {}", world.driver(), reported[0].reason);
        }
        let mut expected = vec!["1 c", "3 a", "5 d", "7 e"];
        if world.is_oracle() {
            let bad = rows_of(&[row(100, "f"), row(8, ""), row(9, "g")]);
            in_transaction(writer.as_mut(), |writer| writer.insert(&staged, &bad));
            let mut reported = writer.take_refused();
            reported.sort_by_key(|reported| reported.row);
            let reported: Vec<_> = reported.iter().map(|reported| (reported.row, reported.rule.as_str())).collect();
            assert_eq!(reported, [(0, "ora-02290"), (1, "ora-01400")], "{}", world.driver());
            expected.push("9 g");
        }
        in_transaction(writer.as_mut(), |writer| writer.swap(&world.table));
        assert_eq!(world.rows("SELECT id, name FROM T ORDER BY id"), expected, "{}", world.driver());
        let again = rows_of(&[row(20, "e")]);
        let counted = in_transaction(writer.as_mut(), |writer| writer.merge(&world.table, &again, &rule));
        assert_eq!(counted.rejected, 1, "{}: the table's own index is there", world.driver());
        assert_eq!(writer.take_refused().len(), 1);
    }
}

#[test]
fn the_moment_of_each_load_can_be_asked_for() {
    for world in worlds() {
        let mut writer = world.writer();
        world.clock.set(1_000_000);
        in_transaction(writer.as_mut(), |writer| writer.create(&world.definition(&["id"])));
        let rule = MergeRule { key: vec!["id".to_owned()], version: None };
        for (id, at) in [(1, 5_000_000), (2, 7_000_000)] {
            world.clock.set(at);
            let rows = rows_of(&[(Some(id), format!("n{id}"))]);
            in_transaction(writer.as_mut(), |writer| writer.merge(&world.table, &rows, &rule));
        }
        let keys: ArrayRef = Arc::new(Int64Array::from(vec![2, 9, 1]));
        let keys = RecordBatch::try_from_iter([("id", keys)]).expect("keys");
        let loaded = in_transaction(writer.as_mut(), |writer| writer.loaded_at(&world.table, &keys));
        assert_eq!(loaded, [Some(7_000_000), None, Some(5_000_000)], "{}", world.driver());
    }
}
