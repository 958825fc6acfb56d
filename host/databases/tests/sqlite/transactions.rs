//! All of a transaction or nothing, one writer after the other, and nothing outside of the granted table.

use std::os::unix::fs::PermissionsExt as _;

use wmshost_databases::sqlite;
use wmshost_flow::{Cause, FailureKind, MergeRule, Quarantine, Rejected, RejectedIn, Stage};

use crate::warehouse::{Warehouse, batch, counts, definition, in_transaction, write_grant};

#[test]
fn a_dropped_session_leaves_nothing() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    in_transaction(writer.as_mut(), |writer| writer.create(&definition(&["id"])));
    writer.begin().expect("a transaction");
    assert_eq!(writer.insert("T", &batch(&[(1, None, None)])).expect("written"), counts(1, 0, 0));
    drop(writer);
    assert!(warehouse.target_rows("SELECT id FROM T").is_empty());
    // The next writer gets its turn.
    let mut writer = warehouse.writer();
    in_transaction(writer.as_mut(), |writer| writer.insert("T", &batch(&[(2, None, None)])));
    assert_eq!(warehouse.target_rows("SELECT id FROM T"), ["2"]);
}

#[test]
fn a_rollback_takes_back_tables_too() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    for _ in 0..2 {
        writer.begin().expect("a transaction");
        writer.create(&definition(&["id"])).expect("created");
        writer.insert("T", &batch(&[(1, None, None)])).expect("written");
        writer.rollback().expect("a rollback");
        assert!(writer.describe("T").expect("granted").is_none());
    }
    writer.rollback().expect("nothing to do");
}

#[test]
fn writes_need_a_transaction() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    assert_eq!(writer.create(&definition(&["id"])).expect_err("none").kind, FailureKind::Permanent);
    assert_eq!(writer.commit().expect_err("none").kind, FailureKind::Permanent);
    writer.begin().expect("a transaction");
    assert_eq!(writer.begin().expect_err("two").kind, FailureKind::Permanent);
}

#[test]
fn other_tables_are_denied() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    writer.begin().expect("a transaction");
    let mut other = definition(&["id"]);
    other.name = "OTHER".to_owned();
    let rule = MergeRule { key: vec!["id".to_owned()], version: None };
    let rows = batch(&[(1, None, None)]);
    for failure in
        [writer.describe("OTHER").expect_err("denied"), writer.describe("WMSHOST_CHECKPOINT").expect_err("denied")]
    {
        assert_eq!(failure.kind, FailureKind::Denied);
    }
    let mut denied = Vec::new();
    denied.push(writer.create(&other).expect_err("denied"));
    writer.rollback().expect("a rollback");
    for attempt in 0..6 {
        writer.begin().expect("a transaction");
        denied.push(match attempt {
            0 => writer.insert("OTHER", &rows).expect_err("denied"),
            1 => writer.merge("OTHER", &rows, &rule).expect_err("denied"),
            2 => writer.stage(&other, false).expect_err("denied"),
            3 => writer.swap("OTHER").expect_err("denied"),
            4 => writer.add_columns("OTHER", &rows.schema()).expect_err("denied"),
            _ => writer.swap("T__NEXT").expect_err("denied"),
        });
        writer.rollback().expect("a rollback");
    }
    assert!(denied.iter().all(|failure| failure.kind == FailureKind::Denied), "{denied:?}");
    let mut own = write_grant("run-1");
    own.table = "wmshost_quarantine".to_owned();
    assert!(warehouse.target().session(own).is_err());
}

#[test]
fn streams_write_one_after_the_other() {
    let warehouse = Warehouse::new("");
    let target = warehouse.target();
    std::thread::scope(|scope| {
        for stream in 0..5 {
            let target = &target;
            scope.spawn(move || {
                let mut grant = write_grant("run-1");
                grant.table = format!("T{stream}");
                let mut writer = target.session(grant.clone()).expect("a session");
                let mut table = definition(&["id"]);
                table.name.clone_from(&grant.table);
                in_transaction(writer.as_mut(), |writer| writer.create(&table));
                for id in 0..50 {
                    let rows = batch(&[(id, None, None)]);
                    in_transaction(writer.as_mut(), |writer| writer.insert(&grant.table, &rows));
                }
            });
        }
    });
    for stream in 0..5 {
        let rows = warehouse.target_rows(&format!("SELECT count(*) FROM T{stream}"));
        assert_eq!(rows, ["50"]);
    }
}

#[test]
fn rows_taken_out_are_kept_once() {
    let warehouse = Warehouse::new("");
    let rejected = |rule: &str, row: &str, reason: &str| Rejected {
        cause: Cause::Rule,
        rule: rule.to_owned(),
        reason: reason.to_owned(),
        value: None,
        stage: Stage::Transform,
        by: "cleaner 1.0".to_owned(),
        digest: None,
        row: row.to_owned(),
        place: None,
    };
    for run in ["run-1", "run-2"] {
        let mut writer = warehouse.target().session(write_grant(run)).expect("a session");
        in_transaction(writer.as_mut(), |writer| {
            let rows = [
                rejected("negative", "{\"id\":1}", &format!("in {run}")),
                rejected("negative", "{\"id\":2}", "below 0"),
                rejected("status", "{\"id\":1}", "unknown"),
            ];
            let run = RejectedIn { stream: "s", run_id: run, at: "2026-01-31", passes: true };
            Quarantine { pipeline: "p" }.add(writer.sql(), run, &rows, &["id".to_owned()])
        });
    }
    assert_eq!(
        warehouse.target_rows(
            "SELECT row_key, rule, reason, rejected_by, run_id, row_json FROM WMSHOST_QUARANTINE ORDER BY rule, row_key"
        ),
        [
            "'id=1' 'negative' 'in run-1' 'cleaner 1.0' 'run-2' '{\"id\":1}'",
            "'id=2' 'negative' 'below 0' 'cleaner 1.0' 'run-2' '{\"id\":2}'",
            "'id=1' 'status' 'unknown' 'cleaner 1.0' 'run-2' '{\"id\":1}'",
        ]
    );
}

#[test]
fn files_that_cannot_be_written_say_why() {
    let warehouse = Warehouse::new("");
    let other = warehouse.source_path().with_file_name("other.db");
    std::fs::write(&other, "this is no database, however long the text may be".repeat(100)).expect("a file");
    let clock = std::sync::Arc::clone(&warehouse.clock);
    let failure = sqlite::open_target(&other, "ana", clock.clone()).err().expect("no database");
    assert_eq!(failure.kind, FailureKind::InvalidConfig, "{failure}");
    assert!(failure.to_string().contains("name a SQLite database"), "{failure}");
    // A folder where the file should be.
    let folder = other.with_file_name("folder.db");
    std::fs::create_dir(&folder).expect("a folder");
    let failure = sqlite::open_target(&folder, "ana", clock.clone()).err().expect("a folder");
    assert_eq!(failure.kind, FailureKind::InvalidConfig, "{failure}");
    assert!(failure.to_string().contains("folder.db"), "{failure}");
    // A file where the folder should be.
    let failure = sqlite::open_target(&other.join("x.db"), "ana", clock).err().expect("a file");
    assert!(failure.to_string().contains("the folder cannot be created"), "{failure}");
}

#[test]
fn a_full_disk_undoes_the_transaction() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    in_transaction(writer.as_mut(), |writer| writer.create(&definition(&["id"])));
    drop(writer);
    // Root can write anywhere, so a read-only file is not tested as root.
    let path = warehouse.target_path();
    let mut rights = std::fs::metadata(&path).expect("a file").permissions();
    rights.set_mode(0o444);
    std::fs::set_permissions(&path, rights).expect("read-only");
    let denied = std::fs::File::options().append(true).open(&path).is_err();
    let clock = std::sync::Arc::clone(&warehouse.clock);
    if denied {
        let failure = sqlite::open_target(&path, "ana", clock).err().expect("read-only");
        assert!(failure.to_string().contains("read-only"), "{failure}");
    }
}
