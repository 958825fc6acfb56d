//! The host's own tables, which change in the same transactions as the rows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use wmshost_flow::{
    Action, Bookmark, Cause, Checkpoint, Clock, ColumnUse, Definition, FailureKind, LEASE_SECONDS, Lease, LeaseGuard,
    LeaseOwner, Ledger, LoadMode, Method, Micros, NullKeys, PluginUse, Position, Quarantine, Rejected, RejectedIn,
    Stage, Value,
};

use crate::world::{World, batch, in_transaction, worlds};

/// A definition with something in each of its parts.
fn definition_of(target_table: &str) -> Definition {
    let column = |name: &str| ColumnUse { name: name.to_owned(), kind: "Int64".to_owned() };
    Definition {
        source: "wms".to_owned(),
        table: "t".to_owned(),
        target_table: target_table.to_owned(),
        method: Method::Incremental,
        key: vec!["id".to_owned()],
        change_key: Some("changed".to_owned()),
        lookback_micros: 7,
        null_keys: NullKeys::Include,
        renamed: BTreeMap::from([("id".to_owned(), "Nr. é".to_owned())]),
        options: BTreeMap::from([("column é".to_owned(), "text".to_owned())]),
        plugins: vec![PluginUse {
            stage: Stage::Extract,
            label: "reads".to_owned(),
            name: "reads".to_owned(),
            version: "0.1.0".to_owned(),
            digest: "0f".repeat(32),
            settings: BTreeMap::from([("limit".to_owned(), "1f".to_owned())]),
        }],
        columns: (0..200).map(|number| column(&format!("column_{number}"))).collect(),
        target_columns: vec![column("id")],
    }
}

fn checkpoint(batch: u64) -> Checkpoint {
    Checkpoint {
        bookmark: Bookmark(vec![
            Position { name: "key".into(), value: Value::Int64(7) },
            Position { name: "note".into(), value: Value::Text("ä".repeat(3_000)) },
        ]),
        mode: LoadMode::Merge,
        complete: false,
        source_version: None,
        definition: Some(definition_of("T")),
        state: BTreeMap::from([("seen".to_owned(), vec![0, 255])]),
        run_id: "run-1".into(),
        batch,
        committed_at: 1_769_853_600_123_456,
    }
}

#[test]
fn a_checkpoint_is_committed_with_the_rows_or_not_at_all() {
    for world in worlds() {
        let mut writer = world.writer();
        let ledger = Ledger { pipeline: &world.table };
        in_transaction(writer.as_mut(), |writer| writer.create(&world.definition(&["id"])));
        assert_eq!(ledger.checkpoint(writer.sql(), "s").expect("none"), None, "{}", world.driver());
        for (commits, batch_number) in [(false, 1), (true, 2)] {
            writer.begin().expect("a transaction");
            writer.insert(&world.table, &batch(&[(1, None, None)])).expect("a row");
            let given = checkpoint(batch_number);
            ledger.append(writer.sql(), "s", Action::Run, None, "run-1", Some(&given)).expect("a row");
            let ended = if commits { writer.commit() } else { writer.rollback() };
            ended.expect("an end");
        }
        let mut sql = world.target().sql().expect("a session");
        let found = ledger.checkpoint(sql.as_mut(), "s").expect("a checkpoint");
        assert_eq!(found, Some(checkpoint(2)), "{}", world.driver());
        assert_eq!(world.rows("SELECT id FROM T"), ["1"], "{}", world.driver());
    }
}

#[test]
fn a_lease_keeps_others_out() {
    for world in worlds() {
        let lease = |run_id: &str, process| Lease {
            pipeline: world.table.clone(),
            stream: "s".to_owned(),
            run_id: run_id.to_owned(),
            holder: LeaseOwner { machine: "elsewhere".to_owned(), process },
        };
        let mut sql = world.target().sql().expect("a session");
        sql.begin().expect("a transaction");
        lease("run-1", 1).acquire(sql.as_mut(), &|_| false).expect("free");
        sql.commit().expect("a commit");
        sql.begin().expect("a transaction");
        let failure = lease("run-2", 2).acquire(sql.as_mut(), &|_| false).expect_err("held");
        sql.rollback().expect("a rollback");
        assert_eq!(failure.kind, FailureKind::Busy, "{}: {failure}", world.driver());
    }
}

fn hold(world: &World, run_id: &str, heartbeat_interval: Duration) -> LeaseGuard {
    let holder = LeaseOwner { machine: "elsewhere".to_owned(), process: 1 };
    LeaseGuard {
        target: world.target(),
        lease: Lease::of_models(&world.table, run_id, holder),
        is_dead: |_| false,
        clock: Arc::clone(&world.clock) as _,
        heartbeat_interval,
    }
}

#[test]
fn a_lease_that_is_held_stays_alive_and_nothing_is_committed_without_it() {
    for world in worlds() {
        let driver = world.driver();
        let set = |what: &str| {
            let statement = format!("UPDATE WMSHOST_LEASE SET {what} WHERE pipeline = '{}'", world.table);
            world.target().sql().expect("a session").execute(&statement, &[]).expect("changed");
        };
        let leases =
            |what: &str| world.rows(&format!("SELECT {what} FROM WMSHOST_LEASE WHERE pipeline = '{}'", world.table));
        in_transaction(world.writer().as_mut(), |writer| writer.create(&world.definition(&["id"])));

        hold(&world, "run-1", Duration::from_millis(1))
            .run(|_| {
                set("expires_at = 0");
                while leases("expires_at") == ["0"] {
                    std::thread::yield_now();
                }
                let busy = hold(&world, "run-2", LeaseGuard::HEARTBEAT_INTERVAL).run(|_| ()).expect_err("held");
                assert_eq!(busy.kind, FailureKind::Busy, "{driver}: {busy}");
                let words = "run run-1 (process 1 on elsewhere) holds the models, last seen";
                assert!(busy.message.starts_with(words), "{driver}: {busy}");
            })
            .expect("held to the end");
        assert!(leases("run_id").is_empty(), "{driver}: it was not given back");
        let failed = hold(&world, "run-1", LeaseGuard::HEARTBEAT_INTERVAL).run(|_| Err::<(), _>("it failed"));
        assert_eq!(failed, Ok(Err("it failed")));
        assert!(leases("run_id").is_empty(), "{driver}: it was not given back");

        let insert = format!("INSERT INTO {} (id) VALUES (1)", world.table);
        let lost = hold(&world, "run-3", LeaseGuard::HEARTBEAT_INTERVAL).run(|target| {
            set("run_id = 'run-4'");
            let mut sql = target.sql().expect("a session");
            sql.begin().expect("a transaction");
            sql.execute(&insert, &[]).expect("inserted");
            let lost = sql.commit().expect_err("it is somebody else's");
            assert_eq!(lost.kind, FailureKind::Busy, "{driver}: {lost}");
            sql.execute(&insert, &[]).expect_err("nothing more is written");
        });
        let words = "this run lost its lease: run run-4 (process 1 on elsewhere) has taken the models over";
        assert_eq!(lost.expect_err("lost").message, words, "{driver}");
        assert!(world.rows("SELECT id FROM T").is_empty(), "{driver}: it was written without the lease");

        // The other run has died.
        set("expires_at = 0");
        let written =
            hold(&world, "run-5", LeaseGuard::HEARTBEAT_INTERVAL).run(|target| target.sql()?.execute(&insert, &[]));
        assert_eq!(written, Ok(Ok(1)), "{driver}");
        assert!(leases("run_id").is_empty(), "{driver}: it was not given back");
    }
}

/// Seconds that have passed.
#[derive(Default)]
struct Hung(AtomicU64);

impl Clock for Hung {
    fn now(&self) -> Micros {
        0
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// Not only at its next commit: on Oracle a statement that changes a table does not wait for one.
#[test]
fn who_hung_for_longer_than_the_lease_looks_before_the_next_statement() {
    for world in worlds() {
        let driver = world.driver();
        in_transaction(world.writer().as_mut(), |writer| writer.create(&world.definition(&["id"])));
        let insert = format!("INSERT INTO {} (id) VALUES (1)", world.table);
        let take_over = format!("UPDATE WMSHOST_LEASE SET run_id = 'run-2' WHERE pipeline = '{}'", world.table);
        let clock = Arc::new(Hung::default());
        let held =
            LeaseGuard { clock: Arc::clone(&clock) as _, ..hold(&world, "run-1", LeaseGuard::HEARTBEAT_INTERVAL) };
        let lost = held.run(|target| {
            let mut sql = target.sql().expect("a session");
            clock.0.store(LEASE_SECONDS.unsigned_abs() + 1, Ordering::Relaxed);
            sql.execute(&insert, &[]).expect("nobody came meanwhile");
            world.target().sql().expect("a session").execute(&take_over, &[]).expect("taken over");
            clock.0.store(2 * LEASE_SECONDS.unsigned_abs() + 1, Ordering::Relaxed);
            let failure = sql.execute(&insert, &[]).expect_err("it is somebody else's");
            assert_eq!(failure.kind, FailureKind::Busy, "{driver}: {failure}");
        });
        assert_eq!(lost.expect_err("lost").kind, FailureKind::Busy, "{driver}");
        assert_eq!(world.rows("SELECT id FROM T"), ["1"], "{driver}");
    }
}

#[test]
fn a_rejected_row_is_kept_once() {
    for world in worlds() {
        let mut writer = world.writer();
        let quarantine = Quarantine { pipeline: &world.table };
        let rejected = Rejected {
            cause: Cause::BadValue,
            rule: "bad-value".into(),
            reason: "it does not fit".into(),
            value: None,
            stage: Stage::Extract,
            by: "test".into(),
            digest: None,
            place: None,
            row: format!("{{\"id\":\"1\",\"text\":\"{}\"}}", "ä".repeat(5_000)),
        };
        for run in ["run-1", "run-2"] {
            in_transaction(writer.as_mut(), |writer| {
                let rows = std::slice::from_ref(&rejected);
                let run = RejectedIn { stream: "s", run_id: run, at: "2026-01-31 12:00:00", passes: true };
                quarantine.add(writer.sql(), run, rows, &["id".to_owned()])
            });
        }
        let query = format!("SELECT run_id, rule FROM WMSHOST_QUARANTINE WHERE pipeline = '{}'", world.table);
        assert_eq!(world.rows(&query), ["run-2 bad-value"], "{}", world.driver());
    }
}
