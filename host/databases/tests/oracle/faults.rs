//! Faults in the middle of an action: the report, and that nothing is lost or done twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use wmshost_flow::{
    Action, Bookmark, Checkpoint, FailureKind, Ledger, LoadMode, MergeRule, Position, TargetSession, Value,
};
use wmshost_oracle_emulator::{Effect, Emulator, Fault, Moment, Options, Release};

use crate::server::{reader, rows, run, settings, writer};

fn server() -> Emulator {
    Emulator::start(Options::default()).expect("a emulator")
}

fn ids(ids: std::ops::Range<i64>) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(ids));
    RecordBatch::try_from_iter([("id", ids)]).expect("a batch")
}

fn checkpoint(batch: u64) -> Checkpoint {
    Checkpoint {
        bookmark: Bookmark(vec![Position { name: "id".into(), value: Value::Int64(7) }]),
        mode: LoadMode::Merge,
        complete: false,
        source_version: None,
        definition: None,
        state: BTreeMap::new(),
        run_id: "run-1".into(),
        batch,
        committed_at: 0,
    }
}

fn merge(writer: &mut dyn TargetSession, table: &str, rows: &RecordBatch, batch: u64) {
    let rule = MergeRule { key: vec!["id".into()], version: None };
    writer.merge(table, rows, &rule).expect("a merge");
    let given = checkpoint(batch);
    Ledger { pipeline: "p" }.append(writer.sql(), table, Action::Run, None, "run-1", Some(&given)).expect("a row");
}

#[test]
fn a_commit_with_an_unknown_outcome_is_decided_by_the_checkpoint() {
    for release in Release::ALL {
        let server = server();
        let settings = settings(&server, release);
        run(
            &settings,
            &["CREATE TABLE T (ID NUMBER(19) PRIMARY KEY, WMS_RUN_ID VARCHAR2(128), WMS_LOADED_AT TIMESTAMP(6))"],
        );
        let mut writer = writer(&settings, "T");
        // The ledger's table exists before: creating it commits, too.
        writer.begin().expect("a transaction");
        merge(writer.as_mut(), "T", &ids(0..10), 1);
        writer.commit().expect("a commit");
        for (effect, took_place) in [(Effect::DropAfter, true), (Effect::DropBefore, false), (Effect::Half, true)] {
            let before = rows(&settings, "SELECT COUNT(*) FROM t");
            writer.begin().expect("a transaction");
            let start = i64::try_from(before.len()).expect("few") * 100 + if took_place { 1_000 } else { 5_000 };
            let name = format!("{effect:?}");
            let offset = start + i64::try_from(name.len()).expect("few") * 50;
            merge(writer.as_mut(), "T", &ids(offset..offset + 10), 2);
            server.faults().add(Fault::new(Moment::Commit, effect));
            let committed = writer.commit();
            let there =
                rows(&settings, &format!("SELECT COUNT(*) FROM t WHERE id >= {offset} AND id < {}", offset + 10));
            assert_eq!(committed.is_ok(), took_place, "{release:?} {name}: {committed:?}");
            assert_eq!(there, [[Value::Int64(if took_place { 10 } else { 0 })]], "{release:?} {name}");
            if let Err(failure) = committed {
                assert_eq!(failure.kind, FailureKind::Transient, "{failure}");
                assert!(failure.message.contains("did not take place"), "{failure}");
            }
        }
        // The session goes on.
        writer.begin().expect("a transaction");
        merge(writer.as_mut(), "T", &ids(0..11), 3);
        writer.commit().expect("a commit");
    }
}

#[test]
fn a_write_that_is_cut_leaves_nothing_and_the_next_transaction_works() {
    let server = server();
    let settings = settings(&server, Release::R19);
    run(
        &settings,
        &["CREATE TABLE T (ID NUMBER(19) PRIMARY KEY, WMS_RUN_ID VARCHAR2(128), WMS_LOADED_AT TIMESTAMP(6))"],
    );
    let mut writer = writer(&settings, "T");
    let rule = MergeRule { key: vec!["id".into()], version: None };
    for (effect, code) in [
        (Effect::DropBefore, "closed the connection"),
        (Effect::DropAfter, "closed the connection"),
        (Effect::Half, "closed the connection"),
        (Effect::Fail(60), "ORA-00060"),
        (Effect::Fail(8_177), "ORA-08177"),
        (Effect::Fail(30_006), "ORA-30006"),
        (Effect::Fail(3_113), "ORA-03113"),
        (Effect::Kill, ""),
    ] {
        let name = format!("{effect:?}");
        let kills = effect == Effect::Kill;
        server.faults().add(Fault::new(Moment::Statement("WHEN NOT MATCHED".into()), effect));
        writer.begin().expect("a transaction");
        let failure = writer.merge("T", &ids(0..10), &rule).expect_err("a fault");
        assert_eq!(failure.kind, FailureKind::Transient, "{name}: {failure}");
        assert!(failure.message.contains(code), "{name}: {failure}");
        writer.rollback().unwrap_or_else(|failure| panic!("{name}: {failure}"));
        if kills {
            // Another test's connection may hold one of the ports for a moment.
            let end = Instant::now() + Duration::from_secs(30);
            while let Err(error) = server.open() {
                assert!(Instant::now() < end, "{error}");
                std::thread::yield_now();
            }
        }
        assert_eq!(rows(&settings, "SELECT COUNT(*) FROM t"), [[Value::Int64(0)]], "{name}");
    }
    writer.begin().expect("a transaction");
    writer.merge("T", &ids(0..10), &rule).expect("rows");
    writer.commit().expect("a commit");
    assert_eq!(rows(&settings, "SELECT COUNT(*) FROM t"), [[Value::Int64(10)]]);
}

#[test]
fn a_read_that_is_cut_is_transient_and_its_connection_not_used_again() {
    for (effect, words) in [
        (Effect::DropBefore, "closed the connection"),
        (Effect::Half, "closed the connection"),
        (Effect::Fail(1_555), "ORA-01555"),
        (Effect::Fail(3_135), "ORA-03135"),
    ] {
        let server = server();
        let mut settings = settings(&server, Release::R23);
        settings.fetch_rows = Some(10);
        run(&settings, &["CREATE TABLE T (ID NUMBER(10))"]);
        let many: Vec<Vec<Value>> = (0..100).map(|id| vec![Value::Int64(id)]).collect();
        crate::server::target(&settings)
            .sql()
            .expect("a session")
            .execute_many("INSERT INTO T VALUES (:1)", &many)
            .expect("rows");
        let name = format!("{effect:?}");
        server.faults().add(Fault::new(Moment::Fetch("FROM t".into()), effect).skip(2));
        let mut session = reader(&settings, &["t"]);
        let mut cursor = session.query("SELECT id FROM t ORDER BY id", &[]).expect("a cursor");
        let failure = cursor.next(1_000).expect_err("a fault");
        assert_eq!(failure.kind, FailureKind::Transient, "{name}: {failure}");
        assert!(failure.message.contains(words), "{name}: {failure}");
        // No row may be passed over, and a broken-off read does not look like the end.
        assert_eq!(cursor.next(1_000).expect_err("still broken"), failure, "{name}");
        drop((cursor, session));
        let mut session = reader(&settings, &["t"]);
        assert_eq!(crate::server::read(session.as_mut(), "SELECT id FROM t", &[]).rows.num_rows(), 100, "{name}");
    }
}

#[test]
fn an_answer_that_breaks_off_behind_any_byte_is_a_lost_connection() {
    let server = server();
    let mut settings = settings(&server, Release::R23);
    settings.fetch_rows = Some(10);
    let created = "CREATE TABLE T (ID NUMBER(19) PRIMARY KEY, WMS_RUN_ID VARCHAR2(128), WMS_LOADED_AT TIMESTAMP(6))";
    run(&settings, &[created, "CREATE TABLE U (ID NUMBER(10))"]);
    let many: Vec<Vec<Value>> = (0..100).map(|id| vec![Value::Int64(id)]).collect();
    let sql = crate::server::target(&settings).sql();
    sql.expect("a session").execute_many("INSERT INTO U VALUES (:1)", &many).expect("rows");
    let rule = MergeRule { key: vec!["id".into()], version: None };
    for bytes in 0..32 {
        let cut = |moment| server.faults().add(Fault::new(moment, Effect::Part(bytes)));
        let mut writer = writer(&settings, "T");
        writer.begin().expect("a transaction");
        cut(Moment::Statement("WHEN NOT MATCHED".into()));
        let failure = writer.merge("T", &ids(0..10), &rule).expect_err("half an answer");
        assert_eq!(failure.kind, FailureKind::Transient, "a write, {bytes} bytes: {failure}");
        writer.rollback().unwrap_or_else(|failure| panic!("{bytes} bytes: {failure}"));

        let mut session = reader(&settings, &["u"]);
        cut(Moment::Fetch("FROM u".into()));
        let read = session.query("SELECT id FROM u", &[]).and_then(|mut rows| rows.next(1_000));
        let failure = read.expect_err("half an answer");
        assert_eq!(failure.kind, FailureKind::Transient, "a read, {bytes} bytes: {failure}");

        let mut session = reader(&settings, &["t"]);
        cut(Moment::Statement("FROM t".into()));
        let failure = session.query("SELECT id FROM t", &[]).err().expect("half an answer");
        assert_eq!(failure.kind, FailureKind::Transient, "a query, {bytes} bytes: {failure}");
    }
    assert_eq!(rows(&settings, "SELECT COUNT(*) FROM t"), [[Value::Int64(0)]]);
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let server = server();
    let mut settings = settings(&server, Release::R19);
    settings.call_timeout = Duration::from_millis(400);
    run(&settings, &["CREATE TABLE T (ID NUMBER(10))"]);
    server.faults().add(Fault::new(Moment::Statement("FROM t".into()), Effect::Delay(Duration::from_secs(30))));
    let mut session = reader(&settings, &["t"]);
    let begun = Instant::now();
    let failure = session.query("SELECT id FROM t", &[]).err().expect("no answer");
    assert_eq!(failure.kind, FailureKind::Transient, "{failure}");
    assert!(failure.message.contains("in time"), "{failure}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(crate::server::read(session.as_mut(), "SELECT id FROM t", &[]).rows.num_rows(), 0);
}
