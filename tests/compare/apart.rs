//! A comparison and the runs of others: neither may mistake the other's work for something else.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use wmshost_flow::{
    Action, Bookmark, Checkpoint, Deletes, Depth, FailureKind, Lease, LeaseOwner, Ledger, LoadMode, StreamStatus, Trace,
};

use crate::faults::Fault;
use crate::world::{Row, STREAM, World};

const LEDGER: Ledger<'static> = Ledger { pipeline: "p" };

fn rows(keys: impl IntoIterator<Item = i64>) -> Vec<Row> {
    keys.into_iter().map(|key| (key, format!("v{key}"))).collect()
}

/// Another run's row in the ledger.
fn note(world: &World, run_id: &str, checkpoint_name: &str) {
    let checkpoint = Checkpoint {
        bookmark: Bookmark(Vec::new()),
        mode: LoadMode::Merge,
        complete: true,
        source_version: None,
        definition: None,
        state: Default::default(),
        run_id: run_id.to_owned(),
        batch: 1,
        committed_at: 1_800_000_000_000_000,
    };
    let mut sql = world.sql();
    sql.begin().expect("a transaction");
    LEDGER.append(sql.as_mut(), checkpoint_name, Action::Run, None, run_id, Some(&checkpoint)).expect("a row");
    sql.commit().expect("committed");
}

fn trace(world: &World) -> Trace {
    LEDGER.trace_of_others(world.sql().as_mut(), STREAM, "r").expect("a trace")
}

/// Run B loads rows after run A has opened its source and before A takes the stream's lease. To A they look like rows
/// that the source has deleted.
#[test]
fn rows_that_another_run_loaded_behind_the_snapshot_are_not_gone() {
    for checkpoint_name in ["s", "s/reconcile", "s/backfill/1/2"] {
        let mut world = World::new(&rows(0..30), Deletes::Delete);
        note(&world, "earlier", "s");
        let before = trace(&world);
        assert_ne!(before, Trace::default());
        // The source as A sees it really lacks row 5, and also the rows that B is about to load.
        world.source = rows((0..25).filter(|key| *key != 5));
        note(&world, "B", checkpoint_name);
        let run = world.run(before);
        assert_eq!(
            (run.status, run.stats.deleted),
            (StreamStatus::Succeeded, 0),
            "{checkpoint_name}: {:?}",
            run.failure
        );
        assert!(run.comparison.is_none() && world.target().len() == 30, "{checkpoint_name}");
        // It is still due: the next run, whose snapshot is newer, does it.
        let run = world.run(trace(&world));
        assert_eq!(
            (run.status, run.stats.deleted),
            (StreamStatus::Succeeded, 6),
            "{checkpoint_name}: {:?}",
            run.failure
        );
        assert_eq!(world.target(), world.source, "{checkpoint_name}");
    }
}

/// From before its first row is read until its deletions are committed, no other run gets the lease.
#[test]
fn no_run_begins_while_a_comparison_goes_on() {
    for depth in [Depth::Keys, Depth::Rows] {
        let mut world = World::new(&rows(0..30), Deletes::Delete);
        world.source = rows(0..20);
        let other = Lease {
            pipeline: "p".to_owned(),
            stream: STREAM.to_owned(),
            run_id: "B".to_owned(),
            holder: LeaseOwner { machine: "m".to_owned(), process: 2 },
        };
        let (tried, sql) = (Arc::new(AtomicUsize::new(0)), Mutex::new(world.sql()));
        let (count, lease) = (Arc::clone(&tried), other.clone());
        world.while_reading = Some(Arc::new(move || {
            let mut sql = sql.lock().expect("unharmed");
            let busy = lease.take(sql.as_mut(), &|_| false).expect_err("the lease is held");
            assert_eq!(busy.kind, FailureKind::Busy, "{busy}");
            count.fetch_add(1, Ordering::Relaxed);
        }));
        let compared = world.compare(depth, true, Fault::None);
        assert!(compared.failure.is_none(), "{:?}", compared.failure);
        assert_eq!((compared.found.deleted, world.target().len()), (10, 20));
        assert!(tried.load(Ordering::Relaxed) > 3);
        other.take(world.sql().as_mut(), &|_| false).expect("the lease was given back");
    }
}
