//! A table is replaced as a whole, and only where something differs.

use wmshost_flow::{FailureKind, TargetSession, WriteStats};

use crate::world::{World, batch, in_transaction, worlds};

type Rows<'a> = &'a [(i64, Option<&'a str>, Option<i64>)];

fn replace(world: &World, writer: &mut dyn TargetSession, key: &[&str], rows: Rows<'_>) -> WriteStats {
    let staged = in_transaction(writer, |writer| writer.stage(&world.definition(key), false));
    let counted = in_transaction(writer, |writer| writer.insert(&staged, &batch(rows)));
    assert_eq!(counted.staged, rows.len() as u64, "{}", world.driver());
    in_transaction(writer, |writer| writer.swap(&world.table))
}

fn swapped(inserted: u64, updated: u64, unchanged: u64, deleted: u64) -> WriteStats {
    WriteStats { inserted, updated, unchanged, deleted, ..WriteStats::default() }
}

#[test]
fn a_table_is_replaced_row_by_row_and_counted() {
    let full: Rows<'_> = &[(1, Some("a"), None), (2, Some("b"), None), (3, Some("c"), None)];
    let later: Rows<'_> = &[(1, Some("a"), None), (2, Some("B"), None), (4, Some("d"), None)];
    for (key, steps) in [
        (&["id"][..], [(full, swapped(3, 0, 0, 0)), (full, swapped(0, 0, 3, 0)), (later, swapped(1, 1, 1, 1))]),
        (&[], [(full, swapped(3, 0, 0, 0)), (full, swapped(0, 0, 3, 0)), (later, swapped(2, 0, 1, 2))]),
    ] {
        for world in worlds() {
            let mut writer = world.writer();
            for (at, (rows, expected)) in steps.iter().enumerate() {
                let counted = replace(&world, writer.as_mut(), key, rows);
                assert_eq!(counted, *expected, "{}, key {key:?}, step {}", world.driver(), at + 1);
            }
            assert_eq!(world.rows("SELECT id, name FROM T ORDER BY id"), ["1 a", "2 B", "4 d"], "{}", world.driver());
        }
    }
}

/// From the first load on, when no table exists yet that could get the column.
#[test]
fn a_table_that_is_replaced_keeps_what_is_deleted() {
    for world in worlds() {
        let mut writer = world.writer();
        let replace = |writer: &mut dyn TargetSession, rows: Rows<'_>| {
            let staged = in_transaction(writer, |writer| {
                let staged = writer.stage(&world.definition(&["id"]), false)?;
                writer.keep_deleted(&world.table).map(|()| staged)
            });
            in_transaction(writer, |writer| writer.insert(&staged, &batch(rows)));
            in_transaction(writer, |writer| writer.swap(&world.table))
        };
        let deleted = || world.rows("SELECT id FROM T WHERE wms_deleted_at IS NOT NULL ORDER BY id");
        let both: Rows<'_> = &[(1, Some("a"), None), (2, Some("b"), None)];
        assert_eq!(replace(writer.as_mut(), both), swapped(2, 0, 0, 0), "{}", world.driver());
        assert!(deleted().is_empty(), "{}", world.driver());
        assert_eq!(replace(writer.as_mut(), &both[..1]), swapped(0, 0, 1, 1), "{}", world.driver());
        assert_eq!(deleted(), ["2"], "{}", world.driver());
    }
}

#[test]
fn readers_see_the_old_rows_until_the_swap_is_committed() {
    for world in worlds() {
        let mut writer = world.writer();
        replace(&world, writer.as_mut(), &["id"], &[(1, Some("old"), None)]);
        let staged = in_transaction(writer.as_mut(), |writer| writer.stage(&world.definition(&["id"]), false));
        in_transaction(writer.as_mut(), |writer| writer.insert(&staged, &batch(&[(1, Some("new"), None)])));
        assert_eq!(world.rows("SELECT name FROM T"), ["old"], "{}", world.driver());
        writer.begin().expect("a transaction");
        writer.swap(&world.table).expect("a swap");
        writer.rollback().expect("a rollback");
        assert_eq!(world.rows("SELECT name FROM T"), ["old"], "{}", world.driver());
        in_transaction(writer.as_mut(), |writer| writer.swap(&world.table));
        assert_eq!(world.rows("SELECT name FROM T"), ["new"], "{}", world.driver());
    }
}

#[test]
fn a_column_that_the_stream_has_no_longer_is_gone_or_empty() {
    let changed = Some(1_769_853_600_000_000);
    for key in [&["id"][..], &[]] {
        for world in worlds() {
            let mut writer = world.writer();
            replace(&world, writer.as_mut(), key, &[(1, Some("a"), changed), (2, Some("b"), None)]);
            let rows = batch(&[(1, Some("a"), None), (2, Some("b"), None), (3, Some("c"), None)]);
            let narrower = rows.project(&[0, 1]).expect("two columns");
            let definition = world.definition_of(&narrower, key);
            for _ in 0..2 {
                let staged = in_transaction(writer.as_mut(), |writer| writer.stage(&definition, false));
                in_transaction(writer.as_mut(), |writer| writer.insert(&staged, &narrower));
                in_transaction(writer.as_mut(), |writer| writer.swap(&world.table));
            }
            assert_eq!(world.rows("SELECT id, name FROM T ORDER BY id"), ["1 a", "2 b", "3 c"], "{}", world.driver());
            if world.is_oracle() {
                assert_eq!(world.rows("SELECT COUNT(changed) FROM T"), ["0"], "key {key:?}");
            }
        }
    }
}

#[test]
fn an_interrupted_load_goes_on_where_it_was() {
    for world in worlds() {
        let mut writer = world.writer();
        let staged = in_transaction(writer.as_mut(), |writer| writer.stage(&world.definition(&["id"]), false));
        in_transaction(writer.as_mut(), |writer| writer.insert(&staged, &batch(&[(1, None, None)])));
        drop(writer);
        let mut writer = world.writer();
        let staged = in_transaction(writer.as_mut(), |writer| writer.stage(&world.definition(&["id"]), true));
        in_transaction(writer.as_mut(), |writer| writer.insert(&staged, &batch(&[(2, None, None)])));
        in_transaction(writer.as_mut(), |writer| writer.swap(&world.table));
        assert_eq!(world.rows("SELECT id FROM T ORDER BY id"), ["1", "2"], "{}", world.driver());
        writer.begin().expect("a transaction");
        let failure = writer.stage(&world.definition(&["id"]), true).expect_err("nothing is staged any more");
        assert_eq!(failure.kind, FailureKind::Permanent, "{}: {failure}", world.driver());
        assert!(failure.to_string().contains("is gone"), "{}: {failure}", world.driver());
    }
}

#[test]
fn rows_that_are_gone_are_kept_where_the_table_keeps_them() {
    for world in worlds() {
        let mut writer = world.writer();
        replace(&world, writer.as_mut(), &["id"], &[(1, Some("a"), None), (2, Some("b"), None)]);
        in_transaction(writer.as_mut(), |writer| writer.keep_deleted(&world.table));
        let counted = replace(&world, writer.as_mut(), &["id"], &[(1, Some("a"), None)]);
        assert_eq!(counted, swapped(0, 0, 1, 1), "{}", world.driver());
        let marked = "SELECT id, name FROM T WHERE wms_deleted_at IS NOT NULL";
        assert_eq!(world.rows(marked), ["2 b"], "{}", world.driver());
        let counted = replace(&world, writer.as_mut(), &["id"], &[(1, Some("a"), None), (2, Some("b"), None)]);
        assert_eq!(counted.deleted, 0, "{}", world.driver());
        assert!(world.rows(marked).is_empty(), "{}", world.driver());
    }
}

/// A unique index of others can stand between a row that is kept as deleted and a loaded one: both are named.
#[test]
fn a_row_kept_as_deleted_and_the_loaded_row_that_it_keeps_out_are_named() {
    for world in worlds() {
        let mut writer = world.writer();
        let stage = |writer: &mut dyn TargetSession, rows: Rows<'_>| {
            let staged = in_transaction(writer, |writer| {
                let staged = writer.stage(&world.definition(&["id"]), false)?;
                writer.keep_deleted(&world.table).map(|()| staged)
            });
            in_transaction(writer, |writer| writer.insert(&staged, &batch(rows)));
        };
        stage(writer.as_mut(), &[(1, Some("a"), None), (2, Some("b"), None), (3, Some("c"), None)]);
        in_transaction(writer.as_mut(), |writer| writer.swap(&world.table));
        let name = if world.is_oracle() { "NAME" } else { "name" };
        let index = format!("CREATE UNIQUE INDEX {0}_NAMES ON {0} ({name})", world.table);
        world.target().sql().expect("a session").execute(&index, &[]).expect("an index");
        stage(writer.as_mut(), &[(1, Some("a"), None), (5, Some("b"), None)]);
        writer.begin().expect("a transaction");
        let refused = writer.swap(&world.table).expect_err(world.driver()).to_string();
        writer.rollback().expect("a rollback");
        for words in
            ["the row (id=2), which is kept as deleted", "as the loaded row (id=5)", "_NAMES", "Nothing was changed"]
        {
            let is_there = refused.to_lowercase().contains(&words.to_lowercase());
            assert!(is_there, "{}: {words} is not in: {refused}", world.driver());
        }
        assert_eq!(world.rows("SELECT id, name FROM T ORDER BY id"), ["1 a", "2 b", "3 c"], "{}", world.driver());
    }
}
