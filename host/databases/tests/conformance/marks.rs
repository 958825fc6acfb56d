//! The marks of a table's rows go up with every transaction, whatever the clock does and whoever writes.

use std::thread;

use wmshost_flow::{MergeRule, TargetGrant};

use crate::world::{World, batch, in_transaction, worlds};

const SECOND: i64 = 1_000_000;

/// Merges a row by a session of its own, of a stream.
fn write(world: &World, stream: &str, id: i64, commits: bool) {
    let grant = TargetGrant { stream: stream.to_owned(), ..world.grant("run-1") };
    let mut writer = world.target().session(grant).expect("a session");
    writer.begin().expect("a transaction");
    let rule = MergeRule { key: vec!["id".to_owned()], version: None };
    writer.merge(&world.table, &batch(&[(id, None, None)]), &rule).expect("a row");
    if commits {
        writer.commit().expect("a commit");
    }
}

fn marks(world: &World) -> Vec<String> {
    let mark = |row: String| row.trim_start_matches("1970-01-01 00:").to_owned();
    world.rows("SELECT wms_loaded_at FROM T ORDER BY id").into_iter().map(mark).collect()
}

#[test]
fn a_clock_that_goes_back_gives_newer_marks_all_the_same() {
    for world in worlds() {
        in_transaction(world.writer().as_mut(), |writer| writer.create(&world.definition(&["id"])));
        for (at, clock, stream, commits) in [
            (1, 100, "s", true),
            (2, 100, "s", true),
            (3, 40, "s", true),
            (4, 50, "other", true),
            (9, 60, "s", false),
            (5, 60, "s", true),
            (6, 110, "s", true),
        ] {
            world.clock.set(clock * SECOND);
            write(&world, stream, at, commits);
        }
        let expected = ["01:40.000000", "01:40.000001", "01:40.000002", "01:40.000003", "01:40.000004", "01:50.000000"];
        assert_eq!(marks(&world), expected, "{}", world.driver());

        // A table that another version has written: its rows tell.
        let forget = format!("DELETE FROM WMSHOST_MARK WHERE table_name = '{}'", world.table);
        world.target().sql().expect("a session").execute(&forget, &[]).expect("forgotten");
        world.clock.set(70 * SECOND);
        write(&world, "s", 7, true);
        assert_eq!(marks(&world)[6], "01:50.000001", "{}", world.driver());
    }
}

#[test]
fn one_transaction_has_one_mark() {
    for world in worlds() {
        let mut writer = world.writer();
        in_transaction(writer.as_mut(), |writer| {
            writer.create(&world.definition(&["id"]))?;
            world.clock.set(SECOND);
            writer.insert(&world.table, &batch(&[(1, None, None)]))?;
            world.clock.set(2 * SECOND);
            writer.insert(&world.table, &batch(&[(2, None, None)]))
        });
        assert_eq!(marks(&world), ["00:01.000000", "00:01.000000"], "{}", world.driver());
    }
}

#[test]
fn who_commits_later_has_newer_marks() {
    for world in worlds() {
        let mut writer = world.writer();
        in_transaction(writer.as_mut(), |writer| writer.create(&world.definition(&["id"])));
        write(&world, "s", 1, true);
        world.clock.set(90 * SECOND);
        writer.begin().expect("a transaction");
        writer.insert(&world.table, &batch(&[(2, None, None)])).expect("a row");
        world.clock.set(30 * SECOND);
        thread::scope(|scope| {
            let other = scope.spawn(|| write(&world, "other", 3, true));
            writer.commit().expect("a commit");
            other.join().expect("the other one writes as soon as it may");
        });
        assert_eq!(marks(&world), ["00:00.000000", "01:30.000000", "01:30.000001"], "{}", world.driver());
    }
}
