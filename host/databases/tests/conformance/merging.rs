//! Rows are written once, counted rightly, and newer ones win.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use wmshost_flow::{FailureKind, MergeRule, TargetSession, WriteStats};

use crate::world::{World, batch, counts, in_transaction, worlds};

type Rows<'a> = &'a [(i64, Option<&'a str>, Option<i64>)];

fn rule(key: &[&str], version: Option<&str>) -> MergeRule {
    MergeRule { key: key.iter().map(|name| (*name).to_owned()).collect(), version: version.map(str::to_owned) }
}

fn merge(world: &World, writer: &mut dyn TargetSession, rows: &RecordBatch, version: Option<&str>) -> WriteStats {
    in_transaction(writer, |writer| writer.merge(&world.table, rows, &rule(&["id"], version)))
}

/// Each step is a batch, the version column, and the expected counts; after the steps come the expected rows of the
/// table.
struct Story<'a> {
    name: &'static str,
    steps: &'a [(Rows<'a>, Option<&'static str>, WriteStats)],
    rows: &'a [&'static str],
}

#[test]
fn stories_of_merging_end_as_expected() {
    let stories = [
        Story {
            name: "equal rows are left alone, changed ones updated",
            steps: &[
                (&[(1, Some("a"), Some(1)), (2, Some("b"), Some(1)), (3, None, None)], None, counts(3, 0, 0)),
                (&[(1, Some("a"), Some(1)), (2, Some("b"), Some(1)), (3, None, None)], None, counts(0, 0, 3)),
                (
                    &[(1, Some("a"), Some(1)), (2, Some("B"), Some(1)), (3, Some("c"), None), (4, None, None)],
                    None,
                    counts(1, 2, 1),
                ),
                (&[(3, None, None)], None, counts(0, 1, 0)),
            ],
            rows: &["1 a 1970-01-01 00:00:00.000001", "2 B 1970-01-01 00:00:00.000001", "3 NULL NULL", "4 NULL NULL"],
        },
        Story {
            name: "versions of one key in a batch meet one after another",
            steps: &[(
                &[(9, Some("x"), None), (9, Some("y"), None), (9, Some("y"), None), (9, Some("x"), None)],
                None,
                counts(1, 2, 1),
            )],
            rows: &["9 x NULL"],
        },
        Story {
            name: "newer versions win, and NULL on either side lets the incoming row win",
            steps: &[
                (&[(1, Some("a"), Some(5)), (2, Some("a"), None)], Some("changed"), counts(2, 0, 0)),
                (&[(1, Some("older"), Some(4))], Some("changed"), counts(0, 0, 1)),
                (&[(1, Some("equal"), Some(5))], Some("changed"), counts(0, 1, 0)),
                (&[(1, Some("equal"), Some(5))], Some("changed"), counts(0, 0, 1)),
                (&[(1, Some("newer"), Some(6))], Some("changed"), counts(0, 1, 0)),
                (&[(1, Some("null"), None)], Some("changed"), counts(0, 1, 0)),
                (&[(1, Some("over null"), Some(1))], Some("changed"), counts(0, 1, 0)),
                (&[(7, Some("new"), Some(2)), (7, Some("old"), Some(1))], Some("changed"), counts(1, 0, 1)),
            ],
            rows: &["1 over null 1970-01-01 00:00:00.000001", "2 a NULL", "7 new 1970-01-01 00:00:00.000002"],
        },
        Story {
            name: "case and blanks make a difference",
            steps: &[
                (&[(1, Some("a"), None)], None, counts(1, 0, 0)),
                (&[(1, Some("A"), None)], None, counts(0, 1, 0)),
                (&[(1, Some("A "), None)], None, counts(0, 1, 0)),
                (&[(1, Some("ä 'quoted' \"name\""), None)], None, counts(0, 1, 0)),
            ],
            rows: &["1 ä 'quoted' \"name\" NULL"],
        },
        Story { name: "no rows", steps: &[(&[], None, counts(0, 0, 0))], rows: &[] },
    ];
    for story in stories {
        for world in worlds() {
            let mut writer = world.writer();
            in_transaction(writer.as_mut(), |writer| writer.create(&world.definition(&["id"])));
            for (at, (rows, version, expected)) in story.steps.iter().enumerate() {
                let counted = merge(&world, writer.as_mut(), &batch(rows), *version);
                assert_eq!(counted, *expected, "{}, {}, step {}", world.driver(), story.name, at + 1);
            }
            let rows = world.rows("SELECT id, name, changed FROM T ORDER BY id");
            assert_eq!(rows, story.rows, "{}, {}", world.driver(), story.name);
        }
    }
}

#[test]
fn only_changed_rows_get_the_marks_of_the_run() {
    for world in worlds() {
        let mut writer = world.writer();
        in_transaction(writer.as_mut(), |writer| writer.create(&world.definition(&["id"])));
        merge(&world, writer.as_mut(), &batch(&[(1, Some("a"), None), (2, Some("b"), None)]), None);
        drop(writer);
        world.clock.set(86_400_000_000);
        let mut writer = world.target().session(world.grant("run-2")).expect("a session");
        merge(&world, writer.as_mut(), &batch(&[(1, Some("a"), None), (2, Some("c"), None)]), None);
        assert_eq!(
            world.rows("SELECT id, wms_run_id, wms_loaded_at FROM T ORDER BY id"),
            ["1 run-1 1970-01-01 00:00:00.000000", "2 run-2 1970-01-02 00:00:00.000000"],
            "{}",
            world.driver()
        );
    }
}

#[test]
fn keys_of_any_kind_merge() {
    for key in [vec!["name"], vec!["id", "name"]] {
        for world in worlds() {
            let mut writer = world.writer();
            in_transaction(writer.as_mut(), |writer| writer.create(&world.definition(&key)));
            let described = writer.describe(&world.table).expect("granted").expect("there");
            assert_eq!(described.key, key, "{}", world.driver());
            let rows = batch(&[(1, Some("a"), None), (1, Some("b"), None)]);
            for expected in [counts(2, 0, 0), counts(0, 0, 2)] {
                let counted =
                    in_transaction(writer.as_mut(), |writer| writer.merge(&world.table, &rows, &rule(&key, None)));
                assert_eq!(counted, expected, "{}", world.driver());
            }
        }
    }
    for world in worlds() {
        // Nothing but a key: there is nothing to update.
        let mut writer = world.writer();
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 2]));
        let rows = RecordBatch::try_from_iter([("id", ids)]).expect("a batch");
        in_transaction(writer.as_mut(), |writer| writer.create(&world.definition_of(&rows, &["id"])));
        assert_eq!(merge(&world, writer.as_mut(), &rows, None), counts(2, 0, 1), "{}", world.driver());
    }
}

#[test]
fn what_does_not_fit_the_table_is_refused_before_anything_is_written() {
    for world in worlds() {
        let mut writer = world.writer();
        in_transaction(writer.as_mut(), |writer| writer.create(&world.definition(&["id"])));
        for (column, values, words) in [
            ("name", Arc::new(Int64Array::from(vec![1])) as ArrayRef, "the column name"),
            ("nothing", Arc::new(Int64Array::from(vec![1])) as ArrayRef, "no column nothing"),
            ("WMS_RUN_ID", Arc::new(StringArray::from(vec!["x"])) as ArrayRef, "by the host itself"),
        ] {
            let ids: ArrayRef = Arc::new(Int64Array::from(vec![1]));
            let rows = RecordBatch::try_from_iter([("id", ids), (column, values)]).expect("a batch");
            writer.begin().expect("a transaction");
            let failure = writer.merge(&world.table, &rows, &rule(&["id"], None)).expect_err("does not fit");
            assert!(failure.to_string().contains(words), "{}: {failure}", world.driver());
            assert_eq!(failure.kind, FailureKind::Permanent, "{}: {failure}", world.driver());
            writer.rollback().expect("a rollback");
        }
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
        let no_key = RecordBatch::try_from_iter_with_nullable([("id", ids, true)]).expect("a batch");
        writer.begin().expect("a transaction");
        let counted = writer.merge(&world.table, &no_key, &rule(&["id"], None));
        assert_eq!(counted, Ok(WriteStats { inserted: 1, rejected: 1, ..WriteStats::default() }), "{}", world.driver());
        let refused = writer.take_refused();
        assert!(refused[0].row == 1 && refused[0].reason.contains("is NULL"), "{}: {refused:?}", world.driver());
        writer.rollback().expect("a rollback");
        writer.begin().expect("a transaction");
        let failure = writer.merge(&world.table, &batch(&[]), &rule(&["name"], None)).expect_err("no such key");
        assert_eq!(failure.kind, FailureKind::InvalidConfig, "{}: {failure}", world.driver());
        writer.rollback().expect("a rollback");
        // A stream asks for it before it has any rows.
        writer.begin().expect("a transaction");
        assert_eq!(writer.check_merge(&world.table, &rule(&["name"], None)), Err(failure), "{}", world.driver());
        writer.rollback().expect("a rollback");
        writer.begin().expect("a transaction");
        assert_eq!(writer.check_merge(&world.table, &rule(&["id"], None)), Ok(()), "{}", world.driver());
        writer.rollback().expect("a rollback");
        assert!(world.rows("SELECT id FROM T").is_empty());
    }
}

#[test]
fn columns_that_come_later_are_added() {
    for world in worlds() {
        let mut writer = world.writer();
        in_transaction(writer.as_mut(), |writer| writer.create(&world.definition(&["id"])));
        merge(&world, writer.as_mut(), &batch(&[(1, Some("a"), None)]), None);
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let more: ArrayRef = Arc::new(StringArray::from(vec!["m", "n"]));
        let rows = RecordBatch::try_from_iter([("id", ids), ("more", more)]).expect("a batch");
        let added = Arc::new(rows.schema().project(&[1]).expect("a column"));
        in_transaction(writer.as_mut(), |writer| writer.add_columns(&world.table, &added));
        assert_eq!(merge(&world, writer.as_mut(), &rows, None), counts(1, 1, 0), "{}", world.driver());
        let described = writer.describe(&world.table).expect("granted").expect("there");
        let names: Vec<_> = described.columns.fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(names, ["id", "name", "changed", "more"], "{}", world.driver());
        let rows = world.rows("SELECT id, name, more FROM T ORDER BY id");
        assert_eq!(rows, ["1 a m", "2 NULL n"], "{}", world.driver());
    }
}
