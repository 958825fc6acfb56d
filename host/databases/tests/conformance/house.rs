//! What the host keeps beside the rows, in the same transactions.

use std::collections::BTreeMap;

use wmshost_flow::{
    Action, Bookmark, Checkpoint, FailureKind, Holder, Lease, Ledger, LoadMode, Position, Quarantine, Rejected, Value,
};

use crate::world::{batch, in_transaction, worlds};

fn checkpoint(batch: u64) -> Checkpoint {
    Checkpoint {
        bookmark: Bookmark(vec![
            Position { name: "key".into(), value: Value::Int64(7) },
            Position { name: "note".into(), value: Value::Text("ä".repeat(3_000)) },
        ]),
        mode: LoadMode::Merge,
        complete: false,
        source_version: None,
        shape: "shape".into(),
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
            holder: Holder { machine: "elsewhere".to_owned(), process },
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

#[test]
fn a_rejected_row_is_kept_once() {
    for world in worlds() {
        let mut writer = world.writer();
        let quarantine = Quarantine { pipeline: &world.table };
        let rejected = Rejected {
            rule: "bad-value".into(),
            reason: "it does not fit".into(),
            by: "test".into(),
            row: format!("{{\"id\":\"1\",\"text\":\"{}\"}}", "ä".repeat(5_000)),
        };
        for run in ["run-1", "run-2"] {
            in_transaction(writer.as_mut(), |writer| {
                let rows = std::slice::from_ref(&rejected);
                quarantine.add(writer.sql(), "s", run, "2026-01-31 12:00:00", rows, &["id".to_owned()])
            });
        }
        let query = format!("SELECT run_id, rule FROM WMSHOST_QUARANTINE WHERE pipeline = '{}'", world.table);
        assert_eq!(world.rows(&query), ["run-1 bad-value"], "{}", world.driver());
    }
}
