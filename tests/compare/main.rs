//! Rows that were not read are not deleted: source and target are compared while readings are interrupted everywhere,
//! against a model in plain Rust.

mod apart;
mod faults;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use faults::Fault;
use proptest::prelude::*;
use wmshost_flow::{Compared, DeleteGuard, Deletes, Depth, DifferenceKind, FailureKind};
use world::{Row, World};

const MODES: [Deletes; 3] = [Deletes::Ignore, Deletes::Soft, Deletes::Delete];

fn rows(keys: impl IntoIterator<Item = i64>, value: &str) -> Vec<Row> {
    keys.into_iter().map(|key| (key, format!("{value}{key}"))).collect()
}

fn by_key(rows: &[Row]) -> BTreeMap<i64, String> {
    rows.iter().cloned().collect()
}

/// The rows of the target after a complete comparison.
fn expected(source: &[Row], target: &[Row], deletes: Deletes, depth: Depth) -> BTreeMap<i64, String> {
    let (source, mut rows) = (by_key(source), by_key(target));
    if deletes != Deletes::Ignore {
        rows.retain(|key, _| source.contains_key(key));
    }
    if depth == Depth::Rows {
        rows.extend(source);
    }
    rows
}

/// Asserts, whatever happened: no row that both had is missing, and each row is one that source or target had.
fn assert_nothing_lost(world: &World, before: &[Row], what: &str) {
    let (source, before, after) = (by_key(&world.source), by_key(before), by_key(&world.target()));
    for key in before.keys().filter(|key| source.contains_key(key)) {
        assert!(after.contains_key(key), "{what}: the row {key} is gone, and the source has it");
    }
    for (key, value) in &after {
        let known = [&source, &before].iter().any(|side| side.get(key) == Some(value));
        assert!(known, "{what}: {key} is {value}, which nobody had");
    }
}

fn fault_strikes(compared: &Compared) -> bool {
    compared.failure.is_some()
}

/// Compares under a fault, then without one.
fn try_fault(source: &[Row], target: &[Row], deletes: Deletes, depth: Depth, fault: Fault, batch_rows: usize) {
    let what = format!("{deletes:?} {depth:?} {fault:?} batches of {batch_rows}");
    let mut world = World::new(target, deletes);
    (world.source, world.batch_rows) = (source.to_vec(), batch_rows);
    let noted = world.noted();
    let compared = world.compare(depth, true, fault);
    assert_nothing_lost(&world, target, &what);
    let end = expected(source, target, deletes, depth);
    if fault_strikes(&compared) {
        let left: BTreeSet<i64> = world.target().into_iter().map(|row| row.0).collect();
        assert!(target.iter().all(|row| left.contains(&row.0)), "{what}: a comparison that broke off deleted rows");
        assert_eq!((compared.found.deleted, world.noted()), (0, noted), "{what}");
        let message = &compared.failure.as_ref().expect("it broke off").failure.message;
        assert!(message.contains("none was deleted"), "{what}: {message}");
    } else {
        assert_eq!(by_key(&world.target()), end, "{what}");
        assert_eq!(world.noted(), noted + 1, "{what}");
    }
    for _ in 0..2 {
        let again = world.compare(depth, true, Fault::None);
        assert!(again.failure.is_none(), "{what}: {:?}", again.failure);
        assert_eq!(by_key(&world.target()), end, "{what}, once more");
    }
    let verified = world.compare(Depth::Rows, false, Fault::None).found;
    let is_equal = end == by_key(source);
    assert_eq!(verified.is_equal(), is_equal, "{what}: {verified:?}");
}

fn all_faults(source: usize, target: usize) -> Vec<Fault> {
    let at_source = (0..=source).flat_map(|after| [Fault::Source(after), Fault::StopAtSource(after)]);
    let at_target = (0..=target).flat_map(|after| [Fault::Target(after), Fault::StopAtTarget(after)]);
    let others = [Fault::None, Fault::Load, Fault::Remove, Fault::CommitOfRemoval];
    at_source.chain(at_target).chain(others).collect()
}

#[test]
fn a_reading_that_breaks_off_anywhere_deletes_nothing() {
    let source = [rows(1..6, "new"), rows(6..20, "v"), rows(22..24, "v")].concat();
    let target = [rows(-2..0, "v"), rows(1..18, "v"), rows(20..26, "v")].concat();
    let mut tried = 0;
    for deletes in MODES {
        for depth in [Depth::Keys, Depth::Rows] {
            for fault in all_faults(source.len(), target.len()) {
                try_fault(&source, &target, deletes, depth, fault, 7);
                tried += 1;
            }
        }
    }
    println!("{tried} faults");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn no_row_is_lost_of_any_table_at_any_fault(
        source in proptest::collection::btree_map(-20_i64..20, 0_u8..3, 0..30),
        target in proptest::collection::btree_map(-20_i64..20, 0_u8..3, 0..30),
        deletes in 0_usize..3,
        keys_only in any::<bool>(),
        fault in 0_usize..1_000,
        batch_rows in 1_usize..12,
    ) {
        let rows = |side: BTreeMap<i64, u8>| side.into_iter().map(|(key, value)| (key, value.to_string())).collect::<Vec<_>>();
        let (source, target) = (rows(source), rows(target));
        let faults = all_faults(source.len(), target.len());
        let depth = if keys_only { Depth::Keys } else { Depth::Rows };
        try_fault(&source, &target, MODES[deletes], depth, faults[fault % faults.len()], batch_rows);
    }
}

/// The number of random cases, which is greater in the long tests.
fn cases() -> u32 {
    if std::env::var_os("WMSHOST_LONG").is_some() { 5_000 } else { 300 }
}

#[test]
fn a_guard_stops_deletions_and_can_be_lifted() {
    let target = rows(0..1_000, "v");
    let mut world = World::new(&target, Deletes::Delete);
    world.source = rows(0..799, "v");
    world.guard = DeleteGuard { rows: None, percent: Some(20.0), is_lifted: false };
    let stopped = world.compare(Depth::Rows, true, Fault::None);
    let failure = stopped.failure.expect("the guard").failure;
    assert_eq!(failure.kind, FailureKind::Guard);
    for words in ["201 of the 1000 rows", "max_deleted_percent allows 20 %", "--allow-deletes s"] {
        assert!(failure.to_string().contains(words), "{failure}");
    }
    assert_eq!(world.target().len(), 1_000);
    world.guard.is_lifted = true;
    assert_eq!(world.compare(Depth::Rows, true, Fault::None).found.deleted, 201);
    assert_eq!(world.target(), world.source);
}

#[test]
fn rows_of_one_key_are_reported_and_never_equal() {
    let target = rows(0..40, "v");
    // Batches of every length, so that rows of one key are in one batch and in several.
    for batch_rows in 1..9 {
        let mut world = World::new(&target, Deletes::Delete);
        world.batch_rows = batch_rows;
        world.source = target.clone();
        world.source.extend([(7, "other".to_owned()), (8, "v8".to_owned()), (8, "v8".to_owned())]);
        for _ in 0..2 {
            let found = world.compare(Depth::Rows, true, Fault::None).found;
            assert_eq!((found.source_rows, found.target_rows, found.source_duplicates), (43, 40, 3), "{batch_rows}");
            assert!(!found.is_equal() && !found.is_mended());
            // The target has one of the rows: nothing has to be loaded.
            assert_eq!((found.missing, found.different, found.extra, found.loaded), (0, 0, 0, 0), "{batch_rows}");
            assert!(found.samples.iter().all(|row| row.kind == DifferenceKind::DuplicateInSource));
        }
        assert_eq!(world.target(), target);
    }
}

#[test]
fn a_row_whose_new_version_is_rejected_stays() {
    let target = rows(0..30, "v");
    for deletes in MODES {
        let mut world = World::new(&target, deletes);
        world.source = rows((0..30).filter(|key| *key != 12), "v");
        world.rejected = vec![3, 6, 7, 29];
        let found = world.compare(Depth::Rows, true, Fault::None).found;
        assert_eq!((found.outdated, found.extra), (4, 1), "{deletes:?}");
        let left: BTreeSet<i64> = world.target().into_iter().map(|row| row.0).collect();
        assert!(world.rejected.iter().all(|key| left.contains(key)), "{deletes:?}: {left:?}");
        assert_eq!(left.contains(&12), deletes == Deletes::Ignore);
    }
}

#[test]
fn a_table_with_far_more_rows_than_its_source_is_read_in_parts() {
    let target = rows(0..100_000, "v");
    let mut world = World::new(&target, Deletes::Delete);
    world.source = rows([5, 99_999], "v");
    let found = world.compare(Depth::Keys, true, Fault::None).found;
    assert_eq!((found.extra, found.deleted, found.target_rows), (99_998, 99_998, 100_000));
    assert_eq!(world.target(), world.source);
}
