//! The load times of a table's rows increase with every transaction, whatever the clock does and whichever session
//! writes.

use std::thread;

use wmshost_flow::MergeRule;

use crate::world::{World, batch, in_transaction, worlds};

const SECOND: i64 = 1_000_000;

/// Merges a row by a session of its own, of a run.
fn write(world: &World, run_id: &str, id: i64, commits: bool) {
    let mut writer = world.target().session(world.grant(run_id)).expect("a session");
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
        for (at, clock, run_id, commits) in [
            (1, 100, "run-1", true),
            (2, 100, "run-1", true),
            (3, 40, "run-1", true),
            (4, 50, "run-2", true),
            (9, 60, "run-1", false),
            (5, 60, "run-1", true),
            (6, 110, "run-1", true),
        ] {
            world.clock.set(clock * SECOND);
            write(&world, run_id, at, commits);
        }
        let expected = ["01:40.000000", "01:40.000001", "01:40.000002", "01:40.000003", "01:40.000004", "01:50.000000"];
        assert_eq!(marks(&world), expected, "{}", world.driver());

        // A table that another version has written: its own rows have the last load time.
        let forget = format!("DELETE FROM WMSHOST_LOAD_CLOCK WHERE table_name = '{}'", world.table);
        world.target().sql().expect("a session").execute(&forget, &[]).expect("forgotten");
        world.clock.set(70 * SECOND);
        write(&world, "run-1", 7, true);
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
        write(&world, "run-1", 1, true);
        world.clock.set(90 * SECOND);
        writer.begin().expect("a transaction");
        writer.insert(&world.table, &batch(&[(2, None, None)])).expect("a row");
        world.clock.set(30 * SECOND);
        thread::scope(|scope| {
            let other = scope.spawn(|| write(&world, "run-2", 3, true));
            writer.commit().expect("a commit");
            other.join().expect("the other one writes as soon as it may");
        });
        assert_eq!(marks(&world), ["00:00.000000", "01:30.000000", "01:30.000001"], "{}", world.driver());
    }
}
