//! The host's own tables in a target: checkpoints that are committed with their rows or not at all, leases that only
//! one run holds, quarantine without duplicates.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wmshost_flow::{
    Action, Bookmark, Checkpoint, ColumnUse, DamagedRow, Definition, Failure, FailureKind, Lease, LeaseOwner, Ledger,
    LoadMode, Method, NullKeys, PluginUse, Position, Stage, TargetSession, Value, metadata_objections,
};

use crate::warehouse::{Warehouse, batch, definition, in_transaction};

const LEDGER: Ledger<'_> = Ledger { pipeline: "p" };

fn checkpoint(values: Vec<Value>) -> Checkpoint {
    let positions = values.into_iter().enumerate();
    Checkpoint {
        bookmark: Bookmark(positions.map(|(at, value)| Position { name: format!("p{at}"), value }).collect()),
        mode: LoadMode::Merge,
        complete: false,
        source_version: Some("v1".to_owned()),
        definition: Some(definition_of("T")),
        state: BTreeMap::from([("k".to_owned(), vec![0, 255]), ("é".to_owned(), Vec::new())]),
        run_id: "run-1".to_owned(),
        batch: 7,
        committed_at: 1_769_853_600_123_456,
    }
}

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

fn append(writer: &mut dyn TargetSession, stream: &str, checkpoint: &Checkpoint) -> Result<i64, Failure> {
    LEDGER.append(writer.sql(), stream, Action::Run, None, &checkpoint.run_id, Some(checkpoint))
}

#[test]
fn a_checkpoint_goes_with_its_rows() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    assert_eq!(LEDGER.checkpoint(writer.sql(), "s").expect("no table yet"), None);
    in_transaction(writer.as_mut(), |writer| writer.create(&definition(&["id"])));
    let first = checkpoint(vec![Value::Int64(1)]);
    in_transaction(writer.as_mut(), |writer| {
        writer.insert("T", &batch(&[(1, None, None)]))?;
        append(writer, "s", &first)
    });
    writer.begin().expect("a transaction");
    writer.insert("T", &batch(&[(2, None, None)])).expect("written");
    append(writer.as_mut(), "s", &checkpoint(vec![Value::Int64(2)])).expect("written");
    drop(writer);
    let mut writer = warehouse.writer();
    assert_eq!(LEDGER.checkpoint(writer.sql(), "s").expect("a checkpoint"), Some(first));
    assert_eq!(warehouse.target_rows("SELECT id FROM T"), ["1"]);
    assert_eq!(LEDGER.checkpoint(writer.sql(), "other").expect("none"), None);
}

#[test]
fn the_history_keeps_every_change_and_the_last_one_counts() {
    let warehouse = Warehouse::new("");
    let mut session = warehouse.target().sql().expect("a session");
    let first = checkpoint(vec![Value::Int64(1)]);
    assert_eq!(LEDGER.append(session.as_mut(), "s", Action::Run, None, "run-1", Some(&first)), Ok(1));
    assert_eq!(LEDGER.append(session.as_mut(), "t", Action::Run, None, "run-1", Some(&first)), Ok(1));
    assert_eq!(LEDGER.append(session.as_mut(), "s", Action::Reset, Some("by hand"), "cmd", None), Ok(2));
    assert_eq!(LEDGER.checkpoint(session.as_mut(), "s"), Ok(None));
    let history = LEDGER.history(session.as_mut(), "s").expect("a history");
    let reported = history.iter().flatten().map(|entry| (entry.sequence, entry.action, entry.note.as_deref()));
    let reported: Vec<_> = reported.collect();
    assert_eq!(reported, [(1, Action::Run, None), (2, Action::Reset, Some("by hand"))]);
    assert_eq!(LEDGER.streams(session.as_mut()).expect("streams").len(), 2);
    assert_eq!(Ledger { pipeline: "q" }.history(session.as_mut(), "s"), Ok(Vec::new()));
}

#[test]
fn a_checkpoint_from_the_future_or_with_damage_is_refused() {
    for (change, words) in [
        ("format = 2", "format 2, this host knows formats up to 1"),
        ("bookmark = '[{}]'", "column bookmark is damaged"),
        ("state = '{\"k\":\"0\"}'", "column state is damaged"),
        ("mode = 'append'", "column mode is damaged"),
        ("action = 'dream'", "column action is damaged"),
        ("committed_at = 'noon'", "column committed_at is damaged"),
        ("sequence = 'first'", "a row of the stream s cannot be read: the column sequence is damaged"),
        ("run_id = x'00'", "column run_id is damaged"),
        ("note = x'00'", "column note is damaged"),
        ("format = 'one'", "column format is damaged"),
        ("bookmark = NULL", "column bookmark is damaged"),
        ("complete = 2", "column complete is damaged"),
        ("source_version = x'00'", "column source_version is damaged"),
        ("definition_hash = NULL", "column definition is damaged"),
        ("definition_hash = 'x'", "column definition is damaged"),
        ("definition = NULL", "column definition is damaged"),
        ("definition = '{}'", "column definition is damaged"),
        ("definition = replace(definition, 'wms', 'ana')", "column definition is damaged"),
        ("batch = -1", "column batch is damaged"),
    ] {
        let warehouse = Warehouse::new("");
        let mut writer = warehouse.writer();
        in_transaction(writer.as_mut(), |writer| append(writer, "s", &checkpoint(Vec::new())));
        let update = format!("UPDATE WMSHOST_CHECKPOINT SET {change}");
        warehouse.target_connection().execute_batch(&update).expect("an update");
        let failure = LEDGER.checkpoint(writer.sql(), "s").expect_err(change);
        assert!(failure.to_string().contains(words), "{failure}");
        assert!(failure.to_string().contains("state reset --stream s"), "{failure}");
        // It hides no other stream, and after a reset the stream can be written again.
        in_transaction(writer.as_mut(), |writer| append(writer, "other", &checkpoint(Vec::new())));
        assert!(LEDGER.checkpoint(writer.sql(), "other").expect("a checkpoint").is_some(), "{change}");
        assert!(matches!(LEDGER.history(writer.sql(), "s").expect("rows").as_slice(), [Err(DamagedRow { .. })]));
        in_transaction(writer.as_mut(), |writer| LEDGER.reset(writer.sql(), "s", "by a test", "cmd"));
        assert_eq!(LEDGER.checkpoint(writer.sql(), "s"), Ok(None), "{change}");
        in_transaction(writer.as_mut(), |writer| append(writer, "s", &checkpoint(Vec::new())));
        assert_eq!(LEDGER.checkpoint(writer.sql(), "s"), Ok(Some(checkpoint(Vec::new()))), "{change}");
    }
}

#[test]
fn an_object_of_another_owner_with_the_name_of_a_metadata_table_is_refused_with_what_it_lacks() {
    for (name, lacks) in [
        ("WMSHOST_CHECKPOINT", "sequence, action,"),
        ("WMSHOST_LEASE", "run_id, machine, process, renewed_at, expires_at"),
        ("WMSHOST_LOAD_CLOCK", "table_name, newest"),
        ("WMSHOST_STATUS", "run_id, status, ended_at, succeeded_at, failure"),
        ("WMSHOST_VERIFIED", "run_id, verified_through"),
        ("wmshost_quarantine", "id, rule, reason,"),
        ("WMSHOST_TABLE", "table_name, kind, name, since, run_id"),
    ] {
        let (table, upper) = (format!("CREATE TABLE {name} (PIPELINE TEXT, stream)"), name.to_uppercase());
        let lacks = format!("the table {upper} was not made by wmshost (it lacks {lacks}");
        let view = format!("the view {upper} was not made by wmshost (it is not a table)");
        for (statement, words) in [(table, lacks), (format!("CREATE VIEW {name} AS SELECT 1 AS x"), view)] {
            let warehouse = Warehouse::new("");
            let mut writer = warehouse.writer();
            assert_eq!(metadata_objections(writer.sql()), Ok(Vec::new()));
            warehouse.target_connection().execute_batch(&statement).expect("an object");
            let objections = metadata_objections(writer.sql()).expect("objections");
            let [objection] = objections.as_slice() else { panic!("{statement}: {objections:?}") };
            assert!(objection.starts_with(&words), "{statement}: {objection}");
            assert!(objection.ends_with("or drop it yourself, or use another target"), "{objection}");
        }
    }
}

#[test]
fn a_ledger_of_another_owner_is_reported_by_every_reader_and_a_later_version_may_add_columns() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    in_transaction(writer.as_mut(), |writer| append(writer, "s", &checkpoint(Vec::new())));
    warehouse.target_connection().execute_batch("ALTER TABLE WMSHOST_CHECKPOINT ADD COLUMN more").expect("a column");
    assert_eq!(metadata_objections(writer.sql()), Ok(Vec::new()));
    let foreign = "DROP TABLE WMSHOST_CHECKPOINT; CREATE TABLE WMSHOST_CHECKPOINT (pipeline, stream)";
    warehouse.target_connection().execute_batch(foreign).expect("a table");
    let read = LEDGER.checkpoint(writer.sql(), "s").expect_err("a foreign table");
    let traced = LEDGER.trace_of_others(writer.sql(), "s", "run").expect_err("a foreign table");
    for failure in [read, traced] {
        assert_eq!(failure.kind, FailureKind::InvalidConfig, "{failure}");
        assert!(failure.to_string().contains("was not made by wmshost (it lacks sequence,"), "{failure}");
    }
}

fn lease(run_id: &str, process: u32) -> Lease {
    let holder = LeaseOwner { machine: "here".to_owned(), process };
    Lease { pipeline: "p".to_owned(), stream: "s".to_owned(), run_id: run_id.to_owned(), holder }
}

#[test]
fn a_lease_is_held_by_one_run_until_it_is_gone_or_late() {
    let warehouse = Warehouse::new("");
    let target = warehouse.target();
    let mut session = target.sql().expect("a session");
    let alive = |_: &LeaseOwner| false;
    lease("run-1", 1)
        .act(session.as_mut(), &alive, |session| {
            // Another run looks while the first one is at work.
            let held = lease("run-2", 2).acquire(session, &alive).expect_err("held");
            assert_eq!(held.kind, FailureKind::Busy);
            assert!(held.to_string().contains("run run-1 (process 1 on here) holds the stream"), "{held}");
            // The first one's process has ended.
            lease("run-2", 2).acquire(session, &|holder| holder.process == 1).expect("taken over");
            let lost = lease("run-1", 1).renew(session).expect_err("lost");
            assert!(lost.kind == FailureKind::Busy && lost.to_string().contains("run run-2"), "{lost}");
            // The second one has not been heard of for too long.
            session.execute("UPDATE WMSHOST_LEASE SET expires_at = 0", &[])?;
            lease("run-3", 3).acquire(session, &alive)
        })
        .expect("done");
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(Value::Int64),
        any::<f64>().prop_filter("equal to itself", |v| !v.is_nan()).prop_map(Value::Float64),
        "-?[0-9]{1,38}(\\.[0-9]{1,10})?".prop_map(Value::Decimal),
        any::<String>().prop_map(Value::Text),
        any::<Vec<u8>>().prop_map(Value::Binary),
        any::<i32>().prop_map(Value::Date),
        any::<i64>().prop_map(Value::Timestamp),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_value_comes_back(values in prop::collection::vec(any_value(), 0..10)) {
        let warehouse = Warehouse::new("");
        let mut writer = warehouse.writer();
        let written = checkpoint(values);
        in_transaction(writer.as_mut(), |writer| append(writer, "s", &written));
        prop_assert_eq!(LEDGER.checkpoint(writer.sql(), "s").expect("a checkpoint"), Some(written));
    }
}
